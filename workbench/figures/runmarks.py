"""How a run is marked in every picture that compares runs: one hue, one shape and one kind of line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from workbench.figures.auditmarks import Mark

_HUES: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5E4FA2", "#7F7F7F")
_SHAPES: Final = (
    ("o", "circle"), ("s", "square"), ("D", "diamond"), ("^", "triangle-up"), ("v", "triangle-down"), ("P", "cross"),
    ("X", "x"), ("p", "pentagon"),
)  # fmt: skip
_LINES: Final[tuple[tuple[Any, str], ...]] = (("-", "solid"), ((0, (5, 1.5)), "dash"), ((0, (1, 1.5)), "dot"))


def run_marks(names: Sequence[str]) -> list[Mark]:
    """The marks of runs in the order they are shown; after eight the lines are broken, so that all differ."""
    marks = []
    for place, name in enumerate(names):
        (marker, symbol), (line, dash) = _SHAPES[place % len(_SHAPES)], _LINES[place // len(_SHAPES) % len(_LINES)]
        marks.append(Mark(name, _HUES[place % len(_HUES)], marker, symbol, line, dash))
    return marks
