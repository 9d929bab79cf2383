"""Popularity: the images most people like, the same for everybody."""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.layers.evidence import OPEN, Gates
from workbench.models.base import ModelConfig, Paper
from workbench.models.silent import SilentModel


class MostLikedConfig(ModelConfig):
    """Hyperparameters of popularity: there are none that matter, since likes are only counted."""


class MostLiked(SilentModel):
    """``score(u, i)`` is the number of people who like i in training (TopPop of Cremonesi et al. 2010)."""

    name = "popularity"
    family = "not personal"
    paper = Paper(
        "Cremonesi et al.", "Performance of Recommender Algorithms on Top-N Recommendation Tasks", "RecSys", 2010
    )
    needs = ("likes",)
    own_label = "how many people like it"
    silent = "It counts the likes of all people and is the same for everybody, whatever you did yourself."
    at_once = True
    Config = MostLikedConfig
    likes: Tensor

    def __init__(self, config: MostLikedConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.register_buffer("likes", torch.zeros(self.n_items))

    def fit(self, dataset: Dataset) -> None:
        """Count the training likes of every image."""
        self.likes.copy_(torch.bincount(dataset.history.values, minlength=self.n_items))

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.likes[items]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images), the same row for every user."""
        return self.likes.repeat(len(users), 1)
