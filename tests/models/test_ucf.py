from typing import ClassVar

import numpy as np
import pytest
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender


class TestUCF(ModelCase):
    name = "ucf"
    config: ClassVar = {"neighbours": 8}

    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """Cosine of binary rows, by sets; of equally near users those of lower id."""
        liked = [set(world.history.row(user).tolist()) for user in range(len(world.users))]
        users, items = self.pairs(world)
        expected = []
        for user, item in zip(users.tolist(), items.tolist(), strict=True):
            cosine = {
                v: float(np.float32(len(liked[user] & liked[v]) / np.sqrt(len(liked[user]) * len(liked[v]))))
                for v in range(len(world.users))
                if v != user
            }
            nearest = sorted(cosine, key=lambda v: (-cosine[v], v))[:8]
            expected.append(sum(cosine[v] for v in nearest if item in liked[v]))
        assert model.score_pairs(users, items).tolist() == pytest.approx(expected, abs=1e-6)
        assert sum(value > 0 for value in expected) > 5

    def test_contributions_are_the_similarities_of_those_who_like_it(self, model: Recommender, world: Dataset) -> None:
        users, items = torch.tensor([0, 1, 2]), torch.tensor([5, 6, 7])
        (level,) = model.read(users, items).levels
        assert level.contribution is not None
        for row, person, share in zip(
            level.elements.rows.tolist(), level.elements.values, level.contribution, strict=True
        ):
            assert (share > 0) == (int(items[row]) in world.history.row(int(person)).tolist())
