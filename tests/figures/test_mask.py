"""A picture to draw on."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.explain.explanation import Element
from workbench.figures.mask import DRAGS, mask_plotly
from workbench.figures.style import theme_named

REGIONS = [
    Element(kind="region", id=0, label="region <1>", box=(0.0, 0.0, 0.5, 1.0)),
    Element(kind="region", id=1, label="region 2", box=(0.5, 0.0, 1.0, 1.0)),
]
PIXELS = np.full((40, 80, 3), 120, np.uint8)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("seen", [False, True])
def test_what_is_left_out_is_covered_and_crossed(theme: str, seen: bool) -> None:
    figure = mask_plotly(PIXELS, REGIONS, [1], seen=seen, theme=theme)  # type: ignore[arg-type]
    points = figure.data[0]
    assert list(points.customdata) == ["0", "1"] and list(points.x) == [0.25, 0.75] and list(points.y) == [0.5, 0.5]
    assert list(points.marker.opacity) == [0, 1]
    assert "&lt;1&gt;" in points.hovertext[0] and "left out" in points.hovertext[1]
    covered = [shape.fillcolor for shape in figure.layout.shapes]
    background = theme_named(theme).background  # type: ignore[arg-type]
    assert covered == ["rgba(0,0,0,0)", "rgba(0,0,0,0)" if seen else background]
    # A picture twice as wide as high is drawn so.
    assert figure.layout.width - 24 == pytest.approx(2 * (figure.layout.height - 24))
    assert len(figure.layout.images) == 1 and tuple(figure.layout.yaxis.range) == (1, 0)


@pytest.mark.parametrize("pen", list(DRAGS))
def test_the_pen_is_what_a_drag_draws(pen: str) -> None:
    figure = mask_plotly(PIXELS, REGIONS, [], pen=pen)  # type: ignore[arg-type]
    assert figure.layout.dragmode == {"box": "select", "line": "lasso", "click": False}[pen]
