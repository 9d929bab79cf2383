"""What a table of a paper is: its rows, what was printed, what the paper claims of them, and how we measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Settings = dict[str, Any]
Printed = Mapping[str, Mapping[str, float]]
"""Dataset of the paper, metric, value."""

SECONDS = "Training s"
"""A metric of the training, not of an evaluation: seconds of its epochs."""

ENOUGH = 50_000
"""Training likes (or posts) from which on the paper's sizes are used."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        key: its name on the command line and of its run folders.
        label: what the paper calls it.
        model: the model of the workbench that stands for it.
        settings: the hyperparameters that make it this row; they cannot be set otherwise.
        published: what the paper printed.
        source: whether the paper prints it in a table, only draws it in a figure, or does not have it.
        pictures: whether it is left out, unless asked for, where the dataset has no pictures.
        keeps: those of the ``settings`` that stay as they are where all other rows are given another value.
    """

    key: str
    label: str
    model: str
    settings: Settings = field(default_factory=dict)
    published: Printed = field(default_factory=dict)
    source: Literal["table", "figure", "added"] = "table"
    pictures: bool = False
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """What a paper says of two rows, by their keys: the one is better than the other in each of the metrics."""

    better: str
    worse: str
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper and how it is reproduced.

    Attributes:
        name: its name on the command line.
        title: paper and numbers of the tables.
        task: what its models do.
        published_protocol: how the paper measured, in words.
        our_protocol: how the workbench measures, in words.
        protocols: by the word behind the name of a metric (``"new"`` in ``"Recall@20 new"``), the protocol under which
            the metric is measured; by ``""`` that of metrics without such a word.
        metrics: those of the paper that stand beside its printed values.
        further: those that stand in a table of their own.
        main: the metric in which a row is summed up.
        decimals: with which metrics are printed.
        rows: as in the paper, then those it does not have.
        claims: what the paper says of pairs of rows.
        full: hyperparameters by model on ``ENOUGH`` data: the paper's sizes.
        small: the same on less data.
    """

    name: str
    title: str
    task: Literal["ranking", "popularity"]
    published_protocol: str
    our_protocol: str
    protocols: Mapping[str, str]
    metrics: tuple[str, ...]
    further: tuple[str, ...]
    main: str
    decimals: int
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]
    full: Mapping[str, Settings]
    small: Mapping[str, Settings]

    def measured(self, mark: str) -> dict[str, str]:
        """The metrics with the word ``mark`` of ``protocols`` behind their names, by what the protocol calls them."""
        names = {name: name.partition(" ") for name in (*self.metrics, *self.further)}
        return {metric: name for name, (metric, _, word) in names.items() if word == mark}

    def row(self, key: str) -> Row:
        """The row of a key."""
        return next(row for row in self.rows if row.key == key)
