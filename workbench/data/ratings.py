"""Reading the ratings of a MovieLens release in blocks, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from workbench.data.check import LISTED, listed, show
from workbench.data.errors import DataError, Fault

COLUMNS = {"userId": "user", "movieId": "item", "rating": "rating", "timestamp": "time"}
KINDS = {"userId": np.int32, "movieId": np.int32, "rating": np.float32, "timestamp": np.int64}
PAIRED = ["userId", "a", "movieId", "b", "rating", "c", "timestamp"]
"""Columns of a ``.dat`` cut at single colons: a pair of colons makes an empty cell between two others."""
BLOCK = 1 << 24
"""Bytes read at a time."""

Numbers = NDArray[np.generic]
Mask = NDArray[np.bool_]
Report = Callable[[float, str], None]


def read_ratings(path: Path, movies: Numbers, unknown: str, report: Report) -> pd.DataFrame:
    """The ratings in the order of the file: user, item (int32), rating (float32), time (int64, seconds).

    Args:
        path: ``ratings.csv`` (userId, movieId, rating, timestamp), or ``ratings.dat`` with the same cells between
            ``::`` and no header.
        movies: (movies,) ids a rating may name.
        unknown: what is wrong with a movie that is not among them, as the end of a sentence.
        report: told how much is done.

    Raises:
        DataError: the file is missing or has faults; of cells and rows, those of the first block that has any.
    """
    if not path.is_file():
        raise DataError.of([Fault(path.name, None, None, f"is missing in {path.parent}; add it.")])
    columns: dict[str, list[Numbers]] = {column: [] for column in COLUMNS}
    size, rows = path.stat().st_size, 0
    for block, done in _blocks(path):
        faults: list[Fault] = []
        for column in COLUMNS:
            texts = block.column(column)
            numbers, wrong = _numbers(texts, np.dtype(KINDS[column]))
            sentence = f"is not a {'whole ' if numbers.dtype.kind == 'i' else ''}number; correct it."
            if column == "movieId" and not wrong.any():
                wrong, sentence = ~np.isin(numbers, movies), unknown
            columns[column].append(numbers)
            faults += [
                Fault(path.name, rows + int(row) + 1, column, f"{show(texts[int(row)])} {sentence}")
                for row in np.flatnonzero(wrong)[:LISTED]
            ]
        if faults:
            raise DataError.of(faults)
        rows += len(block)
        report(0.9 * done / size, "reading the ratings")
    if not rows:
        raise DataError.of([Fault(path.name, None, None, "has no rows; fill it.")])
    whole = {name: np.concatenate(columns.pop(column)) for column, name in COLUMNS.items()}
    ratings = pd.DataFrame(whole, copy=False)
    report(0.9, "looking for repeated ratings")
    repeated = ratings.duplicated(["user", "item"]).to_numpy()
    faults = list(listed(path.name, "movieId", ratings["item"], repeated, "is rated by this user before; keep one."))
    if faults:
        raise DataError.of(faults)
    return ratings


def _blocks(path: Path) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The cells as text, block by block, each with the bytes read so far."""
    paired = path.suffix == ".dat"
    uneven: list[csv.InvalidRow] = []

    def skip(row: csv.InvalidRow) -> str:
        uneven.append(row)
        return "skip"

    try:
        with path.open("rb") as file:
            reader = csv.open_csv(
                file,
                # One thread, so that rows are counted.
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=BLOCK, column_names=PAIRED if paired else None
                ),
                parse_options=csv.ParseOptions(delimiter=":" if paired else ",", invalid_row_handler=skip),
                convert_options=csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string())),
            )
            missing = [column for column in COLUMNS if column not in reader.schema.names]
            if missing:
                raise DataError.of(Fault(path.name, None, name, "is missing; ratings need it.") for name in missing)
            for block in reader:
                if uneven:
                    break
                yield block, file.tell()
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError.of([Fault(path.name, None, None, f"is not readable ({reason}); correct it.")]) from error
    if uneven:
        raise DataError.of(_uneven(path.name, row, paired) for row in uneven[:LISTED])


def _uneven(file: str, row: csv.InvalidRow, paired: bool) -> Fault:
    counts = [(cells + 1) // 2 if paired else cells for cells in (row.actual_columns, row.expected_columns)]
    return Fault(file, row.number - (not paired), None, f"has {counts[0]} cells, not {counts[1]}; correct it.")


def _numbers(texts: pa.StringArray, kind: np.dtype[np.generic]) -> tuple[Numbers, Mask]:
    """The numbers (rows,) in cells and which cells hold none: Arrow is fast, pandas tells the cells apart."""
    try:
        values = texts.cast(pa.from_numpy_dtype(kind)).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        values = pd.to_numeric(texts.to_pandas(), errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values)
    if kind.kind == "i" and values.dtype.kind == "f":
        values = np.where(wrong, 0, values)
        wrong |= (values % 1 != 0) | (np.abs(values) > np.iinfo(kind.name).max)
    return np.where(wrong, 0, values).astype(kind), wrong
