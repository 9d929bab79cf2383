import warnings
from typing import Any, ClassVar

import pytest
import torch
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits
from torch import Tensor

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.layers.evidence import Gates
from workbench.models.als import ALS, ALSConfig, likes_table
from workbench.models.base import Recommender


def library(model: ALS) -> AlternatingLeastSquares:
    """The library with the factors of a model."""
    with threadpool_limits(1, "blas"):
        other = AlternatingLeastSquares(
            factors=model.config.dim, regularization=model.config.regularisation, alpha=model.config.confidence
        )
    other.item_factors = model.items.numpy()
    return other


class TestALS(ModelCase):
    name = "als"
    config: ClassVar[dict[str, Any]] = {"dim": 6, "confidence": 8.0, "regularisation": 0.5, "sweeps": 5}

    def test_users_are_those_the_library_solves_for(self, model: ALS, world: Dataset) -> None:
        users = torch.arange(len(world.users))
        table = likes_table(world.history, len(world.items))
        expected = torch.from_numpy(library(model).recalculate_user(users.numpy(), table))
        torch.testing.assert_close(model.factors(users), expected, atol=1e-4, rtol=1e-3)
        assert expected.abs().mean() > 0.1

    def test_contributions_are_those_of_the_library(self, model: ALS, world: Dataset) -> None:
        table = likes_table(world.history, len(world.items))
        for user, item in ((0, 5), (7, 80), (39, 119)):
            total, shares, _ = library(model).explain(user, table, item, N=100)
            reading = model.read(torch.tensor([user]), torch.tensor([item]))
            (level,) = reading.levels
            assert level.contribution is not None
            ours = dict(zip(level.elements.values.tolist(), level.contribution.tolist(), strict=True))
            assert ours == pytest.approx({int(j): float(share) for j, share in shares}, abs=1e-4)
            assert float(reading.scores) == pytest.approx(float(total), abs=1e-4)

    def test_gates_between_weigh_what_a_like_adds_to_the_ridge_solution(self, model: ALS, world: Dataset) -> None:
        """Dense, one user: every image has confidence 1 + g (c - 1) and preference g c / confidence."""
        user, y = 4, model.items.double()
        liked = world.history.row(user)
        gate = torch.linspace(0, 1, len(liked))
        extra, right = torch.zeros(len(world.items), dtype=torch.float64), torch.zeros(len(world.items)).double()
        extra[liked], right[liked] = 7 * gate.double(), 8 * gate.double()
        left = y.T @ ((1 + extra).unsqueeze(1) * y) + 0.5 * torch.eye(6, dtype=torch.float64)
        expected = torch.linalg.solve(left, y.T @ right)
        found = model.factors(torch.tensor([user]), Gates({"history": gate}))[0].double()
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)

    def test_a_sweep_of_images_is_a_least_squares_solution(self, world: Dataset) -> None:
        """After many sweeps the images fit the users that fit them."""
        torch.manual_seed(0)
        model = ALS(ALSConfig(dim=4, confidence=3, regularisation=0.3, sweeps=500), world)
        model.fit(world)
        likes = torch.zeros(len(world.users), len(world.items), dtype=torch.float64)
        likes[world.likes("train")] = 1
        x, eye = model.factors(torch.arange(len(world.users))).double(), torch.eye(4, dtype=torch.float64)
        for item in range(0, len(world.items), 5):
            c = 1 + 2 * likes[:, item]
            expected: Tensor = torch.linalg.solve(x.T @ (c.unsqueeze(1) * x) + 0.3 * eye, x.T @ (c * likes[:, item]))
            torch.testing.assert_close(model.items[item].double(), expected, atol=2e-3, rtol=2e-2)

    def test_the_threads_of_the_algebra_give_no_warning(self, world: Dataset) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ALS(ALSConfig(**self.config), world).fit(world)

    def test_a_user_without_likes_has_no_taste(self, model: Recommender, world: Dataset) -> None:
        users = torch.tensor([3, 4])
        gates = Gates({}, {"history": torch.tensor([0.0, 1.0])})
        assert (model.score_items(users, gates).abs().sum(1) > 0).tolist() == [False, True]
