from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.popularity_cases import PopularityCase, codes_of, regions_of, softmax, word_states
from workbench.data.dataset import Dataset
from workbench.layers.evidence import ASPECTS
from workbench.models.base import PostBatch, Recommender
from workbench.models.popularity import Posts
from workbench.models.uhan import UHAN, UHANConfig


class TestUHAN(PopularityCase):
    name = "uhan"
    config = PopularityCase.DEEP


class TestWithoutUser(PopularityCase):
    name = "uhan"
    config = PopularityCase.DEEP | {"user": False}


class TestWithoutWords(PopularityCase):
    name = "uhan"
    config = PopularityCase.DEEP | {"modalities": ("regions",)}


class TestWithoutRegions(PopularityCase):
    name = "uhan"
    config = PopularityCase.DEEP | {"modalities": ("words",)}


class TestAsReleased(PopularityCase):
    name = "uhan"
    config = PopularityCase.DEEP | {"projection": "code", "head": "code", "dim": 5}

    @classmethod
    def make(cls, dataset: Dataset) -> Recommender:
        """With so many hidden units, parameters of a common size would drown the prediction in rounding errors."""
        model = super().make(dataset)
        assert isinstance(model, UHAN)
        with torch.no_grad():
            for weight in model.head.parameters():
                weight.mul_(0.1)
        return model


ABLATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "w/o u": {"user": False},
    "w/o sc": {"shortcut": False},
    "w/o V": {"modalities": ("words",)},
    "w/o T": {"modalities": ("regions",)},
    "w/o intra": {"intra": "average"},
    "w/o inter": {"inter": "average"},
    "w/o intra+inter": {"intra": "average", "inter": "average"},
    "projected": {"dim": 5},
    "released": {"projection": "code", "head": "code"},
}


def build(world: Dataset, **config: Any) -> UHAN:
    """A model with parameters large enough for every part of the prediction to matter."""
    torch.manual_seed(2)
    model = UHAN(UHANConfig(**{**PopularityCase.DEEP, **config}), world)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model.eval()


def total(vectors: list[Tensor], size: int) -> Tensor:
    return sum(vectors, torch.zeros(size))


def product(vector: Tensor, *factors: Tensor | None) -> Tensor:
    for factor in factors:
        vector = vector if factor is None else vector * factor
    return vector


def intra(model: UHAN, name: str, parts: dict[str, list[Tensor]], u: Tensor | None) -> list[float]:
    """Eq. 8-10 and 12-14: attention within a modality, V or T."""
    if model.config.intra == "average":
        return [1 / len(parts[name])] * len(parts[name])
    one, two, three = (f"{'A' if name == 'V' else 'B'}{k}" for k in (1, 2, 3))
    m = {key: layer.weight for key, layer in model.matrices.items()}
    others = parts.get("T" if name == "V" else "V")
    of_user = None if u is None else torch.tanh(m[two] @ u)
    of_other = torch.tanh(m[three] @ (total(others, model.config.dim) / len(others))) if others else None
    weight = model.outs[name].weight[0]
    return softmax([(weight @ product(torch.tanh(m[one] @ part), of_user, of_other)).item() for part in parts[name]])


def inter(model: UHAN, seen: dict[str, Tensor], u: Tensor | None) -> list[float]:
    """Eq. 16-19: the weights of the modalities."""
    if model.config.inter == "average" or len(model.config.modalities) == 1:
        return [1 / len(seen)] * len(seen)
    m = {key: layer.weight for key, layer in model.matrices.items()}
    of_user = None if u is None else torch.tanh(m["C2"] @ u)
    keys = {"V": "C1", "T": "C3"}
    weight = model.outs["inter"].weight[0]
    return softmax([(weight @ product(torch.tanh(m[keys[name]] @ seen[name]), of_user)).item() for name in seen])


def reference(model: UHAN, world: Dataset, user: int, item: int) -> tuple[float, dict[str, list[float]]]:
    """Prediction and attention of one post, from the equations of the paper with loops and lists."""
    config = model.config
    u = model.u.weight[user] if config.user else None
    parts: dict[str, list[Tensor]] = {}
    if "regions" in config.modalities:
        parts["V"] = [model.project(v) for v in regions_of(model, world, item)]
    if "words" in config.modalities:
        parts["T"] = word_states(model.lstm.lstm, [model.w.weight[code] for code in codes_of(model, world, item)])
    parts = {name: vectors for name, vectors in parts.items() if vectors}
    attention = {name: intra(model, name, parts, u) for name in parts}
    seen = {
        name: total([a * part for a, part in zip(attention[name], parts[name], strict=True)], config.dim)
        for name in parts
    }
    attention[ASPECTS] = inter(model, seen, u) if seen else []
    s = total([a * vector for a, vector in zip(attention[ASPECTS], seen.values(), strict=True)], config.dim)
    if config.shortcut and u is not None:
        s = s + model.matrices["C4"].weight @ u
    *layers, last = [layer for layer in model.head if isinstance(layer, torch.nn.Linear)]
    for layer in layers:
        s = torch.relu(layer.weight @ s + layer.bias)
    return (last.weight[0] @ s + last.bias[0]).item(), attention


