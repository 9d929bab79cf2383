"""How long a what-if answer takes: ``python -m benchmarks.whatif --run RUN [--run RUN ...] [--data DATA] [--json]``.

For the user with the most likes, group by group: up to ``--edits`` of her strongest elements are left out at once and
all images ranked again, both before and after. What belongs to images is left out of every image. The first answer,
which also reads what names the elements, is told apart from the median of those after it; the time of the processor
stands beside that of the clock, which other programs lengthen. ``--page`` measures instead how long the page of the app
takes to answer a switch, all of it made anew on one thread, figures included, without the browser.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from workbench import api
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.held import REMOVALS
from workbench.explain.record import edit_of, record
from workbench.explain.whatif import what_if


def rows(explainer: Explainer, most: int, repeats: int, removal: str) -> Iterator[dict[str, object]]:
    """A row for each group of evidence: milliseconds."""
    user = int(explainer.dataset.history.lengths.argmax())
    item = explainer.dataset.items.code(explainer.recommend(user, 1)[0].item)
    for group in record(explainer, user, item, most=most):
        told = explainer.groups[group.level.name]
        edits: dict[object, Edit] = {}
        for element in group.level.elements:
            edit = edit_of(told, element, explainer.dataset.items.id(item) if told.within else None)
            edits[edit.place] = edit
        if not edits:
            continue
        taken, worked = [], []
        for _ in range(repeats + 1):
            began, busy = time.perf_counter(), time.process_time()
            what_if(explainer, user, list(edits.values()), item=item, removal=removal)
            taken.append(1000 * (time.perf_counter() - began))
            worked.append(1000 * (time.process_time() - busy))
        yield {
            "run": explainer.run,
            "images": explainer.model.n_items,
            "group": group.level.name,
            "elements": group.total,
            "edits": len(edits),
            "first ms": taken[0],
            "median ms": median(taken[1:]),
            "processor ms": median(worked[1:]),
        }


def page(run: Path, explainer: Explainer, repeats: int) -> dict[str, object]:
    """Milliseconds until the page has answered a switch, for the user with the most likes; median of new edits."""
    from streamlit.testing.v1 import AppTest

    from workbench.app.sources import DATA, RUNS

    root = Path(__file__).resolve().parents[1]
    data = explainer.dataset
    os.environ |= {DATA: str(data.root.resolve()), RUNS: str(run.resolve().parent)}
    app = AppTest.from_file(str(root / "streamlit_app.py"), default_timeout=600)
    app.query_params["dataset"], app.query_params["run"] = data.root.resolve().name, run.name
    app.query_params["user"] = str(data.users.id(int(data.history.lengths.argmax())))
    app = app.run().switch_page("workbench/app/pages/whatif.py").run()
    switches = [str(one.key) for one in app.toggle if str(one.key).startswith("without-")][:repeats]
    taken, worked = [], []
    for switch in switches:
        app.toggle(switch).set_value(True)
        began, busy = time.perf_counter(), time.process_time()
        app.run()
        taken.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - busy))
    if app.exception or not switches:
        raise SystemExit(f"{run}: the page has nothing to switch off")
    told = {"run": explainer.run, "images": explainer.model.n_items, "switches": len(switches)}
    return told | {"median ms": median(taken), "processor ms": median(worked)}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--data", type=Path, help="dataset folder, where it is not where the run's card says")
    parser.add_argument("--edits", type=int, default=500, help="elements left out at once")
    parser.add_argument("--repeats", type=int, default=5, help="answers after the first")
    parser.add_argument("--removal", choices=REMOVALS, default="deleted", help="what stands in the place of it")
    parser.add_argument("--page", action="store_true", help="measure the page of the app")
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    found: list[dict[str, object]] = []
    for run in arguments.run:
        explainer = api.explainer(run, arguments.data)
        if arguments.page:
            found.append(page(run, explainer, arguments.repeats))
        else:
            found += rows(explainer, arguments.edits, arguments.repeats, arguments.removal)
    print(json.dumps(found, indent=1) if arguments.json else pd.DataFrame(found).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
