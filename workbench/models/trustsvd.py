"""TrustSVD: SVD++ whose users are also whom they follow, and have to tell whom they follow."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, PairBatch, Paper, Reading
from workbench.models.neighbours import find
from workbench.models.ranking import bpr_loss, drawn, normal_table
from workbench.models.svdpp import SVDpp, SVDppConfig, gated_sum


class TrustSVDConfig(SVDppConfig):
    """Hyperparameters of TrustSVD.

    Attributes:
        regularisation: lambda of every row, divided by the square root of how often the row is recorded.
        trust: lambda_t, how strongly vectors have to tell who follows whom.
        unlinked: people drawn for each followed one whom the user does not follow.
        exponent: the sums over n liked images and n followed people are divided by ``n ** exponent``.
    """

    regularisation: float = 10.0
    trust: float = 1.0
    unlinked: int = Field(1, ge=1)


class TrustSVD(SVDpp):
    """``score(u, i) = b_i + q_i . (p_u + |R_u|^-e sum_{R_u} y_j + |S_u|^-e sum_{S_u} w_v)`` (Guo et al. 2015).

    Trained with BPR instead of the squared error of ratings, and ``lambda_t/2 sum (w_v . p_u - t_uv)^2`` with t = 1 for
    whom u follows and, since nobody says whom she distrusts, 0 for people drawn among the others. Rows are regularised
    as there: by ``lambda/2`` over the square root of their count, p_u also by ``lambda_t/2`` over that of |S_u|, once
    for each row. Terms of u alone are the same for all images and left out.
    """

    name = "trustsvd"
    family = "social context"
    paper = Paper(
        "Guo et al.",
        "TrustSVD: Collaborative Filtering with Both the Explicit and Implicit Influence of User Trust and of Item "
        "Ratings",
        "AAAI",
        2015,
    )
    needs = ("likes", "follows")
    evidence = (
        *SVDpp.evidence,
        EvidenceGroup(
            "follows", "people followed", "person", "user", "follows", "people you follow stand for this kind of image"
        ),
    )
    Config = TrustSVDConfig
    config: TrustSVDConfig
    links: Tensor
    of_user: Tensor
    of_item: Tensor
    of_follower: Tensor
    of_followed: Tensor

    def __init__(self, config: TrustSVDConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        follows, history = dataset.follows, dataset.history
        if not len(follows.values):
            raise DataError(f"{dataset.root} has no follows for trustsvd to learn from: add the table, or train svdpp")
        self.trusted = normal_table(self.n_users, config.dim)
        self.follows = RecordedSets(follows)
        counts = {
            "of_user": history.lengths,
            "of_item": torch.bincount(history.values, minlength=self.n_items),
            "of_follower": follows.lengths,
            "of_followed": torch.bincount(follows.values, minlength=self.n_users),
        }
        for name, count in counts.items():
            self.register_buffer(name, count.clamp_min(1).float().rsqrt(), persistent=False)
        self.of_follower *= follows.lengths > 0
        self.register_buffer("links", follows.rows * self.n_users + follows.values, persistent=False)

    def _followed(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor, Tensor, Tensor]:
        """People followed by ``users`` (R,), their gates, the gated sum of w (R, d) and its scale (R,)."""
        sets, gate, total, size = gated_sum("follows", self.follows(users), self.trusted.weight, gates)
        return sets, gate, total, self._scale(size)

    def vector(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Her own vector and those of whom she follows, (R, d)."""
        _, _, total, scale = self._followed(users, gates)
        return super().vector(users) + total * scale.unsqueeze(-1)

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss, and for each like the error about follows and the weighted L2 norm of all rows."""
        difference, _ = self.compared(batch)
        likes = len(self.history.values)
        places = drawn(len(self.links), len(batch.users) / likes, self.device)
        strangers = torch.randint(self.n_users, (len(places), self.config.unlinked), device=self.device)
        error = self.link_error(places, strangers) * len(self.links) / len(places)
        return bpr_loss(difference) + (self.config.trust * error + self.penalty()) / (2 * likes)

    def link_error(self, places: Tensor, strangers: Tensor) -> Tensor:
        """``(w_v . p_u - t_uv)^2`` of links and, on average, of strangers that are none, summed over the links.

        Args:
            places: (L,) which links.
            strangers: (L, z) people beside the one followed; those the user follows, too, do not count.
        """
        users = torch.div(self.links[places], self.n_users, rounding_mode="floor")
        p, followed = self.users(users), self.trusted(self.follows.values[places])
        _, linked = find(self.links, (users.unsqueeze(1) * self.n_users + strangers).flatten())
        wrong = (self.trusted(strangers) @ p.unsqueeze(-1)).squeeze(-1).square() * ~linked.view_as(strangers)
        error: Tensor = ((p * followed).sum(-1) - 1).square().sum() + wrong.mean(1).sum()
        return error

    def penalty(self) -> Tensor:
        """Weighted squares of all rows, those of p_u with the regulariser of follows: a scalar."""
        config, weight = self.config, self.config.regularisation
        images = self.items.weight.square().sum(1) + self.liked.weight.square().sum(1) + self.bias.square()
        people = (weight * self.of_user + config.trust * self.of_follower) @ self.users.weight.square().sum(1)
        return people + weight * (self.of_item @ images + self.of_followed @ self.trusted.weight.square().sum(1))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contributions of every liked image, and of every person followed, ``|S_u|^-e w_v . q_i``."""
        likes = super().read(users, items, gates)
        sets, gate, _, scale = self._followed(users, gates)
        q = self.items(items).index_select(0, sets.rows)
        share = gate * scale.index_select(0, sets.rows) * (self.trusted(sets.values) * q).sum(-1)
        level = Level("follows", sets, attention=None, contribution=share)
        return Reading(likes.scores + segment_sum(share, sets), likes.own, (*likes.levels, level))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user, or the people she follows."""
        sets: Ragged = self.follows(users) if group == "follows" else self.history(users)
        return sets
