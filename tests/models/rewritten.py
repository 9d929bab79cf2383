"""Worlds written again with more in them, or with less: what gates are tested against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.data.dataset import Dataset
from workbench.data.write import write_dataset
from workbench.features.store import WHOLE, FeatureCard, Features, grid_boxes
from workbench.features.topics import TOPICS, Topics, TopicsCard
from workbench.layers.evidence import EvidenceGroup

Tables = dict[str, pd.DataFrame]


def tables_of(dataset: Dataset) -> Tables:
    """Copies of a dataset's tables."""
    return {name: dataset.table(name).copy() for name in ("users", "items", "likes", "follows")}


def rewrite(
    dataset: Dataset,
    tables: Tables,
    folder: Path,
    without: int | None = None,
    frame: int | None = None,
    attribute: int | None = None,
) -> Dataset:
    """A dataset of the same users and items with other tables, and the same image features and topics.

    Args:
        without: row of the regions called "convnet" that is left out.
        frame: row of the frames called "convnet-frames" that is left out.
        attribute: row of the attributes that is left out.
    """
    write_dataset(folder, dataset.card, tables)
    changed = add_attributes(add_frames(add_topics(add_features(Dataset.open(folder))), frame), attribute)
    return add_features(changed, "convnet", (2, 2), without)


def add_features(
    dataset: Dataset, name: str = "descriptor", grid: tuple[int, int] = WHOLE, without: int | None = None
) -> Dataset:
    """Give every image random features that depend on its id alone.

    Where an image has several regions, the last image has none, as if it had no picture.

    Args:
        name: of the features.
        grid: rows and columns of regions.
        without: row of the array that is left out.
    """
    parts = [np.random.default_rng(item).normal(size=(grid[0] * grid[1], 9)) for item in dataset.items]
    if grid != WHOLE:
        parts[-1] = parts[-1][:0]
    lengths = np.array([len(part) for part in parts])
    array, regions = np.concatenate(parts).astype(np.float16), None
    if without is not None:
        boxes = np.delete(np.tile(grid_boxes(*grid), (len(parts), 1))[: len(array)], without, axis=0)
        regions = pd.DataFrame(boxes, columns=["x0", "y0", "x1", "y1"]).assign(region=0)
        lengths[np.searchsorted(lengths.cumsum(), without, side="right")] -= 1
        array = np.delete(array, without, axis=0)
    card = FeatureCard(
        encoder=name,
        version="test",
        preprocessing="none",
        shape=array.shape,
        fingerprint=dataset.fingerprint,
        grid=grid if without is None else None,
        missing=int((lengths == 0).sum()),
    )
    Features.write(dataset.root, name, card, array, lengths, regions)
    return dataset


def add_frames(dataset: Dataset, without: int | None = None) -> Dataset:
    """Give every image up to five random frames "convnet-frames" that depend on its id alone; the last image has none.

    Args:
        dataset: to give them to.
        without: row of the array that is left out.
    """
    draws = [np.random.default_rng(item) for item in dataset.items]
    parts = [draw.normal(size=(draw.integers(1, 6), 9)).astype(np.float16) for draw in draws]
    parts[-1] = parts[-1][:0]
    lengths, array = np.array([len(part) for part in parts]), np.concatenate(parts)
    regions = pd.DataFrame({"region": np.concatenate([np.arange(n) for n in lengths])})
    regions = regions.assign(x0=0.0, y0=0.0, x1=1.0, y1=1.0)
    if without is not None:
        lengths[np.searchsorted(lengths.cumsum(), without, side="right")] -= 1
        array, regions = np.delete(array, without, axis=0), regions.drop(index=without)
    card = FeatureCard(
        encoder="convnet", version="test", preprocessing="none", shape=array.shape, fingerprint=dataset.fingerprint,
        of="frames", grid=None, missing=int((lengths == 0).sum()),
    )  # fmt: skip
    Features.write(dataset.root, "convnet-frames", card, array, lengths, regions)
    return dataset


