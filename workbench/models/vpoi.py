"""VPOI: matrix factorisation whose users and images also have to tell which pictures are theirs."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.store import Features
from workbench.models.base import PairBatch, Paper
from workbench.models.bpr import BPR, BPRConfig
from workbench.models.ranking import drawn, squared
from workbench.models.visual import Standardise


class VPOIConfig(BPRConfig):
    """Hyperparameters of VPOI.

    Attributes:
        features: name of the image features. Of features of frames, every frame is a picture of its own.
        user_weight: w_A, of the pictures users made; ``item_weight`` w_B, of those that belong to images.
        strangers: users, and images, drawn for each picture that it does not belong to.
        projection_regularisation: of A and B.
    """

    features: str = "convnet"
    user_weight: float = 0.1
    item_weight: float = 0.1
    strangers: int = Field(5, ge=1)
    projection_regularisation: float = 0.01


class VPOI(BPR):
    """``score(u, i) = p_u . q_i + b_i``, learned by BPR beside two log-likelihoods of pictures (Wang et al. 2017).

    Picture k, with frozen features c_k, is one of user u with ``P ~ exp(p_u . A c_k)`` and one of image i with
    ``P ~ exp(q_i . B c_k)``. By negative sampling ``ln sigmoid(p_u . A c_k) + sum_n ln sigmoid(-p_n . A c_k)`` is
    maximised for random users n, and the same for images. In the place of a user's photographs stand her uploads, in
    that of a place's photographs the image itself, or its frames. A step takes the sums over as large a part of the
    pictures, drawn at random, as the batch is of the likes.
    """

    name = "vpoi"
    family = "latent factors and images"
    paper = Paper(
        "Wang et al.", "What Your Images Reveal: Exploiting Visual Contents for Point-of-Interest Recommendation",
        "WWW", 2017,
    )  # fmt: skip
    needs = ("likes", "items.image")
    silent = (
        "Pictures shaped the vectors of users and images in training and play no part when an image is scored, "
        "so there is nothing to take away."
    )
    Config = VPOIConfig
    config: VPOIConfig
    pictures: Tensor
    shown_by: Tensor
    made_by: Tensor
    made: Tensor

    def __init__(self, config: VPOIConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        features, self.n_likes = (
            Features.open(dataset.root, config.features).check(dataset),
            len(dataset.history.values),
        )
        if features.card.of == "frames":
            pictures, shown_by = features.tensor(), features.sets.rows
        else:
            shown_by = torch.nonzero(features.sets.lengths).flatten()
            pictures = features.vectors(dataset)[shown_by]
        made_by = dataset.creator[shown_by]
        made = torch.nonzero(made_by >= 0).flatten()
        if config.user_weight and not len(made):
            raise DataError(
                f"{dataset.root} names no creator of a picture, and vpoi learns from what users made: add the column "
                "creator of items, or leave that out with --set user_weight=0"
            )
        for name, tensor in (("pictures", pictures), ("shown_by", shown_by), ("made_by", made_by), ("made", made)):
            self.register_buffer(name, tensor, persistent=False)
        self.standardise = Standardise(pictures.shape[1])
        self.standardise.fit(pictures.float())
        self.of_users = nn.Linear(pictures.shape[1], config.dim, bias=False)
        self.of_items = nn.Linear(pictures.shape[1], config.dim, bias=False)
        for layer, weight in ((self.of_users, config.user_weight), (self.of_items, config.item_weight)):
            nn.init.normal_(layer.weight, std=0.01)
            layer.requires_grad_(weight > 0)

    def forward(self, batch: PairBatch) -> Tensor:
        """The loss of BPR, and the pictures' log-likelihoods for each like."""
        config, share, total = self.config, len(batch.users) / self.n_likes, super().forward(batch)
        if config.user_weight:
            some = self.made[drawn(len(self.made), share, self.device)]
            lost = self.unlikeliness(self.users, self.of_users, some, self.made_by[some])
            total = total + config.user_weight * lost * len(self.made) / len(some) / self.n_likes
        if config.item_weight:
            some = drawn(len(self.shown_by), share, self.device)
            lost = self.unlikeliness(self.items, self.of_items, some, self.shown_by[some])
            total = total + config.item_weight * lost * len(self.shown_by) / len(some) / self.n_likes
        projections = squared(self.of_users.weight) + squared(self.of_items.weight)
        return total + config.projection_regularisation / self.n_likes * projections

    def unlikeliness(self, table: nn.Embedding, look: nn.Linear, pictures: Tensor, owners: Tensor) -> Tensor:
        """Negative log-likelihood of ``pictures`` (n,), by negative sampling from the ``table``, summed: a scalar.

        Args:
            table: vectors of users or of images.
            look: A or B.
            pictures: which; ``owners`` (n,) the rows of the table they belong to.
            owners: see above.
        """
        seen = look(self.standardise(self.pictures[pictures].float()))
        strangers = torch.randint(table.num_embeddings, (len(owners), self.config.strangers), device=self.device)
        right = (table(owners) * seen).sum(-1)
        wrong = (table(strangers) @ seen.unsqueeze(-1)).squeeze(-1)
        return functional.softplus(-right).sum() + functional.softplus(wrong).sum()
