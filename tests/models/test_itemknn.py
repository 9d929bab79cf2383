from typing import ClassVar

import numpy as np
import pytest

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender


class TestItemKNN(ModelCase):
    name = "itemknn"
    config: ClassVar = {"neighbours": 10, "shrink": 2.0}

    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """Cosine with shrinkage of binary columns, by sets; the images nearest to the scored one count."""
        pairs = list(zip(*(part.tolist() for part in world.likes("train")), strict=True))
        people = [{user for user, liked in pairs if liked == item} for item in range(len(world.items))]
        users, items = self.pairs(world)
        expected = []
        for user, item in zip(users.tolist(), items.tolist(), strict=True):
            near = {
                j: float(np.float32(len(people[item] & p) / (np.sqrt(len(people[item]) * len(p)) + 2)))
                for j, p in enumerate(people)
                if j != item
            }
            top = sorted(near, key=lambda j: (-near[j], j))[:10]
            expected.append(sum(near[j] for j in world.history.row(user).tolist() if j in top))
        assert model.score_pairs(users, items).tolist() == pytest.approx(expected, abs=1e-6)
        assert sum(value > 0 for value in expected) > 5
