"""What planting knows of a picture: the things in it, where they are and what they are like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.nouns import singular

Codes = NDArray[np.int64]
Weights = NDArray[np.float64]

SECOND_THING = 0.5
"""Affinity of a picture to the kinds of its smaller things; to the kind of its largest thing it is 1."""
SHARPNESS = 3.0
"""Inverse temperature of the softmax that chooses a picture among those showing a kind."""
APPEAL_SD = 1.0
"""Standard deviation of the logarithm of a picture's general appeal."""
FEWEST_THEMES = 4
FEWEST_PICTURES, RAREST = 3, 0.01
"""Kinds shown by fewer pictures, or a smaller share of them, take no part: a favourite needs a choice of pictures."""


@dataclass(frozen=True)
class Pictures:
    """Any pictures with boxes and labels, drawn or real.

    Attributes:
        items: item, text, and whatever else the table ``items`` may hold (image).
        regions: item, region, x0, y0, x1, y1 (fractions), label.
        themes: theme of each label; a label that is not named is a theme of its own.
        attributes: item, attribute, value, region; or None.
        frames: item, frame, image, time, label (the thing the frame features, if any), prominence (the share of the
            frame that it covers); or None.
    """

    items: pd.DataFrame
    regions: pd.DataFrame
    themes: Mapping[str, str] = field(default_factory=dict)
    attributes: pd.DataFrame | None = None
    frames: pd.DataFrame | None = None

    @classmethod
    def of(cls, dataset: Dataset, themes: Mapping[str, str] | None = None) -> Pictures:
        """The pictures of a dataset without its people.

        Raises:
            DataError: the dataset has no regions with labels.
        """
        if not dataset.has("regions") or "label" not in dataset.table("regions"):
            raise DataError(
                f"{dataset.name} has no labelled regions to plant causes on; add regions.parquet with labels."
            )
        items = dataset.table("items")
        kept = [column for column in ("item", "image", "text") if column in items]
        frames = dataset.table("frames") if dataset.has("frames") else None
        return cls(
            items=items[kept].assign(text=items.get("text", "")),
            regions=dataset.table("regions").dropna(subset=["label"]),
            themes=themes or {},
            attributes=dataset.table("attributes") if dataset.has("attributes") else None,
            frames=frames if frames is not None and {"label", "prominence"} <= set(frames) else None,
        )


@dataclass(frozen=True)
class Bags:
    """Numbered bags of weighted elements to draw from.

    Attributes:
        offsets: (bags + 1,) where each bag begins in ``values``.
        values: (elements,) codes.
        weights: (elements,) not negative, of any sum.
    """

    offsets: Codes
    values: Codes
    weights: Weights

    @classmethod
    def of(cls, bags: Codes, values: Codes, weights: Weights, n_bags: int) -> Bags:
        """Put ``values`` (n,) with ``weights`` (n,) into the ``bags`` (n,) named beside them."""
        order = np.argsort(bags, kind="stable")
        counts = np.bincount(bags, minlength=n_bags)
        return cls(np.concatenate([[0], np.cumsum(counts)]), values[order], weights[order].astype(np.float64))

    @property
    def owners(self) -> Codes:
        """(elements,) the bag of each element."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def totals(self) -> Weights:
        """(bags,) sum of the weights in each bag."""
        totals = np.bincount(self.owners, weights=self.weights, minlength=len(self.offsets) - 1)
        return totals.astype(np.float64)

    def draw(self, bags: Codes, generator: np.random.Generator) -> Codes:
        """One element of each of the ``bags`` (n,), as likely as its weight is large; -1 from an empty bag."""
        running = np.concatenate([[0.0], np.cumsum(self.weights)])
        low, high = running[self.offsets[bags]], running[self.offsets[bags + 1]]
        target = low + generator.random(len(bags)) * (high - low)
        place = np.searchsorted(running, target, side="right") - 1
        place = np.clip(place, self.offsets[bags], np.maximum(self.offsets[bags + 1] - 1, 0))
        values = self.values[place] if len(self.values) else np.full(len(bags), -1)
        return np.where(high > low, values, -1)


def draw_rows(shares: Weights, generator: np.random.Generator) -> Codes:
    """One column for each row of ``shares`` (n, k), with probability in proportion to the row's numbers."""
    running = np.cumsum(shares, axis=1)
    target = generator.random(len(shares)) * running[:, -1]
    columns: Codes = np.minimum((running <= target[:, None]).sum(axis=1), shares.shape[1] - 1).astype(np.int64)
    return columns


