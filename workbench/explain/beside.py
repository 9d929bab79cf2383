"""Two explanations of one kind beside each other: a second model, or a second user, on the same scales."""

from __future__ import annotations

from typing import Final, Literal

from workbench.explain.explanation import By, Element, EvidenceLevel, Explanation, Frozen, Id
from workbench.layers.evidence import ASPECTS

Scale = Literal["score", "share"]
SCALES: Final[dict[Scale, str]] = {
    "score": "contribution to the score",
    "share": "contribution, as part of all shares",
}
WHOLE: Final = "whole"
"""Name of the choice that compares what the two scores are made of."""


class Side(Frozen):
    """One of the two explanations.

    Attributes:
        name: what tells it from the other one: the run, the user, or both.
        rank: rank of the image there; None where nothing is ranked.
    """

    name: str
    run: str
    user: Id
    item: Id
    score: float
    rank: int | None
    verdict: str


class Matched(Frozen):
    """One piece of evidence as both explanations have it; None where one does not have it."""

    first: Element | None
    second: Element | None

    @property
    def element(self) -> Element:
        """The piece itself."""
        found = self.first or self.second
        assert found is not None
        return found


class Beside(Frozen):
    """One level of two explanations, piece by piece.

    Attributes:
        level: its name, ``whole`` for what the scores are made of; ``kind`` what its elements are; ``label`` what a
            person calls it.
        scale: what contributions are told in. Scores of two models have different units, so there a contribution is
            told as a part of all shares of its explanation (its size over the sum of their sizes, own taste included).
        matched: the pieces, the strongest of either first; ``total`` how many there are.
    """

    level: str
    kind: str
    label: str
    scale: Scale
    first: Side
    second: Side
    matched: tuple[Matched, ...]
    total: int

    def rows(self) -> list[dict[str, object]]:
        """One row for each piece and side."""
        return [
            {
                "id": both.element.id,
                "label": both.element.label,
                "of": side.name,
                "attention": None if element is None else element.attention,
                "contribution": None if element is None else element.contribution,
                "contribution_in": self.scale,
                "removal": None if element is None else element.removal,
                "rank_without": None if element is None else element.rank_without,
            }
            for both in self.matched
            for side, element in ((self.first, both.first), (self.second, both.second))
        ]


def shared_levels(first: Explanation, second: Explanation) -> list[str]:
    """Names of the levels by which two explanations can be compared, ``whole`` before all others."""
    names = {level.name for level in second.levels if level.elements}
    found = [level.name for level in first.levels if level.elements and level.name in names and level.name != ASPECTS]
    return [WHOLE, *found]


def beside(
    first: Explanation, second: Explanation, level: str = WHOLE, *, top: int = 8, by: By | None = None
) -> Beside:
    """Two explanations by one of their levels.

    Args:
        first: an explanation; ``second`` one by another run, for another user, or both.
        second: see above.
        level: one of ``shared_levels``.
        top: how many pieces of either side are kept; those kept of one are shown of the other too.
        by: what orders them; None takes contribution where both have exact shares, else attention.

    Raises:
        ValueError: the two are of different tasks or data, or have no such level.
    """
    if (first.task, first.fingerprint) != (second.task, second.fingerprint):
        raise ValueError("Explanations are compared over one dataset and one task: choose runs of the same kind.")
    if level not in shared_levels(first, second):
        choices = ", ".join(shared_levels(first, second))
        raise ValueError(f"The two explanations share no level '{level}': choose one of {choices}.")
    # Predictions of popularity have one unit, whichever model makes them.
    scale: Scale = "score" if first.run == second.run or first.task == "popularity" else "share"
    one, two = (_elements(explanation, level, scale) for explanation in (first, second))
    order: By = by or ("contribution" if all(_has_shares(side) for side in (one, two)) else "attention")
    places = list(dict.fromkeys(place for side in (one, two) for place in _strongest(side, order, top)))
    matched = [Matched(first=one.get(place), second=two.get(place)) for place in places]
    matched.sort(key=lambda both: max(e.strength(order) for e in (both.first, both.second) if e), reverse=True)
    names = _names(first, second)
    shown = first.level(level) if level != WHOLE else EvidenceLevel(name=WHOLE, kind="aspect", elements=())
    return Beside(
        level=level,
        kind=shown.kind,
        label=shown.label or ("what the score is made of" if level == WHOLE else shown.name),
        scale=scale,
        first=_side(first, names[0]),
        second=_side(second, names[1]),
        matched=tuple(matched),
        total=len({*one, *two}),
    )


Place = tuple[Id, Id | None, tuple[int, int] | None]


def _elements(explanation: Explanation, level: str, scale: Scale) -> dict[Place, Element]:
    """The pieces of a level by what makes two of them the same piece."""
    found = _whole(explanation) if level == WHOLE else list(explanation.level(level).elements)
    if scale == "share":
        total = sum(abs(element.contribution or 0.0) for element in _whole(explanation)) or 1.0
        found = [
            element if element.contribution is None
            else element.model_copy(update={"contribution": element.contribution / total})
            for element in found
        ]  # fmt: skip
    places: dict[Place, Element] = {}
    for element in found:
        # Of what stands twice under one name (an image liked twice) the stronger one is shown.
        place = (element.id, element.of, element.span)
        if place not in places or (element.attention or 0) > (places[place].attention or 0):
            places[place] = element
    return places


def _whole(explanation: Explanation) -> list[Element]:
    """Every aspect, and own taste where there are exact shares."""
    elements = explanation.aspects.elements
    # Beside aspects without exact shares, own taste alone would look like the whole score.
    exact = not elements or any(element.contribution is not None for element in elements)
    own = Element(kind="aspect", id="own", label=explanation.own_label, contribution=explanation.own)
    return [*([own] if exact else []), *elements]


def _has_shares(side: dict[Place, Element]) -> bool:
    return any(element.contribution is not None for element in side.values())


def _strongest(side: dict[Place, Element], by: By, top: int) -> list[Place]:
    return sorted(side, key=lambda place: side[place].strength(by), reverse=True)[:top]


def _names(first: Explanation, second: Explanation) -> tuple[str, str]:
    """What tells the two apart: their users where those differ, their runs where those do, else their images."""
    pairs = [(first.user_label, second.user_label, first.user != second.user)]
    pairs += [(first.run, second.run, first.run != second.run)]
    pairs += [(first.item_label, second.item_label, first.item != second.item)]
    told = [(one, two) for one, two, differ in pairs if differ] or [(first.run, second.run)]
    return " · ".join(one for one, _ in told), " · ".join(two for _, two in told)


def _side(explanation: Explanation, name: str) -> Side:
    return Side(
        name=name, run=explanation.run, user=explanation.user, item=explanation.item, score=explanation.score,
        rank=explanation.rank, verdict=explanation.verdict.badge,
    )  # fmt: skip
