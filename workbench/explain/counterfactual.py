"""The smallest set of evidence without which an image would not be recommended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from workbench.explain.explanation import Frozen, Id
from workbench.explain.units import Units

TRIED = 12
"""How many of the most telling units are tried together, beside the greedy search, for a smaller set."""
LARGEST = 50
"""Units after which the search gives up."""


class Removed(Frozen):
    """A unit of a counterfactual set: its group, id and label."""

    group: str
    id: Id
    label: str


class Counterfactual(Frozen):
    """What would have to be missing for an image to drop out of the first ``k``.

    Attributes:
        k: length of the list.
        rank: of the image with everything present.
        found: whether it is out without the set (or was from the start, with an empty one).
        removed: the set, in the order of removal; empty where none was found.
        rank_without: its rank without the set, scored again: the proof; where none was found, without all tried.
        score_change: of its score without these.
        smallest: whether no smaller set of the ``TRIED`` most telling units does it; in any case no member can stay.
    """

    k: int
    rank: int
    found: bool
    removed: tuple[Removed, ...]
    rank_without: int
    score_change: float
    smallest: bool


@torch.inference_mode()
def drop_out(
    units: Units, ranked: Callable[[Tensor], Tensor], name: Callable[[str, int], Removed], k: int = 10
) -> Counterfactual:
    """Search the smallest set of units without which the image is not among the first ``k`` (as ACCENT, 2021).

    Greedy: in each step the unit goes without which the image stands lowest (of equal ranks, farthest below the image
    at place ``k``); then each member that can stay is put back. Sets of up to three of the units whose own removal
    costs most are tried beside it.

    Args:
        units: of one pair.
        ranked: takes images out of scores (r, images) that are not in the race.
        name: the group and the position of a unit in it, as what a person reads.
        k: length of the list.
    """
    n, device = len(units), units.model.device
    gate = torch.ones(n, device=device)
    start = rank = int(units.ranks(gate.unsqueeze(0), ranked)[0])
    gone: list[int] = []
    while rank <= k and len(gone) < min(n, LARGEST):
        left = gate.nonzero().flatten()
        rows = gate.repeat(len(left), 1)
        rows[torch.arange(len(left)), left] = 0
        gone.append(int(left[_worst(units, rows, ranked, k)]))
        gate[gone[-1]] = 0
        rank = int(units.ranks(gate.unsqueeze(0), ranked)[0])
    if rank <= k:
        return _told(units, k, start, rank, gone, (), smallest=True)
    chosen = _without_idle(units, gone, ranked, k)
    smaller = _smaller(units, len(chosen), ranked, k)
    chosen = chosen if smaller is None else smaller
    rank = int(units.ranks(_row(units, chosen), ranked)[0])
    named = tuple(name(*units.place(unit)) for unit in chosen)
    return _told(units, k, start, rank, chosen, named, smallest=len(chosen) <= 4 or smaller is not None)


def _worst(units: Units, rows: Tensor, ranked: Callable[[Tensor], Tensor], k: int) -> int:
    """The row in which the image stands lowest; of equal ranks, farthest below the image that would be at place k."""
    ranks, gaps = [], []
    for scores in units.catalogue(rows):
        race = ranked(scores)
        mine = race[:, units.item]
        ranks.append((race > mine.unsqueeze(1)).sum(1))
        gaps.append(mine - race.topk(min(k + 1, race.shape[1]), 1).values[:, -1])
    place, gap = torch.cat(ranks), torch.cat(gaps)
    lowest = (place == place.max()).nonzero().flatten()
    return int(lowest[gap[lowest].argmin()])


def _without_idle(units: Units, gone: list[int], ranked: Callable[[Tensor], Tensor], k: int) -> list[int]:
    """The set without members that can stay, the weakest put back first."""
    chosen = list(gone)
    for unit in reversed(gone):
        rest = [other for other in chosen if other != unit]
        if rest and int(units.ranks(_row(units, rest), ranked)[0]) > k:
            chosen = rest
    return chosen


def _smaller(units: Units, size: int, ranked: Callable[[Tensor], Tensor], k: int) -> list[int] | None:
    """A set of fewer than ``size``, at most three, of the units strongest alone that does it, too; else None."""
    n = len(units)
    single = 1 - torch.eye(n, device=units.model.device)
    order = torch.argsort(units.pair(single))[:TRIED].tolist()
    for length in range(1, min(size, 4)):
        sets = list(torch.combinations(torch.tensor(order), length).tolist())
        if not sets:
            return None
        rows = torch.ones(len(sets), n, device=units.model.device)
        for row, members in enumerate(sets):
            rows[row, members] = 0
        out = (units.ranks(rows, ranked) > k).nonzero().flatten()
        if len(out):
            return [int(unit) for unit in sets[int(out[0])]]
    return None


def _row(units: Units, gone: Sequence[int]) -> Tensor:
    """The gates (1, n) with some units closed."""
    row = torch.ones(1, len(units), device=units.model.device)
    row[0, list(gone)] = 0
    return row


def _told(
    units: Units, k: int, start: int, rank: int, gone: Sequence[int], named: tuple[Removed, ...], *, smallest: bool
) -> Counterfactual:
    change = float(units.pair(_row(units, gone))[0]) - units.score if gone else 0.0
    return Counterfactual(
        k=k, rank=start, found=rank > k, removed=named, rank_without=rank, score_change=change, smallest=smallest
    )
