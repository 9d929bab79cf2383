"""Fusion of what an image shows and what its text says into one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from workbench.layers.segments import gated_softmax_rows

FusionKind = Literal["attention", "neural", "direct"]


def tower(widths: Sequence[int]) -> nn.Sequential:
    """Fully connected layers with ReLU between them."""
    layers: list[nn.Module] = []
    for narrow, wide in zip(widths[1:], widths[:-1], strict=True):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Fusion(nn.Module):
    """Three ways to fuse the vectors v of an image and x of its text (Ante-RNN, Section 3.4).

    - ``direct``: ``v * x`` (Eq. 11);
    - ``neural``: a network over [v; x] (Eq. 12), ReLU after every layer but the last;
    - ``attention``: ``s = softmax(tower([v; x]))`` and ``tanh(We [(1 + s_v) v; (1 + s_t) x] + be)`` (Eq. 13, 14). Since
      s adds up to 1, one of the two can at most be emphasised twice as much as the other.

    An image without regions, or without words, is read by the other modality alone: the missing one counts as zero
    where vectors are added, as one where they are multiplied.

    Args:
        dim: D of both vectors.
        kind: which of the three.
    """

    def __init__(self, dim: int, kind: FusionKind) -> None:
        super().__init__()
        self.kind = kind
        if kind == "neural":
            self.network = tower([2 * dim, dim, dim])
        if kind == "attention":
            self.tower = tower([2 * dim, dim, max(dim // 2, 2), 2])
            self.dense = nn.Linear(2 * dim, dim)

    def forward(self, image: Tensor, text: Tensor, presence: Tensor) -> tuple[Tensor, Tensor | None]:
        """Fused vectors (n, D), and the weights s (n, 2) of image and text where there are any.

        Args:
            image: (n, D) v.
            text: (n, D) x.
            presence: (n, 2) in [0, 1], how much there is of image and of text.
        """
        if self.kind == "direct":
            seen, said = presence.unsqueeze(-1).unbind(1)
            return (seen * image + (1 - seen)) * (said * text + (1 - said)) * presence.amax(1, keepdim=True), None
        both = torch.cat([image, text], -1)
        if self.kind == "neural":
            fused: Tensor = self.network(both)
            return fused, None
        weights = gated_softmax_rows(self.tower(both), presence)
        emphasised = torch.cat([(1 + weights[:, :1]) * image, (1 + weights[:, 1:]) * text], -1)
        return self.dense(emphasised).tanh(), weights
