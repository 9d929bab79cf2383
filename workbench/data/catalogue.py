"""Catalogues of things people buy or like: what importers of them share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.data.check import check_images, check_tables
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.images import FORMATS
from workbench.data.schema import DatasetCard
from workbench.data.splits import leave_one_out
from workbench.data.write import images_of, write_dataset

IMAGES = "images"
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
"""How the names of files end that hold pictures in the formats that can be read."""
assert {ending.removeprefix(".").replace("jpg", "jpeg").upper() for ending in ENDINGS} == set(FORMATS)


def pictures_by_name(source: Path, items: pd.Series) -> pd.Series:
    """For each of ``items`` the picture ``images/ITEM.jpg`` (or png, webp, bmp) that ``source`` has of it, else None.

    Raises:
        DataError: an item has several.
    """
    folder = source / IMAGES
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS) if folder.is_dir() else []
    names: dict[str, str] = {}
    for path in files:
        other = names.setdefault(path.stem, f"{IMAGES}/{path.name}")
        if other != f"{IMAGES}/{path.name}":
            raise DataError(f"{other} and {IMAGES}/{path.name} are both of '{path.stem}'; keep one of them.")
    return items.astype("str").map(names).astype("str")


def write_catalogue(
    out: Path,
    card: DatasetCard,
    source: Path,
    tables: Mapping[str, pd.DataFrame],
    files: Mapping[str, str],
    minimum: int,
) -> Dataset:
    """Check a catalogue and write it; the last like of each user is the test, the one before it validation.

    Of several likes of the same item by a user the first in time counts (the first row, without times). Users with too
    few are left out; every item stays, with what is known of it.

    Args:
        out: the dataset folder to write.
        card: what it is.
        source: folder that the pictures lie in.
        tables: items, likes and, where there are some, attributes.
        files: names of the files they were read from.
        minimum: fewest likes of a user.

    Raises:
        DataError: there are faults (all of them listed), or no like is left; nothing is written.
    """
    # What repeats is what importing is for to tidy, so it is no fault; everything else is checked as it was written.
    likes = tables["likes"]
    ordered = likes.sort_values("time", kind="stable") if _has_times(likes) else likes
    kept = ordered.drop_duplicates(["user", "item"]).sort_index()
    checked = {**tables, "likes": kept}
    faults = check_tables(checked, files) + check_images(source, checked, files)
    if faults:
        raise DataError.of(faults)
    counts = kept["user"].value_counts()
    kept = kept[kept["user"].isin(counts.index[counts >= minimum])].reset_index(drop=True)
    if kept.empty:
        raise DataError(f"No user of {source} likes {minimum} items or more; lower --minimum.")
    kept["split"] = leave_one_out(kept, card.seed)
    whole = {**checked, "likes": kept, "users": pd.DataFrame({"user": np.unique(kept["user"])})}
    write_dataset(out, card, whole, images_of(whole, source))
    return Dataset.open(out)


def _has_times(likes: pd.DataFrame) -> bool:
    return "time" in likes and not pd.api.types.is_string_dtype(likes["time"])
