"""Erasure: what becomes of a score and a rank as evidence is taken away or added in the order of an explanation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.explain.units import Units

FEW = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of the evidence of comprehensiveness and sufficiency (DeYoung et al. 2020); at least one unit each."""
CURVE = tuple(round(0.1 * step, 1) for step in range(1, 10))
"""Shares along deletion and insertion; the ends, which are the same for every method, are left out."""
TRIALS = 40
"""Random removals that sums of values have to foretell."""


@dataclass(frozen=True, eq=False)
class Erased:
    """Scores and ranks of a pair as its units go, strongest first.

    Attributes:
        n: units.
        score: with everything present; ``empty`` without any unit.
        without: by number k of units, the score without the k strongest; ``only`` with these alone.
        rank_without: by k, the rank without the k strongest; ``rank_least`` without the k weakest. Empty where
            nothing is ranked.
    """

    n: int
    score: float
    empty: float
    without: Mapping[int, float]
    only: Mapping[int, float]
    rank_without: Mapping[int, int]
    rank_least: Mapping[int, int]


def count(share: float, n: int) -> int:
    """How many of ``n`` units a share of them is: at least one."""
    return max(1, math.ceil(share * n - 1e-9))


@torch.inference_mode()
def erase(
    units: Units,
    orders: Mapping[str, Tensor],
    ranked: Callable[[Tensor], Tensor] | None = None,
    shares: Sequence[float] = (*FEW, *CURVE),
    level: str | None = None,
) -> dict[str, Erased]:
    """Take the units of a pair away, and add them, in several orders at once; equal questions are asked once.

    Args:
        units: of one pair.
        orders: by name, the positions (n,) of the units, strongest first.
        ranked: takes images out of scores (r, images) that are not in the race; None where nothing is ranked.
        shares: of the units that go, and come.
        level: name of the group whose n units alone go and come; all where left out.
    """
    n = len(units) if level is None else units.sizes[level]
    taken, kept = _steps(n, shares, is_ranked=ranked is not None)
    asked = removals(units, orders, shares, level, is_ranked=ranked is not None)
    rows, back = torch.unique(asked, dim=0, return_inverse=True)
    answers = _answers(units, rows.to(units.model.device), ranked)
    scores: list[float] = answers[0].cpu()[back].tolist()
    ranks: list[int] | None = None if answers[1] is None else answers[1].cpu()[back].tolist()
    found, at = {}, 2
    for name in orders:
        cut = at + len(taken)
        end = cut + len(kept)
        without, only = dict(zip(taken, scores[at:cut], strict=True)), dict(zip(kept, scores[cut:end], strict=True))
        whole, nothing = scores[0], scores[1]
        gone = {} if ranks is None else dict(zip(taken, ranks[at:cut], strict=True)) | {n: ranks[1]}
        left = {} if ranks is None else dict(zip(kept, ranks[cut:end], strict=True))
        found[name] = Erased(
            n=n,
            score=whole,
            empty=nothing,
            without=without | {n: nothing},
            only=only | {n: whole},
            rank_without=gone,
            rank_least={} if ranks is None else {n - k: rank for k, rank in left.items()} | {n: ranks[1]},
        )
        at = end
    return found


def removals(
    units: Units,
    orders: Mapping[str, Tensor],
    shares: Sequence[float] = (*FEW, *CURVE),
    level: str | None = None,
    *,
    is_ranked: bool = False,
) -> Tensor:
    """Gates (R, units) of all that ``erase`` asks, arguments as there; the first two rows are all and nothing."""
    n = len(units) if level is None else units.sizes[level]
    taken, kept = _steps(n, shares, is_ranked=is_ranked)
    parts = [torch.ones(1, n), torch.zeros(1, n)]
    for order in orders.values():
        place = torch.empty(n, dtype=torch.int64)
        place[order.cpu()] = torch.arange(n)
        parts.append((place >= torch.tensor(taken).unsqueeze(1)).float())
        parts.append((place < torch.tensor(kept).unsqueeze(1)).float())
    rows = torch.cat(parts)
    if level is None:
        return rows
    return rows.new_ones(len(rows), len(units)).index_copy(1, torch.arange(len(units))[units.places[level]], rows)


def _steps(n: int, shares: Sequence[float], *, is_ranked: bool) -> tuple[list[int], list[int]]:
    """Of ``n`` units, how many are taken away, and how many are kept."""
    counts, weakest = [count(q, n) for q in shares], [n - count(q, n) for q in CURVE] if is_ranked else []
    return sorted({k for k in counts if k < n}), sorted({k for k in (*counts, *weakest) if 0 < k < n})


