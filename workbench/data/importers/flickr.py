"""Import of HASC's Flickr release as tables, with a popularity task read off its likes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.importers.tables import read_source
from workbench.data.splits import split_posts
from workbench.data.write import images_of, refuse_existing, write_dataset

NAME = "flickr"
POSTED = ("creator", "upload_rank")
HELP = "The Flickr release of HASC as tables (items, likes, follows), with the images' popularity as posts."


def import_flickr(source: Path, out: Path, name: str = "flickr", seed: int = 0) -> Dataset:
    """Copy the tables as the importer ``tables`` does, and add a post of every image that has a creator.

    The popularity of a post is log2(likes + 1) over the likes of all splits, so that an image nobody likes has 0; the
    release counts no views and no days. Its time is the ``upload_rank`` of the image: an order, not a date. The first
    70% in this order are train; of the rest a third at random is validation, the others are test.

    Popularity counts the held-out likes as well: train a ranking model on the likes or a popularity model on the posts,
    never the one on top of the other.

    Args:
        source: folder with items (item, creator, text, upload_rank), likes (user, item, split) and follows, as Parquet
            or CSV.
        out: the dataset folder to write; must not exist or be empty.
        name: name of the dataset.
        seed: seed of the split of the posts.

    Raises:
        DataError: the source has faults (all of them listed); nothing is written.
    """
    refuse_existing(out)
    card, tables = read_source(source)
    missing = [
        Fault("items", None, name, "is missing; posts need it.") for name in POSTED if name not in tables["items"]
    ]
    missing += [] if "likes" in tables else [Fault("likes", None, None, "are missing; posts are counted from them.")]
    if missing:
        raise DataError.of(missing)
    tables["posts"] = _posts(tables["items"], tables["likes"], seed)
    card = card.model_copy(
        update={
            "name": name,
            "licence": card.licence or "No licence is stated; cite Wu et al., TKDE 2019 (HASC), and NUS-WIDE.",
            "provenance": f"{card.provenance}; posts with popularity log2(likes + 1)",
            "seed": seed,
        }
    )
    write_dataset(out, card, tables, images_of(tables, source))
    return Dataset.open(out)


run = import_flickr


def _posts(items: pd.DataFrame, likes: pd.DataFrame, seed: int) -> pd.DataFrame:
    posted = items.dropna(subset=["creator"])
    counts = posted["item"].map(likes["item"].value_counts()).fillna(0)
    return pd.DataFrame(
        {
            "item": posted["item"],
            "user": posted["creator"],
            "time": posted["upload_rank"],
            "popularity": np.log2(counts + 1),
            "split": split_posts(posted["upload_rank"].to_numpy(), seed),
        }
    )
