"""Key frames: the best frame and its lead against plain arithmetic, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.evaluation.dummy import Table
from tests.models.cases import prepared
from tests.models.rewritten import add_frames, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.write import write_dataset
from workbench.explain.explainer import Explainer
from workbench.explain.frames import NEAR, KeyFrames, Reel, key_frames, liked_for_a_frame, reel_of, reels, sentence
from workbench.explain.verdict import kendall_tau
from workbench.features.store import Features
from workbench.models.jifr import JIFR

CONFIG = {"dim": 6, "visual_dim": 5}


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Of the first user's first liked image with three frames, two were the cause; frames are 1.5 s apart."""
    folder = tmp_path_factory.mktemp("frames")
    write_dataset(folder / "plain", toy.card, tables_of(toy))
    lengths = Features.open(add_frames(Dataset.open(folder / "plain")).root, "convnet-frames").sets.lengths.tolist()
    frames = pd.DataFrame(
        [
            {"item": item, "frame": k, "image": f"frames/{item}-{k}.jpg", "time": 1.5 * k}
            for item, n in zip(toy.items, lengths, strict=True)
            for k in range(n)
        ]
    )
    liked = next(item for item in toy.known.row(0).tolist() if lengths[item] > 2)
    cause = {"source": "like", "user": toy.users.id(0), "item": toy.items.id(liked), "aspect": "own"}
    causes = pd.DataFrame([cause | {"frame": k} for k in (0, 2)])
    write_dataset(folder / "world", toy.card, {**tables_of(toy), "frames": frames, "causes": causes})
    return add_frames(Dataset.open(folder / "world"))


@pytest.fixture(scope="module")
def explainer(world: Dataset) -> Explainer:
    return Explainer(prepared("jifr", world, 3, CONFIG), world, "jifr")


def several(explainer: Explainer) -> list[KeyFrames]:
    return [key_frames(explainer, user, item) for user in (0, 7, 39) for item in reels(explainer)[:6]]


def test_the_lead_is_told_in_spreads_of_all_users(explainer: Explainer, world: Dataset) -> None:
    model = explainer.model
    assert isinstance(model, JIFR)
    for told in several(explainer):
        user, item = world.users.code(told.user), world.items.code(told.item)
        rows = model.features.sets.row(item)
        with torch.no_grad():
            g = model.project(model.standardise(model.vectors[rows].float()))
            table = model.w.weight @ g.T
        mine = table[user].tolist()
        first, second = sorted(mine, reverse=True)[:2]
        assert [frame.score for frame in told.frames] == pytest.approx(mine, abs=1e-4)
        assert told.key == told.ranked[0].id == mine.index(first) and told.runner_up == mine.index(second)
        assert told.spread == pytest.approx(float(table.std()), rel=1e-4)
        assert told.margin == pytest.approx((first - second) / float(table.std()), abs=1e-4)
        assert told.shared == pytest.approx(float((table.argmax(1) == told.key).double().mean()))
        mean = sum(mine) / len(mine)
        relative = [(score - mean) / told.spread for score in mine]
        assert [frame.relative for frame in told.frames] == pytest.approx(relative, abs=1e-4)
        assert [frame.seconds for frame in told.frames] == [1.5 * k for k in range(len(mine))]
        weights = [frame.attention or 0.0 for frame in told.frames]
        assert told.agreement == kendall_tau(weights, mine) == 1


def test_contributions_are_the_visual_term_and_the_share_keeps_its_sign(explainer: Explainer, world: Dataset) -> None:
    model = explainer.model
    assert isinstance(model, JIFR)
    signs = set()
    for told in several(explainer):
        pair = torch.tensor([world.users.code(told.user)]), torch.tensor([world.items.code(told.item)])
        with torch.no_grad():
            collaborative, visual = (float(term) for term in model.space_terms(*pair))
            score = float(model.score_pairs(*pair)[0])
        assert sum(frame.contribution or 0.0 for frame in told.frames) == pytest.approx(visual, abs=1e-4)
        assert told.visual_share == pytest.approx(visual / (abs(visual) + abs(collaborative)))
        assert told.score == pytest.approx(score, abs=1e-4)
        assert all(frame.removal is not None and frame.image for frame in told.frames)
        signs.add(visual > 0)
    assert signs == {True, False}


def test_no_lead_is_no_reason(explainer: Explainer) -> None:
    told = several(explainer)[0]
    near = told.model_copy(update={"margin": NEAR - 0.01})
    clear = told.model_copy(update={"margin": NEAR})
    assert not near.is_personal and sentence(near).startswith("No personal reason: frame")
    assert clear.is_personal and f"suits {told.user_label} best" in sentence(clear)
    assert "of all users" in told.sentence
    for share, words in ((0.4, "makes up 40%"), (-0.2, "speaks against the image, with 20%")):
        assert words in sentence(told.model_copy(update={"visual_share": share}))


def test_a_model_without_a_visual_taste_has_no_reason(world: Dataset) -> None:
    model = prepared("jifr", world, 3, CONFIG)
    assert isinstance(model, JIFR)
    with torch.no_grad():
        model.w.weight.zero_()
    told = key_frames(Explainer(model, world), 0, reels(Explainer(model, world))[0])
    assert told.margin == 0 and not told.is_personal and told.visual_share == 0


def test_the_planted_frames_are_told(explainer: Explainer, world: Dataset) -> None:
    (item,) = liked_for_a_frame(world, 0)
    assert key_frames(explainer, 0, item).planted == (0, 2)
    assert key_frames(explainer, 1, item).planted == () and not liked_for_a_frame(world, 1)


def test_a_reel_for_several_users_is_written_and_read(explainer: Explainer) -> None:
    item = reels(explainer)[0]
    found = reel_of(explainer, (0, 1, 2), item)
    assert Reel.model_validate_json(found.model_dump_json()) == found
    rows = found.rows()
    assert len(rows) == 3 * len(found.readings[0].frames) and len({tuple(row) for row in rows}) == 1
    assert sum(bool(row["key"]) for row in rows) == 3


def test_attention_over_frames_is_a_score_whose_removal_nothing_shows(world: Dataset) -> None:
    acf = prepared("acf", world, 3, {"dim": 6, "hidden": 5, "features": "convnet-frames"})
    told = key_frames(Explainer(acf, world), 0, reels(Explainer(acf, world))[0])
    assert told.what == "attention" and sum(frame.score for frame in told.frames) == pytest.approx(1)
    assert told.visual_share is None and told.verdict.badge == "cannot be judged"
    assert all(frame.contribution is None for frame in told.frames)


def test_a_picture_without_a_reel_and_a_model_without_frames_are_said(explainer: Explainer, world: Dataset) -> None:
    lengths = Features.open(world.root, "convnet-frames").sets.lengths.tolist()
    with pytest.raises(DataError, match="no reel of frames"):
        key_frames(explainer, 0, lengths.index(1))
    with pytest.raises(DataError, match="scores no frames"):
        reels(Explainer(Table(world, torch.zeros(1, len(world.items))), world))


def test_a_picture_that_is_its_own_only_frame_is_named_so(world: Dataset, tmp_path: Path) -> None:
    tables = tables_of(world)
    tables["items"]["image"] = "images/1.jpg"
    write_dataset(tmp_path / "pictures", world.card, tables)
    other = add_frames(Dataset.open(tmp_path / "pictures"))
    found = Explainer(prepared("jifr", other, 3, CONFIG), other).explain(0, 4)
    assert {e.label for e in found.level("frames").elements} == {"the picture"}
    assert {e.image for e in found.level("frames").elements} == {"images/1.jpg"}
