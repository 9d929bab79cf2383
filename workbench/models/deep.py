"""What popularity models trained by gradient share: word states, attention and sums over shared images, the reading."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.features.words import PADDING
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.recurrent import GatedLSTM
from workbench.layers.segments import gated_softmax_rows
from workbench.models.base import Level, ModelConfig, PostBatch, Reading
from workbench.models.popularity import PopularityConfig, PopularityModel, Posts, training_posts


class DeepConfig(PopularityConfig):
    """Hyperparameters of a popularity model trained by gradient.

    Attributes:
        dim: size of users, words, states and hidden layers alike.
        regularisation: L2 norm of the word vectors.
        dropout: of what enters the model, while training.
    """

    dim: int = 512
    regularisation: float = 0.0
    dropout: float = 0.0


@dataclass(frozen=True)
class Look:
    """What a model made of R posts.

    Attributes:
        prediction: (R,).
        attention: by level: (R, modalities) of the aspects, (R, M) of the regions, (R, L) of the words.
    """

    prediction: Tensor
    attention: dict[str, Tensor] = field(default_factory=dict)


class DeepPopularity(PopularityModel):
    """A popularity model with word vectors and an LSTM over them."""

    Config: ClassVar[type[ModelConfig]] = DeepConfig
    config: DeepConfig

    def __init__(self, config: DeepConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.drop = nn.Dropout(config.dropout)
        if "words" in config.modalities:
            assert self.texts is not None
            self.w = word_table(len(self.texts.vocabulary), config.dim)
            self.lstm = GatedLSTM(config.dim, config.dim)

    @abstractmethod
    def look(self, posts: Posts) -> Look:
        """Prediction and attention for ``posts``."""

    def states(self, posts: Posts) -> Tensor:
        """States (rows, L, K) of the words: of each post where words are gated, else of the images they share."""
        if not posts.gated:
            shared: Tensor = self.lstm(self.drop(self.w(posts.words)))
            return shared
        states: Tensor = self.lstm(self.drop(self.w(posts.words.index_select(0, posts.place))), posts.word_gates)
        return states

    def predict(self, posts: Posts) -> Tensor:
        """Predicted popularity (R,)."""
        return self.look(posts).prediction

    def forward(self, batch: PostBatch) -> Tensor:
        """Mean squared error (UHAN, Section 3.4), and the L2 norm of the word vectors if asked for."""
        loss = super().forward(batch)
        if self.config.regularisation and "words" in self.config.modalities:
            loss = loss + self.config.regularisation * self.w.weight.square().sum()
        return loss

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The attention of each level, where the model weighs; what a piece adds is not additive.

        ``own`` is the prediction for the author with neither image nor caption.
        """
        posts = self.posts(users, items, gates)
        found = self.look(posts)
        none = Gates({}, {group.name: found.prediction.new_zeros(len(users)) for group in self.active_evidence})
        levels = self.levels(posts, items, found.attention, {})
        return Reading(found.prediction, self.score_pairs(users, items, none), levels)

    def region_map(self, users: Tensor, items: Tensor) -> Level | None:
        """Where it looks in each image if each user posted it with its caption; None without attention over regions."""
        weights = self.look(self.posts(users, items)).attention.get("regions")
        if weights is None:
            return None
        return Level("regions", self.region_table.sets(items), self.region_table.flat(items, weights), None)


def user_table(rows: int, dim: int, centre: float = 0.0) -> nn.Embedding:
    """A table of embeddings drawn from U(centre - 0.05, centre + 0.05); the authors of UHAN start around 0."""
    table = nn.Embedding(rows, dim)
    nn.init.uniform_(table.weight, centre - 0.05, centre + 0.05)
    return table


def word_table(rows: int, dim: int) -> nn.Embedding:
    """The same for words; the padding stays 0."""
    table = nn.Embedding(rows, dim, padding_idx=PADDING)
    nn.init.uniform_(table.weight[1:].data, -0.05, 0.05)
    nn.init.zeros_(table.weight[:1].data)
    return table


def head(sizes: list[int], dataset: Dataset) -> nn.Sequential:
    """Linear layers between ``sizes`` with ReLU after each, and a last one to the popularity, which starts at its mean.

    From 0 the first hundreds of steps would only move the mean.
    """
    last = nn.Linear(sizes[-1], 1)
    nn.init.constant_(last.bias, float(training_posts(dataset)[2].mean()))
    return nn.Sequential(*(part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())), last)


def mixed(weights: Tensor, parts: Tensor, posts: Posts) -> Tensor:
    """(R, d) sums, by ``weights`` (R, m), of ``parts`` (rows, m, d): of the posts, or of the images they share."""
    if len(parts) == 1:
        return weights @ parts[0]
    parts = parts if len(parts) == len(weights) else parts.index_select(0, posts.place)
    return torch.bmm(weights.unsqueeze(1), parts).squeeze(1)


def attended(keys: Tensor, guide: Tensor, gates: Tensor, posts: Posts) -> Tensor:
    """Attention (R, m) of scores ``guide . key``, over what ``gates`` (R, m) leave present.

    Args:
        keys: (rows, m, d) of the posts, or of the images they share.
        guide: (R, d), or (1, d) for all.
        gates: (R, m).
        posts: the posts.
    """
    guide = guide.expand(len(gates), -1)
    if len(keys) == 1:
        return gated_softmax_rows(guide @ keys[0].T, gates)
    keys = keys if len(keys) == len(gates) else keys.index_select(0, posts.place)
    return gated_softmax_rows(torch.bmm(keys, guide.unsqueeze(-1)).squeeze(-1), gates)


def uniform(gates: Tensor) -> Tensor:
    """Weights (R, m) of an average over what ``gates`` (R, m) leave present."""
    return gated_softmax_rows(torch.zeros_like(gates), gates)


def present(factor: Tensor, gates: Tensor) -> Tensor:
    """A ``factor`` (R, d) of a product, 1 where ``gates`` (R, m) are all closed: what is absent says nothing."""
    return 1 + gates.amax(-1, keepdim=True) * (factor - 1)
