"""The gated LSTM and GRU against the library's own, and against sequences without the closed steps."""

from __future__ import annotations

import torch

from workbench.layers.recurrent import GatedGRU, GatedLSTM


def lstm(seed: int = 0) -> GatedLSTM:
    torch.manual_seed(seed)
    return GatedLSTM(5, 7)


def test_open_gates_are_the_plain_lstm() -> None:
    layer, words = lstm(), torch.randn(4, 6, 5)
    torch.testing.assert_close(layer(words, torch.ones(4, 6)), layer.lstm(words)[0])
    torch.testing.assert_close(layer(words), layer.lstm(words)[0])


def test_a_closed_word_is_a_word_that_is_not_there() -> None:
    layer, words = lstm(), torch.randn(1, 6, 5)
    for gone in ([0], [3], [5], [1, 2, 4]):
        gates = torch.ones(1, 6)
        gates[0, gone] = 0
        kept = [place for place in range(6) if place not in gone]
        states = layer(words, gates)
        torch.testing.assert_close(states[:, kept], layer(words[:, kept]))
        for place in gone:
            before = states[:, place - 1] if place else torch.zeros(1, 7)
            torch.testing.assert_close(states[:, place], before)


def test_half_a_word_moves_the_state_half_the_way() -> None:
    layer, words = lstm(), torch.randn(1, 1, 5)
    torch.testing.assert_close(layer(words, torch.full((1, 1), 0.5)), layer(words) / 2)


def test_gradients_of_words_and_gates_are_those_of_finite_differences() -> None:
    layer, words = lstm().double(), torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    gates = torch.rand(2, 3, dtype=torch.float64).mul(0.8).add(0.1).requires_grad_()
    assert torch.autograd.gradcheck(layer, (words, gates))


def gru(seed: int = 0) -> GatedGRU:
    torch.manual_seed(seed)
    return GatedGRU(5, 7)


def test_open_gates_are_the_plain_gru() -> None:
    layer, inputs = gru(), torch.randn(4, 6, 5)
    torch.testing.assert_close(layer(inputs, torch.ones(4, 6)), layer.gru(inputs)[0])
    torch.testing.assert_close(layer(inputs), layer.gru(inputs)[0])


def test_a_closed_step_is_a_step_that_is_not_there() -> None:
    layer, inputs = gru(), torch.randn(1, 6, 5)
    for gone in ([0], [3], [5], [1, 2, 4]):
        gates = torch.ones(1, 6)
        gates[0, gone] = 0
        kept = [place for place in range(6) if place not in gone]
        states = layer(inputs, gates)
        torch.testing.assert_close(states[:, kept], layer(inputs[:, kept]))
        for place in gone:
            before = states[:, place - 1] if place else torch.zeros(1, 7)
            torch.testing.assert_close(states[:, place], before)


def test_half_a_step_moves_the_state_half_the_way() -> None:
    layer, inputs = gru(), torch.randn(1, 2, 5)
    torch.testing.assert_close(layer(inputs[:, :1], torch.full((1, 1), 0.5)), layer(inputs[:, :1]) / 2)
    first, second = layer(inputs).unbind(1)
    halfway = layer(inputs, torch.tensor([[1.0, 0.5]]))[:, 1]
    torch.testing.assert_close(halfway, (first + second) / 2)


def test_gradients_of_steps_and_gates_are_those_of_finite_differences() -> None:
    layer, inputs = gru().double(), torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    gates = torch.rand(2, 3, dtype=torch.float64).mul(0.8).add(0.1).requires_grad_()
    assert torch.autograd.gradcheck(layer, (inputs, gates))


def test_gradients_of_the_parameters_do_not_depend_on_the_way_of_computing() -> None:
    layer, inputs = gru(), torch.randn(3, 4, 5)
    parts = [layer(inputs, gates).square().sum() for gates in (None, torch.ones(3, 4))]
    plain, gated = (torch.autograd.grad(part, list(layer.parameters())) for part in parts)
    for one, other in zip(plain, gated, strict=True):
        torch.testing.assert_close(one, other)
