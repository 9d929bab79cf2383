"""Import of a folder of Parquet or CSV tables that already have the workbench's column names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from workbench.data.check import LISTED, check_images, check_tables
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.schema import CARD, SCHEMA, DatasetCard, Table
from workbench.data.splits import chronological, leave_one_out
from workbench.data.tables import read_card, read_parquet, refuse_repeated_columns, to_frame
from workbench.data.write import refuse_existing, write_dataset

NAME = "tables"
HELP = "A folder of Parquet or CSV tables with the workbench's column names: items, and likes or posts."

WHOLE_NUMBER = r"(?:0|-?[1-9][0-9]{0,17})"

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
    if not source.is_dir():
        raise DataError(f"There is no folder {source}; give the folder that holds items.parquet or items.csv.")
    tables, files, faults = _read_source(source)
    card = DatasetCard(name=source.resolve().name, provenance=f"imported from the tables in {source.resolve().name}")
    if (source / CARD).exists():
        try:
            card = read_card(source)
        except DataError as error:
            faults += error.faults
    faults += check_tables(tables, files, unreadable={fault.file for fault in faults})
    faults += check_images(source, tables, files)
    if faults:
        raise DataError.of(faults)
    if split != "given":
        if "likes" not in tables:
            raise DataError(f"The split {split} divides likes and {source} has none; choose the split given.")
        likes = tables["likes"]
        words = leave_one_out(likes, seed) if split == "leave-one-out" else chronological(likes)
        tables["likes"] = likes.assign(split=words)
    card = card.model_copy(update={"name": name or card.name, "seed": seed})
    write_dataset(out, card, tables, {path: source / path for path in _image_paths(tables)})
    return Dataset.open(out)


run = import_tables


def _read_source(source: Path) -> tuple[dict[str, pd.DataFrame], dict[str, str], list[Fault]]:
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
                tables[name] = (
                    _read_csv(found[0], table) if found[0].suffix == ".csv" else read_parquet(found[0], table)
                )
            except DataError as error:
                faults += error.faults
    _number_ids(tables, {name for name in tables if files[name].endswith(".csv")})
    return tables, files, faults


def _read_csv(path: Path, table: Table) -> pd.DataFrame:
    """Read one CSV file in UTF-8 with a header; empty cells are missing values, ids come as text."""
    text = {column.name: pa.string() for column in table.columns if column.kind not in ("number", "time")}
    uneven: list[csv.InvalidRow] = []

    def skip(row: csv.InvalidRow) -> str:
        uneven.append(row)
        return "skip"

    try:
        arrow = csv.read_csv(
            path,
            # One block, so that a column's type is inferred from all its rows; one thread, so that rows are counted.
            read_options=csv.ReadOptions(use_threads=False, block_size=min(path.stat().st_size + 1, 2**31 - 1)),
            parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=csv.ConvertOptions(column_types=text, null_values=[""], strings_can_be_null=True),
        )
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError.of([_encoding_fault(path, reason)]) from error
    if uneven:
        faults = [
            Fault(
                path.name,
                row.number - 1,
                None,
                f"has {row.actual_columns} cells, not {row.expected_columns}; correct it.",
            )
            for row in uneven[:LISTED]
        ]
        if len(uneven) > LISTED:
            more = f"{len(uneven) - LISTED:,} more rows have too many or too few cells; correct them alike."
            faults.append(Fault(path.name, None, None, more))
        raise DataError.of(faults)
    refuse_repeated_columns(path.name, arrow.column_names)
    return to_frame(table, arrow)


def _encoding_fault(path: Path, reason: str) -> Fault:
    """Why a CSV file cannot be read, with the line where it stops being UTF-8 if that is the cause."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(path.name, None, None, f"is not UTF-8 in line {line}; save it in this encoding.")
    return Fault(path.name, None, None, f"is not readable as CSV ({reason}); correct it.")


def _number_ids(tables: dict[str, pd.DataFrame], from_csv: set[str]) -> None:
    """Turn the text ids of CSV files into numbers where every id that names the same kind of thing is one."""
    places: dict[str, list[tuple[str, str]]] = {}
    for name, frame in tables.items():
        for column in SCHEMA[name].columns:
            if column.of is not None and column.name in frame:
                places.setdefault(column.of, []).append((name, column.name))
    for columns in places.values():
        written = [place for place in columns if place[0] in from_csv]
        typed = [tables[name][key] for name, key in columns if name not in from_csv]
        if any(pd.api.types.is_string_dtype(ids) for ids in typed):
            continue
        if all(_are_numbers(tables[name][key]) for name, key in written):
            for name, key in written:
                ids = pd.to_numeric(tables[name][key]).astype("Int64")
                tables[name][key] = ids if ids.hasnans else ids.astype("int64")


def _are_numbers(ids: pd.Series) -> bool:
    return bool(ids.dropna().astype("str").str.fullmatch(WHOLE_NUMBER).all())


def _image_paths(tables: dict[str, pd.DataFrame]) -> list[str]:
    paths = [
        tables[name][column.name].dropna()
        for name in tables
        for column in SCHEMA[name].columns
        if column.kind == "path" and column.name in tables[name]
    ]
    return [path for path in pd.concat(paths).unique() if path] if paths else []
