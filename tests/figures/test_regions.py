"""Pictures of where models look: one scale, outlines, planted boxes, nothing that hides no preference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.figures.made import NASTY, make_map, make_nested, make_regions
from tests.figures.test_pictures import assert_words_fit, bars_of, heads_of, screen_words, words_of
from workbench.explain.explanation import Element
from workbench.figures.card import card_figure, card_plotly
from workbench.figures.heat import heat_figure, heat_plotly
from workbench.figures.looks import LEAST, Look, Scale, Seen
from workbench.figures.matrix import matrix_figure, matrix_plotly
from workbench.figures.nested import nested_figure, nested_plotly
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, GROUP_COLOURS, ThemeName

EVEN = tuple(region.model_copy(update={"attention": 1 / 49}) for region in make_regions(7))
PEOPLE = [Element(kind="person", id=name, label=name) for name in ("Mina", "Bea", "Hanna-Marie Gräfin von Oberstein")]
IMAGES = [Element(kind="image", id=i, label=f"image {i}", image=f"images/{i}.png") for i in (0, 1)]


def outlines(figure: Figure, colour: str) -> list[Rectangle]:
    patches = [p for axes in figure.axes for p in axes.patches if isinstance(p, Rectangle)]
    return [p for p in patches if to_hex(p.get_edgecolor()).upper() == colour and p.get_facecolor()[3] == 0]


def seen(regions: tuple[Element, ...], by: str = "attention") -> Seen:
    return Seen(np.full((70, 70, 3), 128, np.uint8), regions, by=by)  # type: ignore[arg-type]


def test_colours_begin_at_the_even_share_and_double_by_equal_steps() -> None:
    scale = Scale("attention", 16.0)
    assert scale.place([0.2, 1, 2, 4, 8, 16, 99]) == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1, 1])
    assert list(scale.ticks().values()) == ["1×", "2×", "5×", "10×"]
    assert list(Scale("attention", 150.0).ticks().values()) == ["1×", "10×", "100×"]
    both = Scale("removal", 0.5)
    assert both.place([-0.5, 0, 0.5]) == pytest.approx([0, 0.5, 1])
    assert "0" in both.ticks().values() and any(text.startswith("−") for text in both.ticks().values())


def test_one_scale_holds_all_pictures_and_never_enlarges_noise() -> None:
    peaked, even = seen(make_regions(7)), seen(EVEN)
    assert Scale.of([even]).limit == LEAST
    assert Scale.of([even, peaked]).limit == pytest.approx(float(peaked.heat.max()))
    assert even.heat == pytest.approx(np.ones((70, 70)))


def test_heat_covers_what_is_looked_at_and_opacity_zero_shows_the_picture() -> None:
    one = seen(make_regions(7, peak=24))
    scale = Scale.of([one])
    assert (scale.over(one, 0.0) == one.pixels).all()
    changed = np.abs(scale.over(one, 0.8).astype(int) - 128).sum(axis=2)
    assert changed[35, 35] > 3 * np.median(changed)


def test_no_preference_is_grey_and_said(root: Path) -> None:
    flat = seen(EVEN)
    painted = Scale.of([flat]).over(flat, 1.0)
    assert (painted[..., 0] == painted[..., 1]).all()
    figure = heat_figure(make_map(regions=EVEN), root)
    assert any("no preference" in word for word in words_of(figure))
    assert "no preference" in screen_words(matrix_plotly([[make_map(regions=EVEN)]], [], IMAGES[:1], root))
    assert not any("no preference" in word for word in words_of(heat_figure(make_map(), root)))


def test_the_strongest_regions_and_the_planted_box_are_outlined(root: Path) -> None:
    figure = heat_figure(make_map(), root, look=Look(outlined=3))
    assert len(outlines(figure, GROUP_COLOURS["regions"])) == 3
    assert len(outlines(figure, "#FFFFFF")) == 1
    words = " ".join(words_of(figure))
    assert "boat" in words and "lies in the planted box (boat), which covers 20% of the picture" in words
    assert len(bars_of(figure)) == 3 and not heads_of(figure)
    without = heat_figure(make_map(), root, look=Look(outlined=0, planted=False))
    assert not outlines(without, "#FFFFFF") and not outlines(without, GROUP_COLOURS["regions"])
    assert "planted" not in " ".join(words_of(without))


def test_removal_colours_never_mix_with_attention(root: Path) -> None:
    map_ = make_map(regions=make_regions(7))
    words = " ".join(words_of(heat_figure(map_, root, look=Look(by="removal"))))
    assert "change of the score without it" in words and "in multiples of an even spread" not in words
    order = [e.id for e in seen(map_.regions, "removal").strongest(2)]
    assert order == [e.id for e in sorted(map_.regions, key=lambda e: e.removal or 0)][:2]
    with pytest.raises(ValueError, match="no removal"):
        heat_figure(make_map(), root, look=Look(by="removal"))


def test_a_picture_from_outside_is_drawn_from_its_pixels() -> None:
    pixels = np.zeros((900, 300, 3), np.uint8)
    figure = heat_figure(make_map(), None, pixels=pixels)
    drawn = next(axes for axes in figure.axes if axes.images).images[0]
    assert drawn.get_array().shape[:2] == (720, 240)


def test_a_matrix_has_a_cell_for_each_pair_and_heads(root: Path) -> None:
    maps = [[make_map(image.id, person.label) for person in PEOPLE] for image in IMAGES]
    figure = matrix_figure(maps, IMAGES, PEOPLE, root)
    assert len(outlines(figure, GROUP_COLOURS["regions"])) == 6 and len(outlines(figure, "#FFFFFF")) == 6
    words = words_of(figure)
    assert words.count("predicted 4.25") == 6 and {"image 0", "image 1", "Mina"} <= set(words)
    screen = matrix_plotly(maps, IMAGES, PEOPLE, root, chosen=(1, 2))
    cells = next(trace for trace in screen.data if trace.name == "cells")
    assert list(cells.customdata) == ["0,0", "0,1", "0,2", "1,0", "1,1", "1,2"]
    assert len(screen.layout.images) == 6 + 2
    assert len([trace for trace in screen.data if trace.name == "scale"]) == 1


@pytest.mark.parametrize(("maps", "rows", "columns"), [([], [], []), ([[]], [], []), ([[make_map()]], IMAGES, PEOPLE)])
def test_a_matrix_that_does_not_fit_its_heads_is_refused(
    maps: list[list[object]], rows: object, columns: object
) -> None:
    with pytest.raises(ValueError, match="a matrix needs"):
        matrix_figure(maps, rows, columns)  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
def test_words_stay_on_the_page(width: float, theme: ThemeName, root: Path) -> None:
    maps = [[make_map(image.id, person.label, planted=False) for person in PEOPLE] for image in IMAGES]
    assert_words_fit(matrix_figure(maps, IMAGES, PEOPLE, root, width=width, theme=theme), width)
    models = [Element(kind="model", id=name, label=name * 9) for name in ("acf", "uhan")]
    pair = [[make_map(regions=EVEN, planted=False), make_map(1, planted=False)]]
    assert_words_fit(matrix_figure(pair, IMAGES[:1], models, root, width=width, theme=theme), width)
    # Numbers of neighbouring outlines may meet in the picture; without outlines nothing may.
    look = Look(outlined=0, planted=False)
    assert_words_fit(heat_figure(make_map(), root, look=look, width=width, theme=theme), width)
    assert_words_fit(card_figure(make_nested(), root, width=width, theme=theme), width)


def test_parts_are_drawn_over_the_strongest_of_their_images(root: Path) -> None:
    explanation = make_nested()
    level, history = explanation.level("regions"), explanation.level("history")
    figure = nested_figure(level, history, root, top=3)
    assert len(outlines(figure, GROUP_COLOURS["regions"])) == 3
    deep = {region.of for region in level.elements}
    expected = [e for e in history.top(len(history.elements)) if e.id in deep][:3]
    assert [word for word in words_of(figure) if word.startswith("image ")] == [e.label for e in expected]
    assert len(nested_plotly(level, history, root).layout.images) == 5
    card = card_figure(explanation, root)
    assert "Regions of them" in words_of(card) and len(outlines(card, GROUP_COLOURS["regions"])) == 5


def test_names_never_become_markup(root: Path) -> None:
    head = [Element(kind="person", id=1, label=NASTY)]
    map_ = make_map(user=NASTY)
    planted = map_.planted[0].model_copy(update={"label": NASTY})
    map_ = map_.model_copy(update={"planted": (planted,), "item_label": NASTY})
    for screen in (heat_plotly(map_, root), matrix_plotly([[map_]], [], head, root), card_plotly(make_nested(), root)):
        json = screen.to_json()
        for forbidden in ("script>", "$x$", "<b>bold"):
            assert forbidden not in json and forbidden.replace(">", "\\u003e") not in json
