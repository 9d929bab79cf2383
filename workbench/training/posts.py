"""Posts with known popularity, in batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.models.base import PostBatch
from workbench.models.popularity import training_posts
from workbench.training.seeds import mix


class PostSampler:
    """Draws the batches of an epoch from a dataset's training posts.

    The posts are shuffled again for every pass. An epoch is one pass, or a number of batches that may end inside a
    pass: the next epoch then goes on where it ended.

    Args:
        dataset: where the posts come from.
        batch: posts in a batch.
        steps: batches in an epoch; None for one pass.
        device: where the batches live.
        shard: (rank, world size): this process gets its slice of every batch.

    Raises:
        DataError: the dataset has no training posts.
    """

    def __init__(
        self, dataset: Dataset, batch: int, steps: int | None, device: torch.device, shard: tuple[int, int] = (0, 1)
    ) -> None:
        users, items, popularity = training_posts(dataset)
        self.posts = tuple(part.to(device) for part in (users, items, popularity))
        self.batch, self.shard = min(batch, len(users)), shard
        full, rest = divmod(len(users), self.batch)
        # A rest too small to share would leave a process without a post.
        self.per_pass = full + (not steps and rest >= shard[1])
        self.steps = steps or self.per_pass

    def epoch(self, seed: int, epoch: int) -> Iterator[PostBatch]:
        """The batches of one epoch, the same whenever seed and epoch are the same."""
        rank, world = self.shard
        order, current = torch.empty(0), -1
        for step in range((epoch - 1) * self.steps, epoch * self.steps):
            number, place = divmod(step, self.per_pass)
            if number != current:
                order, current = self._shuffled(seed, number), number
            mine = order[place * self.batch : (place + 1) * self.batch].tensor_split(world)[rank]
            users, items, popularity = (part[mine] for part in self.posts)
            yield PostBatch(users, items, popularity)

    def _shuffled(self, seed: int, number: int) -> Tensor:
        generator = torch.Generator().manual_seed(mix(seed, number, -1))
        return torch.randperm(len(self.posts[0]), generator=generator).to(self.posts[0].device)
