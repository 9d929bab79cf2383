from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.cases import ModelCase, prepared
from tests.models.rewritten import DELETE, Tables, rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import Gates
from workbench.layers.ridge import ImageRegression
from workbench.models.hascplus import HASCPlus
from workbench.models.reasons import COLUMNS, REACHES, SEASONS, WIDTH


def without_works_of(tables: Tables, user: Any, element: Any, item: Any) -> None:
    """A user never liked an image of one creator."""
    made = tables["items"].loc[tables["items"]["creator"] == element, "item"]
    likes = tables["likes"]
    tables["likes"] = likes[(likes["user"] != user) | ~likes["item"].isin(made)]


def without_follower(tables: Tables, user: Any, element: Any, item: Any) -> None:
    follows = tables["follows"]
    tables["follows"] = follows[(follows["follower"] != element) | (follows["followee"] != user)]


@pytest.fixture(autouse=True)
def deletions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, delete in {
        "admired": without_works_of,
        "works": DELETE["history"],
        "followers": without_follower,
    }.items():
        monkeypatch.setitem(DELETE, name, delete)


class TestHASCPlus(ModelCase):
    name = "hasc-plus"
    config: ClassVar[dict[str, Any]] = {"strength": 3.0, "neighbours": 40, "pool": 20, "negatives": 5}

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
        """The toy world with every fourth image unsigned, and twelve creators, who follow and like more than others."""
        tables = tables_of(toy)
        items = tables["items"]
        people = items["creator"].dropna().unique()[:12]
        items["creator"] = np.random.default_rng(1).choice(people, len(items))
        items["creator"] = items["creator"].astype("Int64").where(np.arange(len(items)) % 4 != 3)
        rng = np.random.default_rng(2)
        fans = [(maker, item) for maker in people for item in rng.choice(list(toy.items), 40, replace=False)]
        liked = pd.DataFrame(fans, columns=["user", "item"]).assign(time=1_710_000_000, split="train")
        tables["likes"] = pd.concat([tables["likes"], liked]).drop_duplicates(["user", "item"])
        back = [(maker, user) for maker in people for user in rng.choice(list(toy.users), 12, replace=False)]
        more = pd.DataFrame([pair for pair in back if pair[0] != pair[1]], columns=["follower", "followee"])
        tables["follows"] = pd.concat([tables["follows"], more]).drop_duplicates()
        return rewrite(toy, tables, tmp_path_factory.mktemp("world") / "toy")

    def test_equals_a_plain_reference(self, model: HASCPlus, world: Dataset) -> None:
        """Sums by loops over sets of ids, the weights of the reasons by the formula."""
        users, items = self.pairs(world)
        expected = torch.tensor(
            [_score(model, world, user, item) for user, item in zip(users.tolist(), items.tolist(), strict=True)]
        )
        torch.testing.assert_close(model.score_pairs(users, items), expected, atol=2e-5, rtol=1e-4)

    def test_a_like_is_learned_from_as_if_it_had_not_been_recorded(self, world: Dataset, tmp_path: Path) -> None:
        model = self.make(world)
        lessons = model._learned_from()
        history, dense, near = world.history, _weights(model.reasons.likes.sets, world), model.reasons.near
        bar = float(near.weights[near.weights > 0].min())
        for place in range(0, len(history.values), 97):
            user, item = int(history.rows[place]), int(history.values[place])
            tables = tables_of(world)
            likes = tables["likes"]
            mine = (likes["user"] == world.users.id(user)) & (likes["item"] == world.items.id(item))
            tables["likes"] = likes[~mine]
            smaller = rewrite(world, tables, tmp_path / str(place))
            other = HASCPlus(model.config, smaller)
            other.reasons.near.load_state_dict(near.state_dict())
            u, i = torch.tensor([user]), torch.tensor([item])
            sums = other.reasons.everything(u, Gates())[:, 0, item]
            # The regression is fitted again without the like; which weights are kept is told by the one with it.
            liked, again = smaller.history.row(user), _weights(smaller.history, world)
            weights = again[liked, item]
            sums[3] = weights[(dense[liked, item] >= bar) & (weights >= bar)].sum()
            made = world.uploads.row(user)
            weights = again[made, item]
            sums[11] = weights[(dense[made, item] >= bar) & (weights >= bar)].sum()
            torch.testing.assert_close(lessons.likes[place], sums, atol=1e-4, rtol=1e-3)
            torch.testing.assert_close(lessons.like_offsets[:, place], other.reasons.offsets(u, i)[:, 0])
        told = model.reasons.everything(torch.arange(len(world.users)), Gates())[:, history.rows, history.values]
        for column in (3, 11):
            assert (lessons.likes[:, column] - told[column]).abs().max() > 1e-3

    def test_a_reason_left_out_plays_no_part(self, world: Dataset) -> None:
        config = self.config | {"reasons": ["maker", "endorsed"]}
        model = prepared(self.name, world, 3, config)
        assert [group.name for group in model.active_evidence] == ["admired", "works", "follows"]
        users, items = self.pairs(world)
        with torch.no_grad():
            before = model.score_pairs(users, items)
            model.reasons.near.weights.mul_(2)
            assert torch.equal(model.score_pairs(users, items), before)

    def test_a_world_without_creators_has_likes_and_follows(self, world: Dataset, tmp_path: Path) -> None:
        tables = tables_of(world)
        tables["items"] = tables["items"].drop(columns="creator")
        model = prepared(self.name, rewrite(world, tables, tmp_path / "unsigned"), 3, self.config)
        assert [group.name for group in model.active_evidence] == ["history", "follows", "followers"]
        reading = model.read(*self.pairs(world))
        assert {level.name for level in reading.levels} == {"aspects", "history", "follows", "followers"}

    def test_attention_is_in_proportion_to_what_is_added(self, model: HASCPlus, world: Dataset) -> None:
        for level in model.read(*self.pairs(world)).levels:
            assert level.attention is not None and level.contribution is not None
            rows = level.elements.rows if level.parent is None else level.parent
            total = torch.zeros(int(rows.max()) + 1).index_add(0, rows, level.contribution)[rows]
            told = total > 0.01
            torch.testing.assert_close(level.attention[told], (level.contribution / total)[told], atol=1e-3, rtol=1e-2)


