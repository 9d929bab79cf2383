"""Items and key frames by JIFR and what it is compared with: ``python -m benchmarks.frames --data DATA [--seeds 3]``.

DATA is a world whose causes name frames (``workbench demo``), with features ``convnet`` and ``convnet-frames``. Models
are trained into a temporary folder; the dataset is left as it is, apart from a copy of its frame features whose rows
are shuffled, which a last JIFR learns from and which is removed again. Item metrics are those of the test split, full
ranking; "w = 0" stands for the same model without its visual part. Key frames are marked over the likes of all splits,
since nothing is learned from what is known of frames, and over the test likes alone, which are few. Random is exact.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench import api
from workbench.data.dataset import Dataset
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.frames import evaluate_frames
from workbench.evaluation.tables import ACF_SMALL
from workbench.features.store import REGIONS, Features
from workbench.models.base import Recommender
from workbench.models.frames import frame_reader
from workbench.models.jifr import JIFR

SMALL: Mapping[str, Any] = {
    "batch": 1024,
    "learning_rate": 0.01,
    "epochs": 60,
    "evaluate_every": 3,
    "monitor": "AUC",
    "regularisation": 0.02,
    "visual_regularisation": 0.02,
    "projection_regularisation": 0.01,
}
"""What suits the demo, chosen by the validation AUC of the items alone."""
FRAMES, SHUFFLED = "convnet-frames", "shuffled-frames"
MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "jifr": ("jifr", {**SMALL, "temperature": 0.3}),
    "jifr-na": ("jifr", {**SMALL, "attention": False}),
    "jifr, reels alone": ("jifr", {**SMALL, "temperature": 0.3, "stills": False}),
    "jifr, frames shuffled": ("jifr", {**SMALL, "temperature": 0.3, "features": SHUFFLED}),
    "cdl": ("cdl", {"inputs": "convnet"}),
    "acf, attention": ("acf", {**ACF_SMALL["acf"], "regularisation": 0.005, "features": FRAMES}),
    "bpr": ("bpr", ACF_SMALL["bpr"]),
    "vbpr": ("vbpr", ACF_SMALL["vbpr"]),
}
ITEMS = ("HR@5", "NDCG@5", "HR@10", "NDCG@10", "AUC")
KEYS = ("HR@1", "HR@3", "NDCG@3", "NDCG@5")
TEST, RANDOM = "frame HR@1, test likes", "random: "
DRAWN = ("another user", "shuffled frames")
"""Controls of the frame task that are drawn."""
Found = dict[str, float]


@contextmanager
def shuffled_frames(dataset: Dataset) -> Iterator[None]:
    """A copy of the features of frames whose rows are in a random order, while the block runs."""
    features = Features.open(dataset.root, FRAMES)
    array = np.asarray(features.array())
    order = np.random.default_rng(0).permutation(len(array))
    regions = pd.read_parquet(features.folder / REGIONS)
    made = Features.write(dataset.root, SHUFFLED, features.card, array[order], features.sets.lengths.numpy(), regions)
    try:
        yield
    finally:
        for file in made.folder.iterdir():
            file.unlink()
        made.folder.rmdir()


def items(model: Recommender, dataset: Dataset) -> Found:
    """Metrics of the item task."""
    found = evaluate(model, dataset, metrics=ITEMS, ks=(), groups=0).metrics
    return {name: found[name].mean for name in ITEMS}


def frames(model: Recommender, dataset: Dataset) -> Found:
    """Metrics of the frame task, over all likes and over the test likes, with their controls."""
    every = evaluate_frames(model, dataset, split="all", metrics=KEYS, groups=0)
    test = evaluate_frames(model, dataset, split="test", metrics=("HR@1",), groups=0)
    found = {f"frame {name}": every.metrics[name].mean for name in KEYS}
    found[TEST] = test.metrics["HR@1"].mean
    found |= {f"{RANDOM}frame {name}": every.controls["random"][name] for name in KEYS}
    found[RANDOM + TEST] = test.controls["random"]["HR@1"]
    return found | {f"HR@1, {name}": every.controls[name]["HR@1"] for name in DRAWN if name in every.controls}


def measured(name: str, data: Path, out: Path, seed: int) -> Found:
    """All metrics of one trained model, and the seconds of its training."""
    model_name, settings = MODELS[name]
    run = api.train(model_name, data, out, seed=seed, device="cpu", **settings)
    dataset = run.open_dataset()
    model = run.model(dataset)
    found = items(model, dataset) | {"seconds": sum(epoch.seconds for epoch in run.card.history)}
    if frame_reader(model) is not None:
        found |= frames(model, dataset)
    if isinstance(model, JIFR):
        with torch.no_grad():
            model.w.weight.zero_()
        found["AUC, w = 0"] = items(model, dataset)["AUC"]
    return found


def table(found: Mapping[str, Sequence[Found]], columns: Sequence[str]) -> str:
    """Means over seeds, with their standard deviations, as Markdown."""
    lines = ["| model | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for name, runs in found.items():
        if any(columns[0] in run for run in runs):
            cells = (_cell([run[column] for run in runs if column in run]) for column in columns)
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", nargs="*", choices=tuple(MODELS), default=tuple(MODELS))
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()
    found: dict[str, list[Found]] = {name: [] for name in arguments.models}
    with tempfile.TemporaryDirectory() as folder, shuffled_frames(Dataset.open(arguments.data)):
        for name in arguments.models:
            for seed in range(arguments.seeds):
                out = Path(folder) / f"{list(MODELS).index(name)}-{seed}"
                found[name].append(measured(name, arguments.data, out, seed))
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    print(table(found, (*ITEMS, "AUC, w = 0", "seconds")))
    print()
    of_frames = {name: runs for name, runs in found.items() if any(TEST in run for run in runs)}
    if of_frames:
        first = next(iter(of_frames.values()))
        exact = {name.removeprefix(RANDOM): first[0][name] for name in first[0] if name.startswith(RANDOM)}
        shown = {"random": [exact], **of_frames}
        print(table(shown, (*(f"frame {name}" for name in KEYS), TEST, *(f"HR@1, {name}" for name in DRAWN))))


if __name__ == "__main__":
    main()
