"""What models of image features share: a look at images that is linear in their regions, and standardised features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.regions import RegionTable
from workbench.layers.segments import gated_softmax, segment_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Reading, Recommender, repaint_row
from workbench.models.ranking import bpr_loss, normal_table, squared

BLOCK = 8192
"""Regions read from the file and projected at a time."""


class Standardise(nn.Module):
    """Features less their mean, divided by their standard deviation; both are kept with the weights.

    Attributes:
        mean: (d,) of all images.
        scale: (d,) standard deviation; 1 for a feature that is the same in all images.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def fit(self, vectors: Tensor) -> None:
        """Take mean and deviation from ``vectors`` (images, d)."""
        deviation, mean = torch.std_mean(vectors, 0, correction=0)
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    def forward(self, vectors: Tensor) -> Tensor:
        """Standardised ``vectors`` (..., d)."""
        return (vectors - self.mean) / self.scale


class VisualConfig(ModelConfig):
    """Hyperparameters of a factor model that sees images.

    Attributes:
        features: name of the image features.
        regularisation: of the rows of users and images a batch used.
        bias_regularisation: of their image biases.
        projection_regularisation: of the whole projection of features.
    """

    dim: int = 15
    features: str = "convnet"
    regularisation: float = 0.01
    bias_regularisation: float = 0.01
    projection_regularisation: float = 0.0


class VisualFactors(Recommender):
    """``score(u, i) = b_i + p_u . q_i + t_u . E f_i + c . f_i`` with f_i the mean over the regions of image i.

    The visual part is linear in f_i, so the contribution of a region is exact. Under gates g the mean is
    ``sum g f / sum g``, and it counts for as much as the largest gate. A subclass says what t_u is.
    """

    evidence = (
        EvidenceGroup("regions", "parts of the image", "region", "item", "items.image", "of what the image shows"),
    )
    needs = ("likes", "items.image")
    Config = VisualConfig
    config: VisualConfig
    features: Features
    vectors: Tensor

    def __init__(self, config: VisualConfig, dataset: Dataset, visual_dim: int) -> None:
        super().__init__(config, dataset)
        self.users, self.items = normal_table(self.n_users, config.dim), normal_table(self.n_items, config.dim)
        self.bias = nn.Parameter(torch.zeros(self.n_items))
        self.features = Features.open(dataset.root, config.features)
        self.register_buffer("vectors", self.features.vectors(dataset), persistent=False)
        self.regions = RegionTable.of(dataset, self.features)
        # The rows of E, and c as the last one.
        self.look = nn.Linear(self.vectors.shape[1], visual_dim + 1, bias=False)
        nn.init.normal_(self.look.weight, std=0.01)

    @abstractmethod
    def visual_taste(self, users: Tensor) -> Tensor:
        """What ``users`` (R,) look for, t_u (R, d')."""

    def _taste(self, users: Tensor) -> Tensor:
        """t_u and a 1 for the part c that is the same for all users, (R, d' + 1)."""
        taste = self.visual_taste(users)
        return torch.cat([taste, torch.ones_like(taste[:, :1])], 1)

    def _shown(self, items: Tensor) -> Tensor:
        """E f_i and c . f_i, (R, d' + 1), each distinct image projected once."""
        distinct, at = torch.unique(items, return_inverse=True)
        shown: Tensor = self.look(self.vectors.index_select(0, distinct))
        return shown.index_select(0, at.flatten()).view(*items.shape, -1)

    def _projected(self, rows: Tensor) -> Tensor:
        """E f and c . f of single regions, by ``rows`` (regions,) of the feature array: (regions, d' + 1)."""
        blocks = [self.look(self.regions.vectors.index_select(0, part).float()) for part in torch.split(rows, BLOCK)]
        return torch.cat(blocks)

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used and of the projection."""
        config, n = self.config, batch.negatives.shape[1]
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        p, q, bias, taste = self.users(batch.users), self.items(items), self.bias[items], self._taste(batch.users)
        score = bias + (q @ p.unsqueeze(-1) + self._shown(items) @ taste.unsqueeze(-1)).squeeze(-1)
        rows = squared(p) + squared(q[:, 0]) + squared(q[:, 1:]) / n + self._penalty(batch.users)
        biases = squared(bias[:, 0]) + squared(bias[:, 1:]) / n
        penalty = config.regularisation * rows + config.bias_regularisation * biases
        projection = config.projection_regularisation * squared(self.look.weight)
        return bpr_loss(score[:, :1] - score[:, 1:]) + penalty / len(items) + projection

    def _penalty(self, users: Tensor) -> Tensor:
        """Sum of squares of further rows that a batch used."""
        return self.bias.new_zeros(())

    def _own(self, users: Tensor, items: Tensor) -> Tensor:
        """What no picture carries, (R,)."""
        taste: Tensor = (self.users(users) * self.items(items)).sum(-1)
        return taste + self.bias[items]

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        if gates is not OPEN:
            return self.read(users, items, gates).scores
        return self._own(users, items) + (self._taste(users) * self._shown(items)).sum(-1)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): two matrix products."""
        gate, aspect = gates.elements.get("regions"), gates.aspects.get("regions")
        if gate is None:
            shown: Tensor = self.look(self.vectors)
        else:
            sets = self.regions.sets(torch.arange(self.n_items, device=users.device))
            weight, _ = gated_softmax(torch.zeros_like(gate), sets, gate)
            shown = segment_sum(weight.unsqueeze(1) * self._projected(sets.values), sets)
        # Closing the whole group scales all gates of a row alike, which leaves the mean and dims its presence.
        taste = self._taste(users) if aspect is None else self._taste(users) * aspect.unsqueeze(1)
        return torch.addmm(self.bias, self.users(users), self.items.weight.T) + taste @ shown.T

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every region, ``(t_u . E f + c . f) / regions``; there is no attention to report."""
        distinct, at = torch.unique(items, return_inverse=True)
        regions = self.regions.sets(distinct)
        places = Ragged(regions.offsets, torch.arange(len(regions.values), device=items.device)).select(at)
        sets = Ragged(places.offsets, regions.values.index_select(0, places.values))
        weight, _ = gated_softmax(self.bias.new_zeros(sets.values.shape), sets, gates.on("regions", sets))
        shown = self._projected(regions.values).index_select(0, places.values)
        share = weight * (self._taste(users).index_select(0, sets.rows) * shown).sum(-1)
        own = self._own(users, items)
        level = Level("regions", sets, attention=None, contribution=share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The regions of each image."""
        return self.regions.sets(items)

    def repaint(self, item: int, seen: Sequence[Tensor]) -> None:
        """Besides the regions, their mean."""
        super().repaint(item, seen)
        repaint_row(self, "vectors", item, seen[0].float().mean(0))
