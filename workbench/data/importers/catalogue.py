"""Import of a catalogue: pictures of items, their attributes, and who bought or liked what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from workbench.data.catalogue import pictures_by_name, write_catalogue
from workbench.data.check import table_faults
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.schema import SCHEMA, DatasetCard, Table
from workbench.data.tables import read_parquet
from workbench.data.text_tables import number_ids, read_csv
from workbench.data.write import refuse_existing

NAME = "catalogue"
HELP = "A folder with images/, a table of attributes (item, attribute, value) and one of interactions (user, item)."

SOURCE = {
    "interactions": replace(SCHEMA["likes"], name="interactions", key=()),
    "attributes": SCHEMA["attributes"],
    "items": SCHEMA["items"],
}
"""The tables of a catalogue; that of its items may be left out."""
NEEDED = ("interactions", "attributes")


def import_catalogue(source: Path, out: Path, minimum: int = 3, name: str | None = None, seed: int = 0) -> Dataset:
    """Turn a catalogue with attributes and interactions into a dataset.

    The picture of an item is images/ITEM.jpg (or .png, .webp, .bmp) unless the table of items names another file. An
    item may have several values of an attribute, or none. Without a table of items, whatever the other two name is one.

    Args:
        source: folder with interactions (user, item, perhaps time) and attributes (item, attribute, value), each as
            Parquet or CSV, images/, and perhaps items (item, perhaps image, name, text).
        out: the dataset folder to write; must not exist or be empty.
        minimum: fewest items a user must have interacted with; of fewer than three, nothing is held out.
        name: name of the dataset; by default the source folder's name.
        seed: seed of the card; without times it draws which likes are held out.

    Raises:
        DataError: the source has faults (all of them listed), or no user is left; nothing is written.
    """
    refuse_existing(out)
    if not source.is_dir():
        raise DataError(f"There is no folder {source}; give the folder that holds interactions and attributes.")
    tables, files = _read(source)
    likes, attributes = tables["interactions"], tables["attributes"]
    items = tables.get("items")
    if items is None:
        named = pd.concat([attributes["item"], likes["item"]]).drop_duplicates()
        items = pd.DataFrame({"item": named.reset_index(drop=True)})
        files["items"] = files["interactions"]
    pictures = pictures_by_name(source, items["item"])
    items = items.assign(image=items["image"].fillna(pictures) if "image" in items else pictures)
    if items["image"].isna().all():
        raise DataError(f"{source} has no picture of any item: put them there as images/ITEM.jpg.")
    card = DatasetCard(
        name=name or source.resolve().name,
        provenance=f"imported from the catalogue in {source.resolve().name}: users with {minimum} items or more",
        seed=seed,
    )
    whole = {"items": items, "likes": likes, "attributes": attributes}
    return write_catalogue(out, card, source, whole, files | {"likes": files["interactions"]}, minimum)


run = import_catalogue


def _read(source: Path) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """The tables by name, and the names of their files."""
    tables: dict[str, pd.DataFrame] = {}
    files: dict[str, str] = {}
    faults: list[Fault] = []
    for name, table in SOURCE.items():
        there = [path for path in (source / f"{name}.parquet", source / f"{name}.csv") if path.is_file()]
        if not there and name in NEEDED:
            faults.append(Fault(f"{name}.csv", None, None, f"is missing in {source}; add it, or {name}.parquet."))
        if len(there) > 1:
            faults.append(Fault(there[1].name, None, None, f"stands beside {there[0].name}; keep one of them."))
        if there:
            files[name] = there[0].name
            try:
                tables[name] = _table(there[0], table)
                faults += table_faults(table, there[0].name, tables[name])
            except DataError as error:
                faults += error.faults
    if faults:
        raise DataError.of(faults)
    likes = {"likes": tables["interactions"]} | {name: tables[name] for name in tables if name != "interactions"}
    number_ids(likes, {"likes" if name == "interactions" else name for name in files if files[name].endswith(".csv")})
    return {("interactions" if name == "likes" else name): frame for name, frame in likes.items()}, files


def _table(path: Path, table: Table) -> pd.DataFrame:
    return read_csv(path, table) if path.suffix == ".csv" else read_parquet(path, table)
