"""The window of latest likes against a loop over the equations, and against sequences without the closed likes."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
import torch
from torch import Tensor

from workbench.layers.contextual import SLOTS, ContextualAttention, slots
from workbench.layers.steps import Steps

D, ROWS, LENGTH = 4, 3, 12
MONDAY = 1_699_833_600
"""Monday, 13 November 2023, at midnight (UTC)."""
HOUR = 3600


def steps_of(times: Tensor, gates: Tensor | None = None) -> Steps:
    places = torch.arange(times.numel()).view(times.shape)
    return Steps(places, times, torch.ones_like(times, dtype=torch.bool), gates, places, places, nothing=-1)


def some(seed: int = 0, days: int = 20) -> tuple[Tensor, Tensor]:
    """Vectors and times of three sequences of likes over three weeks."""
    draw = torch.Generator().manual_seed(seed)
    vectors = torch.randn(ROWS, LENGTH, D, generator=draw, dtype=torch.float64)
    times = MONDAY + torch.randint(days * 24 * HOUR, (ROWS, LENGTH), generator=draw).sort(1).values
    return vectors, times


def layer(window: int = 4, **options: Any) -> ContextualAttention:
    torch.manual_seed(1)
    made = ContextualAttention(D, window, hidden=5, **options).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.7)
    return made


def plain_slots(time: int, now: int) -> tuple[int, int]:
    """By the calendar: the hour of the week, 0 to 167, and the hours since; 168 for what is a week old."""
    since = (now - time) // HOUR
    if since >= 168:
        return 168, 168
    date = datetime.fromtimestamp(time, UTC)
    return 24 * date.weekday() + date.hour, since


def plain(
    made: ContextualAttention, vectors: Tensor, times: Tensor, gates: list[float], window: int
) -> list[tuple[Tensor, dict[int, float]]]:
    """Eq. 16-20 after each like of one sequence: r_t and the weights by like."""
    w, found, dim = made.state_dict(), [], vectors.shape[1]
    for t in range(len(vectors)):
        scores, there, room = {}, {}, float(window)
        for k in range(t, -1, -1):
            there[k] = gates[k] * min(max(room, 0.0), 1.0)
            room -= gates[k]
            if there[k] == 0:
                continue
            slot = dict(zip(("hour", "interval"), plain_slots(int(times[k]), int(times[t])), strict=True))
            hidden = w["what.weight"] @ vectors[k] + w["what.bias"]
            if made.factors:
                one_hot = torch.zeros(2 * SLOTS, dtype=torch.float64)
                matrix = torch.zeros(2 * SLOTS, dim, dtype=torch.float64)
                for place, name in enumerate(("hour", "interval")):
                    one_hot[place * SLOTS + slot[name]] = 1
                    if name in made.factors:
                        matrix[place * SLOTS : (place + 1) * SLOTS] = w[f"times.{name}"]
                moved = matrix.T @ one_hot
                if "offset" in w:
                    moved = 1 / (1 + torch.exp(-(moved + w["offset"])))
                hidden = hidden + w["when.weight"] @ moved
            scores[k] = float(w["out"] @ torch.tanh(hidden))
        total = sum(there[k] * math.exp(score) for k, score in scores.items())
        most = max(there.values())
        weights = {k: most * there[k] * math.exp(score) / total for k, score in scores.items()}
        found.append((sum((weights[k] * vectors[k] for k in weights), torch.zeros(dim, dtype=torch.float64)), weights))
    return found


@pytest.mark.parametrize("transform", ["linear", "sigmoid"])
@pytest.mark.parametrize("factors", [("hour", "interval"), ("hour",), ("interval",), ()])
@pytest.mark.parametrize("gated", [False, True])
@torch.no_grad()
def test_equals_the_equations(transform: str, factors: tuple[str, ...], gated: bool) -> None:
    vectors, times = some()
    gates = None
    if gated:
        gates = torch.rand(ROWS, LENGTH, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 1.6 - 0.3
        gates = gates.clamp(0, 1)
    made = layer(transform=transform, factors=factors)
    window = made(vectors, steps_of(times, gates))
    for row in range(ROWS):
        used = [1.0] * LENGTH if gates is None else gates[row].tolist()
        for t, (expected, weights) in enumerate(plain(made, vectors[row], times[row], used, window=4)):
            torch.testing.assert_close(window.vectors[row, t], expected)
            told = torch.zeros(LENGTH, dtype=torch.float64)
            told.index_add_(0, window.at[row, t], window.weights[row, t])
            assert told.tolist() == pytest.approx([weights.get(k, 0.0) for k in range(LENGTH)])


def test_hours_and_intervals_have_169_slots() -> None:
    now = MONDAY + 10 * HOUR
    since = torch.tensor([0, 1, 59 * 60, HOUR, 167 * HOUR + 3599, 168 * HOUR, 10_000 * HOUR])
    hours, intervals = slots(now - since, torch.tensor(now))
    assert intervals.tolist() == [0, 0, 0, 1, 167, 168, 168]
    assert hours.tolist() == [10, 9, 9, 9, 10, 168, 168]
    week = torch.arange(168)
    hours, intervals = slots(MONDAY + week * HOUR + 600, torch.tensor(MONDAY + 168 * HOUR))
    assert hours.tolist() == week.tolist() and intervals.tolist() == week.flip(0).tolist()
    assert SLOTS == 169


def test_how_old_a_like_is_depends_on_the_step_that_looks_back() -> None:
    times = torch.tensor([[MONDAY, MONDAY + 100 * HOUR, MONDAY + 200 * HOUR]])
    window = layer(window=3)(torch.zeros(1, 3, D, dtype=torch.float64), steps_of(times))
    assert window.at[0].tolist() == [[0, 0, 0], [1, 0, 0], [2, 1, 0]]
    assert window.intervals[0, 1, :2].tolist() == [0, 100] and window.hours[0, 1, :2].tolist() == [100, 0]
    assert window.intervals[0, 2].tolist() == [0, 100, 168] and window.hours[0, 2].tolist() == [32, 100, 168]


def test_a_window_of_one_is_the_like_itself() -> None:
    vectors, times = some()
    torch.testing.assert_close(layer(window=1)(vectors, steps_of(times)).vectors, vectors)


def moving_average(vectors: Tensor, window: int) -> Tensor:
    """Eq. 15; where fewer likes have happened, over these."""
    return torch.stack([vectors[:, max(0, t - window + 1) : t + 1].mean(1) for t in range(vectors.shape[1])], 1)


def test_what_knows_nothing_of_a_like_is_the_moving_average() -> None:
    vectors, times = some()
    made = layer()
    nothing = made(vectors, steps_of(times), torch.zeros(ROWS, LENGTH, 3, dtype=torch.float64))
    torch.testing.assert_close(nothing.vectors, moving_average(vectors, 4))
    torch.nn.init.zeros_(made.out)
    torch.testing.assert_close(made(vectors, steps_of(times)).vectors, moving_average(vectors, 4))


def test_an_early_window_ends_at_the_first_like() -> None:
    vectors, times = some()
    window = layer(window=50)(vectors, steps_of(times))
    assert window.weights.shape == (ROWS, LENGTH, LENGTH)
    for t in range(LENGTH):
        assert (window.weights[:, t, : t + 1] > 0).all() and not window.weights[:, t, t + 1 :].any()
    torch.testing.assert_close(window.weights.sum(-1), torch.ones(ROWS, LENGTH, dtype=torch.float64))


@pytest.mark.parametrize("transform", ["linear", "sigmoid"])
def test_a_closed_like_is_one_never_recorded(transform: str) -> None:
    """An older one moves into the window; near 0 it is nearly so."""
    vectors, times = some()
    made = layer(transform=transform)
    for gone in ([3], [11], [0], [5, 6, 7, 8, 9], [1, 3, 5, 7, 9, 11]):
        kept = [place for place in range(LENGTH) if place not in gone]
        gates = torch.ones(ROWS, LENGTH, dtype=torch.float64)
        gates[:, gone] = 0
        fewer = made(vectors[:, kept], steps_of(times[:, kept])).vectors
        torch.testing.assert_close(made(vectors, steps_of(times, gates)).vectors[:, kept], fewer)
        almost = made(vectors, steps_of(times, gates.clamp_min(1e-7))).vectors[:, kept]
        torch.testing.assert_close(almost, fewer, atol=1e-5, rtol=0)


def test_open_gates_change_nothing() -> None:
    vectors, times = some()
    made, ones = layer(), torch.ones(ROWS, LENGTH, dtype=torch.float64)
    opened = made(vectors, steps_of(times, ones), ones.unsqueeze(-1).expand(-1, -1, 3))
    torch.testing.assert_close(opened.vectors, made(vectors, steps_of(times)).vectors)
    assert opened.weights.shape == (ROWS, LENGTH, 4)


@pytest.mark.parametrize("transform", ["linear", "sigmoid"])
@pytest.mark.parametrize(("closed", "factors"), [("hour", ("interval",)), ("interval", ("hour",))])
def test_a_closed_factor_is_one_never_read(transform: str, closed: str, factors: tuple[str, ...]) -> None:
    vectors, times = some()
    made, other = layer(transform=transform), layer(transform=transform, factors=factors)
    other.load_state_dict({key: value for key, value in made.state_dict().items() if key != f"times.{closed}"})
    gates = torch.ones(ROWS, LENGTH, 3, dtype=torch.float64)
    gates[..., made.parts.index(closed)] = 0
    found = made(vectors, steps_of(times), gates).vectors
    torch.testing.assert_close(found, other(vectors, steps_of(times)).vectors)
    assert not torch.allclose(found, made(vectors, steps_of(times)).vectors, atol=1e-2)


@torch.no_grad()
def test_what_is_closed_of_one_like_changes_no_other_logit() -> None:
    vectors, times = some()
    made, gates = layer(), torch.ones(ROWS, LENGTH, 3, dtype=torch.float64)
    whole = made(vectors, steps_of(times), gates).weights
    gates[0, 6, 1] = 0
    changed = made(vectors, steps_of(times), gates).weights
    ratio = (changed / whole)[0, 7, :4]
    torch.testing.assert_close(ratio[[2, 3]], ratio[[0, 0]])
    assert abs(float(ratio[1] / ratio[0]) - 1) > 0.01
    torch.testing.assert_close(changed[1:], whole[1:])


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_gradient_is_the_slope(value: float) -> None:
    """Also where a like that was closed pushes older ones out of the window."""
    vectors, times = some()
    made, draw = layer(), torch.Generator().manual_seed(3)
    direction = torch.randn(ROWS, LENGTH, D, generator=draw, dtype=torch.float64)
    gates = torch.rand(ROWS, LENGTH, generator=draw, dtype=torch.float64) * 0.6 + 0.2

    def total(gates: Tensor) -> Tensor:
        return (made(vectors, steps_of(times, gates)).vectors * direction).sum()

    for place in ((0, 8), (1, 11)):
        at = gates.clone()
        at[place] = value
        at.requires_grad_()
        (slope,) = torch.autograd.grad(total(at), at)
        step = torch.zeros_like(at)
        step[place] = -1e-7 if value == 1 else 1e-7
        expected = (total(at.detach() + step) - total(at.detach())) / step[place]
        torch.testing.assert_close(slope[place], expected, atol=1e-5, rtol=1e-5)


def test_the_slope_where_all_is_recorded_is_that_of_the_sequence_alone() -> None:
    """Beside a sequence with closed likes, whose windows reach further back."""
    vectors, times = some()
    made, gates = layer(), torch.ones(ROWS, LENGTH, dtype=torch.float64)
    gates[1, 5:10] = 0

    def slope(rows: slice) -> Tensor:
        opened = gates[rows].clone().requires_grad_()
        made(vectors[rows], steps_of(times[rows], opened)).vectors.square().sum().backward()
        assert opened.grad is not None
        return opened.grad[0]

    torch.testing.assert_close(slope(slice(0, ROWS)), slope(slice(0, 1)))
