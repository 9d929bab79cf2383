import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from tests.models.cases import ModelCase, prepared
from tests.models.rewritten import rewrite, tables_of
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.evaluation.frames import evaluate_frames
from workbench.features.store import FeatureCard, Features
from workbench.layers.recorded import RecordedSets
from workbench.models.base import PairBatch, Recommender
from workbench.models.frames import FrameScorer, frame_reader
from workbench.models.jifr import JIFR, JIFRConfig


def reference(model: JIFR, user: int, item: int) -> tuple[float, float, list[float], list[float]]:
    """One pair with loops over plain lists: ``b_i + c1 u.v``, ``c2``, attention and key-frame score of every frame."""
    config = model.config
    u, v, w = model.u.weight[user], model.v.weight[item], model.w.weight[user]
    scores, affinities = [], []
    for row in model.features.sets.row(item).tolist():
        f = (model.features.tensor()[row].float() - model.standardise.mean) / model.standardise.scale
        g = [sum(float(p) * float(x) for p, x in zip(line, f, strict=True)) for line in model.project.weight]
        scores.append(sum(float(a) * b for a, b in zip(w, g, strict=True)))
        if not config.attention:
            affinities.append(0.0)
        elif config.affinity == "additive":
            hidden = model.query.weight @ w + model.query.bias + model.key.weight @ torch.tensor(g)
            affinities.append(sum(float(q) * math.tanh(float(h)) for q, h in zip(model.out, hidden, strict=True)))
        else:
            affinities.append(scores[-1] / (config.temperature or math.sqrt(config.visual_dim)))
    powers = [math.exp(a) for a in affinities]
    c1, c2 = 1.0, 1.0
    if config.space_weighting == "attentive":
        first, _, second = model.spaces
        one, two = second.weight @ (first.weight @ torch.cat([u, w]) + first.bias).clamp_min(0) + second.bias
        c1, c2 = (math.exp(x) / (math.exp(one) + math.exp(two)) for x in (one, two))
    own = float(model.bias[item]) + c1 * sum(float(a) * float(b) for a, b in zip(u, v, strict=True))
    return own, c2, [power / sum(powers) for power in powers], scores


class JIFRCase(ModelCase):
    name = "jifr"
    config: ClassVar = {"dim": 6, "visual_dim": 5, "hidden": 7}

    @torch.no_grad()
    def test_equals_the_equations(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, JIFR)
        users, items = self.pairs(world, 25)
        reading, (collaborative, visual) = model.read(users, items), model.space_terms(users, items)
        (level,), (sets, scores) = reading.levels, model.frame_scores(users, items)
        assert level.contribution is not None and torch.equal(sets.values, level.elements.values)
        assert (level.attention is None) == (not model.config.attention)
        for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            own, c2, alpha, appeal = reference(model, user, item)
            here = sets.rows == row
            shares = [c2 * a * score for a, score in zip(alpha, appeal, strict=True)]
            assert float(reading.own[row]) == pytest.approx(own, rel=1e-3, abs=1e-4)
            assert float(reading.scores[row]) == pytest.approx(own + sum(shares), rel=1e-3, abs=1e-3)
            assert scores[here].tolist() == pytest.approx(appeal, rel=1e-3, abs=1e-3)
            assert level.contribution[here].tolist() == pytest.approx(shares, rel=1e-3, abs=1e-3)
            if level.attention is not None:
                assert level.attention[here].tolist() == pytest.approx(alpha, rel=1e-3, abs=1e-4)
            assert float(visual[row]) == pytest.approx(sum(shares), rel=1e-3, abs=1e-3)
            assert float(collaborative[row]) == pytest.approx(own - float(model.bias[item]), rel=1e-3, abs=1e-3)

    @torch.no_grad()
    def test_swapping_visual_profiles_swaps_key_frames_alone(self, world: Dataset) -> None:
        model = self.make(world)
        assert isinstance(model, JIFR)
        items = torch.arange(len(world.items) - 1)
        one, two = torch.zeros_like(items), torch.ones_like(items)
        before = [model.frame_scores(user, items)[1] for user in (one, two)]
        terms = [model.space_terms(user, items)[0] for user in (one, two)]
        model.w.weight[:2] = model.w.weight[:2].flip(0)
        assert torch.equal(model.frame_scores(one, items)[1], before[1])
        assert torch.equal(model.frame_scores(two, items)[1], before[0])
        assert not torch.equal(before[0], before[1])
        if model.config.space_weighting == "sum":
            assert torch.equal(model.space_terms(one, items)[0], terms[0])
            assert torch.equal(model.space_terms(two, items)[0], terms[1])

    @torch.no_grad()
    def test_order_of_frames_changes_no_score(self, world: Dataset) -> None:
        model, users = self.make(world), torch.arange(len(world.users))
        assert isinstance(model, JIFR)
        scores, sets = model.score_items(users), model.frames.sets
        order = torch.argsort(torch.rand(len(sets.values)) + sets.rows)
        model.frames = RecordedSets(Ragged(sets.offsets, sets.values[order]))
        model._lay_out()
        torch.testing.assert_close(model.score_items(users), scores)

    @torch.no_grad()
    def test_the_loss_has_its_regularisers_apart(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, JIFR)
        users, positives = world.likes("train")
        negatives = positives.roll(1)
        difference = model.score_pairs(users, positives) - model.score_pairs(users, negatives)
        config, parts = model.config, (model.u(users), model.v(positives), model.v(negatives))
        rows = sum((part.square().sum() for part in parts), torch.zeros(()))
        rows = rows + model.bias[positives].square().sum() + model.bias[negatives].square().sum()
        penalty = config.regularisation * rows + config.visual_regularisation * model.w(users).square().sum()
        expected = -difference.sigmoid().log().mean() + penalty / len(users)
        expected = expected + config.projection_regularisation * model.project.weight.square().sum()
        loss = model(PairBatch(users, positives, negatives.unsqueeze(1)))
        torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-4)


