"""An explanation in one plain sentence, built from its numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.explain.explanation import OWN_LABEL, Element, EvidenceLevel
from workbench.layers.evidence import ASPECTS, EvidenceGroup

NAMED = 3
"""How many elements a sentence names at most."""
SLIGHT = 0.1
"""Share of the largest change from which on another one is told."""
LEAST = 0.005
"""Contribution from which on a further element is named: less would read +0.00."""


def sentence(
    own: float,
    levels: Sequence[EvidenceLevel],
    groups: Mapping[str, EvidenceGroup],
    own_label: str = OWN_LABEL,
    silent: str = "",
) -> str:
    """The main reason for a score: the part with the largest positive contribution, and its strongest elements.

    The numbers in brackets are contributions to the score. Attention is never put into words as a reason, since where
    a model looks is not what moved the score.

    Args:
        own: the part of the score no evidence carries.
        levels: the levels of the explanation.
        groups: the evidence groups by name, with their phrases.
        own_label: what the own part is.
        silent: for a model without evidence, why it has none, in one sentence.
    """
    parts = {"own": own} | {
        level.name: _total(level) for level in levels if level.name != ASPECTS and level.within is None
    }
    best = max(parts, key=lambda name: parts[name])
    positive = sum(value for value in parts.values() if value > 0)
    if parts[best] <= 0 or positive <= 0:
        nothing = "Nothing the model reads speaks for this image: every part of its score is zero or negative."
        return f"{nothing} {silent}".rstrip()
    mine = f"your {own_label}" if own_label == OWN_LABEL else own_label
    if len(parts) == 1:
        alone = f"Only because of {mine} ({own:+.2f})"
        return f"{alone}. {silent}" if silent else f"{alone}: this model reads no evidence."
    degree = "Mostly" if parts[best] > 0.5 * positive else "Chiefly, among several reasons,"
    if best == "own":
        return f"{degree} because of {mine} ({own:+.2f}), which no recorded evidence explains further."
    named = [e for e in _by_name(levels, best).top(NAMED) if e.contribution is not None and e.contribution > 0]
    named = named[:1] + [e for e in named[1:] if e.contribution is not None and e.contribution >= LEAST]
    listed = ", ".join(f"{e.label} ({e.contribution:+.2f})" for e in named)
    return f"{degree} because {groups[best].phrase}: {listed}."


def removal_sentence(levels: Sequence[EvidenceLevel], groups: Mapping[str, EvidenceGroup]) -> str:
    """The main reason where no exact shares are known: the pieces without which the score would fall most.

    Args:
        levels: the levels of the explanation.
        groups: the evidence groups by name.
    """
    pieces = [
        (level, e)
        for level in levels
        if level.name != ASPECTS and level.within is None
        for e in level.elements
        if e.removal is not None and e.removal < 0
    ]
    if not pieces:
        return "No single piece of evidence speaks for this image: without any one of them its score stays or rises."
    pieces.sort(key=lambda piece: piece[1].removal or 0.0)
    least = SLIGHT * abs(pieces[0][1].removal or 0.0)
    named = [(level, e) for level, e in pieces[:NAMED] if abs(e.removal or 0.0) >= least]
    first = named[0][0].name
    listed = ", ".join(f"{e.label} ({e.removal:+.2f} without)" for level, e in named if level.name == first)
    return f"Most of all because {groups[first].phrase}: {listed}."


def forecast_sentence(score: float, levels: Sequence[EvidenceLevel], groups: Mapping[str, EvidenceGroup]) -> str:
    """A prediction and what it rests on: the pieces without which it would change most.

    The numbers in brackets say by how much the prediction changes without the piece.

    Args:
        score: the predicted log2(views a day + 1).
        levels: the levels of the explanation.
        groups: the evidence groups by name.
    """
    said = f"Predicted popularity {score:.2f}, about {max(2**score - 1, 0):,.0f} views a day."
    pieces = [(level, e) for level in levels if level.name != ASPECTS for e in level.elements if e.removal is not None]
    pieces.sort(key=lambda piece: -abs(piece[1].removal or 0.0))
    least = max(LEAST, SLIGHT * abs(pieces[0][1].removal or 0.0)) if pieces else 0.0
    told: dict[str, list[str]] = {}
    for level, e in pieces:
        change = e.removal or 0.0
        named = told.setdefault("lower" if change > 0 else "higher", [])
        if abs(change) >= least and len(named) < 2:
            named.append(f"{_called(level, e, groups)} ({change:+.2f} without)")
    reasons = [f"{way} because of {' and '.join(named)}" for way, named in told.items() if named]
    if not reasons:
        return f"{said} No single word or region of it matters."
    return f"{said} It is {', and '.join(reasons)}."


def _called(level: EvidenceLevel, element: Element, groups: Mapping[str, EvidenceGroup]) -> str:
    return f"the word “{element.label}”" if groups[level.name].kind == "word" else element.label


def has_shares(levels: Sequence[EvidenceLevel]) -> bool:
    """Whether exact shares of the score are known, or there is no evidence to have any."""
    told = [level for level in levels if level.name != ASPECTS and level.within is None]
    return not told or any(element.contribution is not None for level in told for element in level.elements)


def _total(level: EvidenceLevel) -> float:
    return sum(element.contribution or 0.0 for element in level.elements)


def _by_name(levels: Sequence[EvidenceLevel], name: str) -> EvidenceLevel:
    return next(level for level in levels if level.name == name)
