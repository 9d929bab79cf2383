"""Regions blurred in the picture: against pictures blurred, encoded and scored by hand; refused where none can be."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.models.cases import prepared
from tests.models.rewritten import add_topics
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.postcards.world import build_world
from workbench.explain import blurred as blurring
from workbench.explain.audit.look import looked
from workbench.explain.audit.run import Plan, audit
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.whatif import smallest_change, what_if
from workbench.features.encoders import encoder_named
from workbench.features.encoders.descriptor import describe
from workbench.features.extraction import extract
from workbench.features.pictures import blurred, pixels_of, read_picture, soft
from workbench.features.store import ARRAY, FOLDER, Features
from workbench.models.base import Recommender

CELLS = 3
MODELS: dict[str, dict[str, Any]] = {
    "acf": {"features": "cells", "dim": 8, "hidden": 8, "form": "code"},
    "vbpr": {"features": "cells", "dim": 4},
    "mlam": {"features": "cells", "dim": 8, "rare": 1},
    "uhan": {"features": "cells", "dim": 8, "rare": 1},
    "anternn": {"features": "cells", "dim": 8, "rare": 1, "words": "embedding", "identity": True, "output": "content"},
    "svdfeature": {"features": "cells", "dim": 4},
    "svr": {"features": "cells", "rare": 1, "c": (0.3,)},
    "cdl": {"inputs": "cells", "dim": 4, "hidden": (8,), "sweeps": 1, "pretraining": 1, "tuning": 1},
}
GROUP = {"acf": "regions", "anternn": "picture", "cdl": "picture"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The smallest demo world, its pictures described cell by cell."""
    root = tmp_path_factory.mktemp("blurred") / "cards"
    dataset = build_world(root, "tiny", 7)
    extract(dataset, encoder_named("descriptor", dataset, grid=(CELLS, CELLS)), "cells")
    extract(dataset, encoder_named("descriptor", dataset))
    add_topics(dataset)
    return dataset


def explainer_of(name: str, world: Dataset) -> Explainer:
    return Explainer(prepared(name, world, 1, MODELS[name]), world, "a-run")


def pair_of(explainer: Explainer) -> tuple[int, int]:
    data = explainer.dataset
    if explainer.model.task == "popularity":
        users, items, _ = data.posts("test")
        return int(users[0]), int(items[0])
    user = int(data.history.lengths.argmax())
    return user, data.items.code(explainer.recommend(user, 1)[0].item)


def by_hand(world: Dataset, item: int, gone: list[int], gate: float = 0.0) -> NDArray[np.uint8]:
    """A picture whose cells are blurred, all done by hand."""
    picture = np.array(Image.open(str(world.image_path(item))).convert("RGB"))
    side = len(picture)
    assert picture.shape == (side, side, 3)
    out = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigmaX=side * 10 / 224, sigmaY=side * 10 / 224), np.uint8)
    new: NDArray[np.uint8] = picture.copy()
    for cell in gone:
        row, column = divmod(cell, CELLS)
        y, x = (slice(int(side * k / CELLS), math.ceil(side * (k + 1) / CELLS)) for k in (row, column))
        new[y, x] = np.rint(np.float32(gate) * picture[y, x] + np.float32(1 - gate) * out[y, x])
    return new


def described(picture: NDArray[np.uint8]) -> NDArray[np.float16]:
    """(cells, d) what the descriptor says of a picture."""
    edges = np.linspace(0, len(picture), CELLS + 1).astype(int)
    parts = [picture[edges[r] : edges[r + 1], edges[c] : edges[c + 1]] for r in range(CELLS) for c in range(CELLS)]
    return np.stack([describe(part) for part in parts]).astype(np.float16)


def rebuilt(explainer: Explainer, changed: dict[int, NDArray[np.uint8]], folder: Path) -> Recommender:
    """The model made anew over a copy of the dataset in which some images have the features of other pictures."""
    world = explainer.dataset
    shutil.copytree(world.root, folder)
    cells, whole = (folder / FOLDER / name / ARRAY for name in ("cells", "descriptor"))
    rows, wholes = np.load(cells), np.load(whole)
    for item, picture in changed.items():
        rows[CELLS**2 * item : CELLS**2 * (item + 1)] = described(picture)
        wholes[item] = describe(picture)
    np.save(cells, rows)
    np.save(whole, wholes)
    model = type(explainer.model)(explainer.model.config, Dataset.open(folder))
    model.load_state_dict(explainer.model.state_dict())
    return model.eval()


