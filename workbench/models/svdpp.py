"""SVD++ for ranking: a user is her own vector plus what she liked."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import bpr_loss, normal_table, squared


class SVDppConfig(ModelConfig):
    """Hyperparameters of SVD++.

    Attributes:
        exponent: the sum over the n liked images is divided by ``n ** exponent`` (0.5 in Koren 2008, 1 in later uses).
        exclude_target: leave the image that is scored out of the user's history, so that in training a like
            does not predict itself (as FISM does).
    """

    dim: int = 15
    regularisation: float = 0.01
    exponent: float = 0.5
    exclude_target: bool = True


class SVDpp(Recommender):
    """``score(u, i) = b_i + q_i . (p_u + |R_u|^-e sum_{j in R_u} y_j)`` (Koren 2008, Eq. 15, here trained with BPR).

    Under gates g the set counts as ``sum g`` images. The weights are fixed by the formula, so there is no attention;
    contributions are exact.
    """

    name = "svdpp"
    family = "latent factors"
    paper = Paper("Koren", "Factorization Meets the Neighborhood", "KDD", 2008)
    needs: ClassVar[tuple[str, ...]] = ("likes",)
    evidence: ClassVar[tuple[EvidenceGroup, ...]] = (
        EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images of this kind"),
    )
    Config: ClassVar[type[ModelConfig]] = SVDppConfig
    config: SVDppConfig

    def __init__(self, config: SVDppConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.users = normal_table(self.n_users, config.dim)
        self.items = normal_table(self.n_items, config.dim)
        self.liked = normal_table(self.n_items, config.dim)
        self.bias = nn.Parameter(torch.zeros(self.n_items))
        self.history = RecordedSets(dataset.history)

    def _sum(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor, Tensor, Tensor]:
        """Sets, gates of the elements, gated sum of ``y`` (R, d) and gated size (R,) of the users' histories."""
        return gated_sum("history", self.history(users), self.liked.weight, gates)

    def vector(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """What stands for ``users`` (R,) beside their histories, (R, d)."""
        own: Tensor = self.users(users)
        return own

    def compared(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        """``x_ui - x_uj`` (B, n), and q (B, 1 + n, d); a positive does not count as its own evidence."""
        unique, row = torch.unique(batch.users, return_inverse=True)
        _, _, total, size = self._sum(unique, OPEN)
        p = self.vector(unique)
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        q = self.items(items)
        if self.config.exclude_target:
            own = torch.zeros_like(items, dtype=p.dtype)
            own[:, 0] = 1
            context = total[row].unsqueeze(1) - own.unsqueeze(-1) * self.liked(items)
            count = size[row].unsqueeze(1) - own
        else:
            context, count = total[row].unsqueeze(1), size[row].unsqueeze(1)
        user = p[row].unsqueeze(1) + context * self._scale(count).unsqueeze(-1)
        score = (q * user).sum(-1) + self.bias[items]
        return score[:, :1] - score[:, 1:], q

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used."""
        difference, q = self.compared(batch)
        penalty = squared(self.users(batch.users)) + squared(q) / batch.negatives.shape[1]
        penalty = penalty + squared(self.liked(batch.positives))
        return bpr_loss(difference) + self.config.regularisation * penalty / len(batch.users)

    def _scale(self, size: Tensor) -> Tensor:
        """``size ** -exponent``, 0 for an empty set and linear below one element, so that it is continuous at 0."""
        return torch.where(size > 0, size.clamp_min(1.0).pow(-self.config.exponent), torch.zeros_like(size))

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,); the scored image itself never counts as evidence if the target is excluded."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images)."""
        sets, gate, total, size = self._sum(users, gates)
        table, p = self.items.weight, self.vector(users, gates)
        scores = torch.addmm(self.bias, p + total * self._scale(size).unsqueeze(-1), table.T)
        if self.config.exclude_target and len(sets.values):
            rows, items = sets.rows, sets.values
            left = self._scale(size[rows] - gate).unsqueeze(-1) * (total[rows] - gate.unsqueeze(-1) * self.liked(items))
            scores[rows, items] = self.bias[items] + (self.items(items) * (p[rows] + left)).sum(-1)
        return scores

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image, ``|R|^-e y_j . q_i``; there is no attention to report."""
        sets, gate, _, _ = self._sum(users, gates)
        rows = sets.rows
        if self.config.exclude_target:
            gate = gate * (sets.values != items.index_select(0, rows))
        q = self.items(items)
        scale = self._scale(segment_sum(gate, sets))
        share = gate * scale.index_select(0, rows) * (self.liked(sets.values) * q.index_select(0, rows)).sum(-1)
        own = (self.users(users) * q).sum(-1) + self.bias[items]
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        sets: Ragged = self.history(users)
        return sets


def gated_sum(group: str, sets: Ragged, table: Tensor, gates: Gates) -> tuple[Ragged, Tensor, Tensor, Tensor]:
    """R ``sets`` of a ``group``, gates of their elements, gated sum of rows of ``table`` (R, d) and gated size (R,)."""
    gate = gates.on(group, sets)
    if gate is None:
        gate = torch.ones(sets.values.shape, device=table.device, dtype=table.dtype)
    return sets, gate, weighted_sum(table, sets, gate), segment_sum(gate, sets)
