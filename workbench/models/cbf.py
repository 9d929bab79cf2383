"""Content-based filtering: images that look like the average of those liked before."""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_max, segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender
from workbench.models.visual import Standardise


class CBFConfig(ModelConfig):
    """Hyperparameters of content-based filtering.

    Attributes:
        features: name of the image features.
    """

    features: str = "convnet"


class CBF(Recommender):
    """``score(u, i) = cos(g_u, f_i)``, g_u the mean of the f_j of the images u liked (Pazzani and Billsus 2007).

    Features are standardised first, else the cosine is that of the mean all images share. Under gates the mean is
    weighted with them and the score counts for as much as the largest gate. There is no attention; the contributions
    of the liked images add up to the cosine. An image without a picture has the vector 0.
    """

    name = "cbf"
    family = "content"
    paper = Paper("Pazzani and Billsus", "Content-Based Recommendation Systems", "The Adaptive Web", 2007)
    needs = ("likes", "items.image")
    evidence = (EvidenceGroup("history", "liked before", "image", "user", "likes", "it looks like images you liked"),)
    at_once = True
    Config = CBFConfig
    config: CBFConfig
    vectors: Tensor
    shown: Tensor
    inverse: Tensor

    def __init__(self, config: CBFConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        features = Features.open(dataset.root, config.features)
        vectors = features.vectors(dataset)
        self.register_buffer("vectors", vectors, persistent=False)
        self.register_buffer("shown", (features.sets.lengths > 0).to(vectors.dtype), persistent=False)
        self.register_buffer("inverse", torch.zeros(self.n_items))
        self.standardise = Standardise(vectors.shape[1])
        self.history = RecordedSets(dataset.history)

    def fit(self, dataset: Dataset) -> None:
        """Take the mean and the deviation of the features, and the length of every image's vector."""
        self.standardise.fit(self.vectors[self.shown > 0])
        length = torch.linalg.vector_norm(self.standardise(self.vectors), dim=1)
        self.inverse.copy_(self.shown / torch.where(length > 0, length, torch.ones_like(length)))

    def _profile(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor, Tensor]:
        """Histories, the weight of each image in g_u (elements,), and g_u (R, d) of length presence.

        Both are relative to standardised features: ``g_u = sum of weight * standardised f``.
        """
        sets: Ragged = self.history(users)
        gate = gates.on("history", sets)
        if gate is None:
            gate = self.vectors.new_ones(sets.values.shape)
        gate = gate * self.shown.index_select(0, sets.values)
        raw = weighted_sum(self.vectors, sets, gate)
        total = (raw - segment_sum(gate, sets).unsqueeze(1) * self.standardise.mean) / self.standardise.scale
        length = torch.linalg.vector_norm(total, dim=1)
        scale = segment_max(gate, sets, 0.0) / length.clamp_min(torch.finfo(length.dtype).tiny)
        return sets, gate * scale.index_select(0, sets.rows), total * scale.unsqueeze(1)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        _, _, profile = self._profile(users, gates)
        cosine: Tensor = (profile * self.standardise(self.vectors.index_select(0, items))).sum(-1)
        return cosine * self.inverse.index_select(0, items)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product with the features as they lie, ``g . (f - m) / s``."""
        _, _, profile = self._profile(users, gates)
        raw = profile / self.standardise.scale
        return (raw @ self.vectors.T - (raw @ self.standardise.mean).unsqueeze(1)) * self.inverse

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image; closing one also changes the length of the mean."""
        sets, weight, _ = self._profile(users, gates)
        image = self.standardise(self.vectors.index_select(0, items)) * self.inverse.index_select(0, items).unsqueeze(1)
        liked = self.standardise(self.vectors.index_select(0, sets.values))
        share = weight * (liked * image.index_select(0, sets.rows)).sum(-1)
        scores = segment_sum(share, sets)
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=scores, own=torch.zeros_like(scores), levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        sets: Ragged = self.history(users)
        return sets
