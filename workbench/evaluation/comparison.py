"""Runs beside each other on the same users: metrics with intervals, paired tests, groups of users, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from workbench.data.dataset import Dataset
from workbench.evaluation.result import Evaluation, quantile_groups
from workbench.evaluation.significance import Comparison, Interval, compare, mean_interval
from workbench.models.base import ERRORS

FIFTHS = 5
CHANCE = 0.05
"""p-value, after correction, below which a difference is more than chance."""
FIRST_METRICS = ("NDCG@10", "NDCG@20", "MSE")
"""The usual main metrics."""
Row = dict[str, str | int | float | bool | None]


class Frozen(BaseModel):
    """What cannot be changed."""

    model_config = ConfigDict(frozen=True)


class Group(Frozen):
    """Users with a similar number of train likes (authors, of train posts).

    Attributes:
        fewest: smallest number of them; ``most`` the largest.
        users: number of users.
        values: the main metric of each run.
    """

    fewest: int
    most: int
    users: int
    values: tuple[Interval, ...]


class Pairing(Frozen):
    """A run against the best one, over the same users.

    Attributes:
        run: the run.
        best: the one with the best mean.
        tested: the run minus the best.
        adjusted: p-value of the paired t-test after Holm's correction for all pairs.
    """

    run: str
    best: str
    tested: Comparison
    adjusted: float


class RunComparison(Frozen):
    """What there is to say of several runs.

    Attributes:
        dataset: its name; ``protocol`` and ``split`` what was measured.
        unit: what is counted: users, likes or posts; ``count`` how many, of so many ``users``.
        metric: the main one; ``metrics`` all, of each the values in the order of ``runs``.
        runs: their names; ``models`` of their models.
        groups: from the users with the least to learn from to those with the most.
        pairs: every other run against the best.
        settings: hyperparameters that differ, of each the value in every run; None where a run has none of that name.
    """

    dataset: str
    protocol: str
    split: str
    unit: Literal["users", "likes", "posts"]
    count: int
    users: int
    metric: str
    metrics: dict[str, tuple[Interval, ...]]
    runs: tuple[str, ...]
    models: tuple[str, ...]
    groups: tuple[Group, ...]
    pairs: tuple[Pairing, ...]
    settings: dict[str, tuple[Any, ...]]

    @property
    def best(self) -> str:
        """The run with the best mean of the main metric; the first of equals."""
        return self.runs[_best(self.metric, [one.mean for one in self.metrics[self.metric]])]

    @property
    def sentence(self) -> str:
        """What it comes to, in a sentence."""
        mean = next(
            one.mean for name, one in zip(self.runs, self.metrics[self.metric], strict=True) if name == self.best
        )
        if not self.pairs:
            return f"{self.best} has {self.metric} {mean:.3f}: choose another run to compare it with."
        sure = [pair.run for pair in self.pairs if pair.adjusted < CHANCE]
        others = [pair.run for pair in self.pairs if pair.adjusted >= CHANCE]
        words = f"{self.best} has the best {self.metric}, {mean:.3f}"
        if sure:
            words += f"; the difference from {_listed(sure)} is more than chance"
        if others:
            words += (
                f"; that from {_listed(others)} may be chance"
                if sure
                else (f", but the difference from {_listed(others)} may be chance")
            )
        return f"{words}."

    def metric_rows(self) -> list[Row]:
        """A row for each metric of each run."""
        return [
            self._head(place) | {"metric": name, **interval.model_dump()}
            for name, values in self.metrics.items()
            for place, interval in enumerate(values)
        ]

    def group_rows(self) -> list[Row]:
        """A row for each group and run."""
        return [
            self._head(place)
            | {"metric": self.metric, "fewest": group.fewest, "most": group.most, "users": group.users}
            | interval.model_dump()
            for group in self.groups
            for place, interval in enumerate(group.values)
        ]

    def pair_rows(self) -> list[Row]:
        """A row for each run but the best."""
        return [
            {"run": pair.run, "best": pair.best, "metric": self.metric, "protocol": self.protocol}
            | pair.tested.model_dump()
            | {"t_test_holm": pair.adjusted}
            for pair in self.pairs
        ]

    def setting_rows(self) -> list[Row]:
        """A row for each hyperparameter that differs, a column for each run."""
        rows: list[Row] = []
        for name, values in self.settings.items():
            row: Row = {"hyperparameter": name}
            rows.append(row | {run: _shown(value) for run, value in zip(self.runs, values, strict=True)})
        return rows

    def _head(self, place: int) -> Row:
        return {"run": self.runs[place], "model": self.models[place], "protocol": self.protocol, "split": self.split}


def compare_runs(
    found: Mapping[str, Evaluation],
    configs: Mapping[str, Mapping[str, Any]],
    counts: NDArray[np.int64],
    metric: str,
    *,
    groups: int = FIFTHS,
    seed: int = 0,
) -> RunComparison:
    """Compare runs that were evaluated on the same users.

    Args:
        found: the evaluation of each run, by its name.
        configs: the hyperparameters of each run.
        counts: (users,) how much there is to learn from each user, see `learned_from`.
        metric: the main one.
        groups: how many groups of users.
        seed: of the bootstraps.

    Raises:
        ValueError: there is no run, they were measured on different users, or have no such metric.
    """
    first = next(iter(found.values()), None)
    if first is None:
        raise ValueError("There is no run to compare: evaluate one first.")
    for name, one in found.items():
        if (one.protocol, one.split) != (first.protocol, first.split) or not np.array_equal(
            one.user_codes, first.user_codes
        ):
            raise ValueError(f"{name} was measured on other users than {next(iter(found))}: evaluate both alike.")
        if metric not in one.per_user:
            raise ValueError(f"{name} has no values of {metric}: choose one of {', '.join(one.per_user)}.")
    codes = first.user_codes
    intervals = {
        name: tuple(mean_interval(one.per_user[name], codes, seed=seed) for one in found.values())
        for name in first.per_user
        if all(name in one.per_user for one in found.values())
    }
    return RunComparison(
        dataset=first.dataset,
        protocol=first.protocol,
        split=first.split,
        unit="posts" if first.posts else "likes" if first.moments else "users",
        count=len(codes),
        users=first.users,
        metric=metric,
        metrics=intervals,
        runs=tuple(found),
        models=tuple(one.model for one in found.values()),
        groups=_groups(found, counts[codes], metric, groups, seed),
        pairs=_pairs(found, metric, seed),
        settings=_settings([configs[name] for name in found]),
    )


def common_metrics(found: Mapping[str, Evaluation]) -> list[str]:
    """Metrics that all evaluations have values of, the usual ones first."""
    every = [one.per_user for one in found.values()]
    common = [name for name in every[0] if all(name in one for one in every)]
    return sorted(common, key=lambda name: FIRST_METRICS.index(name) if name in FIRST_METRICS else len(FIRST_METRICS))


def learned_from(dataset: Dataset, unit: Literal["likes", "posts"]) -> NDArray[np.int64]:
    """(users,) train likes, or train posts, of every user."""
    if unit == "posts":
        return np.bincount(dataset.posts("train")[0].numpy(), minlength=len(dataset.users)).astype(np.int64)
    lengths: NDArray[np.int64] = dataset.history.lengths.numpy().astype(np.int64)
    return lengths


def holm(values: Sequence[float]) -> list[float]:
    """p-values after Holm's step-down correction (Holm 1979), in the order given."""
    adjusted, largest = [0.0] * len(values), 0.0
    for place, index in enumerate(np.argsort(values, kind="stable")):
        largest = max(largest, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = largest
    return adjusted


def _best(metric: str, means: Sequence[float]) -> int:
    return int(np.argmin(means) if metric in ERRORS else np.argmax(means))


def _pairs(found: Mapping[str, Evaluation], metric: str, seed: int) -> tuple[Pairing, ...]:
    names, values = list(found), [one.per_user[metric] for one in found.values()]
    codes = next(iter(found.values())).user_codes
    best = _best(metric, [float(one.mean()) for one in values])
    if len(np.unique(codes)) < 2:
        return ()
    others = [place for place in range(len(names)) if place != best]
    tested = [compare(values[place], values[best], users=codes, resamples=1999, seed=seed) for place in others]
    corrected = holm([one.t_test for one in tested])
    return tuple(
        Pairing(run=names[place], best=names[best], tested=one, adjusted=p)
        for place, one, p in zip(others, tested, corrected, strict=True)
    )


def _groups(
    found: Mapping[str, Evaluation], counts: NDArray[np.int64], metric: str, groups: int, seed: int
) -> tuple[Group, ...]:
    codes = next(iter(found.values())).user_codes
    return tuple(
        Group(
            fewest=int(counts[inside].min()),
            most=int(counts[inside].max()),
            users=len(np.unique(codes[inside])),
            values=tuple(
                mean_interval(one.per_user[metric][inside], codes[inside], seed=seed) for one in found.values()
            ),
        )
        for inside in quantile_groups(counts, groups)
    )


def _settings(configs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = dict.fromkeys(name for config in configs for name in config)
    values = {name: tuple(config.get(name) for config in configs) for name in names}
    return {name: given for name, given in values.items() if any(value != given[0] for value in given)}


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)
