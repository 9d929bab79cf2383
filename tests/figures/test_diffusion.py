"""Pictures of influence: rings by hop, and the path the hops take a user along."""

from __future__ import annotations

import csv
import itertools
import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.text import Text

from tests.figures.made import NASTY
from tests.figures.made_graph import make_drift, make_ego
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from workbench.explain.diffusion import Ego
from workbench.explain.drift import Drift
from workbench.figures.course import Course, apart
from workbench.figures.drift import drift_figure, drift_plotly
from workbench.figures.export import save
from workbench.figures.orbits import Plan, Sizes
from workbench.figures.rings import rings_figure, rings_plotly
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, GROUP_COLOURS, NEGATIVE, POSITIVE, ThemeName

COUNTS: Sequence[tuple[int, ...]] = [(1, 0), (3, 5), (9, 60), (25, 200), (200, 400), (5,), (6, 30, 90)]
LONG = "Maximiliane Wolkenstein-Trostburg zu Neuhaus"


def plan_of(ego: Ego, half: float = 280.0) -> Plan:
    counts = [min(24, len(ring.people)) + (ring.total > 24) for ring in ego.rings]
    return Plan.of(ego, Sizes.within(half, 90.0, 13.0, 14.0, counts), 24)


@pytest.mark.parametrize("counts", COUNTS)
def test_chips_of_a_ring_keep_their_distance(counts: tuple[int, ...]) -> None:
    plan = plan_of(make_ego(counts))
    for ring, radius in enumerate(plan.sizes.radii):
        angles = sorted(spot.angle for spot in plan.spots if spot.ring == ring)
        for first, second in itertools.pairwise([*angles, angles[0] + math.tau] if len(angles) > 1 else []):
            assert (second - first) * radius >= plan.sizes.lines[ring] * 0.999
    assert all(line >= 14 and line > 2 * chip for line, chip in zip(plan.sizes.lines, plan.sizes.chips, strict=True))


@pytest.mark.parametrize("counts", COUNTS)
def test_everybody_is_told_apart_or_counted(counts: tuple[int, ...]) -> None:
    ego = make_ego(counts)
    plan = plan_of(ego)
    for place, (ring, whole) in enumerate(zip(plan.ego.rings, ego.rings, strict=True)):
        people = [spot.person for spot in plan.spots if spot.ring == place and spot.person is not None]
        assert {person.id for person in people} == {person.id for person in ring.people}
        assert ring.people == whole.people[: len(ring.people)]
        assert sum(spot.ring == place and spot.person is None for spot in plan.spots) == (ring.hidden > 0)
        assert sum(p.share for p in people) + ring.hidden_share == pytest.approx(whole.share, abs=1e-6)
    if counts == (200, 400):
        assert all(len(ring.people) >= 12 for ring in plan.ego.rings)


def test_people_stand_outward_of_whom_they_are_reached_through() -> None:
    plan = plan_of(make_ego((6, 30, 90)))
    for spot in plan.spots:
        parent = None if spot.parent is None else plan.spots[spot.parent]
        if spot.ring == 0:
            assert parent is None and plan.path(spot)[0] == (0.0, 0.0)
        elif spot.person is not None and parent is not None:
            shown = {person.id for person in plan.ego.rings[spot.ring - 1].people}
            through = spot.person.through
            assert (parent.person is None) if through not in shown else parent.person is not None
            assert parent.person is None or parent.person.id == through
            assert plan.path(spot)[0] == pytest.approx(plan.at(parent))
        assert plan.path(spot)[-1] == pytest.approx(plan.at(spot))


