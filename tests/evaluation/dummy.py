"""A model whose scores are a fixed table."""

from __future__ import annotations

from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, Gates
from workbench.models.base import ModelConfig, PairBatch, Paper, Reading, Recommender


class Table(Recommender):
    """Scores (users, images) given from outside; they may be an expanded view that must not be written to."""

    name = "table"
    family = "test"
    paper = Paper("Nobody", "Nothing", "Nowhere", 2000)
    needs = ("likes",)
    scores: Tensor

    def __init__(self, dataset: Dataset, scores: Tensor) -> None:
        super().__init__(ModelConfig(), dataset)
        self.register_buffer("scores", scores, persistent=False)
        self.seen_training: list[bool] = []

    def forward(self, batch: PairBatch) -> Tensor:
        raise NotImplementedError

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        return self.scores[users, items]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        self.seen_training.append(self.training)
        if self.scores.shape[0] == 1:
            return self.scores.expand(users.numel(), -1)
        return self.scores[users]

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        raise NotImplementedError

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        raise NotImplementedError
