"""Ranking quality of a model on the held-out likes of a dataset, in blocks of users."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.evaluation.metrics import Ranks, coverage, metric
from workbench.evaluation.protocols import FULL, Candidates, Protocol
from workbench.evaluation.result import Evaluation, Split, estimates, sparsity_groups
from workbench.models.base import Recommender

BLOCK_BYTES = 30 << 20
"""Scores held at a time. Above 32 MB the C allocator takes every block fresh from the system, which is slower."""

COMPARED = 1 << 20
"""Scores compared at a time when counting ranks, so that they stay in the processor's cache."""

WITH_CUT = ("HR", "NDCG", "Recall", "Precision")
WITHOUT_CUT = ("MAP", "MRR", "AUC")

Progress = Callable[[int, int], None]


@torch.no_grad()
def evaluate(
    model: Recommender,
    dataset: Dataset,
    protocol: Protocol = FULL,
    *,
    split: Split = "test",
    ks: Sequence[int] = (5, 10, 20),
    metrics: Sequence[str] | None = None,
    seed: int = 0,
    groups: int = 5,
    block: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Rank the held-out likes of every user who has some.

    Likes of earlier splits (train; for the test also validation) are known and never ranked. Results do not depend
    on ``block``, and candidates depend on ``seed`` and the dataset alone, so two models meet the same ones.

    Args:
        model: any ranking model.
        dataset: the one the model was built on.
        protocol: what the held-out images are ranked against.
        split: ``"test"`` or ``"validation"``.
        ks: cut-offs of the default metrics and of the coverage; without any, no coverage is computed.
        metrics: names such as ``"NDCG@5"`` or ``"AUC"``; by default HR, NDCG, Recall and Precision at every cut-off
            of ``ks``, MAP, MRR and AUC.
        seed: of the random candidates.
        groups: number of groups of users by train likes (quantiles; equal users stay together); 0 for none.
        block: users scored at a time; by default as many as ``BLOCK_BYTES`` of scores hold.
        progress: called after every block with the users done and the users in all.

    Raises:
        ValueError: if nobody has held-out likes, a metric is unknown, or the model gives scores of a wrong shape or
            that are not finite.
    """
    started = time.perf_counter()
    if metrics is None:
        metrics = [f"{name}@{k}" for name in WITH_CUT for k in ks] + list(WITHOUT_CUT)
    functions = {name: metric(name) for name in metrics}
    task = _Task.of(dataset, protocol, split, seed, model.device)
    ranks, shown = _rank(model, task, max(ks, default=0), block, progress)
    per_user = {
        name: torch.stack([function(drawn) for drawn in ranks]).mean(0).cpu().numpy()
        for name, function in functions.items()
    }
    codes = task.users.cpu()
    return Evaluation(
        model=model.name,
        dataset=dataset.name,
        protocol=protocol.name,
        candidates=float(ranks[0].candidates.double().mean()),
        draws=protocol.draws,
        seed=seed,
        split=split,
        users=codes.numel(),
        metrics=estimates(per_user),
        groups=sparsity_groups(codes, dataset.history.lengths[codes], per_user, groups),
        coverage={f"Coverage@{k}": coverage(shown[:, :k], model.n_items) for k in ks},
        seconds=time.perf_counter() - started,
        user_codes=codes.numpy(),
        per_user=per_user,
    )


@torch.no_grad()
def top_k(
    model: Recommender, users: Tensor, k: int, exclude: Ragged | None = None, block: int | None = None
) -> tuple[Tensor, Tensor]:
    """The best ``k`` images of every user, best first.

    Args:
        model: any ranking model.
        users: (U,) codes.
        k: length of the lists; at most the number of images is given.
        exclude: all users of the dataset -> images to leave out, e.g. ``dataset.known``.
        block: users scored at a time; by default as many as ``BLOCK_BYTES`` of scores hold.

    Returns:
        Item codes (U, k) and scores (U, k) on the CPU; item -1 with score -inf where fewer than k images are left.

    Raises:
        ValueError: if the model gives scores of a wrong shape or that are not finite.
    """
    device = model.device
    users = users.to(device)
    known = None if exclude is None else exclude.to(device)
    found = [best(scores, k) for _, scores in _score_blocks(model, users, known, block)]
    if not found:
        return torch.empty((0, k), dtype=torch.int64), torch.empty((0, k))
    return torch.cat([items for items, _ in found]), torch.cat([scores for _, scores in found])


@dataclass(frozen=True, eq=False)
class _Task:
    """Who is evaluated against what, on the device of the model.

    Attributes:
        users: (U,) codes of users with held-out likes.
        relevant: U sets of held-out images.
        known: all users -> images liked in earlier splits.
        drawn: random candidates, None where all images are ranked.
        protocol: the protocol.
    """

    users: Tensor
    relevant: Ragged
    known: Ragged
    drawn: Candidates | None
    protocol: Protocol

    @classmethod
    def of(cls, dataset: Dataset, protocol: Protocol, split: Split, seed: int, device: torch.device) -> _Task:
        n_users, n_items = len(dataset.users), len(dataset.items)
        earlier = ("train",) if split == "validation" else ("train", "validation")
        held_out = Ragged.from_pairs(*dataset.likes(split), n_users).to(device)
        users = held_out.lengths.nonzero().squeeze(1)
        if not users.numel():
            raise ValueError(
                f"Dataset {dataset.name!r} has no likes in its {split} split; fill the column split of likes.parquet."
            )
        drawn = None
        if protocol.candidates is not None:
            drawn = Candidates.draw(dataset.known.to(device), n_items, protocol.draws, seed)
        known = Ragged.from_pairs(*dataset.likes(*earlier), n_users).to(device)
        return cls(users, held_out.select(users), known, drawn, protocol)

    def pools(self, part: slice, scores: Tensor) -> Iterator[Tensor]:
        """For each draw the (R, n) scores of the images ranked for the users of ``part``, -inf where there is none."""
        if self.drawn is None or self.protocol.candidates is None:
            yield scores
            return
        own = self.relevant.select(torch.arange(part.start, part.stop, device=scores.device))
        held_out = scores.new_full((len(own), int(own.lengths.max())), -torch.inf)
        place = torch.arange(own.values.numel(), device=scores.device) - own.offsets[own.rows]
        held_out[own.rows, place] = scores[own.rows, own.values]
        for draw in range(self.protocol.draws):
            items = self.drawn.of(self.users[part], self.protocol.candidates, draw)
            drawn = scores.gather(1, items.clamp(min=0)).masked_fill(items < 0, -torch.inf)
            yield torch.cat([held_out, drawn], 1)

    def pool_sizes(self, n_items: int) -> Tensor:
        """(U,) number of images ranked for each user."""
        if self.drawn is None:
            return n_items - self.known.lengths[self.users]
        unrated = n_items - self.drawn.liked.lengths[self.users]
        return self.relevant.lengths + unrated.clamp(max=self.protocol.candidates)


def _rank(
    model: Recommender, task: _Task, k: int, block: int | None, progress: Progress | None
) -> tuple[list[Ranks], Tensor]:
    """Ranks of the held-out images for each draw, and the first k images (U, k) of the full ranking."""
    blocks: list[Tensor] = []
    shown: list[Tensor] = []
    for part, scores in _score_blocks(model, task.users, task.known, block):
        own = task.relevant.select(torch.arange(part.start, part.stop, device=scores.device))
        rows, values = own.rows, scores[own.rows, own.values]
        blocks.append(torch.stack([mean_ranks(pool, rows, values) for pool in task.pools(part, scores)]))
        if k:
            shown.append(best(scores, k)[0])
        if progress is not None:
            progress(part.stop, task.users.numel())
    sizes = task.pool_sizes(model.n_items)
    ranks = [Ranks(task.relevant.offsets, drawn, sizes) for drawn in torch.cat(blocks, 1)]
    return ranks, torch.cat(shown) if k else torch.empty((0, 0), dtype=torch.int64)


def mean_ranks(pool: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """(E,) mean rank of score ``values`` (E,), each one of its row ``rows`` (E,) of ``pool`` (R, n).

    With g scores above, l below and e equal (itself included) it is g + (e + 1) / 2 = (g - l + n + 1) / 2, so one
    sum of signs is enough; an absent image (-inf) lies below everything and moves no rank.
    """
    chunk = max(1, COMPARED // pool.shape[1])
    above_less_below = [
        (pool[some] - value[:, None]).sign_().sum(1)
        for some, value in zip(torch.split(rows, chunk), torch.split(values, chunk), strict=True)
    ]
    return (torch.cat(above_less_below).double() + pool.shape[1] + 1) / 2


def best(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Columns and values (R, k) of the largest of each row, on the CPU; -1 where only absent images (-inf) are left."""
    found = scores.topk(min(k, scores.shape[1]), dim=1)
    return torch.where(found.values == -torch.inf, -1, found.indices).cpu(), found.values.cpu()


def _score_blocks(
    model: Recommender, users: Tensor, known: Ragged | None, block: int | None
) -> Iterator[tuple[slice, Tensor]]:
    """Slices of ``users`` with their scores (R, images), -inf for images already known to the user.

    Scores are computed without gradient rather than in inference mode: what a model keeps for the next call must
    stay usable for attribution.
    """
    block = block or max(1, BLOCK_BYTES // (4 * model.n_items))
    was_training = model.training
    model.eval()
    try:
        for start in range(0, users.numel(), block):
            some = users[start : start + block]
            scores = checked(model, model.score_items(some), some)
            if known is not None:
                hidden = known.select(some)
                scores = scores.index_put((hidden.rows, hidden.values), scores.new_tensor(-torch.inf))
            yield slice(start, start + some.numel()), scores
    finally:
        model.train(was_training)


def checked(model: Recommender, scores: Tensor, users: Tensor) -> Tensor:
    """The scores in at least single precision, if they are finite and of the right shape."""
    wanted = (users.numel(), model.n_items)
    if scores.shape != wanted:
        raise ValueError(f"score_items of {model.name} gave shape {tuple(scores.shape)}; it must give {wanted}.")
    if not torch.stack(scores.aminmax()).isfinite().all():
        raise ValueError(
            f"{model.name} gives scores that are NaN or infinite; train it again with a lower learning_rate."
        )
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
