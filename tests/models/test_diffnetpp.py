from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.models.cases import ModelCase, prepared
from tests.models.rewritten import DELETE, rewrite, tables_of
from tests.models.test_diffnet import array, first_vectors
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.attention import AdditiveScore
from workbench.layers.evidence import ASPECTS, Gates
from workbench.layers.graph_attention import GraphAttention
from workbench.layers.influence import InfluenceLayer
from workbench.models.base import PairBatch, Recommender
from workbench.models.diffnetpp import DiffNetPP
from workbench.models.diffusion import Diffusing, Hop

Vector = np.ndarray
Pairs = dict[tuple[int, int], float]
"""Weights by node and neighbour."""


def softmax(scores: list[float]) -> list[float]:
    shares = [float(np.exp(score - max(scores, default=0.0))) for score in scores]
    return [share / sum(shares) for share in shares]


def network(net: nn.Module, own: Vector, other: Vector) -> float:
    assert isinstance(net, AdditiveScore)
    hidden = array(net.query.weight) @ own + array(net.query.bias) + array(net.key.weight) @ other
    return float(array(net.out) @ np.where(hidden > 0, hidden, np.exp(np.minimum(hidden, 0)) - 1))


def gather(part: GraphAttention, sets: Ragged, own: list[Vector], others: list[Vector]) -> tuple[list[Vector], Pairs]:
    """What each node gathers, one after the other, and the weights."""
    sums, weights = [], {}
    for node, mine in enumerate(own):
        edges = range(int(sets.offsets[node]), int(sets.offsets[node + 1]))
        around = [int(sets.values[edge]) for edge in edges]
        scores = [0.0 for _ in edges]
        if part.kind == "embedding":
            scores = [network(part.net, mine, others[other]) for other in around]
        elif part.kind == "edge":
            scores = [float(1 / (1 + np.exp(-array(part.scale * part.edges[edge] + part.shift)))) for edge in edges]
        shares = softmax(scores)
        weights.update({(node, other): share for other, share in zip(around, shares, strict=True)})
        sums.append(sum((share * others[other] for share, other in zip(shares, around, strict=True)), 0 * others[0]))
    return sums, weights


def layers(model: DiffNetPP, world: Dataset) -> tuple[list[list[Vector]], list[list[Vector]], list[Any]]:
    """States of users and of items by layer, and of each layer alpha, beta and the weights of the graphs."""
    u, v = first_vectors(model, world)  # type: ignore[arg-type]
    history, follows = world.history, world.follows
    audience = Ragged.from_pairs(history.values, history.rows, len(world.items))
    users, items, attention = [u], [v], []
    for layer in model.influence.layers:
        assert isinstance(layer, InfluenceLayer)
        social, alpha = gather(layer.social, follows, u, u)
        interest, beta = gather(layer.interest, history, u, v)
        brought, _ = gather(layer.audience, audience, v, u)
        after, graphs = [], []
        for user, mine in enumerate(u):
            sums = (social[user], interest[user])
            there = [bool(len(follows.row(user))), bool(len(history.row(user)))]
            nets = list(layer.graphs)
            scores = [network(net, mine, part) for net, part in zip(nets, sums, strict=True)] if nets else [0.0, 0.0]
            left = iter(softmax([score for score, here in zip(scores, there, strict=True) if here]))
            weights = [next(left) if here else 0.0 for here in there]
            after.append(mine + weights[0] * sums[0] + weights[1] * sums[1])
            graphs.append(weights)
        v = [mine + part for mine, part in zip(v, brought, strict=True)]
        u = after
        users.append(u)
        items.append(v)
        attention.append((alpha, beta, graphs))
    return users, items, attention


