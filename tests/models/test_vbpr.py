from typing import ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.base import PairBatch, Recommender


class TestVBPR(ModelCase):
    name = "vbpr"
    config: ClassVar = {"projection_regularisation": 0.001}

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """He and McAuley 2016, Eq. 4, and every region's share of it by a loop over the regions."""
        w = model.state_dict()
        projection, common = w["look.weight"][:-1], w["look.weight"][-1]
        features = Features.open(world.root, "convnet")
        users, items = self.pairs(world)
        reading = model.read(users, items)
        (level,) = reading.levels
        assert level.contribution is not None
        for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            regions = features.sets.row(item).tolist()
            parts = [torch.from_numpy(features.array()[k]).float() / len(regions) for k in regions]
            shares = [float(w["visual_users.weight"][user] @ projection @ part + common @ part) for part in parts]
            own = float(w["bias"][item] + w["users.weight"][user] @ w["items.weight"][item])
            here = level.elements.rows == row
            assert level.elements.values[here].tolist() == regions
            assert level.contribution[here].tolist() == pytest.approx(shares, abs=1e-4)
            assert reading.scores[row].item() == pytest.approx(own + sum(shares), abs=1e-4)

    @torch.no_grad()
    def test_the_loss_has_its_regularisers_apart(self, model: Recommender, world: Dataset) -> None:
        users, positives = world.likes("train")
        batch = PairBatch(users, positives, positives.roll(1)[:, None])
        difference = model.score_pairs(users, positives) - model.score_pairs(users, positives.roll(1))
        rows = sum(t(users).square().sum() for t in (model.users, model.visual_users))
        rows = rows + sum(model.items(i).square().sum() for i in (positives, positives.roll(1)))
        biases = sum(model.bias[i].square().sum() for i in (positives, positives.roll(1)))
        expected = -difference.sigmoid().log().mean() + 0.01 * (rows + biases) / len(users)
        assert float(model(batch)) == pytest.approx(
            float(expected + 0.001 * model.look.weight.square().sum()), rel=1e-4
        )
