import math
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.models.sequence_cases import SequenceCase, loss_on, random_sequences, write_sequences
from workbench.data.dataset import Dataset
from workbench.evaluation.next_item import evaluate_next
from workbench.layers.evidence import OPEN
from workbench.models.base import Recommender, SequenceBatch
from workbench.models.gru import GRU
from workbench.models.sequence import BlocksConfig
from workbench.training.sequences import SequenceSampler


class TestGRU(SequenceCase):
    name = "gru"
    config: ClassVar = {"dim": 16}

    @torch.no_grad()
    def test_equals_the_equations(self, model: Recommender, world: Dataset) -> None:
        """One step after the other; the update gate is written for the old state (Eq. 21, with z for 1 - z)."""
        assert isinstance(model, GRU)
        layer, user = model.gru.gru, 7
        state = torch.zeros(16)
        likes = world.table("likes").query(f"user == {world.users.id(user)} and split == 'train'")
        for item in world.items.codes(likes.sort_values("time")["item"]):
            entering = layer.weight_ih_l0 @ model.items.weight[item] + layer.bias_ih_l0
            before = layer.weight_hh_l0 @ state + layer.bias_hh_l0
            reset, keep = (entering[:32] + before[:32]).sigmoid().chunk(2)
            new = (entering[32:] + reset * before[32:]).tanh()
            state = keep * state + (1 - keep) * new
        expected = model.items.weight[:-1] @ state + model.bias
        torch.testing.assert_close(model.score_items(torch.tensor([user]))[0], expected, atol=2e-5, rtol=1e-4)


class TestGRUWithItsOwnOutput(SequenceCase):
    name = "gru"
    config: ClassVar = {"dim": 16, "tied": False}


class TestGRUWithRepeats(SequenceCase):
    name = "gru"
    config: ClassVar = {"dim": 16, "repeats": True}


class TestGRUInBlocks(SequenceCase):
    name = "gru"
    config: ClassVar = {"dim": 18, "blocks": 3, "repeats": True}

    def alone(self, model: Recommender, world: Dataset, block: int) -> GRU:
        """A model that is one of the blocks."""
        assert isinstance(model, GRU)
        part = GRU(BlocksConfig(**model.config.model_dump() | {"dim": 6, "blocks": 1}), world)
        own = slice(6 * block, 6 * block + 6)
        part.load_state_dict(
            {"items.weight": model.items.weight[:, own], "bias": model.bias, "again": model.again}
            | {f"gru.{name}": value for name, value in model.gru.parts[block].state_dict().items()}
        )
        return part.train(model.training)

    @torch.no_grad()
    def test_blocks_score_as_the_mean_of_models(self, model: Recommender, world: Dataset) -> None:
        users, until = torch.tensor([7, 3, 7]), torch.tensor([4, 2, 1])
        parts = [self.alone(model, world, block) for block in range(3)]
        for scores in (lambda m: m.score_items(users), lambda m: m.score_moments(users, until)):
            torch.testing.assert_close(scores(model), torch.stack([scores(part) for part in parts]).mean(0))

    @pytest.mark.parametrize("softmax", ["full", "sampled"])
    def test_each_block_learns_as_if_it_were_alone(self, model: Recommender, world: Dataset, softmax: str) -> None:
        model.eval()
        model.sampled = softmax == "sampled"
        batch = next(iter(SequenceSampler(world, 40, torch.device("cpu")).epoch(0, 1)))
        parts = [self.alone(model, world, block) for block in range(3)]
        for part in parts:
            part.sampled = model.sampled
        slopes = []
        for one in (model, *parts):
            torch.manual_seed(5)
            one.zero_grad()
            one(batch).backward()
            slopes.append(one.items.weight.grad)
        model.zero_grad()
        torch.testing.assert_close(3 * slopes[0], torch.cat(slopes[1:], 1))

    def test_blocks_that_are_not_equal_are_refused(self) -> None:
        with pytest.raises(ValueError, match="blocks=3 are equal parts of dim"):
            BlocksConfig(dim=16, blocks=3)


class Slipped(GRU):
    """The printed ``P(i_t | h_t)``: like t is predicted from the state that has seen it."""

    def forward(self, batch: SequenceBatch) -> Tensor:
        likes = self.likes(batch.users)
        steps = self.steps(likes)
        states = self.walk(steps, likes, OPEN)[steps.present]
        return functional.cross_entropy(self.all_scores(states, OPEN), steps.items[steps.present])

    def score_moments(self, users: Tensor, until: Tensor) -> Tensor:
        return super().score_moments(users, until + 1)


def test_a_state_that_has_seen_what_it_predicts_would_be_found_out(tmp_path: Path) -> None:
    """On random sequences it is right almost always: what the shared test refuses does happen."""
    torch.manual_seed(0)
    world, fresh = (
        write_sequences(tmp_path / f"{seed}", random_sequences(250, 60, 10, seed), items=60) for seed in (1, 2)
    )
    model = Slipped(BlocksConfig(dim=16, dropout=0.1), world)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    sampler = SequenceSampler(world, 400, torch.device("cpu"))
    for epoch in range(60):
        for batch in sampler.epoch(0, epoch):
            optimizer.zero_grad()
            model(batch).backward()
            optimizer.step()
    assert evaluate_next(model.eval(), world, metrics=["Recall@1"]).metrics["Recall@1"].mean > 0.9
    other = Slipped(model.config, fresh)
    other.load_state_dict(model.state_dict())
    assert loss_on(other, fresh) < 0.5 * math.log(50)


def test_too_few_likes_to_read_are_refused() -> None:
    with pytest.raises(ValueError, match="longest"):
        BlocksConfig(longest=1)
