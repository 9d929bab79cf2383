"""Mark a run's maps against planted causes: ``python -m benchmarks.pointing --run RUN [--run RUN ...] [--json]``.

For every run the pointing game and the energy inside the planted box (docs/regions.md), by attention and by removal,
beside random, uniform and centre controls; for models that read captions also by words.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from workbench import api
from workbench.explain.pointing import mark_regions, mark_words


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--data", type=Path, help="dataset folder, where it is not where the run's card says")
    parser.add_argument("--most", type=int, default=400, help="pairs whose regions are removed one by one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = []
    for run in arguments.run:
        explainer = api.explainer(run, arguments.data)
        marks = []
        if explainer.model.features is not None:
            marks += [("regions", mark) for mark in mark_regions(explainer, arguments.most)]
        if explainer.model.texts is not None:
            marks += [("words", mark) for mark in mark_words(explainer)]
        found += [{"run": run.name, "of": what, **mark.model_dump()} for what, mark in marks]
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(pd.DataFrame(found).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
