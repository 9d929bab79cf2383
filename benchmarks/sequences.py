"""Speed of models of sequences on a dataset folder: ``python -m benchmarks.sequences --data DATA [--json]``.

An epoch of training (sampling, gathering, forward, backward, Adam) of our GRU and of Ante-RNN, D = 128. Beside the GRU
stand, in the same run, two loops written plainly with the same layers: one over whole sequences, users sorted by
length and padded, as many likes in a batch as ours; and one that gives every target a padded copy of the 50 likes
before it, 512 targets in a batch, measured on a sample of the targets and scaled up to all of them. Beside Ante-RNN
stands our GRU. Evaluation ranks all images at every test moment; beside it stand products and comparisons alone.

All are the best of some repeats, on the clock and in seconds of processor time, which other work on the machine moves
less. Operations are those of matrix products alone, forward and backward: what an epoch cannot do without, however it
is written. Memory is the peak of a process that trains on about 6 batches or, of the plain loop, one epoch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.run import _peak
from benchmarks.table import Row, as_json, markdown
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.data.sequences import Sequences
from workbench.evaluation.evaluate import BLOCK_BYTES
from workbench.evaluation.next_item import Moments, evaluate_next
from workbench.models import model_class
from workbench.models.base import Recommender
from workbench.training.memory import freed_memory_kept
from workbench.training.sequences import SequenceSampler

SIZES: dict[str, Any] = {"dim": 128, "batch": 3000, "dropout": 0.5}
CONTENT = {"output": "content", "identity": True, "tied": True, "repeats": True}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "GRU": ("gru", {}),
    "Ante-RNN as printed": ("anternn", {}),
    "Ante-RNN, words alone for their states": ("anternn", {"words": "embedding", "longest_text": 30}),
    "Ante-RNN, a tenth read anew": ("anternn", {"refresh": 0.1}),
    "Ante-RNN with content": ("anternn", CONTENT),
    "Ante-RNN, text alone": ("anternn", {"modalities": ("words",)}),
}
WHOLE, COPIES = "plain loop over whole sequences", "every prefix copied"
LATEST, TARGETS, SAMPLED = 50, 512, 6
"""Likes of a copied prefix, targets in a batch of them, and batches of them (for memory, of any) that are measured."""
ONCE = """
from benchmarks.sequences import once
once({which!r}, {data!r}, {features!r})
"""

Work = Callable[[], object]


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock and of the processor."""

    wall: float
    processor: float

    def times(self, factor: float) -> Spent:
        """So many times as much."""
        return Spent(self.wall * factor, self.processor * factor)


def best(work: Work, device: torch.device, repeat: int) -> Spent:
    """The least of some calls, all of which keep the memory they free, as a training does."""
    wall, processor = [], []
    for _ in range(repeat):
        with freed_memory_kept():
            began = time.perf_counter(), time.process_time()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        wall.append(time.perf_counter() - began[0])
        processor.append(time.process_time() - began[1])
    return Spent(min(wall), min(processor))


def built(which: str, dataset: Dataset, features: str, device: torch.device) -> Recommender:
    """One of ``MODELS``, untrained."""
    name, settings = MODELS[which]
    kind = model_class(name)
    shown: dict[str, Any] = {"features": features} if "features" in kind.Config.model_fields else {}
    torch.manual_seed(0)
    return kind(kind.Config(**SIZES, **settings, **shown), dataset).to(device)


def epochs(model: Recommender, dataset: Dataset, steps: int | None = None) -> tuple[Work, float]:
    """An epoch of the workbench or about so many of its batches, short and long sequences alike, at every call.

    Besides, how many times that is an epoch.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=model.config.learning_rate, fused=True)
    sampler = SequenceSampler(dataset, model.config.batch, model.device)
    every = sum(1 for _ in sampler.epoch(0, 1))
    apart = 1 if steps is None else max(1, every // steps)

    def work() -> None:
        model.train()
        model.start_epoch(1)
        for batch in islice(sampler.epoch(0, 1), 0, None, apart):
            optimizer.zero_grad(set_to_none=True)
            model(batch).backward()
            optimizer.step()

    return work, every / len(range(0, every, apart))


class Counted(TorchDispatchMode):
    """Counts the multiplications and additions of matrix products while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        if counted := flop_registry.get(function.overloadpacket):
            self.operations += counted(*args, **(kwargs or {}), out_val=out)
        return out


def operations(work: Work) -> int:
    """Those of the matrix products of a call, forward and backward."""
    with Counted() as counted:
        work()
    return counted.operations


