"""Fading interest against Eq. 7 written out, and against sequences without the closed likes."""

from __future__ import annotations

import math
import time

import pytest
import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.features.topics import slice_of
from workbench.layers.interest import Interest

K, ITEMS = 5, 40
DAY = 86_400


def theta(dtype: torch.dtype = torch.float64) -> Tensor:
    """Topics of 40 images, of which every eighth has no text."""
    found = torch.rand(ITEMS, K, generator=torch.Generator().manual_seed(0), dtype=dtype) ** 3
    found /= found.sum(1, keepdim=True)
    found[::8] = 0
    return found


def likes(rows: int, length: int, spread: int = 60, seed: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    items = torch.randint(ITEMS, (rows, length), generator=generator)
    times = 1_700_000_000 + torch.randint(spread * DAY, (rows, length), generator=generator).sort(1).values
    return items, times


def plain(table: Tensor, items: list[int], slices: list[int], gates: list[float], decay: float) -> Tensor:
    """Eq. 7 after the last of the likes, as it is printed."""
    total, weights = torch.zeros(K, dtype=torch.float64), 0.0
    for number in sorted(set(slices)):
        inside = [
            (table[item], gate)
            for item, at, gate in zip(items, slices, gates, strict=True)
            if at == number and gate > 0 and table[item].sum() > 0
        ]
        if inside:
            mean = sum(gate * row for row, gate in inside) / sum(gate for _, gate in inside)
            weight = math.exp(-decay * (slices[-1] - number)) * max(gate for _, gate in inside)
            total, weights = total + weight * mean, weights + weight
    present = max((g for i, g in zip(items, gates, strict=True) if table[i].sum() > 0), default=0.0)
    return present * total / weights if weights else total


@pytest.mark.parametrize("days", [7, 1, 0.25])
@pytest.mark.parametrize("gated", [False, True])
def test_is_equation_7(days: float, gated: bool) -> None:
    (items, times), table = likes(6, 25), theta()
    gates = torch.ones(6, 25, dtype=torch.float64)
    if gated:
        gates = (torch.rand(6, 25, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 2 - 0.5).clamp(
            0, 1
        )
    found = Interest(table, 0.2, days)(items, times, gates)
    slices = slice_of(times, days)
    for row in range(6):
        for t in range(25):
            before = (part[row, : t + 1].tolist() for part in (items, slices, gates))
            torch.testing.assert_close(found[row, t], plain(table, *before, 0.2))


def test_a_closed_like_is_one_never_recorded() -> None:
    (items, times), table = likes(1, 30), theta()
    interest = Interest(table, 0.3)
    for gone in ([0], [29], [3, 4, 5, 6], list(range(12))):
        gates = torch.ones(1, 30, dtype=torch.float64)
        gates[0, gone] = 0
        kept = [place for place in range(30) if place not in gone]
        fewer = interest(items[:, kept], times[:, kept], gates[:, kept])
        torch.testing.assert_close(interest(items, times, gates)[:, kept], fewer)
        torch.testing.assert_close(interest(items, times, gates.clamp_min(1e-9))[:, kept], fewer, atol=1e-5, rtol=0)


def test_rows_add_up_to_one_once_there_is_a_text_even_after_ten_years() -> None:
    table = theta(torch.float32)
    items = torch.tensor([[8, 1, 8, 2]])
    times = torch.tensor([[0, 1, 500, 501]]) * 7 * DAY
    found = Interest(table, 0.2)(items, times, torch.ones(1, 4))
    torch.testing.assert_close(found.sum(-1), torch.tensor([[0.0, 1, 1, 1]]))
    torch.testing.assert_close(found[0, [1, 2, 3]], table[[1, 1, 2]])


@pytest.mark.parametrize("value", [0.0, 0.4])
def test_gradient_is_the_slope(value: float) -> None:
    (items, times), table = likes(2, 12), theta()
    interest, weights = Interest(table, 0.2), torch.linspace(-1, 1, K, dtype=torch.float64)
    # Nobody's largest gate is shared by two likes, where the slope has a corner.
    gates = torch.linspace(0.35, 0.9, 24, dtype=torch.float64).view(2, 12)
    for place in ((0, 3), (1, 11), (0, 0)):
        at = gates.clone()
        at[place] = value
        at.requires_grad_()
        (slope,) = torch.autograd.grad((interest(items, times, at) @ weights).sum(), at)
        step = torch.zeros_like(gates)
        step[place] = 1e-6
        more, less = ((interest(items, times, at.detach() + sign * step) @ weights).sum() for sign in (1, -(value > 0)))
        torch.testing.assert_close(slope[place], (more - less) / (1e-6 * (1 + (value > 0))), atol=1e-4, rtol=1e-4)


def test_nothing_is_the_limit_of_almost_nothing() -> None:
    (items, times), table = likes(3, 20), theta(torch.float32)
    assert Interest(table, 0.2)(items, times, torch.full((3, 20), 1e-7)).abs().max() < 1e-6
    assert not Interest(table, 0.2)(items, times, torch.zeros(3, 20)).any()


def test_whole_is_every_user_on_her_own() -> None:
    lengths, table = torch.tensor([7, 0, 30, 1, 12]), theta(torch.float32)
    parts = [likes(1, int(length), seed=user) for user, length in enumerate(lengths)]
    sets = Ragged.from_lengths(lengths, torch.cat([items[0] for items, _ in parts]))
    interest = Interest(table, 0.1)
    found = interest.whole(sets, torch.cat([times[0] for _, times in parts]))
    expected = [interest(items, times, torch.ones(items.shape))[0] for items, times in parts]
    torch.testing.assert_close(found, torch.cat(expected))


def test_what_padding_holds_changes_nothing() -> None:
    (items, times), table = likes(2, 10), theta()
    gates = torch.ones(2, 10, dtype=torch.float64)
    gates[1, 6:] = 0
    times[1, 6:] = 0
    found = Interest(table, 0.2)(items, times, gates)
    torch.testing.assert_close(found[1, :6], Interest(table, 0.2)(items[1:, :6], times[1:, :6], gates[1:, :6])[0])
    assert found.isfinite().all()


@pytest.mark.slow
def test_five_hundred_long_histories_take_half_a_second() -> None:
    items, times = likes(500, 400, spread=700)
    interest, gates = Interest(torch.rand(ITEMS, 70).softmax(1), 0.2), torch.ones(500, 400)
    interest(items, times, gates)
    start = time.process_time()
    interest(items, times, gates)
    assert time.process_time() - start < 0.5
