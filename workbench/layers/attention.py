"""The attention network all models share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Squash = Literal["none", "sigmoid", "tanh"]


class AdditiveScore(nn.Module):
    """Two-layer attention score ``v . elu(A query + B key + c)``, optionally squashed.

    The weight matrix over a concatenation [query; key] is kept as its two blocks, so that a node shared by many
    elements is projected once and only added per element. A squash bounds the score: sigmoid before a softmax caps the
    ratio of any two weights at e, tanh at e^2.

    Args:
        query: width of the query.
        key: width of a key.
        hidden: width of the hidden layer.
        squash: none, sigmoid or tanh on the score.
    """

    def __init__(self, query: int, key: int, hidden: int, squash: Squash = "none") -> None:
        super().__init__()
        self.query = nn.Linear(query, hidden)
        self.key = nn.Linear(key, hidden, bias=False)
        self.out = nn.Parameter(torch.empty(hidden))
        self.squash = squash
        nn.init.normal_(self.out, std=hidden**-0.5)

    def combine(self, query: Tensor, key: Tensor) -> Tensor:
        """Scores (...) of projected queries and keys (..., hidden) that broadcast against each other."""
        score = functional.elu(query + key) @ self.out
        if self.squash == "sigmoid":
            return score.sigmoid()
        return score.tanh() if self.squash == "tanh" else score

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Scores (...) of ``query`` (..., query) and ``key`` (..., key)."""
        return self.combine(self.query(query), self.key(key))
