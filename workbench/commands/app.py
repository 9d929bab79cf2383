"""The command that opens the dashboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import workbench

DATA, RUNS = "WORKBENCH_APP_DATA", "WORKBENCH_APP_RUNS"
"""Environment variables that tell the app its folders."""


def app(
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Dataset folder to open; by default the demo.")
    ] = None,
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of its runs; by default 'runs' in the dataset folder.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8501,
) -> None:
    """Open the dashboard in the browser, on this machine alone. Ctrl-C ends it."""
    environment = dict(os.environ)
    for name, folder in ((DATA, data), (RUNS, runs)):
        if folder is not None:
            if not folder.is_dir():
                raise typer.BadParameter(f"there is no folder {folder}")
            environment[name] = str(folder.resolve())
    arguments = [sys.executable, "-m", "streamlit", "run", str(script()), "--server.port", str(port)]
    os.execve(sys.executable, arguments, environment)  # noqa: S606


def script() -> Path:
    """The file streamlit runs, with its settings next to it: inside an installed package, beside it in a checkout."""
    package = Path(workbench.__file__).parent
    inside = package / "streamlit_app.py"
    return inside if inside.is_file() else package.parent / inside.name
