"""Times of the app's pages: ``python -m benchmarks.pages --data DATA [--users 5] [--page why ...] [--changes 200]``.

Server time is that of Streamlit's own runner (AppTest): the script from its start to its last element, without browser
and network. Every page is opened with the runs it offers, for users it was not opened for before, so that no answer is
kept from earlier; what is opened once for all (the dataset, the model) is read before. Then each choice on the page is
changed once. ``cpu`` is the processor time of the same, which other work on the machine hardly lengthens.

``--changes N`` then starts the app as a person does and changes pages N times in headless Chromium: the memory
(resident) of the server.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "streamlit_app.py"
SHARED = {"choose-dataset", "choose-run", "choose-compare"}
"""Choices that open another model, and so are no interaction with a page."""
SECONDS = 300
"""A page may take before the benchmark gives up."""
MOST = 6
"""Switches and sliders of one page that are tried."""


@dataclass
class Times:
    """Milliseconds by the clock and of the processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def of(self, work: Callable[[], AppTest]) -> AppTest:
        """Run and measure; a page that raises stops the benchmark."""
        wall, cpu = time.perf_counter(), time.process_time()
        app = work()
        self.wall.append(1000 * (time.perf_counter() - wall))
        self.cpu.append(1000 * (time.process_time() - cpu))
        if app.exception:
            raise SystemExit(f"the page raised: {app.exception[0].message}")
        return app


@dataclass
class Visit:
    """A page with one of the runs it offers."""

    page: str
    run: str
    opened: Times = field(default_factory=Times)
    changed: Times = field(default_factory=Times)


def pages() -> list[str]:
    """All pages of the app."""
    from workbench.app.main import ENTRIES

    return list(ENTRIES)


def measure(page: str, data: Path, users: int, runs: int) -> list[Visit]:
    """One page with as many of the runs it offers, the one it opens with first; each run in a session of its own."""
    app = _at(_session(data), page)
    first = next((box.value for box in app.selectbox if box.key == "choose-run"), None)
    names = sorted(_options(app, "choose-run"), key=lambda name: name != first)
    return [_visit(_session(data), Visit(page, name), users) for name in names[:runs] or [""]]


def _session(data: Path) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=SECONDS)
    app.query_params["dataset"] = data.name
    return app.run()


def _visit(app: AppTest, visit: Visit, users: int) -> Visit:
    _at(app, visit.page)
    if visit.run:
        _choose(app, "choose-run", visit.run)
    for user in _some(_options(app, "choose-user"), users):
        _at(app, "home")
        _choose(app, "choose-user", user)
        visit.opened.of(lambda: _at(app, visit.page))
    for change in list(_changes(app)):
        # An earlier change may have taken away what this one is about.
        with suppress(KeyError, ValueError):
            visit.changed.of(change)
    return visit


def row(visits: Sequence[Visit]) -> dict[str, object]:
    """Of one page: 95th percentiles in milliseconds, with the run it opens with and with all, and the slowest run."""
    told: dict[str, object] = {"page": visits[0].page, "first run": visits[0].run}
    for name in ("opened", "changed"):
        every = [(visit.run, getattr(visit, name)) for visit in visits]
        worst, slow = max(every, key=lambda one: _p95(one[1].cpu))
        told |= {
            f"{name}": _p95(every[0][1].wall),
            f"{name}, cpu": _p95(every[0][1].cpu),
            f"{name}, all runs, cpu": _p95([ms for _, times in every for ms in times.cpu]),
            f"{name}, slowest, cpu": f"{worst} {_p95(slow.cpu):.0f}",
            f"{name}, n": sum(len(times.cpu) for _, times in every),
        }
    return told


def _p95(milliseconds: Sequence[float]) -> float:
    return float(np.percentile(milliseconds, 95)) if milliseconds else float("nan")


def _at(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"workbench/app/pages/{page}.py").run()


def _choose(app: AppTest, key: str, option: str) -> AppTest:
    box = app.selectbox(key)
    return box.select_index(box.options.index(option)).run()


def _options(app: AppTest, key: str) -> list[str]:
    """As a person reads them."""
    return next((list(box.options) for box in app.selectbox if box.key == key and not box.disabled), [])


def _some(options: Sequence[str], many: int) -> list[str]:
    """Evenly spread over all."""
    return [options[place] for place in np.linspace(0, len(options) - 1, many).astype(int)] if options else []


