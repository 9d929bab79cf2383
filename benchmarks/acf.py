"""Train ACF at the size of its paper's Pinterest data: ``python -m benchmarks.acf [--device cuda] [--json]``.

50,000 users, 14,965 images with 49 regions of 128 numbers, about 1.09 million likes, all synthetic. D = 128, h = 64,
one negative. Ours is the workbench's training loop; the peer is the same model put together from tensor operations, in
batches that fit into memory; the floor is the projection of the components alone. Everything in this run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.run import _peak
from benchmarks.table import Row, as_json, markdown, median
from workbench.data.dataset import Dataset
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.features.store import FeatureCard, Features
from workbench.models.acf import ACF, ACFConfig
from workbench.models.base import PairBatch
from workbench.training.loop import Training, train
from workbench.training.negatives import PairSampler

USERS, IMAGES, LIKES, GRID, WIDTH = 50_000, 14_965, 1_091_733, (7, 7), 128
SETTINGS = {"dim": 128, "hidden": 64, "batch": 65_536}
PART = 2048
"""Positives in a batch of the peer, whose blocks of (liked images, regions, h) numbers would not fit otherwise."""
TRAIN = """
from pathlib import Path
from workbench.training.loop import Training, train
train(Training("acf", Path({data!r}), Path({out!r}), {config!r}, device="cpu"), lambda *_: {{"NDCG@5": 0.0}})
"""


def pinterest_sized(folder: Path, seed: int = 0) -> Dataset:
    """A synthetic dataset of that size: skewed numbers of likes, images by a power law, random regions."""
    rng = np.random.default_rng(seed)
    wanted = 5 + rng.geometric(1 / (LIKES / USERS - 4), USERS)
    share = 1 / np.arange(1, IMAGES + 1) ** 0.6
    users = np.repeat(np.arange(USERS), np.maximum((wanted * 1.06).astype(int), 1))
    likes = pd.DataFrame({"user": users, "item": rng.choice(IMAGES, len(users), p=share / share.sum())})
    likes = likes.drop_duplicates().iloc[:LIKES].assign(split="train")
    tables = {"items": pd.DataFrame({"item": np.arange(IMAGES)}), "likes": likes}
    write_dataset(folder, DatasetCard(name="pinterest-sized"), tables)
    dataset = Dataset.open(folder)
    regions = GRID[0] * GRID[1]
    array = rng.standard_normal((IMAGES * regions, WIDTH), np.float32).astype(np.float16)
    card = FeatureCard(
        encoder="random",
        version="1",
        preprocessing="none",
        shape=(len(array), WIDTH),
        fingerprint=dataset.fingerprint,
        grid=GRID,
    )
    Features.write(folder, "convnet", card, array, np.full(IMAGES, regions))
    return dataset


def plain_step(model: ACF, batch: PairBatch) -> Callable[[], None]:
    """A training step of the same model composed from tensor operations over padded histories."""
    users, row = torch.unique(batch.users, return_inverse=True)
    sets = model.history(users)
    lengths = sets.lengths
    most = int(lengths.max())
    inside = torch.arange(most, device=lengths.device) < lengths.unsqueeze(1)
    liked = lengths.new_zeros(len(users), most).masked_scatter(inside, sets.values)

    def step() -> None:
        u, x = model.u(users), model.regions(liked.flatten()).view(len(users), most, model.regions.most, -1)
        query = model.component_query(u)[:, None, None]
        beta = ((model.component_key(x) + query).relu() @ model.component_out).softmax(-1)
        content = (beta.unsqueeze(-1) * x).sum(2)
        hidden = model.item_query(u).unsqueeze(1) + model.item_v(model.v(liked)) + model.item_x(content)
        score = (hidden + model.item_p(model.p(liked))).relu() @ model.item_out
        alpha = score.masked_fill(~inside, -torch.inf).softmax(-1)
        vector = u + (alpha.unsqueeze(-1) * model.p(liked)).sum(1)
        difference = (vector[row] * (model.v(batch.positives) - model.v(batch.negatives[:, 0]))).sum(-1)
        model.zero_grad()
        torch.nn.functional.softplus(-difference).mean().backward()

    return step


def products(model: ACF, images: int) -> Callable[[], Tensor]:
    """The matrix products of the components' projection, forward and backward, for the images of one batch."""
    x = torch.randn(images * model.regions.most, WIDTH, device=model.device)
    weight = model.component_key.weight.detach()

    def work() -> Tensor:
        key = x @ weight.T
        return key.T @ x

    return work


def rows(folder: Path, device: str) -> list[Row]:
    """Everything that is measured."""
    dataset = pinterest_sized(folder / "data")
    n = dataset.history.values.numel()
    config = {**SETTINGS, "epochs": 2, "evaluate_every": 2}
    run = train(Training("acf", folder / "data", folder / "run", config, device=device), lambda *_: {"NDCG@5": 0.0})
    ours = n / min(epoch.seconds for epoch in run.card.history)
    model = ACF(ACFConfig(**SETTINGS), dataset).to(device)
    batch = next(PairSampler(dataset, PART, 1, model.device).epoch(0, 1))
    repeat = 3
    plain = PART / median(_synchronised(plain_step(model, batch), device), repeat)
    whole = next(PairSampler(dataset, int(SETTINGS["batch"]), 1, model.device).epoch(0, 1))
    images = len(torch.unique(model.history(torch.unique(whole.users)).values))
    floor = median(_synchronised(products(model, images), device), repeat)
    found = [
        Row("ACF, positives a second", ours, plain, f"the same from tensor operations, batches of {PART:,}"),
        Row("ACF, step of a batch, s", SETTINGS["batch"] / ours, floor, "projecting the components alone"),
    ]
    if device == "cpu":
        code = TRAIN.format(data=str(folder / "data"), out=str(folder / "peak"), config={**config, "epochs": 1})
        bare = _peak("import torch, pandas, lightning.fabric\n")
        found.append(Row("peak memory of training, MB", _peak(code), bare, "importing torch, pandas, Fabric"))
    return found


def _synchronised(work: Callable[[], object], device: str) -> Callable[[], None]:
    def run() -> None:
        work()
        if device != "cpu":
            torch.cuda.synchronize()

    return run


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), arguments.device)
    print(as_json(found) if arguments.json else markdown(found))
    print(f"{time.perf_counter() - began:.0f} s in all, {torch.get_num_threads()} threads, {arguments.device}")


if __name__ == "__main__":
    main()