class Plain(nn.Module):
    """A recurrent network over item vectors with a softmax over all items."""

    def __init__(self, items: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(items + 1, SIZES["dim"], padding_idx=items)
        self.drop = nn.Dropout(SIZES["dropout"])
        self.gru = nn.GRU(SIZES["dim"], SIZES["dim"], batch_first=True)
        self.out = nn.Linear(SIZES["dim"], items)

    def forward(self, codes: Tensor, at: Any, targets: Tensor) -> Tensor:
        """Cross-entropy of the ``targets`` (n,) after the n likes ``at`` some places of ``codes`` (R, L)."""
        states = self.gru(self.drop(self.vectors(codes)))[0][at]
        return functional.cross_entropy(self.out(self.drop(states)), targets)


def learned(dataset: Dataset) -> Ragged:
    """The training likes of the users with two or more."""
    return dataset.history.select(torch.nonzero(dataset.history.lengths >= 2).flatten())


def whole(dataset: Dataset, device: torch.device) -> Work:
    """An epoch over whole sequences, as anyone would write it."""
    model, likes, padding = Plain(len(dataset.items)).to(device).train(), learned(dataset), len(dataset.items)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    rows = sorted((likes.row(row) for row in range(len(likes))), key=len)
    batch = torch.tensor([len(row) for row in rows]).cumsum(0) // SIZES["batch"]
    batches = [[row for row, of in zip(rows, batch, strict=True) if of == number] for number in batch.unique()]

    def work() -> None:
        for some in batches:
            codes = pad_sequence(some, batch_first=True, padding_value=padding).to(device)
            targets = codes[:, 1:]
            there = targets != padding
            optimizer.zero_grad(set_to_none=True)
            model(codes[:, :-1], there, targets[there]).backward()
            optimizer.step()

    return work


def copies(dataset: Dataset, device: torch.device) -> tuple[Work, float]:
    """Some batches of targets with copies of what came before them, and how many times that is an epoch."""
    model, likes, padding = Plain(len(dataset.items)).to(device).train(), learned(dataset), len(dataset.items)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    place = torch.arange(len(likes.values)) - likes.offsets[likes.rows]
    targets = torch.nonzero(place > 0).flatten()
    drawn = targets[torch.randperm(len(targets), generator=torch.Generator().manual_seed(0))[: SAMPLED * TARGETS]]

    def work() -> None:
        for some in torch.split(drawn, TARGETS):
            back = torch.arange(-LATEST, 0)
            before = likes.values[(some.unsqueeze(1) + back).clamp_min(0)]
            codes = torch.where(place[some].unsqueeze(1) + back >= 0, before, padding).to(device)
            optimizer.zero_grad(set_to_none=True)
            model(codes, (slice(None), -1), likes.values[some].to(device)).backward()
            optimizer.step()

    return work, len(targets) / len(drawn)


def ranking(dataset: Dataset, moments: int, device: torch.device) -> Work:
    """Scores of all images at so many moments from states that are there, and the rank of one image each."""
    states, table = (torch.randn(n, SIZES["dim"], device=device) for n in (moments, len(dataset.items)))
    block = max(1, BLOCK_BYTES // (4 * len(table)))

    def work() -> None:
        for some in torch.split(states, block):
            scores = some @ table.T
            (scores > scores[:, :1]).sum(1)

    return work


def once(which: str, data: str, features: str) -> None:
    """One epoch on the processor, for the memory it takes."""
    dataset, cpu = Dataset.open(data), torch.device("cpu")
    if which == WHOLE:
        whole(dataset, cpu)()
    elif which == COPIES:
        copies(dataset, cpu)[0]()
    else:
        epochs(built(which, dataset, features, cpu), dataset, SAMPLED)[0]()


def compared(what: str, targets: int, ours: Spent, other: Spent, name: str) -> list[Row]:
    """Rows for two epochs."""
    return [
        Row(f"epoch of {what}, s", ours.wall, other.wall, name),
        Row("the same, s of the processor", ours.processor, other.processor, name),
        Row("the same, targets a second", targets / ours.wall, targets / other.wall, name),
    ]


def rows(data: Path, features: str, device: torch.device, repeat: int, steps: int | None) -> list[Row]:
    """Everything that is measured."""
    dataset = Dataset.open(data)
    likes = learned(dataset)
    targets = len(likes.values) - len(likes)
    moments = len(Moments.of(Sequences.of(dataset), "test").users)
    floor = best(ranking(dataset, moments, device), device, repeat)
    found: list[Row] = []
    ranked: list[Row] = []
    spent: dict[str, Spent] = {}
    products: dict[str, float] = {}
    for which in MODELS:
        model = built(which, dataset, features, device)
        epoch, factor = epochs(model, dataset, None if which == "GRU" else steps)
        spent[which] = best(epoch, device, repeat).times(factor)
        products[which] = operations(epoch) * factor / 1e9
        if which == "GRU":
            plain = best(whole(dataset, device), device, repeat)
            work, factor = copies(dataset, device)
            copied = best(work, device, repeat).times(factor)
            sample = f"{COPIES}, {SAMPLED * TARGETS:,} of {targets:,} targets scaled up" if factor > 1 else COPIES
            found += compared(which, targets, spent[which], plain, WHOLE)
            found += compared(which, targets, spent[which], copied, sample)
        else:
            what = which if factor == 1 else f"{which} (one batch of {factor:.3g})"
            found += compared(what, targets, spent[which], spent["GRU"], "our GRU")
            name = "those of our GRU"
            found.append(Row("operations of its matrix products, billions", products[which], products["GRU"], name))
        took = best(partial(evaluate_next, model, dataset, ks=(), metrics=["Recall@20"]), device, repeat)
        name = "products and comparisons alone"
        ranked.append(Row(f"evaluation of {which}, moments a second", moments / took.wall, moments / floor.wall, name))
    found += ranked
    if device.type == "cpu":
        peaks = {
            which: _peak(ONCE.format(which=which, data=str(data), features=features))
            for which in (*MODELS, WHOLE, COPIES)
        }
        found += [Row(f"peak memory of training {which}, MB", peaks[which], peaks[WHOLE], WHOLE) for which in MODELS]
        found.append(Row("peak memory of training GRU, MB", peaks["GRU"], peaks[COPIES], COPIES))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder with likes in time, texts and topics")
    parser.add_argument("--features", default="convnet", help="image features Ante-RNN reads")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--repeat", type=int, default=3, help="epochs of which the fastest counts")
    parser.add_argument("--steps", type=int, help="batches of Ante-RNN that are measured, about; all if left out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    found = rows(arguments.data, arguments.features, torch.device(arguments.device), arguments.repeat, arguments.steps)
    print(as_json(found) if arguments.json else markdown(found))


if __name__ == "__main__":
    main()
