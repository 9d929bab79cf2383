from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.store import Features
from workbench.features.topics import Topics
from workbench.models.base import PairBatch, Recommender
from workbench.models.contextmf import ContextMF, ContextMFConfig, nearest_vectors
from workbench.models.ranking import bpr_loss, squared

WITHOUT: dict[str, Any] = {"preference": 0.0, "content": 0.0, "interaction": 0.0, "similar_by": "none"}


def influence(model: ContextMF, world: Dataset, user: int, item: int) -> Tensor:
    """The factor of one pair, looked up in plain lists."""
    sender = int(world.creator[item])
    if sender < 0 or sender not in world.follows.row(user).tolist():
        return torch.ones(())
    return model.influence.weight[model.influence.keys.tolist().index(user * len(world.users) + sender)]


def cosine(one: Tensor, other: Tensor) -> float:
    return float(one @ other / (one.norm() * other.norm()).clamp_min(1e-9))


class TestContextMF(ModelCase):
    name = "contextmf"

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, ContextMF)
        w, seen = model.state_dict(), set()
        users = torch.arange(40).repeat_interleave(120)
        items = torch.arange(120).repeat(40)
        for user, item, score in zip(users.tolist(), items.tolist(), model.score_pairs(users, items), strict=True):
            s = float(influence(model, world, user, item))
            seen.add(s == 1)
            expected = s * w["users.weight"][user] @ w["items.weight"][item] + w["bias"][item]
            assert score.item() == pytest.approx(expected.item(), abs=1e-4)
        assert seen == {True, False}

    @torch.no_grad()
    def test_influence_is_drawn_to_the_recorded_frequency(self, model: Recommender, world: Dataset) -> None:
        """How much of what a sender made the follower liked in training, counted one by one."""
        assert isinstance(model, ContextMF)
        shares = []
        for key in model.influence.keys.tolist():
            user, sender = divmod(key, len(world.users))
            made = world.uploads.row(sender).tolist()
            shares.append(len(set(made) & set(world.history.row(user).tolist())) / len(made))
        frequency = torch.tensor(shares)
        if model.config.frequency == "relative":
            frequency = frequency / frequency.mean()
        torch.testing.assert_close(model.frequency, frequency)
        s, config = model.influence.weight, model.config
        expected = config.interaction * (s - frequency).square().sum()
        expected = expected + config.influence_regularisation * s.square().sum()
        torch.testing.assert_close(model.influence_loss(), expected)

    @torch.no_grad()
    def test_loss_adds_up(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, ContextMF)
        users, items = world.likes("train")
        negatives = torch.randint(120, (len(users), 2), generator=torch.Generator().manual_seed(3))
        torch.manual_seed(5)
        loss = float(model(PairBatch(users, items, negatives)))
        torch.manual_seed(5)
        config, added = model.config, float(model.influence_loss())
        for weight, table, pairs in (
            (config.preference, model.users.weight, model.people),
            (config.content, model.items.weight, model.images),
        ):
            if len(pairs):
                chosen = torch.randint(len(pairs[0]), (len(pairs[0]),))
                rows = ((int(a[c]), int(b[c]), float(w[c])) for c in chosen for a, b, w in [pairs])
                mean = sum((w - float(table[i] @ table[j])) ** 2 for i, j, w in rows) / len(chosen)
                added += weight * mean * len(chosen)
        apart = model.score_pairs(users, items).unsqueeze(1) - model.score_pairs(
            users.repeat_interleave(2), negatives.flatten()
        ).view(-1, 2)
        p, q = model.users(users), model.items
        rows = squared(p) + squared(q(items)) + squared(q(negatives)) / 2
        expected = bpr_loss(apart) + config.regularisation * rows / len(users) + added / len(users)
        assert loss == pytest.approx(float(expected), rel=1e-4)

    def test_influence_needs_no_follow_it_was_learned_for(
        self, model: Recommender, world: Dataset, tmp_path: Path
    ) -> None:
        """A follow recorded after training has the influence 1."""
        tables = tables_of(world)
        table = tables["follows"]
        tables["follows"] = table.iloc[1:]
        earlier = self.make(rewrite(world, tables, tmp_path / "earlier"))
        later = type(model)(model.config, world).eval()
        later.load_state_dict(earlier.state_dict())
        user = int(world.users.code(int(table["follower"].iloc[0])))
        sender = int(world.users.code(int(table["followee"].iloc[0])))
        items = world.uploads.row(sender)
        users = torch.full_like(items, user)
        torch.testing.assert_close(later.score_pairs(users, items), earlier.score_pairs(users, items))


class TestContextMFByTopics(TestContextMF):
    config: ClassVar[dict[str, Any]] = {
        "similar_by": "topics", "frequency": "share", "influence_regularisation": 0.2, "neighbours": 5,
    }  # fmt: skip


class TestContextMFAlone(TestContextMF):
    config: ClassVar[dict[str, Any]] = WITHOUT


@torch.no_grad()
def test_similar_users_and_images_are_those_of_largest_cosine(toy: Dataset, tmp_path: Path) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "world")
    likes = torch.zeros(40, 120)
    likes[world.likes("train")] = 1
    vectors = Features.open(world.root, "convnet").vectors(world)
    deviation, mean = torch.std_mean(vectors[:-1], 0, correction=0)
    standard = (vectors - mean) / deviation
    standard[-1] = 0
    topics = Topics.open(world.root).item_topics
    users, items = world.likes("train")
    for name, content in (("features", standard), ("topics", topics)):
        model = ContextMF(ContextMFConfig(similar_by=name, neighbours=3), world)
        model(PairBatch(users, items, items.unsqueeze(1)))
        for rows, (first, second, weight) in ((likes, model.people), (content, model.images)):
            assert first.bincount(minlength=1).max() == 3
            for i in range(0, len(first), 11):
                row = int(first[i])
                found = cosine(rows[row], rows[int(second[i])])
                better = [cosine(rows[row], other) > found + 1e-5 for k, other in enumerate(rows) if k != row]
                assert float(weight[i]) == pytest.approx(found, abs=1e-4) and sum(better) < 3
        assert len(world.items) - 1 not in model.images[0]


def test_a_row_is_not_near_itself_nor_near_nothing() -> None:
    rows, columns, values = nearest_vectors(torch.tensor([[1.0, 0.0], [2.0, 0.1], [0.0, 0.0], [-1.0, 0.0]]), 3)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert values.tolist() == pytest.approx([2 / (4.01**0.5)] * 2)


@pytest.mark.parametrize("lost", ["creator", "follows"])
def test_without_senders_it_is_refused(toy: Dataset, tmp_path: Path, lost: str) -> None:
    tables = tables_of(toy)
    if lost == "creator":
        tables["items"]["creator"] = None
    else:
        tables["follows"] = tables["follows"].iloc[:0]
    with pytest.raises(DataError, match="has no influence to learn: add the column creator"):
        ContextMF(ContextMFConfig(), rewrite(toy, tables, tmp_path / "none"))


def test_missing_features_are_named_with_two_remedies(toy: Dataset) -> None:
    with pytest.raises(DataError, match=r"'absent'.*--set similar_by=none"):
        ContextMF(ContextMFConfig(features="absent"), toy)
