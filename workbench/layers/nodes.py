"""First vectors of users and items: what is learned freely, fused with what images show."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.taste import image_and_user_vectors
from workbench.layers.segments import weighted_sum

NodeFusion = Literal["concat", "add"]
Activation = Literal["sigmoid", "tanh", "relu", "none"]
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
SPREAD = 0.2
"""Standard deviation of features that are added to free vectors."""


def activate(kind: Activation, vectors: Tensor) -> Tensor:
    """The activation called ``kind``, or the vectors as they are."""
    return ACTIVATIONS[kind](vectors) if kind != "none" else vectors


class FusedNodes(nn.Module):
    """Vectors h^0 of users and v of items from free embeddings p, q and features x, y (Wu et al., DiffNet, Section 3).

    - ``concat``: ``h^0 = g(W [x; p])``, ``v = g(F [y; q])``, one matrix for each side, without a bias;
    - ``add``: ``h^0 = p + n(sigmoid(R n(x) + b))``, ``v = q + n(sigmoid(R n(y) + b))`` with one R and b for both sides,
      where n brings all entries to mean 0 and spread 0.2 (the authors' released code).

    A user's feature x is the mean of y over her training likes, 0 without any. The released code takes mean and spread
    of n on each side alone; here they are those of the items on both, so that a like that was never recorded changes
    its user's feature and nobody else's. Without features the vectors are the free ones.

    Args:
        dataset: whose users and items.
        dim: their size D.
        features: name of the image features, or None.
        fusion: see above; ``activation`` is the g of ``concat``.
        activation: see above.
        std: spread of the random start of the free vectors.

    Raises:
        DataError: the features have not been made, or belong to other tables.
    """

    image_features: Tensor
    user_features: Tensor

    def __init__(
        self,
        dataset: Dataset,
        dim: int,
        features: str | None = None,
        fusion: NodeFusion = "concat",
        activation: Activation = "none",
        std: float = 0.01,
    ) -> None:
        super().__init__()
        self.fusion, self.activation, self.featured = fusion, activation, features is not None
        self.users, self.items = nn.Embedding(len(dataset.users), dim), nn.Embedding(len(dataset.items), dim)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=std)
        if features is None:
            return
        try:
            images, people = image_and_user_vectors(dataset, features)
        except DataError as missing:
            raise DataError(f"{missing}, or train without them: --set features=null") from None
        width = images.shape[1]
        if fusion == "add":
            self.centre, self.scale = float(images.mean()), SPREAD / float(images.std(correction=0).clamp_min(1e-12))
            self.reduce = nn.Linear(width, dim)
        else:
            self.user_layer = nn.Linear(width + dim, dim, bias=False)
            self.item_layer = nn.Linear(width + dim, dim, bias=False)
            for layer in (self.user_layer, self.item_layer):
                nn.init.xavier_uniform_(layer.weight)
        self.register_buffer("image_features", images, persistent=False)
        self.register_buffer("user_features", people, persistent=False)

    def forward(self) -> tuple[Tensor, Tensor]:
        """h^0 (users, D) and v (items, D)."""
        users, items = self.users.weight, self.items.weight
        if not self.featured:
            return users, items
        if self.fusion == "concat":
            return self._joined(users, self.user_features), activate(
                self.activation, self.item_layer(torch.cat([self.image_features, items], -1))
            )
        reduced = self._reduced(self.image_features)
        return self._added(users, self.user_features, reduced), items + _standard(reduced, reduced)

    def changed(self, users: Tensor, sets: Ragged, weights: Tensor) -> Tensor:
        """h^0 (R, D) of ``users`` (R,) whose feature is the weighted sum over the images of ``sets`` (R sets)."""
        vectors, free = weighted_sum(self.image_features, sets, weights), self.users(users)
        if self.fusion == "concat":
            return self._joined(free, vectors)
        return self._added(free, vectors, self._reduced(self.image_features))

    def _joined(self, free: Tensor, vectors: Tensor) -> Tensor:
        return activate(self.activation, self.user_layer(torch.cat([vectors, free], -1)))

    def _reduced(self, vectors: Tensor) -> Tensor:
        return torch.sigmoid(self.reduce((vectors - self.centre) * self.scale))

    def _added(self, free: Tensor, vectors: Tensor, items: Tensor) -> Tensor:
        return free + _standard(self._reduced(vectors), items)


def _standard(vectors: Tensor, like: Tensor) -> Tensor:
    """``vectors`` on the scale on which the entries of ``like`` have mean 0 and a spread of 0.2."""
    return (vectors - like.mean()) * SPREAD / like.std(correction=0).clamp_min(1e-6)
