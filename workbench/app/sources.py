"""Folders the app reads, and the state their files are in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

DATA, RUNS = "WORKBENCH_APP_DATA", "WORKBENCH_APP_RUNS"
"""Environment variables by which `workbench app --data DATA --runs DIR` names its folders."""


class Stamped(NamedTuple):
    """A folder and what its files looked like when it was stamped."""

    path: str
    stamp: str


class Source(NamedTuple):
    """A run over a dataset and its topics: the key of everything computed from them."""

    data: Stamped
    run: Stamped
    topics: Stamped


def folders() -> dict[str, Path]:
    """The dataset folders the app knows, by name: the one named on the command line, then those at home."""
    from workbench import demo

    named = [Path(os.environ[DATA]).resolve()] if os.environ.get(DATA) else []
    found: dict[str, Path] = {}
    for folder in (*named, *demo.datasets()):
        found.setdefault(folder.name, folder)
    return found


def runs_folder(data: Path) -> Path:
    """The folder that holds the run folders of a dataset."""
    from workbench.demo import RUNS as BESIDE

    is_named = not os.environ.get(DATA) or Path(os.environ[DATA]).resolve() == data
    return Path(os.environ[RUNS]) if os.environ.get(RUNS) and is_named else data / BESIDE


def run_folders(data: Path) -> dict[str, Path]:
    """The run folders of a dataset, by name, whether or not they can be used."""
    from workbench.training.run import run_folders as under

    return under(runs_folder(data))


def stamp_data(folder: Path) -> Stamped:
    """A dataset folder with the state of its card and tables."""
    return _stamp(folder, [folder / "dataset.json", *sorted(folder.glob("*.parquet"))])


def stamp_run(folder: Path) -> Stamped:
    """A run folder with the state of its card and parameters."""
    return _stamp(folder, [folder / "card.json", folder / "weights.safetensors"])


def stamp_topics(folder: Path) -> Stamped:
    """The topics of a dataset folder with the state of their cards and of the names people gave them."""
    names = ("card.json", "names.json")
    return _stamp(folder / "topics", sorted(file for name in names for file in (folder / "topics").glob(f"*/{name}")))


def stamp_audits(folder: Path) -> Stamped | None:
    """A run folder with the state of its finished audits, None without any."""
    files = sorted(folder.glob("audit/*/audit.json"))
    return _stamp(folder, files) if files else None


def _stamp(folder: Path, files: Iterable[Path]) -> Stamped:
    states = [
        (str(file.relative_to(folder)), state.st_mtime_ns, state.st_size)
        for file in files
        if file.is_file()
        for state in [file.stat()]
    ]
    return Stamped(str(folder), hashlib.sha256(repr(states).encode()).hexdigest()[:16])
