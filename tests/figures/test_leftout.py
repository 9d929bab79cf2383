"""Pictures of which parts are left out, below the rankings of a what-if."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.figures.made import NASTY, make_regions
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from tests.figures.test_whatif import found
from tests.figures.test_whatifbeside import both
from workbench.explain.drawn import Masked
from workbench.explain.explanation import Element
from workbench.explain.whatif import WhatIf
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, ThemeName, colour_of, theme_named
from workbench.figures.whatif import what_if_figure, what_if_plotly
from workbench.figures.whatifbeside import both_figure, both_plotly

GRID = make_regions(4)


def masks(count: int = 1, *, name: str = "image") -> tuple[Masked, ...]:
    """Pictures without their first part and with their second one half as strong."""
    return tuple(
        Masked(
            image=Element(kind="image", id=number, label=f"{name} {number}", image=f"images/{number % 6}.png"),
            regions=GRID[:2], gates=(0.0, 0.5), total=16,
        )
        for number in range(count)
    )  # fmt: skip


def drawn_on(count: int = 1, *, removal: str = "deleted", name: str = "image") -> WhatIf:
    return found("abc", "bda").model_copy(update={"masks": masks(count, name=name), "removal": removal})


def covers_of(figure: Figure, theme: ThemeName) -> list[float]:
    """How opaque every cover is."""
    patches = [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, Rectangle)]
    colour = theme_named(theme).background
    return [
        patch.get_alpha()
        for patch in patches
        if patch.get_alpha() is not None and to_hex(patch.get_facecolor()).upper() == colour.upper()
    ]


def crosses_of(figure: Figure) -> int:
    return sum(line.get_marker() == "x" for axes in figure.axes for line in axes.lines)


def largest(figure: Figure) -> list[np.ndarray]:
    """The pictures that are wider than a thumbnail."""
    images = [image for axes in figure.axes for image in axes.images]
    return [np.asarray(image.get_array()) for image in images if abs(np.diff(image.get_extent()[:2])[0]) > 0.5]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
@pytest.mark.parametrize("count", [1, 5])
def test_what_is_left_out_is_covered_on_paper(root: Path, theme: ThemeName, width: float, count: int) -> None:
    figure = what_if_figure(drawn_on(count), root, width=width, theme=theme)
    assert covers_of(figure, theme) == pytest.approx([0.85, 0.425] * count) and crosses_of(figure) == count
    assert len(largest(figure)) == count
    words = words_of(figure)
    assert "Left out of pictures" in words and words.count("1 of 16 parts out · 1 of 16 fainter") == count
    assert_words_fit(figure, width)


def test_without_such_edits_nothing_is_added(root: Path) -> None:
    assert "Left out of pictures" not in words_of(what_if_figure(found("abc", "bda"), root))
    plain, more = what_if_plotly(found("abc", "bda"), root), what_if_plotly(drawn_on(), root)
    assert len(more.layout.images) == len(plain.layout.images) + 1 and more.layout.height > plain.layout.height


def test_what_was_blurred_is_shown_blurred_and_not_covered(root: Path) -> None:
    sharp, soft = (what_if_figure(drawn_on(removal=removal), root) for removal in ("deleted", "blurred"))
    (before,), (after,) = largest(sharp), largest(soft)
    changed = (before != after).any(axis=2)
    height, width = changed.shape
    # The first two of four by four parts lie in the upper left; the circle of the picture reaches into them.
    assert changed[: height // 4, : width // 2].any()
    assert not changed[height // 4 + 1 :].any() and not changed[:, width // 2 + 1 :].any()
    assert covers_of(soft, "light") == [0.0, 0.0] and crosses_of(soft) == 1
    assert "out of focus: what is left out" in words_of(soft)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_screen_shows_the_same(root: Path, theme: ThemeName) -> None:
    screen = what_if_plotly(drawn_on(4, name=NASTY), root, theme=theme)
    assert "<script" not in screen_words(screen) and "1 of 16 parts out" in screen_words(screen)
    kinds = [shape.type for shape in screen.layout.shapes]
    # A cover and an outline for each of two parts, and a cross of two lines.
    assert kinds.count("rect") >= 4 * 4 and kinds.count("line") == 4 * 2
    hue = colour_of("regions")
    assert sum(shape.line.color == hue for shape in screen.layout.shapes) == 4 * 4


def test_two_runs_side_by_side_show_it_once(root: Path) -> None:
    one = both()
    two = one.model_copy(update={"first": one.first.model_copy(update={"masks": masks(1)})})
    assert crosses_of(both_figure(two, root)) == 1
    assert "Left out of pictures" in screen_words(both_plotly(two, root))
    assert "Left out of pictures" not in screen_words(both_plotly(one, root))


def test_without_pictures_a_tile_is_covered() -> None:
    assert covers_of(what_if_figure(drawn_on(), None), "light") == pytest.approx([0.85, 0.425])
