"""Deep Hybrid: factors of images predicted from what they look like, in the place of those learned from likes."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, ValidationInfo, field_validator
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.evidence import OPEN, Gates
from workbench.models.base import PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import squared
from workbench.models.svdpp import SVDpp, SVDppConfig
from workbench.models.visual import Standardise


class DeepHybridConfig(SVDppConfig):
    """Hyperparameters of Deep Hybrid.

    Attributes:
        features: name of the image features.
        hidden: width of the hidden layer of the regression.
        factor_epochs: epochs of the first stage, which learns factors from likes; the others learn the regression.
        predicted: whose factors are predicted from their features: all images, or the unseen, which nobody liked in
            training.
    """

    features: str = "convnet"
    hidden: int = 128
    factor_epochs: int = Field(50, ge=1, validate_default=True)
    predicted: Literal["all", "unseen"] = "all"

    @field_validator("factor_epochs")
    @classmethod
    def _leaves_epochs(cls, value: int, others: ValidationInfo) -> int:
        epochs = others.data.get("epochs", value + 1)
        if value >= epochs:
            raise ValueError(f"{value} of {epochs} epochs leave none for the regression: set fewer, or more epochs")
        return value

    @property
    def staged(self) -> bool:
        """Factors rest in the second stage, the regression in the first."""
        return True


class PredictedTable(nn.Module):
    """Vectors of images: learned ones in the first stage, then ``g(f)`` of their features.

    Attributes:
        learning: whether the first stage is on.
        predicted: (images,) whether an image has a predicted vector; kept with the weights, since it depends on
            what was seen in training. An image without a picture keeps its learned one.
    """

    predicted: Tensor
    vectors: Tensor

    def __init__(
        self, learned: nn.Embedding, vectors: Tensor, pictured: Tensor, predicted: Tensor, hidden: int
    ) -> None:
        super().__init__()
        self.learned = learned
        self.register_buffer("vectors", vectors, persistent=False)
        self.register_buffer("predicted", predicted)
        standardise = Standardise(vectors.shape[1])
        standardise.fit(vectors[pictured])
        width = learned.embedding_dim
        self.net = nn.Sequential(standardise, nn.Linear(vectors.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.learning = False

    def forward(self, items: Tensor) -> Tensor:
        """Vectors (..., d) of ``items`` (...,)."""
        learned: Tensor = self.learned(items)
        return learned if self.learning else self._chosen(learned, self.vectors[items], self.predicted[items])

    @property
    def weight(self) -> Tensor:
        """Vectors (images, d) of all images."""
        learned = self.learned.weight
        return learned if self.learning else self._chosen(learned, self.vectors, self.predicted)

    def _chosen(self, learned: Tensor, vectors: Tensor, predicted: Tensor) -> Tensor:
        return torch.where(predicted.unsqueeze(-1), self.net(vectors), learned)

    def loss(self, items: Tensor) -> Tensor:
        """Mean of ``|q_i - g(f_i)|^2`` over ``items`` (n,)."""
        return squared(self.learned(items).detach() - self.net(self.vectors[items])) / max(len(items), 1)


class DeepHybrid(Recommender):
    """SVD++ without item biases, then ``min sum_i |q_i - g(f_i)|^2`` and g(f_i) for q_i (van den Oord et al. 2013).

    As ACF compares itself with it: the factors are those of SVD++ trained with BPR, g is a network of one hidden layer
    on frozen features. Evidence and contributions are those of SVD++.
    """

    name = "deephybrid"
    family = "latent factors and images"
    paper = Paper("van den Oord et al.", "Deep content-based music recommendation", "NIPS", 2013)
    needs = ("likes", "items.image")
    evidence = SVDpp.evidence
    Config = DeepHybridConfig
    config: DeepHybridConfig
    targets: Tensor

    def __init__(self, config: DeepHybridConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        features = Features.open(dataset.root, config.features)
        vectors, pictured = features.vectors(dataset), features.sets.lengths > 0
        liked = torch.bincount(dataset.history.values, minlength=self.n_items) > 0
        self.register_buffer("targets", pictured & liked, persistent=False)
        self.factors = SVDpp(config, dataset)
        # A bias would know how popular an image is, which the regression cannot tell.
        self.factors.bias.requires_grad_(False)
        predicted = pictured if config.predicted == "all" else pictured & ~liked
        table = PredictedTable(self.factors.items, vectors, pictured, predicted, config.hidden)
        # SVD++ looks vectors up and multiplies with all of them; the table answers to both.
        self.factors.items = table  # type: ignore[assignment]

    @property
    def images(self) -> PredictedTable:
        """Where SVD++ finds the vectors of images."""
        table: nn.Module = self.factors.items
        assert isinstance(table, PredictedTable)
        return table

    def start_epoch(self, epoch: int) -> None:
        """The first epochs learn factors, the others the regression."""
        self.images.learning = epoch <= self.config.factor_epochs

    @property
    def ready(self) -> bool:
        """Whether the factors are done."""
        return not self.images.learning

    def forward(self, batch: PairBatch) -> Tensor:
        """The loss of SVD++ in the first stage; in the second that of the regression, over the liked images."""
        if self.images.learning:
            loss: Tensor = self.factors(batch)
            return loss
        items = torch.unique(batch.positives)
        return self.images.loss(items[self.targets[items]])

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.factors.score_pairs(users, items, gates)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images)."""
        return self.factors.score_items(users, gates)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image, as in SVD++."""
        return self.factors.read(users, items, gates)

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        return self.factors.elements(group, users, items)
