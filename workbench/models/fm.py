"""Factorisation machine over a user, an image, what the image looks like and what the user's images look like."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import gated_softmax, segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import bpr_loss, normal_table, squared


class FMConfig(ModelConfig):
    """Hyperparameters of the factorisation machine.

    Attributes:
        features: name of the image features.
        regularisation: of the rows of users and images a batch used.
        feature_regularisation: of the factors and weights of all features.
    """

    dim: int = 15
    features: str = "convnet"
    regularisation: float = 0.01
    feature_regularisation: float = 0.0


class FM(Recommender):
    """``score(z) = sum_k w_k z_k + sum_{k<l} v_k . v_l z_k z_l`` (Rendle 2010, Eq. 1).

    z holds user u, image i, the features f_i and their mean g_u over the images u liked. Terms of u and g_u alone are
    the same for all images, so BPR cannot learn them and they are left out. With ``a_u = v_u + G g_u`` and
    ``b_i = v_i + F f_i`` the rest is, by the identity of Lemma 3.1,
    ``w_i + w . f_i + a_u . b_i + (|b_i|^2 - |v_i|^2 - sum_k |F_k|^2 f_ik^2) / 2``: linear in the liked images, whose
    contributions are therefore exact. It is not linear in f_i.
    """

    name = "fm"
    family = "factors of features"
    paper = Paper("Rendle", "Factorization Machines", "ICDM", 2010)
    needs = ("likes", "items.image")
    evidence = (
        EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images that look a certain way"),
    )
    Config = FMConfig
    config: FMConfig
    vectors: Tensor

    def __init__(self, config: FMConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        vectors = Features.open(dataset.root, config.features).vectors(dataset)
        self.register_buffer("vectors", vectors, persistent=False)
        self.history = RecordedSets(dataset.history)
        self.users, self.items = normal_table(self.n_users, config.dim), normal_table(self.n_items, config.dim)
        self.bias = nn.Parameter(torch.zeros(self.n_items))
        width = vectors.shape[1]
        self.shown, self.liked = nn.Linear(width, config.dim, bias=False), nn.Linear(width, config.dim, bias=False)
        self.weight = nn.Linear(width, 1, bias=False)
        for layer in (self.shown, self.liked, self.weight):
            nn.init.normal_(layer.weight, std=0.01)

    def _history(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor, Ragged, Tensor]:
        """Liked images of ``users`` (R,), their weight in the mean, the same as places in G f (distinct images, d)."""
        sets: Ragged = self.history(users)
        weight, _ = gated_softmax(self.bias.new_zeros(sets.values.shape), sets, gates.on("history", sets))
        distinct, at = torch.unique(sets.values, return_inverse=True)
        return sets, weight, Ragged(sets.offsets, at), self.liked(self.vectors.index_select(0, distinct))

    def _user_side(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """a_u of ``users`` (R,), (R, d)."""
        _, weight, places, table = self._history(users, gates)
        own: Tensor = self.users(users)
        return own + weighted_sum(table, places, weight)

    def _image_side(self, vectors: Tensor, v: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """b_i (n, d) of images with these features, factors and biases, and what each scores alone (n,)."""
        b = v + self.shown(vectors)
        within = vectors.square() @ self.shown.weight.square().sum(0)
        pairs = (b.square().sum(-1) - v.square().sum(-1) - within) / 2
        return b, bias + self.weight(vectors).squeeze(-1) + pairs

    def _images(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """The same of ``items`` (...,), each distinct one computed once."""
        distinct, at = torch.unique(items, return_inverse=True)
        b, alone = self._image_side(self.vectors.index_select(0, distinct), self.items(distinct), self.bias[distinct])
        return b.index_select(0, at.flatten()).view(*items.shape, -1), alone[at]

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used and of the factors of features."""
        config, n = self.config, batch.negatives.shape[1]
        users, row = torch.unique(batch.users, return_inverse=True)
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        b, alone = self._images(items)
        score = alone + (b @ self._user_side(users).index_select(0, row).unsqueeze(-1)).squeeze(-1)
        v = self.items(items)
        rows = squared(self.users(batch.users)) + squared(v[:, 0]) + squared(v[:, 1:]) / n
        features = sum(squared(layer.weight) for layer in (self.shown, self.liked, self.weight))
        penalty = config.regularisation * rows / len(items) + config.feature_regularisation * features
        return bpr_loss(score[:, :1] - score[:, 1:]) + penalty

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        b, alone = self._images(items)
        taste: Tensor = (self._user_side(users, gates) * b).sum(-1)
        return alone + taste

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product once the images are projected."""
        b, alone = self._image_side(self.vectors, self.items.weight, self.bias)
        return torch.addmm(alone, self._user_side(users, gates), b.T)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image j, ``G f_j . b_i / |R_u|``; there is no attention to report."""
        sets, weight, places, table = self._history(users, gates)
        b, alone = self._images(items)
        share = weight * (table.index_select(0, places.values) * b.index_select(0, sets.rows)).sum(-1)
        own = alone + (self.users(users) * b).sum(-1)
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        sets: Ragged = self.history(users)
        return sets
