"""Times of the workbench beside those of a peer or of a floor that does only the arithmetic."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured, in which unit.
        ours: the workbench.
        other: the peer or floor, measured in the same run.
        name: what the other one is.
    """

    what: str
    ours: float
    other: float
    name: str

    @property
    def ratio(self) -> float:
        """Ours over the other: below 1 the workbench needs less."""
        return self.ours / self.other


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = ["| what | ours | peer or floor | ratio |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {r.what} | {r.ours:.3g} | {r.other:.3g} ({r.name}) | {r.ratio:.2f} |" for r in rows]
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list."""
    return json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=1)


def times(work: Callable[[], object], repeat: int = 5) -> list[float]:
    """Seconds of ``repeat`` calls after one that warms up."""
    work()
    found = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def median(work: Callable[[], object], repeat: int = 5) -> float:
    """Median seconds of a call."""
    return statistics.median(times(work, repeat))
