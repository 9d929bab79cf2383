"""Reading what is written as text: CSV files, files of lines, and ids that are numbers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from workbench.data.check import LISTED
from workbench.data.errors import DataError, Fault
from workbench.data.schema import SCHEMA, Table
from workbench.data.tables import refuse_repeated_columns, to_frame

WHOLE_NUMBER = r"(?:0|-?[1-9][0-9]{0,17})"


def read_csv(path: Path, table: Table) -> pd.DataFrame:
    """Read one CSV file in UTF-8 with a header; empty cells are missing values, ids come as text.

    Raises:
        DataError: the file is no CSV in UTF-8, a row has too many or too few cells, or a column occurs twice.
    """
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


def read_lines(path: Path) -> list[str]:
    """The lines of a file in UTF-8, without their ends.

    Raises:
        DataError: the file is missing or is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return [line.rstrip("\n") for line in file]
    except FileNotFoundError:
        raise DataError.of([Fault(path.name, None, None, f"is missing in {path.parent}; add it.")]) from None
    except UnicodeDecodeError as error:
        raise DataError.of([_encoding_fault(path, str(error))]) from error


def _encoding_fault(path: Path, reason: str) -> Fault:
    """Why a CSV file cannot be read, with the line where it stops being UTF-8 if that is the cause."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(path.name, None, None, f"is not UTF-8 in line {line}; save it in this encoding.")
    return Fault(path.name, None, None, f"is not readable as CSV ({reason}); correct it.")


def number_ids(tables: dict[str, pd.DataFrame], from_text: Collection[str]) -> None:
    """Turn the ids of tables read from text into numbers where every id that names the same kind of thing is one.

    Args:
        tables: frames by the name of their table; those of ``from_text`` are changed.
        from_text: names of the tables whose ids were read as text.
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for name, frame in tables.items():
        for column in SCHEMA[name].columns:
            if column.of is not None and column.name in frame:
                places.setdefault(column.of, []).append((name, column.name))
    for columns in places.values():
        written = [place for place in columns if place[0] in from_text]
        typed = [tables[name][key] for name, key in columns if name not in from_text]
        if any(pd.api.types.is_string_dtype(ids) for ids in typed):
            continue
        if all(_are_numbers(tables[name][key]) for name, key in written):
            for name, key in written:
                ids = pd.to_numeric(tables[name][key]).astype("Int64")
                tables[name][key] = ids if ids.hasnans else ids.astype("int64")


def _are_numbers(ids: pd.Series) -> bool:
    return bool(ids.dropna().astype("str").str.fullmatch(WHOLE_NUMBER).all())
