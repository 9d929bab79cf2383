"""The ranks of the same images in two runs, on one axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from tests.figures.made import NASTY
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from tests.figures.test_whatif import found
from workbench.explain.whatif import Both, Moved
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, NEGATIVE, POSITIVE, ThemeName
from workbench.figures.whatifbeside import both_figure, both_plotly


def both(name: str = "image") -> Both:
    """Three images: a goes down in both, b up in the first alone, c far down in the second."""
    first, second = found("abc", "bac", name=name), found("abc", "acb", name=name)
    ranks = {"a": ((1, 2), (1, 4)), "b": ((2, 1), (2, 2)), "c": ((3, 3), (3, 1200))}
    moves = tuple(
        tuple(Moved(item=item, rank_before=old, rank_after=new, score_change=0.1) for old, new in pairs)
        for item, pairs in ranks.items()
    )
    return Both(names=("hasc", "acf"), first=first, second=second, moves=moves)  # type: ignore[arg-type]


def places(line: Line2D) -> NDArray[np.float64]:
    """Where a line lies across the picture."""
    return np.asarray(line.get_xdata(), np.float64)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
def test_every_image_has_a_line_for_each_side(root: Path, theme: ThemeName, width: float) -> None:
    figure = both_figure(both(), root, width=width, theme=theme)
    lines = [line for axes in figure.axes for line in axes.lines if len(places(line)) == 2]
    moved = {colour: [line for line in lines if to_hex(line.get_color()).upper() == colour.upper()]
             for colour in (POSITIVE, NEGATIVE)}  # fmt: skip
    assert [line.get_linestyle() for line in moved[POSITIVE]] == ["-"]
    assert [line.get_linestyle() for line in moved[NEGATIVE]] == ["-", "--", "--"]
    # The last rank lies farther right than any other, and all begin at the same place.
    ends = [float(places(line).max()) for line in moved[NEGATIVE]]
    assert ends[2] == max(ends) and ends[0] < ends[1]
    words = words_of(figure)
    assert {"rank 1", "rank 10", "rank 1,000"} <= set(words) and "rank 10,000" not in words
    assert any("round: hasc" in word for word in words)
    assert_words_fit(figure, width)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_screen_tells_both_ranks_and_a_click_names_the_image(root: Path, theme: ThemeName) -> None:
    screen = both_plotly(both(NASTY), root, said="without <b>Bea</b>", theme=theme)
    marks = [trace for trace in screen.data if trace.mode == "markers" and trace.customdata is not None]
    assert [list(trace.x) for trace in marks if trace.name == "acf"] == [[1, 2, 3], [4, 2, 1200]]
    assert all(list(trace.customdata) == ["a", "b", "c"] for trace in marks)
    assert any("rank 3 → 1,200" in text for trace in marks for text in trace.hovertext)
    assert "<script" not in screen_words(screen) and "<b>Bea</b>" not in screen_words(screen)


def test_numbers_are_rows() -> None:
    rows = both().rows()
    assert len(rows) == 6 and rows[5] == {
        "item": "c", "of": "acf", "without": "follows:bea", "rank before": 3, "rank after": 1200, "score change": 0.1
    }  # fmt: skip
