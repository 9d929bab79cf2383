import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.store import FeatureCard, Features
from workbench.layers.evidence import Gates
from workbench.models.base import Recommender
from workbench.models.cdl import CDL, CDLConfig
from workbench.models.frames import frame_reader

SMALL: dict[str, Any] = {"dim": 5, "hidden": (8,), "pretraining": 2, "sweeps": 2, "tuning": 2, "batch": 40}


def with_frames(dataset: Dataset, encoder: str = "convnet") -> Dataset:
    """Give image i as many frames as i modulo 4."""
    lengths = np.arange(len(dataset.items)) % 4
    array = np.random.default_rng(1).normal(size=(lengths.sum(), 9)).astype(np.float16)
    boxes = pd.DataFrame({"region": 0, "x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 1.0}, index=range(len(array)))
    card = FeatureCard(
        encoder=encoder, version="1", preprocessing="none", shape=array.shape, fingerprint=dataset.fingerprint,
        of="frames", grid=None,
    )  # fmt: skip
    Features.write(dataset.root, "convnet-frames", card, array, lengths, boxes)
    return dataset


def encoded(model: CDL, x: Tensor) -> Tensor:
    """The code of one content, layer by layer."""
    w = model.state_dict()
    hidden = (w["coder.encoder.0.weight"] @ x + w["coder.encoder.0.bias"]).clamp_min(0)
    return (w["coder.encoder.2.weight"] @ hidden + w["coder.encoder.2.bias"]).clamp_min(0)


class CDLCase(ModelCase):
    name = "cdl"

    def content(self, model: CDL, world: Dataset, item: int) -> Tensor:
        """What the model should read of an image."""
        raise NotImplementedError

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, CDL)
        users, items = self.pairs(world)
        for user, item, score in zip(users.tolist(), items.tolist(), model.score_pairs(users, items), strict=True):
            v = encoded(model, self.content(model, world, item)) + model.offsets[item]
            assert score.item() == pytest.approx(float(model.users[user] @ v), abs=2e-4, rel=1e-4)

    def test_contributions_add_up_and_attention_is_normalised(self, model: Recommender, world: Dataset) -> None:
        """Nothing is weighed and nothing adds up; own is what is left without words and regions."""
        users, items = self.pairs(world)
        reading = model.read(users, items)
        assert [(level.attention, level.contribution) for level in reading.levels] == [(None, None)]
        closed = Gates({}, {model.active_evidence[0].name: torch.zeros(len(users))})
        torch.testing.assert_close(model.score_pairs(users, items, closed), reading.own)

    def test_gradient_of_a_whole_group_reaches_every_row(self, model: Recommender, world: Dataset) -> None:
        gate = torch.full((3,), 0.5, requires_grad=True)
        users = torch.arange(3)
        scores = model.score_items(users, Gates({}, {model.active_evidence[0].name: gate}))
        (slope,) = torch.autograd.grad(scores.square().sum(), gate)
        assert (slope != 0).all()


class TestCDL(CDLCase):
    config: ClassVar[dict[str, Any]] = SMALL

    def content(self, model: CDL, world: Dataset, item: int) -> Tensor:
        assert model.texts is not None
        words, text = model.texts.vocabulary.words, world.texts[item].split()
        x = torch.tensor([float(text.count(word)) for word in words])
        if model.config.weighting == "binary":
            return x.clamp_max(1)
        said = [set(other.split()) for other in world.texts]
        count = Counter(word for other in said for word in other)
        rarity = torch.tensor([1 + math.log((1 + len(said)) / (1 + count[word])) for word in words])
        return x * rarity / rarity.max()

    @torch.no_grad()
    def test_gate_zero_equals_deleting_the_row(self, world: Dataset, tmp_path: Path) -> None:
        """A closed word is one that the text does not say; some texts say a word twice."""
        model = self.make(world)
        assert isinstance(model, CDL) and model.texts is not None
        user, twice = torch.tensor([3]), 0
        said = [text.split() for text in world.texts]
        for item in (5, next(i for i, words in enumerate(said) if len(set(words)) < len(words))):
            elements = model.elements("caption", user, torch.tensor([item])).values
            for position in (0, 2):
                token, text = model.texts.token(int(elements[position]))[1], world.texts[item]
                twice += text.split().count(token.word) == 2
                tables = tables_of(world)
                row = tables["items"]["item"] == world.items.id(item)
                tables["items"].loc[row, "text"] = text[: token.start] + text[token.end :]
                other = CDL(model.config, rewrite(world, tables, tmp_path / f"{item}-{position}")).eval()
                other.load_state_dict(model.state_dict())
                gate = torch.ones(len(elements))
                gate[position] = 0
                closed = model.score_pairs(user, torch.tensor([item]), Gates({"caption": gate}))
                torch.testing.assert_close(closed, other.score_pairs(user, torch.tensor([item])), atol=2e-5, rtol=1e-4)
                same = bool((closed - model.score_pairs(user, torch.tensor([item]))).abs() < 1e-6)
                assert same == (model.config.weighting == "binary" and text.split().count(token.word) == 2)
        assert twice

    @torch.no_grad()
    def test_loss_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """An image at a time; the second has no likes, so that nothing binds its code."""
        assert isinstance(model, CDL)
        w, config = model.state_dict(), model.config
        items, targets, liked = torch.tensor([4, 9, 17]), torch.randn(3, 5), torch.tensor([True, False, True])
        x = model.content(items)
        noisy = x * (torch.rand_like(x) > 0.5)
        expected = 0.0
        for row in range(3):
            h = (w["coder.decoder.0.weight"] @ encoded(model, noisy[row]) + w["coder.decoder.0.bias"]).clamp_min(0)
            told = torch.sigmoid(w["coder.decoder.2.weight"] @ h + w["coder.decoder.2.bias"])
            expected += config.lambda_n / 2 * float((told - x[row]).square().sum())
            if liked[row]:
                expected += config.lambda_v / 2 * float((targets[row] - encoded(model, x[row])).square().sum())
        squares = sum(float(value.square().sum()) for name, value in w.items() if name.endswith("weight"))
        expected = expected / 3 + config.lambda_w / 2 * squares / 120
        assert float(model.loss(x, noisy, targets, liked, 120)) == pytest.approx(expected, rel=1e-4)

    def test_people_and_images_solve_their_equations(self, world: Dataset) -> None:
        """After the last sweep images are least squares around their codes, but for those without likes."""
        torch.manual_seed(0)
        model = CDL(CDLConfig(**SMALL), world)
        model.fit(world)
        likes = torch.zeros(40, 120, dtype=torch.float64)
        likes[world.likes("train")] = 1
        people, theta, config = model.users.double(), model.codes().double(), model.config
        for item in range(120):
            c = torch.where(likes[:, item] > 0, config.a, config.b).double()
            left = people.T @ (c[:, None] * people) + config.lambda_v * torch.eye(5, dtype=torch.float64)
            v = torch.linalg.solve(left, people.T @ (c * likes[:, item]) + config.lambda_v * theta[item])
            expected = v if likes[:, item].any() else theta[item]
            torch.testing.assert_close(model.offsets[item].double() + theta[item], expected, atol=1e-5, rtol=1e-4)
        assert not likes.any(0).all()

    def test_learning_lowers_the_costs(self, world: Dataset) -> None:
        """The auto-encoder's error falls with epochs, and codes come nearer to factors the heavier lambda_v is."""
        errors = []
        for epochs in (0, 20, 80):
            torch.manual_seed(0)
            model = CDL(CDLConfig(**SMALL | {"pretraining": epochs, "learning_rate": 0.01}), world)
            model.fit(world)
            x = model.content(torch.arange(120))
            errors.append((model.coder.decode(model.coder.encode(x)) - x).square().sum().item())
        assert all(later < earlier for earlier, later in pairwise(errors))
        torch.manual_seed(0)
        model = CDL(CDLConfig(**SMALL | {"lambda_v": 1e7}), world)
        model.fit(world)
        assert model.offsets.abs().max() < 1e-3

    def test_scores_no_frames(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, CDL) and frame_reader(model) is None
        with pytest.raises(DataError, match="trained on words scores no frames: train it with --set inputs=NAME"):
            model.frame_scores(torch.tensor([0]), torch.tensor([0]))


class TestCDLByRarity(TestCDL):
    config: ClassVar[dict[str, Any]] = SMALL | {"weighting": "tfidf"}


class TestCDLOnPictures(CDLCase):
    config: ClassVar[dict[str, Any]] = SMALL | {"inputs": "convnet"}

    def content(self, model: CDL, world: Dataset, item: int) -> Tensor:
        vectors = Features.open(world.root, "convnet").vectors(world)
        deviation, mean = torch.std_mean(vectors[:-1], 0, correction=0)
        return (vectors[item] - mean) / deviation if item < 119 else torch.zeros(9)

    @torch.no_grad()
    def test_scores_frames_by_their_codes(self, toy: Dataset, tmp_path: Path) -> None:
        world = with_frames(rewrite(toy, tables_of(toy), tmp_path / "world"))
        model = self.make(world)
        assert isinstance(model, CDL)
        reader = frame_reader(model)
        assert reader is not None and reader.features.card.of == "frames"
        users, items = self.pairs(world)
        sets, scores = reader.scores(users, items)
        assert sets.lengths.tolist() == (items % 4).tolist()
        rows = Features.open(world.root, "convnet-frames").tensor().float()
        place = 0
        for r in range(len(users)):
            for frame in sets.row(r).tolist():
                x = (rows[frame] - model.standardise.mean) / model.standardise.scale
                assert float(scores[place]) == pytest.approx(float(model.users[users[r]] @ encoded(model, x)), rel=1e-3)
                place += 1
        assert place == len(scores)

    def test_frames_by_another_encoder_are_not_scored(self, toy: Dataset, tmp_path: Path) -> None:
        world = with_frames(rewrite(toy, tables_of(toy), tmp_path / "world"), "another")
        assert frame_reader(CDL(CDLConfig(**self.config), world)) is None


def test_texts_without_a_frequent_word_are_refused(toy: Dataset) -> None:
    with pytest.raises(DataError, match="lower rare, or read image features"):
        CDL(CDLConfig(rare=10**6), toy)
