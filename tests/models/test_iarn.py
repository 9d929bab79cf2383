from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from tests.models.rewritten import DELETE, Tables
from workbench.data.dataset import Dataset
from workbench.data.sequences import Sequences
from workbench.layers.evidence import Gates
from workbench.models.base import PairBatch, Recommender
from workbench.models.iarn import IARN, IARNConfig


def without_liker(tables: Tables, user: Any, element: Any, item: Any) -> None:
    likes = tables["likes"]
    tables["likes"] = likes[(likes["user"] != element) | (likes["item"] != item)]


class IARNCase(ModelCase):
    name = "iarn"
    config: ClassVar[dict[str, Any]] = {"dim": 6}

    @pytest.fixture(autouse=True)
    def _how_to_delete(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(DELETE, "audience", without_liker)

    def test_contributions_add_up_and_attention_is_normalised(self, model: Recommender, world: Dataset) -> None:
        """No level is additive; the shares of the gates of attention add up to 1."""
        for level in model.read(*self.pairs(world)).levels:
            assert level.contribution is None and level.attention is not None and (level.attention >= 0).all()
            total = torch.zeros(len(level.elements)).index_add(0, level.elements.rows, level.attention)
            torch.testing.assert_close(total, (level.elements.lengths > 0).float())


class TestIARN(IARNCase):
    pass


class TestWithShortSequences(IARNCase):
    config: ClassVar[dict[str, Any]] = {"dim": 6, "longest": 3, "longest_audience": 2, "loss": "mse"}

    def test_gate_zero_equals_deleting_the_row(self) -> None:  # type: ignore[override]
        pytest.skip("an earlier like moves up where one of the latest is deleted from the table")


def vectors(table: Tensor, codes: list[int]) -> list[Tensor]:
    return [table[code] for code in codes]


def both_ways(model: IARN, side: str, inputs: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    w = {key.removeprefix(f"{side}.states."): value for key, value in model.state_dict().items()}
    d = model.config.dim
    states: list[list[Tensor]] = []
    for way in range(2):
        h, found = torch.zeros(d), []
        for x in inputs if way == 0 else inputs[::-1]:
            rows = slice(way * d, (way + 1) * d)
            h = torch.tanh(w["enter.weight"][rows] @ x + w["enter.bias"][rows] + h @ w["carry"][way])
            found.append(h)
        states.append(found if way == 0 else found[::-1])
    if not inputs:
        return [], torch.zeros(2 * d)
    return [torch.cat(pair) for pair in zip(*states, strict=True)], torch.cat([states[0][-1], states[1][0]])


def gated(model: IARN, side: str, inputs: list[Tensor], states: list[Tensor], other: Tensor) -> Tensor:
    w = {key.removeprefix(f"{side}."): value for key, value in model.state_dict().items()}
    config, h = model.config, torch.zeros(model.config.dim)
    whole = torch.cat([w["key.weight"], w["query.weight"]], 1)
    for x, s in zip(inputs, states, strict=True):
        e = w["out"] @ torch.tanh(whole @ torch.cat([s, config.other * other]))
        a = torch.sigmoid(config.steepness * e)
        h = (1 - a) * h + a * torch.relu(w["carry.weight"] @ h + w["enter.weight"] @ x + w["enter.bias"])
    y = w["last.0.weight"] @ h + w["last.0.bias"]
    return torch.where(y > 0, y, w["last.1.weight"] * y)


def reference(model: IARN, likes: list[int], people: list[int]) -> float:
    """The score from the equations, one step after the other."""
    left, right = vectors(model.items.weight, likes), vectors(model.users.weight, people)
    (s_left, g_left), (s_right, g_right) = both_ways(model, "of_user", left), both_ways(model, "of_item", right)
    y = gated(model, "of_user", left, s_left, g_right)
    return float(y @ gated(model, "of_item", right, s_right, g_left))


def history(world: Dataset, user: int) -> list[tuple[int, int]]:
    """Time and item of a user's training likes, the earliest first."""
    likes = world.table("likes")
    mine = likes[(likes["user"] == world.users.id(user)) & (likes["split"] == "train")]
    return sorted(zip(mine["time"].tolist(), world.items.codes(mine["item"]).tolist(), strict=True))


def audience(world: Dataset, item: int) -> list[tuple[int, int]]:
    likes = world.table("likes")
    mine = likes[(likes["item"] == world.items.id(item)) & (likes["split"] == "train")]
    return sorted(zip(mine["time"].tolist(), world.users.codes(mine["user"]).tolist(), strict=True))


@pytest.mark.parametrize("config", [{}, {"longest": 3, "longest_audience": 2, "steepness": 1.5, "other": 0.7}])
@torch.no_grad()
def test_equals_the_equations(toy: Dataset, config: dict[str, Any]) -> None:
    model = IARN(IARNConfig(dim=6, **config), toy).eval()
    torch.manual_seed(5)
    for parameter in model.parameters():
        parameter.normal_(std=0.4)
    users, items = torch.arange(0, 40, 3), torch.arange(0, 40, 3) * 2
    scores = model.score_pairs(users, items)
    for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        likes = [code for _, code in history(toy, user)][-model.config.longest :]
        people = [code for _, code in audience(toy, item)][-model.config.longest_audience :]
        assert float(scores[row]) == pytest.approx(reference(model, likes, people), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("loss", ["bpr", "mse"])
@torch.no_grad()
def test_a_like_is_learned_from_what_was_before_it(toy: Dataset, loss: str) -> None:
    model = IARN(IARNConfig(dim=6, loss=loss), toy).eval()  # type: ignore[arg-type]
    torch.manual_seed(6)
    for parameter in model.parameters():
        parameter.normal_(std=0.4)
    users, positives = (part[::9] for part in toy.likes("train"))
    negatives = (positives + 7) % len(toy.items)
    expected = []
    for user, positive, negative in zip(users.tolist(), positives.tolist(), negatives.tolist(), strict=True):
        now = next(time for time, item in history(toy, user) if item == positive)
        likes = [code for time, code in history(toy, user) if time < now]
        one, other = (
            reference(model, likes, [code for time, code in audience(toy, item) if time < now][-10:])
            for item in (positive, negative)
        )
        difference = torch.tensor(one - other)
        expected.append(-difference.sigmoid().log() if loss == "bpr" else torch.tensor((one - 1) ** 2 + other**2) / 2)
    found = model(PairBatch(users, positives, negatives.unsqueeze(1)))
    assert float(found) == pytest.approx(float(torch.stack(expected).mean()), rel=1e-3)


@torch.no_grad()
def test_moments_are_scored_as_a_world_that_ends_there(toy: Dataset) -> None:
    model = TestIARN.make(toy)
    assert isinstance(model, IARN)
    sequences = Sequences.of(toy)
    users = torch.tensor([3, 3, 8])
    until = torch.stack([sequences.learned[3], sequences.validated[3], sequences.validated[8]])
    scores = model.score_moments(users, until)
    torch.testing.assert_close(scores[:1], model.score_items(users[:1]))
    items, gates = torch.tensor([0, 11, 50]), Gates(until=until)
    for found in (model.score_pairs(users, items, gates), model.read(users, items, gates).scores):
        torch.testing.assert_close(found, scores[torch.arange(3), items])
    closed = Gates({}, {"history": torch.zeros(3), "audience": torch.zeros(3)})
    torch.testing.assert_close(model.score_pairs(users, items, closed), model.read(users, items).own)
    for row in (1, 2):
        likes = sequences.sets.row(int(users[row]))[: int(until[row])].tolist()
        for item in (0, 11, 50):
            people = [code for _, code in audience(toy, item)][-10:]
            assert float(scores[row, item]) == pytest.approx(reference(model, likes, people), rel=1e-3, abs=1e-3)