@pytest.mark.parametrize("name", MODELS)
def test_a_blurred_region_costs_what_the_picture_blurred_by_hand_does(
    name: str, world: Dataset, tmp_path: Path
) -> None:
    explainer = explainer_of(name, world)
    user, item = pair_of(explainer)
    told = explainer.explain(user, item, removal="blurred")
    level = told.level(GROUP.get(name, "regions"))
    assert told.removal == "blurred" and max(abs(element.removal or 0) for element in level.elements) > 1e-4
    for place in (0, 4):
        element = level.elements[place]
        shown = item if element.of is None else world.items.code(element.of)
        model = rebuilt(explainer, {shown: by_hand(world, shown, [int(element.id)])}, tmp_path / str(place))
        with torch.no_grad():
            score = float(model.score_pairs(torch.tensor([user]), torch.tensor([item])))
            scores = model.score_items(torch.tensor([user])) if told.task == "ranking" else None
        assert element.removal == pytest.approx(score - told.score, abs=2e-4, rel=1e-3)
        race = explainer.race(user, item)
        if scores is not None and race is not None:
            ranked = race(scores)[0]
            assert element.rank_without == 1 + int((ranked > ranked[item]).sum())
    # What is no region is deleted, and the model itself is as it was.
    plain = explainer.explain(user, item)
    for mine, other in zip(told.levels, plain.levels, strict=True):
        if mine.kind not in ("region", "aspect"):
            assert [e.removal for e in mine.elements] == pytest.approx([e.removal for e in other.elements], abs=1e-6)
    assert plain.score == told.score


def test_a_ranking_with_blurred_pictures_is_that_of_pictures_blurred_by_hand(world: Dataset, tmp_path: Path) -> None:
    explainer = explainer_of("acf", world)
    user, item = pair_of(explainer)
    liked = [int(code) for code in world.history.row(user)[:2]]
    first, second = (world.items.id(code) for code in liked)
    edits = [
        Edit(group="regions", id=1, item=first),
        Edit(group="regions", id=5, item=first),
        Edit(group="regions", id=2, item=second, gate=0.25),
    ]
    found = what_if(explainer, user, edits, item=item, removal="blurred")
    changed = {liked[0]: by_hand(world, liked[0], [1, 5]), liked[1]: by_hand(world, liked[1], [2], 0.25)}
    model = rebuilt(explainer, changed, tmp_path / "copy")
    race = explainer.race(user, -1)
    assert race is not None and found.removal == "blurred"
    with torch.no_grad():
        scores = race(model.score_items(torch.tensor([user])))[0]
    best = scores.topk(10).indices.tolist()
    assert [one.item for one in found.after] == [world.items.id(code) for code in best]
    assert [one.score for one in found.after] == pytest.approx(scores[best].tolist(), abs=1e-4)
    assert found.explained is not None and found.before != found.after


def test_a_group_of_an_image_is_blurred_as_a_whole_and_pictures_of_every_image_with_it(
    world: Dataset, tmp_path: Path
) -> None:
    explainer = explainer_of("vbpr", world)
    user, item = pair_of(explainer)
    found = what_if(explainer, user, [Edit(group="regions")], item=item, removal="blurred")
    everything = range(CELLS**2)
    changed = {code: by_hand(world, code, list(everything)) for code in range(len(world.items))}
    model = rebuilt(explainer, changed, tmp_path / "copy")
    with torch.no_grad():
        score = float(model.score_pairs(torch.tensor([user]), torch.tensor([item])))
        before = float(explainer.model.score_pairs(torch.tensor([user]), torch.tensor([item])))
    assert found.explained is not None and found.explained.score_change == pytest.approx(score - before, abs=1e-4)


def test_an_audit_blurs_the_regions_of_a_model(world: Dataset) -> None:
    explainer = explainer_of("vbpr", world)
    user, item = pair_of(explainer)
    units = explainer.units(user, item, removal="blurred")
    assert not units.has_slope
    deleted, soft_ones = (
        {row["method"]: row for row in looked(explainer, explainer.units(user, item, removal=removal), 1.0, 10, 0)}
        for removal in ("deleted", "blurred")
    )
    assert set(deleted) - set(soft_ones) == {"integrated_gradients", "gradient_x_gate"}
    assert deleted["contribution"]["comprehensiveness"] != soft_ones["contribution"]["comprehensiveness"]
    change, edits = smallest_change(explainer, user, item, 3, removal="blurred")
    if change.found and edits:
        again = what_if(explainer, user, edits, item=item, removal="blurred")
        assert again.explained is not None and again.explained.rank_after == change.rank_without


