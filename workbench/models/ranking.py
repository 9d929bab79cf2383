"""What ranking models share: the pairwise loss, the regulariser, the way tables start."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def bpr_loss(difference: Tensor) -> Tensor:
    """``- mean ln sigmoid(positive - negative)`` over ``difference`` (B, n) (Rendle et al. 2009)."""
    return functional.softplus(-difference).mean()


def squared(rows: Tensor) -> Tensor:
    """Sum of squares, for an L2 penalty on the rows a batch used."""
    flat = rows.flatten()
    return flat @ flat


def drawn(rows: int, share: float, device: torch.device) -> Tensor:
    """Random places (n,) among ``rows``, of which n is about this ``share`` and at least one.

    With the share of all likes that a batch holds, the mean over these places, times rows / likes, has the expectation
    of a regulariser that sums over all rows, beside the mean loss of a like.
    """
    return torch.randint(rows, (max(1, round(rows * share)),), device=device)


def normal_table(rows: int, dim: int, std: float = 0.01) -> nn.Embedding:
    """A table of embeddings (rows, dim) drawn from N(0, std^2)."""
    table = nn.Embedding(rows, dim)
    nn.init.normal_(table.weight, std=std)
    return table
