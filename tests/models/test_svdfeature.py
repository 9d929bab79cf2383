import pytest
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.base import Recommender


class TestSVDFeature(ModelCase):
    name = "svdfeature"

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """Chen et al. 2012, Eq. 1: an image has the features "is i" (1) and f_i, each with a vector and a bias."""
        weights = model.state_dict()
        factors, biases = weights["look.weight"][:-1], weights["look.weight"][-1]
        vectors = Features.open(world.root, "convnet").vectors(world)
        users, items = self.pairs(world)
        for user, item, score in zip(users, items, model.score_pairs(users, items), strict=True):
            vector, bias = weights["items.weight"][item].clone(), float(weights["bias"][item])
            for k, value in enumerate(vectors[item]):
                vector += value * factors[:, k]
                bias += float(value * biases[k])
            assert score.item() == pytest.approx(bias + float(weights["users.weight"][user] @ vector), abs=1e-4)