def ranks_within(groups: Codes) -> Codes:
    """(n,) how many earlier rows have the same group."""
    order = np.argsort(groups, kind="stable")
    inside = groups[order]
    first = (
        np.flatnonzero(np.concatenate([[True], inside[1:] != inside[:-1]])) if len(groups) else np.zeros(0, np.int64)
    )
    starts = np.repeat(first, np.diff(np.concatenate([first, [len(groups)]])))
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - starts
    return ranks


def naming_words(text: str, label: str, values: set[str]) -> str:
    """The words of ``text`` that name a thing: its label with the adjectives right before it that are true of it.

    Args:
        text: a caption.
        label: what the thing is, one word or several; its plural in the text counts as the word.
        values: words that are true of the thing, such as its colour.

    Returns:
        The words in the order of the text, in lower case; empty where the text does not name the thing.
    """
    words = re.findall(r"[^\W_]+", text.lower())
    name = re.findall(r"[^\W_]+", label.lower())
    for start in range(len(words) - len(name) + 1):
        end = start + len(name)
        if words[start : end - 1] == name[:-1] and singular(words[end - 1]) == singular(name[-1]):
            adjectives = list(takewhile(values.__contains__, reversed(words[:start])))
            return " ".join(words[start - len(adjectives) : end])
    return ""


@dataclass(frozen=True)
class Gallery:
    """The things in the pictures as codes. A thing is the largest region of its label in its picture.

    Attributes:
        ids: (pictures,) the items' own ids.
        labels: kinds of things; ``themes`` the names of the themes; ``values`` attribute values as ``"colour=red"``.
        theme_of: (labels,) theme code.
        item: (things,) picture code; ``label`` (things,) label code; ``row`` (things,) row of the table of regions.
        affinity: (things,) of the picture to the label: 1 for its largest thing, else ``SECOND_THING``.
        words: (things,) the words of the caption that name it.
        main: (pictures,) label code of the largest thing, -1 without one.
        by_label: things of each label, weighted by affinity and appeal.
        by_value: things of each label and attribute value, bag ``label * len(values) + value``.
    """

    ids: NDArray[np.generic]
    labels: tuple[str, ...]
    themes: tuple[str, ...]
    values: tuple[str, ...]
    theme_of: Codes
    item: Codes
    label: Codes
    row: Codes
    affinity: Weights
    words: NDArray[np.object_]
    main: Codes
    by_label: Bags
    by_value: Bags

    @property
    def main_theme(self) -> Codes:
        """(pictures,) theme of the largest thing, -1 without one."""
        return np.where(self.main >= 0, self.theme_of[self.main], -1)

    def affinities(self) -> Weights:
        """(pictures, labels) affinity of every picture to every kind, 0 where it does not show it."""
        table = np.zeros((len(self.ids), len(self.labels)))
        table[self.item, self.label] = self.affinity
        return table


