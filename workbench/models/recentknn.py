"""Item-based neighbours of the last likes alone: what comes next is like what came just before."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, Paper, Reading
from workbench.models.itemknn import ItemKNNConfig
from workbench.models.moments import MomentModel
from workbench.models.neighbours import Similarities, nearest, spread


class RecentKNNConfig(ItemKNNConfig):
    """Hyperparameters of item-based collaborative filtering over the last likes.

    Attributes:
        recent: likes before the moment that count.
    """

    recent: int = Field(10, ge=1)


class RecentKNN(MomentModel):
    """``score_t(j) = sum of cos(j, i)`` over the last likes i before moment t that are among the N nearest of j.

    Similarities come from the train likes alone. A like whose gate is closed lets the one before the last ``recent``
    move in; between 0 and 1 a like counts with its gate times the room that later ones leave,
    ``g_i clamp(recent - sum of the gates of later likes, 0, 1)``. The weights are fixed by the formula, so there is no
    attention; contributions are exact.
    """

    name = "recentknn"
    family = "neighbourhood"
    paper = Paper("Sarwar et al.", "Item-Based Collaborative Filtering Recommendation Algorithms", "WWW", 2001)
    evidence = (
        EvidenceGroup(
            "history", "liked last", "image", "user", "likes", "people who like it also like images you liked last"
        ),
    )
    at_once = True
    Config = RecentKNNConfig
    config: RecentKNNConfig

    def __init__(self, config: RecentKNNConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        # A row for each image liked before, so that what it speaks for lies together.
        self.near = Similarities(self.n_items, config.neighbours)

    def fit(self, dataset: Dataset) -> None:
        """Find the nearest images of every image."""
        history = dataset.history
        people = Ragged.from_pairs(history.values, history.rows, self.n_items)
        image, neighbour, weight = nearest(people, self.n_users, self.config.neighbours, self.config.shrink)
        self.near.fill(neighbour, image, weight)

    def _window(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor]:
        """The likes of ``users`` (R,) at the moment of the gates, and how much (elements,) each of them counts."""
        sets = self.images(self.likes(users, gates))
        gate = gates.on("history", sets)
        if gate is None:
            gate = self.near.weights.new_ones(len(sets.values))
        # In double precision, since the sum runs over the likes of all rows.
        total = torch.cat([gate.new_zeros(1, dtype=torch.float64), gate.double().cumsum(0)])
        later = total[sets.offsets[1:]].index_select(0, sets.rows) - total[1:]
        return sets, gate * (self.config.recent - later).clamp(0, 1).to(gate.dtype)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): each of the last likes' similarities are added to the images it is a neighbour of."""
        sets, counts = self._window(users, gates)
        read = counts.nonzero().flatten()
        near, weight = self.near(sets.values[read])
        by = read.index_select(0, near.rows)
        rows, weight = sets.rows.index_select(0, by), weight * counts.index_select(0, by)
        return spread(rows, near.values, weight, (len(users), self.n_items))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every like: its similarity, 0 if it is not among the nearest or not among the last."""
        sets, counts = self._window(users, gates)
        share = counts * self.near.between(sets.values, items.index_select(0, sets.rows))
        scores = segment_sum(share, sets)
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=scores, own=torch.zeros_like(scores), levels=(level,))
