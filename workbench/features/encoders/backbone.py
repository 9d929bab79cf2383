"""Vision backbones of transformers: the last map of a convolutional network, the patch tokens of a transformer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from workbench.features.encoders.base import Encoded, EncoderError, Grid, Picture
from workbench.features.encoders.pretrained import Pretrained


class Backbone(Pretrained):
    """A vector for each cell of a backbone's last map, or their means over another grid."""

    def __init__(self, name: str, model: Any, processor: Any, device: torch.device, grid: Grid | None) -> None:
        # Of a model of pictures and words (CLIP, SigLIP) only the part that sees is of use.
        super().__init__(name, getattr(model, "vision_model", model), processor, device)
        self._pool = grid
        with torch.inference_mode():
            cells = self.forward(torch.zeros(1, 3, *self._size, device=device))
        self.grid = (cells.shape[2], cells.shape[3])

    def forward(self, pixels: Tensor) -> Tensor:
        """Cells (n, d, rows, columns)."""
        state: Tensor = self._model(pixel_values=pixels).last_hidden_state
        cells = self._cells(state, pixels)
        return functional.adaptive_avg_pool2d(cells, self._pool) if self._pool else cells

    def _cells(self, state: Tensor, pixels: Tensor) -> Tensor:
        """The last hidden state as a map: class and register tokens, which stand before the patches, are dropped."""
        if state.ndim == 4:
            return state
        patch = getattr(self._model.config, "patch_size", None)
        sides = patch if isinstance(patch, Sequence) else (patch, patch)
        if patch is None or state.ndim != 3:
            raise EncoderError(f"'{self.name}' gives no map of regions: take a ResNet, ConvNeXt, ViT, DINOv2 or SigLIP")
        grid = tuple(length // side for length, side in zip(pixels.shape[2:], sides, strict=True))
        patches = math.prod(grid)
        if state.shape[1] < patches:
            raise EncoderError(f"'{self.name}' gives fewer tokens than patches: take a ViT, DINOv2, SigLIP or ResNet")
        return state[:, -patches:].transpose(1, 2).reshape(len(state), -1, *grid)

    @torch.inference_mode()
    def encode(self, images: Sequence[Picture]) -> Encoded:
        """A region for each cell, row by row."""
        cells = self.forward(self.prepared(images))
        return Encoded(list(cells.flatten(2).transpose(1, 2).float().cpu().numpy()))
