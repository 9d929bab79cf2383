"""Whether HASC finds the planted main aspects of a demo world: python -m benchmarks.planted [--size demo] [--seeds 3].

Prints one table: for each planted aspect the share of users for whom it comes first, by attention and by contribution.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd

from workbench import api, demo
from workbench.explain.planted import main_aspects


def main() -> None:
    """Build the world, train HASC as the demo does, mark it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="demo", choices=["tiny", "demo"])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        world = demo.ensure(Path(folder) / "world", arguments.size, models=())
        for seed in range(arguments.seeds):
            run = api.train("hasc", world.root, Path(folder) / f"run{seed}", seed=seed, **demo.SHOWN["hasc"][1])
            rows += [vars(found) | {"seed": seed} for found in main_aspects(api.explainer(run))]
    table = pd.DataFrame(rows)
    weighed = table.dropna(subset="attention")
    summary = table.groupby("aspect")[["users", "attention", "contribution"]].mean()
    summary.loc["all"] = [
        table.groupby("seed")["users"].sum().mean(),
        (weighed["attention"] * weighed["users"]).sum() / weighed["users"].sum(),
        (table["contribution"] * table["users"]).sum() / table["users"].sum(),
    ]
    print(summary.round(3).to_markdown() if hasattr(pd, "_tabulate") else summary.round(3).to_string())


if __name__ == "__main__":
    main()
