"""Is one model better than another over the same users or posts, or is it chance?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict
from scipy import stats

BATCH = 1 << 24
"""Numbers resampled at a time by the bootstrap (128 MB)."""


class Comparison(BaseModel):
    """Paired comparison of one metric over users, or of one error over posts.

    Attributes:
        pairs: number of users (posts) compared.
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
    first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> Comparison:
    """Compare two models by the values of one metric for the same users, or the same posts, in the same order.

    Args:
        first: (users,) or (posts,) values of the one model, e.g. ``evaluation.per_user["NDCG@5"]``.
        second: those of the other.
        confidence: level of the percentile bootstrap interval, between 0 and 1.
        resamples: number of bootstrap samples of users (posts).
        seed: of the bootstrap.

    Raises:
        ValueError: if the two do not hold the same number of users (posts), or fewer than two.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1 or one.size < 2:
        raise ValueError(
            f"A paired comparison needs the same two or more users or posts on both sides, but got shapes "
            f"{one.shape} and {other.shape}; evaluate both models on the same dataset and split."
        )
    gaps = one - other
    differs = bool(np.any(gaps))
    interval = stats.bootstrap(
        (gaps,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, BATCH // gaps.size),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Comparison(
        pairs=gaps.size,
        difference=float(gaps.mean()),
        low=float(interval.low),
        high=float(interval.high),
        confidence=confidence,
        t_test=float(stats.ttest_rel(one, other).pvalue) if differs else 1.0,
        wilcoxon=float(stats.wilcoxon(gaps, zero_method="zsplit").pvalue) if differs else 1.0,
    )
