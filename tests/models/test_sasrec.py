import math
from typing import ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from tests.models.sequence_cases import SequenceCase
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender
from workbench.models.sasrec import Block, SASRec, SASRecConfig


def normalised(states: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    return layer_norm(states, states.shape[-1:], norm.weight, norm.bias)


class TestSASRec(SequenceCase):
    name = "sasrec"
    config: ClassVar = {"dim": 16, "heads": 2}

    @torch.no_grad()
    def test_equals_self_attention_written_out(self, model: Recommender, world: Dataset) -> None:
        """Every step, head and earlier like by itself; the attention told is that of the last block."""
        assert isinstance(model, SASRec)
        user, width = 12, 8
        liked = world.table("likes").query(f"user == {world.users.id(user)} and split == 'train'").sort_values("time")
        codes = world.items.codes(liked["item"])
        states = model.items.weight[codes] * 4 + model.positions.weight[: len(codes)]
        told = torch.zeros(len(codes))
        for block in model.blocks:
            assert isinstance(block, Block)
            query, key, value = block.query_key_value(normalised(states, block.before)).chunk(3, -1)
            mixed, told = torch.zeros_like(states), torch.zeros(len(codes))
            for step in range(len(codes)):
                for head in range(2):
                    part = slice(head * width, (head + 1) * width)
                    scores = [float(query[step, part] @ key[j, part]) / math.sqrt(width) for j in range(step + 1)]
                    weights = torch.tensor(scores).softmax(0)
                    mixed[step, part] = sum(w * value[j, part] for j, w in enumerate(weights))
                    if step == len(codes) - 1:
                        told += weights / 2
            states = states + block.out(mixed)
            states = states + block.feed(normalised(states, block.between))
        expected = model.items.weight[:-1] @ normalised(states[-1], model.normalise) + model.bias
        who = torch.tensor([user])
        torch.testing.assert_close(model.score_items(who)[0], expected, atol=1e-4, rtol=1e-4)
        (level,) = model.read(who, torch.tensor([0])).levels
        assert level.elements.values.tolist() == codes.tolist()
        assert level.attention is not None
        torch.testing.assert_close(level.attention, told, atol=1e-5, rtol=1e-4)


class TestSASRecOneBlock(SequenceCase):
    name = "sasrec"
    config: ClassVar = {"dim": 16, "heads": 1, "blocks": 1, "tied": False}


def test_heads_that_do_not_divide_the_states_are_refused(toy: Dataset) -> None:
    with pytest.raises(ValueError, match="heads=3 do not divide dim=16"):
        SASRec(SASRecConfig(dim=16, heads=3), toy)
