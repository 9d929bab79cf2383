"""The region features of images as a model reads them: padded blocks, gathered from where they lie."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features

GATHERED = 256
"""Images gathered at a time, so that their float16 vectors stay in the processor's cache until they are converted."""


class RegionTable(nn.Module):
    """Frozen float16 vectors of every region of every image, never saved with the weights.

    On the CPU the vectors stay in the mapped file until an image is asked for; on another device they are copied there.

    Attributes:
        most: regions of the image that has most, M.
        width: numbers of a region, d.
    """

    vectors: Tensor
    offsets: Tensor

    def __init__(self, vectors: Tensor, sets: Ragged) -> None:
        super().__init__()
        self.register_buffer("vectors", vectors, persistent=False)
        self.register_buffer("offsets", sets.offsets, persistent=False)
        lengths = sets.lengths
        self.most, self.width = int(lengths.max()) if len(lengths) else 0, vectors.shape[1]
        self.regular = bool((lengths == self.most).all())
        self.space: Tensor | None = None

    @classmethod
    def of(cls, dataset: Dataset, features: Features) -> RegionTable:
        """The regions of a dataset's images.

        Raises:
            DataError: the features belong to another state of the dataset.
        """
        features.check(dataset)
        return cls(features.tensor(), features.sets)

    def forward(self, items: Tensor) -> Tensor:
        """Vectors (n, M, d) in float32 of the images ``items`` (n,); 0 where an image has fewer than M regions."""
        if self.regular:
            blocks, found = self.vectors.view(-1, self.most, self.width), self._space(len(items))
            for start in range(0, len(items), GATHERED):
                part = slice(start, start + GATHERED)
                found[part].copy_(blocks.index_select(0, items[part]))
            return found
        block = self.vectors.new_zeros(len(items), self.most, self.width, dtype=torch.float32)
        block[self.present(items)] = self.vectors.index_select(0, self.sets(items).values).float()
        return block

    def _space(self, images: int) -> Tensor:
        """Memory (images, M, d) to gather into, in training the same for every step.

        Hundreds of megabytes fresh from the system in every step cost a tenth of it. Autograd refuses to go back
        through a block that was written over, and outside of training several threads may share a model.
        """
        if not self.training:
            return self.vectors.new_empty(images, self.most, self.width, dtype=torch.float32)
        if self.space is None or len(self.space) < images or self.space.device != self.vectors.device:
            self.space = self.vectors.new_empty(images, self.most, self.width, dtype=torch.float32)
        return self.space[:images]

    def repaint(self, item: int, vectors: Tensor) -> None:
        """Hold other ``vectors`` (regions, d) of an image in the place of its own."""
        self.vectors[int(self.offsets[item]) : int(self.offsets[item + 1])] = vectors.to(self.vectors)

    def sets(self, items: Tensor) -> Ragged:
        """Rows of the feature array that belong to each of ``items`` (n,)."""
        everything = torch.arange(len(self.vectors), device=self.offsets.device)
        return Ragged(self.offsets, everything).select(items)

    def present(self, items: Tensor) -> Tensor:
        """(n, M) whether an image has that many regions."""
        lengths = self.offsets.diff().index_select(0, items)
        return torch.arange(self.most, device=items.device) < lengths.unsqueeze(1)

    def padded(self, items: Tensor, values: Tensor) -> Tensor:
        """Values of the regions of ``items`` laid end to end (regions,), as (n, M) with 0 in the empty places."""
        if self.regular:
            return values.view(len(items), self.most)
        return values.new_zeros(len(items), self.most).masked_scatter(self.present(items), values)

    def flat(self, items: Tensor, values: Tensor) -> Tensor:
        """The opposite of ``padded``: (regions,) of (n, M)."""
        return values.flatten() if self.regular else values[self.present(items)]
