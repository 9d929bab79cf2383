"""Pictures of time: the images before, topics by week, hours of the week; words by topic."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text

from tests.figures.made import CAPTION, NASTY, make_map
from tests.figures.made_time import MONDAY, NOON, make_recent, make_river, make_topic_words, make_week, make_wordmap
from tests.figures.test_pictures import assert_words_fit, bars_of, screen_words, words_of
from workbench.explain.dates import clock_text, day_text, hour_text
from workbench.explain.explanation import Explanation
from workbench.explain.regions import RegionMaps
from workbench.explain.timeline import TopicRiver, TopicWord, TopicWords, WeekGrid
from workbench.figures.areas import Areas, apart
from workbench.figures.export import save
from workbench.figures.past import Past
from workbench.figures.recent import OUTSIDE, recent_figure, recent_plotly
from workbench.figures.river import river_figure, river_plotly
from workbench.figures.style import (
    COLUMN_WIDTH,
    FLAT_GREY,
    FULL_WIDTH,
    GROUP_COLOURS,
    THEMES,
    TOPIC_COLOURS,
    ThemeName,
    contrast,
    ink_on,
    mix,
    seen_on,
)
from workbench.figures.topicwords import topic_words_figure, topic_words_html, topic_words_plotly
from workbench.figures.week import week_figure, week_plotly

LONG = "Maximiliane Wolkenstein-Trostburg zu Neuhaus " * 3
WEEK = 604_800


def areas_of(figure: Figure) -> list[PolyCollection]:
    return [area for axes in figure.axes for area in axes.collections if isinstance(area, PolyCollection)]


def past_of(explanation: Explanation) -> Past:
    history, factors = explanation.levels
    parts = {image.id: tuple(f for f in factors.elements if f.of == image.id) for image in history.elements}
    return Past(history, history.elements[-8:], parts, 1)


def test_moments_are_said_in_utc() -> None:
    assert (day_text(NOON), clock_text(NOON)) == ("5 Mar 2024", "Tue 12:05")
    assert (day_text(-1), clock_text(-1)) == ("31 Dec 1969", "Wed 23:59")
    assert [hour_text(hour) for hour in (0, 38, 167)] == ["Mon 00:00", "Tue 14:00", "Sun 23:00"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_inks_can_be_read_and_lines_be_seen(theme: ThemeName) -> None:
    colours = THEMES[theme]
    for hue in (*TOPIC_COLOURS, FLAT_GREY, GROUP_COLOURS["words"]):
        for share in np.linspace(0, 1, 11):
            tint = mix(hue, colours.background, float(share))
            assert contrast(ink_on(tint), tint) >= 4.5
        assert contrast(seen_on(hue, colours), colours.background) >= 3
    assert seen_on("#000000", THEMES["light"]) == "#000000"


def test_the_last_images_stand_from_old_to_new_with_their_moments(root: Path) -> None:
    explanation = make_recent(12)
    figure = recent_figure(explanation, root)
    assert len([image for axes in figure.axes for image in axes.images]) == 8
    shown = explanation.level("history").elements[-8:]
    words = words_of(figure)
    days = [word for word in words if word.endswith(" 2024")]
    assert days == [day_text(element.time or 0) for element in shown]
    assert "the last 8 of 12, from old to new" in words and "rank 1 → 5" in words
    assert any("the 6 in the window add up to 1" in word for word in words)


def test_images_outside_the_window_are_said_not_drawn(root: Path) -> None:
    figure = recent_figure(make_recent(12, window=6), root)
    assert " ".join(words_of(figure)).count("outside the") == 2
    past = past_of(make_recent(12, window=6))
    assert [past.is_outside(element) for element in past.shown] == [True, True, *[False] * 6]
    assert not past.parts(past.shown[0])
    screen = recent_plotly(make_recent(12, window=6), root)
    attention = next(trace for trace in screen.data if trace.name == "attention")
    assert [length is None for length in attention.x] == [True, True, *[False] * 6]
    assert screen_words(screen).count("the window</i>") == 2
    assert not any(word in OUTSIDE for word in words_of(recent_figure(make_recent(4, window=6), root)))


def test_bars_are_the_weights_and_their_parts(root: Path) -> None:
    explanation = make_recent(12)
    figure = recent_figure(explanation, root)
    weights = [element.attention or 0 for element in explanation.level("history").elements[-6:]]
    bars = [bar for bar in bars_of(figure) if to_hex(bar.get_facecolor()).upper() == GROUP_COLOURS["history"]]
    wide = [bar.get_width() for bar in bars if bar.get_height() == pytest.approx(0.08)]
    assert [w / max(wide) for w in wide] == pytest.approx([w / max(weights) for w in weights])
    past = past_of(explanation)
    for element in past.shown[2:]:
        parts = past.parts(element)
        assert sum(part.share for part in parts) == pytest.approx(1)
        assert [part.left for part in parts[1:]] == pytest.approx(list(np.cumsum([p.share for p in parts])[:-1]))
    hatches = {bar.get_hatch() or "" for bar in bars_of(figure)}
    assert len(hatches) == 3
    words = words_of(figure)
    assert {"what it is", "Tue 14:00", "3 h before"} <= set(words)
    factors = next(trace for trace in recent_plotly(explanation, root).data if trace.name == "factors")
    assert len(set(factors.marker.pattern.shape)) == 3


def test_no_preference_within_the_window_is_grey(root: Path) -> None:
    figure = recent_figure(make_recent(20, window=6, flat=True), root)
    assert any("no preference" in word for word in words_of(figure))
    thick = [bar for bar in bars_of(figure) if bar.get_height() == pytest.approx(0.08)]
    assert {to_hex(bar.get_facecolor()).upper() for bar in thick} == {FLAT_GREY}
    assert "no preference" in screen_words(recent_plotly(make_recent(20, window=6, flat=True), root))


def test_a_history_without_weights_moments_or_images() -> None:
    bare = make_recent(3)
    history = bare.level("history")
    blind = history.model_copy(
        update={"elements": tuple(e.model_copy(update={"attention": None, "time": None}) for e in history.elements)}
    )
    words = words_of(recent_figure(bare.model_copy(update={"levels": (blind,)})))
    assert any("the model does not weigh these" in word for word in words) and "image 501" in words
    assert "nothing recorded" in words_of(recent_figure(make_recent(0)))
    assert "nothing recorded" in screen_words(recent_plotly(make_recent(0)))
    with pytest.raises(KeyError, match="no level 'history'"):
        recent_figure(bare.model_copy(update={"levels": ()}))


@pytest.mark.parametrize(("weeks", "topics"), [(1, 3), (30, 5), (1000, 8)])
def test_areas_fill_the_river_week_by_week(weeks: int, topics: int) -> None:
    river = make_river(weeks, topics)
    areas = Areas(river)
    assert len(areas.layers) == topics + 1
    assert areas.layers[-1].high == pytest.approx(np.ones(weeks + 1))
    for number, layer in enumerate(areas.layers[:-1]):
        assert layer.share[:-1] == pytest.approx([row[number] for row in river.shares])
    figure = river_figure(river)
    assert len(areas_of(figure)) == topics + 1
    screen = river_plotly(river)
    assert [trace.name for trace in screen.data] == [layer.name for layer in areas.layers]
    assert all(trace.hovertemplate.startswith("%{fullData.name} %{y") for trace in screen.data)
    assert np.sum([trace.y for trace in screen.data], axis=0) == pytest.approx(np.ones(weeks + 1))
    assert screen.data[0].x[-1].startswith(day_iso(MONDAY + weeks * WEEK))


def day_iso(seconds: int) -> str:
    return str(np.datetime64(seconds, "s"))[:10]


@pytest.mark.parametrize(("weeks", "topics"), [(1, 3), (30, 5), (1000, 8), (60, 20)])
def test_every_area_has_its_number_and_name(weeks: int, topics: int) -> None:
    river = make_river(weeks, topics)
    on_screen, on_paper = screen_words(river_plotly(river)), words_of(river_figure(river))
    for number, name in zip(river.topics, river.names, strict=True):
        assert f"#{number} {name}" in on_screen and f"#{number} {name}" in on_paper
    assert "other topics" in on_paper


def test_names_stand_inside_their_areas_and_beside_the_moment() -> None:
    river = make_river(30, 5)
    areas = Areas(river)
    first, last = areas.span
    over = (areas.seconds - first) / (last - first)
    moment = ((river.moment or 0) - first) / (last - first)
    placed = [(layer, areas.placed(layer, 0.1, 0.08)) for layer in areas.layers]
    assert sum(place is not None for _, place in placed) >= 3
    for layer, place in placed:
        if place is None:
            continue
        x, y = place
        at = np.linspace(x - 0.05, x + 0.05, 21)
        assert (np.interp(at, over, layer.low) <= y - 0.04).all()
        assert (np.interp(at, over, layer.high) >= y + 0.04).all()
        assert abs(x - moment) > 0.05
    assert Areas(river).placed(areas.layers[0], 1.2, 0.01) is None


def test_names_beside_keep_their_distance_and_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        places = list(rng.uniform(0, 1, 9))
        found = apart(places, 0.1, 0.0, 1.0)
        assert np.argsort(found).tolist() == np.argsort(places).tolist()
        assert np.diff(sorted(found)).min() >= 0.1 - 1e-9
        assert min(found) >= 0.05 - 1e-9 and max(found) <= 0.95 + 1e-9


def test_hues_that_repeat_take_a_hatch() -> None:
    river = make_river(20, 2).model_copy(update={"topics": (1, 10)})
    first, second, _ = areas_of(river_figure(river))
    assert to_hex(first.get_facecolor()[0]) == to_hex(second.get_facecolor()[0])
    assert not first.get_hatch() and second.get_hatch()
    plain, hatched, _ = river_plotly(river).data
    assert not plain.fillpattern.shape and hatched.fillpattern.shape


def test_the_moment_is_marked() -> None:
    river = make_river(30)
    said = f"{day_text(river.moment or 0)}, {clock_text(river.moment or 0)} UTC"
    assert said in words_of(river_figure(river)) and said in screen_words(river_plotly(river))
    assert not any("UTC" in word for word in words_of(river_figure(make_river(30, marked=False))))
    after = river.model_copy(update={"moment": river.weeks[-1] + 5 * WEEK})
    assert Areas(after).span[1] == after.moment


def test_rivers_without_weeks_or_topics() -> None:
    empty = make_river(0, 3)
    assert "nothing recorded" in words_of(river_figure(empty)) and "nothing recorded" in screen_words(
        river_plotly(empty)
    )
    alone = TopicRiver(user_label="A", weeks=(MONDAY,), topics=(), names=(), shares=((),), rest=(1.0,))
    assert "other topics" in words_of(river_figure(alone)) and len(river_plotly(alone).data) == 1
    with pytest.raises(ValueError, match="one row for each week"):
        river_figure(make_river(3).model_copy(update={"rest": (1.0,)}))


def grids_of(figure: Figure) -> list[np.ndarray]:
    images = [image.get_array() for axes in figure.axes for image in axes.images]
    return [np.asarray(image) for image in images if image is not None and image.shape == (7, 24)]


def test_a_week_has_a_cell_for_every_hour() -> None:
    grid = make_week(marked=(38,))
    [cells] = grids_of(week_figure(grid))
    assert cells[1, 14] == grid.values[38] and cells[6, 23] == grid.values[167]
    heat = next(trace for trace in week_plotly(grid).data if trace.name == "All users")
    assert heat.z[1][14] == grid.values[38] and heat.customdata[1][14] == 38
    assert heat.hovertext[1][14] == f"Tue 14:00 to 15:00 UTC: {grid.values[38]:.0f} likes"
    words = words_of(week_figure(grid))
    assert {"Mon", "Sun", "0 h UTC", "6", "12", "18", "likes by hour of the week", "outlined: Tue 14:00"} <= set(words)


def test_marked_hours_are_outlined() -> None:
    figure = week_figure(make_week(marked=(0, 38, 110, 167)))
    boxes = [
        p
        for axes in figure.axes
        for p in axes.patches
        if isinstance(p, Rectangle) and p.get_edgecolor()[:3] == (1, 1, 1)
    ]
    assert [box.get_xy() for box in boxes] == [(0, 0), (14, 1), (14, 4), (23, 6)]
    assert "outlined: Mon 00:00, Tue 14:00, Fri 14:00 and 1 more" in words_of(figure)
    assert len(week_plotly(make_week(marked=(0, 167))).layout.shapes) == 4


def test_weeks_side_by_side_share_one_scale() -> None:
    grids = [make_week(), make_week("Mina", scale=3)]
    limits = {
        image.get_clim()
        for axes in week_figure(grids).axes
        for image in axes.images
        if image.get_array().shape == (7, 24)
    }
    assert limits == {(0.0, max(grids[0].values))}
    traces = [trace for trace in week_plotly(grids).data if trace.name != "scale"]
    assert {(trace.zmin, trace.zmax) for trace in traces} == {(0.0, max(grids[0].values))}
    with pytest.raises(ValueError, match="one unit"):
        week_figure([make_week(), make_week(unit="attention")])
    with pytest.raises(ValueError, match="168 values"):
        week_figure(WeekGrid(title="a", unit="likes", values=(1.0,)))
    with pytest.raises(ValueError, match="at least one"):
        week_figure([])


def test_even_and_empty_weeks_say_so() -> None:
    even = make_week("even", "attention").model_copy(update={"values": (1 / 168,) * 168})
    none = make_week("none").model_copy(update={"values": (0.0,) * 168})
    assert "no preference" in words_of(week_figure(even)) and "no preference" in screen_words(week_plotly(even))
    assert "no likes" in words_of(week_figure(none)) and "no likes" in screen_words(week_plotly(none))
    assert "no preference" not in words_of(week_figure(make_week()))


def test_words_stand_on_their_topics_with_its_number() -> None:
    words = make_topic_words(topics=(12, 3))
    figure = topic_words_figure(CAPTION, words, {12: "storm, sea"})
    boxes = [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == len(words)
    texts = words_of(figure)
    assert texts.count("12") + texts.count("3") == len(words)
    assert {"#12 storm, sea", "#3"} <= set(texts)
    assert to_hex(boxes[0].get_facecolor()).upper() == TOPIC_COLOURS[3]
    screen = screen_words(topic_words_plotly(CAPTION, words, {12: "storm, sea"}))
    assert screen.count("<sup>12</sup>") + screen.count("<sup>3</sup>") == len(words)
    assert "no word carries a topic" in words_of(topic_words_figure("some text", (), {}))


def test_weaker_words_are_paler() -> None:
    words = make_topic_words(topics=(0,))
    figure = topic_words_figure(CAPTION, words, {})
    boxes = [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    paleness = [contrast(to_hex(box.get_facecolor()), "#FFFFFF") for box in boxes]
    order = sorted(range(len(words)), key=lambda i: -words[i].strength)
    assert [paleness[i] for i in order] == sorted(paleness, reverse=True)


def test_a_topic_word_needs_a_place_of_its_own() -> None:
    word = TopicWord(word="x", start=3, end=30, topic=1, strength=0.5)
    with pytest.raises(ValueError, match="no place of its own"):
        topic_words_html("short", (word,), {})


class Tags(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.names, self.text = set[str](), set[str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_html_holds_the_text_and_no_markup_of_the_data(theme: ThemeName) -> None:
    words = make_topic_words(NASTY, (12, 3))
    nasty = "'\"><img src=x onerror=alert(1)>"
    page = topic_words_html(NASTY, words, {12: NASTY, 3: nasty}, theme=theme)
    found = Tags()
    found.feed(page)
    assert found.tags <= {"div", "p", "mark", "sup", "ul", "li", "span"}
    assert found.names <= {"class", "style", "title", "aria-hidden"}
    assert f"#12 {NASTY}" in found.text and f"#3 {nasty}" in found.text
    ET.fromstring(page)
    assert page.count("<mark") == len(words) and page.count("<sup>12</sup>") == (len(words) + 1) // 2


def draw(name: str, words: str, width: float, theme: ThemeName, root: Path | None) -> Figure:
    texts = words or CAPTION
    return {
        "recent": lambda: recent_figure(make_recent(12, label=words), root, width=width, theme=theme),
        "river": lambda: river_figure(make_river(30, 16 if words else 5, name=words), width=width, theme=theme),
        "week": lambda: week_figure([make_week(words or "a"), make_week(words or "b")], width=width, theme=theme),
        "topics": lambda: topic_words_figure(
            texts * 3, make_topic_words(texts * 3, range(9)), {1: words, 5: words, 7: words}, width=width, theme=theme
        ),
    }[name]()


NAMES = ["recent", "river", "week", "topics"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", ["", LONG])
@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
def test_words_stay_on_the_page_and_apart(name: str, words: str, width: float, theme: ThemeName, root: Path) -> None:
    figure = draw(name, words, width, theme, root)
    if name == "topics":
        # Raised numbers stand close to their words on purpose.
        for text in [t for t in figure.findobj(Text) if isinstance(t, Text) and t.get_text().isdigit()]:
            text.set_visible(False)
    assert_words_fit(figure, width)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_exported_without_becoming_markup(
    name: str, theme: ThemeName, tmp_path: Path, root: Path
) -> None:
    paper = save(draw(name, NASTY, FULL_WIDTH, theme, root), tmp_path / name, ["png", "svg", "pdf"], theme=theme)
    assert all(path.stat().st_size > 1000 for path in paper)
    assert not list(ET.parse(paper[1]).iter("{http://www.w3.org/2000/svg}script"))
    screen = {
        "recent": lambda: recent_plotly(make_recent(label=NASTY), root, heading=NASTY, theme=theme),
        "river": lambda: river_plotly(make_river(name=NASTY), theme=theme),
        "week": lambda: week_plotly(make_week(NASTY, NASTY), heading=NASTY, theme=theme),
        "topics": lambda: topic_words_plotly(NASTY, make_topic_words(NASTY), {12: NASTY}, theme=theme),
    }[name]()
    json = screen.to_json()
    for forbidden in ("script>", "$x$", "<b>bold"):
        assert forbidden not in json and forbidden.replace(">", "\\u003e").replace("<", "\\u003c") not in json
    [page] = save(screen, tmp_path / name, ["html"], theme=theme)
    assert "<script>alert" not in page.read_text()


def test_the_numbers_behind_the_pictures_of_time_are_tables() -> None:
    river = make_river(weeks=3, topics=2)
    rows = river.rows()
    assert len(rows) == 3 * 3 and sum(float(str(row["share"])) for row in rows[:3]) == pytest.approx(1)
    week = make_week()
    hours = week.rows()
    assert len(hours) == 168 and hours[25] == {
        "weekday": 2, "hour": 1, week.unit: week.values[25], "marked": 25 in week.marked,
    }  # fmt: skip
    found = make_wordmap(grid=2)
    table = found.rows()
    assert len(table) == 4 * len(found.words) and table[1]["weight"] == found.weights[0][1]
    words = make_topic_words()
    assert [row["word"] for row in TopicWords(text=CAPTION, words=words).rows()] == [word.word for word in words]


def test_the_numbers_behind_maps_are_a_table() -> None:
    maps = (make_map(), make_map())
    rows = RegionMaps(maps=maps).rows()
    regions = maps[0].regions
    assert len(rows) == 2 * len(regions)
    assert regions[0].box is not None
    assert [rows[0][side] for side in ("x0", "y0", "x1", "y1")] == list(regions[0].box)
    assert rows[len(regions)]["attention"] == regions[0].attention
