"""Pictures of attributes: every number has a mark of its own, boxes stay apart, two users share their scales."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.figures.made import NASTY, make_explanation
from tests.figures.test_pictures import assert_words_fit, bars_of, heads_of, screen_words, with_title, words_of
from workbench.explain.activation import Activation, Activations, overlap
from workbench.explain.attribute_reading import AttributeReading, AttributeReadings, AttributeTastes
from workbench.explain.attributes import AttributeProfile, AttributeTaste, AttributeView
from workbench.explain.explanation import Element, EvidenceLevel, Explanation
from workbench.explain.regions import PlantedBox
from workbench.figures.activation import activation_figure, activation_plotly
from workbench.figures.attributes import attributes_figure, attributes_plotly, boxes_plotly, level_plotly, rows_plotly
from workbench.figures.card import card_figure, card_plotly
from workbench.figures.export import FORMATS, PAPER_FORMATS, Numbers, save
from workbench.figures.looks import Look
from workbench.figures.style import COLUMN_WIDTH, FLAT_GREY, FULL_WIDTH, GROUP_COLOURS, ThemeName
from workbench.figures.tastes import tastes_figure, tastes_plotly
from workbench.figures.text import told_apart
from workbench.figures.traits import apart, people, tags

HUE = GROUP_COLOURS["attributes"]
BOXES = ((0.0, 0.0, 1.0, 1.0), (0.3, 0.3, 0.8, 0.7), (0.1, 0.2, 0.5, 0.6), (0.1, 0.2, 0.5, 0.6))
NAMES = ("colour", "pattern", "size", "thing", "collar", "lapel", "neck", "sleeve", "skirt", "heel", "toe", "insole")
VALUES = {"colour": 10, "pattern": 4}


def make_reading(
    user: str = "Mina", count: int = 4, *, seed: int = 0, flat: bool = False, planted: bool = True, value: str = "value"
) -> AttributeReading:
    """Attributes whose boxes cover the whole picture, or the same place twice."""
    rng = np.random.default_rng(seed)
    weights = np.full(count, 1 / max(count, 1)) if flat else rng.dirichlet(np.full(count, 0.6)) if count else []
    views = tuple(
        AttributeView(
            attribute=name,
            value=f"{value} {k}",
            confidence=0.5 + k / 100,
            box=BOXES[k % len(BOXES)],
            attention=float(weight),
            contribution=float(weight * (0.8 - 0.5 * (k % 3))),
            liking=float(rng.uniform(0, 1)),
            removal=float(-weight),
            rank_without=1 + 11 * k,
        )
        for k, (name, weight) in enumerate(zip(NAMES[:count], weights, strict=True))
    )
    return AttributeReading(
        model="saers",
        run="saers",
        user=user,
        user_label=user,
        item=482,
        item_label="image 482",
        image="images/0.png",
        score=1.5,
        rank=1,
        own=0.4,
        attributes=views,
        boxes=(PlantedBox(box=(0.3, 0.3, 0.7, 0.8), label="boat"),) if planted else (),
        causes=("pattern: value 1",) if planted else (),
    )


def make_profile(user: str = "Mina", seed: int = 0, name: str = "value") -> AttributeProfile:
    rng = np.random.default_rng(seed)
    rows = [
        AttributeTaste(
            attribute=attribute,
            value=f"{name} {k}",
            images=100 * k + 1,
            liking=float(rng.uniform()),
            attention=float(rng.uniform()),
            contribution=float(rng.normal(0, 0.3)),
        )
        for attribute, count in VALUES.items()
        for k in range(count)
    ]
    return AttributeProfile(user=user, user_label=user, rows=tuple(rows))


def make_activations(*, same: bool = False, empty: bool = False, name: str = "striped") -> Activations:
    heat = np.zeros((24, 32))
    heat[6:18, 8:20] = 1.0
    other = heat if same else np.zeros_like(heat) if empty else np.roll(heat, 6, axis=1)
    maps = (
        Activation("pattern", name, heat, (0.25, 0.25, 0.625, 0.75), True),
        Activation("pattern", "plain", other, (0.4375, 0.25, 0.8125, 0.75), False),
    )
    cause = PlantedBox(box=(0.25, 0.25, 0.625, 0.75), label="boat")
    return Activations("saers", 482, "image 482", "images/0.png", maps, (cause,))


def make_level(count: int = 4) -> Explanation:
    """An explanation of a model that reads attributes, which knows no likings."""
    elements = tuple(
        Element(
            kind="attribute",
            id=view.attribute,
            label=f"{view.attribute}: {view.value}",
            attention=view.attention,
            contribution=view.contribution,
            removal=view.removal,
            rank_without=view.rank_without,
            box=view.box,
            confidence=view.confidence,
        )
        for view in make_reading(count=count).attributes
    )
    level = EvidenceLevel(name="attributes", kind="attribute", label="attributes it shows", elements=elements)
    return make_explanation(0).model_copy(update={"model": "saers", "levels": (level,)})


def outlines(figure: Figure) -> list[Rectangle]:
    """Boxes of attributes, as drawn over their picture."""
    patches = [p for axes in figure.axes if axes.images for p in axes.patches if isinstance(p, Rectangle)]
    return [p for p in patches if to_hex(p.get_edgecolor()).upper() in {HUE, FLAT_GREY} and p.get_linewidth() > 1]


def diamonds(figure: Figure) -> list[tuple[float, bool]]:
    """Position of every liking, and whether its mark is full."""
    lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "D"]
    return [
        (float(line.get_xdata()[0]), to_hex(line.get_markerfacecolor()) == to_hex(line.get_markeredgecolor()))
        for line in lines
    ]


def traces(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def test_every_number_has_a_mark_of_its_own(root: Path) -> None:
    reading = make_reading()
    shown = sorted(reading.attributes, key=lambda view: -abs(view.contribution))
    figure = attributes_figure([reading], root)
    assert [bar.get_width() for bar in bars_of(figure)] == [view.attention for view in shown]
    assert [x for x, _, _ in heads_of(figure)] == [view.contribution for view in shown]
    assert [x for x, _ in diamonds(figure)] == [view.liking for view in shown]
    assert [full for _, full in diamonds(figure)] == [view.liking >= 0.5 for view in shown]
    assert with_title(figure, "attention (adds up to 1)") is not with_title(figure, "liking (0 to 1)")
    words = words_of(figure)
    assert {f"rank 1 → {view.rank_without}" for view in shown} <= set(words)
    assert {f"{view.attribute} · sure {view.confidence:.2f}" for view in shown} <= set(words)
    assert "no weight and no share of the score" in " ".join(words)


def test_boxes_are_numbered_broader_with_attention_and_apart(root: Path) -> None:
    reading = make_reading()
    figure = attributes_figure([reading], root, by="attention")
    drawn = outlines(figure)[::-1]
    assert len(drawn) == 4
    widths = [box.get_linewidth() for box in drawn]
    assert widths == sorted(widths, reverse=True) and widths[0] > widths[-1]
    places = {tuple(round(edge, 4) for edge in box.get_bbox().extents) for box in drawn}
    assert len(places) == 4
    whole = [str(n) for n, trait in enumerate(people([reading], "attention")[0].traits, 1) if trait.is_whole]
    assert len(whole) == 1 and f"nearly all of the picture: {whole[0]}" in " ".join(words_of(figure))


@pytest.mark.parametrize("boxes", [BOXES, BOXES * 3, ((0.0, 0.0, 1.0, 1.0),) * 12, ((0.4, 0.4, 0.42, 0.42),) * 6])
def test_numbers_stand_in_the_picture_and_never_over_each_other(boxes: Sequence[tuple[float, ...]]) -> None:
    tag = (0.055, 0.07)
    places = tags(apart(boxes), tag)  # type: ignore[arg-type]
    assert all(0 <= x <= 1 - tag[0] + 1e-6 and 0 <= y <= 1 - tag[1] + 1e-6 for x, y in places)
    for one, other in combinations(places, 2):
        assert any(abs(a - b) >= size - 1e-6 for a, b, size in zip(one, other, tag, strict=True))


def test_boxes_at_one_place_stand_inside_each_other_and_never_turn_over() -> None:
    inside = apart([(0.1, 0.1, 0.2, 0.2)] * 12)
    assert all(x0 < x1 and y0 < y1 for x0, y0, x1, y1 in inside)
    assert inside[0] == (0.1, 0.1, 0.2, 0.2) and inside[1][0] > 0.1


def test_a_flat_attention_is_grey_and_says_so(root: Path) -> None:
    figure = attributes_figure([make_reading(flat=True)], root)
    assert {to_hex(bar.get_facecolor()).upper() for bar in bars_of(figure)} == {FLAT_GREY}
    assert "no preference" in " ".join(words_of(figure))
    pair = [make_reading(), make_reading("Bea", flat=True)]
    assert "no preference for Bea" in screen_words(rows_plotly(pair, root))


def test_two_users_share_rows_and_scales(root: Path) -> None:
    pair = [make_reading(), make_reading("Bea Ray", seed=5, planted=False)]
    figure = attributes_figure(pair, root)
    order = [trait.element.id for trait in people(pair)[0].traits]
    assert [trait.element.id for trait in people(pair)[1].traits] == order
    bars = bars_of(figure)
    assert [bool(bar.get_hatch()) for bar in bars] == [False] * 4 + [True] * 4
    assert len({bar.axes for bar in bars}) == 1 and len(outlines(figure)) == 8
    squares = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "s"]
    assert len(squares) == 4 and len(diamonds(figure)) == 8
    words = words_of(figure)
    assert {"Mina · rank 1", "Bea Ray · rank 1", "M", "BR"} <= set(words)
    assert "hatched and square: Bea Ray" in " ".join(words).replace("\n", " ")
    screen = attributes_plotly(pair, root)
    assert [bool(trace.marker.pattern.shape) for trace in traces(screen, "attention")] == [False, True]
    assert [trace.marker.symbol for trace in traces(screen, "contribution")] == ["circle", "square"]


def test_readings_that_cannot_stand_together_are_refused() -> None:
    with pytest.raises(ValueError, match="give one, or two"):
        attributes_figure([])
    with pytest.raises(ValueError, match="give one, or two"):
        attributes_figure([make_reading()] * 3)
    with pytest.raises(ValueError, match="the same image"):
        attributes_figure([make_reading(), make_reading().model_copy(update={"item": 3})])
    with pytest.raises(ValueError, match="the same image"):
        attributes_figure([make_reading(), make_reading(count=3)])


def test_what_was_planted_is_dashed_and_named(root: Path) -> None:
    figure = attributes_figure([make_reading()], root)
    words = words_of(figure)
    assert "value 1 (planted)" in words and any(word.startswith("boat · pattern") for word in words)
    patches = [patch for axes in figure.axes for patch in axes.patches]
    assert len([p for p in patches if p.get_linestyle() not in {"-", "solid"}]) == 1
    bare = attributes_figure([make_reading().without_truth()], root)
    assert "planted" not in " ".join(words_of(bare))
    missed = make_reading().model_copy(update={"causes": ("pattern: dotted",)})
    assert "but not read: pattern: dotted" in screen_words(rows_plotly([missed], root))


def test_a_click_gives_the_attribute_and_hover_all_numbers(root: Path) -> None:
    reading = make_reading()
    screen = rows_plotly([reading], root)
    names = [str(trait.element.id) for trait in people([reading])[0].traits]
    for name in ("attention", "contribution", "liking"):
        assert list(traces(screen, name)[-1].customdata) == names
    first = next(view for view in reading.attributes if view.attribute == names[0])
    hover = traces(screen, "liking")[0].hovertext[0]
    for part in ("attention", "contribution", f"confidence {first.confidence:.2f}", f"liking {first.liking:.2f}"):
        assert part in hover
    picture = boxes_plotly([reading], root)
    assert list(traces(picture, "numbers")[0].customdata) == names
    assert len(picture.layout.images) == 1
    assert sum(note.text in {f"<b>{n}</b>" for n in range(1, 5)} for note in picture.layout.annotations) == 4


def test_long_ranks_are_told_once(root: Path) -> None:
    assert "rank 1 → 12" in " ".join(traces(rows_plotly([make_reading()], root), "removal")[0].text)
    far = make_reading().model_copy(update={"rank": 1234})
    screen = rows_plotly([far], root)
    assert "  1,234 → 12" in traces(screen, "removal")[0].text and "rank without it" in screen_words(screen)


def test_an_image_without_attributes_says_so(root: Path) -> None:
    empty = make_reading(count=0, planted=False)
    assert "the image shows no attribute" in words_of(attributes_figure([empty], root))
    assert "the image shows no attribute" in screen_words(attributes_plotly([empty], root))


def test_an_explanation_is_drawn_over_its_picture_without_likings(root: Path) -> None:
    explanation = make_level()
    figure = card_figure(explanation, root)
    assert len(outlines(figure)) == 4 and not diamonds(figure)
    words = words_of(figure)
    assert "Attributes it shows" in words and "liking" not in " ".join(words)
    level = explanation.levels[0]
    screen = level_plotly(explanation, level, root, top=2)
    assert len(traces(screen, "attention")[0].x) == 2 and not traces(screen, "liking")
    assert "attention (all 4 add up to 1)" in screen_words(screen)
    assert len(card_plotly(explanation, root).layout.images) == 2


def test_tastes_are_ranked_by_liking_within_their_attribute() -> None:
    profile = make_profile()
    figure = tastes_figure([profile], top=4)
    shown = []
    for attribute in VALUES:
        rows = sorted((row for row in profile.rows if row.attribute == attribute), key=lambda row: -row.liking)
        shown += rows if len(rows) <= 4 else [*rows[:2], *rows[-2:]]
    assert [x for x, _ in diamonds(figure)] == [row.liking for row in shown]
    assert [bar.get_width() for bar in bars_of(figure)] == [row.attention for row in shown]
    assert [x for x, _, _ in heads_of(figure)] == [row.contribution for row in shown]
    words = words_of(figure)
    assert "colour · liked most and least, … 6 more" in words and "pattern" in words
    assert {f"{row.images:,} image{'s' if row.images != 1 else ''}" for row in shown} <= set(words)
    assert len(diamonds(tastes_figure([profile], top=50))) == len(profile.rows)


def test_the_planted_value_is_always_shown() -> None:
    profile = make_profile()
    rows = sorted((row for row in profile.rows if row.attribute == "colour"), key=lambda row: -row.liking)
    hidden = rows[5].value
    values = dict(VALUES, pattern=0)
    profile = profile.model_copy(update={"rows": tuple(row for row in profile.rows if values[row.attribute])})
    assert hidden not in words_of(tastes_figure([profile], top=4))
    assert f"{hidden} (planted)" in words_of(tastes_figure([profile], top=4, planted=f"colour: {hidden}"))
    screen = tastes_plotly([profile], top=4, planted=f"colour: {hidden}")
    assert f"{hidden} (planted)" in screen_words(screen)
    assert "colour" in traces(screen, "liking")[0].customdata
    assert any(f"colour: {hidden} in" in hover for hover in traces(screen, "liking")[0].hovertext)


def test_tastes_of_two_users_are_compared_over_one_catalogue() -> None:
    pair = [make_profile(), make_profile("Bea", 2)]
    figure = tastes_figure(pair, top=2)
    assert len(diamonds(figure)) == 8 and sum(bool(bar.get_hatch()) for bar in bars_of(figure)) == 4
    assert "What Mina and Bea take to" in words_of(figure)
    with pytest.raises(ValueError, match="the same catalogue"):
        tastes_figure([make_profile(), make_profile("Bea", name="other")])
    with pytest.raises(ValueError, match="give one, or two"):
        tastes_plotly([])
    assert "no image shows an attribute" in words_of(tastes_figure([make_profile().model_copy(update={"rows": ()})]))


def test_maps_tell_how_much_they_share(root: Path) -> None:
    found = make_activations()
    heat, other = (one.map for one in found.found)
    expected = np.minimum(heat / heat.sum(), other / other.sum()).sum()
    assert overlap(heat, other) == pytest.approx(expected) == pytest.approx(0.5)
    assert overlap(heat, heat) == pytest.approx(1) and overlap(heat, np.zeros_like(heat)) == 0
    words = " ".join(words_of(activation_figure(found, root)))
    assert "the maps share 50%" in words and "striped (as it is read)" in words and "plain (not read here)" in words
    assert "100% of the activation lies in the planted box, which covers 19%" in words.replace("\n", " ")
    assert "the same places" in screen_words(activation_plotly(make_activations(same=True), root))
    assert "nothing in the picture speaks for it" in words_of(activation_figure(make_activations(empty=True), root))
    bare = activation_plotly(found, root, look=Look(outlined=1, planted=False))
    assert "planted" not in screen_words(bare)


def test_maps_are_drawn_over_their_picture_with_their_boxes(root: Path) -> None:
    found = make_activations()
    figure = activation_figure(found, root)
    assert len([image for axes in figure.axes for image in axes.images if image.get_array().ndim == 3]) == 3
    assert len(outlines(figure)) == 2
    alone = Activations("saers", 482, "image 482", None, found.found[:1])
    assert alone.overlap is None and "share" not in " ".join(words_of(activation_figure(alone)))
    with pytest.raises(ValueError, match="3 maps"):
        activation_figure(Activations("saers", 482, "image 482", None, found.found[:1] * 3))


@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
def test_words_stay_on_the_page_and_apart(width: float, theme: ThemeName, root: Path) -> None:
    # Numbers of boxes and labels of planted ones may stand over lines of the picture, so nothing is planted here.
    long = "extraordinarily long value of it"
    one = make_reading("Maximiliane Wolkenstein-Trostburg " * 2, 12, planted=False, value=long)
    other = make_reading("Bea", 12, seed=3, planted=False, value=long)
    for readings in ([one], [one, other], [make_reading(count=1, planted=False)]):
        assert_words_fit(attributes_figure(readings, root, width=width, theme=theme), width)
    profiles = [make_profile(name=long), make_profile("Bea", 1, name=long)]
    assert_words_fit(tastes_figure(profiles[:1], width=width, theme=theme), width)
    assert_words_fit(tastes_figure(profiles, width=width, theme=theme), width)
    assert_words_fit(card_figure(make_level(12), root, width=FULL_WIDTH, theme=theme), FULL_WIDTH)
    found = make_activations(name=long)
    look = Look(outlined=1, planted=False)
    assert_words_fit(activation_figure(found, root, look=look, width=width, theme=theme), width)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_is_exported_in_every_format_without_becoming_markup(
    theme: ThemeName, tmp_path: Path, root: Path
) -> None:
    nasty = make_reading(NASTY, value=NASTY)
    pair = [nasty, make_reading("Bea", value=NASTY)]
    profile, found = make_profile(NASTY, name=NASTY), make_activations(name=NASTY)
    subjects: dict[str, tuple[Figure, go.Figure, Numbers]] = {
        "attributes": (
            attributes_figure(pair, root, theme=theme),
            attributes_plotly(pair, root, theme=theme),
            AttributeReadings(readings=tuple(pair)),
        ),
        "tastes": (
            tastes_figure([profile], theme=theme),
            tastes_plotly([profile], theme=theme),
            AttributeTastes(run="saers", profiles=(profile,)),
        ),
        "map": (activation_figure(found, root, theme=theme), activation_plotly(found, root, theme=theme), found),
    }
    for name, (paper, screen, numbers) in subjects.items():
        stem = tmp_path / name
        paths = save(paper, stem, list(PAPER_FORMATS), theme=theme)
        paths += save(screen, stem, ["html"], theme=theme) + save(numbers, stem, ["json", "csv"])
        assert [path.suffix[1:] for path in paths] == list(FORMATS)
        assert not list(ET.parse(stem.with_suffix(".svg")).iter("{http://www.w3.org/2000/svg}script"))
        text = screen.to_json()
        for forbidden in ("script>", "$x$", "<b>bold"):
            assert forbidden not in text and forbidden.replace(">", "\\u003e").replace("<", "\\u003c") not in text
        assert json.loads(stem.with_suffix(".json").read_text())
        with stem.with_suffix(".csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(numbers.rows())
    with (tmp_path / "attributes.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    assert float(first["liking"]) == nasty.attributes[0].liking and float(first["x1"]) == nasty.attributes[0].box[2]


@pytest.mark.parametrize(
    ("labels", "short"),
    [
        (["Mina", "Bea Ray"], ["M", "BR"]),
        (["Aino", "Akira"], ["Ain", "Aki"]),
        (["Anna", "Annabel"], ["1", "2"]),
        (["Mina"], ["M"]),
    ],
)
def test_two_people_are_never_called_alike(labels: list[str], short: list[str]) -> None:
    assert told_apart(labels) == short
    pair = [make_reading(label) for label in labels]
    assert set(short) <= set(words_of(attributes_figure(pair))) or len(labels) == 1
