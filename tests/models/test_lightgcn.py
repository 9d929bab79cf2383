from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.layers.evidence import Gates
from workbench.models import lightgcn
from workbench.models.lightgcn import LightGCN


def dense(model: LightGCN, likes: Tensor) -> tuple[Tensor, list[Tensor]]:
    """All scores (users, images) and the layers E^(0) ... E^(K), by matrices in double precision."""
    users, items = likes.shape
    adjacency = torch.zeros(users + items, users + items, dtype=torch.float64)
    adjacency[:users, users:], adjacency[users:, :users] = likes, likes.T
    scale = adjacency.sum(1).clamp_min(1).rsqrt()
    hop = scale.unsqueeze(1) * adjacency * scale
    layers = [torch.cat([model.users.weight, model.items.weight]).detach().double()]
    for _ in range(model.config.layers):
        layers.append(hop @ layers[-1])
    final = torch.stack(layers).mean(0)
    return final[:users] @ final[users:].T, layers


def table(world: Dataset) -> Tensor:
    likes = torch.zeros(len(world.users), len(world.items), dtype=torch.float64)
    likes[world.likes("train")] = 1
    return likes


class TestLightGCN(ModelCase):
    name = "lightgcn"
    config: ClassVar[dict[str, Any]] = {"dim": 7}

    def test_equals_matrix_algebra(self, model: LightGCN, world: Dataset) -> None:
        expected, _ = dense(model, table(world))
        torch.testing.assert_close(model.score_items(torch.arange(40)).double(), expected, atol=1e-5, rtol=1e-4)

    def test_gates_are_weights_of_the_edges(self, model: LightGCN, world: Dataset) -> None:
        """Dense, with the like weighing g in the graph and in its degrees; every image is scored anew."""
        for user in (2, 9):
            liked, likes = world.history.row(user), table(world)
            gate = torch.rand(len(liked), generator=torch.Generator().manual_seed(user))
            gate[0] = 0
            likes[user, liked] = gate.double()
            expected, _ = dense(model, likes)
            gates = Gates({"history": gate})
            found = model.score_items(torch.tensor([user]), gates)[0].double()
            torch.testing.assert_close(found, expected[user], atol=1e-5, rtol=1e-4)

    def test_contributions_are_what_reaches_the_user_through_an_image(self, model: LightGCN, world: Dataset) -> None:
        likes = table(world)
        _, layers = dense(model, likes)
        k, users = model.config.layers, len(world.users)
        final, before = torch.stack(layers).mean(0), torch.stack(layers[:-1]).sum(0)
        user, item = 6, 31
        (level,) = model.read(torch.tensor([user]), torch.tensor([item])).levels
        assert level.contribution is not None
        for j, share in zip(level.elements.values.tolist(), level.contribution.tolist(), strict=True):
            weight = (likes[user].sum() * likes[:, j].sum()) ** -0.5 / (k + 1)
            assert share == pytest.approx(float(weight * before[users + j] @ final[users + item]), abs=1e-5)

    def test_blocks_of_rows_change_nothing(
        self, model: LightGCN, world: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        users, items = self.pairs(world)
        gates = self.gates(model, users, items)
        pairs, every = model.score_pairs(users, items, gates), model.score_items(users, gates)
        monkeypatch.setattr(lightgcn, "BLOCK", 7 * 160)
        torch.testing.assert_close(model.score_pairs(users, items, gates), pairs)
        torch.testing.assert_close(model.score_items(users, gates), every)

    def test_what_is_kept_follows_the_parameters(self, world: Dataset) -> None:
        model = self.make(world)
        users = torch.arange(4)
        before = model.score_items(users)
        with torch.no_grad():
            model.items.weight.mul_(2)
        assert not torch.allclose(model.score_items(users), before)


class TestOneLayer(ModelCase):
    name = "lightgcn"
    config: ClassVar[dict[str, Any]] = {"dim": 5, "layers": 1}


class TestTwoLayers(TestLightGCN):
    config: ClassVar[dict[str, Any]] = {"dim": 5, "layers": 2}
