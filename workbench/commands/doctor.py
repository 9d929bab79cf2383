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
EXTRAS = ("features", "notebooks", "dev")
INSTALL = "pip install -c constraints.txt -e"
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
    """Every package the workbench needs, and what the optional extras lack."""
    try:
        wanted = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        yield Finding(DISTRIBUTION, "not installed", f"{INSTALL} .", needed=True)
        return
    core = [requirement for requirement in wanted if _asks(requirement, "")]
    for requirement in core:
        fault = _fault(requirement)
        yield Finding(requirement.name, fault or version(requirement.name), fault and f"{INSTALL} .", needed=True)
    for extra in EXTRAS:
        faults = [
            _fault(requirement) for requirement in wanted if requirement not in core and _asks(requirement, extra)
        ]
        lacks = ", ".join(filter(None, faults))
        yield Finding(f"extra {extra}", lacks or "complete", lacks and f"{INSTALL} '.[{extra}]'")


def _asks(requirement: Requirement, extra: str) -> bool:
    """Whether an installation with an extra (an empty one: none) asks for a package on this machine."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _fault(requirement: Requirement) -> str:
    """What is wrong with an installed package; empty where nothing is."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    fits = requirement.specifier.contains(found, prereleases=True)
    return "" if fits else f"{requirement.name} is {found}, not {requirement.specifier}"


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
