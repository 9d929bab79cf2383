"""What other weights would do: permuted attention and adversarial attention, brought about by gates alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from workbench.explain.attribution import fixed
from workbench.explain.explanation import Frozen
from workbench.explain.units import Units
from workbench.models.base import Level

CLOSE = 0.01
"""How far, in total variation, the weights a model reports may be from those asked for."""
STEPS, RATE = 60, 0.2
"""Steps and rate of the search for other weights."""
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


def other_weights(
    units: Units, unit: float, permutations: int = 20, tolerance: float = 0.05, seed: int = 0
) -> Iterator[OtherWeights]:
    """Permute the attention of each level, and search for weights as different as possible with the same score.

    A gated softmax weighs w with gates g as p g w / sum(g w), p the largest gate: gates in proportion to w' / w make
    it weigh w'. Where a gate does more than weigh (a word the recurrent state passes by), the weights a model reports
    differ from those asked for, and the level is left out: other weights alone cannot be had there. Jain and Wallace
    2019, Section 4.2, with the score of the pair as the output.

    Args:
        units: of one pair.
        unit: a standard deviation of scores.
        permutations: of each level.
        tolerance: change of the score, in standard deviations, up to which it counts as the same.
        seed: of permutations and start.
    """
    for group in units.groups:
        weights = units.level(group.name).attention
        place = units.places[group.name]
        if weights is None or len(weights) < 2:
            continue
        weights = weights.detach()
        shown = weights > LEAST
        if int(shown.sum()) < 2 or not math.isclose(float(weights.sum()), 1.0, abs_tol=CLOSE):
            continue
        generator = torch.Generator().manual_seed(seed)
        shares = (weights * shown)[shown]
        orders = torch.stack([torch.randperm(len(shares), generator=generator) for _ in range(permutations)])
        wanted = torch.zeros(permutations, len(weights), device=weights.device)
        wanted[:, shown] = shares[orders.to(shares.device)]
        rows = _rows(units, place, weights, wanted)
        if not _weighs(units, group.name, rows[:1], wanted[:1]):
            continue
        with torch.no_grad():
            change = (units.pair(rows) - units.score).abs() / unit
        with fixed(units.model):
            furthest = _adversary(units, place, weights, shown, tolerance * unit, generator)
        yield OtherWeights(
            group=group.name,
            units=int(shown.sum()),
            flatness=float(_entropy(shares) / math.log(len(shares))),
            permuted=float(change.median()),
            divergence=furthest,
        )


def _rows(units: Units, place: slice, weights: Tensor, wanted: Tensor) -> Tensor:
    """Gates (R, n) under which the units at ``place`` weigh ``wanted`` (R, units) instead of ``weights``."""
    ratio = wanted / weights.clamp_min(LEAST)
    rows = torch.ones(len(wanted), len(units), device=weights.device)
    return torch.cat(
        [rows[:, : place.start], ratio / ratio.amax(1, keepdim=True).clamp_min(LEAST), rows[:, place.stop :]], 1
    )


def _weighs(units: Units, name: str, rows: Tensor, wanted: Tensor) -> bool:
    """Whether the model weighs as asked under the gates ``rows`` (1, n)."""
    users, items = (torch.tensor([code], device=rows.device) for code in (units.user, units.item))
    with torch.no_grad():
        levels: tuple[Level, ...] = units.model.read(users, items, units.gates(rows)).levels
    got = next(level for level in levels if level.name == name).attention
    return got is not None and float((got - wanted[0]).abs().sum()) / 2 <= CLOSE


def _adversary(
    units: Units, place: slice, weights: Tensor, shown: Tensor, tolerance: float, generator: torch.Generator
) -> float:
    """The largest divergence found of weights whose score stays within ``tolerance``."""
    shares = weights[shown]
    start = torch.randn(2, len(shares), generator=generator).to(weights.device)
    logits = start.requires_grad_()
    search = torch.optim.Adam([logits], lr=RATE)
    best = 0.0
    for _ in range(STEPS):
        other = logits.softmax(1)
        wanted = torch.zeros(len(other), len(weights), device=weights.device).index_copy(
            1, shown.nonzero().flatten(), other
        )
        away = (units.pair(_rows(units, place, weights, wanted)) - units.score).abs()
        apart = divergence(other, shares.expand_as(other))
        held = apart[away <= tolerance]
        best = max(best, float(held.max().detach()) if len(held) else 0.0)
        loss = ((away / tolerance - 1).clamp_min(0) - apart).sum()
        (logits.grad,) = torch.autograd.grad(loss, logits)
        search.step()
    return best


def divergence(one: Tensor, other: Tensor) -> Tensor:
    """Jensen-Shannon divergence of distributions (..., n), natural logarithm: (...)."""
    middle = (one + other) / 2
    return _entropy(middle) - (_entropy(one) + _entropy(other)) / 2


def _entropy(shares: Tensor) -> Tensor:
    return -(shares * shares.clamp_min(1e-30).log()).sum(-1)
