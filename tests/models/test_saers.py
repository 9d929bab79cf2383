from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from tests.models.cases import ModelCase
from tests.models.rewritten import add_features, rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.store import Features
from workbench.layers.evidence import Gates
from workbench.models import model_class
from workbench.models.base import PairBatch, Recommender
from workbench.models.saers import SAERS


class Reference:
    """Every equation for one user and one image, in loops over attributes, in double precision."""

    def __init__(self, model: SAERS, world: Dataset) -> None:
        self.config, self.model = model.config, model
        self.w = {name: value.detach().double().numpy() for name, value in model.state_dict().items()}
        self.features = Features.open(world.root, "attributes")
        self.world = world

    def shown(self, row: int) -> np.ndarray:
        return self.features.array()[row].astype(np.float64)

    def score(self, p: np.ndarray, f: np.ndarray) -> float:
        if self.config.attention == "dot":
            return float(p @ f)
        if self.config.attention == "bilinear":
            return float(p @ self.w["key.weight"] @ f)
        hidden = self.w["query.weight"] @ p + self.w["query.bias"] + self.w["key.weight"] @ f
        return float(self.w["out"] @ np.maximum(hidden, 0))

    def read(self, user: int, item: int, gates: list[float] | None = None) -> tuple[float, list[float], list[float]]:
        """The own part, alpha and contributions; with gates g, alpha_k = max g . g_k exp(e_k) / sum g exp(e)."""
        w, p = self.w, self.w["users.weight"][user]
        own = float(w["bias"][item])
        if self.config.include_id:
            own += float(p @ w["items.weight"][item])
        if self.config.include_global:
            vectors = Features.open(self.world.root, "convnet").vectors(self.world).double().numpy()
            seen = (vectors[item] - vectors.mean(0)) / vectors.std(0)
            own += float(p @ w["look.weight"] @ seen)
        rows = self.features.sets.row(item).tolist()
        g = [1.0] * len(rows) if gates is None else gates
        powers = [gate * np.exp(self.score(p, self.shown(row))) for gate, row in zip(g, rows, strict=True)]
        alpha = [max(g) * power / sum(powers) if sum(powers) else 0.0 for power in powers]
        return own, alpha, [a * self.appeal(user, row) for a, row in zip(alpha, rows, strict=True)]

    def appeal(self, user: int, row: int) -> float:
        return float(self.w["users.weight"][user] @ (self.w["value.weight"] @ self.shown(row)))


