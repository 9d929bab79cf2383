"""ALS: implicit feedback factorised by least squares, where every like has an exact share of the score."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_matrix
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender

BLOCK = 1 << 22
"""Numbers of padded factors, or of normal equations, held at a time."""


class ALSConfig(ModelConfig):
    """Hyperparameters of ALS.

    Attributes:
        confidence: of a like, c; all other pairs count 1. It is ``1 + alpha`` of the paper.
        regularisation: lambda.
        sweeps: of alternating least squares.
    """

    dim: int = Field(32, ge=1)
    confidence: float = Field(10.0, gt=0)
    regularisation: float = Field(50.0, gt=0)
    sweeps: int = Field(15, ge=1)


class ALS(Recommender):
    """``score(u, i) = x_u . y_i`` with ``x_u = (Y'Y + (c - 1) sum y_j y_j' + lambda I)^-1 c sum y_j`` (Hu et al. 2008).

    The sums go over the images j in R_u. Images' factors are fitted by alternating least squares; a user's factors are
    solved for whenever she is scored, from the likes her gates leave, so that a closed like is one she never gave; the
    images' factors rest. With ``W_u`` the inverse, ``score = sum_j c y_i . W_u y_j`` (Section 5): the share of every
    like is exact, nothing is own, and the weights are fixed by the formula, so there is no attention.
    """

    name = "als"
    family = "latent factors"
    paper = Paper("Hu et al.", "Collaborative Filtering for Implicit Feedback Datasets", "ICDM", 2008)
    needs = ("likes",)
    evidence = (EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images of this kind"),)
    at_once = True
    Config = ALSConfig
    config: ALSConfig
    items: Tensor
    gram: Tensor

    def __init__(self, config: ALSConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.register_buffer("items", torch.zeros(self.n_items, config.dim))
        self.register_buffer("gram", torch.zeros(config.dim, config.dim, dtype=torch.float64))
        self.history = RecordedSets(dataset.history)

    def fit(self, dataset: Dataset) -> None:
        """Alternating least squares by the library `implicit`; the start is drawn from torch's generator."""
        # Neither is needed to read what has been fitted.
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        config, sets = self.config, dataset.history
        # Rows are solved in threads of its own; those of the algebra below would be in their way.
        with threadpool_limits(1, "blas"):
            library = AlternatingLeastSquares(
                factors=config.dim,
                regularization=config.regularisation,
                alpha=config.confidence,
                iterations=config.sweeps,
                random_state=int(torch.randint(2**31 - 1, ())),
            )
            library.fit(likes_table(sets, self.n_items), show_progress=False)
        self.items.copy_(torch.from_numpy(library.item_factors))
        y = self.items.double()
        self.gram.copy_(y.T @ y)

    def _gates(self, sets: Ragged, gates: Gates) -> Tensor:
        gate = gates.on("history", sets)
        return torch.ones(sets.values.shape, device=self.device) if gate is None else gate

    def _left(self, sets: Ragged, gate: Tensor) -> Tensor:
        """``Y'Y + (c - 1) sum g y y' + lambda I`` (R, D, D) in double precision, padded blocks of rows at a time."""
        dim = self.config.dim
        start = self.gram + self.config.regularisation * torch.eye(dim, dtype=torch.float64, device=self.device)
        if not len(sets.values):
            return start.expand(len(sets), dim, dim)
        # The longest sets first, so that little is padded.
        order, parts, first = sets.lengths.argsort(descending=True, stable=True), list[Tensor](), 0
        while first < len(order):
            place = torch.arange(int(sets.lengths[order[first]]), device=self.device)
            some = order[first : first + max(1, BLOCK // (dim * max(dim, len(place))))]
            first += len(some)
            there = place < sets.lengths[some].unsqueeze(1)
            at = (sets.offsets[some].unsqueeze(1) + place).clamp_max(len(sets.values) - 1)
            y = self.items[sets.values[at]].double()
            weight = (self.config.confidence - 1) * (gate[at] * there).double()
            parts.append(start + y.transpose(1, 2) @ (weight.unsqueeze(-1) * y))
        return torch.cat(parts)[order.argsort()]

    def factors(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """The ridge solutions x (R, D) over the gated likes of ``users`` (R,)."""
        sets: Ragged = self.history(users)
        gate = self._gates(sets, gates)
        right = self.config.confidence * weighted_sum(self.items, sets, gate).double()
        solved: Tensor = torch.linalg.solve(self._left(sets, gate), right)
        return solved.float()

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        if gates is OPEN:
            people, row = torch.unique(users, return_inverse=True)
            return (self.factors(people)[row] * self.items[items]).sum(-1)
        return (self.factors(users, gates) * self.items[items]).sum(-1)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product after the users have been solved for."""
        return self.factors(users, gates) @ self.items.T

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image, ``c y_i . W_u y_j``."""
        sets: Ragged = self.history(users)
        gate = self._gates(sets, gates)
        seen = torch.linalg.solve(self._left(sets, gate), self.items[items].double())
        likeness = (seen.index_select(0, sets.rows) * self.items[sets.values]).sum(-1).float()
        share = self.config.confidence * gate * likeness
        scores = segment_sum(share, sets)
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=scores, own=torch.zeros_like(scores), levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        sets: Ragged = self.history(users)
        return sets


def likes_table(sets: Ragged, columns: int) -> csr_matrix:
    """The likes as a table of ones (rows of ``sets``, columns)."""
    ones = np.ones(len(sets.values), np.float32)
    return csr_matrix((ones, sets.values.numpy(), sets.offsets.numpy()), shape=(len(sets), columns))
