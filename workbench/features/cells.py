"""What the cells of a grid show, as the tables of a dataset say it: what an encoder can learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import BOX

LABEL = "label"
UNKNOWN = -100
"""Target of a cell of which nothing is known; losses of torch leave it out."""
INSTEAD = "take the encoder 'descriptor', perhaps with --grid 4x4, or a pretrained one"
LEAST, MOST = 5, 256
"""A word is learnt if at least this many regions bear it, and at most so many words of a kind, the commonest."""


@dataclass(frozen=True)
class Cells:
    """What each cell shows.

    Attributes:
        words: the words by kind: ``label``, and the attributes of regions (``colour``, ``pattern``, ...).
        targets: (images, rows, columns) int64 number of the word, for each kind; of ``label``, the number after the
            last word is the background.
    """

    words: Mapping[str, Sequence[str]]
    targets: Mapping[str, Tensor]

    @property
    def background(self) -> int:
        """The target of cells that no labelled box covers."""
        return len(self.words[LABEL])


def codes_to_learn_from(dataset: Dataset) -> list[int]:
    """The images that have a picture and labelled regions, ascending.

    Raises:
        DataError: there are fewer than two.
    """
    codes = np.unique(dataset.items.codes(_things(dataset)["item"])).tolist()
    codes = [code for code in codes if dataset.image_relative(code) is not None]
    if len(codes) < 2:
        raise DataError(f"{dataset.root} has no pictures with labelled regions to learn from; {INSTEAD}")
    return codes


def read_cells(dataset: Dataset, codes: Sequence[int], rows: int, columns: int) -> Cells:
    """The cells of the images ``codes``; a cell shows the smallest labelled box that its middle lies in.

    Raises:
        DataError: the dataset has no labelled regions, or no label is frequent enough.
    """
    things = _things(dataset)
    kinds = [LABEL, *(name for name in map(str, things) if name.startswith(":"))]
    words = {kind: _frequent(things[kind]) for kind in kinds}
    words = {kind: found for kind, found in words.items() if kind == LABEL or len(found) > 1}
    if not words[LABEL]:
        raise DataError(
            f"{dataset.root / 'regions.parquet'}: no label names at least {LEAST} regions, so there is nothing to "
            f"learn from; {INSTEAD}"
        )
    numbers = {kind: pd.Index(found).get_indexer(pd.Index(things[kind])) for kind, found in words.items()}
    targets = {kind: torch.full((len(codes), rows, columns), UNKNOWN) for kind in words}
    targets[LABEL].fill_(len(words[LABEL]))
    places = pd.Index(codes).get_indexer(pd.Index(dataset.items.codes(things["item"])))
    inside = _covered(things, rows, columns)
    area = (things["x1"] - things["x0"]) * (things["y1"] - things["y0"])
    for k in np.argsort(-area.to_numpy(), kind="stable"):
        if places[k] >= 0 and numbers[LABEL][k] >= 0:
            for kind, number in numbers.items():
                targets[kind][places[k]][inside[k]] = int(number[k]) if number[k] >= 0 else UNKNOWN
    return Cells(
        {kind.removeprefix(":"): found for kind, found in words.items()},
        {kind.removeprefix(":"): target for kind, target in targets.items()},
    )


def _things(dataset: Dataset) -> pd.DataFrame:
    """A row for each labelled region: item, region, box, label, and ``:NAME`` for each attribute of regions."""
    if not dataset.has("regions") or LABEL not in dataset.table("regions"):
        raise DataError(
            f"{dataset.root} has no labelled regions to learn from (table regions, column label); {INSTEAD}"
        )
    regions = dataset.table("regions")
    things = regions[regions[LABEL].notna() & (regions[LABEL] != "")].reset_index(drop=True)
    if dataset.has("attributes") and "region" in dataset.table("attributes"):
        known = dataset.table("attributes").dropna(subset=["region"])
        known = known.drop_duplicates(["item", "region", "attribute"])
        wide = known.pivot(index=["item", "region"], columns="attribute", values="value")
        wide = wide.rename(columns=lambda name: f":{name}").reset_index()
        things = things.merge(wide, on=["item", "region"], how="left")
    return things


def _frequent(values: pd.Series) -> list[str]:
    counts = values.value_counts()
    return sorted(counts[counts >= LEAST].index[:MOST])


def _covered(things: pd.DataFrame, rows: int, columns: int) -> Tensor:
    """(things, rows, columns) bool: whether the middle of a cell lies in the thing's box."""
    x = (np.arange(columns) + 0.5) / columns
    y = (np.arange(rows) + 0.5) / rows
    x0, y0, x1, y1 = (things[name].to_numpy()[:, None] for name in BOX)
    across, down = (x >= x0) & (x < x1), (y >= y0) & (y < y1)
    return torch.from_numpy(down[:, :, None] & across[:, None, :])
