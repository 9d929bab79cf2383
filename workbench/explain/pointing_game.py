"""The pointing game: is what is weighed most the planted cause? And how much weight lies on it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.schema import BOX
from workbench.explain.explanation import Frozen
from workbench.features.store import Features
from workbench.features.words import Texts, tokens

Weights = NDArray[np.float64]


class Marks(Frozen):
    """How well one way of weighing finds the planted causes.

    Attributes:
        method: attention, removal, or a control: random, uniform, centre.
        pairs: how many user-image pairs (or posts) were marked.
        pointing: share of them whose strongest element is the cause; ties count by the share of tied elements that are.
        error: standard error of that share.
        energy: mean share of the weight that lies on the cause.
    """

    method: str
    pairs: int
    pointing: float
    error: float
    energy: float


@dataclass(frozen=True)
class Marked:
    """Elements of some pairs, and which of them are the cause.

    Attributes:
        users: (n,) codes; ``items`` (n,).
        sets: n sets of element codes.
        inside: (elements,) share of each element that the cause covers, 0..1.
        central: (elements,) 1 for the elements nearest to the middle of the image, else 0; None for words.
    """

    users: Tensor
    items: Tensor
    sets: Ragged
    inside: Weights
    central: Weights | None


def planted_causes(dataset: Dataset, source: Literal["like", "post"], split: str) -> pd.DataFrame:
    """The planted causes of the likes or posts of a split.

    Raises:
        DataError: nothing was planted.
    """
    if not dataset.has("causes") or not {"source", "x0"} <= set(dataset.table("causes")):
        raise DataError(f"{dataset.root} has no planted causes: make a world that has with 'workbench demo' or 'plant'")
    causes = dataset.table("causes")
    causes = causes[causes["source"] == source]
    users, items = dataset.posts(split)[:2] if source == "post" else dataset.likes(split)
    mine, wanted = pair_codes(dataset, causes)
    return causes[np.isin((mine * len(dataset.items) + wanted).numpy(), (users * len(dataset.items) + items).numpy())]


def pair_codes(dataset: Dataset, causes: pd.DataFrame) -> tuple[Tensor, Tensor]:
    """User codes (n,) and item codes (n,) of n causes."""
    users, items = dataset.users.codes(causes["user"]), dataset.items.codes(causes["item"])
    return torch.from_numpy(users), torch.from_numpy(items)


def words_inside(texts: Texts, causes: pd.DataFrame, sets: Ragged) -> Weights:
    """(words,) 1 for the words of n texts that name the cause, else 0; ``sets`` are their codes."""
    named = [{token.word for token in tokens(text)} for text in causes["words"]]
    pairs = zip(sets.rows.tolist(), sets.values.tolist(), strict=True)
    return np.array([float(texts.token(code)[1].word in named[row]) for row, code in pairs])


def boxes_inside(features: Features, causes: pd.DataFrame, sets: Ragged) -> Weights:
    """(regions,) share of each region of n images that lies in the box of the cause; ``sets`` are their codes."""
    box = causes[BOX].to_numpy(np.float64)[sets.rows.numpy()]
    region = features.boxes[sets.values.numpy()].astype(np.float64)
    low, high = np.maximum(box[:, :2], region[:, :2]), np.minimum(box[:, 2:], region[:, 2:])
    size = np.prod(region[:, 2:] - region[:, :2], axis=1)
    inside: Weights = np.prod((high - low).clip(0), axis=1) / np.maximum(size, 1e-12)
    return inside


def with_controls(marked: Marked, attention: Weights, method: str = "attention") -> list[Marks]:
    """Marks of a way of weighing, and of its controls: random, uniform and, for regions, the middle of the image."""
    uniform = np.ones_like(attention)
    random = np.random.default_rng(0).random(len(attention))
    found = [("random", random), ("uniform", uniform)]
    found += [] if marked.central is None else [("centre", marked.central)]
    return [marks(method, marked, attention), *(marks(name, marked, weights) for name, weights in found)]


def marks(method: str, marked: Marked, weights: Weights) -> Marks:
    """Pointing and energy of non-negative ``weights`` (elements,). An element counts as hit by the share inside."""
    rows, starts = marked.sets.rows.numpy(), marked.sets.offsets[:-1].numpy()
    top = weights >= np.maximum.reduceat(weights, starts)[rows]
    hits = total(marked, top * (marked.inside > 0.5)) / np.maximum(total(marked, top.astype(float)), 1)
    energy = total(marked, weights * marked.inside) / np.maximum(total(marked, weights), 1e-300)
    n = len(hits)
    return Marks(
        method=method,
        pairs=n,
        pointing=float(hits.mean()),
        error=float(hits.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0,
        energy=float(energy.mean()),
    )


def total(marked: Marked, values: Weights) -> Weights:
    """(n,) sums of ``values`` (elements,) over the elements of each pair."""
    sums: Weights = np.bincount(marked.sets.rows.numpy(), weights=values, minlength=len(marked.sets)).astype(np.float64)
    return sums


def places(sets: Ragged, chosen: Tensor) -> NDArray[np.int64]:
    """Places of the elements of the ``chosen`` rows."""
    return Ragged(sets.offsets, torch.arange(len(sets.values))).select(chosen).values.numpy()


def part(marked: Marked, chosen: Tensor) -> Marked:
    """The ``chosen`` (m,) of n pairs."""
    kept = places(marked.sets, chosen)
    central = None if marked.central is None else marked.central[kept]
    return Marked(marked.users[chosen], marked.items[chosen], marked.sets.select(chosen), marked.inside[kept], central)