class TestSAERS(ModelCase):
    name = "saers"
    config: ClassVar = {"dim": 6, "hidden": 5}

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, SAERS)
        reference = Reference(model, world)
        users, items = self.pairs(world)
        reading, liking = model.read(users, items), model.liking(users, items)
        (level,) = reading.levels
        assert level.attention is not None and level.contribution is not None
        for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            own, alpha, shares = reference.read(user, item)
            here = level.elements.rows == row
            rows = reference.features.sets.row(item).tolist()
            assert level.elements.values[here].tolist() == rows
            assert level.attention[here].tolist() == pytest.approx(alpha, abs=1e-4)
            assert level.contribution[here].tolist() == pytest.approx(shares, abs=1e-4)
            assert reading.own[row].item() == pytest.approx(own, abs=1e-4)
            assert reading.scores[row].item() == pytest.approx(own + sum(shares), abs=2e-4)
            expected = [1 / (1 + np.exp(-reference.appeal(user, k))) for k in rows]
            assert liking[here].tolist() == pytest.approx(expected, abs=1e-4)

    @torch.no_grad()
    def test_gates_renormalise_the_attention(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, SAERS)
        reference, user, item = Reference(model, world), 3, 7
        gates = [0.0, 0.4, 0.9, 0.2]
        own, _, shares = reference.read(user, item, gates)
        pair = torch.tensor([user]), torch.tensor([item])
        score = model.score_pairs(*pair, Gates({"attributes": torch.tensor(gates)}))
        assert float(score) == pytest.approx(own + sum(shares), abs=1e-4)

    @torch.no_grad()
    def test_all_images_at_once_are_weighed_as_pairs_are(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, SAERS)
        weights, appeal = model.everything(torch.tensor([5, 11]))
        items = torch.arange(len(world.items))
        for row, user in enumerate((5, 11)):
            (level,) = model.read(torch.full_like(items, user), items).levels
            assert level.attention is not None and level.contribution is not None
            torch.testing.assert_close(weights[row], level.attention, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(weights[row] * appeal[row], level.contribution, atol=1e-4, rtol=1e-3)

    @torch.no_grad()
    def test_the_loss_has_its_regularisers_apart(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, SAERS)
        users, positives = world.likes("train")
        negatives = positives.roll(1)
        loss = float(model(PairBatch(users, positives, negatives[:, None])))
        difference = model.score_pairs(users, positives) - model.score_pairs(users, negatives)
        tables = [(model.users.weight, users), *((model.items.weight, i) for i in (positives, negatives))]
        rows = sum(float(table[codes].square().sum()) for table, codes in tables)
        rows += sum(float(model.bias[codes].square().sum()) for codes in (positives, negatives))
        names = ("value.weight", "query.weight", "key.weight")
        matrices = sum(float(model.get_parameter(name).square().sum()) for name in names)
        expected = -float(difference.sigmoid().log().mean()) + 0.01 * rows / len(users) + 1e-4 * matrices
        assert loss == pytest.approx(expected, rel=1e-4)

    def test_attention_depends_on_the_user_and_on_what_the_attribute_looks_like(
        self, model: Recommender, world: Dataset
    ) -> None:
        assert isinstance(model, SAERS)
        weights, _ = model.everything(torch.arange(4))
        mine = weights[:, torch.tensor((model.features.shown["attribute"] == "size").tolist())]
        assert (mine.std(0) > 1e-3).any() and (mine.std(1) > 1e-3).all()


class TestBilinear(ModelCase):
    name = "saers"
    config: ClassVar = {"dim": 6, "attention": "bilinear", "include_id": False}


class TestDotAndTheWholeImage(ModelCase):
    name = "saers"
    config: ClassVar = {"dim": 9, "attention": "dot", "include_global": True}


@pytest.mark.parametrize(
    "config",
    [
        {"attention": "bilinear", "include_id": False, "dim": 4},
        {"attention": "dot", "dim": 9},
        {"include_global": True, "dim": 4},
    ],
)
@torch.no_grad()
def test_every_form_equals_the_formula(toy: Dataset, tmp_path: Path, config: dict[str, Any]) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "toy")
    kind = model_class("saers")
    torch.manual_seed(0)
    model = kind(kind.Config(**config), world).eval()
    assert isinstance(model, SAERS)
    for parameter in model.parameters():
        parameter.normal_(std=0.5)
    reference = Reference(model, world)
    for user, item in ((0, 3), (8, 4), (20, len(world.items) - 1)):
        own, _, shares = reference.read(user, item)
        found = float(model.score_pairs(torch.tensor([user]), torch.tensor([item])))
        assert found == pytest.approx(own + sum(shares), abs=1e-4)


def test_what_cannot_be_is_refused(toy: Dataset, tmp_path: Path) -> None:
    kind = model_class("saers")
    world = add_features(rewrite(toy, tables_of(toy), tmp_path / "toy"), "plain", (2, 2))
    with pytest.raises(DataError, match="set dim=9"):
        kind(kind.Config(attention="dot", dim=8), world)
    with pytest.raises(DataError, match="'plain' hold no attributes: make some with --encoder attributes"):
        kind(kind.Config(features="plain"), world)
    (world.root / "features" / "attributes").rename(world.root / "features" / "elsewhere")
    with pytest.raises(DataError, match="--encoder attributes"):
        kind(kind.Config(), world)
