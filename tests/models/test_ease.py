from typing import ClassVar

import numpy as np
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender
from workbench.models.ease import EASE, EASEConfig


class TestEASE(ModelCase):
    name = "ease"
    config: ClassVar = {"neighbours": 10, "strength": 3.0}

    def test_all_weights_are_the_closed_form_of_the_paper(self, world: Dataset) -> None:
        """Eq. 8: ``B = I - P diag(1 / diag P)``, so that scores are ``X B``."""
        model = EASE(EASEConfig(neighbours=1000, strength=3.0), world)
        model.fit(world)
        x = np.zeros((len(world.users), len(world.items)))
        x[tuple(part.numpy() for part in world.likes("train"))] = 1
        p = np.linalg.inv(x.T @ x + 3 * np.eye(x.shape[1]))
        expected = x @ (np.eye(x.shape[1]) - p / np.diag(p))
        found = model.score_items(torch.arange(len(world.users)))
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)

    def test_few_weights_are_the_largest(self, model: Recommender, world: Dataset) -> None:
        full = EASE(EASEConfig(neighbours=1000, strength=3.0), world)
        full.fit(world)
        users, items = self.pairs(world)
        everything = torch.arange(len(world.items))
        for user, item in zip(users[:20].tolist(), items[:20].tolist(), strict=True):
            weight = full.near.between(everything, torch.full_like(everything, item))
            best = weight.index_fill(0, torch.tensor([item]), -torch.inf).topk(10).indices
            liked = world.history.row(user)
            expected = weight[liked[torch.isin(liked, best)]].sum()
            torch.testing.assert_close(model.score_pairs(torch.tensor([user]), torch.tensor([item]))[0], expected)