class DiffNetPPCase(ModelCase):
    """With parameters so large that every part matters and no attention is decided beforehand."""

    name = "diffnetpp"
    scale: ClassVar[float] = 0.5

    @classmethod
    def make(cls, dataset: Dataset) -> Recommender:
        model = prepared(cls.name, dataset, 3, cls.config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(cls.scale)
        return model

    def copy(self, model: Recommender, other: Recommender) -> None:
        """Where every edge has a number, the numbers of those that are left."""
        assert isinstance(model, DiffNetPP) and isinstance(other, DiffNetPP)
        state = model.state_dict()
        for name, value in state.items():
            if name.endswith(".edges"):
                part = name.split(".")[-2]
                graph = {"social": "follows", "interest": "likes", "audience": "audience"}[part]
                before, after = (getattr(m.influence, graph).sets for m in (model, other))
                keys, left = (sets.rows * 1000 + sets.values for sets in (before, after))
                state[name] = value[torch.isin(keys, left)]
        other.load_state_dict(state)

    @torch.no_grad()
    def test_equals_the_equations(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNetPP)
        users, items, attention = layers(model, world)
        everybody = torch.arange(len(world.users))
        scores = model.score_items(everybody)
        expected = sum(np.stack(u) @ np.stack(v).T for u, v in zip(users, items, strict=True)) + array(model.bias)
        np.testing.assert_allclose(array(scores), expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(array(model.hop_states(everybody)), np.stack(users, 1), rtol=1e-4, atol=1e-4)
        _, item_codes = self.pairs(world, len(everybody))
        level = {level.name: level for level in model.read(everybody, item_codes).levels}
        for place, name in enumerate(("follows", "history")):
            sets, found = level[name].elements, level[name].attention
            assert found is not None
            for row, code, weight in zip(sets.rows.tolist(), sets.values.tolist(), found.tolist(), strict=True):
                assert weight == pytest.approx(np.mean([layer[place][row, code] for layer in attention]), abs=1e-5)
        graphs = np.mean([layer[2] for layer in attention], axis=0)
        shown = level[ASPECTS].attention
        assert shown is not None
        np.testing.assert_allclose(array(shown).reshape(-1, 2), graphs, atol=1e-5)

    @torch.no_grad()
    def test_loss_is_that_of_the_scores(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNetPP)
        users, items = (codes[::5] for codes in world.likes("train"))
        negatives = torch.randint(len(world.items), (len(users), 2), generator=torch.Generator().manual_seed(1))
        kept = model.config
        model.config = kept.model_copy(update={"regularisation": 0.0})
        loss = model(PairBatch(users, items, negatives))
        model.config = kept
        bad = torch.stack([model.score_pairs(users, part) for part in negatives.unbind(1)], 1)
        good = model.score_pairs(users, items).unsqueeze(1)
        torch.testing.assert_close(loss, torch.nn.functional.softplus(bad - good).mean(), atol=1e-4, rtol=1e-4)

    @torch.no_grad()
    def test_shares_are_those_of_the_attention(self, model: Recommender, world: Dataset) -> None:
        """What a person adds, layer by layer, to all states that hold it."""
        assert isinstance(model, DiffNetPP)
        users, items, attention = layers(model, world)
        user, item = 4, 7
        levels = model.read(torch.tensor([user]), torch.tensor([item])).levels
        level = next(level for level in levels if level.name == "follows")
        assert level.contribution is not None
        for friend, share in zip(level.elements.values.tolist(), level.contribution.tolist(), strict=True):
            expected = 0.0
            for k, (alpha, _, graphs) in enumerate(attention):
                later = sum(items[m][item] for m in range(k + 1, len(items)))
                expected += graphs[user][0] * alpha[user, friend] * float(users[k][friend] @ later)
            assert share == pytest.approx(expected, rel=1e-4, abs=1e-4)

    @torch.no_grad()
    def test_gated_states_are_those_of_a_whole_pass(self, model: Recommender, world: Dataset) -> None:
        """Propagating again what changed gives what propagating everything under the same gates gives."""
        assert isinstance(model, DiffNetPP)
        users, items = self.pairs(world, 12)
        gates = self.gates(model, users, items)
        states, scores = model.hop_states(users, gates), model.score_items(users, gates)
        for row, whole in enumerate(model._whole_worlds(users, gates)):
            mine = torch.stack([u[users[row]] for u in whole.users])
            torch.testing.assert_close(states[row], mine, atol=2e-5, rtol=1e-4)
            expected = sum(u[users[row]] @ v.T for u, v in zip(whole.users, whole.items, strict=True)) + model.bias
            torch.testing.assert_close(scores[row], expected, atol=5e-5, rtol=1e-4)

    @torch.no_grad()
    def test_parts_of_a_batch_change_nothing(
        self, model: Recommender, world: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        users, items = self.pairs(world, 20)
        gates = self.gates(model, users, items)
        whole = model.score_pairs(users, items, gates), model.score_items(users, gates)
        monkeypatch.setattr("workbench.models.diffnetpp.EDGES", 1)
        torch.testing.assert_close(model.score_pairs(users, items, gates), whole[0], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(model.score_items(users, gates), whole[1], atol=2e-5, rtol=1e-4)

    @torch.no_grad()
    def test_hops_are_walks_along_the_attention(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNetPP) and isinstance(model, Diffusing)
        users, items = self.pairs(world, 20)
        _, states, attention = layers(model, world)
        n = len(world.users)
        steps = []
        for alpha, _, graphs in attention:
            step = np.zeros((n, n))
            for (user, friend), weight in alpha.items():
                step[user, friend] = weight * graphs[user][0]
            steps.append(step)
        # After each layer, how own vectors enter the states by walks of 0, 1, ... steps.
        walks = [np.eye(n)] + [np.zeros((n, n)) for _ in steps]
        after = [walks]
        for step in steps:
            walks = [walk + (step @ walks[k - 1] if k else 0) for k, walk in enumerate(walks)]
            after.append(walks)
        own = np.stack(first_vectors(model, world)[0])  # type: ignore[arg-type]
        for k, hop in enumerate(model.diffusion(users, items), 1):
            assert hop.contribution is not None
            share, added = self.dense(hop, hop.share, n), self.dense(hop, hop.contribution, n)
            for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
                weights = after[-1][k][user]
                np.testing.assert_allclose(share[row], weights / max(weights.sum(), 1e-12), atol=1e-5)
                parts = sum(after[m][k][user] * (own @ states[m][item]) for m in range(len(after)))
                np.testing.assert_allclose(added[row], parts, rtol=1e-4, atol=1e-4)

    @staticmethod
    def dense(hop: Hop, values: Tensor, columns: int) -> Vector:
        matrix = np.zeros((len(hop.people), columns))
        matrix[hop.people.rows, hop.people.values] = values
        return matrix

    @torch.no_grad()
    def test_a_person_no_longer_followed_reaches_nobody(self, world: Dataset, tmp_path: Path) -> None:
        model = self.make(world)
        assert isinstance(model, DiffNetPP)
        user = max(range(len(world.users)), key=lambda code: len(world.follows.row(code)))
        friends, at = world.follows.row(user), torch.tensor([user])
        tables = tables_of(world)
        DELETE["follows"](tables, world.users.id(user), world.users.id(int(friends[1])), None)
        other = DiffNetPP(model.config, rewrite(world, tables, tmp_path / "less")).eval()
        self.copy(model, other)
        gate = torch.ones(len(friends))
        gate[1] = 0
        mine, theirs = model.diffusion(at, at, Gates({"follows": gate})), other.diffusion(at, at)
        for one, two in zip(mine, theirs, strict=True):
            assert one.people.values.tolist() == two.people.values.tolist()
            torch.testing.assert_close(one.share, two.share, atol=2e-5, rtol=1e-4)
            torch.testing.assert_close(one.contribution, two.contribution, atol=2e-5, rtol=1e-4)


class TestDiffNetPP(DiffNetPPCase):
    config: ClassVar = {"dim": 6, "hidden": 5}


class TestDiffNetPPWithFeatures(DiffNetPPCase):
    config: ClassVar = {"dim": 6, "hidden": 5, "features": "descriptor"}


class TestDiffNetPPDeep(DiffNetPPCase):
    config: ClassVar = {"dim": 4, "hidden": 5, "depth": 3, "features": "descriptor", "fusion": "add"}
    scale: ClassVar = 0.3


class TestDiffNetPPOneLayer(DiffNetPPCase):
    config: ClassVar = {"dim": 6, "hidden": 5, "depth": 1}


class TestDiffNetPPEdges(DiffNetPPCase):
    config: ClassVar = {"dim": 6, "hidden": 5, "attention": "edge"}


class TestDiffNetPPAverage(DiffNetPPCase):
    config: ClassVar = {"dim": 6, "attention": "average", "item_bias": False}
