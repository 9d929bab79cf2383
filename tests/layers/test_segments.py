"""Ragged arithmetic against plain loops."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.attention import AdditiveScore
from workbench.layers.segments import gated_softmax, gated_softmax_rows, segment_max, segment_sum, weighted_sum

SIZES = [3, 0, 1, 5, 0, 2]


def sets(dtype: torch.dtype = torch.float64) -> tuple[Ragged, Tensor, Tensor]:
    """Six sets, two of them empty, with scores up to 500 apart and gates of which some are exactly 0 or 1."""
    generator = torch.Generator().manual_seed(0)
    size = sum(SIZES)
    scores = torch.randn(size, generator=generator, dtype=dtype) * 200
    gates = (torch.rand(size, generator=generator, dtype=dtype) * 2 - 0.5).clamp(0, 1)
    return Ragged.from_lengths(torch.tensor(SIZES), torch.randint(9, (size,), generator=generator)), scores, gates


def plain(scores: list[float], gates: list[float]) -> list[float]:
    """The definition: presence times the softmax over what is left."""
    left = [s for s, g in zip(scores, gates, strict=True) if g > 0]
    if not left:
        return [0.0] * len(scores)
    shares = [g * math.exp(min(s - max(left), 0)) if g > 0 else 0.0 for s, g in zip(scores, gates, strict=True)]
    return [max(gates) * share / sum(shares) for share in shares]


def test_gated_softmax_is_its_definition() -> None:
    ragged, scores, gates = sets()
    for gate in (gates, None):
        weights, presence = gated_softmax(scores, ragged, gate)
        used = torch.ones_like(scores) if gate is None else gate
        for row in range(len(ragged)):
            at = slice(int(ragged.offsets[row]), int(ragged.offsets[row + 1]))
            assert weights[at].tolist() == pytest.approx(plain(scores[at].tolist(), used[at].tolist()))
            assert float(presence[row]) == pytest.approx(max(used[at].tolist(), default=0.0))
            assert float(weights[at].sum()) == pytest.approx(float(presence[row]))


def test_an_element_far_below_a_closed_one_still_gets_all_the_weight() -> None:
    ragged = Ragged.from_lengths(torch.tensor([2]), torch.tensor([0, 1]))
    weights, _ = gated_softmax(torch.tensor([900.0, -900.0]), ragged, torch.tensor([0.0, 1.0]))
    assert weights.tolist() == [0.0, 1.0]


def test_order_within_a_set_changes_nothing() -> None:
    ragged, scores, gates = sets()
    order = torch.cat([torch.randperm(n) + int(o) for n, o in zip(SIZES, ragged.offsets, strict=False)])
    weights, _ = gated_softmax(scores, ragged, gates)
    shuffled, _ = gated_softmax(scores[order], ragged, gates[order])
    torch.testing.assert_close(shuffled, weights[order])


def test_gradients_of_scores_and_gates() -> None:
    ragged, scores, gates = sets()
    scores, gates = (scores / 200).requires_grad_(), gates.clamp(0.05, 0.95).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, g: gated_softmax(s, ragged, g)[0], (scores, gates))


def test_dense_rows_agree_with_ragged_sets() -> None:
    generator = torch.Generator().manual_seed(4)
    scores = torch.randn(7, 4, generator=generator, dtype=torch.float64) * 50
    gates = (torch.rand(7, 4, generator=generator, dtype=torch.float64) * 2 - 1).clamp(0, 1)
    ragged = Ragged.from_lengths(torch.full((7,), 4), torch.zeros(28, dtype=torch.int64))
    expected, _ = gated_softmax(scores.flatten(), ragged, gates.flatten())
    torch.testing.assert_close(gated_softmax_rows(scores, gates).flatten(), expected)


def test_sums_and_maxima_per_segment() -> None:
    ragged, scores, _ = sets()
    table = torch.randn(9, 3, dtype=torch.float64)
    for row in range(len(ragged)):
        at = slice(int(ragged.offsets[row]), int(ragged.offsets[row + 1]))
        assert float(segment_sum(scores, ragged)[row]) == pytest.approx(sum(scores[at].tolist()))
        assert float(segment_max(scores, ragged, -7.0)[row]) == pytest.approx(max([*scores[at].tolist(), -7.0]))
        expected = sum((s * table[v] for s, v in zip(scores[at], ragged.values[at], strict=True)), torch.zeros(3))
        torch.testing.assert_close(weighted_sum(table, ragged, scores)[row], expected.to(torch.float64))


@pytest.mark.parametrize(("squash", "bound"), [("none", math.inf), ("sigmoid", 1.0), ("tanh", 1.0)])
def test_additive_score_is_one_network_on_the_concatenation(squash: str, bound: float) -> None:
    torch.manual_seed(0)
    net = AdditiveScore(4, 3, 5, squash)  # type: ignore[arg-type]
    query, key = torch.randn(6, 4) * 9, torch.randn(6, 3) * 9
    hidden = torch.cat([query, key], 1) @ torch.cat([net.query.weight, net.key.weight], 1).T + net.query.bias
    raw = torch.where(hidden > 0, hidden, hidden.exp() - 1) @ net.out
    expected = {"none": raw, "sigmoid": 1 / (1 + (-raw).exp()), "tanh": raw.tanh()}[squash]
    torch.testing.assert_close(net(query, key), expected)
    assert float(net(query, key).detach().abs().max()) <= bound