def _changes(app: AppTest) -> Iterator[Callable[[], AppTest]]:
    """Each choice that stands on the page, the first ones of a long list, to something else than it is."""
    for box in app.selectbox:
        if box.key not in SHARED and not box.disabled and len(box.options) > 1:
            yield partial(_choose, app, box.key, box.options[-1 if box.index != len(box.options) - 1 else 0])
    for button in app.button:
        if re.match(r"open-[2-9]$|post-[1-9]$", str(button.key)) and not button.disabled:
            yield partial(_press, app, button.key)
    yield from (partial(_set, app, kind, key, value) for kind, key, value in _settings(app))


def _settings(app: AppTest) -> Iterator[tuple[str, str, object]]:
    for buttons in app.button_group:
        taken = (buttons.value, buttons.format_func(buttons.value))
        if others := [option for option in buttons.options if option not in taken]:
            yield "button_group", buttons.key, others[-1]
    for slider in app.select_slider:
        # Options read as "value · what it is called".
        values = [option.split(" · ")[0] for option in slider.options]
        yield "select_slider", slider.key, next(value for value in values if value != slider.value)
    for slider in app.slider[:MOST]:
        yield "slider", slider.key, slider.min if slider.value != slider.min else slider.max
    # Last, since those that show all of a long list make everything after them slower.
    yield from (("toggle", switch.key, not switch.value) for switch in app.toggle[:MOST])


def _set(app: AppTest, kind: str, key: str, value: object) -> AppTest:
    return getattr(app, kind)(key).set_value(value).run()


def _press(app: AppTest, key: str) -> AppTest:
    return app.button(key).click().run()


@contextmanager
def served(home: Path) -> Iterator[tuple[str, int]]:
    """The app as a person starts it: its address and the id of its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true"]
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *options]
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"WORKBENCH_HOME": str(home)}, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield f"http://localhost:{port}", server.pid
    finally:
        server.terminate()
        server.wait(20)


def memory(data: Path, changes: int) -> Iterator[dict[str, object]]:
    """Resident megabytes of the server before, and after every fifty changes of the page.

    Each round through the pages is that of another user and begins with another run, which pages it does not fit leave.
    """
    from playwright.sync_api import sync_playwright

    from workbench.app.main import ENTRIES
    from workbench.data.dataset import Dataset
    from workbench.views.opened import runs_of

    users, runs = Dataset.open(data).users, list(runs_of(data))
    titles = [entry.title for entry in ENTRIES.values()]
    with served(data.parent) as (address, process), sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for change in range(changes + 1):
            place = change % len(titles)
            if place == 0:
                lap = change // len(titles)
                user, run = users.id(lap % len(users)), runs[lap % len(runs)]
                page.goto(f"{address}/why?dataset={data.name}&user={user}&run={run}")
            else:
                # A long menu hides its end.
                more = page.get_by_test_id("stSidebarNavViewButton")
                if more.count() and "more" in more.inner_text():
                    more.click()
                page.get_by_test_id("stSidebarNav").get_by_text(titles[place], exact=True).click()
            page.wait_for_timeout(200)
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=1000 * SECONDS)
            if change % 50 == 0:
                yield {"page changes": change, "server MB": _resident(process)}
        browser.close()


def _resident(process: int) -> float:
    told = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", told)
    assert found is not None
    return int(found[1]) / 1024


def table(rows: Sequence[dict[str, object]]) -> str:
    """As Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    for row in rows:
        cells = (row.get(name, "") for name in names)
        told = (f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in cells)
        lines.append(f"| {' | '.join(told)} |")
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder with its runs")
    parser.add_argument("--page", nargs="*", help="names of pages; all by default")
    parser.add_argument("--runs", type=int, default=100, help="runs of each page, the one it opens with first")
    parser.add_argument("--users", type=int, default=5, help="users each page is opened for, with every run")
    parser.add_argument(
        "--changes", type=int, default=0, help="page changes in a browser, for the memory of the server"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    data = args.data.resolve()
    os.environ["WORKBENCH_HOME"] = str(data.parent)
    rows, visits = [], []
    for page in pages() if args.page is None else args.page:
        found = measure(page, data, args.users, args.runs)
        visits += found
        rows.append(row(found))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    used = list(memory(data, args.changes)) if args.changes else []
    told = {"pages": rows, "visits": [asdict(visit) for visit in visits], "memory": used}
    print(json.dumps(told, indent=1) if args.json else "\n\n".join(map(table, filter(None, (rows, used)))))


if __name__ == "__main__":
    main()
