"""Import of data in the release format of DiffNet: likes in three files, links, and perhaps features of the items."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from workbench.data.check import LISTED, listed
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.schema import SPLITS, DatasetCard
from workbench.data.text_tables import WHOLE_NUMBER
from workbench.data.write import refuse_existing, write_dataset

NAME = "diffnet"
HELP = "The release format of DiffNet: NAME.train.rating, NAME.val.rating, NAME.test.rating, NAME.links, features."
LICENCE = "No licence is stated; cite Wu et al., SIGIR 2019 (DiffNet)."

FILES = dict(zip(SPLITS, ("train", "val", "test"), strict=True))
"""The word of each split in the name of its file."""
FEATURES = "release"
"""What the features of the items are called in the dataset."""


def import_diffnet(
    source: Path,
    out: Path,
    release: str | None = None,
    symmetric: bool = False,
    item_features: Path | None = None,
    name: str | None = None,
) -> Dataset:
    """Turn ratings into likes with the split of their file, and links into follows.

    Users and items are those any file names. A row of NAME.links says that the first person follows the second; the
    released code of DiffNet reads it in both directions, which ``symmetric`` does. Features of the items become image
    features called "release". Features of users are not read: in the release they are the mean of the rated items,
    and DiffNet takes that mean here over the training likes alone.

    Args:
        source: folder with NAME.train.rating, NAME.val.rating, NAME.test.rating (user, item and 1 between tabs) and
            NAME.links (user, friend and 1).
        out: the dataset folder to write; must not exist or be empty.
        release: NAME, where the folder holds several.
        symmetric: also let the second person of a link follow the first.
        item_features: .npy file with a row of numbers for each item, by its id; relative to the source or to here.
        name: name of the dataset; by default NAME.

    Raises:
        DataError: the source has faults (all of them listed); nothing is written.
    """
    refuse_existing(out)
    release = _release(source, release)
    likes, follows = _read(source, release)
    if symmetric:
        turned = follows.rename(columns={"follower": "followee", "followee": "follower"})
        follows = pd.concat([follows, turned], ignore_index=True).drop_duplicates(ignore_index=True)
    people = pd.concat([likes["user"], follows["follower"], follows["followee"]])
    tables = {
        "users": pd.DataFrame({"user": np.unique(people)}),
        "items": pd.DataFrame({"item": np.unique(likes["item"])}),
        "likes": likes,
        "follows": follows,
    }
    links = "links read in both directions" if symmetric else "links read from first to second"
    card = DatasetCard(
        name=name or release,
        licence=LICENCE,
        provenance=f"imported from the release {release} in {source.resolve().name}: {links}",
    )
    if item_features is None:
        write_dataset(out, card, tables)
        return Dataset.open(out)
    path = source / item_features if (source / item_features).is_file() else item_features
    return _with_features(out, card, tables, path)


run = import_diffnet


def _release(source: Path, release: str | None) -> str:
    """The name all files begin with."""
    if not source.is_dir():
        raise DataError(f"There is no folder {source}; give the folder that holds NAME.train.rating and NAME.links.")
    ending = ".train.rating"
    found = sorted(path.name.removesuffix(ending) for path in source.glob(f"*{ending}"))
    if release is None and len(found) != 1:
        what = f"holds {', '.join(found)}; choose one with --release" if found else f"has no file NAME{ending}; add it"
        raise DataError(f"{source} {what}.")
    return release or found[0]


def _read(source: Path, release: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The likes (user, item, split) and the follows (follower, followee)."""
    frames: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    kinds = {f"{release}.{word}.rating": ("user", "item") for word in FILES.values()}
    for file, columns in (kinds | {f"{release}.links": ("follower", "followee")}).items():
        try:
            frames[file] = _read_file(source / file, columns)
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError.of(faults)
    follows = frames.pop(f"{release}.links")
    splits = np.repeat(SPLITS, [len(frame) for frame in frames.values()])
    likes = pd.concat(frames.values(), ignore_index=True).assign(split=splits)
    repeated, start = likes.duplicated(["user", "item"]).to_numpy(), 0
    for file, frame in frames.items():
        wrong = repeated[start : start + len(frame)]
        faults += listed(file, "item", frame["item"], wrong, "is liked by this user in an earlier row; keep one.")
        start += len(frame)
    if faults:
        raise DataError.of(faults)
    return likes, follows


