"""Ranking metrics as pure functions of the ranks of the relevant images, for all users at once.

A rank is 1 for the best candidate. Images with equal scores share the mean of the ranks they occupy, so a model
that gives everything the same score is placed in the middle of the list and never gains from the order of the files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from workbench.data.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Ranks:
    """Where the relevant images of U users stand among their candidates.

    Attributes:
        offsets: (U + 1,) int64, ``values[offsets[u]:offsets[u + 1]]`` belongs to user u.
        values: (relevant images,) float ranks among all candidates of the user, 1 = best, ties at their mean.
        candidates: (U,) number of images ranked, the relevant ones included.
    """

    offsets: Tensor
    values: Tensor
    candidates: Tensor

    @property
    def relevant(self) -> Tensor:
        """(U,) number of relevant images."""
        return self.offsets.diff()

    @property
    def rows(self) -> Tensor:
        """(relevant images,) the user each rank belongs to."""
        return Ragged(self.offsets, self.values).rows

    def total(self, shares: Tensor) -> Tensor:
        """(U,) sum over each user's relevant images of ``shares`` (relevant images,)."""
        sums = torch.zeros(self.candidates.numel(), dtype=torch.float64, device=shares.device)
        return sums.index_add(0, self.rows, shares.double())

    def within(self, k: int | None) -> Tensor:
        """(relevant images,) whether each stands in the first k places (None: anywhere)."""
        return torch.ones_like(self.values, dtype=torch.bool) if k is None else self.values <= k


def hit_rate(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) HR@K: 1 where at least one relevant image stands in the first K places, else 0."""
    return (ranks.total(ranks.within(k)) > 0).double()


def recall(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) Recall@K: the share of the relevant images found in the first K places."""
    return ranks.total(ranks.within(k)) / ranks.relevant.clamp(min=1)


def capped_recall(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) hits in the first K places over min(relevant, K): what DiffNet's released code calls HR@K."""
    return ranks.total(ranks.within(k)) / ranks.relevant.clamp(min=1, max=k)


def precision(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) Precision@K: the share of the first K places (without K: of all candidates) that are relevant."""
    return ranks.total(ranks.within(k)) / (ranks.candidates if k is None else k)


def ndcg(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) NDCG@K with gain ln 2 / ln(rank + 1), over the gain of min(relevant, K) images at the top."""
    gained = ranks.total(torch.where(ranks.within(k), _gain(ranks.values.double()), 0.0))
    best = ranks.relevant.clamp(min=0, max=k)
    places = torch.arange(1, int(best.max()) + 1, dtype=torch.float64, device=gained.device)
    ideal = torch.cat([places.new_zeros(1), _gain(places).cumsum(0)])[best]
    return torch.where(best > 0, gained / ideal, 0.0)


def reciprocal_rank(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) MRR@K: 1 / rank of the best relevant image, 0 where it is not in the first K places."""
    inverse = torch.where(ranks.within(k), 1.0 / ranks.values.double(), 0.0)
    start = torch.zeros(ranks.candidates.numel(), dtype=torch.float64, device=inverse.device)
    return start.scatter_reduce(0, ranks.rows, inverse, "amax")


def average_precision(ranks: Ranks, k: int | None = None) -> Tensor:
    """(U,) MAP@K: mean over all relevant images of the precision at their rank, 0 for those beyond place K.

    Relevant images that tie share their mean position among the relevant ones too, so no precision exceeds 1.
    """
    rows, values = ranks.rows, ranks.values.double()
    order = torch.argsort(values, stable=True)
    order = order[torch.argsort(rows[order], stable=True)]
    place = torch.arange(1, order.numel() + 1, device=order.device) - ranks.offsets[rows]
    ordered = torch.stack([rows.double(), values[order]])
    _, tie, size = torch.unique_consecutive(ordered, dim=1, return_inverse=True, return_counts=True)
    mean_place = (torch.zeros_like(size, dtype=torch.float64).index_add(0, tie, place.double()) / size)[tie]
    found = torch.empty_like(values)
    found[order] = mean_place / values[order]
    return ranks.total(torch.where(ranks.within(k), found, 0.0)) / ranks.relevant.clamp(min=1)


def area_under_curve(ranks: Ranks) -> Tensor:
    """(U,) AUC: chance that a relevant image stands above another candidate, ties counting half.

    0.5 for a user whose candidates are all relevant or none of them: there is nothing to order.
    """
    relevant = ranks.relevant.double()
    others = ranks.candidates - relevant
    passed = ranks.total(ranks.values) - relevant * (relevant + 1) / 2
    return torch.where(relevant * others > 0, 1 - passed / (relevant * others), 0.5)


METRICS: dict[str, Callable[..., Tensor]] = {
    "HR": hit_rate,
    "NDCG": ndcg,
    "Recall": recall,
    "CappedRecall": capped_recall,
    "Precision": precision,
    "MAP": average_precision,
    "MRR": reciprocal_rank,
    "AUC": area_under_curve,
}
"""The metrics by the name a person writes: alone (``"MRR"``) or with a cut-off (``"HR@5"``)."""


def metric(name: str) -> Callable[[Ranks], Tensor]:
    """The function behind a metric's written name, e.g. ``metric("HR@5")(ranks)`` -> (U,).

    Raises:
        ValueError: if the name or its cut-off is not known.
    """
    base, at, cut = name.partition("@")
    if base not in METRICS:
        raise ValueError(f"There is no metric {name!r}; choose one of {', '.join(METRICS)}, with @K where it has one.")
    if at and not (cut.isdecimal() and int(cut) > 0):
        raise ValueError(f"The cut-off of metric {name!r} must be a whole number above 0, as in '{base}@5'.")
    if not at:
        return METRICS[base]
    if base == "AUC":
        raise ValueError(f"AUC is defined over the whole list; ask for 'AUC' instead of {name!r}.")
    return partial(METRICS[base], k=int(cut))


def coverage(items: Tensor, n_items: int) -> float:
    """Catalogue coverage@K: share of ``n_items`` images that stand in one of the lists ``items`` (U, K), -1 = none."""
    return len(torch.unique(items[items >= 0])) / n_items


def _gain(ranks: Tensor) -> Tensor:
    return math.log(2) / torch.log1p(ranks)