class TestJIFR(JIFRCase):
    @torch.no_grad()
    def test_two_equal_frames_share_the_attention_and_count_as_one(self, tmp_path: Path, toy: Dataset) -> None:
        """Frames twice in a row: alpha halves, x_ai and the score stay as they are."""
        worlds = [rewrite(toy, tables_of(toy), tmp_path / name) for name in ("one", "two")]
        lone = np.stack([np.random.default_rng(item).normal(size=9) for item in toy.items]).astype(np.float16)
        for world, times in zip(worlds, (1, 2), strict=True):
            write_frames(world, lone.repeat(times, 0), np.full(len(lone), times))
        models = [prepared("jifr", world, 3, self.config) for world in worlds]
        users, items = self.pairs(toy)
        one, two = (model.read(users, items) for model in models)
        torch.testing.assert_close(one.scores, two.scores)
        assert two.levels[0].attention is not None
        torch.testing.assert_close(two.levels[0].attention, torch.full((2 * len(users),), 0.5))

    @torch.no_grad()
    def test_an_item_without_frames_has_no_visual_part(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, JIFR)
        bare = torch.tensor([len(world.items) - 1])
        assert not len(model.elements("frames", torch.tensor([0]), bare).values)
        assert float(model.space_terms(torch.tensor([0]), bare)[1]) == 0

    @torch.no_grad()
    def test_pictures_without_a_reel_can_be_left_out(self, world: Dataset, tmp_path: Path) -> None:
        reels = list(world.items)[3:6]
        table = pd.DataFrame({"item": reels, "frame": 0, "image": "picture.jpg"})
        write_dataset(tmp_path / "reels", world.card, {**tables_of(world), "frames": table})
        other = Dataset.open(tmp_path / "reels")
        lengths = frames_of(world).sets.lengths.numpy()
        write_frames(other, frames_of(world).array(), lengths)
        model = prepared("jifr", other, 3, {**self.config, "stills": False})
        sets = model.elements(
            "frames", torch.zeros(len(world.items), dtype=torch.int64), torch.arange(len(world.items))
        )
        assert [i for i, n in enumerate(sets.lengths.tolist()) if n] == [3, 4, 5]
        assert sets.row(4).tolist() == frames_of(world).sets.row(4).tolist()

    def test_triples_that_drop_the_collaborative_space_teach_the_visual_one_alone(self, world: Dataset) -> None:
        model = prepared("jifr", world, 3, {**self.config, "dropout": 0.999, "regularisation": 0.0}).train()
        assert isinstance(model, JIFR)
        users, items = world.likes("train")
        torch.manual_seed(0)
        model(PairBatch(users[:20], items[:20], items[:20].roll(1).unsqueeze(1))).backward()
        assert model.u.weight.grad is not None and not model.u.weight.grad.any()
        assert model.w.weight.grad is not None and model.w.weight.grad.any()

    def test_scores_frames_by_itself(self, model: Recommender) -> None:
        assert isinstance(model, FrameScorer)
        reader = frame_reader(model)
        assert reader is not None and reader.comparable and reader.what == "key-frame score"


