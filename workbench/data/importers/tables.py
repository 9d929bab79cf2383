"""Import of a folder of Parquet or CSV tables that already have the workbench's column names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from workbench.data.check import check_images, check_tables
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.schema import CARD, SCHEMA, DatasetCard
from workbench.data.splits import chronological, leave_one_out
from workbench.data.tables import read_card, read_parquet
from workbench.data.text_tables import number_ids, read_csv
from workbench.data.write import images_of, refuse_existing, write_dataset

NAME = "tables"
HELP = "A folder of Parquet or CSV tables with the workbench's column names: items, and likes, posts or regions."

Split = Literal["given", "leave-one-out", "chronological"]


def import_tables(source: Path, out: Path, split: Split = "given", name: str | None = None, seed: int = 0) -> Dataset:
    """Check a folder of tables and copy it, with the images it names, into a dataset folder.

    Columns the workbench does not know are kept. Ids of CSV files are whole numbers where all ids of their kind are.

    Args:
        source: folder with ``items.parquet`` or ``items.csv`` and the other tables, images relative to it.
        out: the dataset folder to write; must not exist or be empty.
        split: ``given`` leaves the likes as they are; the others replace the column ``split`` of the likes.
        name: name of the dataset; by default the one in the source's ``dataset.json``, else the folder's name.
        seed: seed of the card, and so of every random split.

    Raises:
        DataError: the source has faults (all of them listed); nothing is written.
    """
    refuse_existing(out)
    card, tables = read_source(source)
    if split != "given":
        if "likes" not in tables:
            raise DataError(f"The split {split} divides likes and {source} has none; choose the split given.")
        likes = tables["likes"]
        words = leave_one_out(likes, seed) if split == "leave-one-out" else chronological(likes)
        tables["likes"] = likes.assign(split=words)
    card = card.model_copy(update={"name": name or card.name, "seed": seed})
    write_dataset(out, card, tables, images_of(tables, source))
    return Dataset.open(out)


run = import_tables


def read_source(source: Path) -> tuple[DatasetCard, dict[str, pd.DataFrame]]:
    """The card and the checked tables of a folder of Parquet or CSV tables; its images are checked, too.

    Raises:
        DataError: there is no such folder, or its tables or images have faults (all of them listed).
    """
    if not source.is_dir():
        raise DataError(f"There is no folder {source}; give the folder that holds items.parquet or items.csv.")
    card, tables, faults = findings(source, source.resolve().name)
    if faults:
        raise DataError.of(faults)
    return card, tables


def is_source(folder: Path) -> bool:
    """Whether a folder holds CSV tables, which are to be imported, and not a dataset."""
    return any((folder / f"{name}.csv").is_file() for name in SCHEMA)


def findings(source: Path, name: str) -> tuple[DatasetCard, dict[str, pd.DataFrame], list[Fault]]:
    """The card of a folder of Parquet or CSV tables, the tables that can be read, and all faults of them and images.

    Args:
        source: the folder.
        name: of the dataset, where the folder has no card.
    """
    tables, files, faults = _read_tables(source)
    card = DatasetCard(name=name, provenance=f"imported from the tables in {name}")
    if (source / CARD).exists():
        try:
            card = read_card(source)
        except DataError as error:
            faults += error.faults
    faults += check_tables(tables, files, unreadable={fault.file for fault in faults})
    faults += check_images(source, tables, files)
    return card, tables, faults


def _read_tables(source: Path) -> tuple[dict[str, pd.DataFrame], dict[str, str], list[Fault]]:
    """The tables of a folder, the names of their files, and which files cannot be read."""
    tables: dict[str, pd.DataFrame] = {}
    files: dict[str, str] = {}
    faults: list[Fault] = []
    for name, table in SCHEMA.items():
        found = [path for path in (source / table.file, source / f"{name}.csv") if path.exists()]
        if len(found) > 1:
            faults.append(Fault(f"{name}.csv", None, None, f"stands beside {table.file}; keep one of them."))
        if found:
            files[name] = found[0].name
            try:
                tables[name] = read_csv(found[0], table) if found[0].suffix == ".csv" else read_parquet(found[0], table)
            except DataError as error:
                faults += error.faults
    number_ids(tables, {name for name in tables if files[name].endswith(".csv")})
    return tables, files, faults
