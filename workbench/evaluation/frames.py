"""Quality of key frames: does a model find the frame of an item that a user liked it for?"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, log2

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.evaluation.evaluate import Progress
from workbench.evaluation.metrics import Ranks, metric
from workbench.evaluation.result import Evaluation, FrameSplit, estimates, sparsity_groups
from workbench.layers.segments import segment_sum
from workbench.models.base import Recommender
from workbench.models.frames import FrameReader, frame_reader

FRAMES = "frames"
"""Name of the protocol."""
METRICS = ("HR@1", "HR@3", "NDCG@3", "NDCG@5")
PAIRS = 2048
"""Pairs scored at a time."""

Means = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class FramePairs:
    """Pairs of a user and an item of which it is known what frames she liked it for.

    Attributes:
        users: (R,) codes; ``items`` (R,).
        liked: R sets of the ids of those frames, as the dataset writes them.
    """

    users: Tensor
    items: Tensor
    liked: list[frozenset[int | str]]

    @classmethod
    def of(cls, dataset: Dataset, split: FrameSplit) -> FramePairs:
        """The likes of a split, or all of them, whose planted cause names a frame.

        Raises:
            DataError: no cause of such a like names one.
        """
        causes = dataset.table("causes") if dataset.has("causes") else pd.DataFrame()
        if not {"source", "frame"} <= set(causes):
            raise DataError(
                f"{dataset.root} has no causes that name frames, which key frames are marked by: make a world that has "
                "with 'workbench demo'"
            )
        causes = causes[(causes["source"] == "like") & causes["frame"].notna()]
        users, items = dataset.likes() if split == "all" else dataset.likes(split)
        n = len(dataset.items)
        pairs = dataset.users.codes(causes["user"]) * n + dataset.items.codes(causes["item"])
        held = np.isin(pairs, (users * n + items).numpy())
        if not held.any():
            raise DataError(f"{dataset.root}: no cause of a like of the {split} split names a frame, try --split all")
        frames = pd.Series(causes["frame"].tolist()).map(_plain)[held]
        sets = frames.groupby(pairs[held]).agg(frozenset)
        codes = torch.from_numpy(sets.index.to_numpy(np.int64).copy())
        return cls(codes // n, codes % n, sets.tolist())

    def __len__(self) -> int:
        return len(self.users)


@torch.no_grad()
def evaluate_frames(
    model: Recommender,
    dataset: Dataset,
    *,
    split: FrameSplit = "test",
    ks: Sequence[int] = (),
    metrics: Sequence[str] | None = None,
    groups: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Rank the frames of every item a user liked for a known frame; means are over pairs of user and item.

    No model learns from what is known of frames, so likes of the train split may be marked as well: ``split="all"``.
    Standard errors take pairs for independent. Frames with equal scores share their mean rank. Beside the metrics
    stand controls: ``random``, the exact expectation of a random order; ``shuffled frames``, every frame scored as
    another frame drawn at random; ``another user``, the frames ranked for a user drawn at random.

    Args:
        model: any model that scores frames (``workbench.models.frames``).
        dataset: the one the model was built on.
        split: whose likes are marked.
        ks: cut-offs of HR and NDCG; HR@1, HR@3, NDCG@3 and NDCG@5 where left out.
        metrics: names of HR and NDCG with a cut-off, in place of ``ks``.
        groups: number of groups of users by train likes; 0 for none.
        seed: of the controls that are drawn.
        progress: called after every block with the pairs done and the pairs in all.

    Raises:
        DataError: nothing is known of frames.
        ValueError: the model scores no frames, or a metric is none of HR and NDCG with a cut-off.
    """
    started = time.perf_counter()
    reader = frame_reader(model)
    if reader is None:
        raise ValueError(
            f"{model.name} scores no frames: evaluate a run of jifr, of cdl with inputs=convnet, or of acf with "
            "features=convnet-frames"
        )
    names = tuple(metrics or [f"{name}@{k}" for name in ("HR", "NDCG") for k in ks] or METRICS)
    for name in names:
        if not name.startswith(("HR@", "NDCG@")):
            raise ValueError(f"Frames are ranked by HR@K and NDCG@K, not by {name!r}.")
    pairs = FramePairs.of(dataset, split)
    model.eval()
    frames, scores = _scores(reader, model.device, pairs, progress)
    marks = _liked(reader, pairs, frames)
    found = _values(names, frames, scores, marks)
    exact = {name: expectation(name, frames.lengths, segment_sum(marks.long(), frames)) for name in names}
    drawn = _drawn(reader, model, pairs, frames, seed)
    controls = {"random": exact} | {name: _values(names, frames, values, marks) for name, values in drawn.items()}
    return Evaluation(
        model=model.name,
        dataset=dataset.name,
        protocol=FRAMES,
        candidates=float(frames.lengths.double().mean()),
        draws=1,
        seed=seed,
        split=split,
        users=len(torch.unique(pairs.users)),
        pairs=len(pairs),
        metrics=estimates(found),
        controls={name: {key: float(each.mean()) for key, each in values.items()} for name, values in controls.items()},
        groups=sparsity_groups(pairs.users, dataset.history.lengths[pairs.users], found, groups),
        coverage={},
        seconds=time.perf_counter() - started,
        user_codes=pairs.users.numpy(),
        per_user=found,
    )


