import math
from typing import ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.layers.evidence import ASPECTS, OPEN
from workbench.models.base import Recommender
from workbench.models.hasc import HASC, HASCConfig


def elu(values: list[float]) -> list[float]:
    return [v if v > 0 else math.exp(v) - 1 for v in values]


def softmax(scores: list[float]) -> list[float]:
    top = max(scores, default=0.0)
    shares = [math.exp(s - top) for s in scores]
    return [s / sum(shares) for s in shares]


def network(model: HASC, name: str, query: torch.Tensor, key: torch.Tensor) -> float:
    """``v . elu(W [query; key] + c)`` with the weight matrix put together again."""
    net = model.nets[name]
    matrix = torch.cat([net.query.weight, net.key.weight], 1)
    hidden = matrix @ torch.cat([query, key]) + net.query.bias
    return sum(v * h for v, h in zip(net.out.tolist(), elu(hidden.tolist()), strict=True))


def reference(model: HASC, world: Dataset, user: int, item: int) -> tuple[float, list[float], list[list[float]]]:
    """Eq. 3, 9-12 for one pair with loops and lists: score, aspect weights, element weights."""
    p, q, w, x = (getattr(model, t).weight for t in "pqwx")
    image = model.image_features
    liked = world.history.row(user).tolist()
    look = {layer: model.look[layer].weight for layer in ("uploads", "follows", "aspects")}
    taste = {
        u: sum((image[j] for j in world.history.row(u).tolist()), torch.zeros(image.shape[1]))
        / max(len(world.history.row(u)), 1)
        for u in [user, *world.follows.row(user).tolist()]
    }
    assert liked

    def person(u: int, layer: str) -> torch.Tensor:
        return torch.cat([p[u], q[u], look[layer] @ taste[u]])

    uploads, follows = world.uploads.row(user).tolist(), world.follows.row(user).tolist()
    alpha = softmax(
        [
            network(model, "uploads", person(user, "uploads"), torch.cat([w[j], x[j], look["uploads"] @ image[j]]))
            for j in uploads
        ]
    )
    beta = softmax([network(model, "follows", person(user, "follows"), person(b, "follows")) for b in follows])
    contexts = []
    if uploads:
        contexts.append((0, sum(a * x[j] for a, j in zip(alpha, uploads, strict=True))))
    if follows:
        contexts.append((1, sum(b * q[v] for b, v in zip(beta, follows, strict=True))))
    if world.creator[item] >= 0:
        contexts.append((2, q[int(world.creator[item])]))
    weights = softmax([network(model, "aspects", person(user, "aspects"), c) for _, c in contexts])
    gamma = [0.0, 0.0, 0.0]
    vector = p[user]
    for weight, (place, context) in zip(weights, contexts, strict=True):
        gamma[place] = weight
        vector = vector + weight * context
    return float(vector @ w[item] + model.bias[item]), gamma, [alpha, beta]


class TestHASC(ModelCase):
    name = "hasc"

    @torch.no_grad()
    def test_equals_the_equations(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, HASC)
        users, items = self.pairs(world, 25)
        reading = model.read(users, items)
        for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
            score, gamma, elements = reference(model, world, user, item)
            assert float(reading.scores[row]) == pytest.approx(score, rel=1e-4, abs=1e-4)
            aspects, uploads, follows, _ = reading.levels
            assert aspects.attention is not None and uploads.attention is not None and follows.attention is not None
            assert aspects.attention.view(-1, 3)[row].tolist() == pytest.approx(gamma, abs=1e-5)
            for level, expected in zip((uploads, follows), elements, strict=True):
                assert level.attention[level.elements.rows == row].tolist() == pytest.approx(expected, abs=1e-5)

    def test_creator_swap_changes_the_creator_context_alone(
        self, model: Recommender, world: Dataset, tmp_path: object
    ) -> None:
        users, items = torch.tensor([0]), torch.tensor([40])
        before = model.read(users, items)
        tables = tables_of(world)
        row = tables["items"]["item"] == world.items.id(40)
        maker = next(u for u in range(3, 20) if u != int(world.creator[40]))
        tables["items"].loc[row, "creator"] = world.users.id(maker)
        other = HASC(model.config, rewrite(world, tables, tmp_path / "swapped"))  # type: ignore[operator, arg-type]
        other.load_state_dict(model.state_dict())
        after = other.eval().read(users, items)
        for name in ("uploads", "follows"):
            one, two = (next(lv for lv in r.levels if lv.name == name) for r in (before, after))
            torch.testing.assert_close(one.attention, two.attention)
        assert not torch.allclose(before.levels[0].attention, after.levels[0].attention)
        torch.testing.assert_close(before.own, after.own)

    @torch.no_grad()
    def test_rankings_equal_the_pairs_where_attention_is_steep(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, HASC)
        model.nets["aspects"].out *= 3000  # type: ignore[operator]
        users, items = torch.arange(len(world.users)), torch.arange(len(world.items))
        side = model._user_side(users)
        creators, _, _ = model._creators_seen(users, side.query, OPEN)
        # One largest score for all images of a user would leave nothing of images whose own scores are all far below.
        assert bool((creators.amax(-1) - torch.maximum(side.scores.amax(-1), creators.amin(-1)) > 100).any())
        pairs = model.score_pairs(users.repeat_interleave(len(items)), items.repeat(len(users)))
        torch.testing.assert_close(model.score_items(users), pairs.view(len(users), -1), rtol=1e-4, atol=1e-4)


class TestHASCAverage(ModelCase):
    name = "hasc"
    config: ClassVar = {"attention": "average", "inputs": ["base"]}

    @torch.no_grad()
    def test_is_the_svdpp_like_closed_form(self, model: Recommender, world: Dataset) -> None:
        p, q, w, x = (getattr(model, t).weight for t in "pqwx")
        users, items = self.pairs(world)
        for user, item, score in zip(
            users.tolist(), items.tolist(), model.score_pairs(users, items).tolist(), strict=True
        ):
            contexts = [t[c].mean(0) for t, c in ((x, world.uploads.row(user)), (q, world.follows.row(user))) if len(c)]
            contexts += [q[int(world.creator[item])]] if world.creator[item] >= 0 else []
            mean = sum(contexts, torch.zeros(15)) / max(len(contexts), 1)
            assert score == pytest.approx(float((p[user] + mean) @ w[item] + model.bias[item]), abs=1e-4)


class TestHASCOneAspect(ModelCase):
    name = "hasc"
    config: ClassVar = {"aspects": ["follows"], "inputs": ["base", "auxiliary"]}


class TestHASCCreatorAlone(ModelCase):
    name = "hasc"
    config: ClassVar = {"aspects": ["creator"], "inputs": ["base"], "squash": "sigmoid"}


class TestHASCSquashed(ModelCase):
    name = "hasc"
    config: ClassVar = {"squash": "sigmoid"}

    @torch.no_grad()
    def test_sigmoid_caps_the_weight_of_an_aspect(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world, 400)
        gamma = next(level for level in model.read(users, items).levels if level.name == ASPECTS).attention
        assert gamma is not None
        whole = gamma.view(-1, 3)[(gamma.view(-1, 3) > 0).all(1)]
        assert float(whole.max()) <= math.e / (math.e + 2) + 1e-6


def test_missing_features_are_named_with_the_remedy(toy: Dataset) -> None:
    with pytest.raises(DataError, match=r"workbench features .* or train hasc without them"):
        HASC(HASCConfig(), toy)
