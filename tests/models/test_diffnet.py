import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from tests.models.cases import ModelCase, prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.layers.evidence import Gates
from workbench.models.base import PairBatch, Recommender
from workbench.models.diffnet import DiffNet
from workbench.models.diffnet_config import DiffNetConfig
from workbench.models.diffusion import Diffusing

Vector = np.ndarray
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "none": lambda x: x,
}


def array(tensor: Tensor) -> Vector:
    return tensor.detach().double().numpy()


def first_vectors(model: DiffNet, world: Dataset) -> tuple[list[Vector], list[Vector]]:
    """h^0 and v, one node after the other."""
    nodes, config = model.nodes, model.config
    p, q = array(nodes.users.weight), array(nodes.items.weight)
    if config.features is None:
        return list(p), list(q)
    y = array(nodes.image_features)
    x = np.stack([y[row].mean(0) if len(row) else 0 * y[0] for row in (world.history.row(u) for u in range(len(p)))])
    if config.fusion == "concat":
        g, left, right = ACTIVATIONS[config.activation], array(nodes.user_layer.weight), array(nodes.item_layer.weight)
        users = [g(left @ np.concatenate([a, b])) for a, b in zip(x, p, strict=True)]
        return users, [g(right @ np.concatenate([a, b])) for a, b in zip(y, q, strict=True)]
    weight, shift = array(nodes.reduce.weight), array(nodes.reduce.bias)
    reduced = [ACTIVATIONS["sigmoid"](weight @ (0.2 * (row - y.mean()) / y.std()) + shift) for row in (*x, *y)]
    like = np.stack(reduced[len(x) :])
    found = [0.2 * (row - like.mean()) / like.std() for row in reduced]
    return [a + b for a, b in zip(p, found, strict=False)], [a + b for a, b in zip(q, found[len(x) :], strict=True)]


def states(model: DiffNet, world: Dataset) -> tuple[list[list[Vector]], list[Vector]]:
    """h^0 to h^K of every user with loops over users, and v."""
    config, (own, vectors) = model.config, first_vectors(model, world)
    hops = [own]
    for k in range(config.depth):
        after = []
        for user, mine in enumerate(hops[-1]):
            friends = [hops[-1][friend] for friend in world.follows.row(user).tolist()]
            pool = {"mean": np.mean, "max": np.max}[config.pool]
            pooled = pool(friends, axis=0) if friends else 0 * mine
            if config.layer == "dense":
                layer = model.social.layers[k]
                assert isinstance(layer, torch.nn.Linear)
                joined = array(layer.weight) @ np.concatenate([pooled, mine]) + array(layer.bias)
                pooled = ACTIVATIONS[config.activation](joined)
            after.append(pooled)
        hops.append(after)
    return hops, vectors


def reference(model: DiffNet, world: Dataset, user: int, item: int) -> float:
    """The score of one pair."""
    hops, vectors = states(model, world)
    read = {"last": hops[-1:], "sum": hops, "hops": hops[1:]}[model.config.readout]
    liked = [j for j in world.history.row(user).tolist() if j != item or not model.config.exclude_target]
    context = np.mean([vectors[j] for j in liked], axis=0) if liked else 0 * vectors[0]
    return float((sum(h[user] for h in read) + context) @ vectors[item] + model.config.blocks * float(model.bias[item]))