def quads(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """The corners of all turned words, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found = []
    for text in figure.findobj(Text):
        if not isinstance(text, Text) or text.get_rotation_mode() != "anchor" or not text.get_text():
            continue
        turned = text.get_rotation()
        anchor = text.get_transform().transform(text.get_position())
        text.set_rotation(0)
        box = text.get_window_extent(canvas.get_renderer())
        text.set_rotation(turned)
        # A touch of neighbouring lines is no overlap.
        high = 0.3 * box.height
        corners = np.array(
            [(box.x0, box.y0 + high), (box.x1, box.y0 + high), (box.x1, box.y1 - high), (box.x0, box.y1 - high)]
        )
        turn = math.radians(turned)
        matrix = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        found.append((text.get_text(), (corners - anchor) @ matrix + anchor))
    return found


@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
@pytest.mark.parametrize(
    ("counts", "label"), [*((counts, "") for counts in COUNTS), ((9, 60), LONG), ((6, 30, 90), NASTY)]
)
def test_names_stay_on_the_page_and_apart(counts: tuple[int, ...], label: str, width: float) -> None:
    figure = rings_figure(make_ego(counts, label=label, name=label or "Mina"), width=width)
    words, page = quads(figure), figure.bbox
    for text, corners in words:
        assert (corners >= -2).all() and (corners <= [page.width + 2, page.height + 2]).all(), text
    for (first, one), (second, other) in itertools.combinations(words, 2):
        hull = cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0]
        assert hull < 1, (first, second)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_rotation_mode() == "anchor":
            text.set_visible(False)
    assert_words_fit(figure, width)


def test_line_width_is_the_share_and_the_sign_is_written() -> None:
    ego = make_ego((9,))
    figure = rings_figure(ego)
    [axes] = [axes for axes in figure.axes if axes.lines]
    hue = GROUP_COLOURS["follows"]
    widths = [line.get_linewidth() for line in axes.lines if line.get_color() == hue]
    shares = [person.share for person in ego.rings[0].people]
    np.testing.assert_allclose([w - 0.4 for w in widths], [5.6 * s / max(shares) for s in shares])
    rings = [patch for patch in axes.patches if isinstance(patch, Circle) and patch.get_zorder() == 5]
    signs = [(p.contribution or 0) >= 0 for p in ego.rings[0].people]
    edges = [to_hex(patch.get_edgecolor()).upper() for patch in rings[:-1]]
    assert edges == [POSITIVE if sign else NEGATIVE for sign in signs] and len(set(signs)) == 2
    words = " ".join(words_of(figure))
    assert "+" in words and "−" in words and "hop 1: 9 people, shares add up to 1" in words


def test_no_preference_and_no_exact_shares_are_grey_and_said() -> None:
    figure = rings_figure(make_ego((9, 30), exact=False, flat=True))
    words = " ".join(words_of(figure))
    assert "no preference" in words and "no exact shares" in words and "adds" not in words
    hue = GROUP_COLOURS["follows"]
    assert not [line for axes in figure.axes for line in axes.lines if line.get_color() == hue]


def test_nobody_is_said() -> None:
    for counts in ((0, 0), ()):
        ego = make_ego(counts)
        assert "Mina follows nobody" in " ".join(words_of(rings_figure(ego)))
        assert "Mina follows nobody" in screen_words(rings_plotly(ego))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("counts", COUNTS)
def test_a_click_on_a_chip_gives_the_person(counts: tuple[int, ...], theme: ThemeName) -> None:
    ego = make_ego(counts)
    figure = rings_plotly(ego, theme=theme)
    people, others, user = (next(t for t in figure.data if t.name == name) for name in ("people", "others", "user"))
    known = {str(person.id): person for ring in ego.rings for person in ring.people}
    assert set(people.customdata) <= set(known) and len(people.x) == len(people.customdata) >= 1
    assert set(others.customdata) <= {""} and list(user.customdata) == [""]
    for id, hover in zip(people.customdata, people.hovertext, strict=True):
        assert "share" in hover and known[id].label in hover
    assert figure.layout.height == pytest.approx(sum([560, 30, 24, 8, 18 * screen_lines(figure)]), abs=1)


def screen_lines(figure: object) -> int:
    notes = [note for note in figure.layout.annotations if note.xref == "paper"]  # type: ignore[attr-defined]
    return len(notes) - 2


def test_the_path_and_its_numbers_are_drawn(root: Path) -> None:
    found = make_drift()
    figure = drift_figure(found, root)
    words = words_of(figure)
    assert {"0", "1", "2", "hop 0", "hop 2", "score of the image", "1.00", "31% and 12% of the spread"} <= set(words)
    assert any("300 other users after the last hop (of 12,000)" in line for line in words)
    screen = drift_plotly(found, root)
    users, path = (next(t for t in screen.data if t.name == name) for name in ("users", "path"))
    assert set(users.customdata) <= {place.id for place in found.others}
    assert list(path.text) == ["2", "1", "0"] and "Mina after 1 hop<" in path.hovertext[1]
    assert len(screen.layout.images) == 7
    without = drift_figure(make_drift(exact=False), root)
    assert "score of the image (no exact shares)" in words_of(without)


@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
@pytest.mark.parametrize(("hops", "others", "liked"), [(1, 0, 0), (1, 2, 1), (2, 300, 6), (3, 900, 12)])
def test_words_of_a_drift_stay_on_the_page_and_apart(
    hops: int, others: int, liked: int, width: float, root: Path
) -> None:
    assert_words_fit(drift_figure(make_drift(hops, others=others, liked=liked, name=LONG), root, width=width), width)


def test_pictures_keep_apart_within_the_plane() -> None:
    for found in (make_drift(), make_drift(3, liked=12), together()):
        course = Course.within(found, 500, 440, 46, 19)
        assert (np.abs(course.tiles) <= [250, 220]).all()
        for one, other in itertools.combinations(course.tiles, 2):
            assert np.abs(one - other).max() >= 45
        for one, other in itertools.combinations(course.steps, 2):
            assert np.abs(one - other).max() >= 17
    lone = np.array([[3.0, 4.0]])
    assert apart(lone, lone[:0], 1.0, np.array([9.0, 9.0])) == pytest.approx(lone)


def together() -> Drift:
    """Everything at one place."""
    found = make_drift(2, others=50, liked=6)
    steps = tuple(step.model_copy(update={"x": 0.1, "y": 0.1}) for step in found.steps)
    liked = tuple(place.model_copy(update={"x": 0.1, "y": 0.1}) for place in found.liked)
    return found.model_copy(update={"steps": steps, "liked": liked})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_exported_without_becoming_markup(theme: ThemeName, tmp_path: Path, root: Path) -> None:
    ego, way = make_ego((9, 30), name=NASTY, label=NASTY), make_drift(name=NASTY)
    for name, paper, screen in (
        ("rings", rings_figure(ego, theme=theme), rings_plotly(ego, theme=theme)),
        ("drift", drift_figure(way, root, theme=theme), drift_plotly(way, root, theme=theme)),
    ):
        written = save(paper, tmp_path / name, ["png", "svg", "pdf"], theme=theme)
        assert all(path.stat().st_size > 1000 for path in written)
        assert not list(ET.parse(written[1]).iter("{http://www.w3.org/2000/svg}script"))
        json = screen.to_json()
        for forbidden in ("script>", "$x$", "<b>bold"):
            assert forbidden not in json and forbidden.replace(">", "\\u003e").replace("<", "\\u003c") not in json
        [page] = save(screen, tmp_path / name, ["html"], theme=theme)
        assert "<script>alert" not in page.read_text()


def test_numbers_are_taken_away_as_json_and_csv(tmp_path: Path) -> None:
    ego, way = make_ego((9, 30)), make_drift()
    for subject, kind in ((ego, Ego), (way, Drift)):
        data, table = save(subject, tmp_path / kind.__name__, ["json", "csv"])
        assert kind.model_validate_json(data.read_text(encoding="utf-8")) == subject
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["hop"] for row in rows] == [str(row["hop"]) for row in subject.rows()]
    [empty] = save(make_ego((0, 0)), tmp_path / "empty", ["csv"])
    assert empty.read_text() == "\n"
    with pytest.raises(ValueError, match="cannot be written as png: choose from json, csv"):
        save(ego, tmp_path / "ego", ["png"])


def test_pictures_stand_upright(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    half = np.zeros((64, 64, 3), np.uint8)
    half[:32] = 255
    for number in range(6):
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), half)
    figure = drift_figure(make_drift(), tmp_path)
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == 7
    for image in images:
        low, high = image.axes.get_ylim()
        # Row 0 is drawn at the upper end of the axis, whichever way it counts.
        first, last = image.get_extent()[3], image.get_extent()[2]
        assert np.asarray(image.get_array())[0].mean() == 255
        assert (first < last) == (low > high)
