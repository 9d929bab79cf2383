"""The command that opens the dashboard."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from threading import Thread
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
    for name, folder in ((DATA, data), (RUNS, runs)):
        if folder is not None:
            if not folder.is_dir():
                raise typer.BadParameter(f"there is no folder {folder}")
            os.environ[name] = str(folder.resolve())
    Thread(target=_warm, daemon=True).start()
    from streamlit.web.cli import main

    main(["run", str(script()), "--server.port", str(port)])


def _warm() -> None:
    """Import what the first page needs while the server starts and the browser opens."""
    for module in ("workbench.explain.explainer", "workbench.figures.card", "workbench.app.main"):
        import_module(module)


def script() -> Path:
    """The file streamlit runs, with its settings next to it: inside an installed package, beside it in a checkout."""
    package = Path(workbench.__file__).parent
    inside = package / "streamlit_app.py"
    return inside if inside.is_file() else package.parent / inside.name
