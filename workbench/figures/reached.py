"""The words of an ego network: what its rings hold, and what stands beside or under the pointer at each person."""

from __future__ import annotations

from typing import Final

from workbench.explain.diffusion import Ego, Reached
from workbench.explain.explanation import Element
from workbench.figures.style import SMALL
from workbench.figures.text import decimals, fit, markup, removal_text, signed_text, text_width, weight_text

WIDTH: Final = "line width: share, the weight of a person's own vector in the user's state at that hop"


def name_of(ego: Ego, person: Reached) -> str:
    """Name of a person; the user herself, to whom a circle leads back, has a sign before it."""
    return f"↺ {person.label}" if person.id == ego.user else person.label


def keys(ego: Ego) -> list[str]:
    """What the rings hold, then what the marks are."""
    lines = []
    for ring in ego.rings:
        total = f"{ring.total:,} {'person' if ring.total == 1 else 'people'}"
        summed = "1" if abs(ring.share - 1) < 0.005 else weight_text(ring.share)
        words = [f"hop {ring.hop}: {total}, shares add up to {summed}"]
        words += ["no preference"] if ring.flat else []
        words += [] if ring.contribution is None else [f"adds {signed_text(ring.contribution)} to the score"]
        words += [f"{ring.hidden:,} not told apart have {weight_text(ring.hidden_share)}"] if ring.hidden else []
        lines.append(" · ".join(words if ring.total else [f"hop {ring.hop}: nobody"]))
    exact = all(ring.contribution is not None for ring in ego.rings)
    mark = "ring of a chip and signed number: contribution to the score (blue +, red −)"
    return [*lines, WIDTH, mark if exact else "grey rings of chips: the model has no exact shares"]


def hover(ego: Ego, ring: int, person: Reached) -> str:
    """Everything known of a person in the ring at place ``ring``, as plotly shows it under the pointer."""
    lines = [f"<b>{markup(name_of(ego, person))}</b>", f"hop {ring + 1}, share {weight_text(person.share)}"]
    if person.contribution is not None:
        lines.append(f"contribution {signed_text(person.contribution, decimals([person.contribution]))}")
    if person.through_label is not None:
        lines.append(f"mostly through {markup(person.through_label)}")
    without = removal_words(person, ego.rank)
    return "<br>".join([*lines, f"without following her: {without}"] if without else lines)


def removal_words(person: Reached, rank: int | None) -> str:
    """What happens without a person of the first ring: ``rank 1 → 4``, else the change of the score, else nothing."""
    element = Element(kind="person", id=person.id, label=person.label)
    return removal_text(
        element.model_copy(update={"removal": person.removal, "rank_without": person.rank_without}), rank
    )


def both(name: str, number: str) -> str:
    """A name and the number after it, where there is one."""
    return f"{name} {number}".strip()


def fitted(name: str, number: str, room: float) -> str:
    """Name and number in ``room`` inches of small type; without room for both the name, shortened, or nothing.

    A number that rounding leaves nothing of is left out: the hue tells its sign.
    """
    number = "" if number == "≈0" else number
    words = both(name, number)
    if text_width(words, SMALL) <= room:
        return words
    short = fit(name, room - text_width(f" {number}", SMALL), SMALL) if number else ""
    if len(short) > 5:
        return f"{short} {number}"
    alone = fit(name, room, SMALL)
    return alone if len(alone) > 2 else ""
