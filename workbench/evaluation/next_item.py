"""Quality of predicting a user's next like, at every like that is held out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.sequences import Sequences
from workbench.evaluation.evaluate import BLOCK_BYTES, Progress, best, checked, mean_ranks
from workbench.evaluation.metrics import Ranks, coverage, metric
from workbench.evaluation.result import Evaluation, Split, estimates, sparsity_groups
from workbench.models.base import Recommender

NEXT, NEXT_NEW = "next", "next-new"
"""Protocols: the next like among all images (as in Ante-RNN), or among those the user has not liked yet."""
KS = (5, 10, 15, 20, 25)


@dataclass(frozen=True, eq=False)
class Moments:
    """Held-out likes and when they happened.

    Attributes:
        users: (S,) codes.
        until: (S,) how many likes the user had before.
        items: (S,) the image she liked next.
    """

    users: Tensor
    until: Tensor
    items: Tensor

    @classmethod
    def of(cls, sequences: Sequences, split: Split) -> Moments:
        """The likes of a split, of users who liked something before."""
        start, stop = sequences.learned, sequences.validated
        if split == "test":
            start, stop = stop, sequences.sets.lengths
        place = torch.arange(len(sequences.sets.values)) - sequences.sets.offsets[sequences.sets.rows]
        users = sequences.sets.rows
        held = torch.nonzero((place >= start[users]) & (place < stop[users]) & (place > 0)).flatten()
        return cls(users[held], place[held], sequences.sets.values[held])


@torch.no_grad()
def evaluate_next(
    model: Recommender,
    dataset: Dataset,
    protocol: str = NEXT,
    *,
    split: Split = "test",
    ks: Sequence[int] = KS,
    metrics: Sequence[str] | None = None,
    groups: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Rank every held-out like as the user's next one, at the moment it happened (Ante-RNN, Section 4.2).

    A model of sequences knows all likes before that moment, held-out ones included; any other model what it learned in
    training. There is one relevant image at a time, so Recall@K is the share of moments with a hit; means are over
    moments, not users.

    Args:
        model: any ranking model.
        dataset: the one the model was built on; its splits must be in the order of time.
        protocol: ``"next"`` ranks among all images, ``"next-new"`` among those not liked before the moment.
        split: ``"test"`` or ``"validation"``.
        ks: cut-offs of the default metrics Recall and NDCG.
        metrics: names such as ``"Recall@20"`` or ``"MRR"``.
        groups: number of groups of users by train likes; 0 for none.
        seed: recorded in the result, since every protocol has one; nothing is drawn here.
        progress: called after every block with the moments done and the moments in all.

    Raises:
        DataError: likes have no time, or the splits are not in its order.
        ValueError: nothing is held out, or the model gives scores of a wrong shape or that are not finite.
    """
    started = time.perf_counter()
    metrics = metrics or [f"{name}@{k}" for name in ("Recall", "NDCG") for k in ks]
    functions = {name: metric(name) for name in metrics}
    sequences = Sequences.of(dataset)
    moments = Moments.of(sequences, split)
    if not len(moments.users):
        raise ValueError(
            f"dataset '{dataset.name}' has no {split} like that follows another one: nothing can be ranked"
        )
    values, sizes, shown = [], [], []
    for part, everything in _score_blocks(model, moments):
        scores = _among_new(everything, sequences, moments, part) if protocol == NEXT_NEW else everything
        items = moments.items[part].to(scores.device)
        rows = torch.arange(len(items), device=scores.device)
        values.append(mean_ranks(scores, rows, scores[rows, items]).cpu())
        sizes.append(scores.isfinite().sum(1).cpu())
        if ks:
            shown.append(best(scores, max(ks))[0])
        if progress is not None:
            progress(part.stop, len(moments.users))
    ranks = Ranks(torch.arange(len(moments.users) + 1), torch.cat(values), torch.cat(sizes))
    per_moment = {name: function(ranks).numpy() for name, function in functions.items()}
    return Evaluation(
        model=model.name,
        dataset=dataset.name,
        protocol=protocol,
        candidates=float(ranks.candidates.double().mean()),
        draws=1,
        seed=seed,
        split=split,
        users=len(torch.unique(moments.users)),
        moments=len(moments.users),
        metrics=estimates(per_moment),
        groups=sparsity_groups(moments.users, dataset.history.lengths[moments.users], per_moment, groups),
        coverage={f"Coverage@{k}": coverage(torch.cat(shown)[:, :k], model.n_items) for k in ks},
        seconds=time.perf_counter() - started,
        user_codes=moments.users.numpy(),
        per_user=per_moment,
    )


def _score_blocks(model: Recommender, moments: Moments) -> Iterator[tuple[slice, Tensor]]:
    """Slices of the moments with their scores (S, images); a user's moments stay together as far as they fit."""
    block = max(1, BLOCK_BYTES // (4 * model.n_items))
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(moments.users), block):
            part = slice(start, min(start + block, len(moments.users)))
            users, until = (side[part].to(model.device) for side in (moments.users, moments.until))
            yield part, checked(model, model.score_moments(users, until), users)
    finally:
        model.train(was_training)


def _among_new(scores: Tensor, sequences: Sequences, moments: Moments, part: slice) -> Tensor:
    """The ``scores`` (S, images) of a slice of the moments, -inf for the images liked before each."""
    users, until = moments.users[part], moments.until[part]
    rows = torch.repeat_interleave(torch.arange(len(users)), until)
    place = torch.arange(len(rows)) - torch.repeat_interleave(until.cumsum(0) - until, until)
    seen = sequences.sets.values[sequences.sets.offsets[users[rows]] + place]
    return scores.index_put((rows.to(scores.device), seen.to(scores.device)), scores.new_tensor(-torch.inf))
