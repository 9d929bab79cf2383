"""Train DiffNet and DiffNet++ on a social dataset: ``python -m benchmarks.diffusion --data DATA [--json]``.

D = 64, two hops, batches of 8,192, one negative. Ours is the workbench's training loop; beside DiffNet stand the sparse
products and gathers an epoch cannot do without, forward and backward, on the same data. Everything in this run, on one
thread unless told otherwise.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.run import _peak
from benchmarks.table import Row, as_json, markdown, median
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.graph import RecordedGraph, propagate
from workbench.models.base import PairBatch
from workbench.training.loop import Training, train
from workbench.training.negatives import PairSampler

DIM, DEPTH, BATCH, EPOCHS = 64, 2, 8192, 3
SETTINGS: dict[str, dict[str, Any]] = {
    "diffnet": {"dim": DIM, "depth": DEPTH, "batch": BATCH},
    "diffnetpp": {"dim": DIM, "depth": DEPTH, "batch": BATCH},
}
TRAIN = """
from pathlib import Path
from workbench.training.loop import Training, train
train(Training({name!r}, Path({data!r}), Path({out!r}), {config!r}, device="cpu"), lambda *_: {{"NDCG@5": 0.0}})
"""


def epoch(name: str, data: Path, out: Path) -> float:
    """Seconds of the fastest of a few epochs, without validation."""
    config = {**SETTINGS[name], "epochs": EPOCHS, "evaluate_every": EPOCHS}
    run = train(Training(name, data, out, config, device="cpu"), lambda *_: {"NDCG@5": 0.0})
    return min(found.seconds for found in run.card.history)


def bare_step(dataset: Dataset, batch: PairBatch) -> Callable[[], Tensor]:
    """What a step of DiffNet takes from tables and graphs: gathers, products, and their gradients into whole tables."""
    users, row = torch.unique(batch.users, return_inverse=True)
    items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1).flatten()
    social = RecordedGraph(dataset.follows, len(dataset.users), "mean")
    mine = dataset.history.select(users)
    images, place = torch.unique(torch.cat([items, mine.values]), return_inverse=True)
    liked = RecordedGraph(Ragged(mine.offsets, place[len(items) :]), len(images), "mean")
    p, q = torch.randn(len(dataset.users), DIM), torch.randn(len(dataset.items), DIM)
    pairs = row.repeat_interleave(len(items) // len(row))

    def step() -> Tensor:
        near, states = q.index_select(0, images), [p]
        for _ in range(DEPTH):
            states.append(social(states[-1]))
        user = torch.stack([state.index_select(0, users) for state in states]).sum(0) + liked(near)
        left, right = user.index_select(0, pairs), near.index_select(0, place[: len(items)])
        # Backward: what came in goes out, to the rows it came from.
        back = torch.zeros_like(near).index_add_(0, place[: len(items)], left)
        to_user = torch.zeros_like(user).index_add_(0, pairs, right)
        back += propagate(liked, to_user, back=True)
        slope = torch.zeros_like(p).index_copy_(0, users, to_user)
        total = slope.clone()
        for _ in range(DEPTH):
            total = slope + propagate(social, total, back=True)
        return torch.zeros_like(q).index_copy_(0, images, back)

    return step


def rows(data: Path, folder: Path) -> list[Row]:
    """Everything that is measured."""
    dataset = Dataset.open(data)
    sampler = PairSampler(dataset, BATCH, 1, torch.device("cpu"))
    bare = sampler.steps * median(bare_step(dataset, next(sampler.epoch(0, 1))), 10)
    ours = {name: epoch(name, data, folder / name) for name in SETTINGS}
    floor = _peak("import torch, pandas, lightning.fabric\n")
    found = [
        Row("epoch of diffnet, s", ours["diffnet"], bare, f"{sampler.steps} times its products and gathers alone"),
        Row("epoch of diffnetpp, s", ours["diffnetpp"], ours["diffnet"], "epoch of diffnet"),
    ]
    for name, config in SETTINGS.items():
        code = TRAIN.format(name=name, data=str(data), out=str(folder / f"peak-{name}"), config={**config, "epochs": 1})
        found.append(Row(f"peak memory of training {name}, MB", _peak(code), floor, "importing torch, pandas, Fabric"))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder with likes and follows")
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = rows(arguments.data, Path(folder))
    print(as_json(found) if arguments.json else markdown(found))
    print(f"{time.perf_counter() - began:.0f} s in all, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
