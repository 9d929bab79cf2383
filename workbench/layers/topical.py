"""Attention over the words of texts, led by the topics a user is interested in."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.layers.components import component_scores, pooled
from workbench.layers.segments import gated_softmax_rows


class TopicalAttention(nn.Module):
    """``x = sum_j a_j e_j`` with ``a = softmax(q . tanh(Wa eta + Ua e_j))`` (Ante-RNN, Eq. 8-10).

    Args:
        dim: D of the word states e.
        topics: K of the interest eta; 0 for the plain average of the words (the ablation without topical attention).
    """

    def __init__(self, dim: int, topics: int) -> None:
        super().__init__()
        self.topics = topics
        if topics:
            self.interest = nn.Linear(topics, dim)
            self.word = nn.Linear(dim, dim, bias=False)
            self.out = nn.Parameter(torch.randn(dim) * dim**-0.5)

    def forward(self, words: Tensor, gates: Tensor, eta: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Read texts, each with an interest of its own.

        Args:
            words: (n, N, D) states of the words of the distinct texts.
            gates: (n, N) in [0, 1]; 0 for padding.
            eta: (E, K) the interest with which each of E texts is read.
            text: (E,) which of the n texts each is; fastest in ascending order.

        Returns:
            vectors (E, D) and attention (E, N).
        """
        if not self.topics:
            # Everybody reads a text in the same way.
            weights = gated_softmax_rows(torch.zeros_like(gates), gates)
            vectors = torch.bmm(weights.unsqueeze(1), words).squeeze(1)
            return vectors.index_select(0, text), weights.index_select(0, text)
        scores = component_scores(self.word(words), self.interest(eta), self.out, text, "tanh")
        weights = gated_softmax_rows(scores, gates.index_select(0, text))
        return pooled(weights, words, text), weights


def muted(eta: Tensor, gates: Tensor) -> Tensor:
    """Interest in the topics that ``gates`` leave: what the others had is shared among them in proportion.

    With g the largest gate of the topics of a row, the row adds up to g times what it did.

    Args:
        eta: (E, K) at least 0.
        gates: (E, K) in [0, 1].
    """
    left = eta * gates
    largest = gates.masked_fill(eta <= 0, 0).amax(1, keepdim=True)
    return left * (
        largest * eta.sum(1, keepdim=True) / left.sum(1, keepdim=True).clamp_min(torch.finfo(eta.dtype).tiny)
    )
