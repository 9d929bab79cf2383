"""How long a what-if answer takes: ``python -m benchmarks.whatif --run RUN [--run RUN ...] [--data DATA] [--json]``.

For the user with the most likes, group by group: up to ``--edits`` of her strongest elements are left out at once and
all images ranked again, both before and after. What belongs to images is left out of every image. The first answer,
which also reads what names the elements, is told apart from the median of those after it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from workbench import api
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.record import edit_of, record
from workbench.explain.whatif import what_if


def rows(explainer: Explainer, most: int, repeats: int) -> Iterator[dict[str, object]]:
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
        taken = []
        for _ in range(repeats + 1):
            began = time.perf_counter()
            what_if(explainer, user, list(edits.values()), item=item)
            taken.append(1000 * (time.perf_counter() - began))
        yield {
            "run": explainer.run,
            "images": explainer.model.n_items,
            "group": group.level.name,
            "elements": group.total,
            "edits": len(edits),
            "first ms": taken[0],
            "median ms": median(taken[1:]),
        }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--data", type=Path, help="dataset folder, where it is not where the run's card says")
    parser.add_argument("--edits", type=int, default=500, help="elements left out at once")
    parser.add_argument("--repeats", type=int, default=5, help="answers after the first")
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    found = [
        row
        for run in arguments.run
        for row in rows(api.explainer(run, arguments.data), arguments.edits, arguments.repeats)
    ]
    print(json.dumps(found, indent=1) if arguments.json else pd.DataFrame(found).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