def add_attributes(dataset: Dataset, without: int | None = None) -> Dataset:
    """Give every image random attributes that depend on its id alone; the last has none, every fifth lacks a colour.

    Args:
        dataset: to give them to.
        without: row of the array that is left out.
    """
    values = {
        "colour": ("blue", "red"),
        "pattern": ("plain", "striped"),
        "size": ("large", "small"),
        "thing": ("cat", "dog"),
    }
    rows, vectors, lengths = [], [], []
    for code, item in enumerate(dataset.items):
        rng = np.random.default_rng(int(item))
        names = [] if code == len(dataset.items) - 1 else list(values)[(code % 5 == 4) :]
        rows += [
            (k, 0.1 * k, 0.2, 0.9, 0.8, rng.choice(values[name]), rng.random(), name) for k, name in enumerate(names)
        ]
        vectors.append(rng.normal(size=(len(names), 9)))
        lengths.append(len(names))
    array, sizes = np.concatenate(vectors).astype(np.float16), np.array(lengths)
    regions = pd.DataFrame(rows, columns=["region", "x0", "y0", "x1", "y1", "label", "score", "attribute"])
    if without is not None:
        sizes[np.searchsorted(sizes.cumsum(), without, side="right")] -= 1
        array, regions = np.delete(array, without, axis=0), regions.drop(index=without)
    card = FeatureCard(
        encoder="attributes", version="test", preprocessing="none", shape=array.shape, fingerprint=dataset.fingerprint,
        grid=None, missing=int((sizes == 0).sum()), attributes=values,
    )  # fmt: skip
    Features.write(dataset.root, "attributes", card, array, sizes, regions)
    return dataset


def add_topics(dataset: Dataset, topics: int = 4, without: tuple[int, int] | None = None) -> Dataset:
    """Give every text random topics that depend on the id of its image alone; the last image has none.

    Args:
        dataset: to give them to.
        topics: how many.
        without: code of an image and a topic that its text has nothing of.
    """
    theta = torch.from_numpy(
        np.stack([np.random.default_rng(item).dirichlet(np.full(topics, 0.5)) for item in dataset.items])
    )
    theta[-1] = 0
    if without is not None:
        theta[without] = 0
    words = [f"word{topic}" for topic in range(topics)]
    card = TopicsCard(
        method="test", library="none", topics=topics, alpha=0.1, eta=0.1, decay=1, days=7, least=1, sweeps=1, rare=1,
        common=1, seed=0, fingerprint=dataset.fingerprint, documents=1, slices=1, shape=(len(theta), len(words)),
    )  # fmt: skip
    shares = torch.full((topics,), 1 / topics)
    Topics.write(dataset.root, TOPICS, card, words, torch.eye(topics), shares, theta)
    return dataset


def without_upload(tables: Tables, user: Any, element: Any, item: Any) -> None:
    tables["items"].loc[tables["items"]["item"] == element, "creator"] = None


def without_follow(tables: Tables, user: Any, element: Any, item: Any) -> None:
    follows = tables["follows"]
    tables["follows"] = follows[(follows["follower"] != user) | (follows["followee"] != element)]


def without_creator(tables: Tables, user: Any, element: Any, item: Any) -> None:
    tables["items"].loc[tables["items"]["item"] == item, "creator"] = None


def without_like(tables: Tables, user: Any, element: Any, item: Any) -> None:
    likes = tables["likes"]
    tables["likes"] = likes[(likes["user"] != user) | (likes["item"] != element)]


def without_likes_of(tables: Tables, user: Any, element: Any, item: Any) -> None:
    tables["likes"] = tables["likes"][tables["likes"]["user"] != element]


DELETE: dict[str, Callable[[Tables, Any, Any, Any], None]] = {
    "uploads": without_upload,
    "follows": without_follow,
    "creator": without_creator,
    "history": without_like,
    "neighbours": without_likes_of,
}
"""How the rows behind an element of a group are taken out of the tables."""


def without(world: Dataset, group: EvidenceGroup, user: int, item: int, element: int, folder: Path) -> Dataset:
    """The world without what is recorded of one element of a group; all are codes."""
    tables = tables_of(world)
    if group.kind == "region":
        return rewrite(world, tables, folder, without=element)
    if group.kind == "frame":
        return rewrite(world, tables, folder, frame=element)
    if group.kind == "attribute":
        return rewrite(world, tables, folder, attribute=element)
    ids = world.items if group.kind == "image" else world.users
    DELETE[group.name](tables, world.users.id(user), ids.id(element), world.items.id(item))
    return rewrite(world, tables, folder)