def test_batches_of_pictures_do_not_change_what_is_told(world: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = explainer_of("vbpr", world)
    user, item = pair_of(explainer)
    whole = explainer.explain(user, item, removal="blurred")
    monkeypatch.setattr(blurring, "PIXELS", 1)
    one_by_one = explainer.explain(user, item, removal="blurred")
    assert [e.removal for e in whole.level("regions").elements] == [
        e.removal for e in one_by_one.level("regions").elements
    ]


def test_where_nothing_can_be_blurred_it_is_said_why(world: Dataset, tmp_path: Path) -> None:
    svdpp = Explainer(prepared("svdpp", world, 1, {}), world)
    with pytest.raises(DataError, match="svdpp reads no regions of images, so nothing can be blurred: choose deleted"):
        svdpp.explain(0, 0, removal="blurred")
    acf = explainer_of("acf", world)
    with pytest.raises(DataError, match="lie inside other evidence, which is asked about as a whole here"):
        acf.units(*pair_of(acf), removal="blurred")
    with pytest.raises(DataError, match="lie inside other evidence, which is asked about as a whole here"):
        audit(acf, tmp_path, Plan(removal="blurred"))
    assert not any(tmp_path.iterdir())
    copy = tmp_path / "copy"
    shutil.copytree(world.root, copy)
    explainer = Explainer(prepared("vbpr", Dataset.open(copy), 1, MODELS["vbpr"]), Dataset.open(copy))
    user, item = pair_of(explainer)
    path = explainer.dataset.image_path(item)
    assert path is not None
    other = explainer.dataset.image_path((item + 1) % len(world.items))
    assert other is not None
    # Once it was right, and is known; then the file is another one.
    explainer.explain(user, item, removal="blurred")
    shutil.copy(other, path)
    with pytest.raises(DataError, match=r"is not the picture that .*cells was made of: make the features again with"):
        explainer.explain(user, item, removal="blurred")
    path.unlink()
    with pytest.raises(DataError, match="has no picture in .* that could be blurred: choose deleted"):
        explainer.explain(user, item, removal="blurred")


def test_pictures_blurred_once_are_not_read_again(world: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = explainer_of("vbpr", world)
    user, item = pair_of(explainer)
    before = explainer.explain(user, item, removal="blurred")

    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr("workbench.explain.blurred.read_picture", refuse)
    assert explainer.explain(user, item, removal="blurred") == before


def test_boxes_that_would_be_looked_for_anew_are_refused(world: Dataset, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(world.root, copy)
    found = Features.open(copy, "cells")
    boxes = pd.DataFrame(found.boxes, columns=["x0", "y0", "x1", "y1"]).assign(region=0)
    card = found.card.model_copy(update={"grid": None})
    Features.write(copy, "cells", card, np.array(found.array()), found.sets.lengths.numpy(), boxes)
    explainer = Explainer(prepared("vbpr", Dataset.open(copy), 1, MODELS["vbpr"]), Dataset.open(copy))
    with pytest.raises(DataError, match="looks for other regions in a blurred picture"):
        explainer.explain(*pair_of(explainer), removal="blurred")


def test_a_blur_stays_inside_its_boxes_and_mixes_by_the_gate(world: Dataset) -> None:
    path = world.image_path(3)
    assert path is not None
    picture = read_picture(path)
    boxes = np.array([[0, 0, 0.5, 0.5], [0.25, 0.25, 1, 1]], np.float32)
    out = soft(picture)
    new = blurred(picture, out, boxes, (0.5, 1.0))
    half = pixels_of(boxes[0], picture.shape)
    assert np.array_equal(new[half], np.rint((picture[half].astype(np.float64) + out[half]) / 2).astype(np.uint8))
    outside = np.ones(picture.shape[:2], bool)
    outside[half] = False
    assert np.array_equal(new[outside], picture[outside])
    assert np.array_equal(blurred(picture, out, boxes, (0.5, 0.0))[pixels_of(boxes[1], picture.shape)],
                          out[pixels_of(boxes[1], picture.shape)])  # fmt: skip


def test_rows_of_a_twin_change_in_place_and_those_of_its_model_never(world: Dataset) -> None:
    model = explainer_of("vbpr", world).model
    before, twin = model.vectors.clone(), model.twin()
    seen = [torch.rand(9, before.shape[1]) for _ in range(2)]
    with torch.inference_mode():
        twin.repaint(3, [seen[0]])
    table = twin.vectors
    twin.repaint(5, [seen[1]])
    wanted = before.clone()
    wanted[3], wanted[5] = seen[0].mean(0), seen[1].mean(0)
    torch.testing.assert_close(twin.vectors, wanted)
    assert twin.vectors is table and torch.equal(model.vectors, before)
    users, items = torch.tensor([1, 1]), torch.tensor([3, 5])
    rebuilt = model.twin()
    rebuilt.vectors = wanted
    torch.testing.assert_close(twin.score_pairs(users, items), rebuilt.score_pairs(users, items))
    twin.twin().repaint(3, [seen[1]])
    torch.testing.assert_close(twin.vectors, wanted)