@pytest.mark.parametrize("name", ABLATIONS)
def test_agrees_with_the_equations(posts: Dataset, name: str) -> None:
    model = build(posts, **ABLATIONS[name])
    generator = torch.Generator().manual_seed(7)
    items = torch.cat([torch.randperm(len(posts.items), generator=generator)[:25], torch.tensor([119, 3])])
    users = torch.randint(len(posts.users), items.shape, generator=generator)
    reading = model.read(users, items)
    levels = {level.name: level for level in reading.levels}
    names = {"V": "regions", "T": "words", ASPECTS: ASPECTS}
    for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        prediction, attention = reference(model, posts, user, item)
        assert reading.scores[row].item() == pytest.approx(prediction, abs=1e-4, rel=1e-4)
        for short, weights in attention.items():
            level = levels.get(names[short])
            if level is None or level.attention is None:
                continue
            found = level.attention[level.elements.rows == row]
            # A modality that is absent has no place in the reference and no weight in the model.
            torch.testing.assert_close(found[found > 0], torch.tensor(weights), atol=1e-4, rtol=1e-4)


def test_an_author_of_the_opposite_vector_looks_at_the_regions_in_the_opposite_order(posts: Dataset) -> None:
    model = build(posts, shortcut=False)
    with torch.no_grad():
        model.u.weight[1] = -model.u.weight[0]
    item = torch.tensor([4])
    one, other = (model.region_map(torch.tensor([user]), item) for user in (0, 1))
    assert one is not None and other is not None and one.attention is not None and other.attention is not None
    assert len(one.attention) == 5
    assert one.attention.argsort().tolist() == other.attention.argsort(descending=True).tolist()


def test_without_attention_the_regions_and_words_are_averaged(posts: Dataset) -> None:
    model = build(posts, intra="average")
    users, items = torch.arange(20), torch.arange(20)
    for level in model.read(users, items).levels:
        if level.name != ASPECTS:
            sizes = level.elements.lengths.index_select(0, level.elements.rows)
            assert level.attention is not None
            torch.testing.assert_close(level.attention, 1 / sizes.float())


def test_padding_changes_nothing(posts: Dataset) -> None:
    model = build(posts)
    read = model.posts(torch.arange(10), torch.arange(10, 20))
    wider = Posts(
        read.users,
        read.images,
        read.place,
        torch.cat([read.regions, torch.randn(10, 3, 8)], 1),
        torch.cat([read.region_gates, torch.zeros(10, 3)], 1),
        torch.cat([read.words, torch.ones(10, 4, dtype=torch.int64)], 1),
        torch.cat([read.word_gates, torch.zeros(10, 4)], 1),
        gated=False,
    )
    torch.testing.assert_close(model.predict(wider), model.predict(read))


def test_moving_the_regions_moves_their_attention_alone(posts: Dataset) -> None:
    model = build(posts, features="even")
    read = model.posts(torch.arange(10), torch.arange(10))
    order = torch.tensor([2, 0, 3, 1])
    moved = Posts(
        read.users,
        read.images,
        read.place,
        read.regions[:, order],
        read.region_gates,
        read.words,
        read.word_gates,
        gated=False,
    )
    one, other = model.look(read), model.look(moved)
    torch.testing.assert_close(other.prediction, one.prediction)
    torch.testing.assert_close(other.attention["regions"], one.attention["regions"][:, order])
    torch.testing.assert_close(other.attention["words"], one.attention["words"])


def test_without_the_author_nothing_depends_on_who_posts(posts: Dataset) -> None:
    model = build(posts, user=False)
    everybody = model.score_pairs(torch.arange(40), torch.full((40,), 5))
    torch.testing.assert_close(everybody, everybody[:1].expand(40))


def test_dropout_acts_in_training_alone(posts: Dataset) -> None:
    model = build(posts, dropout=0.5)
    one = torch.zeros(1, dtype=torch.int64)
    assert len({model.score_pairs(one, one).item() for _ in range(8)}) == 1
    model.train()
    assert len({model.score_pairs(one, one).item() for _ in range(8)}) > 1


def test_only_word_vectors_are_regularised(posts: Dataset) -> None:
    batch = PostBatch(*posts.posts("train"))
    plain, model = build(posts), build(posts, regularisation=0.1)
    torch.testing.assert_close(model(batch) - plain(batch), 0.1 * model.w.weight.square().sum(), rtol=1e-3, atol=1e-3)
