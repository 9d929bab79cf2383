"""What is drawn on a picture: which regions lie inside, and what that does to the edits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.models.cases import prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain import drawn
from workbench.explain.edits import Edit, parse_all, written
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Element
from workbench.explain.record import edit_of
from workbench.explain.whatif import what_if

GRID = [
    Element(kind="region", id=3 * row + column, label="", box=(column / 3, row / 3, (column + 1) / 3, (row + 1) / 3))
    for row in range(3)
    for column in range(3)
]


@pytest.fixture
def explainer(toy: Dataset, tmp_path: Path) -> Explainer:
    world = rewrite(toy, tables_of(toy), tmp_path / "toy")
    return Explainer(prepared("acf", world, 1, {"dim": 8, "hidden": 8, "form": "code"}), world)


def ids(regions: list[Element]) -> list[object]:
    return [region.id for region in regions]


def test_a_region_is_inside_where_its_centre_is() -> None:
    # The centres lie at 1/6, 1/2 and 5/6.
    assert ids(drawn.enclosed(GRID, [(0, 0), (0.55, 0), (0.55, 0.3), (0, 0.3)])) == [0, 1]
    assert ids(drawn.enclosed(GRID, [(0, 0), (0.45, 0), (0.45, 0.3), (0, 0.3)])) == [0]
    # A triangle over the lower left half holds the centres on its edge, too.
    assert ids(drawn.enclosed(GRID, [(0, 0), (0, 1), (1, 1)])) == [0, 3, 4, 6, 7, 8]
    assert drawn.enclosed(GRID, [(0, 0), (1, 1)]) == [] and drawn.enclosed([], [(0, 0), (1, 0), (1, 1)]) == []


def test_boxes_lines_and_clicks_pick_regions() -> None:
    # Plotly tells a box by its corners in the order in which they were drawn.
    box = {"xref": "x", "yref": "y", "x": [0.6, 0.0], "y": [0.4, 1.0]}
    lasso = {"x": [0.7, 1.0, 1.0, 0.7], "y": [0.0, 0.0, 0.3, 0.3]}
    points = [{"customdata": "4"}, {"customdata": ["7"]}, {}]
    assert ids(drawn.picked(GRID, {"box": [box], "lasso": [], "points": points})) == [3, 4, 6, 7]
    assert ids(drawn.picked(GRID, {"box": [box], "lasso": [lasso]})) == [2, 3, 4, 6, 7]
    assert ids(drawn.picked(GRID, {"box": [], "lasso": [], "points": points})) == [4, 7]
    assert drawn.picked(GRID, {}) == []


def test_what_is_drawn_is_left_out_and_drawn_again_comes_back() -> None:
    other, faint = Edit(group="history", id=3), Edit(group="regions", id=1, item=9, gate=0.5)
    first, second = (Edit(group="regions", id=number, item=9) for number in (1, 2))
    assert drawn.muted([other, faint], [first, second]) == [other, first, second]
    assert drawn.muted([other, first], [first, second]) == [other, first, second]
    assert drawn.muted([other, first, second], [first, second]) == [other]


def test_edits_written_together_are_read_as_they_were() -> None:
    several = [Edit(group="regions", id=number, item="a@b~c") for number in (3, 4, 9)]
    faint = [Edit(group="follows", id=name, gate=0.5) for name in ("be~a", "100%")]
    whole = [Edit(group="regions", item="x")] * 2
    edits = [Edit(group="uploads"), *several, Edit(group="regions", id=5, item="x"), *faint, *whole]
    texts = written(edits)
    assert texts == [
        "uploads", "regions:3~4~9@a%40b%7Ec", "regions:5@x", "follows:be%7Ea~100%25=0.5", "regions@x", "regions@x",
    ]  # fmt: skip
    read = parse_all(texts)
    assert [edit.place for edit in read] == [edit.place for edit in edits]
    assert [edit.gate for edit in read] == [edit.gate for edit in edits]
    assert all(Edit.parse(str(edit)).place == edit.place for edit in edits)
    with pytest.raises(DataError, match="is no edit"):
        parse_all(["regions:3~@x"])


def test_regions_of_a_liked_image_are_drawn_on_and_mute_the_same_as_by_name(explainer: Explainer) -> None:
    data, group = explainer.dataset, explainer.groups["regions"]
    user = int(data.history.lengths.argmax())
    item = int(data.history.row(user)[0])
    regions = drawn.regions_of(explainer, group, item)
    assert [region.box for region in regions] == [
        (0, 0, 0.5, 0.5),
        (0.5, 0, 1, 0.5),
        (0, 0.5, 0.5, 1),
        (0.5, 0.5, 1, 1),
    ]
    half = drawn.picked(regions, {"box": [{"x": [0, 1], "y": [0, 0.5]}]})
    edits = [edit_of(group, region, data.items.id(0)) for region in half]
    assert written(edits) == [f"regions:0~1@{data.items.id(item)}"]
    found = what_if(explainer, user, edits)
    assert found.after != found.before
    assert found.after == what_if(explainer, user, parse_all([f"regions:0~1@{data.items.id(item)}"])).after
    assert drawn.regions_of(explainer, explainer.groups["history"], item) == []
    with pytest.raises(DataError, match="has no picture to draw on"):
        drawn.picture(explainer, item, regions, [], blur=True)


def test_the_picture_shows_the_blur(tmp_path: Path) -> None:
    from workbench.data.postcards.world import build_world
    from workbench.features.pictures import read_picture, soft

    world = build_world(tmp_path / "cards", "tiny", 7)
    explainer = Explainer(prepared("svdpp", world, 1, {}), world)
    path = world.image_path(0)
    assert path is not None
    plain, out = read_picture(path), soft(read_picture(path))
    shown = drawn.picture(explainer, 0, GRID, [0], blur=True)
    height, width = (int(np.ceil(side / 3)) for side in plain.shape[:2])
    assert np.array_equal(shown[:height, :width], out[:height, :width])
    assert np.array_equal(shown[height:], plain[height:])
    assert np.array_equal(drawn.picture(explainer, 0, GRID, [0], blur=False), plain)


def test_the_answer_tells_which_parts_of_which_picture_are_left_out(explainer: Explainer) -> None:
    data, group = explainer.dataset, explainer.groups["regions"]
    user = next(user for user in range(len(data.users)) if len(data.history.row(user)) > 1)
    code = int(data.history.row(user)[0])
    regions = drawn.regions_of(explainer, group, code)
    gone, faint = (edit_of(group, region, data.items.id(code)) for region in regions[:2])
    everywhere = Edit(group="regions", id=regions[0].id)
    edits = [gone, faint.model_copy(update={"gate": 0.25}), everywhere, Edit(group="history", id=data.items.id(code))]
    (mask,) = what_if(explainer, user, edits).masks
    assert mask.image.id == data.items.id(code) and mask.total == len(regions)
    assert ids(list(mask.regions)) == ids(regions[:2]) and mask.gates == (0.0, 0.25)
    (whole,) = drawn.masked(explainer, [Edit(group="regions", item=data.items.id(code))])
    assert ids(list(whole.regions)) == ids(regions) and set(whole.gates) == {0.0}
    assert drawn.masked(explainer, [everywhere, gone.model_copy(update={"gate": 1.0})]) == ()
