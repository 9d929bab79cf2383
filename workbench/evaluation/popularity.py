"""How close a popularity model comes to the posts of a split: errors, and the order it puts them in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.evaluation.result import Estimate, Evaluation, SparsityGroup, Split, estimates, quantile_groups
from workbench.models.base import Recommender

POSTS = "posts"
"""Name of the only protocol of popularity models: every post of the split is predicted."""
BLOCK = 128
"""Posts predicted at a time."""
RESAMPLES = 500
"""Bootstrap samples of posts behind the standard error of a rank correlation."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Predictions:
    """Posts with what became of them and what was predicted, each (posts,)."""

    users: NDArray[np.int64]
    truth: NDArray[np.float64]
    predicted: NDArray[np.float64]

    def errors(self) -> dict[str, NDArray[np.float64]]:
        """(posts,) what MSE and MAE are the means of (UHAN, Eq. 23)."""
        gaps = self.predicted - self.truth
        return {"MSE": gaps**2, "MAE": np.abs(gaps)}

    def select(self, inside: NDArray[np.bool_]) -> Predictions:
        """The posts that are ``inside`` (posts,)."""
        return Predictions(self.users[inside], self.truth[inside], self.predicted[inside])


@torch.no_grad()
def predictions(
    model: Recommender, dataset: Dataset, split: Split = "test", progress: Progress | None = None
) -> Predictions:
    """What a popularity model predicts for the posts of a split.

    Args:
        model: any popularity model.
        dataset: the one the model was built on.
        split: whose posts are predicted.
        progress: called after every block with the posts done and the posts in all.

    Raises:
        ValueError: the split has no posts, or a prediction is not finite.
    """
    users, items, truth = dataset.posts(split)
    if not len(users):
        raise ValueError(
            f"Dataset {dataset.name!r} has no posts in its {split} split; fill the column split of posts.parquet."
        )
    was_training = model.training
    model.eval()
    blocks = []
    try:
        for user, item in zip(torch.split(users, BLOCK), torch.split(items, BLOCK), strict=True):
            blocks.append(model.score_pairs(user.to(model.device), item.to(model.device)).double().cpu())
            if progress is not None:
                progress(min(len(blocks) * BLOCK, len(users)), len(users))
    finally:
        model.train(was_training)
    predicted = torch.cat(blocks).numpy()
    if not np.isfinite(predicted).all():
        raise ValueError(f"{model.name} predicts NaN or infinity; train it again with a lower learning_rate.")
    return Predictions(users.numpy(), truth.double().numpy(), predicted)


def metrics(found: Predictions) -> dict[str, float]:
    """MSE, MAE and Spearman's rho."""
    values = {name: float(errors.mean()) for name, errors in found.errors().items()}
    return values | {"Spearman": rank_correlation(found.truth, found.predicted)}


def evaluate_posts(
    model: Recommender,
    dataset: Dataset,
    *,
    split: Split = "test",
    seed: int = 0,
    groups: int = 5,
    progress: Progress | None = None,
) -> Evaluation:
    """Predict every post of a split.

    Args:
        model: any popularity model.
        dataset: the one the model was built on.
        split: ``"test"`` or ``"validation"``.
        seed: of the bootstrap behind the standard error of Spearman's rho.
        groups: number of groups of posts by the training posts of their author (quantiles; equal authors stay
            together); 0 for none.
        progress: called after every block with the posts done and the posts in all.

    Raises:
        ValueError: the split has no posts, or a prediction is not finite.
    """
    started = time.perf_counter()
    found = predictions(model, dataset, split, progress)
    counts = np.bincount(dataset.posts("train")[0].numpy(), minlength=len(dataset.users))[found.users]
    return Evaluation(
        model=model.name,
        dataset=dataset.name,
        protocol=POSTS,
        candidates=0.0,
        draws=1,
        seed=seed,
        split=split,
        users=len(np.unique(found.users)),
        posts=len(found.users),
        metrics=_estimates(found, seed),
        groups=tuple(_group(found, counts, inside, seed) for inside in quantile_groups(counts, groups)),
        coverage={},
        seconds=time.perf_counter() - started,
        user_codes=found.users,
        per_user=found.errors(),
    )


def rank_correlation(
    first: NDArray[np.float64], second: NDArray[np.float64], counts: NDArray[np.int64] | None = None
) -> float:
    """Spearman's rho of two series (n,), equal values at their mean rank; 0 if one series is all equal.

    Args:
        first: the one series.
        second: the other.
        counts: (n,) how often each pair occurs; once if left out.
    """
    return _correlation(_places(first), _places(second), np.ones(len(first), np.int64) if counts is None else counts)


def _estimates(found: Predictions, seed: int) -> dict[str, Estimate]:
    """The metrics with the standard error over posts."""
    n = len(found.users)
    truth, predicted, generator = _places(found.truth), _places(found.predicted), np.random.default_rng(seed)
    # The order of the values is the same in every sample, so they are sorted once.
    drawn = [
        _correlation(truth, predicted, np.bincount(generator.integers(n, size=n), minlength=n))
        for _ in range(RESAMPLES if n > 1 else 0)
    ]
    order = Estimate(
        mean=rank_correlation(found.truth, found.predicted), sd=float(np.std(drawn, ddof=1)) if drawn else None
    )
    return estimates(found.errors()) | {"Spearman": order}


def _group(found: Predictions, counts: NDArray[np.int64], inside: NDArray[np.bool_], seed: int) -> SparsityGroup:
    part = found.select(inside)
    return SparsityGroup(
        fewest=int(counts[inside].min()),
        most=int(counts[inside].max()),
        users=len(np.unique(part.users)),
        metrics=_estimates(part, seed),
    )


def _places(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,) the place of each value among the distinct values."""
    return np.unique(values, return_inverse=True)[1]


def _correlation(first: NDArray[np.intp], second: NDArray[np.intp], counts: NDArray[np.int64]) -> float:
    one, other = _ranks(first, counts), _ranks(second, counts)
    variance = np.sqrt((counts * one**2).sum() * (counts * other**2).sum())
    return float((counts * one * other).sum() / variance) if variance > 0 else 0.0


def _ranks(places: NDArray[np.intp], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) mean rank of each, less the mean of all."""
    held = np.bincount(places, counts)
    mean = held.cumsum() - (held - 1) / 2
    centred: NDArray[np.float64] = mean[places] - (counts.sum() + 1) / 2
    return centred
