from typing import ClassVar

import pytest
import torch

from tests.models.cases import LATE, ModelCase
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.base import Recommender
from workbench.models.deephybrid import DeepHybrid, DeepHybridConfig
from workbench.training.run import Run


class TestDeepHybrid(ModelCase):
    name = "deephybrid"
    config: ClassVar = {"factor_epochs": 2, "hidden": 12}
    stages: ClassVar = (1, LATE)

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """SVD++ with g(f_i), an image at a time, in the place of q_i."""
        w = model.state_dict()
        vectors = Features.open(world.root, "convnet").vectors(world)
        deviation, mean = torch.std_mean(vectors[:-1], 0, correction=0)
        users, items = self.pairs(world)
        for user, item, score in zip(users.tolist(), items.tolist(), model.score_pairs(users, items), strict=True):
            q = w["factors.items.learned.weight"][item]
            if item < len(world.items) - 1:
                f = (vectors[item] - mean) / deviation
                hidden = (w["factors.items.net.1.weight"] @ f + w["factors.items.net.1.bias"]).clamp_min(0)
                q = w["factors.items.net.3.weight"] @ hidden + w["factors.items.net.3.bias"]
            liked = [j for j in world.history.row(user).tolist() if j != item]
            context = w["factors.liked.weight"][liked].sum(0) / max(len(liked), 1) ** 0.5
            expected = w["factors.bias"][item] + q @ (w["factors.users.weight"][user] + context)
            assert score.item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-4)

    def test_each_stage_changes_its_own_part_alone(self, world: Dataset, tmp_path: object) -> None:
        run = self.train(world, tmp_path / "run")  # type: ignore[operator]
        factors = self.train(world, tmp_path / "more", epochs=5)  # type: ignore[operator]
        one, other = (r.model(world).state_dict() for r in (run, factors))
        assert isinstance(run, Run)
        same = {name for name in one if torch.equal(one[name], other[name])}
        assert {"factors.users.weight", "factors.items.learned.weight", "factors.liked.weight"} <= same
        assert [bool(epoch.validation) for epoch in run.card.history] == [False, False, True, True]


class TestDeepHybridForTheUnseen(ModelCase):
    name = "deephybrid"
    config: ClassVar = {"factor_epochs": 2, "hidden": 12, "predicted": "unseen"}
    stages: ClassVar = (1, LATE)

    @torch.no_grad()
    def test_seen_images_keep_their_learned_factors(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, DeepHybrid)
        everything = torch.arange(len(world.items))
        seen = torch.isin(everything, world.history.values)
        kept = (model.images.weight == model.images.learned.weight).all(1)
        assert seen.any() and not seen.all()
        assert torch.equal(kept, seen | (everything == len(everything) - 1))


def test_a_regression_without_epochs_is_refused() -> None:
    with pytest.raises(ValueError, match="50 of 30 epochs leave none for the regression"):
        DeepHybridConfig(epochs=30)
