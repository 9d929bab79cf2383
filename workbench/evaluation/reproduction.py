"""What the rows and claims of a paper's table came to here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from workbench.evaluation.result import Evaluation
from workbench.evaluation.significance import compare
from workbench.evaluation.tables import Claim, PaperTable, Row
from workbench.models.base import ERRORS, ModelConfig

CHANCE = 0.05
"""p-value below which a difference is more than chance."""

Verdict = Literal["holds", "reversed", "undecided"]


class Value(BaseModel):
    """A metric of a row.

    Attributes:
        mean: over seeds.
        sd: standard deviation between seeds; None for one seed.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    sd: float | None


class GroupResult(BaseModel):
    """A row among users with a like number of training likes.

    Attributes:
        fewest: training likes (posts) of the users of the group; ``most`` the largest number.
        users: how many there are.
        metrics: by name, over seeds.
    """

    model_config = ConfigDict(frozen=True)

    fewest: int
    most: int
    users: int
    metrics: dict[str, Value]


class RowResult(BaseModel):
    """A row of the paper and ours.

    Attributes:
        row: what the paper calls it; ``key`` names it on the command line.
        model: the model that stands for it, with all its ``settings``.
        source: table where the paper prints values, figure where it only draws them, added where it has no such row.
        published: the paper's values, by its dataset and metric; None without any.
        ours: our value of the table's main metric; ``metrics`` has all of them, by name.
        seeds: trainings behind it; 1 for a model that is fitted at once.
        groups: the same by fifths of the users, from those with the fewest training likes (posts) to those with most.
    """

    model_config = ConfigDict(frozen=True)

    row: str
    key: str
    model: str
    source: Literal["table", "figure", "added"]
    published: dict[str, dict[str, float]] | None
    ours: Value
    metrics: dict[str, Value]
    seeds: int
    settings: dict[str, Any]
    groups: tuple[GroupResult, ...] = ()


class ClaimResult(BaseModel):
    """What the paper says of two rows, tested over the same users, whose values are averaged over seeds.

    A user with several moments (an author with several posts) counts once, see ``compare``.

    Attributes:
        better: label of the row the paper finds better in ``metric``; ``worse`` that of the other.
        published: by how much it is better in the paper, by dataset; None where no values are printed.
        difference: by how much it is better here: positive agrees with the paper, also for errors.
        low: lower end of the 95 % bootstrap interval of ``difference``; ``high`` the upper end.
        p: two-sided p-value of the paired t-test over users.
        pairs: users (authors) compared.
        verdict: holds or reversed where p is below 0.05, else undecided.
    """

    model_config = ConfigDict(frozen=True)

    better: str
    worse: str
    metric: str
    published: dict[str, float] | None
    difference: float
    low: float
    high: float
    p: float
    pairs: int
    verdict: Verdict


class Reproduction(BaseModel):
    """A paper's table with our numbers beside it.

    Attributes:
        table: its name; ``title`` says which paper and tables.
        dataset: name of the dataset ours are measured on.
        metric: the main metric.
        rows: those that were asked for, in the order of the table.
        claims: those about two of these rows.
        protocol: how the paper and we measured, in words.
        note: which settings were chosen and why, and how to read the table.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    title: str
    dataset: str
    metric: str
    rows: tuple[RowResult, ...]
    claims: tuple[ClaimResult, ...]
    protocol: str
    note: str


def row_result(table: PaperTable, row: Row, config: ModelConfig, found: Sequence[Evaluation]) -> RowResult:
    """A row, from the evaluations of its trainings, one for each seed."""
    names = (*table.metrics, *table.further)
    metrics = {name: _over_seeds([one.metrics[name].mean for one in found]) for name in names}
    groups = tuple(
        GroupResult(
            fewest=first.fewest,
            most=first.most,
            users=first.users,
            metrics={name: _over_seeds([one.groups[k].metrics[name].mean for one in found]) for name in first.metrics},
        )
        for k, first in enumerate(found[0].groups)
    )
    return RowResult(
        row=row.label,
        key=row.key,
        model=row.model,
        source=row.source,
        published={name: dict(values) for name, values in row.published.items()} or None,
        ours=metrics[table.main],
        metrics=metrics,
        seeds=len(found),
        settings=config.model_dump(mode="json"),
        groups=groups,
    )


def _over_seeds(values: Sequence[float]) -> Value:
    return Value(mean=float(np.mean(values)), sd=float(np.std(values, ddof=1)) if len(values) > 1 else None)


def claim_result(
    table: PaperTable, claim: Claim, metric: str, found: Mapping[str, Sequence[Evaluation]]
) -> ClaimResult:
    """A claim, tested in one metric on the evaluations ``found`` of the rows, by their keys.

    Raises:
        ValueError: the evaluations are of fewer than two users, or not of the same moments (posts).
    """
    sign = -1.0 if metric in ERRORS else 1.0
    one, other = table.row(claim.better), table.row(claim.worse)
    tested = compare(
        sign * _averaged(found[one.key], metric),
        sign * _averaged(found[other.key], metric),
        users=found[one.key][0].user_codes,
    )
    verdict: Verdict = "undecided"
    if tested.t_test < CHANCE:
        verdict = "holds" if tested.difference > 0 else "reversed"
    published = {
        name: round(sign * (values[metric] - other.published[name][metric]), 6)
        for name, values in one.published.items()
        if name in other.published and metric in values
    }
    return ClaimResult(
        better=one.label,
        worse=other.label,
        metric=metric,
        published=published or None,
        difference=tested.difference,
        low=tested.low,
        high=tested.high,
        p=tested.t_test,
        pairs=tested.pairs,
        verdict=verdict,
    )


def _averaged(found: Sequence[Evaluation], metric: str) -> NDArray[np.float64]:
    """(users,), (moments,) or (posts,) values of a row, averaged over seeds."""
    averaged: NDArray[np.float64] = np.mean([evaluation.per_user[metric] for evaluation in found], axis=0)
    return averaged
