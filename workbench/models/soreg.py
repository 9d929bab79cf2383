"""SoReg: matrix factorisation in which the people a user follows pull at her vector."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import PairBatch, Paper
from workbench.models.bpr import BPR, BPRConfig
from workbench.models.ranking import drawn

Similarity = Literal["cosine", "pearson", "none"]


class SoRegConfig(BPRConfig):
    """Hyperparameters of SoReg.

    Attributes:
        form: every followed person pulls for herself (individual), or all together by their weighted mean (average).
        similarity: how much a followed person weighs: the cosine of what both like, Pearson's correlation mapped to
            [0, 1], or 1 for everybody (none).
        social: how strongly they pull, beta of the individual form and alpha of the average one.
    """

    form: Literal["individual", "average"] = "individual"
    similarity: Similarity = "cosine"
    social: float = 1.0


class SoReg(BPR):
    """``score(u, i) = p_u . q_i + b_i``, learned by BPR and ``beta/2 sum_u sum_{f in S_u} s_uf |p_u - p_f|^2``.

    The average form is ``alpha/2 sum_u |p_u - sum_f s_uf p_f / sum_f s_uf|^2`` (Ma et al. 2011, there with the squared
    error of ratings). Either way a pair is pulled at both of its ends: the follower and whom she follows. A step takes
    the sum over as large a part of the followers, drawn at random, as the batch is of the likes.
    """

    name = "soreg"
    family = "social context"
    paper = Paper("Ma et al.", "Recommender Systems with Social Regularization", "WSDM", 2011)
    needs = ("likes", "follows")
    silent = (
        "Whom a user follows shaped her vector in training and plays no part when an image is scored, "
        "so there is nothing to take away."
    )
    Config = SoRegConfig
    config: SoRegConfig
    similarity: Tensor
    followers: Tensor

    def __init__(self, config: SoRegConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        follows = dataset.follows
        if not len(follows.values):
            raise DataError(f"{dataset.root} has no follows for soreg to learn from: add the table, or train bpr")
        similarity = similarities(dataset.history, follows, self.n_items, config.similarity)
        self.follows, self.n_likes = RecordedSets(follows), len(dataset.history.values)
        self.register_buffer("similarity", similarity, persistent=False)
        self.register_buffer("followers", torch.nonzero(follows.lengths).flatten(), persistent=False)

    def forward(self, batch: PairBatch) -> Tensor:
        """The loss of BPR, and the social regulariser for each like."""
        some = self.followers[drawn(len(self.followers), len(batch.users) / self.n_likes, self.device)]
        for_all = self.distance(some) * len(self.followers) / len(some)
        return super().forward(batch) + self.config.social / 2 * for_all / self.n_likes

    def distance(self, users: Tensor) -> Tensor:
        """Weighted squared distance of ``users`` (n,) from those they follow, summed over all of them: a scalar."""
        everything = torch.arange(len(self.similarity), device=users.device)
        places = Ragged(self.follows.offsets, everything).select(users)
        rows, weights = places.rows, self.similarity[places.values]
        own: Tensor = self.users(users)
        followed: Tensor = self.users(self.follows.values[places.values])
        if self.config.form == "individual":
            return (weights * (own[rows] - followed).square().sum(-1)).sum()
        total = segment_sum(weights, places)
        mean = segment_sum(weights.unsqueeze(1) * followed, places) / total.clamp_min(1e-9).unsqueeze(1)
        # Nobody is drawn to the mean of people none of whom weighs anything.
        return ((total > 0) * (own - mean).square().sum(-1)).sum()


def similarities(history: Ragged, follows: Ragged, n_items: int, kind: Similarity) -> Tensor:
    """(follows,) how alike the likes of follower and followed are, in [0, 1].

    Args:
        history: users -> items, each once.
        follows: followers -> those they follow.
        n_items: how many items there are.
        kind: ``cosine`` of the rows of zeros and ones, their correlation (``pearson``) r as (r + 1) / 2, with 0 for r
            where a row is constant, or ``none`` for 1.
    """
    if kind == "none":
        return torch.ones(len(follows.values))
    cells = np.unique(history.rows.numpy() * n_items + history.values.numpy())
    shape = (len(history), n_items)
    likes = csr_array((np.ones(len(cells)), np.divmod(cells, n_items)), shape=shape)
    rows, columns = follows.rows.numpy(), follows.values.numpy()
    common = np.asarray(likes[rows].multiply(likes[columns]).sum(1), np.float64)
    size = np.asarray(likes.sum(1), np.float64)
    one, other = size[rows], size[columns]
    if kind == "cosine":
        found = common / np.sqrt(np.maximum(one * other, 1))
    else:
        spread = np.sqrt(one * (n_items - one) * other * (n_items - other))
        found = (np.where(spread > 0, (n_items * common - one * other) / np.maximum(spread, 1), 0) + 1) / 2
    return torch.from_numpy(found.astype(np.float32))
