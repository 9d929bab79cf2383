"""Mark whom a run says influenced a like: ``python -m benchmarks.influence --run RUN [--run RUN ...] [--json]``.

Among the likes that a followed person is known to have caused: how often is the strongest of the people followed that
person, by what the model tells of them and by removal, beside random, uniform and the one whom most users follow?
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from workbench import api
from workbench.explain.influence import mark_friends


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--data", type=Path, help="dataset folder, where it is not where the run's card says")
    parser.add_argument("--split", default="train", choices=["train", "validation", "test"], help="of the likes")
    parser.add_argument("--most", type=int, default=400, help="likes in which people are removed one by one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = [
        {"run": run.name, **mark.model_dump()}
        for run in arguments.run
        for mark in mark_friends(api.explainer(run, arguments.data), arguments.split, arguments.most)
    ]
    print(json.dumps(found, indent=1) if arguments.json else pd.DataFrame(found).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
