"""Opaque mixes of what HASC-plus reads, on the same candidates: python -m benchmarks.mix --run RUN [--draws 10].

Boosted trees (histogram gradient boosting of scikit-learn) learn from the very likes and images hasc-plus learns from:
once from all its sums, once from likes, follows and counts alone, without the order of uploads. Prints one table with a
paired t-test of hasc-plus against each. With ``--ablate`` instead of trees hasc-plus is learned again without each of
its reasons, on the same sums and candidates.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.evaluation.protocols import Candidates
from workbench.evaluation.significance import compare
from workbench.layers.evidence import OPEN
from workbench.models.hascplus import HASCPlus
from workbench.models.lessons import ROWS, Lessons
from workbench.models.reasons import COLUMNS, WIDTH
from workbench.training.negatives import PairSampler
from workbench.training.run import Run

CANDIDATES = 1000
TREES_LIKES, TREES_POOL = 40, 60
"""Likes of each user, and images of her pool, that trees learn from at most: all of them take an hour."""
PLAIN = ("maker", "similar", "followed", "endorsed", "circle", "follower")
"""Reasons that rest on counts of likes and follows alone."""


class Pools:
    """The held-out like of every user and her candidates, as the protocol ``paper`` draws them, with their sums.

    Attributes:
        users: (U,) who has a held-out like.
        sums: (draws, U, 1 + CANDIDATES, WIDTH), half precision; the held-out like comes first.
        offsets: (draws, U, 1 + CANDIDATES, 2).
    """

    def __init__(self, model: HASCPlus, data: Dataset, draws: int) -> None:
        held = Ragged.from_pairs(*data.likes("test"), len(data.users))
        self.users = held.lengths.nonzero().flatten()
        drawn = Candidates.draw(data.known, len(data.items), draws, 0)
        first = held.values[held.offsets[self.users]]
        shape = draws, len(self.users), 1 + CANDIDATES
        self.sums = torch.empty(*shape, WIDTH, dtype=torch.float16)
        self.offsets = torch.empty(*shape, 2, dtype=torch.float16)
        done = 0
        for some in torch.split(self.users, ROWS):
            sums, offsets = model.reasons.everything(some, OPEN), model.reasons.all_offsets(some)
            row = torch.arange(len(some)).unsqueeze(1)
            for draw in range(draws):
                items = torch.cat([first[done : done + len(some), None], drawn.of(some, CANDIDATES, draw)], 1)
                self.sums[draw, done : done + len(some)] = sums[:, row, items].permute(1, 2, 0)
                self.offsets[draw, done : done + len(some)] = offsets[:, row, items].permute(1, 2, 0)
            done += len(some)

    def marks(self, score: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """HR@5 and NDCG@5 (U,) of every user, mean over draws, of scores (n,) for sums (n, WIDTH), offsets (n, 2)."""
        hits, gains = [], []
        for sums, offsets in zip(self.sums, self.offsets, strict=True):
            parts = [
                score(s.float().flatten(0, 1), o.float().flatten(0, 1)).view(len(s), -1)
                for s, o in zip(torch.split(sums, 256), torch.split(offsets, 256), strict=True)
            ]
            scores = torch.cat(parts)
            own = scores[:, :1]
            above, equal = (scores[:, 1:] > own).sum(1), (scores[:, 1:] == own).sum(1)
            rank = 1 + above + equal / 2
            hits.append((rank <= 5).double())
            gains.append(torch.where(rank <= 5, 1 / torch.log2(rank.double() + 1), 0))
        return torch.stack(hits).mean(0).numpy(), torch.stack(gains).mean(0).numpy()


def known(sums: Tensor, offsets: Tensor, columns: list[int]) -> NDArray[np.float32]:
    """What trees read."""
    return torch.cat([sums[:, columns].log1p(), offsets], 1).numpy()


def boosted(lessons: Lessons, likes: Ragged, columns: list[int], seed: int) -> Any:
    """Trees that tell likes from images of the pool."""
    generator = torch.Generator().manual_seed(seed)
    kept = torch.rand(len(likes.values), generator=generator) < (TREES_LIKES / likes.lengths[likes.rows].float())
    fresh = ~lessons.pool_liked
    fresh[:, TREES_POOL:] = False
    sums = torch.cat([lessons.likes[kept], lessons.pool[fresh]])
    offsets = torch.cat([lessons.like_offsets.T[kept], lessons.pool_offsets[:, fresh].T])
    labels = np.r_[np.ones(int(kept.sum())), np.zeros(int(fresh.sum()))]
    trees = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.1, early_stopping=False, random_state=seed)
    trees.fit(known(sums, offsets, columns), labels)
    return lambda s, o: torch.from_numpy(trees.decision_function(known(s, o, columns)))


def again(model: HASCPlus, data: Dataset, reasons: tuple[str, ...], seed: int, epochs: int) -> HASCPlus:
    """The same model learned from ``reasons`` alone, with the regression and the sums as they are."""
    torch.manual_seed(seed)
    config = model.config.model_copy(update={"reasons": reasons})
    lessons = model._learned_from()  # noqa: SLF001 (what takes long to make)
    other = HASCPlus(config, data)
    other.reasons, other._lessons = model.reasons, lessons  # noqa: SLF001
    other.filled.fill_(True)
    other.start_epoch(1)
    optimizer = torch.optim.Adam(other.parameters(), lr=config.learning_rate)
    sampler = PairSampler(data, config.batch, config.negatives, torch.device("cpu"))
    for epoch in range(1, epochs + 1):
        for batch in sampler.epoch(seed, epoch):
            optimizer.zero_grad()
            other(batch).backward()
            optimizer.step()
    return other.eval()


def scored(model: HASCPlus) -> Any:
    """Scores of sums and offsets."""

    @torch.no_grad()
    def score(sums: Tensor, offsets: Tensor) -> Tensor:
        strengths, own = model._strengths(sums.T, offsets.T)  # noqa: SLF001
        return strengths.sum(0) + own

    return score


def main() -> None:
    """Learn, rank, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1, help="trainings of hasc-plus beside the run's own")
    parser.add_argument("--epochs", type=int, default=6, help="of these trainings")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    run = Run.open(arguments.run)
    data = run.open_dataset()
    model = run.model(data)
    assert isinstance(model, HASCPlus)
    lessons, pools = model._learned_from(), Pools(model, data, arguments.draws)  # noqa: SLF001
    likes = data.history
    few = (likes.lengths[pools.users] <= torch.quantile(likes.lengths[pools.users].float(), 0.2)).numpy()
    rows: list[dict[str, Any]] = []
    reference: list[NDArray[np.float64]] = []

    def tell(name: str, score: Any, began: float) -> None:
        hits, gains = pools.marks(score)
        if not reference:
            reference.extend([hits, gains])
        tests = [compare(mine, theirs) for mine, theirs in zip(reference, (hits, gains), strict=True)]
        rows.append(
            {"row": name, "HR@5": hits.mean(), "NDCG@5": gains.mean(), "fewest likes": hits[few].mean()}
            | {f"p {m}": test.t_test for m, test in zip(("HR@5", "NDCG@5"), tests, strict=True)}
            | {"s": time.perf_counter() - began}
        )
        print(rows[-1], flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(rows, indent=1))

    every = tuple(COLUMNS)
    tell("hasc-plus, the run", scored(model), time.perf_counter())
    for seed in range(arguments.seeds):
        began = time.perf_counter()
        tell(f"hasc-plus, seed {seed}", scored(again(model, data, every, seed, arguments.epochs)), began)
    if arguments.ablate:
        for reason in every:
            began = time.perf_counter()
            tell(
                f"without {reason}",
                scored(again(model, data, tuple(r for r in every if r != reason), 0, arguments.epochs)),
                began,
            )
        tell("counts alone", scored(again(model, data, PLAIN, 0, arguments.epochs)), time.perf_counter())
    else:
        plain = [column for reason in PLAIN for column in COLUMNS[reason]]
        for name, columns in (("boosted trees, counts alone", plain), ("boosted trees, all sums", list(range(WIDTH)))):
            began = time.perf_counter()
            tell(name, boosted(lessons, likes, columns, 0), began)
    print(pd.DataFrame(rows).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
