import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.cases import ModelCase
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.store import FeatureCard, Features
from workbench.models.base import PairBatch, Recommender
from workbench.models.bpr import BPR
from workbench.models.vpoi import VPOI, VPOIConfig


def ln_sigmoid(x: float) -> float:
    return -math.log(1 + math.exp(-x))


class TestVPOI(ModelCase):
    name = "vpoi"
    config: ClassVar[dict[str, Any]] = {"strangers": 3}

    @torch.no_grad()
    def test_pictures_are_likely_for_those_they_belong_to(self, model: Recommender, world: Dataset) -> None:
        """The log-likelihoods, picture by picture; the last image has no picture and no creator."""
        assert isinstance(model, VPOI)
        w = model.state_dict()
        vectors = Features.open(world.root, "convnet").vectors(world)
        deviation, mean = torch.std_mean(vectors[:-1], 0, correction=0)
        for table, look, owners in (("users", "of_users", world.creator), ("items", "of_items", torch.arange(120))):
            torch.manual_seed(2)
            pictures = torch.arange(119)
            found = float(model.unlikeliness(getattr(model, table), getattr(model, look), pictures, owners[:-1]))
            torch.manual_seed(2)
            vectors_of, expected = w[f"{table}.weight"], 0.0
            for k, strangers in enumerate(torch.randint(len(vectors_of), (119, 3)).tolist()):
                seen = w[f"{look}.weight"] @ ((vectors[k] - mean) / deviation)
                expected -= ln_sigmoid(float(vectors_of[int(owners[k])] @ seen))
                expected -= sum(ln_sigmoid(-float(vectors_of[n] @ seen)) for n in strangers)
            assert found == pytest.approx(expected, rel=1e-4)

    @torch.no_grad()
    def test_loss_adds_up(self, model: Recommender, world: Dataset) -> None:
        """Beside that of BPR; over all likes it is the whole sum of pictures."""
        assert isinstance(model, VPOI)
        users, items = world.likes("train")
        batch = PairBatch(users, items, items.flip(0).unsqueeze(1))
        torch.manual_seed(6)
        added = float(model(batch) - BPR.forward(model, batch))
        torch.manual_seed(6)
        made = model.made[torch.randint(len(model.made), (len(model.made),))]
        config = model.config
        expected = config.user_weight * float(
            model.unlikeliness(model.users, model.of_users, made, model.made_by[made])
        )
        shown = torch.randint(len(model.shown_by), (len(model.shown_by),))
        owners = model.shown_by[shown]
        expected += config.item_weight * float(model.unlikeliness(model.items, model.of_items, shown, owners))
        squares = model.of_users.weight.square().sum() + model.of_items.weight.square().sum()
        expected += config.projection_regularisation * float(squares)
        assert added == pytest.approx(expected / len(users), rel=1e-3)

    def test_reads_no_evidence_and_says_why(self, model: Recommender) -> None:
        assert model.silent and not model.evidence
        with pytest.raises(ValueError, match="vpoi reads no evidence"):
            model.elements("regions", torch.tensor([0]), torch.tensor([0]))


class TestVPOIWithoutUsers(ModelCase):
    name = "vpoi"
    config: ClassVar[dict[str, Any]] = {"user_weight": 0.0}


def test_every_frame_is_a_picture_of_its_own(toy: Dataset, tmp_path: Path) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "world")
    lengths = np.arange(len(world.items)) % 3
    array = np.random.default_rng(0).normal(size=(lengths.sum(), 9)).astype(np.float16)
    boxes = pd.DataFrame({"region": 0, "x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 1.0}, index=range(len(array)))
    card = FeatureCard(
        encoder="test", version="1", preprocessing="none", shape=array.shape, fingerprint=world.fingerprint,
        of="frames", grid=None,
    )  # fmt: skip
    Features.write(world.root, "frames", card, array, lengths, boxes)
    model = VPOI(VPOIConfig(features="frames"), world)
    assert model.shown_by.tolist() == np.repeat(np.arange(len(lengths)), lengths).tolist()
    np.testing.assert_array_equal(model.pictures.numpy(), array)
    users, items = world.likes("train")
    model(PairBatch(users, items, items.flip(0).unsqueeze(1))).backward()
    assert model.of_items.weight.grad is not None and model.of_items.weight.grad.abs().sum() > 0


def test_pictures_nobody_made_are_refused_for_users(toy: Dataset, tmp_path: Path) -> None:
    tables = tables_of(toy)
    tables["items"]["creator"] = None
    world = rewrite(toy, tables, tmp_path / "none")
    with pytest.raises(DataError, match="--set user_weight=0"):
        VPOI(VPOIConfig(), world)
    assert VPOI(VPOIConfig(user_weight=0), world).n_likes
