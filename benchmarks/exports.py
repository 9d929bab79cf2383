"""How long figures take to be exported: ``python -m benchmarks.exports --data DEMO [--count 100] [--json]``.

Views of the demo's runs for several users are written as one zip, by format, and as a report; the count is that of
pictures, each with its numbers. The floor saves the same number of empty figures of the same size with matplotlib.
"""

from __future__ import annotations

import argparse
import io
import json
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.table import Row, as_json, markdown
from workbench.data.dataset import Dataset
from workbench.figures.export import EXPORT_DPI
from workbench.figures.style import FULL_WIDTH
from workbench.views.bundle import MANIFEST, bundle
from workbench.views.opened import Opener, runs_of
from workbench.views.report import report
from workbench.views.view import Page, View

PAGES: tuple[tuple[Page, str], ...] = (
    ("why", "hasc"), ("why", "acf"), ("aspects", "hasc"), ("regions", "uhan"), ("words", "anternn"),
    ("diffusion", "diffnet"), ("attributes", "saers"),
)  # fmt: skip
FORMATS: tuple[Sequence[str], ...] = (("png", "csv"), ("svg", "csv"), ("pdf", "csv"))


def views(folder: Path, users: int) -> list[View]:
    """Every page with its run for some users."""
    data, runs = Dataset.open(folder), runs_of(folder)
    busy = [code for code in range(len(data.users)) if len(data.history.row(code)) and len(data.uploads.row(code))]
    return [
        View(page=page, dataset=folder.name, run=run, user=str(data.users.id(code)))
        for code in busy[:users]
        for page, run in PAGES
        if run in runs
    ]


def empty(count: int, name: str) -> float:
    """Seconds to save so many empty figures."""
    began = time.perf_counter()
    for _ in range(count):
        Figure(figsize=(FULL_WIDTH, 3)).savefig(io.BytesIO(), format=name, dpi=EXPORT_DPI)
    return time.perf_counter() - began


def rows(folder: Path, count: int, workers: int) -> list[Row]:
    """Seconds for ``count`` pictures by format, and the size of a report."""
    opener, asked, found = Opener({folder.name: folder.resolve()}), views(folder, users=count), []
    # As many views as hold so many pictures; opening the runs is not counted, drawing everything is.
    wanted, drawn = [], 0
    for view in asked:
        if drawn >= count:
            break
        drawn += _pictures(bundle([view], opener, ["csv"]))
        wanted.append(view)
    for formats in FORMATS:
        began = time.perf_counter()
        pictures = _pictures(bundle(wanted, opener, formats, workers=workers))
        spent = (time.perf_counter() - began) * count / pictures
        floor = empty(count, formats[0])
        found.append(Row(f"{count} figures as {formats[0]}, {workers} processes, s", spent, floor, "empty figures"))
    page = report(wanted[: len(PAGES)], opener)
    found.append(Row(f"report of {len(PAGES)} views, MB", len(page.encode()) / 1e6, 6.0, "the limit"))
    return found


def _pictures(content: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    return sum(file["path"].endswith(".csv") for view in manifest["views"] for file in view["files"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the demo world with its runs")
    parser.add_argument("--count", type=int, default=100, help="pictures")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    print((as_json if asked.json else markdown)(rows(asked.data, asked.count, asked.workers)))


if __name__ == "__main__":
    main()
