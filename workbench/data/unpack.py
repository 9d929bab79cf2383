"""Files from outside as a folder of tables: zip archives unpacked safely, single tables put side by side."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple

from workbench.data.errors import DataError
from workbench.data.images import inside
from workbench.data.schema import CARD, SCHEMA

TABLES: Final = (".csv", ".parquet")
IMAGES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
KNOWN: Final = (*TABLES, *IMAGES, ".json", ".txt", ".md")
"""What may stand in an archive; other files are left out."""
MOST_FILES: Final = 200_000
MOST_BYTES: Final = 4 << 30
"""Bytes of an archive once it is unpacked (4 GB)."""
LARGEST: Final = 1 << 30
"""Bytes of one file of it (1 GB)."""
STEP: Final = 1 << 20
LISTED: Final = 5


class Part(NamedTuple):
    """A file of an archive and where it goes."""

    info: zipfile.ZipInfo
    path: str


def unpack(source: Path | IO[bytes], folder: Path, name: str = "the archive") -> list[str]:
    """Unpack a zip of tables and images into an empty folder.

    Folders around the tables are left away, and so is what is neither a table, an image nor words. Nothing is written
    outside ``folder``, no link is followed, and the bounds hold whatever sizes the archive states of itself.

    Args:
        source: the zip.
        folder: where it goes.
        name: what the archive is called in errors.

    Returns:
        Names of the files that were left out.

    Raises:
        DataError: it is no zip, is encrypted or damaged, leaves the folder, is too large, or holds no table.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            parts, left_out = _parts(archive, name)
            room = MOST_BYTES
            for part in parts:
                room -= _write(archive, part, folder, min(room, LARGEST), name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as fault:
        raise DataError(f"{name} cannot be unpacked ({fault}); make the zip again.") from None
    except RuntimeError:
        raise DataError(f"{name} is encrypted; make a zip without a password.") from None
    return left_out


def lay_out(files: Iterable[tuple[str, IO[bytes]]], folder: Path) -> None:
    """Put single tables side by side into a folder.

    Args:
        files: name and content of each.
        folder: where they go.

    Raises:
        DataError: one is no table of a dataset, or comes twice.
    """
    for name, content in files:
        path = PurePosixPath(name)
        if path.name != name or (path.stem not in SCHEMA and name != CARD) or path.suffix not in (*TABLES, ".json"):
            tables = ", ".join(f"{table}.csv" for table in SCHEMA)
            raise DataError(f"{name} is no table of a dataset; call it one of {tables}, or .parquet.")
        if (folder / name).exists():
            raise DataError(f"{name} comes twice; give each table once.")
        with (folder / name).open("wb") as file:
            shutil.copyfileobj(content, file)


def _parts(archive: zipfile.ZipFile, name: str) -> tuple[list[Part], list[str]]:
    """The files to unpack with their paths below the folder of the tables, and what is left out."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MOST_FILES:
        raise DataError(f"{name} holds {len(infos):,} files, more than {MOST_FILES:,}; import it as a folder.")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise DataError(f"{name} is larger than {MOST_BYTES >> 30} GB once unpacked; import it as a folder.")
    wrong = [info.filename for info in infos if _leaves(info)]
    if wrong:
        raise DataError(f"{name} holds {wrong[0]!r}, which leads out of its folder; make the zip of the folder alone.")
    tables = [info.filename for info in infos if _is_table(info.filename)]
    if not tables:
        wanted = "items.csv, likes.csv"
        raise DataError(f"{name} holds no table of a dataset; put {wanted} and the others into it.")
    top = min((PurePosixPath(path).parent for path in tables), key=lambda path: len(path.parts))
    parts, left_out = [], []
    for info in infos:
        path = PurePosixPath(info.filename)
        below = path.relative_to(top) if path.is_relative_to(top) else None
        if below is None or path.suffix.lower() not in KNOWN or any(step.startswith(".") for step in below.parts):
            left_out.append(info.filename)
        else:
            parts.append(Part(info, str(below)))
    _refuse_twins(name, [part.path for part in parts])
    return parts, left_out


def _refuse_twins(name: str, paths: Sequence[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        if path.casefold() in seen:
            raise DataError(f"{name} holds {path!r} twice; keep one of them.")
        seen.add(path.casefold())


def _leaves(info: zipfile.ZipInfo) -> bool:
    """Whether a file is a link or something not plain, or its path could lead out of the folder on any system."""
    path = info.filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    parts = path.split("/")
    return kind not in (0, stat.S_IFREG) or "\\" in path or ".." in parts or path.startswith("/") or ":" in parts[0]


def _is_table(path: str) -> bool:
    found = PurePosixPath(path)
    return found.suffix in TABLES and found.stem in SCHEMA


def _write(archive: zipfile.ZipFile, part: Part, folder: Path, room: int, name: str) -> int:
    """Write one file of at most ``room`` bytes, counted as they come; its size."""
    path = inside(folder, part.path)
    if path is None:
        raise DataError(f"{name} holds {part.path!r}, which leads out of its folder; make the zip of the folder alone.")
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(part.info) as source, path.open("wb") as target:
        while block := source.read(STEP):
            size += len(block)
            if size > room:
                raise DataError(f"{name}: {part.path} is too large once unpacked; import it as a folder.")
            target.write(block)
    return size
