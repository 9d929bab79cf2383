"""What an evaluation found: means with their uncertainty, groups of users, catalogue coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

Split = Literal["validation", "test"]
FrameSplit = Literal["train", "validation", "test", "all"]
"""Nothing is learned from what is known of frames, so the likes of every split can be marked."""


class Estimate(BaseModel):
    """A mean over users (or posts) and how far chance may have moved it.

    Attributes:
        mean: over users, each user's value being the mean over draws; for a popularity model over posts.
        sd: standard deviation of that mean, i.e. the standard deviation over users divided by the square root of
            their number (the standard error), under every protocol. None for a single user. For Spearman's rho, which
            is no mean, the standard deviation over bootstrap samples of the posts.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    sd: float | None


class SparsityGroup(BaseModel):
    """Users with a similar number of train likes, or of train posts for a popularity model, to learn from.

    Attributes:
        fewest: smallest number of train likes in the group.
        most: largest number.
        users: number of users.
        metrics: by metric name.
    """

    model_config = ConfigDict(frozen=True)

    fewest: int
    most: int
    users: int
    metrics: dict[str, Estimate]


class Evaluation(BaseModel):
    """What one evaluation found.

    Attributes:
        model: name of the model.
        dataset: name of the dataset.
        protocol: name of the protocol.
        candidates: mean number of images ranked for a user, held-out ones included; 0 where nothing is ranked.
        draws: number of random draws of candidates averaged.
        seed: of the draws.
        split: the split whose likes or posts were held out.
        users: number of users with held-out likes or posts.
        posts: number of posts predicted; 0 for a ranking.
        moments: number of held-out likes predicted one after the other; 0 where users are ranked once.
        pairs: number of user-item pairs whose frames were ranked; 0 where images are.
        metrics: by metric name.
        controls: of a ranking of frames, the same metrics for orders that know nothing, by the name of the control.
        groups: from the users with the fewest train likes to those with the most.
        coverage: ``"Coverage@K"`` to the share of all images that stand in somebody's first K of the full ranking.
        seconds: wall-clock time.
        user_codes: (users,) codes of the users evaluated, (posts,) of the authors of the posts, (moments,) of the users
            at each moment; not exported.
        per_user: metric name to (users,) or (moments,) values, or (posts,) errors, in the order of ``user_codes``, for
            paired tests; (pairs,) for frames; not exported.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    model: str
    dataset: str
    protocol: str
    candidates: float
    draws: int
    seed: int
    split: FrameSplit
    users: int
    posts: int = 0
    moments: int = 0
    pairs: int = 0
    metrics: dict[str, Estimate]
    controls: dict[str, dict[str, float]] = {}
    groups: tuple[SparsityGroup, ...]
    coverage: dict[str, float]
    seconds: float
    user_codes: NDArray[np.int64] = Field(default_factory=lambda: np.empty(0, np.int64), exclude=True, repr=False)
    per_user: Mapping[str, NDArray[np.float64]] = Field(default_factory=dict, exclude=True, repr=False)


def estimates(per_user: Mapping[str, NDArray[np.float64]]) -> dict[str, Estimate]:
    """Means over users of every metric's (users,) values."""
    return {
        name: Estimate(
            mean=float(values.mean()),
            sd=float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else None,
        )
        for name, values in per_user.items()
    }


def quantile_groups(counts: NDArray[np.int64], groups: int) -> list[NDArray[np.bool_]]:
    """Which of ``counts`` (n,) lie in each quantile group, from the smallest up; equal ones stay together."""
    if not groups:
        return []
    labels = np.searchsorted(np.quantile(counts, np.linspace(0, 1, groups + 1)[1:-1]), counts)
    return [labels == label for label in np.unique(labels)]


def sparsity_groups(
    users: Tensor, likes: Tensor, per_user: Mapping[str, NDArray[np.float64]], groups: int
) -> tuple[SparsityGroup, ...]:
    """Quantile groups of ``users`` (codes, as often as they have values) by their train ``likes``, one for each value.

    Each group has the means of ``per_user``, whose values are in the order of ``users``.
    """
    codes, counts = users.numpy(), likes.numpy()
    return tuple(
        SparsityGroup(
            fewest=int(counts[inside].min()),
            most=int(counts[inside].max()),
            users=len(np.unique(codes[inside])),
            metrics=estimates({name: values[inside] for name, values in per_user.items()}),
        )
        for inside in quantile_groups(counts, groups)
    )
