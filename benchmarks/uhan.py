"""A training step of UHAN at the sizes of its paper: ``python -m benchmarks.uhan [--device cuda] [--json]``.

128 posts, 196 regions of 512 numbers, 50 words of a vocabulary of 70,170, K = 512, all synthetic. Ours is a step of
the workbench: gather, forward, backward, Adam. The floor is the step's matrix products alone, forward and backward,
with the same shapes, those of the recurrence one word after the other. Everything is measured in this run; on a
processor also in seconds of processor time, which other work on the machine moves less.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.table import Row, as_json, markdown
from workbench.data.dataset import Dataset
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.features.store import FeatureCard, Features
from workbench.models.uhan import UHAN, UHANConfig
from workbench.training.memory import freed_memory_kept
from workbench.training.posts import PostSampler

BATCH, REGIONS, WORDS, VOCABULARY, USERS, K = 128, 196, 50, 70_170, 128, 512
IMAGES = -(-VOCABULARY // WORDS)


def paper_sized(folder: Path, seed: int = 0) -> Dataset:
    """A post of every image, each word of the vocabulary at least once, random regions."""
    rng = np.random.default_rng(seed)
    words = np.resize(rng.permutation(VOCABULARY), (IMAGES, WORDS))
    items = pd.DataFrame({"item": range(IMAGES), "text": [" ".join(f"w{code:06}" for code in row) for row in words]})
    posts = pd.DataFrame(
        {
            "item": range(IMAGES),
            "user": rng.integers(USERS, size=IMAGES),
            "time": range(IMAGES),
            "popularity": rng.uniform(0, 10, IMAGES),
            "split": "train",
        }
    )
    users = pd.DataFrame({"user": range(USERS)})
    write_dataset(folder, DatasetCard(name="flickr-sized"), {"users": users, "items": items, "posts": posts})
    dataset = Dataset.open(folder)
    array = rng.standard_normal((IMAGES * REGIONS, K), np.float32).astype(np.float16)
    card = FeatureCard(
        encoder="random",
        version="1",
        preprocessing="none",
        shape=array.shape,
        fingerprint=dataset.fingerprint,
        grid=(14, 14),
    )
    Features.write(folder, "convnet-14", card, array, np.full(IMAGES, REGIONS))
    return dataset


def training_step(dataset: Dataset, device: torch.device) -> Callable[[], None]:
    """A step of the workbench over the next batch."""
    torch.manual_seed(0)
    config = UHANConfig(rare=1, dim=K, batch=BATCH)
    model = UHAN(config, dataset).to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
    batches = (batch for number in range(1, 1000) for batch in PostSampler(dataset, BATCH, 64, device).epoch(0, number))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        model(next(batches)).backward()
        optimizer.step()

    return step


def products(device: torch.device) -> Callable[[], None]:
    """The matrix products of that step into memory that is there already."""

    def some(*shape: int) -> Tensor:
        return torch.randn(shape, device=device)

    def pair(rows: int, inner: int, columns: int, forward: int = 1, to_rows: int = 1, to_weight: int = 1) -> None:
        """The product of (rows, inner) and (inner, columns) and those of its gradients, so many of each."""
        x, w, y = some(rows, inner), some(inner, columns), some(rows, columns)
        work.extend([(x, w, y)] * forward + [(y, w.T, x)] * to_rows + [(x.T, y, w)] * to_weight)

    def each(parts: int, times: int, back: int) -> None:
        """Scores (B, parts, 1) and sums (B, 1, parts) with vectors (B, parts, K), and what their gradients need."""
        v, scores, one = some(BATCH, parts, K), some(BATCH, parts, 1), some(BATCH, K, 1)
        work.extend([(v, one, scores), (v.transpose(1, 2), scores, one)] * times)
        work.extend([(scores, one.transpose(1, 2), v)] * back)

    work: list[tuple[Tensor, Tensor, Tensor]] = []
    pair(BATCH * REGIONS, K, K, to_rows=0)
    pair(BATCH * WORDS, K, K)
    pair(BATCH * WORDS, K, 4 * K)
    for _ in range(9):
        pair(BATCH, K, K)
    pair(BATCH, K, 4 * K, forward=WORDS, to_rows=WORDS, to_weight=0)
    pair(BATCH * WORDS, K, 4 * K, forward=0, to_rows=0)
    # Scores and their two gradients, the attended sum and that of its weights, the mean; regions need no gradient.
    each(REGIONS, 3, 1)
    each(WORDS, 3, 3)

    def step() -> None:
        for one, other, out in work:
            torch.matmul(one, other, out=out)

    return step


def measured(work: Callable[[], None], device: torch.device, repeat: int) -> tuple[float, float]:
    """Median seconds of a call, on the clock and of the processor, after one that warms up; memory is kept."""
    found = []
    with freed_memory_kept():
        for _ in range(repeat + 1):
            began = time.perf_counter(), time.process_time()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            found.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, processor = zip(*found[1:], strict=True)
    return statistics.median(wall), statistics.median(processor)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--repeat", type=int, default=5, help="steps measured")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    with tempfile.TemporaryDirectory() as folder:
        ours = measured(training_step(paper_sized(Path(folder)), device), device, arguments.repeat)
    floor = measured(products(device), device, arguments.repeat)
    name = "its matrix products alone"
    rows = [Row(f"training step of uhan ({device.type}), s", ours[0], floor[0], name)]
    if device.type == "cpu":
        rows.append(Row("the same, s of the processor", ours[1], floor[1], name))
    print(as_json(rows) if arguments.json else markdown(rows))


if __name__ == "__main__":
    main()
