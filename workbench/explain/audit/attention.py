"""What other weights would do: permuted attention and adversarial attention, brought about by gates alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.explain.attribution import AT_ONCE, fixed
from workbench.explain.audit.together import codes, moments, score_together, width
from workbench.explain.explanation import Frozen
from workbench.explain.held import BUDGET
from workbench.explain.units import Units
from workbench.layers.evidence import Gates

CLOSE = 0.01
"""How far, in total variation, the weights a model reports may be from those asked for."""
STEPS, RATE, STARTS = 60, 0.2, 2
"""Steps, rate and starts of the search for other weights."""
LEAST = 1e-6
"""Weights below this count as no weight: gates cannot raise them."""


class OtherWeights(Frozen):
    """What a score does when the weights of one level are others, everything else being as it is.

    Attributes:
        group: the level; ``units`` how many weights it has.
        flatness: entropy of its attention over that of uniform weights.
        permuted: median change of the score, in standard deviations, over random permutations of the weights.
        divergence: largest Jensen-Shannon divergence (at most ln 2) of weights that leave the score as it is.
    """

    group: str
    units: int
    flatness: float
    permuted: float
    divergence: float


@dataclass(frozen=True, eq=False)
class _Case:
    """The weights of one level of one pair.

    Attributes:
        units: of the pair; ``unit`` a standard deviation of its scores.
        weights: (n,) as they are; ``shown`` (n,) which of them count.
        generator: of all that is drawn.
    """

    units: Units
    unit: float
    weights: Tensor
    shown: Tensor
    generator: torch.Generator

    @property
    def shares(self) -> Tensor:
        """The weights that count."""
        return self.weights[self.shown]

    def wanted(self, shares: Tensor) -> Tensor:
        """Weights (R, n) of which ``shares`` (R, shown) count."""
        return shares.new_zeros(len(shares), len(self.weights)).index_copy(1, self.shown.nonzero().flatten(), shares)


def other_weights(
    pairs: Sequence[Units], spreads: Sequence[float], permutations: int = 20, tolerance: float = 0.05, seed: int = 0
) -> Iterator[OtherWeights]:
    """Permute the attention of each level, and search for weights as different as possible with the same score.

    A gated softmax weighs w with gates g as p g w / sum(g w), p the largest gate: gates in proportion to w' / w make
    it weigh w'. Where a gate does more than weigh (a word the recurrent state passes by), the weights a model reports
    differ from those asked for, and the level is left out: other weights alone cannot be had there. Jain and Wallace
    2019, Section 4.2, with the score of the pair as the output. All pairs are asked in one batch.

    Args:
        pairs: units of pairs, all of one model, all at moments or none.
        spreads: of each pair, a standard deviation of scores.
        permutations: of each level.
        tolerance: change of the score, in standard deviations, up to which it counts as the same.
        seed: of permutations and start.
    """
    for name in dict.fromkeys(group.name for units in pairs for group in units.groups):
        cases = [case for pair in zip(pairs, spreads, strict=True) if (case := _case(name, *pair, seed)) is not None]
        wanted = [case.wanted(case.shares[_orders(case, permutations)]) for case in cases]
        held = _weighs(cases, name, [_gates(case, one[:1]) for case, one in zip(cases, wanted, strict=True)], wanted)
        wanted = [one for one, fits in zip(wanted, held, strict=True) if fits]
        cases = [one for one, fits in zip(cases, held, strict=True) if fits]
        if not cases:
            continue
        rows = [_gates(case, one) for case, one in zip(cases, wanted, strict=True)]
        with torch.no_grad():
            scores = score_together([case.units for case in cases], name, rows)
        with fixed(cases[0].units.model):
            furthest = [found for some in _fitting(cases) for found in _adversary(some, name, tolerance)]
        for case, score, far in zip(cases, scores, furthest, strict=True):
            yield OtherWeights(
                group=name,
                units=len(case.shares),
                flatness=float(_entropy(case.shares) / math.log(len(case.shares))),
                permuted=float(((score - case.units.score).abs() / case.unit).median()),
                divergence=far,
            )


def _case(name: str, units: Units, unit: float, seed: int) -> _Case | None:
    """The level ``name`` of a pair; None where it has no two weights that count."""
    weights = units.level(name).attention if name in units.sizes else None
    if weights is None:
        return None
    weights = weights.detach()
    shown = weights > LEAST
    if int(shown.sum()) < 2 or not math.isclose(float(weights.sum()), 1.0, abs_tol=CLOSE):
        return None
    return _Case(units, unit, weights, shown, torch.Generator().manual_seed(seed))


def _orders(case: _Case, permutations: int) -> Tensor:
    n = len(case.shares)
    drawn = torch.stack([torch.randperm(n, generator=case.generator) for _ in range(permutations)])
    return drawn.to(case.weights.device)


def _gates(case: _Case, wanted: Tensor) -> Tensor:
    """Gates (R, n) of the level under which it weighs ``wanted`` (R, n)."""
    ratio = wanted / case.weights.clamp_min(LEAST)
    return ratio / ratio.amax(1, keepdim=True).clamp_min(LEAST)


def _weighs(cases: Sequence[_Case], name: str, rows: Sequence[Tensor], wanted: Sequence[Tensor]) -> list[bool]:
    """Whether the model weighs as the first row of ``wanted`` asks, under the gates ``rows`` (1, n) of each case."""
    if not cases:
        return []
    pairs, one = [case.units for case in cases], [1] * len(cases)
    with torch.no_grad():
        gates = Gates({name: torch.cat(list(rows), 1).flatten()}, until=moments(pairs, one))
        levels = pairs[0].model.read(*codes(pairs, one), gates).levels
    level = next(level for level in levels if level.name == name)
    if level.attention is None:
        return [False for _ in cases]
    got = torch.split(level.attention, level.elements.lengths.tolist())
    return [
        len(one) == asked.shape[1] and float((one - asked[0]).abs().sum()) / 2 <= CLOSE
        for one, asked in zip(got, wanted, strict=True)
    ]


def _fitting(cases: Sequence[_Case]) -> Iterator[Sequence[_Case]]:
    """Cases that are searched together."""
    widest = max(width(case.units) for case in cases)
    size = max(1, min(AT_ONCE, BUDGET // widest) // STARTS)
    return (cases[at : at + size] for at in range(0, len(cases), size))


def _adversary(cases: Sequence[_Case], name: str, tolerance: float) -> list[float]:
    """For each case, the largest divergence found of weights whose score stays within ``tolerance``."""
    device = cases[0].weights.device
    sizes, most = [len(case.shares) for case in cases], max(len(case.shares) for case in cases)
    start, shares = torch.zeros(len(cases), STARTS, most), torch.zeros(len(cases), 1, most, device=device)
    for place, case in enumerate(cases):
        start[place, :, : sizes[place]] = torch.randn(STARTS, sizes[place], generator=case.generator)
        shares[place, 0, : sizes[place]] = case.shares
    there = torch.arange(most, device=device) < torch.tensor(sizes, device=device).view(-1, 1, 1)
    whole = torch.tensor([case.units.score for case in cases], device=device).unsqueeze(1)
    same = tolerance * torch.tensor([case.unit for case in cases], device=device).unsqueeze(1)
    logits = start.to(device).requires_grad_()
    search = torch.optim.Adam([logits], lr=RATE)
    best = torch.zeros(len(cases), device=device)
    for _ in range(STEPS):
        other = logits.masked_fill(~there, -torch.inf).softmax(-1)
        rows = [_gates(case, case.wanted(one[:, :n])) for case, one, n in zip(cases, other, sizes, strict=True)]
        scores = torch.stack(score_together([case.units for case in cases], name, rows))
        away, apart = (scores - whole).abs(), divergence(other, shares.expand_as(other))
        best = torch.maximum(best, apart.detach().masked_fill(away > same, 0).amax(1))
        loss = ((away / same - 1).clamp_min(0) - apart).sum()
        (logits.grad,) = torch.autograd.grad(loss, logits)
        search.step()
    return [float(one) for one in best]


def divergence(one: Tensor, other: Tensor) -> Tensor:
    """Jensen-Shannon divergence of distributions (..., n), natural logarithm: (...)."""
    middle = (one + other) / 2
    return _entropy(middle) - (_entropy(one) + _entropy(other)) / 2


def _entropy(shares: Tensor) -> Tensor:
    return -(shares * shares.clamp_min(1e-30).log()).sum(-1)