class TestJIFRWithoutAttention(JIFRCase):
    config: ClassVar = {**JIFRCase.config, "attention": False}


class TestJIFRSharp(JIFRCase):
    config: ClassVar = {**JIFRCase.config, "temperature": 0.7, "dropout": 0.3}


class TestJIFRAdditive(JIFRCase):
    config: ClassVar = {**JIFRCase.config, "affinity": "additive"}


class TestJIFRAttentive(JIFRCase):
    config: ClassVar = {**JIFRCase.config, "space_weighting": "attentive"}


def frames_of(world: Dataset) -> Features:
    return Features.open(world.root, "convnet-frames")


def write_frames(world: Dataset, array: NDArray[np.float16], lengths: NDArray[np.int64]) -> None:
    card = FeatureCard(
        encoder="convnet", version="test", preprocessing="none", shape=(len(array), array.shape[1]), of="frames",
        fingerprint=world.fingerprint, grid=None,
    )  # fmt: skip
    regions = pd.DataFrame({"region": np.concatenate([np.arange(n) for n in lengths])})
    Features.write(world.root, "convnet-frames", card, array, lengths, regions.assign(x0=0.0, y0=0.0, x1=1.0, y1=1.0))


def write_reels(folder: Path, users: int = 120, items: int = 160, frames: int = 6, width: int = 8) -> Dataset:
    """Users with a hidden taste like items for the frame they like best: P(like) grows with max_k t_a . f_k."""
    rng = np.random.default_rng(0)
    taste, shown = rng.normal(size=(users, width)), rng.normal(size=(items, frames, width))
    taste /= np.linalg.norm(taste, axis=-1, keepdims=True)
    shown /= np.linalg.norm(shown, axis=-1, keepdims=True)
    appeal = np.einsum("ud,ikd->uik", taste, shown)
    chances = np.exp(12 * appeal.max(-1))
    liked = [rng.choice(items, 20, replace=False, p=row / row.sum()) for row in chances]
    likes = pd.DataFrame({"user": np.repeat(np.arange(users), 20), "item": np.concatenate(liked)})
    best = appeal[likes["user"], likes["item"]].argmax(1)
    splits = np.tile(["test", "validation", *["train"] * 18], users)
    reels = pd.DataFrame({"item": np.repeat(np.arange(items), frames), "frame": np.tile(np.arange(frames), items)})
    tables = {
        "users": pd.DataFrame({"user": np.arange(users)}),
        "items": pd.DataFrame({"item": np.arange(items)}),
        "likes": likes.assign(split=splits),
        "causes": likes.assign(source="like", aspect="own", frame=best),
        "frames": reels.assign(image="frame.jpg"),
    }
    write_dataset(folder, DatasetCard(name="reels"), tables)
    world = Dataset.open(folder)
    write_frames(world, shown.reshape(-1, width).astype(np.float16), np.full(items, frames))
    return world


@pytest.mark.slow
def test_finds_the_frames_that_likes_were_planted_for(tmp_path: Path) -> None:
    """Likes alone tell which frame was liked, and attention tells more than the mean of all frames."""
    world = write_reels(tmp_path / "reels")
    settings = {"epochs": 40, "batch": 512, "learning_rate": 0.02, "dim": 8, "visual_dim": 8, "monitor": "AUC"}
    settings |= {"evaluate_every": 4, "regularisation": 0.02, "visual_regularisation": 0.002}
    found = {}
    for name, attention in (("jifr", True), ("na", False)):
        run = api.train("jifr", world.root, tmp_path / name, device="cpu", attention=attention, **settings)
        found[name] = evaluate_frames(run.model(world), world, split="all", groups=0)
    random = found["na"].controls["random"]["HR@1"]
    assert random == pytest.approx(1 / 6)
    assert found["na"].metrics["HR@1"].mean > 2 * random
    assert found["jifr"].metrics["HR@1"].mean > found["na"].metrics["HR@1"].mean + 0.1
    for name in ("another user", "shuffled frames"):
        assert found["jifr"].controls[name]["HR@1"] < random + 0.05


def test_settings_without_effect_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing reads the affinity"):
        JIFRConfig(attention=False, affinity="additive")
    with pytest.raises(ValueError, match="only the dot product has a temperature"):
        JIFRConfig(temperature=1, affinity="additive")


def test_features_of_images_are_refused(toy: Dataset, tmp_path: Path) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "world")
    with pytest.raises(DataError, match="--of frames"):
        JIFR(JIFRConfig(features="convnet"), world)
