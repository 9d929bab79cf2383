from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from tests.models.rewritten import add_topics, rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.layers.evidence import Gates
from workbench.models.base import Recommender
from workbench.models.ctr import CTR, CTRConfig


def fitted(dataset: Dataset, **options: Any) -> tuple[CTR, Tensor, Tensor, Tensor]:
    """A model with its likes (users, images) as zeros and ones, people and images, all in double precision."""
    model = CTR(CTRConfig(**options), dataset)
    model.fit(dataset)
    likes = torch.zeros(len(dataset.users), len(dataset.items), dtype=torch.float64)
    likes[dataset.likes("train")] = 1
    return model, likes, model.users.double(), (model.theta + model.offsets).double()


class TestCTR(ModelCase):
    name = "ctr"
    config: ClassVar[dict[str, Any]] = {"lambda_v": 0.3, "sweeps": 5}

    def test_gate_zero_equals_deleting_the_row(self, world: Dataset, tmp_path: Path) -> None:
        """A closed topic is one that the text has nothing of."""
        model = self.make(world)
        user, item, topic = torch.tensor([3]), torch.tensor([7]), 2
        other = CTR(model.config, add_topics(rewrite(world, tables_of(world), tmp_path / "less"), without=(7, topic)))
        other.load_state_dict(model.state_dict())
        gate = torch.ones(4)
        gate[topic] = 0
        closed = model.score_pairs(user, item, Gates({"topics": gate}))
        torch.testing.assert_close(closed, other.score_pairs(user, item))
        assert (closed - model.score_pairs(user, item)).abs() > 1e-4

    @pytest.mark.parametrize("b", [0.01, 0.4])
    def test_solves_the_normal_equations(self, world: Dataset, b: float) -> None:
        """Dense, one row after the other; the images were solved last, the people with the images before them."""
        options = {"lambda_u": 0.2, "lambda_v": 0.7, "a": 1.3, "b": b}
        model, likes, people, images = fitted(world, sweeps=3, **options)
        before = fitted(world, sweeps=2, **options)[3]
        c = torch.where(likes > 0, 1.3, b).double()
        eye, theta = torch.eye(4, dtype=torch.float64), model.theta.double()
        for user in range(len(likes)):
            left = before.T @ (c[user, :, None] * before) + 0.2 * eye
            expected = torch.linalg.solve(left, before.T @ (c[user] * likes[user]))
            torch.testing.assert_close(people[user], expected, atol=1e-5, rtol=1e-4)
        for item in range(likes.shape[1]):
            left = people.T @ (c[:, item, None] * people) + 0.7 * eye
            expected = torch.linalg.solve(left, people.T @ (c[:, item] * likes[:, item]) + 0.7 * theta[item])
            torch.testing.assert_close(images[item], expected, atol=1e-5, rtol=1e-4)

    def test_every_sweep_lowers_the_cost(self, world: Dataset) -> None:
        costs = []
        for sweeps in range(1, 8):
            model, likes, people, images = fitted(world, sweeps=sweeps, lambda_v=0.3)
            c = torch.where(likes > 0, 1.0, 0.01)
            cost = (c * (likes - people @ images.T) ** 2).sum() + 0.01 * (people**2).sum()
            costs.append(float(cost + 0.3 * ((images - model.theta) ** 2).sum()))
        assert all(later < earlier for earlier, later in pairwise(costs))

    def test_a_heavy_weight_keeps_images_at_their_topics(self, world: Dataset) -> None:
        model, *_ = fitted(world, lambda_v=1e6)
        assert model.offsets.abs().max() < 1e-3

    def test_an_image_without_a_text_has_no_topics(self, model: Recommender, world: Dataset) -> None:
        items = torch.tensor([len(world.items) - 1, 0])
        assert model.elements("topics", torch.zeros(2, dtype=torch.int64), items).lengths.tolist() == [0, 4]
