"""Is one model better than another over the same users, moments or posts, or is it chance?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict
from scipy import stats

BATCH = 1 << 24
"""Numbers resampled at a time by the bootstrap (128 MB)."""


class Comparison(BaseModel):
    """Paired comparison of one metric over users or their moments, or of one error over posts.

    Attributes:
        pairs: number of users (or, where users are not told, posts) compared.
        difference: mean of first minus second.
        low: lower end of the bootstrap interval of ``difference``.
        high: upper end.
        confidence: level of the interval.
        t_test: two-sided p-value of the paired t-test; 1 if no pair differs.
        wilcoxon: two-sided p-value of the Wilcoxon signed-rank test (zero differences split); 1 if no pair differs.
    """

    model_config = ConfigDict(frozen=True)

    pairs: int
    difference: float
    low: float
    high: float
    confidence: float
    t_test: float
    wilcoxon: float


def compare(
    first: ArrayLike,
    second: ArrayLike,
    *,
    users: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> Comparison:
    """Compare two models by the values of one metric for the same users, moments or posts, in the same order.

    Values of one user resemble each other, so where ``users`` has some of them several times, users are what chance
    draws, each with all her values. The difference stays the mean over values; her share in how far chance may have
    moved it is how far she moves it (the linearised ratio of sums over users, the cluster-robust standard error of a
    mean, e.g. Cameron and Miller 2015). The signed ranks are then those of her mean differences.

    Args:
        first: (users,), (moments,) or (posts,) values of the one model, e.g. ``evaluation.per_user["NDCG@5"]``.
        second: those of the other.
        users: whose each value is, e.g. ``evaluation.user_codes``; by default all values are of different users.
        confidence: level of the percentile bootstrap interval, between 0 and 1.
        resamples: number of bootstrap samples of users (posts).
        seed: of the bootstrap.

    Raises:
        ValueError: if the two do not hold the same number of values, or they are of fewer than two users.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    codes = np.arange(one.size) if users is None else np.asarray(users)
    people, row = np.unique(codes, return_inverse=True)
    if not one.shape == other.shape == codes.shape or one.ndim != 1 or people.size < 2:
        raise ValueError(
            f"A paired comparison needs the same two or more users or posts on both sides, but got shapes "
            f"{one.shape} and {other.shape} of {people.size} users; evaluate both models on the same dataset and split."
        )
    gaps = one - other
    differs = bool(np.any(gaps))
    sums, sizes = np.bincount(row, gaps), np.bincount(row)
    # Their mean is that of the gaps; for one value each they are the gaps.
    moved = gaps.mean() + (sums - gaps.mean() * sizes) * (people.size / gaps.size)
    interval = stats.bootstrap(
        (moved,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, BATCH // moved.size),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Comparison(
        pairs=people.size,
        difference=float(gaps.mean()),
        low=float(interval.low),
        high=float(interval.high),
        confidence=confidence,
        t_test=float(stats.ttest_1samp(moved, 0).pvalue) if differs else 1.0,
        wilcoxon=float(stats.wilcoxon(sums / sizes, zero_method="zsplit").pvalue) if differs else 1.0,
    )