def _answers(units: Units, rows: Tensor, ranked: Callable[[Tensor], Tensor] | None) -> tuple[Tensor, Tensor | None]:
    """Scores (R,) and ranks (R,) of the image under gates (R, n)."""
    if ranked is None:
        return units.pair(rows), None
    scores, ranks = [], []
    for block in units.catalogue(rows):
        score = block[:, units.item]
        scores.append(score)
        ranks.append(1 + (ranked(block) > score.unsqueeze(1)).sum(1))
    return torch.cat(scores), torch.cat(ranks)


def along(erased: Erased, unit: float) -> tuple[list[float], list[float]]:
    """Height above nothing recorded as units go, and as they come, at each share of ``CURVE``, in units of ``unit``."""
    taken = [count(q, erased.n) for q in CURVE]
    gone = [(erased.without[m] - erased.empty) / unit for m in taken]
    return gone, [(erased.only[m] - erased.empty) / unit for m in taken]


def costs(erased: Erased, unit: float) -> dict[str, float]:
    """The measures of one order that ask for the shares of ``FEW`` alone, see ``measures``."""
    few = [count(q, erased.n) for q in FEW]
    return {
        "comprehensiveness": _mean(erased.score - erased.without[m] for m in few) / unit,
        "sufficiency": _mean(erased.score - erased.only[m] for m in few) / unit,
    }


def measures(erased: Erased, unit: float, k: int) -> dict[str, float]:
    """The measures of one order, scores in units of ``unit``; the rank measures only where there are ranks.

    comprehensiveness: what the score loses without the strongest units, mean over ``FEW`` (higher is better);
    sufficiency: what it lacks with these alone (lower); deletion_auc, insertion_auc: mean height of the curve above
    nothing recorded as units go, or come, over ``CURVE`` (lower, higher); pos_at_k, neg_at_k: share of the steps of
    ``CURVE`` at which the image stays among the first ``k`` without the strongest (lower), or the weakest (higher;
    Gurevitch et al. 2024, without the ends of its curves).
    """
    n, curve = erased.n, [count(q, erased.n) for q in CURVE]
    gone, come = along(erased, unit)
    found = costs(erased, unit) | {"deletion_auc": _mean(gone), "insertion_auc": _mean(come)}
    if erased.rank_without:
        steps = [m for m in curve if m < n] or [n]
        found["pos_at_k"] = _mean(erased.rank_without[m] <= k for m in steps)
        found["neg_at_k"] = _mean(erased.rank_least[m] <= k for m in steps)
    return found


def sparsity(weights: Tensor) -> float:
    """1 - exp(entropy of |weights|) / n: 0 where all units are alike, near 1 where one has all of it."""
    shares = weights.abs().double()
    total = shares.sum()
    if len(shares) < 2 or total <= 0:
        return 0.0
    shares = shares / total
    entropy = -(shares * shares.clamp_min(1e-300).log()).sum()
    return float(1 - entropy.exp() / len(shares))


def chance(n: int, draws: int = TRIALS, seed: int = 0) -> Tensor:
    """(draws, n) which of ``n`` units go at random: each with probability 1/4."""
    return (torch.rand(draws, n, generator=torch.Generator().manual_seed(seed)) < 0.25).float()


def infidelity(units: Units, weights: Mapping[str, Tensor], draws: int = TRIALS, seed: int = 0) -> dict[str, float]:
    """How badly sums of weights foretell what random removals cost (Yeh et al. 2019), 0 = exactly, 1 = not at all.

    Each unit goes with probability 1/4. ``E[(b e.I - d)^2] / E[d^2]`` with d the cost, e.I the weight of what went and
    b the best scale, so that methods on different scales compare.

    Args:
        units: of one pair.
        weights: by method, (n,).
        draws: random removals.
        seed: of these.
    """
    gone = chance(len(units), draws, seed)
    with torch.inference_mode():
        cost = (units.score - units.pair((1 - gone).to(units.model.device))).double().cpu()
    square = float((cost**2).mean())
    found = {}
    for name, weight in weights.items():
        told = gone.double() @ weight.double().cpu()
        scale = float((told * cost).mean() / (told**2).mean().clamp_min(1e-300))
        found[name] = float(((scale * told - cost) ** 2).mean()) / square if square > 0 else 0.0
    return found


def _mean(values: Iterable[float]) -> float:
    listed = [float(value) for value in values]
    return sum(listed) / len(listed)
