"""What a picture of one level shows: which elements, in which hue, and the words its axes need."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.explain.explanation import By, Element, EvidenceLevel, Explanation
from workbench.figures.style import FLAT_GREY, colour_of
from workbench.figures.text import removal_text
from workbench.layers.evidence import ASPECTS

NO_WEIGHTS = "the model does not weigh these"
NO_SHARES = "the model has no exact shares"


@dataclass(frozen=True)
class LevelView:
    """The part of a level that is drawn.

    Attributes:
        name: the level; ``kind`` what its elements are; ``heading`` what a person calls it.
        rank: rank of the explained image with everything present; None where nothing is ranked.
        elements: the shown ones, strongest first; ``colours`` their hues, grey when the level is flat.
        total: how many elements the level has; ``by`` the number that ordered them.
        flat: whether the attention shows no preference.
        attention_sum: sum of the weights of the whole level, None where the model does not weigh.
    """

    name: str
    kind: str
    heading: str
    rank: int | None
    elements: tuple[Element, ...]
    colours: tuple[str, ...]
    total: int
    by: By
    flat: bool
    attention_sum: float | None

    @property
    def hidden(self) -> int:
        """How many elements are not shown."""
        return self.total - len(self.elements)

    @property
    def has_contribution(self) -> bool:
        """Whether any shown element has an exact share."""
        return any(e.contribution is not None for e in self.elements)

    @property
    def has_removal(self) -> bool:
        """Whether any shown element has been removed to see what happens."""
        return any(removal_text(e, self.rank) for e in self.elements)

    @property
    def sum_text(self) -> str:
        """What the weights of the level add up to, in words."""
        if self.attention_sum is None:
            return NO_WEIGHTS
        total = "1" if abs(self.attention_sum - 1) < 0.005 else f"{self.attention_sum:.2f}"
        return f"all {self.total} add up to {total}" if self.hidden else f"adds up to {total}"

    @property
    def attention_title(self) -> str:
        """Title of the attention axis."""
        return f"attention ({self.sum_text})"

    @property
    def contribution_title(self) -> str:
        """Title of the contribution axis."""
        return "contribution to the score" if self.has_contribution else f"contribution ({NO_SHARES})"

    @property
    def note(self) -> str:
        """The words beside the heading: no preference, and what is left out."""
        parts = ["no preference"] if self.flat else []
        if self.hidden:
            parts.append(f"top {len(self.elements)} by {self.by}, … {self.hidden:,} more")
        return " · ".join(parts)


def strongest_by(level: EvidenceLevel) -> By:
    """The number that orders a level: contribution where the model is additive, otherwise attention."""
    return "contribution" if any(e.contribution is not None for e in level.elements) else "attention"


def view_level(
    level: EvidenceLevel, rank: int | None, top: int, by: By | None = None, heading: str | None = None
) -> LevelView:
    """The ``top`` strongest elements of a level.

    Args:
        rank: rank of the explained image, None where nothing is ranked.
        by: what orders the elements; None takes ``strongest_by``.
        heading: what a person calls the level; None takes its name.
    """
    by = by or strongest_by(level)
    elements = level.top(top, by)
    weights = [e.attention for e in level.elements if e.attention is not None]
    return LevelView(
        name=level.name,
        kind=level.kind,
        heading=heading or _heading(level.label or level.name),
        rank=rank,
        elements=elements,
        colours=tuple(FLAT_GREY if level.is_flat else _element_colour(level, e) for e in elements),
        total=len(level.elements),
        by=by,
        flat=level.is_flat,
        attention_sum=sum(weights) if weights else None,
    )


def view_aspects(explanation: Explanation, by: By | None = None) -> LevelView:
    """Own taste and every aspect; a model with one evidence group has that group as its only aspect.

    Where popularity is predicted without exact shares there is no own taste to show.
    """
    level = explanation.aspects
    view = view_level(level, explanation.rank, len(level.elements), by)
    # Beside aspects without exact shares, own taste alone would look like the whole score.
    share = explanation.own if view.has_contribution or not view.elements else None
    own = [Element(kind="aspect", id="own", label=explanation.own_label, contribution=share)]
    if explanation.task == "popularity" and share is None:
        own = []
    return LevelView(
        name=ASPECTS,
        kind="aspect",
        heading="What the score is made of",
        rank=explanation.rank,
        elements=(*own, *view.elements),
        colours=(*(colour_of("own") for _ in own), *view.colours),
        total=view.total + len(own),
        by=view.by,
        flat=view.flat,
        attention_sum=view.attention_sum,
    )


def view_details(explanation: Explanation, aspects: int, top: int) -> list[LevelView]:
    """The levels behind the strongest ``aspects``, each with its ``top`` elements; empty levels are passed over."""
    order = [e for e in view_aspects(explanation).elements if e.id != "own"]
    names = {str(e.id): e.label for e in order}
    levels = {level.name: level for level in explanation.levels if level.name != ASPECTS and level.elements}
    chosen = [levels[name] for name in names if name in levels][:aspects]
    return [view_level(level, explanation.rank, top, heading=_heading(names[level.name])) for level in chosen]


def _element_colour(level: EvidenceLevel, element: Element) -> str:
    if level.name == ASPECTS:
        return colour_of(str(element.id))
    number = element.id if isinstance(element.id, int) else 0
    return colour_of(level.name, element.kind, number)


def _heading(label: str) -> str:
    return label[:1].upper() + label[1:]
