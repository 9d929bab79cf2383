"""Reading tables into frames whose ids keep every digit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from workbench.data.errors import DataError, Fault
from workbench.data.schema import CARD, SCHEMA, DatasetCard, Table


def normalise(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with categories as plain values and ids with gaps as nullable integers instead of floats."""
    changed: dict[str, pd.Series] = {}
    ids = {column.name for column in table.columns if column.kind == "id"}
    for name, dtype in frame.dtypes.items():
        values = frame[name]
        if isinstance(dtype, pd.CategoricalDtype):
            changed[str(name)] = values.astype(dtype.categories.dtype)
        elif name in ids and dtype.kind == "f" and np.all(values.dropna() % 1 == 0):
            changed[str(name)] = values.astype("Int64")
    return frame.assign(**changed)


def to_frame(table: Table, arrow: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame; integers with gaps stay integers (a float would lose digits of long ids)."""
    frame = arrow.to_pandas()
    for field in arrow.schema:
        column = arrow.column(field.name)
        if pa.types.is_integer(field.type) and column.null_count:
            frame[field.name] = column.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        elif pa.types.is_date(field.type):
            frame[field.name] = column.cast(pa.timestamp("s")).to_pandas()
    return normalise(table, frame)


def seconds(values: pd.Series) -> NDArray[np.int64]:
    """Times (n,) of a checked column, seconds since 1970 (UTC) rounded down, from numbers or timestamps."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        whole: NDArray[np.int64] = np.floor(values.to_numpy(np.float64)).astype(np.int64)
        return whole
    utc = values if values.dt.tz is None else values.dt.tz_convert("UTC").dt.tz_localize(None)
    stamps: NDArray[np.int64] = utc.to_numpy("datetime64[s]").astype(np.int64)
    return stamps


def read_parquet(path: Path, table: Table) -> pd.DataFrame:
    """Read one Parquet file.

    Raises:
        DataError: the file cannot be read, or names a column twice.
    """
    try:
        arrow = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError.of(
            [Fault(path.name, None, None, f"is not readable as Parquet ({reason}); write it again.")]
        ) from error
    refuse_repeated_columns(path.name, arrow.column_names)
    return to_frame(table, arrow)


def refuse_repeated_columns(file: str, names: Sequence[str]) -> None:
    """Raise a DataError where a column name occurs more than once."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise DataError.of([Fault(file, None, name, "occurs more than once; keep one of them.") for name in repeated])


def read_card(folder: Path) -> DatasetCard:
    """Read ``dataset.json`` of a folder.

    Raises:
        DataError: it is missing, or not a dataset card.
    """
    try:
        return DatasetCard.model_validate_json((folder / CARD).read_bytes())
    except FileNotFoundError:
        message = f"is missing in {folder}; import the data there first."
    except OSError as error:
        message = f"is not readable ({error}); repair it."
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
        message = f"is not a dataset card ({reason}); correct it."
    raise DataError.of([Fault(CARD, None, None, message)])


def read_folder(folder: Path) -> tuple[DatasetCard | None, dict[str, pd.DataFrame], list[Fault]]:
    """The card and the tables of a dataset folder as far as they can be read, and what could not."""
    faults: list[Fault] = []
    card = None
    tables: dict[str, pd.DataFrame] = {}
    try:
        card = read_card(folder)
    except DataError as error:
        faults += error.faults
    for name, table in SCHEMA.items():
        if (folder / table.file).exists():
            try:
                tables[name] = read_parquet(folder / table.file, table)
            except DataError as error:
                faults += error.faults
    return card, tables, faults
