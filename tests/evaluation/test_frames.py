"""The task of key frames against a plain loop over the tables, and its controls."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from tests.evaluation.dummy import Table
from tests.models.cases import prepared
from tests.models.rewritten import add_frames, tables_of
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.write import write_dataset
from workbench.evaluation.frames import METRICS, evaluate_frames, expectation
from workbench.evaluation.metrics import Ranks, metric
from workbench.features.store import Features
from workbench.models.base import Recommender


class Frames(Table):
    """Scores (users, frames of all images) given from outside."""

    name = "frames"

    def __init__(self, dataset: Dataset, scores: Tensor) -> None:
        super().__init__(dataset, scores)
        self.frame_features = Features.open(dataset.root, "convnet-frames")

    def frame_scores(self, users: Tensor, items: Tensor) -> tuple[Ragged, Tensor]:
        sets = self.frame_features.sets.select(items)
        return sets, self.scores[users[sets.rows], sets.values]


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Of every other like one frame is the cause, of some of them two; some causes are of posts, some name no frame."""
    folder = tmp_path_factory.mktemp("frames")
    write_dataset(folder / "plain", toy.card, tables_of(toy))
    plain = add_frames(Dataset.open(folder / "plain"))
    lengths = dict(zip(plain.items, Features.open(plain.root, "convnet-frames").sets.lengths.tolist(), strict=True))
    rows: list[dict[str, Any]] = []
    for number, like in enumerate(toy.table("likes")[["user", "item"]].itertuples(index=False)):
        count = lengths[like.item]
        if count > 1:
            for frame in {number % count, (number // 3) % count} if number % 5 == 0 else {number % count}:
                named = frame if number % 2 == 0 else None
                rows.append({"source": "like", "user": like.user, "item": like.item, "aspect": "own", "frame": named})
            rows.append({"source": "post", "user": like.user, "item": like.item, "aspect": "own", "frame": 0})
    causes = pd.DataFrame(rows)
    causes["frame"] = causes["frame"].astype("Int64")
    write_dataset(folder / "world", toy.card, {**tables_of(toy), "causes": causes})
    return add_frames(Dataset.open(folder / "world"))


@pytest.fixture(scope="module", params=["distinct", "tied", "constant"])
def model(world: Dataset, request: pytest.FixtureRequest) -> Frames:
    shape = (len(world.users), Features.open(world.root, "convnet-frames").card.shape[0])
    scores = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    return Frames(world, {"distinct": scores, "tied": scores.round(), "constant": scores * 0}[request.param])


def plain_loop(model: Frames, world: Dataset, split: str) -> dict[tuple[int, int], list[float]]:
    """By user and image, the metrics, by counting over the table of causes."""
    sets, likes, found = model.frame_features.sets, world.table("likes"), {}
    wanted = likes if split == "all" else likes[likes["split"] == split]
    for user, item in wanted[["user", "item"]].itertuples(index=False):
        causes = world.table("causes")
        mine = causes[(causes["user"] == user) & (causes["item"] == item) & (causes["source"] == "like")]
        liked = sorted(set(mine["frame"].dropna().tolist()))
        if not liked:
            continue
        u, i = world.users.code(user), world.items.code(item)
        scores = [float(model.scores[u, row]) for row in sets.row(i).tolist()]
        ranks = [sum(s > scores[k] for s in scores) + (sum(s == scores[k] for s in scores) + 1) / 2 for k in liked]
        one = Ranks(torch.tensor([0, len(ranks)]), torch.tensor(ranks), torch.tensor([len(scores)]))
        found[u, i] = [float(metric(name)(one)) for name in METRICS]
    return found


@pytest.mark.parametrize("split", ["train", "validation", "test", "all"])
def test_agrees_with_a_plain_loop(world: Dataset, model: Frames, split: Any) -> None:
    found, wanted = evaluate_frames(model, world, split=split), plain_loop(model, world, split)
    assert found.pairs == len(wanted) > 0 and found.users == len({user for user, _ in wanted})
    values = np.array([wanted[key] for key in sorted(wanted)])
    assert found.user_codes.tolist() == [user for user, _ in sorted(wanted)]
    for column, name in enumerate(METRICS):
        np.testing.assert_allclose(found.per_user[name], values[:, column])
        assert found.metrics[name].mean == pytest.approx(values[:, column].mean())
    assert sum(len(group.metrics) > 0 for group in found.groups) == len(found.groups) > 1
    assert found.model_dump_json()


@pytest.mark.parametrize("name", ["HR@1", "HR@3", "HR@9", "NDCG@1", "NDCG@3", "NDCG@5"])
@pytest.mark.parametrize(("frames", "liked"), [(2, 1), (4, 1), (5, 2), (4, 4)])
def test_random_is_the_mean_over_all_orders(name: str, frames: int, liked: int) -> None:
    offsets, size = torch.tensor([0, liked]), torch.tensor([frames])
    orders = [torch.tensor(places[:liked]).float() for places in permutations(range(1, frames + 1))]
    values = [float(metric(name)(Ranks(offsets, places, size))) for places in orders]
    (exact,) = expectation(name, torch.tensor([frames]), torch.tensor([liked]))
    assert exact == pytest.approx(np.mean(values))


def test_controls_of_a_model_that_knows_everything(world: Dataset) -> None:
    """It finds every frame; another user's order, and scores of other frames, find few more than chance."""
    sets = Features.open(world.root, "convnet-frames").sets
    scores = torch.zeros(len(world.users), len(sets.values))
    for row in world.table("causes").query("source == 'like'").dropna(subset=["frame"]).itertuples():
        scores[world.users.code(row.user), sets.row(world.items.code(row.item))[int(row.frame)]] = 1
    found = evaluate_frames(Frames(world, scores + 1e-3 * torch.rand(scores.shape)), world, split="all")
    assert found.metrics["HR@1"].mean == 1
    random = found.controls["random"]["HR@1"]
    for control in ("another user", "shuffled frames"):
        assert abs(found.controls[control]["HR@1"] - random) < 0.15
    again = evaluate_frames(Frames(world, scores), world, split="all", seed=0)
    assert again.controls["random"] == found.controls["random"]


def test_attention_over_frames_counts_as_a_score(world: Dataset) -> None:
    """ACF looks into frames: its attention ranks them, and only within an image."""
    acf = prepared("acf", world, 3, {"dim": 6, "hidden": 5, "features": "convnet-frames"})
    found = evaluate_frames(acf, world, split="all")
    assert found.pairs > 0 and set(found.controls) == {"random", "another user"}


def test_what_cannot_be_marked_is_said(world: Dataset, toy: Dataset, model: Frames) -> None:
    none = Table(world, torch.zeros(1, len(world.items)))
    with pytest.raises(ValueError, match="scores no frames"):
        evaluate_frames(none, world)
    with pytest.raises(DataError, match="no causes that name frames"):
        evaluate_frames(model, toy)
    with pytest.raises(ValueError, match="HR@K and NDCG@K, not by 'MRR'"):
        evaluate_frames(model, world, metrics=("MRR",))
    assert set(evaluate_frames(model, world, split="all", ks=(2,)).metrics) == {"HR@2", "NDCG@2"}


def test_the_protocol_is_one_of_the_api(world: Dataset, tmp_path: Path) -> None:
    run = api.train("jifr", world.root, tmp_path / "run", device="cpu", epochs=1, dim=4, visual_dim=4)
    assert api.evaluate(run, "frames", split="all").protocol == "frames"
    assert isinstance(run.model(world), Recommender)
