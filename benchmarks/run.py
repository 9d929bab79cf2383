"""Measure the workbench on a dataset folder: ``python -m benchmarks.run --data DATA [--json]``.

One negative, batches of 8,192, D = 15. Everything is measured in this run, on this machine; a ratio below 1 means that
the workbench needs less than what stands beside it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.naive import bpr_step, hasc_step, ranking
from benchmarks.table import Row, as_json, markdown, median
from workbench.data.dataset import Dataset
from workbench.evaluation.evaluate import top_k
from workbench.explain.explainer import Explainer
from workbench.models.base import Recommender
from workbench.training.loop import Training, train
from workbench.training.run import Run

DIM, HIDDEN, BATCH, K, PAIRS = 15, 20, 8192, 10, 50
EPOCHS = 2
SETTINGS: dict[str, dict[str, Any]] = {
    "bpr": {"dim": DIM, "batch": BATCH},
    "hasc": {"dim": DIM, "batch": BATCH, "hidden": HIDDEN, "warm_start": 0, "inputs": ("base", "auxiliary")},
}
PEAK = """
import resource, sys
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2))
"""
TRAIN = """
from pathlib import Path
from workbench.training.loop import Training, train
train(Training({name!r}, Path({data!r}), Path({out!r}), {config!r}, device="cpu"), lambda *_: {{"NDCG@5": 0.0}})
"""


def short_training(name: str, data: Path, out: Path) -> Run:
    """A few epochs through the training loop, without validation."""
    config = {**SETTINGS[name], "epochs": EPOCHS, "evaluate_every": EPOCHS}
    return train(Training(name, data, out, config, device="cpu"), lambda *_: {"NDCG@5": 0.0})


def epochs(runs: dict[str, Run], dataset: Dataset) -> list[Row]:
    """Seconds of a training epoch."""
    steps = -(-dataset.history.values.numel() // BATCH)
    bare = median(bpr_step(len(dataset.users), len(dataset.items), DIM, BATCH), 20)
    naive = median(hasc_step(dataset, DIM, HIDDEN, BATCH), 2)
    best = {name: min(epoch.seconds for epoch in run.card.history) for name, run in runs.items()}
    return [
        Row("epoch of bpr, s", best["bpr"], steps * bare, "gathers and products alone"),
        Row("epoch of hasc, s", best["hasc"], steps * naive, f"naive HASC, {steps} times its median step"),
    ]


def rankings(models: dict[str, Recommender], dataset: Dataset) -> list[Row]:
    """Seconds to find the ten best images of every user."""
    users = torch.arange(len(dataset.users))
    user_table, item_table = (torch.randn(n, DIM).numpy() for n in (len(dataset.users), len(dataset.items)))
    name, work = ranking(user_table, item_table, dataset.known, K)
    other = median(work, 3)
    rows = []
    for model_name, model in models.items():
        ours = median(partial(top_k, model, users, K, dataset.known), 3)
        rows.append(Row(f"top {K} of all users, {model_name}, s", ours, other, name))
    return rows


def explanations(model: Recommender, dataset: Dataset) -> list[Row]:
    """Milliseconds of one explanation, of what stands first in a user's ranking."""
    explainer = Explainer(model, dataset)
    users = torch.randperm(len(dataset.users), generator=torch.Generator().manual_seed(0))[:PAIRS]
    items = top_k(model, users, 1, dataset.known)[0].flatten()
    with torch.no_grad():
        once = median(lambda: model.score_items(users[:1]), 20)
    spent = []
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        began = time.perf_counter()
        explainer.explain(user, item)
        spent.append(time.perf_counter() - began)
    p95 = statistics.quantiles(spent, n=20)[-1]
    name = "one scoring of all images"
    return [
        Row(f"explanation of hasc, median of {PAIRS}, ms", 1000 * statistics.median(spent), 1000 * once, name),
        Row(f"explanation of hasc, 95th percentile of {PAIRS}, ms", 1000 * p95, 1000 * once, name),
    ]


def memory(data: Path, folder: Path) -> list[Row]:
    """Peak memory of a process that trains an epoch."""
    floor = _peak("import torch, pandas, lightning.fabric\n")
    rows = []
    for name, config in SETTINGS.items():
        code = TRAIN.format(name=name, data=str(data), out=str(folder / f"peak-{name}"), config={**config, "epochs": 1})
        rows.append(Row(f"peak memory of training {name}, MB", _peak(code), floor, "importing torch, pandas, Fabric"))
    return rows


def _peak(code: str) -> float:
    # Linux hands the peak of a process on to the program it starts; a shell between them starts from nothing.
    command = ["sh", "-c", '"$0" -c "$1"; exit $?', sys.executable, code + PEAK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder with likes, creators and follows")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    dataset = Dataset.open(arguments.data)
    with tempfile.TemporaryDirectory() as folder:
        runs = {name: short_training(name, arguments.data, Path(folder) / name) for name in SETTINGS}
        models = {name: run.model(dataset) for name, run in runs.items()}
        rows = [*epochs(runs, dataset), *rankings(models, dataset), *explanations(models["hasc"], dataset)]
        rows += memory(arguments.data, Path(folder))
    print(as_json(rows) if arguments.json else markdown(rows))


if __name__ == "__main__":
    main()
