"""What a model makes from all its parameters at once and scores with until they change."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.base import ModelConfig, Recommender

Tables = TypeVar("Tables")


class KeepingModel(Recommender, Generic[Tables]):
    """A model on a graph, whose vectors depend on one another, so that scoring one pair takes the vectors of all."""

    def __init__(self, config: ModelConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self._kept: tuple[object, Tables] | None = None

    @abstractmethod
    def tables(self) -> Tables:
        """What scores are read from, made from the parameters as they are."""

    def kept(self) -> Tables:
        """The tables, made without gradient and only where a parameter has changed since the last time."""
        # An optimiser may change parameters without counting a version: nothing is kept while the model is trained.
        state = tuple((p.data_ptr(), p._version) for p in self.parameters())  # noqa: SLF001 (the only count there is)
        if self._kept is None or self._kept[0] != state:
            # Whoever asked may be in inference mode; what is kept must stay usable for attribution.
            with torch.inference_mode(False), torch.no_grad():
                made = self.tables()
            if self.training:
                return made
            self._kept = (state, made)
        return self._kept[1]

    def train(self, mode: bool = True) -> Self:
        """Drop what is kept, for training changes it."""
        self._kept = None
        return super().train(mode)


def standard_vectors(dataset: Dataset, name: str) -> Tensor:
    """Image features (images, d) less their mean, over their standard deviation; 0 for one without a picture.

    Raises:
        DataError: the features have not been made, or belong to other tables.
    """
    features = Features.open(dataset.root, name)
    vectors, shown = features.vectors(dataset), features.sets.lengths > 0
    deviation, mean = torch.std_mean(vectors[shown], 0, correction=0)
    return (vectors - mean) / torch.where(deviation > 0, deviation, 1) * shown.unsqueeze(1)