class DiffNetCase(ModelCase):
    name = "diffnet"

    @torch.no_grad()
    def test_equals_the_equations(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNet)
        users, items = self.pairs(world, 25)
        items[5:10] = torch.stack([world.history.row(int(user))[0] for user in users[5:10]])
        for user, item, score in zip(users.tolist(), items.tolist(), model.score_pairs(users, items), strict=True):
            assert float(score) == pytest.approx(reference(model, world, user, item), rel=1e-4, abs=1e-4)
        expected, _ = states(model, world)
        found = model.hop_states(torch.arange(len(world.users)))
        np.testing.assert_allclose(array(found), np.stack(expected, 1), rtol=1e-4, atol=1e-4)

    @torch.no_grad()
    def test_loss_is_that_of_the_scores(self, model: Recommender, world: Dataset) -> None:
        """A positive is scored without itself where the target is excluded, a negative with all."""
        assert isinstance(model, DiffNet)
        users, items = world.likes("train")
        unliked = [next(i for i in range(len(world.items)) if i not in world.history.row(u)) for u in range(40)]
        negatives = torch.tensor(unliked)[users].unsqueeze(1)
        kept = model.config
        model.config = kept.model_copy(update={"regularisation": 0.0})
        loss = model(PairBatch(users, items, negatives))
        model.config = kept
        good, bad = model.score_pairs(users, items).double(), model.score_pairs(users, negatives[:, 0]).double()
        pairs = torch.nn.functional.softplus(bad - good)
        if kept.loss == "mse":
            pairs = ((1 - good.sigmoid()) ** 2 + bad.sigmoid() ** 2) / 2
        torch.testing.assert_close(loss.double(), pairs.mean(), atol=1e-4, rtol=1e-4)

    @torch.no_grad()
    def test_closing_a_hop_takes_its_state_out_of_the_sum(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNet)
        hops = model.elements("hops", torch.tensor([0]), torch.tensor([0])).values
        named = {group.name for group in model.active_evidence}
        assert ("hops" in named) == (model.config.readout != "last" and model.config.depth > 0)
        if "hops" not in named:
            return
        users, items = self.pairs(world)
        h, v = model.hop_states(users), model.nodes()[1][items]
        for position, hop in enumerate(hops.tolist()):
            gate = torch.ones(len(users), len(hops))
            gate[:, position] = 0
            closed = model.score_pairs(users, items, Gates({"hops": gate.flatten()}))
            lost = (h[:, hop] * v).sum(-1)
            torch.testing.assert_close(model.score_pairs(users, items) - closed, lost, atol=1e-4, rtol=1e-4)

    @torch.no_grad()
    def test_diffusion_tells_of_people_what_the_states_are_made_of(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNet) and isinstance(model, Diffusing)
        users, items = self.pairs(world, 20)
        if not model.config.depth:
            assert model.diffusion(users, items) == ()
            return
        walk = np.zeros((len(world.users),) * 2)
        for user in range(len(world.users)):
            friends = world.follows.row(user)
            walk[user, friends] = 1 / max(len(friends), 1)
        hops = model.diffusion(users, items)
        for k, hop in enumerate(hops, 1):
            shares = np.zeros((len(users), len(world.users)))
            shares[hop.people.rows, hop.people.values] = hop.share
            np.testing.assert_allclose(shares, np.linalg.matrix_power(walk, k)[users], atol=1e-6)
        self.check_parts(model, users, items, Gates())
        gates = self.gates(model, users, items)
        self.check_parts(model, users, items, gates)

    def check_parts(self, model: DiffNet, users: Tensor, items: Tensor, gates: Gates) -> None:
        """With mean layers shares make up the states under any gates, and contributions those of the hops."""
        hops, h = model.diffusion(users, items, gates), model.hop_states(users, gates)
        if model.config.layer == "dense":
            assert all(hop.contribution is None for hop in hops)
            return
        own = model.nodes()[0]
        reading = {level.name: level for level in model.read(users, items, gates).levels}
        for k, hop in enumerate(hops, 1):
            assert hop.contribution is not None
            vectors = own[hop.people.values]
            if not model.nodes.featured:
                parts = torch.zeros_like(h[:, k]).index_add(0, hop.people.rows, hop.share.unsqueeze(1) * vectors)
                torch.testing.assert_close(parts, h[:, k], atol=1e-4, rtol=1e-4)
            added = torch.zeros(len(users)).index_add(0, hop.people.rows, hop.contribution)
            if "hops" in reading:
                shares = reading["hops"].contribution
                assert shares is not None
                expected = shares.view(len(users), -1)[:, k - 1 if model.config.readout == "hops" else k]
            else:
                level = reading["follows"]
                assert level.contribution is not None
                expected = torch.zeros(len(users)).index_add(0, level.elements.rows, level.contribution)
                expected = expected if k == model.config.depth else torch.zeros_like(expected)
            torch.testing.assert_close(added, expected, atol=1e-4, rtol=1e-4)


class TestDiffNet(DiffNetCase):
    """Additive, free embeddings."""

    config: ClassVar = {"dim": 8}


class TestDiffNetAsReleased(DiffNetCase):
    config: ClassVar = {
        "dim": 6, "features": "descriptor", "fusion": "add", "readout": "hops", "loss": "mse",
        "exclude_target": False, "item_bias": False, "regularisation": 0.0,
    }  # fmt: skip


class TestDiffNetAsFirstReleased(DiffNetCase):
    config: ClassVar = {"dim": 6, "features": "descriptor", "fusion": "add", "readout": "last", "depth": 3}


class TestDiffNetAsPrinted(DiffNetCase):
    config: ClassVar = {
        "dim": 6, "features": "descriptor", "layer": "dense", "readout": "last", "activation": "tanh",
        "exclude_target": False, "item_bias": False,
    }  # fmt: skip


class TestDiffNetMaximum(DiffNetCase):
    config: ClassVar = {"dim": 6, "layer": "dense", "pool": "max", "depth": 3, "activation": "sigmoid"}


class TestDiffNetDeepWithCircles(DiffNetCase):
    config: ClassVar = {"dim": 6, "depth": 4, "features": "descriptor"}


class TestDiffNetDeepDense(DiffNetCase):
    config: ClassVar = {"dim": 6, "depth": 4, "layer": "dense", "readout": "last"}


class TestDiffNetFirstHop(DiffNetCase):
    config: ClassVar = {"dim": 6, "depth": 1, "readout": "hops"}


class TestDiffNetWithoutDiffusion(DiffNetCase):
    config: ClassVar = {"dim": 6, "depth": 0}


