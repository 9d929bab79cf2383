"""Sequences side by side: what is left out is gone, what counts half counts half."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.steps import Steps

NOTHING = 99
LENGTHS = (4, 0, 1, 6)


def sequences(gates: Tensor | None = None) -> Steps:
    """Four sequences of places 100, 101, ... with item 2 p and time 3 p at place p."""
    places = torch.arange(100, 100 + sum(LENGTHS))
    return Steps.of(
        Ragged.from_lengths(torch.tensor(LENGTHS), places), torch.arange(200) * 2, torch.arange(200) * 3, NOTHING, gates
    )


def listed(steps: Steps) -> list[list[tuple[int, int, int, float]]]:
    """Item, time, place and gate of every like that is present, row by row."""
    gates = torch.ones(steps.items.shape) if steps.gates is None else steps.gates
    columns = (steps.items.tolist(), steps.times.tolist(), steps.place.tolist(), gates.tolist())
    return [
        [tuple(cell[:-1]) for cell in zip(*row, shown, strict=True) if cell[-1]]  # type: ignore[misc]
        for *row, shown in zip(*columns, steps.present.tolist(), strict=True)
    ]


def test_likes_stand_in_order_and_padding_at_the_end() -> None:
    steps, place = sequences(), 0
    assert steps.items.shape == (4, 6) and steps.lengths.tolist() == list(LENGTHS) and steps.gates is None
    for row, length in zip(listed(steps), LENGTHS, strict=True):
        assert row == [(200 + 2 * k, 300 + 3 * k, k, 1.0) for k in range(place, place + length)]
        place += length
    assert (steps.items[~steps.present] == NOTHING).all() and (steps.times[~steps.present] == 0).all()
    assert all(shown.tolist() == sorted(shown.tolist(), reverse=True) for shown in steps.present)


def test_nobody_has_liked_anything() -> None:
    none = Ragged.from_lengths(torch.zeros(2, dtype=torch.int64), torch.empty(0, dtype=torch.int64))
    for gates in (None, torch.empty(0)):
        steps = Steps.of(none, torch.arange(5), torch.arange(5), NOTHING, gates).packed()
        assert steps.items.tolist() == [[NOTHING], [NOTHING]] and not steps.present.any()
        assert steps.last(torch.randn(2, 1, 3)).tolist() == [[0.0] * 3] * 2


def test_packed_is_the_sequences_without_what_is_closed() -> None:
    gates = torch.tensor([0.0, 1.0, 0.4, 0.0, 0.0, 1.0, 0.7, 0.0, 0.0, 0.2, 1.0])
    steps = sequences(gates)
    packed = steps.packed()
    assert listed(packed) == [[like for like in row if like[3] > 0] for row in listed(steps)]
    assert packed.items.shape == (4, 4) and packed.lengths.tolist() == [2, 0, 0, 4]
    assert packed.gates is not None
    for part, empty in ((packed.items, NOTHING), (packed.times, 0), (packed.gates, 0)):
        assert (part[~packed.present] == empty).all()


def test_gates_of_zero_and_one_leave_no_gates() -> None:
    gates = torch.tensor([0.0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1])
    packed = sequences(gates).packed()
    assert packed.gates is None and packed.lengths.tolist() == [2, 0, 0, 4]
    assert sequences(torch.zeros(11)).packed().items.tolist() == [[NOTHING]] * 4


def test_gates_that_are_learned_from_leave_nothing_out() -> None:
    gates = torch.zeros(11, requires_grad=True)
    steps = sequences(gates)
    assert steps.packed() is steps and sequences().packed().items.shape == (4, 6)


@pytest.mark.parametrize("packing", [False, True])
def test_last_is_the_state_after_the_last_like(packing: bool) -> None:
    gates = torch.tensor([0.0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0])
    states = torch.randn(4, 6, 3)
    expected = torch.stack([states[0, 2], torch.zeros(3), torch.zeros(3), states[3, 4]])
    steps = sequences(gates)
    if packing:
        order = torch.tensor([[1, 2, 0, 0], [0] * 4, [0] * 4, [0, 1, 4, 0]])
        steps, states = steps.packed(), states.gather(1, order.unsqueeze(2).expand(-1, -1, 3))
        states = states[:, : steps.items.shape[1]]
    torch.testing.assert_close(steps.last(states), expected)
    whole = torch.randn(4, 6, 3)
    by_length = [whole[k, length - 1] if length else torch.zeros(3) for k, length in enumerate(LENGTHS)]
    assert torch.equal(sequences().last(whole), torch.stack(by_length))
    torch.testing.assert_close(sequences(torch.ones(11)).last(whole), torch.stack(by_length))


def test_last_between_zero_and_one_is_the_state_expected_if_likes_were_drawn() -> None:
    """With each like there with the probability of its gate, over all 2^4 draws of the first sequence."""
    gate = torch.tensor([0.3, 0.9, 0.0, 0.6])
    states = torch.randn(1, 4, 2)
    expected = torch.zeros(2)
    for draw in range(16):
        there = torch.tensor([draw >> k & 1 for k in range(4)]).bool()
        if there.any():
            chance = torch.where(there, gate, 1 - gate).prod()
            expected += chance * states[0, int(there.nonzero().max())]
    likes = Ragged.from_lengths(torch.tensor([4]), torch.arange(4))
    steps = Steps.of(likes, torch.arange(4), torch.arange(4), NOTHING, gate)
    torch.testing.assert_close(steps.last(states)[0], expected)
    packed = steps.packed()
    torch.testing.assert_close(packed.last(states[:, [0, 1, 3]])[0], expected)
