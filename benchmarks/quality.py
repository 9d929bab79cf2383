"""Ranking quality beside BPR of the same size: python -m benchmarks.quality --data DATA [--rows bpr,hasc] [--seeds 3].

D = 15, one negative, the protocol of the HASC paper (1,000 unrated images, 10 draws). Prints one table: the mean over
seeds, the spread between seeds, and the gain over the first row. Every row is trained with early stopping on NDCG@5 of
the validation likes, and the same settings for all that the models share.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from workbench import api

SHARED: dict[str, Any] = {"dim": 15, "negatives": 1, "batch": 8192, "epochs": 90, "evaluate_every": 3, "patience": 5}
GRAPH: dict[str, Any] = {"inputs": ("base", "auxiliary")}
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "bpr": ("bpr", {}),
    "bpr without b_i": ("bpr", {"item_bias": False}),
    "svdpp": ("svdpp", {}),
    "hasc": ("hasc", GRAPH),
    "hasc without b_i": ("hasc", GRAPH | {"item_bias": False}),
    "hasc average": ("hasc", GRAPH | {"attention": "average"}),
    "hasc after bpr": ("hasc", GRAPH | {"warm_start": 45, "std": 0.01}),
}
"""What each row trains: the model and what distinguishes it."""
METRICS = ("HR@5", "NDCG@5")


def main() -> None:
    """Train and evaluate every row with every seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"among {', '.join(ROWS)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for row in arguments.rows.split(","):
            model, settings = ROWS[row]
            for seed in range(arguments.seeds):
                out = Path(folder) / f"{row.replace(' ', '-')}-{seed}"
                run = api.train(model, arguments.data, out, seed=seed, device="cpu", **SHARED, **settings)
                metrics = api.evaluate(run, "paper", metrics=METRICS, ks=(), groups=0).metrics
                found.append({"row": row, "epochs": run.card.best_epoch} | {m: metrics[m].mean for m in METRICS})
    table = pd.DataFrame(found).groupby("row", sort=False).agg(["mean", "std"])
    for metric in METRICS:
        table[metric, "gain"] = table[metric, "mean"] / table[metric, "mean"].iloc[0] - 1
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(table.sort_index(axis=1).round(4).to_string())


if __name__ == "__main__":
    main()
