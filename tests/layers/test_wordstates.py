"""The states of words against the library's own GRU run text by text, and against texts without the closed words."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from workbench.layers.wordstates import WordStates

CODES = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 0, 0, 0], [0, 0, 0, 0, 0], [6, 5, 3, 0, 0]])


def layer(seed: int = 0, **options: int) -> WordStates:
    torch.manual_seed(seed)
    return WordStates(7, 6, **options)


def alone(states: WordStates, text: Tensor) -> Tensor:
    """The library's GRU over one text without padding."""
    assert states.gru is not None
    return states.gru(states.embedding(text[None]))[0].unflatten(-1, (2, -1)).mean(-2)[0]


@pytest.mark.parametrize("gates", [None, torch.ones(4, 5)])
def test_each_text_is_read_as_if_it_were_alone(gates: Tensor | None) -> None:
    states = layer(width=4)
    found = states(CODES, gates)
    for row, text in zip(found, CODES, strict=True):
        length = int((text > 0).sum())
        assert not row[length:].any()
        if length:
            torch.testing.assert_close(row[:length], alone(states, text[:length]))


def test_a_closed_word_is_a_word_that_is_not_there() -> None:
    states = layer()
    for gone in ([0], [4], [2], [0, 1, 4]):
        gates = torch.ones(4, 5)
        gates[0, gone] = 0
        kept = [place for place in range(5) if place not in gone]
        found = states(CODES, gates)
        torch.testing.assert_close(found[0, kept], alone(states, CODES[0, kept]))
        torch.testing.assert_close(found[1:], states(CODES)[1:])


def test_half_a_word_moves_the_state_half_the_way() -> None:
    states, text = layer(), torch.tensor([[3]])
    torch.testing.assert_close(states(text, torch.full((1, 1), 0.5)), states(text) / 2)


def test_gradients_of_gates_and_weights_are_those_of_finite_differences() -> None:
    states = layer().double()
    gates = torch.rand(4, 5, dtype=torch.float64).mul(0.8).add(0.1).requires_grad_()
    weights = tuple(states.parameters())
    assert torch.autograd.gradcheck(lambda *inputs: states(CODES, inputs[0]), (gates, *weights))
    assert torch.autograd.gradcheck(lambda *_: states(CODES), weights)


def test_embeddings_do_not_know_their_neighbours() -> None:
    torch.manual_seed(0)
    states = WordStates(7, 6, kind="embedding")
    found = states(CODES, torch.zeros(4, 5))
    assert torch.equal(found[0, 1], found[0, 3]) and torch.equal(found, states(CODES))
    assert not found[CODES == 0].any()
