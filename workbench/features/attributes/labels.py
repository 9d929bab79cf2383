"""What the tables of a dataset say of whole images: the values of each attribute, never where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.cells import LABEL, LEAST, MOST

THING = "thing"
"""The attribute that the labels of regions make: what an image shows."""


@dataclass(frozen=True)
class Labels:
    """What is known of n images.

    Attributes:
        values: the values of each attribute, by its name, both in alphabetical order.
        targets: (n, values) share of each value among those the image has, adding up to 1; all 0 where none is known.
        applies: (n, attributes) whether an image can have the attribute: 1 or 0, -1 where that is not known.
    """

    values: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, Tensor]
    applies: Tensor


def labelled(dataset: Dataset) -> pd.DataFrame:
    """The rows item, attribute, value that images are labelled with, each once.

    These are the table of attributes, whatever region a row names, and the labels of regions as the attribute "thing".
    """
    parts = []
    if dataset.has("attributes"):
        parts.append(dataset.table("attributes")[["item", "attribute", "value"]])
    if dataset.has("regions") and LABEL in dataset.table("regions"):
        things = dataset.table("regions")[["item", LABEL]].rename(columns={LABEL: "value"})
        parts.append(things.assign(attribute=THING))
    if not parts:
        return pd.DataFrame({"item": [], "attribute": [], "value": []})
    rows = pd.concat(parts, ignore_index=True).dropna()
    rows = rows[(rows["value"] != "") & (rows["attribute"] != "")]
    return rows.drop_duplicates(ignore_index=True)


def codes_to_learn_from(dataset: Dataset) -> list[int]:
    """The images that have a picture and a value of some attribute, ascending.

    Raises:
        DataError: there are fewer than two.
    """
    codes = np.unique(dataset.items.codes(labelled(dataset)["item"])).tolist()
    codes = [code for code in codes if dataset.image_relative(code) is not None]
    if len(codes) < 2:
        raise DataError(
            f"{dataset.root} has no pictures with attributes to learn from: add the table attributes "
            "(item, attribute, value)"
        )
    return codes


def read_labels(dataset: Dataset, codes: Sequence[int]) -> Labels:
    """The labels of the images ``codes``.

    A value is learnt if at least ``LEAST`` of them bear it, an attribute if it has at least two such values. An image
    with several values of an attribute is as much of each. An attribute does not apply to an image that bears others,
    none of which is ever found on an image together with it (heel heights on shirts).

    Raises:
        DataError: no attribute has two values that are frequent enough.
    """
    rows = labelled(dataset)
    rows = rows.assign(place=pd.Index(codes).get_indexer(pd.Index(dataset.items.codes(rows["item"]))))
    rows = rows[rows["place"] >= 0]
    values, targets = {}, {}
    for attribute, part in rows.groupby("attribute", sort=True):
        counts = part["value"].value_counts()
        found = sorted(counts[counts >= LEAST].index[:MOST])
        if len(found) > 1:
            number = pd.Index(found).get_indexer(pd.Index(part["value"]))
            target = torch.zeros(len(codes), len(found))
            target[part["place"].to_numpy()[number >= 0], number[number >= 0]] = 1
            values[str(attribute)] = tuple(map(str, found))
            targets[str(attribute)] = target / target.sum(1, keepdim=True).clamp_min(1)
    if not values:
        raise DataError(
            f"{dataset.root}: no attribute has two values that {LEAST} pictures bear each, so there is nothing to "
            "learn: add rows to the table attributes"
        )
    return Labels(values, targets, _applies(targets))


def _applies(targets: Mapping[str, Tensor]) -> Tensor:
    """(n, attributes) whether an attribute applies to each image: 1 borne, 0 foreign to all it bears, -1 not known."""
    borne = torch.stack([target.sum(1) > 0 for target in targets.values()], 1)
    together = borne.float().T @ borne.float() > 0
    foreign = ~(borne.float() @ together.float() > 0) & borne.any(1, keepdim=True)
    return torch.where(borne, 1, torch.where(foreign, 0, -1))
