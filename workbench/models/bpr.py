"""BPR-MF: matrix factorisation trained on pairs."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.layers.evidence import OPEN, Gates
from workbench.models.base import ModelConfig, PairBatch, Paper
from workbench.models.ranking import bpr_loss, normal_table, squared
from workbench.models.silent import SilentModel


class BPRConfig(ModelConfig):
    """Hyperparameters of BPR-MF."""

    dim: int = 15
    regularisation: float = 0.01
    item_bias: bool = True


class BPR(SilentModel):
    """``score(u, i) = p_u . q_i + b_i`` (Rendle et al. 2009). It reads no evidence: own taste is all there is."""

    name = "bpr"
    family = "latent factors"
    paper = Paper("Rendle et al.", "BPR: Bayesian Personalized Ranking from Implicit Feedback", "UAI", 2009)
    needs: ClassVar[tuple[str, ...]] = ("likes",)
    silent = "All of its score is own taste: a vector for the user and one for the image, learned from likes."
    Config: ClassVar[type[ModelConfig]] = BPRConfig
    config: BPRConfig

    def __init__(self, config: BPRConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.users = normal_table(self.n_users, config.dim)
        self.items = normal_table(self.n_items, config.dim)
        self.bias = nn.Parameter(torch.zeros(self.n_items), requires_grad=config.item_bias)

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used."""
        p = self.users(batch.users)
        positive, negative = self.items(batch.positives), self.items(batch.negatives)
        difference = (p * positive).sum(-1, keepdim=True) - (negative @ p.unsqueeze(-1)).squeeze(-1)
        difference = difference + self.bias[batch.positives].unsqueeze(-1) - self.bias[batch.negatives]
        penalty = squared(p) + squared(positive) + squared(negative) / batch.negatives.shape[1]
        return bpr_loss(difference) + self.config.regularisation * penalty / len(batch.users)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        taste: Tensor = (self.users(users) * self.items(items)).sum(-1)
        return taste + self.bias[items]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product."""
        return torch.addmm(self.bias, self.users(users), self.items.weight.T)
