from typing import Any, ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.models.base import PairBatch
from workbench.models.kept import standard_vectors
from workbench.models.pinsage import PinSage, PinSageConfig, walked


class TestPinSage(ModelCase):
    name = "pinsage"
    config: ClassVar[dict[str, Any]] = {"dim": 6, "neighbours": 4}

    def test_equals_the_formula(self, model: PinSage, world: Dataset) -> None:
        """Algorithm 1 and the layers after it, one node after the other in double precision."""
        w = {name: value.double() for name, value in model.state_dict().items()}
        near, shares = walked(world.history, len(world.items), model.config)
        z = w["nodes.weight"]
        if model.config.features is not None:
            f = standard_vectors(world, model.config.features).double()
            z = torch.cat([z[:40], z[40:] + f @ w["shown.weight"].T + w["shown.bias"]])
        for name in ("first", "second"):
            rows = []
            for node in range(len(z)):
                told = torch.zeros(6, dtype=torch.float64)
                for other, share in zip(near.row(node), Ragged(near.offsets, shares).row(node), strict=True):
                    told += share * (w[f"{name}.near.weight"] @ z[other] + w[f"{name}.near.bias"]).relu()
                new = w[f"{name}.joined.weight"] @ torch.cat([z[node], told]) + w[f"{name}.joined.bias"]
                rows.append(new.relu() / new.relu().norm().clamp_min(1e-12))
            z = torch.stack(rows)
        out = (z @ w["bent.weight"].T + w["bent.bias"]).relu() @ w["out.weight"].T
        found = model.score_items(torch.arange(40)).double()
        torch.testing.assert_close(found, out[:40] @ out[40:].T, atol=1e-4, rtol=1e-4)

    def test_losses_are_those_of_the_scores(self, world: Dataset) -> None:
        model = self.make(world)
        users, items = world.likes("train")
        users, items, negatives = users[:50], items[:50], torch.arange(100).view(50, 2)
        apart = model.score_pairs(users, items).unsqueeze(1) - torch.stack(
            [model.score_pairs(users, column) for column in negatives.T], 1
        )
        if model.config.loss == "bpr":
            expected = torch.nn.functional.softplus(-apart).mean()
        else:
            expected = (model.config.margin - apart).relu().mean()
        rows = model.nodes.weight.detach()
        used = rows[users].square().sum() + rows[items + 40].square().sum() + rows[negatives + 40].square().sum() / 2
        expected = expected + model.config.regularisation * used / 50
        torch.testing.assert_close(model(PairBatch(users, items, negatives)), expected)


class TestPinSageAsPrinted(TestPinSage):
    config: ClassVar[dict[str, Any]] = {"dim": 6, "loss": "max-margin", "margin": 0.3, "features": "convnet"}


LIKES = Ragged.from_lengths(torch.tensor([2, 1, 0]), torch.tensor([0, 1, 1]))
"""Three people and three images: user 0 likes images 0 and 1, user 1 likes image 1; nobody likes image 2."""


def test_walks_visit_in_proportion_to_their_chances() -> None:
    """Two steps from user 1: image 1 always, then user 0 with a chance of one half, else herself."""
    config = PinSageConfig(walks=4000, length=2)
    near, shares = walked(LIKES, 3, config)
    assert near.lengths.tolist()[2] == near.lengths.tolist()[5] == 0
    assert near.row(1).tolist() == [4, 0]
    assert shares[int(near.offsets[1])] == pytest.approx(4000 / 6000, abs=0.02)
    assert Ragged(near.offsets, torch.arange(len(shares))).row(1).numel() == 2
    again, same = walked(LIKES, 3, config)
    assert torch.equal(again.values, near.values) and torch.equal(same, shares)
    other = walked(LIKES, 3, PinSageConfig(walks=4000, length=2, walk_seed=1))[1]
    assert not torch.equal(other, shares)


def test_the_most_visited_are_kept_and_ties_go_to_the_lower_number() -> None:
    """One step from user 0 leads to both images; with one walk a single one is visited."""
    near, shares = walked(LIKES, 3, PinSageConfig(walks=3000, length=1, neighbours=1))
    assert near.lengths.max() == 1 and shares.unique().tolist() == [1.0]
    star = Ragged.from_lengths(torch.tensor([1, 1]), torch.tensor([0, 0]))
    near, shares = walked(star, 1, PinSageConfig(walks=500, length=3, neighbours=5))
    assert [near.row(node).tolist()[0] for node in range(2)] == [2, 2]
    torch.testing.assert_close(torch.zeros(3).index_add_(0, near.rows, shares), torch.ones(3))