def expectation(name: str, frames: Tensor, liked: Tensor) -> NDArray[np.float64]:
    """(R,) exact mean of a metric over all orders of the ``frames`` (R,) of each pair, ``liked`` (R,) of them right.

    HR@K is 1 - C(n - p, K) / C(n, K). NDCG@K is the chance p / n of a right frame in each of the first K places times
    its gain, over the best gain.
    """
    base, _, cut = name.partition("@")
    k = int(cut)
    values = []
    for n, p in zip(frames.tolist(), liked.tolist(), strict=True):
        if base == "HR":
            values.append(1 - comb(n - p, min(k, n)) / comb(n, min(k, n)))
            continue
        gains = [1 / log2(place + 1) for place in range(1, k + 1)]
        values.append(p / n * sum(gains[:n]) / sum(gains[:p]))
    return np.array(values)


def _plain(frame: object) -> int | str:
    """The id of a frame as features write it."""
    return frame if isinstance(frame, str) else int(frame)  # type: ignore[call-overload]


def _scores(
    reader: FrameReader, device: torch.device, pairs: FramePairs, progress: Progress | None
) -> tuple[Ragged, Tensor]:
    """Frames of the items of all pairs, and their scores (frames,)."""
    lengths, codes, scores = [], [], []
    for start in range(0, len(pairs), PAIRS):
        part = slice(start, min(start + PAIRS, len(pairs)))
        sets, values = reader.scores(pairs.users[part].to(device), pairs.items[part].to(device))
        lengths.append(sets.lengths.cpu())
        codes.append(sets.values.cpu())
        scores.append(values.cpu())
        if progress is not None:
            progress(part.stop, len(pairs))
    return Ragged.from_lengths(torch.cat(lengths), torch.cat(codes)), torch.cat(scores)


def _liked(reader: FrameReader, pairs: FramePairs, frames: Ragged) -> Tensor:
    """(frames,) whether a frame is one that the user liked the item for.

    Raises:
        DataError: a liked frame is none of those the features have.
    """
    ids, places = reader.features.region_ids, zip(frames.values.tolist(), frames.rows.tolist(), strict=True)
    marks = torch.tensor([ids[code] in pairs.liked[row] for code, row in places])
    missing = segment_sum(marks.long(), frames) != torch.tensor([len(liked) for liked in pairs.liked])
    if missing.any():
        raise DataError(
            f"{reader.features.folder} lacks frames that causes name: make the features again with "
            "'workbench features' and --of frames"
        )
    return marks


def _values(names: Sequence[str], frames: Ragged, scores: Tensor, marks: Tensor) -> Means:
    """By metric, (R,) its value for each pair."""
    of_pairs = Ragged.from_lengths(segment_sum(marks.long(), frames), _ranks(frames, scores)[marks])
    found = Ranks(of_pairs.offsets, of_pairs.values, frames.lengths)
    return {name: metric(name)(found).numpy() for name in names}


def _ranks(frames: Ragged, scores: Tensor) -> Tensor:
    """(frames,) rank of each frame within its set, 1 = best, ties at their mean."""
    table = pd.DataFrame({"row": frames.rows.numpy(), "score": scores.numpy()})
    ranks = table.groupby("row")["score"].rank(ascending=False, method="average")
    return torch.tensor(ranks.to_numpy(np.float64))


def _drawn(reader: FrameReader, model: Recommender, pairs: FramePairs, frames: Ragged, seed: int) -> dict[str, Tensor]:
    """Scores (frames,) of the controls that are drawn; a score that holds within an item alone cannot be shuffled."""
    generator = torch.Generator().manual_seed(seed)
    shift = torch.randint(1, max(model.n_users, 2), (len(pairs),), generator=generator)
    others = (pairs.users + shift) % model.n_users
    swapped = FramePairs(others, pairs.items, pairs.liked)
    drawn = {"another user": _scores(reader, model.device, swapped, None)[1]}
    if not reader.comparable:
        return drawn
    sets = reader.features.sets
    reels = torch.nonzero(sets.lengths > 1).flatten()
    pool = sets.select(reels)
    places = torch.randint(len(pool.values), (len(frames.values),), generator=generator)
    codes, items = pool.values[places], reels[pool.rows[places]]
    found, scores = _scores(reader, model.device, FramePairs(pairs.users[frames.rows], items, []), None)
    drawn["shuffled frames"] = scores[found.values == codes[found.rows]]
    return drawn