def hang(pictures: Pictures, generator: np.random.Generator) -> Gallery:
    """Index the things in the pictures.

    A picture showing kind c is chosen for c with probability in proportion to
    ``appeal * exp(SHARPNESS * (affinity - 1))``, where ``appeal`` is log-normal with ``APPEAL_SD``. Kinds shown by
    fewer than ``FEWEST_PICTURES``, or by a smaller share than ``RAREST``, take no part.

    Raises:
        DataError: fewer than ``FEWEST_THEMES`` themes are left.
    """
    ids = pictures.items["item"].to_numpy()
    things = _things(pictures, ids)
    labels, codes = np.unique(things["label"].to_numpy(str), return_inverse=True)
    theme_names = [pictures.themes.get(label, label) for label in labels]
    themes, theme_of = np.unique(theme_names, return_inverse=True)
    if len(themes) < FEWEST_THEMES:
        raise DataError(
            f"Planting needs pictures of at least {FEWEST_THEMES} themes, these have {len(themes)}; label more regions."
        )
    item, affinity = things["code"].to_numpy(np.int64), things["affinity"].to_numpy(np.float64)
    largest = affinity == 1
    main = np.full(len(ids), -1)
    main[item[largest]] = codes[largest]
    appeal = np.exp(APPEAL_SD * generator.standard_normal(len(ids)))
    weight = appeal[item] * np.exp(SHARPNESS * (affinity - 1))
    values, owner, value = _values(pictures.attributes, things)
    described = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(things)))])
    bare = [name.split("=", 1)[1].lower() for name in values]
    texts = pictures.items["text"].fillna("").to_numpy(object)
    words = [
        naming_words(texts[code], label, {bare[v] for v in value[described[k] : described[k + 1]]})
        for k, (code, label) in enumerate(zip(item, things["label"], strict=True))
    ]
    return Gallery(
        ids=ids,
        labels=tuple(labels.tolist()),
        themes=tuple(themes.tolist()),
        values=values,
        theme_of=theme_of.astype(np.int64),
        item=item,
        label=codes.astype(np.int64),
        row=things["row"].to_numpy(np.int64),
        affinity=affinity,
        words=np.array(words, object),
        main=main,
        by_label=Bags.of(codes, np.arange(len(things)), weight, len(labels)),
        by_value=Bags.of(codes[owner] * len(values) + value, owner, weight[owner], len(labels) * len(values)),
    )


def _things(pictures: Pictures, ids: NDArray[np.generic]) -> pd.DataFrame:
    """One row per picture and label: code, label, row of the table of regions, region id, affinity."""
    regions = pictures.regions
    things = pd.DataFrame(
        {
            "code": pd.Index(ids).get_indexer(regions["item"]),
            "item": regions["item"].to_numpy(),
            "label": regions["label"].to_numpy(),
            "region": regions["region"].to_numpy(),
            "row": np.arange(len(regions)),
            "area": ((regions["x1"] - regions["x0"]) * (regions["y1"] - regions["y0"])).to_numpy(np.float64),
        }
    )
    things = things.sort_values(["code", "area", "row"], ascending=[True, False, True])
    things = things[(things["code"] >= 0) & ~things.duplicated(["code", "label"])]
    shown = things["label"].map(things["label"].value_counts())
    things = things[shown >= max(FEWEST_PICTURES, round(RAREST * len(ids)))]
    return things.assign(affinity=np.where(things.duplicated("code"), SECOND_THING, 1.0)).reset_index(drop=True)


def _values(attributes: pd.DataFrame | None, things: pd.DataFrame) -> tuple[tuple[str, ...], Codes, Codes]:
    """Names of the attribute values, and pairs of thing and value code, ordered by thing."""
    if attributes is None or "region" not in attributes:
        return (), np.zeros(0, np.int64), np.zeros(0, np.int64)
    told = things[["item", "region"]].assign(thing=np.arange(len(things)))
    told = told.merge(attributes.dropna(subset=["region"]), on=["item", "region"]).sort_values("thing", kind="stable")
    names, codes = np.unique((told["attribute"] + "=" + told["value"]).to_numpy(str), return_inverse=True)
    return tuple(names.tolist()), told["thing"].to_numpy(np.int64), codes.astype(np.int64)
