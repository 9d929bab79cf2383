"""Writing a dataset folder: whole, or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from workbench.data.check import check_tables
from workbench.data.errors import DataError
from workbench.data.images import inside
from workbench.data.schema import CARD, SCHEMA, DatasetCard
from workbench.data.tables import normalise


def refuse_existing(folder: Path) -> None:
    """Raise a DataError where ``folder`` exists and is not an empty folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} already exists and is not empty; choose another folder or remove it first.")


def write_dataset(
    folder: Path,
    card: DatasetCard,
    tables: Mapping[str, pd.DataFrame],
    files: Mapping[str, Path | bytes] | None = None,
) -> None:
    """Write a dataset under a temporary name beside ``folder`` and rename it when it is complete.

    Args:
        folder: where the dataset goes; must not exist or be empty.
        card: what the dataset is.
        tables: frames by the name of their table.
        files: images and other files by their path in the folder, each to be copied or given as its bytes.

    Raises:
        DataError: the folder is taken, the tables have faults, or a file would lie outside the folder.
    """
    refuse_existing(folder)
    unknown = set(tables) - set(SCHEMA)
    if unknown:
        raise DataError(f"A dataset has no table {min(unknown)}; its tables are {', '.join(SCHEMA)}.")
    frames = {name: normalise(SCHEMA[name], frame) for name, frame in tables.items()}
    faults = check_tables(frames)
    if faults:
        raise DataError.of(faults)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.partial"
    try:
        temporary.mkdir()
        for name, frame in frames.items():
            frame.to_parquet(temporary / SCHEMA[name].file, index=False, compression="zstd")
        for relative, content in (files or {}).items():
            _write_file(temporary, relative, content)
        (temporary / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def images_of(tables: Mapping[str, pd.DataFrame], root: Path) -> dict[str, Path]:
    """The image files that tables name, by their path relative to ``root``: what `write_dataset` has to copy."""
    paths = [
        frame[column.name].dropna()
        for name, frame in tables.items()
        for column in SCHEMA[name].columns
        if column.kind == "path" and column.name in frame
    ]
    return {path: root / path for path in pd.concat(paths).unique() if path} if paths else {}


def _write_file(root: Path, relative: str, content: Path | bytes) -> None:
    path = inside(root, relative)
    if path is None:
        raise DataError(f"The file {relative} would lie outside the dataset folder; give a path inside it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        shutil.copyfile(content, path)