def _read_file(path: Path, columns: tuple[str, str]) -> pd.DataFrame:
    """One file of the release: two ids and a 1 in each line."""
    if not path.is_file():
        raise DataError.of([Fault(path.name, None, None, f"is missing in {path.parent}; add it.")])
    names, uneven = [*columns, "value"], list[csv.InvalidRow]()

    def skip(row: csv.InvalidRow) -> str:
        uneven.append(row)
        return "skip"

    if not path.stat().st_size:
        raise DataError.of([Fault(path.name, None, None, "has no rows; fill it.")])
    try:
        table = csv.read_csv(
            path,
            # One thread, so that rows are counted.
            read_options=csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=csv.ParseOptions(delimiter="\t", invalid_row_handler=skip),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError.of([Fault(path.name, None, None, f"is not readable ({reason}); correct it.")]) from error
    faults = [
        Fault(path.name, row.number, None, f"has {row.actual_columns} cells, not 3 between tabs; correct it.")
        for row in uneven[:LISTED]
    ]
    frame = table.to_pandas().fillna("") if not faults else pd.DataFrame(columns=names, dtype="str")
    for column in columns:
        wrong = ~frame[column].str.fullmatch(WHOLE_NUMBER).to_numpy(bool)
        faults += listed(path.name, column, frame[column], wrong, "is not a whole number; correct it.")
    one = pd.to_numeric(frame["value"], errors="coerce").to_numpy() == 1
    sentence = "is not 1; leave out rows that state no like and no link."
    faults += listed(path.name, "value", frame["value"], ~one, sentence)
    if faults:
        raise DataError.of(faults)
    return frame[list(columns)].astype("int64")


def _matrix(path: Path, items: NDArray[np.int64]) -> NDArray[np.float16]:
    """The rows (items, d) of a matrix that belong to the items with the given ids."""
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path} is not readable as a .npy matrix ({reason}); give the file of item vectors.") from None
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu" or items.min() < 0 or len(matrix) <= items.max():
        raise DataError(
            f"{path} has the shape {matrix.shape} and items are numbered up to {items.max()}; it needs a row of "
            "numbers for each item."
        )
    rows = np.asarray(matrix[items])
    wrong = ~(np.abs(rows) <= np.finfo(np.float16).max).all(1)
    if wrong.any():
        raise DataError(f"{path}, row {items[wrong][0]}: holds what is no number below 65,504; correct it.")
    return rows.astype(np.float16)


def _with_features(out: Path, card: DatasetCard, tables: dict[str, pd.DataFrame], path: Path) -> Dataset:
    """Write a dataset together with image features (the layout of ``workbench.features.store``)."""
    rows = _matrix(path, tables["items"]["item"].to_numpy())
    temporary = out.parent / f".{out.name}.{uuid.uuid4().hex}.partial"
    try:
        write_dataset(temporary, card, tables)
        folder = temporary / "features" / FEATURES
        folder.mkdir(parents=True)
        np.save(folder / "features.npy", rows, allow_pickle=False)
        np.save(folder / "lengths.npy", np.ones(len(rows), np.int64), allow_pickle=False)
        about = {
            "encoder": FEATURES,
            "version": "as released",
            "preprocessing": f"rows of {path.name}",
            "shape": rows.shape,
            "fingerprint": Dataset.open(temporary).fingerprint,
        }
        (folder / "card.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Dataset.open(out)
