"""Axes that make ticks late, against axes as matplotlib makes them: the same pixels, with ticks and without."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from workbench.figures.bare import BareAxes


def _plain(axes: Axes) -> None:
    axes.plot([0, 1, 2], [3, 1, 2])


def _quiet(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[], xlim=(0, 4), ylim=(3, 0))
    axes.imshow(np.arange(12).reshape(3, 4))


def _named(axes: Axes) -> None:
    axes.bar([0, 1, 2], [3, 1, 2])
    axes.set_xticks([0, 1, 2], ["a", "b", "c"], rotation=30)
    axes.tick_params(length=2, labelsize=6, color="red")
    axes.spines["top"].set_visible(False)
    axes.grid(visible=True, axis="y", linewidth=0.4)


def _limited(axes: Axes) -> None:
    """Lines and patches that reach over limits set before, and over those left open."""
    axes.set(xlim=(0, 1), xticks=[])
    axes.plot([-1, 3], [2, 9])
    axes.add_patch(Circle((0.5, 4), 2))
    axes.set(ylim=(0, 6), ylabel="up")
    axes.add_patch(Rectangle((0.2, -8), 0.1, 9))


def pixels(kind: type[Axes], draw: Callable[[Axes], None]) -> np.ndarray:
    figure = Figure(figsize=(3, 2))
    draw(figure.add_axes((0.2, 0.2, 0.6, 0.6), axes_class=kind))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


@pytest.mark.parametrize("draw", [_plain, _quiet, _named, _limited])
def test_pictures_are_those_of_plain_axes(draw: Callable[[Axes], None]) -> None:
    np.testing.assert_array_equal(pixels(BareAxes, draw), pixels(Axes, draw))


def test_axes_without_ticks_make_none() -> None:
    axes = Figure().add_axes((0, 0, 1, 1), axes_class=BareAxes)
    axes.set(xticks=[], yticks=[])
    assert not axes.xaxis.majorTicks and not axes.yaxis.minorTicks
    axes.set_xticks([0, 1])
    assert len(axes.get_xticklabels()) == 2
