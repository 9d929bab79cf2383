import math
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.models.acf import ACF, ACFConfig
from workbench.models.base import PairBatch, Recommender


def softmax(scores: list[float]) -> list[float]:
    shares = [math.exp(score - max(scores, default=0.0)) for score in scores]
    return [share / sum(shares) for share in shares]


def reference(model: ACF, world: Dataset, user: int, item: int) -> tuple[float, list[float], list[list[float]]]:
    """Eq. 6, 8-12 for one pair with loops and lists: score, item attention, component attention of every liked image.

    With the option ``form=code`` the attended content takes the place of p_l, and the item network sees nothing else.
    """
    config, u = model.config, model.u.weight[user]
    liked = [j for j in world.history.row(user).tolist() if not (config.exclude_target and j == item)]
    scores, values, betas = [], [], []
    for j in liked:
        rows = model.regions.sets(torch.tensor([j])).values
        parts = [model.regions.vectors[row].float() for row in rows]
        if config.project == "before":
            parts = [model.project.weight @ x for x in parts]
        inner = [0.0] * len(parts)
        if config.components == "learned":
            query = model.component_query.weight @ u + model.component_query.bias
            keys = parts if config.project == "before" else [model.component_key.weight @ x for x in parts]
            inner = [float(model.component_out @ (query + key).clamp_min(0)) for key in keys]
        beta = softmax(inner)
        content = sum((b * x for b, x in zip(beta, parts, strict=True)), torch.zeros(parts[0].shape if parts else 0))
        if config.form == "code" and config.project == "after" and parts:
            content = model.project.weight @ content
        hidden = model.item_query.weight @ u + model.item_query.bias
        if config.form == "paper" and "item" in config.inputs:
            hidden = hidden + model.item_v.weight @ model.v.weight[j]
        if config.form == "paper" and "auxiliary" in config.inputs:
            hidden = hidden + model.item_p.weight @ model.p.weight[j]
        if parts:
            hidden = hidden + model.item_x.weight @ content
        scores.append(float(model.item_out @ hidden.clamp_min(0)))
        values.append(model.p.weight[j] if config.form == "paper" else content if parts else torch.zeros_like(u))
        betas.append(beta)
    alpha = softmax(scores)
    context = sum((a * value for a, value in zip(alpha, values, strict=True)), torch.zeros_like(u))
    return float((u + context) @ model.v.weight[item]), alpha, betas


class ACFCase(ModelCase):
    name = "acf"
    config: ClassVar = {"dim": 8, "hidden": 6}

    @torch.no_grad()
    def test_equals_the_equations(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, ACF)
        users, items = self.pairs(world, 25)
        items[:5] = torch.stack([world.history.row(int(user))[0] for user in users[:5]])
        reading = model.read(users, items)
        history, regions = reading.levels
        assert history.attention is not None and regions.attention is not None and regions.parent is not None
        for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            score, alpha, betas = reference(model, world, user, item)
            assert float(reading.scores[row]) == pytest.approx(score, rel=1e-3, abs=1e-4)
            mine = (history.elements.rows == row).nonzero().flatten()
            if model.config.exclude_target:
                mine = mine[history.elements.values[mine] != item]
            assert history.attention[mine].tolist() == pytest.approx(alpha, abs=1e-4)
            for place, beta in zip(mine, betas, strict=True):
                assert regions.attention[regions.parent == place].tolist() == pytest.approx(beta, abs=1e-4)

    def test_loss_leaves_the_positive_out_of_its_own_history(self, model: Recommender, world: Dataset) -> None:
        """The training loss equals that of the scores: a positive is scored without itself, a negative with all."""
        assert isinstance(model, ACF)
        users, items = world.likes("train")
        unliked = [next(i for i in range(len(world.items)) if i not in world.history.row(u)) for u in range(40)]
        negatives = torch.tensor(unliked)[users].unsqueeze(1)
        plain = model.config.model_copy(update={"regularisation": 0.0})
        model.config, kept = plain, model.config
        with torch.no_grad():
            loss = model(PairBatch(users, items, negatives))
            difference = model.score_pairs(users, items) - model.score_pairs(users, negatives[:, 0])
        model.config = kept
        torch.testing.assert_close(loss, torch.nn.functional.softplus(-difference).mean(), atol=1e-4, rtol=1e-4)

    @torch.no_grad()
    def test_region_map_is_how_a_liked_image_is_read(self, model: Recommender, world: Dataset) -> None:
        user = 3
        liked = world.history.row(user)
        reading = model.read(torch.tensor([user]), torch.tensor([len(world.items) - 1]))
        level = model.region_map(torch.full_like(liked, user), liked)
        assert level is not None and level.attention is not None
        torch.testing.assert_close(level.attention, reading.levels[1].attention)


class TestACF(ACFCase):
    pass


class TestACFAsPrinted(ACFCase):
    config: ClassVar = {"dim": 8, "hidden": 6, "exclude_target": False}


class TestACFAverageComponents(ACFCase):
    config: ClassVar = {"dim": 8, "hidden": 6, "components": "average"}


class TestACFSeesAuxiliaryVectorsAlone(ACFCase):
    """Without v_l (Table 3)."""

    config: ClassVar = {"dim": 8, "hidden": 6, "inputs": ("auxiliary",)}


class TestACFProjectedBefore(ACFCase):
    config: ClassVar = {"dim": 8, "hidden": 6, "project": "before"}


class TestACFAsReleased(ACFCase):
    config: ClassVar = {"dim": 8, "hidden": 6, "form": "code", "project": "before"}


class TestACFContent(ACFCase):
    config: ClassVar = {"dim": 8, "hidden": 6, "form": "code"}


class TestACFWithoutAttention(ModelCase):
    """The row AVG / - of Table 2."""

    name = "acf"
    config: ClassVar = {"dim": 8, "items": "average", "components": "none"}

    @torch.no_grad()
    def test_is_svdpp_with_the_mean(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, ACF)
        users, items = self.pairs(world)
        for user, item, score in zip(users, items, model.score_pairs(users, items), strict=True):
            liked = world.history.row(int(user))
            liked = liked[liked != item]
            vector = model.u.weight[user] + model.p.weight[liked].sum(0) / max(len(liked), 1)
            assert score.item() == pytest.approx(float(vector @ model.v.weight[item]), abs=1e-4)


def test_settings_without_effect_are_refused(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing reads the components"):
        ACFConfig(items="average")
    with pytest.raises(ValueError, match="adds up content"):
        ACFConfig(form="code", components="none")
    with pytest.raises(ValueError, match="sees nothing of them"):
        ACFConfig(components="none", inputs=())
