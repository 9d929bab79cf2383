from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.layers.evidence import Gates
from workbench.models.base import PairBatch
from workbench.models.gcmc import GCMC
from workbench.models.kept import standard_vectors


def score(model: GCMC, world: Dataset, likes: Tensor, user: int, item: int) -> float:
    """The equations for one pair, by dense matrices in double precision; ``likes`` (users, images) of 0 to 1."""
    state = {name: value.double() for name, value in model.state_dict().items()}
    of_user, of_item = likes.sum(1).clamp_min(1), likes.sum(0).clamp_min(1)
    if model.config.normalise == "symmetric":
        edges = likes / (of_user.unsqueeze(1) * of_item).sqrt()
        to_user, to_item = edges[user], edges[:, item]
    else:
        to_user, to_item = likes[user] / of_user[user], likes[:, item] / of_item[item]
    z_user = state["dense.weight"] @ (to_user @ state["from_items.weight"]).relu()
    z_item = state["dense.weight"] @ (to_item @ state["from_users.weight"]).relu()
    if model.config.features is not None:
        f = standard_vectors(world, model.config.features).double()[item]
        z_item = z_item + state["told.weight"] @ (state["seen.weight"] @ f + state["seen.bias"]).relu()
    if model.config.output == "relu":
        z_user, z_item = z_user.relu(), z_item.relu()
    q = state["compare.weight"] @ z_item if model.config.decoder == "bilinear" else z_item
    return float(z_user @ q)


def table(world: Dataset) -> Tensor:
    likes = torch.zeros(len(world.users), len(world.items), dtype=torch.float64)
    likes[world.likes("train")] = 1
    return likes


class TestGCMC(ModelCase):
    name = "gcmc"
    config: ClassVar[dict[str, Any]] = {"dim": 5, "hidden": 6}

    def test_equals_the_formula(self, model: GCMC, world: Dataset) -> None:
        users, items = self.pairs(world, 30)
        likes = table(world)
        expected = [score(model, world, likes, *pair) for pair in zip(users.tolist(), items.tolist(), strict=True)]
        assert model.score_pairs(users, items).tolist() == pytest.approx(expected, abs=1e-4, rel=1e-4)
        assert sum(abs(value) > 1e-3 for value in expected) > 10

    def test_gates_are_weights_of_the_edges(self, model: GCMC, world: Dataset) -> None:
        """With an image she likes among those scored: its own vector changes, too."""
        user, likes = 3, table(world)
        liked = world.history.row(user)
        gate = torch.linspace(0, 1, len(liked))
        likes[user, liked] = gate.double()
        gates = Gates({"history": gate})
        scores = model.score_items(torch.tensor([user]), gates)[0].tolist()
        for item in (*liked.tolist(), 0, 11, 119):
            expected = score(model, world, likes, user, item)
            assert scores[item] == pytest.approx(expected, abs=1e-4, rel=1e-4)
            pair = model.score_pairs(torch.tensor([user]), torch.tensor([item]), gates)
            assert float(pair.detach()) == pytest.approx(expected, abs=1e-4, rel=1e-4)

    def test_a_like_is_learned_without_itself(self, world: Dataset) -> None:
        """The loss of one pair equals that of the equations on the graph without it."""
        model = self.make(world)
        user, positive, negative = 8, int(world.history.row(8)[2]), 5
        likes = table(world)
        without = likes.clone()
        without[user, positive] = 0
        good, bad = score(model, world, without, user, positive), score(model, world, likes, user, negative)
        softplus = torch.nn.functional.softplus
        lost = softplus(torch.tensor([bad - good] if model.config.loss == "bpr" else [-good, bad])).sum()
        penalty = model.from_users.weight[user].square().sum() + model.from_items.weight[positive].square().sum()
        expected = float(lost + model.config.regularisation * penalty.detach())
        batch = PairBatch(torch.tensor([user]), torch.tensor([positive]), torch.tensor([[negative]]))
        assert float(model(batch).detach()) == pytest.approx(expected, abs=1e-4)

    def test_dropped_nodes_send_nothing(self, world: Dataset) -> None:
        model = self.make(world).train()
        assert isinstance(model, GCMC)
        torch.manual_seed(0)
        sent = model._sending(model.likers)
        kept = sent > 0
        assert 0 < int(kept.sum()) < len(sent)
        torch.testing.assert_close(sent[kept], model._sends(model.likers)[kept] / (1 - model.config.dropout))


class TestGCMCAsPrinted(TestGCMC):
    config: ClassVar[dict[str, Any]] = {
        "dim": 5,
        "hidden": 6,
        "normalise": "left",
        "output": "relu",
        "decoder": "bilinear",
        "loss": "cross-entropy",
        "features": "convnet",
        "side": 4,
    }
