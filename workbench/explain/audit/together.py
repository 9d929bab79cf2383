"""Several pairs of one model asked at once: each question costs a model far more than each row of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.explain.explainer import Explainer
from workbench.explain.held import BUDGET, RemovalKind
from workbench.explain.units import Units
from workbench.layers.evidence import Gates
from workbench.models.base import Level, Reading


def read_pairs(
    explainer: Explainer, pairs: Sequence[tuple[int, int, int | None]], removal: RemovalKind = "deleted"
) -> list[Units]:
    """The units of pairs, each a user, an image (codes) and a moment or None, read together."""
    found: dict[int, Units] = {}
    for at_moment in (False, True):
        places = [place for place, (_, _, until) in enumerate(pairs) if (until is not None) == at_moment]
        if places:
            first = explainer.units(*pairs[places[0]], removal=removal)
            some = (pairs[place] for place in places)
            told = [replace(first, user=user, item=item, until=until) for user, item, until in some]
            found |= zip(places, read_again(told), strict=True)
    return [found[place] for place in range(len(pairs))]


def read_again(pairs: Sequence[Units]) -> list[Units]:
    """The same pairs, read together by their model as it is now.

    Args:
        pairs: of one model and whole levels, all at moments or none.
    """
    size = max(1, BUDGET // max(map(width, pairs), default=1))
    return [one for at in range(0, len(pairs), size) for one in _read(pairs[at : at + size])]


def read_under(units: Units, rows: Tensor) -> list[Units]:
    """A pair as its model reads it under each row of gates (R, n)."""
    users, items = codes([units], [len(rows)])
    with torch.no_grad():
        reading = units.model.read(users, items, units.gates(rows))
    return [replace(units, reading=_row(reading, row)) for row in range(len(rows))]


def _read(pairs: Sequence[Units]) -> list[Units]:
    one = [1] * len(pairs)
    with torch.no_grad():
        reading = pairs[0].model.read(*codes(pairs, one), Gates(until=moments(pairs, one)))
    return [replace(units, reading=_row(reading, row)) for row, units in enumerate(pairs)]


def _row(reading: Reading, row: int) -> Reading:
    """What was read of one of several pairs; what lies inside other elements is left out."""
    levels = []
    for level in reading.levels:
        if level.parent is not None:
            continue
        sets = level.elements
        span = slice(int(sets.offsets[row]), int(sets.offsets[row + 1]))
        one = Ragged(sets.offsets[row : row + 2] - sets.offsets[row], sets.values[span])
        attention, contribution = (
            None if part is None else part[span] for part in (level.attention, level.contribution)
        )
        levels.append(Level(level.name, one, attention, contribution))
    return Reading(reading.scores[row : row + 1], reading.own[row : row + 1], tuple(levels))


def score_together(pairs: Sequence[Units], name: str, rows: Sequence[Tensor]) -> list[Tensor]:
    """Scores (R,) of each pair under gates of one level, all else as recorded; differentiable in them.

    Args:
        pairs: of one model, all at moments or none.
        name: of the level.
        rows: for each pair its gates (R, elements of the level).
    """
    lengths = [len(one) for one in rows]
    gates = Gates({name: torch.cat([one.flatten() for one in rows])}, until=moments(pairs, lengths))
    return list(torch.split(pairs[0].model.score_pairs(*codes(pairs, lengths), gates), lengths))


def codes(pairs: Sequence[Units], times: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Codes of the users and of the images of the pairs, each so many ``times``."""
    device = pairs[0].model.device
    found = [torch.tensor([getattr(units, side) for units in pairs], device=device) for side in ("user", "item")]
    users, items = (one.repeat_interleave(torch.tensor(times, device=device)) for one in found)
    return users, items


def moments(pairs: Sequence[Units], times: Sequence[int]) -> Tensor | None:
    """The moments of the pairs, each so many ``times``; None where they are those of the train split."""
    if pairs[0].until is None:
        return None
    device = pairs[0].model.device
    told = torch.tensor([units.until for units in pairs], device=device)
    return told.repeat_interleave(torch.tensor(times, device=device))


def width(units: Units) -> int:
    """Numbers held for each row of a pair: its gates, and what a model of sequences holds of each like."""
    return max(len(units), units.model.per_like * units.sizes.get("history", 0), 1)