class TestDiffNetInBlocks(DiffNetCase):
    config: ClassVar = {"dim": 6, "depth": 1, "blocks": 3}

    @staticmethod
    def apart(model: DiffNet, world: Dataset) -> list[DiffNet]:
        """Every block as a model of its own."""
        alone = DiffNetConfig(**model.config.model_dump() | {"dim": model.config.dim // 3, "blocks": 1})
        models = []
        for block in range(3):
            models.append(DiffNet(alone, world).eval())
            tables = model.state_dict()
            models[-1].load_state_dict({k: v if k == "bias" else v.chunk(3, 1)[block] for k, v in tables.items()})
        return models

    @torch.no_grad()
    def test_blocks_score_as_models_that_add_up(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DiffNet)
        users, items = self.pairs(world, 25)
        gates = self.gates(model, users, items)
        scores = [part.score_pairs(users, items, gates) for part in self.apart(model, world)]
        torch.testing.assert_close(model.score_pairs(users, items, gates), sum(scores), atol=1e-4, rtol=1e-4)

    def test_loss_is_that_of_the_scores(self, model: Recommender, world: Dataset) -> None:
        """Blocks learn as models that know nothing of one another, whatever the loss."""
        assert isinstance(model, DiffNet)
        users, items = world.likes("train")
        batch = PairBatch(users, items, torch.stack([(items + 1), (items + 5)], 1) % len(world.items))
        for loss in ("bpr", "mse"):
            model.config = model.config.model_copy(update={"loss": loss})
            parts = self.apart(model, world)
            model.zero_grad()
            together, losses = model(batch), [part(batch) for part in parts]
            torch.testing.assert_close(together, sum(losses), atol=1e-4, rtol=1e-4)
            for value in (together, *losses):
                value.backward()
            for side in ("users", "items"):
                slope = getattr(model.nodes, side).weight.grad
                alone = torch.cat([getattr(part.nodes, side).weight.grad for part in parts], 1)
                torch.testing.assert_close(slope, alone, atol=1e-5, rtol=1e-4)
        model.config = model.config.model_copy(update={"loss": "bpr"})


@pytest.mark.parametrize("depth", [2, 3, 5])
@pytest.mark.parametrize("layer", ["mean", "dense"])
@torch.no_grad()
def test_circles_back_to_the_user_are_exact(toy: Dataset, tmp_path: Path, depth: int, layer: str) -> None:
    """A small crowd in which nearly everybody follows everybody, one of them herself."""
    tables = tables_of(toy)
    ids = list(toy.users)[:6]
    pairs = [(a, b) for a in ids for b in ids if (a != b or a == ids[2]) and (a + 2 * b) % 5]
    tables["follows"] = tables["follows"].iloc[:0]
    tables["follows"] = tables["follows"].reindex(range(len(pairs)))
    tables["follows"][["follower", "followee"]] = pairs
    world = rewrite(toy, tables, tmp_path / "crowd")
    model = prepared("diffnet", world, 1, {"dim": 5, "depth": depth, "layer": layer, "readout": "last"})
    assert isinstance(model, DiffNet)
    for user in range(6):
        friends = world.follows.row(user)
        for position, friend in enumerate(friends.tolist()):
            left = [pair for pair in pairs if pair != (world.users.id(user), world.users.id(friend))]
            tables["follows"] = tables["follows"].iloc[: len(left)].copy()
            tables["follows"][["follower", "followee"]] = left
            other = DiffNet(model.config, rewrite(world, tables, tmp_path / f"{user}-{friend}")).eval()
            other.load_state_dict(model.state_dict())
            gate = torch.ones(len(friends))
            gate[position] = 0
            one, at = Gates({"follows": gate}), torch.tensor([user])
            torch.testing.assert_close(model.hop_states(at, one), other.hop_states(at), atol=2e-5, rtol=1e-4)
            tables["follows"] = tables["follows"].reindex(range(len(pairs)))
            tables["follows"][["follower", "followee"]] = pairs
            if layer == "mean":
                items = torch.tensor([3])
                for mine, theirs in zip(model.diffusion(at, items, one), other.diffusion(at, items), strict=True):
                    assert mine.people.values.tolist() == theirs.people.values.tolist()
                    torch.testing.assert_close(mine.share, theirs.share)
                    torch.testing.assert_close(mine.contribution, theirs.contribution, atol=2e-5, rtol=1e-4)


def test_settings_that_contradict_each_other_are_refused(toy: Dataset) -> None:
    with pytest.raises(ValidationError, match="layer=mean averages: set pool=mean"):
        DiffNetConfig(pool="max")
    with pytest.raises(ValidationError, match="depth=0 has none"):
        DiffNetConfig(readout="hops", depth=0)
    for wrong in ({"dim": 64, "blocks": 3}, {"blocks": 2, "layer": "dense"}, {"blocks": 2, "features": "convnet"}):
        with pytest.raises(ValidationError, match="equal parts of dim that nothing mixes"):
            DiffNetConfig.model_validate(wrong)
    with pytest.raises(DataError, match=r"workbench features .* or train without them: --set features=null"):
        DiffNet(DiffNetConfig(features="descriptor"), toy)


def test_the_start_is_that_of_its_spread(toy: Dataset) -> None:
    torch.manual_seed(0)
    model = DiffNet(DiffNetConfig(dim=64, std=0.3), toy)
    assert math.isclose(float(model.nodes.items.weight.detach().std()), 0.3, rel_tol=0.05)
