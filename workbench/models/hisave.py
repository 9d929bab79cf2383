"""HisAve: every post becomes as popular as its author's posts were so far."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.layers.evidence import OPEN, Gates
from workbench.models.base import Paper, Reading
from workbench.models.popularity import Modality, PopularityConfig, PopularityModel, Posts, training_posts


class HisAveConfig(PopularityConfig):
    """Hyperparameters of HisAve: there are none that matter, since neither image nor caption is read."""

    modalities: tuple[Modality, ...] = Field(default=(), max_length=0)


class HisAve(PopularityModel):
    """The mean popularity of the author's training posts, or of all where there is none (UHAN, Section 4.1.3)."""

    name = "hisave"
    family = "popularity"
    paper = Paper(
        "Zhang et al.",
        "User-guided Hierarchical Attention Network for Multi-modal Social Image Popularity Prediction",
        "WWW",
        2018,
    )
    evidence = ()
    silent = "It takes the mean of what the author posted before and reads neither the picture nor its caption."
    at_once = True
    Config = HisAveConfig
    means: Tensor

    def __init__(self, config: HisAveConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.register_buffer("means", torch.zeros(self.n_users))

    def fit(self, dataset: Dataset) -> None:
        """Average the training posts of every author."""
        users, _, popularity = training_posts(dataset)
        posts = torch.bincount(users, minlength=self.n_users)
        total = torch.bincount(users, popularity.double(), self.n_users)
        self.means.copy_(torch.where(posts > 0, total / posts, popularity.double().mean()))

    def predict(self, posts: Posts) -> Tensor:
        """The mean (R,) of each author."""
        return self.means.index_select(0, posts.users)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Nothing but the author's mean."""
        scores = self.score_pairs(users, items)
        return Reading(scores, scores, ())
