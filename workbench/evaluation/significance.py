"""Is one model better than another over the same users, moments or posts, or is it chance?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
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


class Interval(BaseModel):
    """A mean and how far chance may have moved it.

    Attributes:
        mean: over values.
        low: lower end of the bootstrap interval over users; ``high`` the upper end. Both are None for a single user.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    low: float | None
    high: float | None


def mean_interval(
    values: ArrayLike,
    users: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    resamples: int = 1999,
    seed: int = 0,
) -> Interval:
    """The mean of a metric with its percentile bootstrap interval, users drawn as in `compare`.

    Args:
        values: (users,), (moments,) or (posts,) values.
        users: whose each value is; by default all values are of different users.
        confidence: level of the interval, between 0 and 1.
        resamples: number of bootstrap samples.
        seed: of the bootstrap.

    Raises:
        ValueError: there is no value.
    """
    found = np.asarray(values, dtype=np.float64)
    if not found.size:
        raise ValueError("A mean needs at least one value; evaluate the model on a split that has some.")
    people, row = np.unique(np.arange(found.size) if users is None else np.asarray(users), return_inverse=True)
    if people.size < 2:
        return Interval(mean=float(found.mean()), low=None, high=None)
    low, high = _bootstrap(_moved(found, row), confidence, resamples, seed)
    return Interval(mean=float(found.mean()), low=low, high=high)


def _moved(values: NDArray[np.float64], row: NDArray[np.intp]) -> NDArray[np.float64]:
    """(users,) numbers whose mean is that of the values, each moved as far as its user (``row``) moves that mean."""
    sums, sizes = np.bincount(row, values), np.bincount(row)
    moved: NDArray[np.float64] = values.mean() + (sums - values.mean() * sizes) * (sizes.size / values.size)
    return moved


def _bootstrap(values: NDArray[np.float64], confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, BATCH // values.size),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


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
    moved = _moved(gaps, row)
    low, high = _bootstrap(moved, confidence, resamples, seed)
    return Comparison(
        pairs=people.size,
        difference=float(gaps.mean()),
        low=low,
        high=high,
        confidence=confidence,
        t_test=float(stats.ttest_1samp(moved, 0).pvalue) if differs else 1.0,
        wilcoxon=float(stats.wilcoxon(sums / sizes, zero_method="zsplit").pvalue) if differs else 1.0,
    )
