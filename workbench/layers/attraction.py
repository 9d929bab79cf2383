"""Attention of two minds: a user's own, and one that all users share (MLAM)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def bounded(scores: Tensor, flat: float) -> Tensor:
    """``e / sqrt(1 + flat e^2)``: scores between ``-1 / sqrt(flat)`` and ``1 / sqrt(flat)``."""
    return scores * torch.rsqrt(1 + flat * scores.square())


class Attraction(nn.Module):
    """One level of MLAM: ``tanh(A personal + B common + c)`` of two sums, and how both weigh what they add up.

    Attributes:
        users: the vectors that what is added up is compared with, for each user.

    Args:
        users: how many there are.
        dim: D.
        flat: bound of the personal scores; ``common`` of the common ones.
        dropout: of what enters.
    """

    def __init__(self, users: int, dim: int, flat: float, common: float, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * dim, dim), nn.Tanh())
        self.users, self.score = nn.Embedding(users, dim), nn.Linear(dim, 1)
        nn.init.normal_(self.users.weight, std=dim**-0.5)
        self.flat, self.common_flat = flat, common

    def personal(self, scores: Tensor) -> Tensor:
        """What ``scores`` of a user's own taste come to."""
        return bounded(scores, self.flat)

    def common(self, vectors: Tensor) -> Tensor:
        """Scores (...) of ``vectors`` (..., D) by the taste of all users."""
        return bounded(self.score(vectors).squeeze(-1), self.common_flat)

    def join(self, personal: Tensor, common: Tensor) -> Tensor:
        """Vectors (n, D) of both sums (n, D)."""
        vectors: Tensor = self.dense(torch.cat([personal, common], -1))
        return vectors
