"""What commands share: options, consoles, progress, tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

WIDE = 132
"""Columns where the output is no terminal, which has no width of its own."""
screen = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
"""Results, on standard output."""
log = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)
"""Everything else, on standard error."""

PAUSE = 5.0
"""Seconds between two lines of progress where standard error is no terminal."""

DataArgument = Annotated[Path, typer.Argument(metavar="DATA", help="Dataset folder.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]
RunData = Annotated[
    Path | None, typer.Option("--data", metavar="DATA", help="Dataset folder; by default the one the run names.")
]
RemovalOption = Annotated[
    Literal["deleted", "zeroed", "mean", "blurred"],
    typer.Option(
        help="What stands in the place of removed evidence: nothing, all weights made again (deleted); its weight "
        "without its share (zeroed); its weight with the mean of its set (mean), both of which need exact shares; or, "
        "for a region, the picture blurred there and encoded again (blurred)."
    ),
]
UserOption = Annotated[str, typer.Option("--user", metavar="U", help="Id of the user.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]


class StoppedError(Exception):
    """The user stopped a command; says how to go on."""


class Tell(Protocol):
    """Told how much of long work is done, 0..1, and perhaps what is being done."""

    def __call__(self, share: float, message: str = "") -> None:
        """Take note."""


@dataclass
class Lines:
    """Progress for logs: at most one line every few seconds. It travels to other processes.

    Attributes:
        what: what is being done unless a message says it.
        said: when the last line was written.
    """

    what: str
    said: float = -PAUSE

    def __call__(self, share: float, message: str = "") -> None:
        """Write a line if it is time."""
        if time.monotonic() - self.said >= PAUSE:
            self.said = time.monotonic()
            log.print(f"{message or self.what} {share:.0%}")


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """A bar with the time left while work lasts; lines where standard error is no terminal."""
    if not log.is_terminal:
        yield Lines(what)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=log, transient=True) as bar:
        task = bar.add_task(what, total=1.0)

        def tell(share: float, message: str = "") -> None:
            bar.update(task, completed=share, description=message or what)

        yield tell


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table."""
    grid = Table(*columns, box=box.SIMPLE_HEAD)
    for column in grid.columns:
        column.overflow = "fold"
    for row in rows:
        grid.add_row(*row)
    screen.print(grid)


def numbers(text: str, option: str) -> tuple[int, ...]:
    """The positive whole numbers in ``5,10,20``.

    Raises:
        BadParameter: it is something else.
    """
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"'{text}' is no list of whole numbers such as 5,10,20", param_hint=option)
    return tuple(int(part) for part in parts)
