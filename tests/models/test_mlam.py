import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from tests.models.popularity_cases import posts_world, softmax
from tests.worlds import WORDS
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.features.words import tokens
from workbench.layers.evidence import Gates
from workbench.models.base import PairBatch, Recommender
from workbench.models.mlam import MLAM, MLAMConfig, sentences


def written(items: int) -> dict[int, str]:
    """Texts of up to three sentences, some of them without words, and some texts without any."""
    rng, found = np.random.default_rng(8), {}
    for code in range(items):
        parts = [" ".join(rng.choice([*WORDS, "light", "with"], size=rng.integers(5))) for _ in range(rng.integers(4))]
        found[code] = ". ".join(parts)
    return found


def made(toy: Dataset, folder: Path, **changes: Any) -> Dataset:
    texts = {**written(len(toy.items)), **changes.pop("texts", {})}
    return posts_world(toy, folder, texts=texts, **changes)


class MLAMCase(ModelCase):
    name = "mlam"
    config: ClassVar[dict[str, Any]] = {"dim": 6, "features": "uneven", "rare": 1}

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
        return made(toy, tmp_path_factory.mktemp("mlam") / "toy")

    @staticmethod
    def other(model: Recommender, dataset: Dataset) -> Recommender:
        """The same parameters over another dataset."""
        other = type(model)(model.config, dataset)
        other.load_state_dict(model.state_dict())
        return other.eval()

    def test_gate_zero_equals_deleting_the_row(self, world: Dataset, toy: Dataset, tmp_path: Path) -> None:  # type: ignore[override]
        """Every word and every region of one image, some of them alone in their sentence."""
        model = self.make(world)
        for group in model.active_evidence:
            sizes = model.elements(group.name, torch.arange(119), torch.arange(119)).lengths
            code = int(torch.nonzero(sizes > 3)[0])
            user, item = torch.tensor([3]), torch.tensor([code])
            elements = model.elements(group.name, user, item).values
            for position, element in enumerate(elements.tolist()):
                change: dict[str, Any] = {"without": element}
                if group.name == "words":
                    assert model.texts is not None
                    token, text = model.texts.token(element)[1], world.texts[code]
                    change = {"texts": {code: text[: token.start] + text[token.end :]}}
                other = self.other(model, made(toy, tmp_path / f"{group.name}-{position}", **change))
                gate = torch.ones(len(elements))
                gate[position] = 0
                closed = model.score_pairs(user, item, Gates({group.name: gate}))
                assert not torch.allclose(closed, model.score_pairs(user, item), atol=1e-5), group.name
                torch.testing.assert_close(closed, other.score_pairs(user, item), atol=2e-5, rtol=1e-4)

    def test_order_of_rows_changes_nothing(self, model: Recommender, toy: Dataset, tmp_path: Path) -> None:  # type: ignore[override]
        other = self.other(model, made(toy, tmp_path / "shuffled", shuffled=True))
        users = torch.arange(40)
        torch.testing.assert_close(other.score_items(users), model.score_items(users), atol=2e-5, rtol=1e-4)

    def test_contributions_add_up_and_attention_is_normalised(self, model: Recommender, world: Dataset) -> None:
        """Text and image, each alone, add up to the score of both."""
        users, items = self.pairs(world)
        reading = model.read(users, items)
        levels = {level.name: level for level in reading.levels}
        for group in model.active_evidence:
            level = levels[group.name]
            assert level.attention is not None and (level.attention >= 0).all() and level.contribution is None
            total = torch.zeros(len(users)).index_add(0, level.elements.rows, level.attention)
            torch.testing.assert_close(total, (level.elements.lengths > 0).float())
        closed = {group.name: torch.zeros(len(users)) for group in model.active_evidence}
        nothing = model.score_pairs(users, items, Gates({}, closed))
        torch.testing.assert_close(nothing, reading.own, atol=2e-5, rtol=1e-4)
        alone = [model.score_pairs(users, items, Gates({}, closed | {name: torch.ones(60)})) for name in closed]
        added = torch.stack(alone).sum(0) - (len(alone) - 1) * nothing
        torch.testing.assert_close(added, reading.scores, atol=2e-5, rtol=1e-4)

    def test_the_map_of_an_image_is_the_attention_to_its_regions(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        level = next((level for level in model.read(users, items).levels if level.name == "regions"), None)
        looked = model.region_map(users, items)
        assert (level is None) == (looked is None)
        if level is not None and looked is not None:
            assert torch.equal(looked.elements.values, level.elements.values)
            assert looked.attention is not None and level.attention is not None
            torch.testing.assert_close(looked.attention, level.attention)


class TestMLAM(MLAMCase):
    pass


class TestWords(MLAMCase):
    config: ClassVar[dict[str, Any]] = MLAMCase.config | {"modalities": ("words",), "loss": "hinge"}


class TestRegions(MLAMCase):
    config: ClassVar[dict[str, Any]] = MLAMCase.config | {"modalities": ("regions",)}


class TestOnAGrid(MLAMCase):
    config: ClassVar[dict[str, Any]] = MLAMCase.config | {"features": "even"}

    def test_gate_zero_equals_deleting_the_row(self) -> None:  # type: ignore[override]
        pytest.skip("a grid without one of its cells is no grid")


def isr(e: float, flat: float) -> float:
    return float(e / (1 + flat * e * e) ** 0.5)


def weighed(vectors: Sequence[Tensor], scores: Sequence[float], dim: int) -> Tensor:
    parts = [share * vector for share, vector in zip(softmax(list(scores)), vectors, strict=True)]
    return sum(parts, torch.zeros(dim))


def joined(model: MLAM, name: str, vectors: Sequence[Tensor], user: int) -> tuple[Tensor, list[float]]:
    """The vector of a level from those below it, and their personal weights."""
    w = {key.removeprefix(f"{name}."): value for key, value in model.state_dict().items()}
    short = name.removeprefix("of_")
    flat, common = (getattr(model.config, f"{kind}_{short}") for kind in ("flat", "common"))
    personal = [isr(float(v @ w["users.weight"][user]), flat) for v in vectors]
    shared = [isr(float(w["score.weight"][0] @ v + w["score.bias"]), common) for v in vectors]
    sums = torch.cat([weighed(vectors, scores, model.config.dim) for scores in (personal, shared)])
    return torch.tanh(w["dense.1.weight"] @ sums + w["dense.1.bias"]), softmax(personal)


def reference(model: MLAM, world: Dataset, user: int, item: int) -> tuple[float, list[float], list[float]]:
    """Score, and the personal weights of words and regions, with loops and lists."""
    known = model.texts.vocabulary.words
    read, weights = [], []
    for sentence in re.split(r"[.!?]", world.texts[item]):
        words = [model.w.weight[known.index(t.word) + 1] for t in tokens(sentence) if t.word in known]
        if words:
            vector, shares = joined(model, "of_words", words, user)
            read.append(vector)
            weights.append(shares)
    text, shares = joined(model, "of_sentences", read, user)
    of_words = [share * inner for share, inside in zip(shares, weights, strict=True) for inner in inside]
    features = Features.open(world.root, model.config.features)
    regions = [model.project.weight @ r for r in features.tensor()[features.sets.row(item)].float()]
    image, of_regions = joined(model, "of_regions", regions, user)
    score = text @ model.tastes["words"].weight[user] + image @ model.tastes["regions"].weight[user]
    return float(score), of_words, of_regions


@torch.no_grad()
def test_equals_the_equations(toy: Dataset, tmp_path: Path) -> None:
    world = made(toy, tmp_path / "toy")
    model = TestMLAM.make(world)
    assert isinstance(model, MLAM)
    users, items = torch.arange(40), torch.arange(80, 120)
    reading = model.read(users, items)
    levels = {level.name: level for level in reading.levels}
    for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        score, *weights = reference(model, world, user, item)
        assert float(reading.scores[row]) == pytest.approx(score, rel=1e-4, abs=1e-4)
        for name, expected in zip(("words", "regions"), weights, strict=True):
            found = levels[name].attention
            assert found is not None
            assert found[levels[name].elements.rows == row].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("loss", ["bpr", "hinge"])
@torch.no_grad()
def test_the_loss_compares_likes_with_negatives(toy: Dataset, tmp_path: Path, loss: str) -> None:
    config = MLAMConfig(**(MLAMCase.config | {"loss": loss, "regularisation": 0.1, "margin": 0.7}))
    model = MLAM(config, made(toy, tmp_path / "toy")).eval()
    users, positives = toy.likes("train")
    negatives = torch.stack([positives.roll(1), positives.roll(2)], 1)
    own = model.score_pairs(users, positives)
    difference = torch.stack([own - model.score_pairs(users, part) for part in negatives.unbind(1)], 1)
    one = -difference.sigmoid().log() if loss == "bpr" else (0.7 - difference).clamp_min(0)
    tables = [*model.tastes.values(), model.of_words.users, model.of_sentences.users, model.of_regions.users]
    norm = sum(float(table(users).square().sum()) for table in tables)
    assert float(model(PairBatch(users, positives, negatives))) == pytest.approx(
        float(one.mean()) + 0.1 * norm / len(users), rel=1e-4
    )


def test_sentences_are_counted_by_their_words() -> None:
    text = "one two. three! ... four five?"
    assert sentences(text, [token.start for token in tokens(text)]) == [2, 1, 2]
    assert sentences("", []) == []
