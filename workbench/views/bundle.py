"""One zip of the pictures of many views, with a manifest: where each file comes from, and how to make it again."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import shlex
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Final, Literal

from workbench import __version__
from workbench.figures.export import FORMATS, PAPER_FORMATS, check_formats, save
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, ThemeName
from workbench.views.opened import Opened, Opener
from workbench.views.pictures import Picture, Shown, shown
from workbench.views.view import View

MANIFEST: Final = "manifest.json"
DEFAULT: Final = ("png", "pdf", "svg", "json", "csv")
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file of a zip, so that equal views give equal bytes."""
PACKED: Final = (".png", ".pdf")
"""Files that were packed as they were written."""
EFFORT: Final = 1
"""Of packing the others, 1 to 9: most of an svg are its pictures, which no effort makes much smaller."""
OPENING: Final = 0.2
"""The part of the progress that opening views takes."""
Width = Literal["column", "page"]
WIDTHS: Final[dict[Width, float]] = {"column": COLUMN_WIDTH, "page": FULL_WIDTH}
"""Inches of one column and of both columns of a paper."""
Report = Callable[[float, str], None]
"""Told how much is done, 0..1, and what is being done."""


@dataclass(frozen=True)
class _Task:
    """One picture in all its formats; ``origin`` tells the files where they come from."""

    picture: Picture
    formats: tuple[str, ...]
    inches: float
    theme: ThemeName
    origin: str


def _files(task: _Task) -> dict[str, bytes]:
    """The files of a picture by name; formats that it does not have are passed over."""
    picture, formats = task.picture, task.formats
    put = partial(save, title=picture.title, origin=task.origin, theme=task.theme)
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / picture.name
        if paper := [name for name in formats if name in PAPER_FORMATS]:
            # Drawn once for all formats of paper.
            put(picture.draw(width=task.inches, theme=task.theme), stem, paper)
        if "html" in formats and picture.screen is not None:
            put(picture.screen(theme=task.theme), stem, ["html"])
        if numbers := [name for name in formats if name in ("json", "csv")]:
            put(picture.numbers, stem, numbers)
        return {
            path.name: path.read_bytes() for name in formats if (path := stem.with_name(f"{stem.name}.{name}")).exists()
        }


def bundle(
    views: Sequence[View],
    opener: Opener,
    formats: Sequence[str] = DEFAULT,
    *,
    notes: Sequence[str] | None = None,
    width: Width = "page",
    theme: ThemeName = "light",
    workers: int = 1,
    report: Report | None = None,
) -> bytes:
    """A zip with a folder of pictures for every view, and the manifest; equal views give equal bytes.

    Args:
        views: what is exported, in this order.
        opener: opens them.
        formats: of ``FORMATS``.
        notes: what a person wrote about each view.
        width: of one column or of a whole page of a paper.
        theme: light for paper.
        workers: processes that draw.
        report: told about the progress.

    Raises:
        ValueError: there is no view, a format is unknown, or a view cannot be opened; the sentence names it.
        DataError: a dataset or a run does not have what a view shows.
    """
    if not views:
        raise ValueError("There is nothing to export: name at least one view.")
    check_formats(formats)
    tell = report or (lambda done, what: None)
    found: list[tuple[Opened, Shown]] = []

    def tasks() -> Iterator[_Task]:
        for number, view in enumerate(views):
            tell(OPENING * number / len(views), f"opening {view}")
            opened = opener.open(view)
            found.append((opened, shown(opened, opener.second(opened))))
            for picture in found[-1][1].pictures:
                yield _Task(picture, tuple(formats), WIDTHS[width], theme, _origin(opened))

    written = []
    for files in _drawn(tasks(), workers):
        written.append(files)
        titles = [picture.title for _, told in found for picture in told.pictures]
        done = len(written) / len(titles)
        tell(OPENING + (1 - OPENING) * done, f"drawing {titles[len(written) - 1]}")
    buffer, entries, drawn = io.BytesIO(), [], iter(written)
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (opened, told) in enumerate(found, 1):
            folder = f"{number:02d}-{opened.view.page}"
            note = notes[number - 1] if notes else ""
            files_of = [(picture, next(drawn)) for picture in told.pictures]
            for _, files in files_of:
                for name, content in files.items():
                    _add(archive, f"{folder}/{name}", content)
            again = command(opened.view, formats, width, theme)
            entries.append(_entry(opened, told, folder, files_of, note, again))
        manifest = {"workbench": __version__, "width": width, "theme": theme, "views": entries}
        _add(archive, MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode("utf-8"))
    return buffer.getvalue()


def _drawn(tasks: Iterator[_Task], workers: int) -> Iterator[dict[str, bytes]]:
    """The files of every task, in order; with several workers the first are drawn while further views are opened."""
    if workers < 2 or "fork" not in get_all_start_methods():
        yield from map(_files, list(tasks))
        return
    # A forked process has all that was imported; one that starts anew would need longer than it saves. What it has
    # already is never thrown away, so its collector of garbage need not look at that.
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=gc.freeze) as pool:
        yield from pool.map(_files, tasks)


def _origin(opened: Opened) -> str:
    data = opened.dataset
    return f"run {opened.explainer.run}, dataset {data.name} {data.fingerprint}, workbench {__version__}"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    # What is packed already would take as long again, and become no smaller.
    entry.compress_type = zipfile.ZIP_STORED if Path(name).suffix in PACKED else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, compresslevel=EFFORT)


def _entry(
    opened: Opened,
    found: Shown,
    folder: str,
    files_of: Sequence[tuple[Picture, dict[str, bytes]]],
    note: str,
    again: str,
) -> dict[str, object]:
    explainer, data = opened.explainer, opened.dataset
    return {
        "view": str(opened.view),
        "question": found.title,
        "answer": found.sentence,
        "verdict": None if found.verdict is None else found.verdict.badge,
        "note": note,
        "dataset": data.name,
        "fingerprint": data.fingerprint,
        "run": explainer.run,
        "model": explainer.model.name,
        "seed": opened.seed,
        "command": again,
        "files": [
            {
                "path": f"{folder}/{name}",
                "picture": picture.title,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for picture, files in files_of
            for name, content in files.items()
        ],
    }


def command(view: View, formats: Sequence[str] = DEFAULT, width: Width = "page", theme: ThemeName = "light") -> str:
    """The command that exports a view again."""
    words = ["workbench", "export", str(view), "--out", "again.zip", "--format", ",".join(formats)]
    words += [] if width == "page" else ["--width", width]
    words += [] if theme == "light" else ["--theme", theme]
    return shlex.join(words)


def names(formats: str) -> list[str]:
    """Formats written as ``png,pdf``, each once.

    Raises:
        ValueError: one is unknown.
    """
    found = list(dict.fromkeys(part.strip() for part in formats.split(",") if part.strip()))
    check_formats(found)
    return found or list(FORMATS)


def views_of(text: str) -> Iterator[View]:
    """The views of a list, one in a line; empty lines and those that begin with ``#`` are passed over.

    Raises:
        ValueError: a line is no view; the sentence says which.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            yield View.parse(line.strip())
        except ValueError as fault:
            raise ValueError(f"Line {number} is no view: {fault}") from None
