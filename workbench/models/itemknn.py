"""Item-based collaborative filtering: images liked by the same people as the images liked before."""

from __future__ import annotations

from abc import abstractmethod

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender
from workbench.models.neighbours import Similarities, nearest, spread


class NeighbourConfig(ModelConfig):
    """What models of an image's neighbours share: how many of these there are, N."""

    neighbours: int = Field(100, ge=1)


class ItemNeighbours(Recommender):
    """``score(u, i) = sum of w(j, i)`` over the images j in R_u among the N neighbours of i.

    An image is not its own neighbour, so a like does not predict itself. The weights are fixed by a formula, so
    there is no attention; contributions are exact.
    """

    family = "neighbourhood"
    needs = ("likes",)
    evidence = (
        EvidenceGroup(
            "history", "liked before", "image", "user", "likes", "people who like it also like images you liked"
        ),
    )
    at_once = True
    config: NeighbourConfig

    def __init__(self, config: NeighbourConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        # A row for each image liked before, so that what it speaks for lies together.
        self.near = Similarities(self.n_items, config.neighbours)
        self.history = RecordedSets(dataset.history)

    @abstractmethod
    def fit(self, dataset: Dataset) -> None:
        """Find the neighbours of every image."""

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): each liked image's weights are added to the images it is a neighbour of."""
        sets: Ragged = self.history(users)
        near, weight = self.near(sets.values)
        by, gate = near.rows, gates.on("history", sets)
        if gate is not None:
            weight = weight * gate.index_select(0, by)
        return spread(sets.rows.index_select(0, by), near.values, weight, (len(users), self.n_items))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image: its weight, 0 if it is not among the neighbours."""
        sets: Ragged = self.history(users)
        gate = gates.on("history", sets)
        share = self.near.between(sets.values, items.index_select(0, sets.rows))
        share = share if gate is None else share * gate
        scores = segment_sum(share, sets)
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=scores, own=torch.zeros_like(scores), levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        sets: Ragged = self.history(users)
        return sets


class ItemKNNConfig(NeighbourConfig):
    """Hyperparameters of item-based collaborative filtering.

    Attributes:
        neighbours: images liked by the same people that an image is compared with, N.
        shrink: added to the denominator of the cosine, so that images with few likes are not near by accident.
    """

    shrink: float = Field(0.0, ge=0)


class ItemKNN(ItemNeighbours):
    """``score(u, i) = sum of cos(i, j)`` over the images j in R_u among the N nearest to i (Sarwar et al. 2001)."""

    name = "itemknn"
    paper = Paper("Sarwar et al.", "Item-Based Collaborative Filtering Recommendation Algorithms", "WWW", 2001)
    Config = ItemKNNConfig
    config: ItemKNNConfig

    def fit(self, dataset: Dataset) -> None:
        """Find the nearest images of every image."""
        history = dataset.history
        people = Ragged.from_pairs(history.values, history.rows, self.n_items)
        image, neighbour, weight = nearest(people, self.n_users, self.config.neighbours, self.config.shrink)
        self.near.fill(neighbour, image, weight)
