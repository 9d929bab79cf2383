"""Whole sequences of likes in batches, those of about the same length together."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.models.base import SequenceBatch
from workbench.training.seeds import mix

MIXED = 0.3
"""Standard deviation of the noise on the logarithm of the lengths: users meet others in every epoch."""


class SequenceSampler:
    """Draws the batches of an epoch: users, each once, with all training likes of theirs.

    Users with about as many likes as each other come together, so that little is padded.

    Args:
        dataset: where the likes come from.
        batch: likes in a batch, about, padding included.
        device: where the batches live.
        shard: (rank, world size): this process gets its slice of every batch.

    Raises:
        ValueError: there is nothing to learn, because no user has two training likes.
    """

    def __init__(self, dataset: Dataset, batch: int, device: torch.device, shard: tuple[int, int] = (0, 1)) -> None:
        lengths = dataset.history.lengths
        self.users = torch.nonzero(lengths >= 2).flatten()
        if len(self.users) < shard[1]:
            raise ValueError(
                f"dataset '{dataset.name}' has too few users with two training likes to learn an order from"
            )
        self.lengths = lengths[self.users]
        self.batch, self.device, self.shard = batch, device, shard
        # What an epoch has on average; the noise may make it one more or less.
        self.steps = len(self._batches(self.lengths.argsort()))

    def epoch(self, seed: int, epoch: int) -> Iterator[SequenceBatch]:
        """The batches of one epoch, the same whenever seed and epoch are the same."""
        rank, world = self.shard
        generator = torch.Generator().manual_seed(mix(seed, epoch, -1))
        noise = torch.randn(len(self.users), generator=generator, dtype=torch.float64)
        batches = self._batches((self.lengths.log() + MIXED * noise).argsort())
        self.steps = len(batches)
        for number in torch.randperm(len(batches), generator=generator).tolist():
            yield SequenceBatch(self.users[batches[number][rank::world]].to(self.device))

    def _batches(self, order: Tensor) -> list[Tensor]:
        """The users in ``order`` cut so that their number times the longest sequence among them fits a batch."""
        world = self.shard[1]
        found, start, longest = [], 0, 0
        for at, length in enumerate(self.lengths[order].tolist()):
            longest = max(longest, length)
            if at - start >= world and (at - start + 1) * longest > self.batch:
                found.append(order[start:at])
                start, longest = at, length
        # A rest too small to share joins the batch before it.
        if len(order) - start < world and found:
            found[-1] = torch.cat([found[-1], order[start:]])
        else:
            found.append(order[start:])
        return found
