"""DiffNet: taste that diffuses along the people a user follows, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.diffusion import SocialDiffusion
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.graph import RecordedGraph
from workbench.layers.nodes import FusedNodes
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import gated_softmax, segment_max, segment_sum, weighted_sum
from workbench.models.base import Level, PairBatch, Paper, Reading, Recommender
from workbench.models.diffnet_config import DiffNetConfig
from workbench.models.diffusion import Hop
from workbench.models.ranking import bpr_loss, squared


@dataclass(frozen=True)
class _Side:
    """What makes up R users.

    Attributes:
        vectors: (images, D) v.
        states: (R, K + 1, D) after every hop; ``weights`` (R, K + 1) how each enters the user's vector.
        sets: R sets of liked images; ``gate`` (E,) of them, ``shares`` (E,) their weights.
        context: (R, D) their weighted sum.
    """

    vectors: Tensor
    states: Tensor
    weights: Tensor
    sets: Ragged
    gate: Tensor
    shares: Tensor
    context: Tensor

    @property
    def diffused(self) -> Tensor:
        """(R, D) what the hops add up to."""
        return (self.weights.unsqueeze(-1) * self.states).sum(1)


class DiffNet(Recommender):
    """``score(a, i) = b_i + v_i . (sum_k h_a^k + 1 / |R_a| sum_{j in R_a} v_j)`` over the states of hop 0 to K.

    h^0 and v fuse free embeddings with features (``FusedNodes``). Each hop pools over the people a follows:
    ``h_a^{k+1} = 1 / |S_a| sum_{b in S_a} h_b^k`` (layer=mean, the released code), or
    ``h_a^{k+1} = s(W^{k+1} [Pool(h_b^k, b in S_a); h_a^k])`` (layer=dense, the paper). The paper reads h^K alone
    (readout=last). Nobody followed, or nothing liked, adds 0. The equations are a reconstruction from the released
    code and accounts of the paper.

    With mean layers the score adds up exactly over hops, over the people within a hop and over the liked images. Under
    gates the averages are over what is left, also where a circle of people leads back to the user.
    """

    name = "diffnet"
    family = "social context"
    paper = Paper("Wu et al.", "A Neural Influence Diffusion Model for Social Recommendation", "SIGIR", 2019)
    needs = ("likes", "follows")
    evidence = (
        EvidenceGroup("hops", "hops", "hop", "user", "follows", "taste reaches you along the people you follow"),
        EvidenceGroup(
            "follows", "people followed", "person", "user", "follows", "people you follow like this kind of image"
        ),
        EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images of this kind"),
    )
    Config = DiffNetConfig
    config: DiffNetConfig

    def __init__(self, config: DiffNetConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.nodes = FusedNodes(dataset, config.dim, config.features, config.fusion, config.activation, config.std)
        self.bias = nn.Parameter(torch.zeros(self.n_items), requires_grad=config.item_bias)
        self.social = SocialDiffusion(
            dataset.follows, config.dim, config.depth, config.layer, config.pool, config.activation
        )
        self.history = RecordedSets(dataset.history)
        if config.layer == "dense" and config.readout == "last" and config.depth:
            # Dense layers mix both beyond telling apart, and with one state there are no hops to add up.
            self.__dict__["own_label"] = "own taste together with the people you follow"

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """Hops only where the user's vector adds them up; people followed only where there is a hop."""
        config = self.config
        left_out = {"hops"} if config.readout == "last" or config.depth == 0 else set()
        return tuple(g for g in self.evidence if g.name not in left_out | ({"follows"} if config.depth == 0 else set()))

    @property
    def _read(self) -> range:
        """The hops that enter a user's vector."""
        depth = self.config.depth
        return range({"last": depth, "sum": 0, "hops": 1}[self.config.readout], depth + 1)

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The hops, the people each user follows, or the images she liked."""
        if group == "hops":
            hops = torch.arange(self._read.start, self._read.stop, device=users.device)
            lengths = torch.full_like(users, len(hops))
            return Ragged.from_lengths(lengths, hops.repeat(len(users)))
        sets: Ragged = self.history(users) if group == "history" else self.social.graph.sets.select(users)
        return sets

    def _side(self, users: Tensor, gates: Gates, without: Tensor | None = None) -> _Side:
        """What makes up ``users`` (R,), whose liked images ``without`` (R,) are left out."""
        own, vectors = self.nodes()
        sets: Ragged = self.history(users)
        gate, first = self._liked(users, sets, gates)
        counted = gate if without is None else gate * (sets.values != without.index_select(0, sets.rows))
        shares = _mean(counted, sets)
        states = self._states(own, users, gates, first)
        weights = self._hop_weights(users, gates)
        return _Side(vectors, states, weights, sets, gate, shares, weighted_sum(vectors, sets, shares))

    def _liked(self, users: Tensor, sets: Ragged, gates: Gates) -> tuple[Tensor, Tensor | None]:
        """Gates (E,) of the liked images ``sets``, and the users' own vectors (R, D) where those change them."""
        gate = gates.on("history", sets)
        if gate is None:
            return self.bias.new_ones(sets.values.shape), None
        return gate, self.nodes.changed(users, sets, _mean(gate, sets)) if self.nodes.featured else None

    def _hop_weights(self, users: Tensor, gates: Gates) -> Tensor:
        """(R, K + 1) how each state enters the vectors of ``users`` (R,)."""
        weights = self.bias.new_zeros(len(users), self.config.depth + 1)
        weights[:, self._read.start :] = 1
        hops = gates.on("hops", self.elements("hops", users, users)) if self._hop_group else None
        return weights if hops is None else torch.cat([weights[:, : self._read.start], hops.view(len(users), -1)], 1)

    @property
    def _hop_group(self) -> bool:
        return any(group.name == "hops" for group in self.active_evidence)

    def _states(self, own: Tensor, users: Tensor, gates: Gates, first: Tensor | None = None) -> Tensor:
        """States (R, K + 1, D) of ``users`` (R,) from ``own`` (users, D), with ``first`` (R, D) for theirs if given."""
        everybody = self.social(own)
        gate = self._following(users, gates)
        if gate is None and first is None:
            return torch.stack([states.index_select(0, users) for states in everybody], 1)
        return self.social.again(everybody, users, gate, first)[0]

    def _following(self, users: Tensor, gates: Gates) -> Tensor | None:
        """The gates of the people followed."""
        return gates.on("follows", self.elements("follows", users, users)) if self.config.depth else None

    def forward(self, batch: PairBatch) -> Tensor:
        """The loss plus the L2 norm of the free embeddings used; a positive does not count as its own evidence."""
        users, row = torch.unique(batch.users, return_inverse=True)
        own, vectors = self.nodes()
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        sets: Ragged = self.history(users)
        # Every image the batch needs is read once, so that its gradient is written once.
        images, place = torch.unique(torch.cat([items.flatten(), sets.values]), return_inverse=True)
        near = vectors.index_select(0, images)
        v = near.index_select(0, place[: items.numel()]).view(*items.shape, -1)
        liked = RecordedGraph(Ragged(sets.offsets, place[items.numel() :]), len(images), "mean")
        context = liked(near)
        states = self.social(own)[self._read.start :]
        user = torch.stack([part.index_select(0, users) for part in states]).sum(0) + context
        score = self._by_block(user.index_select(0, row).unsqueeze(1) * v) + self.bias[items].unsqueeze(-1)
        if self.config.exclude_target:
            mean, target = context.index_select(0, row), v[:, 0]
            n = sets.lengths.index_select(0, row).unsqueeze(-1)
            apart = self._by_block((mean - target) * target) / (n - 1).clamp_min(1)
            rest = torch.where(n > 1, apart, -self._by_block(mean * target))
            score = torch.cat([(score[:, 0] + rest).unsqueeze(1), score[:, 1:]], 1)
        featured, nodes = self.nodes.featured, self.nodes
        p = nodes.users(users) if featured else own.index_select(0, users)
        free = (p.square().sum(-1) * torch.bincount(row)).sum()
        free = free + squared(nodes.items(items) if featured else v) / batch.negatives.shape[1]
        loss: Tensor = self._loss(score) + self.config.regularisation * free / len(score)
        return loss

    def _by_block(self, products: Tensor) -> Tensor:
        """Sums (..., blocks) of products (..., D) within each block."""
        return products.reshape(*products.shape[:-1], self.config.blocks, -1).sum(-1)

    @property
    def _added(self) -> Tensor:
        """(images,) what b_i adds to a score: once with every block."""
        return self.config.blocks * self.bias

    def _loss(self, score: Tensor) -> Tensor:
        """The loss of scores (B, 1 + n, blocks), the first column being the positives; blocks add up."""
        if self.config.loss == "bpr":
            return bpr_loss(score[:, :1] - score[:, 1:]) * self.config.blocks
        label = torch.zeros_like(score)
        label[:, 0] = 1
        return (label - score.sigmoid()).square().sum((1, 2)).mean() / 2

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,); the scored image itself never counts as evidence if the target is excluded."""
        side = self._side(users, gates, items if self.config.exclude_target else None)
        v = side.vectors.index_select(0, items)
        scores: Tensor = ((side.diffused + side.context) * v).sum(-1) + self._added[items]
        return scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): the user's vector does not depend on the image, unless she liked it."""
        side = self._side(users, gates)
        scores = torch.addmm(self._added, side.diffused + side.context, side.vectors.T)
        if self.config.exclude_target and len(side.sets.values):
            rows, items, gate = side.sets.rows, side.sets.values, side.gate
            v, total = side.vectors.index_select(0, items), weighted_sum(side.vectors, side.sets, gate)
            left = (segment_sum(gate, side.sets)[rows] - gate).clamp_min(torch.finfo(gate.dtype).tiny)
            rest = (_others(gate, side.sets) / left).unsqueeze(-1) * (total[rows] - gate.unsqueeze(-1) * v)
            scores[rows, items] = ((side.diffused[rows] + rest) * v).sum(-1) + self._added[items]
        return scores

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Exact shares of the hops and of the liked images; nothing is weighed, so there is no attention.

        Where only the last state counts, mean layers share it out among the people followed, each with all that comes
        over her. What dense layers make of it stays in the own part.
        """
        side = self._side(users, gates, items if self.config.exclude_target else None)
        v = side.vectors.index_select(0, items)
        liked = side.shares * (side.vectors[side.sets.values] * v[side.sets.rows]).sum(-1)
        diffused, levels = (side.diffused * v).sum(-1), []
        own, scores = self._added[items], self._added[items] + diffused + segment_sum(liked, side.sets)
        if self._hop_group:
            shares = side.weights * (side.states * v.unsqueeze(1)).sum(-1)
            hops = self.elements("hops", users, items)
            levels.append(Level("hops", hops, None, shares[:, self._read.start :].flatten()))
        if self.config.depth:
            share = None
            if not self._hop_group and self.config.layer == "mean":
                share = self._by_friend(users, v, gates)
            levels.append(Level("follows", self.elements("follows", users, items), None, share))
        if not any(level.contribution is not None for level in levels):
            own = own + diffused
        return Reading(scores, own, (*levels, Level("history", side.sets, None, liked)))

    def _by_friend(self, users: Tensor, v: Tensor, gates: Gates) -> Tensor:
        """Shares (E,) of the people followed in the last state of mean layers, each with all that comes over her."""
        everybody, friends = self.social(self.nodes()[0]), self.elements("follows", users, users)
        gate = self._following(users, gates)
        _, first = self._liked(users, self.history(users), gates)
        _, before = self.social.again(everybody, users, gate, first)
        shares = _mean(gate, friends) if gate is not None else _mean(before.new_ones(len(before)), friends)
        return shares * (before * v.index_select(0, friends.rows)).sum(-1)

    def diffusion(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> tuple[Hop, ...]:
        """Hops 1 to K: who reaches the users, with weights (A^k)_ab and, for mean layers, exact shares of the score."""
        own, vectors = self.nodes()
        v = vectors.index_select(0, items)
        _, first = self._liked(users, self.history(users), gates)
        weights = self._hop_weights(users, gates)
        hops = []
        for k, (people, share) in enumerate(self.social.paths(users, self._following(users, gates)), 1):
            added = None
            if self.config.layer == "mean":
                start = own.index_select(0, people.values)
                if first is not None:
                    mine = (people.values == users.index_select(0, people.rows)).unsqueeze(-1)
                    start = torch.where(mine, first.index_select(0, people.rows), start)
                added = share * weights[:, k].index_select(0, people.rows) * (start * v[people.rows]).sum(-1)
            hops.append(Hop(people, share, added))
        return tuple(hops)

    def hop_states(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """(R, K + 1, D) the states of ``users`` (R,) after hop 0 (their own vectors) to K."""
        _, first = self._liked(users, self.history(users), gates)
        return self._states(self.nodes()[0], users, gates, first)


def _mean(gates: Tensor, sets: Ragged) -> Tensor:
    """Weights (E,) of the average over what is left of each set."""
    return gated_softmax(torch.zeros_like(gates), sets, gates)[0]


def _others(gates: Tensor, sets: Ragged) -> Tensor:
    """For each element (E,) the largest gate among the others of its set, 0 without others."""
    rows = sets.rows
    top = segment_max(gates, sets, 0.0)
    first = gates == top.index_select(0, rows)
    alone = first & (segment_sum(first.to(gates.dtype), sets).index_select(0, rows) == 1)
    return torch.where(alone, segment_max(gates.masked_fill(first, 0), sets, 0.0)[rows], top.index_select(0, rows))
