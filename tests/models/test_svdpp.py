from typing import ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender


class TestSVDpp(ModelCase):
    name = "svdpp"

    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """Koren 2008, Eq. 15, by a plain loop; the scored image itself is left out."""
        weights = model.state_dict()
        users, items = self.pairs(world)
        for user, item, score in zip(users, items, model.score_pairs(users, items), strict=True):
            liked = [j for j in world.history.row(int(user)).tolist() if j != int(item)]
            context = sum((weights["liked.weight"][j] for j in liked), torch.zeros(15)) / max(len(liked), 1) ** 0.5
            expected = weights["bias"][item] + weights["items.weight"][item] @ (weights["users.weight"][user] + context)
            assert score.item() == pytest.approx(expected.item(), abs=1e-4)


class TestSVDppAsPrinted(ModelCase):
    name = "svdpp"
    config: ClassVar = {"exclude_target": False, "exponent": 1.0}