def _weights(history: Ragged, world: Dataset) -> torch.Tensor:
    """All weights of the regression."""
    regression = ImageRegression(history, len(world.items), 3.0)
    return torch.from_numpy(np.concatenate([block for _, block in regression.columns()], 1))


def _score(model: HASCPlus, world: Dataset, user: int, item: int) -> float:
    likes = {(int(u), int(i)) for u, i in zip(*world.likes("train"), strict=True)}
    follows = {(int(u), int(b)) for u, b in zip(world.follows.rows, world.follows.values, strict=True)}
    creator, time = world.creator.tolist(), world.uploaded.tolist()
    maker = creator[item] if creator[item] not in (-1, user) else None
    order = sorted(range(len(time)), key=lambda i: (time[i], i))
    mine = [i for i in order if maker is not None and creator[i] == maker]
    windows = [max(1, round(share * len(order))) for share in SEASONS]
    sums = np.zeros(WIDTH)
    for j in (j for u, j in likes if u == user and j != item):
        if maker is not None and creator[j] == maker:
            between = abs(mine.index(j) - mine.index(item))
            sums[list(COLUMNS["nearby"])] += [np.exp(-between / reach) for reach in REACHES]
            sums[2] += 1
        sums[3] += float(model.reasons.near.between(torch.tensor([j]), torch.tensor([item])))
        sums[list(COLUMNS["season"])] += [abs(order.index(j) - order.index(item)) <= window for window in windows]
    for b in (b for u, b in follows if u == user):
        sums[6] += b == maker
        sums[7] += (b, item) in likes
        sums[8] += 0 if maker is None else sum((b, j) in likes for j in range(len(creator)) if creator[j] == maker)
    sums[9] = (maker, user) in follows
    sums[10] = sum((maker, j) in likes for j in range(len(creator)) if creator[j] == user)
    for j in (j for j in range(len(creator)) if creator[j] == user):
        sums[11] += float(model.reasons.near.between(torch.tensor([j]), torch.tensor([item])))
    others = sum(i == item and u != user for u, i in likes)
    offsets = np.log1p([others, 0 if maker is None else creator.count(maker)])
    p = {name: parameter.detach().double().numpy() for name, parameter in model.named_parameters()}
    known = np.log1p(np.exp(p["scale"]) * sums)
    hidden = np.maximum(p["hidden.weight"] @ np.concatenate([known, offsets]) + p["hidden.bias"], 0)
    weights = np.log1p(np.exp(p["weigh.weight"] @ hidden + p["weigh.bias"]))
    return float(weights @ known + p["base.weight"][0] @ offsets)
