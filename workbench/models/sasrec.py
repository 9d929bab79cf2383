"""SASRec: self-attention over the likes of a user."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.segments import gated_softmax_rows
from workbench.layers.steps import Steps
from workbench.models.base import Level, Paper, Reading
from workbench.models.ranking import normal_table
from workbench.models.sequence import SequenceConfig, SequenceModel


class SASRecConfig(SequenceConfig):
    """Hyperparameters of SASRec.

    Attributes:
        blocks: self-attention blocks.
        heads: attention heads of each.
    """

    learning_rate: float = 1e-3
    dropout: float = Field(0.3, ge=0, lt=1)
    blocks: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)


@dataclass(frozen=True)
class _Seen:
    """States (R, L, D), and the attention (R, L, L) of the last block, its heads averaged, where it was asked for."""

    states: Tensor
    attention: Tensor | None


class Block(nn.Module):
    """Self-attention to earlier steps and a feed-forward layer, both normalised before and added to their input.

    Args:
        dim: width of the states.
        heads: that divide it.
        dropout: share of numbers left out in training.
    """

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before, self.between = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query_key_value, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.feed = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(dim, dim))
        self.drop = nn.Dropout(dropout)

    def forward(self, states: Tensor, gates: Tensor | None, weigh: bool) -> tuple[Tensor, Tensor | None]:
        """States (R, L, D) and, where asked to ``weigh`` or anything is gated, the attention (R, L, L)."""
        rows, steps, dim = states.shape
        parts = self.query_key_value(self.before(states)).view(rows, steps, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        weights = None
        if gates is None and not weigh:
            share = self.dropout if self.training else 0.0
            seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True, dropout_p=share)
        else:
            earlier = torch.ones(steps, steps, device=states.device).tril()
            opened = earlier if gates is None else earlier * gates.view(rows, 1, 1, steps)
            scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
            weights = gated_softmax_rows(scores, opened.expand_as(scores))
            seen = weights @ value
        states = states + self.drop(self.out(seen.transpose(1, 2).reshape(rows, steps, dim)))
        states = states + self.drop(self.feed(self.between(states)))
        return states, None if weights is None else weights.mean(1)


class SASRec(SequenceModel):
    """``score_t(j) = h_t . q_j + b_j``, where ``h_t`` comes from blocks of self-attention over likes 1..t.

    The attention told is that of the last block from the latest like to all likes, its heads averaged. The states it
    weighs have already mixed the likes in earlier blocks, so it says where the last block looked, not what the score
    is made of; leaving a like out tells that. A like that is left out closes the gap: later ones move up.
    """

    name = "sasrec"
    paper = Paper("Kang and McAuley", "Self-Attentive Sequential Recommendation", "ICDM", 2018)
    Config = SASRecConfig
    config: SASRecConfig

    def __init__(self, config: SASRecConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        if config.dim % config.heads:
            raise ValueError(f"heads={config.heads} do not divide dim={config.dim}: choose a divisor")
        self.positions = normal_table(config.longest, config.dim, 0.02)
        nn.init.normal_(self.items.weight, std=0.02)
        self.blocks = nn.ModuleList([Block(config.dim, config.heads, config.dropout) for _ in range(config.blocks)])
        self.normalise = nn.LayerNorm(config.dim)

    def _positions(self, steps: Steps) -> Tensor:
        """Vectors (R or 1, L, D) of how many likes came before; between two whole numbers, between their vectors."""
        if steps.gates is None:
            return self.positions.weight[: steps.items.shape[1]].unsqueeze(0)
        before = steps.gates.cumsum(1) - steps.gates
        low = before.detach().floor().long()
        first, second = self.positions(low), self.positions((low + 1).clamp_max(self.config.longest - 1))
        return torch.lerp(first, second, (before - low).unsqueeze(-1))

    def _see(self, steps: Steps, weigh: bool = False) -> _Seen:
        states = self.drop(self.items(steps.items) * self.config.dim**0.5 + self._positions(steps))
        attention = None
        for block in self.blocks:
            states, attention = block(states, steps.gates, weigh)
        return _Seen(self.normalise(states), attention)

    def walk(self, steps: Steps, likes: Ragged, gates: Gates) -> Tensor:
        """States (R, L, D) after each like."""
        return self._see(steps).states

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The score, and the attention of the last block from the latest like."""
        likes = self.likes(users, gates)
        steps = self.steps(likes, gates.on("history", likes)).packed()
        seen = self._see(steps, weigh=True)
        assert seen.attention is not None
        weights = torch.zeros_like(likes.values, dtype=seen.states.dtype)
        weights[steps.place[steps.present]] = steps.last(seen.attention)[steps.present]
        scores = self.pair_scores(steps, steps.last(seen.states), items, gates)
        level = Level("history", self.images(likes), attention=weights, contribution=None)
        return Reading(scores=scores, own=self.unread(items), levels=(level,))
