"""Every fault of a dataset, named by file, row and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.data.errors import Fault
from workbench.data.images import image_faults
from workbench.data.schema import SCHEMA, SPLITS, Column, Table
from workbench.data.tables import read_folder

LISTED = 20
"""How many rows of one kind of fault in one column are listed before the rest is only counted."""

OUTSIDE = r"^[/\\]|^[A-Za-z]:|\\|(?:^|/)\.\.(?:/|$)"
"""Paths that could name something outside the folder they are relative to, on any operating system."""

Mask = NDArray[np.bool_]


def check(folder: Path) -> list[Fault]:
    """All faults of the dataset in ``folder``: card, tables and every image they name.

    A kind of fault that hits many rows of a column is listed for the first ``LISTED`` rows and counted after.
    """
    _, tables, faults = read_folder(folder)
    unreadable = {fault.file for fault in faults}
    return faults + check_tables(tables, unreadable=unreadable) + check_images(folder, tables)


def check_tables(
    tables: Mapping[str, pd.DataFrame],
    files: Mapping[str, str] | None = None,
    unreadable: Iterable[str] = (),
) -> list[Fault]:
    """All faults of the tables, without looking at any other file.

    A dataset has items, and likes or posts to learn from; pictures with regions alone are sound as well, since a social
    life can be planted on them.

    Args:
        tables: frames by the name of the table.
        files: names of the files the frames were read from; ``<table>.parquet`` where not given.
        unreadable: files known to be there but broken; they do not count as missing.
    """
    names = {name: SCHEMA[name].file for name in SCHEMA} | dict(files or {})
    there = set(tables) | {name for name in SCHEMA if names[name] in set(unreadable)}
    faults = []
    if "items" not in there:
        faults.append(Fault(names["items"], None, None, "is missing; every dataset needs a table of its items."))
    if not {"likes", "posts", "regions"} & there:
        message = "is missing and so are posts and regions; a dataset needs one of them."
        faults.append(Fault(names["likes"], None, None, message))
    sound: dict[str, pd.DataFrame] = {}
    for name, frame in tables.items():
        table = SCHEMA[name]
        faults += table_faults(table, names[name], frame)
        sound[name] = frame[[c.name for c in table.columns if c.name in frame and _well_typed(c, frame[c.name])]]
        faults += _key_faults(table, names[name], sound[name]) + _box_faults(table, names[name], sound[name])
    for kind in ("users", "items"):
        faults += _reference_faults(kind, sound, names)
    return faults + _region_faults(sound, names)


def check_images(root: Path, tables: Mapping[str, pd.DataFrame], files: Mapping[str, str] | None = None) -> list[Fault]:
    """Faults of the images the tables name, relative to ``root``: missing, outside, too large, broken, cut short."""
    faults: list[Fault] = []
    for name, frame in tables.items():
        for column in SCHEMA[name].columns:
            if column.kind == "path" and column.name in frame and pd.api.types.is_string_dtype(frame[column.name]):
                paths = frame[column.name]
                inside = ~_empty(column, paths) & ~_outside(paths)
                reasons = paths.where(inside).map(image_faults(root, paths[inside].unique()))
                file = (files or {}).get(name, SCHEMA[name].file)
                for reason in reasons.dropna().unique():
                    faults += listed(file, column.name, paths, (reasons == reason).to_numpy(bool), reason)
    return faults


def show(value: object) -> str:
    """A value from a file, quoted and short enough for a sentence."""
    text = repr(str(value))
    return text if len(text) <= 60 else f"{text[:56]}...'"


def listed(file: str, column: str, values: pd.Series, wrong: Mask, sentence: str) -> Iterator[Fault]:
    """A fault for each of the first ``wrong`` rows, ``sentence`` following the value of the cell, and how many more."""
    rows = np.flatnonzero(wrong)
    for row in rows[:LISTED]:
        value = values.iloc[row]
        yield Fault(file, int(row) + 1, column, sentence if pd.isna(value) else f"{show(value)} {sentence}")
    if len(rows) > LISTED:
        last = int(rows[-1]) + 1
        yield Fault(
            file,
            None,
            column,
            f"{len(rows) - LISTED:,} more rows up to row {last} have the same fault; repair them alike.",
        )


def table_faults(table: Table, file: str, frame: pd.DataFrame) -> list[Fault]:
    """Faults of one table by itself, read from ``file``: columns and rows that are missing, cells that are wrong."""
    faults: list[Fault] = []
    if table.filled and frame.empty:
        faults.append(Fault(file, None, None, "has no rows; fill it or remove the file."))
    for column in table.columns:
        if column.name in frame:
            faults += column_faults(file, column, frame[column.name])
        elif column.required:
            faults.append(Fault(file, None, column.name, f"is missing; {table.name} needs it."))
    return faults


def _key_faults(table: Table, file: str, frame: pd.DataFrame) -> list[Fault]:
    key = list(table.key)
    if not key or not set(key) <= set(frame.columns):
        return []
    repeated = frame.duplicated(key).to_numpy(bool)
    for name in key:
        repeated = repeated & ~_no_id(table[name], frame[name])
    sentence = f"repeats the {' and '.join(key)} of an earlier row; keep one of them."
    return list(listed(file, key[-1], frame[key[-1]], repeated, sentence))


def _box_faults(table: Table, file: str, frame: pd.DataFrame) -> list[Fault]:
    faults: list[Fault] = []
    for low, high in (("x0", "x1"), ("y0", "y1")):
        if low in frame and high in frame:
            flat = (frame[low] >= frame[high]).fillna(False).to_numpy(bool)
            sentence = f"is not below {high}; a box needs a width and a height."
            faults += listed(file, low, frame[low], flat, sentence)
    return faults


def _well_typed(column: Column, values: pd.Series) -> bool:
    """Whether the cells can be compared with those of other columns of their kind."""
    if column.kind == "id":
        return not pd.api.types.is_bool_dtype(values) and (
            pd.api.types.is_numeric_dtype(values) or pd.api.types.is_string_dtype(values)
        )
    return column.kind == "number" and pd.api.types.is_numeric_dtype(values)


def _empty(column: Column, values: pd.Series) -> Mask:
    missing = values.isna().to_numpy(bool)
    if column.kind in ("id", "path", "split") and pd.api.types.is_string_dtype(values):
        return missing | (values == "").fillna(False).to_numpy(bool)
    return missing


def _no_id(column: Column, values: pd.Series) -> Mask:
    missing = _empty(column, values)
    if pd.api.types.is_float_dtype(values):
        missing = missing | (values % 1 != 0).to_numpy(bool)
    return missing


def _outside(paths: pd.Series) -> Mask:
    return paths.str.contains(OUTSIDE, regex=True, na=False).to_numpy(bool)


def column_faults(file: str, column: Column, values: pd.Series) -> list[Fault]:
    """Faults of the cells of one column: empty, of the wrong type, or with a value that is not allowed."""
    empty = _empty(column, values)
    faults: list[Fault] = []
    if not column.nullable:
        faults += listed(file, column.name, values, empty, "is empty; fill it or remove the row.")
    if empty.all():
        return faults
    return faults + list(_KINDS[column.kind](file, column, values, empty))


def _id_faults(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    if pd.api.types.is_integer_dtype(values) or pd.api.types.is_string_dtype(values):
        return
    if pd.api.types.is_float_dtype(values):
        wrong = ~empty & _no_id(column, values)
        yield from listed(file, column.name, values, wrong, "is no id; ids are whole numbers or text.")
    else:
        yield Fault(file, None, column.name, f"holds {values.dtype}; ids are all whole numbers or all text.")


def _text_faults(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    if not pd.api.types.is_string_dtype(values):
        yield Fault(file, None, column.name, f"holds {values.dtype}; write it as text.")


def _path_faults(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    if not pd.api.types.is_string_dtype(values):
        yield Fault(file, None, column.name, f"holds {values.dtype}; write paths as text.")
        return
    yield from listed(
        file,
        column.name,
        values,
        _outside(values),
        "may leave the folder; give a path inside it with forward slashes.",
    )


def _split_faults(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    wrong = ~empty & ~values.isin(SPLITS).to_numpy(bool)
    yield from listed(file, column.name, values, wrong, "is no split; write train, validation or test.")


def _number_faults(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        yield from _not_numbers(file, column, values, empty)
        return
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    infinite = np.isinf(numbers)
    yield from listed(file, column.name, values, infinite, "is not a finite number; correct it.")
    wrong = ~infinite & ((numbers < column.low) | (numbers > column.high))
    allowed = f"between {column.low:g} and {column.high:g}" if np.isfinite(column.high) else f"{column.low:g} or more"
    yield from listed(file, column.name, values, wrong, f"is out of range; it must be {allowed}.")


def _time_faults(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    if not pd.api.types.is_datetime64_any_dtype(values):
        yield from _number_faults(file, column, values, empty)


def _not_numbers(file: str, column: Column, values: pd.Series, empty: Mask) -> Iterator[Fault]:
    wanted = "seconds since 1970 or a timestamp" if column.kind == "time" else "a number"
    wrong = ~empty & pd.to_numeric(values.astype("str"), errors="coerce").isna().to_numpy(bool)
    yield from listed(file, column.name, values, wrong, f"is not {wanted}; correct it.")
    if not wrong.any():
        yield Fault(file, None, column.name, f"holds {values.dtype}; store each value as {wanted}.")


_KINDS: dict[str, Callable[[str, Column, pd.Series, Mask], Iterator[Fault]]] = {
    "id": _id_faults,
    "text": _text_faults,
    "number": _number_faults,
    "time": _time_faults,
    "path": _path_faults,
    "split": _split_faults,
}


def _reference_faults(target: str, tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> list[Fault]:
    """Ids written as numbers in one table and as text in another, and ids the table ``target`` does not list."""
    faults: list[Fault] = []
    key = target.removesuffix("s")
    columns = [
        (name, column.name)
        for name in SCHEMA
        if name in tables
        for column in SCHEMA[name].columns
        if column.of == target and column.name in tables[name]
        if not _empty(column, tables[name][column.name]).all()
    ]
    columns.sort(key=lambda place: place != (target, key))
    if not columns:
        return faults
    first_table, first_column = columns[0]
    as_text = pd.api.types.is_string_dtype(tables[first_table][first_column])
    known = tables[target][key] if (target, key) in columns else None
    for name, column in columns[1:]:
        values = tables[name][column]
        if pd.api.types.is_string_dtype(values) != as_text:
            kind = "text" if as_text else "numbers"
            message = f"is not written as {kind} like {first_column} in {names[first_table]}; write both alike."
            faults.append(Fault(names[name], None, column, message))
        elif known is not None:
            present = ~_no_id(SCHEMA[name][column], values)
            wrong = present & ~values.isin(known).to_numpy(bool)
            remedy = f"is not in {names[target]}; add the {key} there or remove the row."
            faults += listed(names[name], column, values, wrong, remedy)
    return faults


def _region_faults(tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> list[Fault]:
    """Attributes of regions that the table of regions does not list for the item."""
    pair = ["item", "region"]
    if not all(name in tables and set(pair) <= set(tables[name].columns) for name in ("attributes", "regions")):
        return []
    attributes, regions = tables["attributes"][pair], tables["regions"][pair]
    merged = attributes.astype("str").merge(regions.astype("str").drop_duplicates(), how="left", indicator=True)
    wrong = (merged["_merge"] == "left_only").to_numpy(bool) & ~_empty(
        SCHEMA["attributes"]["region"], attributes["region"]
    )
    remedy = f"is not a region of the item in {names['regions']}; add it there or leave the cell empty."
    return list(listed(names["attributes"], "region", attributes["region"], wrong, remedy))
