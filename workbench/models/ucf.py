"""User-based collaborative filtering: what the users with the most similar likes like."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender
from workbench.models.neighbours import Similarities, find, nearest, spread


class UCFConfig(ModelConfig):
    """Hyperparameters of user-based collaborative filtering.

    Attributes:
        neighbours: users with the most similar likes, N.
    """

    neighbours: int = Field(50, ge=1)


class UCF(Recommender):
    """``score(u, i) = sum of cos(R_u, R_v)`` over the v among the N users nearest to u who like i (Breese et al. 1998).

    The weights are fixed by the formula, so there is no attention; contributions are exact.
    """

    name = "ucf"
    family = "neighbourhood"
    paper = Paper(
        "Breese et al.", "Empirical Analysis of Predictive Algorithms for Collaborative Filtering", "UAI", 1998
    )
    needs = ("likes",)
    evidence = (
        EvidenceGroup(
            "neighbours", "people of like taste", "person", "user", "likes", "people whose likes resemble yours like it"
        ),
    )
    at_once = True
    Config = UCFConfig
    config: UCFConfig
    likes: Tensor

    def __init__(self, config: UCFConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.near = Similarities(self.n_users, config.neighbours)
        self.history = RecordedSets(dataset.history)
        sets = dataset.history
        self.register_buffer("likes", sets.rows * self.n_items + sets.values, persistent=False)

    def fit(self, dataset: Dataset) -> None:
        """Find the neighbours of every user."""
        self.near.fill(*nearest(dataset.history, self.n_items, self.config.neighbours))

    def _neighbours(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor]:
        """Neighbours of ``users`` (R,) and their gated similarities (elements,)."""
        sets, weight = self.near(users)
        gate = gates.on("neighbours", sets)
        return sets, weight if gate is None else weight * gate

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): each neighbour's similarity is added to every image the neighbour likes."""
        sets, weight = self._neighbours(users, gates)
        liked: Ragged = self.history(sets.values)
        by = liked.rows
        weights = weight.index_select(0, by)
        return spread(sets.rows.index_select(0, by), liked.values, weights, (len(users), self.n_items))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every neighbour: the similarity of those who like the image, 0 of the others."""
        sets, weight = self._neighbours(users, gates)
        _, likes_it = find(self.likes, sets.values * self.n_items + items.index_select(0, sets.rows))
        share = weight * likes_it
        scores = segment_sum(share, sets)
        level = Level("neighbours", sets, attention=None, contribution=share)
        return Reading(scores=scores, own=torch.zeros_like(scores), levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The neighbours of each user."""
        sets: Ragged = self.near(users)[0]
        return sets
