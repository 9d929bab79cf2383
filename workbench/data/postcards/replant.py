"""A planted life on the pictures of a dataset, drawn or photographed, as a dataset of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workbench.data.check import check_images
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.postcards.pictures import Pictures
from workbench.data.postcards.plant import FEWEST_USERS, plant
from workbench.data.schema import DatasetCard
from workbench.data.write import images_of, refuse_existing, write_dataset

PICTURES_PER_USER = 4
MOST_LIKES = 60
RAREST_THEME, OTHER = 0.05, "other"
LIKED_SHARE = 5
"""By default a user likes at most one in so many of the pictures."""


def replant(
    dataset: Dataset,
    out: Path,
    seed: int = 7,
    users: int | None = None,
    fewest_likes: int | None = None,
    most_likes: int | None = None,
) -> Dataset:
    """Plant users, follows, likes and posts with known causes on the pictures of a dataset, and copy its images.

    Items keep their ids, images and texts; labelled regions, attributes and frames stay as they are. Whatever social
    life the dataset has is left behind.

    Args:
        dataset: pictures with labelled regions.
        out: the dataset folder to write; must not exist or be empty.
        seed: the same seed gives the same tables.
        users: how many users; by default one to every four pictures.
        fewest_likes: fewest visits of a user; by default three fifths of the most.
        most_likes: most visits of a user; by default 60, and at most a fifth of the pictures.

    Raises:
        DataError: the folder is taken, an image is broken, or the pictures are too few or too much alike to plant on.
    """
    refuse_existing(out)
    n_users = max(FEWEST_USERS, len(dataset.items) // PICTURES_PER_USER) if users is None else users
    most = min(MOST_LIKES, len(dataset.items) // LIKED_SHARE) if most_likes is None else most_likes
    fewest = 3 * most // 5 if fewest_likes is None else fewest_likes
    pictures = Pictures.of(dataset, themes_of(dataset.table("regions")) if dataset.has("regions") else None)
    tables = plant(pictures, seed, n_users, fewest, most)
    faults = check_images(dataset.root, tables)
    if faults:
        raise DataError.of(faults)
    life = f"A social life of {n_users} users planted with seed {seed}; see docs/postcards.md."
    card = DatasetCard(
        name=f"{dataset.name}-planted",
        licence=dataset.card.licence,
        provenance=f"Pictures: {(dataset.card.provenance or dataset.name).rstrip('.')}. {life}",
        seed=seed,
    )
    write_dataset(out, card, tables, images_of(tables, dataset.root))
    return Dataset.open(out)


def themes_of(regions: pd.DataFrame) -> dict[str, str]:
    """The theme of each label: the type most of its regions have (the first of several such as ``vehicles/scene``).

    A theme found in less than ``RAREST_THEME`` of the pictures joins the theme ``other``, since the taste of many users
    would fall on few pictures. Without a column ``types`` there are no themes: every label is one of its own.
    """
    if "types" not in regions or "label" not in regions:
        return {}
    known = regions.dropna(subset=["label", "types"])
    counts = pd.crosstab(known["label"], known["types"].str.split("/").str[0])
    theme = counts.idxmax(axis=1)
    shown = known["item"].groupby(known["label"].map(theme)).nunique() / regions["item"].nunique()
    return {str(label): str(name) if shown[name] >= RAREST_THEME else OTHER for label, name in theme.items()}
