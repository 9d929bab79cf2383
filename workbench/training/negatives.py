"""Positive pairs in batches composed by user, and negatives that are never training positives."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.models.base import PairBatch
from workbench.training.seeds import mix

PIECE, USERS = 32, 256
"""So many likes of one user stay together in a batch to share her contexts; more where it still mixes so many users."""
ROUNDS = 1000


class PairSampler:
    """Draws the batches of an epoch from a dataset's training likes.

    Each user's likes are shuffled and cut into pieces of up to 32; whole pieces are shuffled into batches.
    So a batch of 8,192 positives holds a few hundred users, and what depends on the user alone is computed once for
    all her pairs. In larger batches the pieces are ``batch / 256`` long.

    Args:
        dataset: where the likes come from.
        batch: positives in a batch.
        negatives: sampled images for each positive, uniform over those the user did not like in training.
        device: where the batches live.
        shard: (rank, world size): this process gets its slice of every batch, so that any number of processes takes
            the same steps over the same positives.

    Raises:
        ValueError: there is nothing to draw, because no user has both a like and an image she did not like.
    """

    def __init__(
        self, dataset: Dataset, batch: int, negatives: int, device: torch.device, shard: tuple[int, int] = (0, 1)
    ) -> None:
        history = dataset.history.to(device)
        self.n_items = len(dataset.items)
        usable = (history.lengths > 0) & (history.lengths < self.n_items)
        if not usable.any():
            raise ValueError(
                f"dataset '{dataset.name}' has no user with both a training like and an image left to contrast it with"
            )
        self.users = torch.nonzero(usable).flatten()
        self.history = history.select(self.users)
        self.keys = history.rows * self.n_items + history.values
        self.batch, self.negatives, self.device, self.shard = batch, negatives, device, shard
        self.piece = max(batch // USERS, PIECE)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        whole, rest = divmod(len(self.keys), self.batch)
        return whole + (rest >= self.shard[1])

    def epoch(self, seed: int, epoch: int) -> Iterator[PairBatch]:
        """The batches of one epoch, the same whenever seed, epoch and kind of device are the same."""
        rank, world = self.shard
        generator = torch.Generator(device=self.device).manual_seed(mix(seed, epoch, rank))
        users, items = self._shuffled(seed, epoch)
        for step in range(self.steps):
            whole = slice(step * self.batch, (step + 1) * self.batch)
            mine = users[whole].tensor_split(world)[rank]
            yield PairBatch(mine, items[whole].tensor_split(world)[rank], self._negatives(mine, generator))

    def _shuffled(self, seed: int, epoch: int) -> tuple[Tensor, Tensor]:
        """Users and liked images of all positives in the order of this epoch, the same in every process."""
        generator = torch.Generator(device=self.device).manual_seed(mix(seed, epoch, -1))
        rows, values, lengths = self.history.rows, self.history.values, self.history.lengths
        noise = torch.rand(len(rows), generator=generator, device=self.device, dtype=torch.float64)
        values = values[torch.argsort(rows + noise)]
        counts = (lengths + self.piece - 1) // self.piece
        owner = torch.repeat_interleave(torch.arange(len(lengths), device=self.device), counts)
        within = torch.arange(len(owner), device=self.device) - (counts.cumsum(0) - counts)[owner]
        starts = self.history.offsets[owner] + within * self.piece
        order = torch.randperm(len(owner), generator=generator, device=self.device)
        pieces = Ragged(torch.cat([starts, self.history.offsets[-1:]]), values).select(order)
        return self.users[owner[order]].repeat_interleave(pieces.lengths), pieces.values

    def _negatives(self, users: Tensor, generator: torch.Generator) -> Tensor:
        shape = (len(users), self.negatives)
        drawn = torch.randint(self.n_items, shape, generator=generator, device=self.device)
        owner = (users * self.n_items).unsqueeze(1)
        for _ in range(ROUNDS):
            keys = owner + drawn
            at = torch.searchsorted(self.keys, keys).clamp_max(len(self.keys) - 1)
            liked = self.keys[at] == keys
            if not liked.any():
                return drawn
            again = torch.randint(self.n_items, (int(liked.sum()),), generator=generator, device=self.device)
            drawn[liked] = again
        raise ValueError(
            f"after {ROUNDS} draws a user is still without a negative: she liked almost all of {self.n_items} images"
        )
