"""The command that looks at the installation."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import typer
from packaging.requirements import Requirement

import workbench
from workbench.commands.terminal import log, table

DISTRIBUTION = "explainability-workbench"
LITTLE = 2 * 1024**3
"""Bytes of free disk below which the doctor warns: the large demo world and its runs need about as much."""


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at.

    Attributes:
        what: the thing.
        state: how it is.
        remedy: what to do about it; empty where all is well.
        needed: whether the workbench cannot work without it.
    """

    what: str
    state: str
    remedy: str = ""
    needed: bool = False


def doctor() -> None:
    """Look at versions, devices, disk and home folder; say what is missing and how to get it."""
    findings = [*_python(), *_packages(), *_devices(), *_places(), *_browser()]
    table(("", "what", "state", "remedy"), ((_sign(f), f.what, f.state, f.remedy) for f in findings))
    missing = [f.what for f in findings if f.remedy and f.needed]
    if missing:
        log.print(f"The workbench cannot run without {', '.join(missing)}.")
        raise typer.Exit(1)


def _sign(finding: Finding) -> str:
    if not finding.remedy:
        return "ok"
    return "missing" if finding.needed else "note"


def _python() -> Iterator[Finding]:
    yield Finding("workbench", workbench.__version__)
    old = sys.version_info < (3, 11)
    yield Finding("python", platform.python_version(), "install Python 3.11 or newer" if old else "", needed=True)


def _packages() -> Iterator[Finding]:
    """Every package pyproject.toml asks for, those of extras where they are missing alone."""
    try:
        wanted = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        yield Finding(DISTRIBUTION, "not installed", "pip install -c constraints.txt -e .", needed=True)
        return
    for requirement in wanted:
        extra = next((e for e in ("notebooks", "dev", "bench") if _asked_by(requirement, e)), "")
        if requirement.name == DISTRIBUTION or (not extra and not _asked_by(requirement, "")):
            continue
        yield from _package(requirement, extra)


def _asked_by(requirement: Requirement, extra: str) -> bool:
    """Whether an extra (or, for an empty one, every installation) asks for a package on this machine."""
    marker = requirement.marker
    if marker is None:
        return not extra
    return marker.evaluate({"extra": extra}) and not (extra and marker.evaluate({"extra": ""}))


def _package(requirement: Requirement, extra: str) -> Iterator[Finding]:
    place = f".[{extra}]" if extra else "."
    remedy = f"pip install -c constraints.txt -e '{place}'"
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        yield Finding(requirement.name, f"not installed{f' (for {extra})' if extra else ''}", remedy, needed=not extra)
        return
    if not requirement.specifier.contains(found, prereleases=True):
        yield Finding(requirement.name, f"{found}, not {requirement.specifier}", remedy, needed=not extra)
    elif not extra:
        yield Finding(requirement.name, found)


def _devices() -> Iterator[Finding]:
    """Processors and graphics cards torch can use."""
    try:
        import torch
    except ImportError:
        return
    yield Finding("processor", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads for torch")
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    yield Finding("graphics card", ", ".join(names) or "none that torch can use; models train on the processor")


def _places() -> Iterator[Finding]:
    """The home folder: whether it can be written, how much room is left, whether the demo is there."""
    from workbench.demo import home, is_ready

    folder = home()
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    writable = os.access(there, os.W_OK)
    remedy = "" if writable else "set WORKBENCH_HOME to a folder you can write to"
    yield Finding("home folder", str(folder) if writable else f"{folder} cannot be written", remedy, needed=True)
    free = shutil.disk_usage(there).free
    yield Finding("free disk", f"{free / 1024**3:.1f} GB", "make room" if free < LITTLE else "")
    made = is_ready(folder / "demo")
    yield Finding("demo", "ready" if made else "not made yet", "" if made else "workbench demo")


def _browser() -> Iterator[Finding]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    remedy = "" if found else "apt-get install chromium, or playwright install chromium"
    yield Finding("browser for tests", Path(found).name if found else "none", remedy)
