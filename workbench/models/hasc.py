"""HASC: hierarchical attention over what a user uploads, whom she follows and who made the image."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.taste import image_and_user_vectors
from workbench.layers.attention import AdditiveScore, Squash
from workbench.layers.evidence import ASPECTS, OPEN, EvidenceGroup, Gates
from workbench.layers.hierarchy import UserSide
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import gated_softmax, gated_softmax_rows, segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import bpr_loss, normal_table, squared

Aspect = Literal["uploads", "follows", "creator"]
Input = Literal["base", "auxiliary", "visual"]
ROWS = 8
"""Users whose aspect scores for all creators are computed at a time."""


class HASCConfig(ModelConfig):
    """Hyperparameters of HASC; sizes and inputs default to Section 4.1 of the paper.

    Attributes:
        dim: latent size D.
        hidden: width of the attention networks.
        aspects: which of the three contexts are read (Table 3).
        attention: learned weights, or the average over what is present (Table 3, AVG).
        inputs: what the attention networks see (Table 4): base {P, W}, auxiliary {Q, X}, visual {F}.
        squash: sigmoid reproduces the printed Eq. 9, which caps an aspect's weight at e / (e + 2) = 0.58; the paper's
            own case study shows 0.83, so the default is none.
        features: name of the image features behind the visual input.
        item_bias: add b_i, as the released code does and the text does not.
        warm_start: epochs of BPR on P and W alone, before the attention is trained.
        std: spread of the random start of Q and X.
    """

    dim: int = 15
    regularisation: float = 0.01
    context_regularisation: float = 0.01
    hidden: int = 20
    aspects: tuple[Aspect, ...] = Field(("uploads", "follows", "creator"), min_length=1)
    attention: Literal["learned", "average"] = "learned"
    inputs: tuple[Input, ...] = Field(("base", "auxiliary", "visual"), min_length=1)
    squash: Squash = "none"
    features: str = "descriptor"
    item_bias: bool = True
    warm_start: int = 0
    std: float = 0.1

    @property
    def staged(self) -> bool:
        """The attention rests during the warm start."""
        return self.warm_start > 0


class HASC(Recommender):
    """``score(a, i) = b_i + W_i . (P_a + g1 sum_j alpha_j X_j + g2 sum_b beta_b Q_b + g3 Q_creator(i))`` (Eq. 3).

    The sums run over the images a uploaded and the people a follows; alpha, beta and the aspect weights g are softmax
    attentions. The text prints the first (Eq. 9) and refers to two equations that are missing; those two take the
    form of the authors' released code: the same two-layer network on the users' embeddings (social), and one network
    shared by the three contexts (aspects). The creator's context depends on the image, hence so do all three g.
    An aspect without elements weighs 0. The score splits exactly into own taste and contributions (Eq. 4).
    """

    name = "hasc"
    family = "social context"
    paper = Paper(
        "Wu et al.", "A Hierarchical Attention Model for Social Contextual Image Recommendation", "TKDE", 2019
    )
    needs = ("likes",)
    evidence = (
        EvidenceGroup(
            "uploads", "uploads", "image", "user", "items.creator", "the model ties it to images you uploaded"
        ),
        EvidenceGroup(
            "follows", "people followed", "person", "user", "follows", "people you follow like this kind of image"
        ),
        EvidenceGroup("creator", "creator", "person", "item", "items.creator", "of who made it"),
    )
    Config = HASCConfig
    config: HASCConfig
    creator: Tensor
    creators: Tensor
    column: Tensor
    image_features: Tensor
    user_features: Tensor

    def __init__(self, config: HASCConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        d = config.dim
        self.p, self.w = normal_table(self.n_users, d), normal_table(self.n_items, d)
        self.q, self.x = normal_table(self.n_users, d, config.std), normal_table(self.n_items, d, config.std)
        self.bias = nn.Parameter(torch.zeros(self.n_items), requires_grad=config.item_bias)
        self.user_aspects = [group.name for group in self.active_evidence if group.side == "user"]
        self.nets, self.look = nn.ModuleDict(), nn.ModuleDict()
        if config.attention == "learned":
            self._networks(dataset)
        reads_q = bool(self.nets) and "auxiliary" in config.inputs
        self.q.requires_grad_(reads_q or config.aspects != ("uploads",))
        self.x.requires_grad_("uploads" in config.aspects)
        self.uploads, self.follows = RecordedSets(dataset.uploads), RecordedSets(dataset.follows)
        creators, column = torch.unique(dataset.creator, return_inverse=True)
        for name, codes in (("creator", dataset.creator), ("creators", creators), ("column", column)):
            self.register_buffer(name, codes, persistent=False)
        self.warming = False

    def _networks(self, dataset: Dataset) -> None:
        """The attention networks this configuration needs, and a view of the image features for each (Eq. 10)."""
        config, width = self.config, self.config.dim * len(self.config.inputs)
        for aspect in self.user_aspects:
            self.nets[aspect] = AdditiveScore(width, width, config.hidden, config.squash)
        if len(config.aspects) > 1:
            self.nets[ASPECTS] = AdditiveScore(width, config.dim, config.hidden, config.squash)
        if "visual" not in config.inputs or not self.nets:
            return
        try:
            images, users = image_and_user_vectors(dataset, config.features)
        except DataError as missing:
            raise DataError(f"{missing}, or train hasc without them: --set inputs=base,auxiliary") from None
        self.register_buffer("image_features", images, persistent=False)
        self.register_buffer("user_features", users, persistent=False)
        for layer in self.nets:
            self.look[layer] = nn.Linear(images.shape[1], config.dim, bias=False)

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The aspects this configuration reads."""
        return tuple(group for group in self.evidence if group.name in self.config.aspects)

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """Uploads and followed people of the users, or the creator of the images."""
        if group != "creator":
            sets: Ragged = {"uploads": self.uploads, "follows": self.follows}[group](users)
            return sets
        creator = self.creator.index_select(0, items)
        return Ragged.from_lengths((creator >= 0).long(), creator[creator >= 0])

    def _seen(self, layer: str, codes: Tensor, *, images: bool = False) -> Tensor:
        """What an attention network sees of users, or of ``images``: (n, width)."""
        base, auxiliary = (self.w, self.x) if images else (self.p, self.q)
        parts = [
            table(codes) for name, table in (("base", base), ("auxiliary", auxiliary)) if name in self.config.inputs
        ]
        if "visual" in self.config.inputs:
            features = self.image_features if images else self.user_features
            parts.append(self.look[layer](features.index_select(0, codes)))
        return torch.cat(parts, -1)

    def _element_scores(self, aspect: str, users: Tensor, sets: Ragged) -> Tensor:
        """Attention scores (elements,) before the softmax, Eq. 9 and its social twin; 0 for the average."""
        if aspect not in self.nets:
            return self.p.weight.new_zeros(sets.values.shape)
        net = self._net(aspect)
        nodes, at = torch.unique(sets.values, return_inverse=True)
        keys = net.key(self._seen(aspect, nodes, images=aspect == "uploads"))
        query = net.query(self._seen(aspect, users))
        return net.combine(query.index_select(0, sets.rows), keys.index_select(0, at))

    def _aspect_score(self, query: Tensor, context: Tensor) -> Tensor:
        """Score of a context (..., d) for the aspect attention; 0 where there is nothing to learn."""
        if ASPECTS not in self.nets:
            return (query[..., :1] + context[..., :1]).squeeze(-1) * 0
        net = self._net(ASPECTS)
        return net.combine(query, net.key(context))

    def _net(self, layer: str) -> AdditiveScore:
        net = self.nets[layer]
        assert isinstance(net, AdditiveScore)
        return net

    def _user_side(self, users: Tensor, gates: Gates = OPEN) -> UserSide:
        """Contexts of Eq. 12 and their aspect scores for R rows of users."""
        base = self.p(users)
        query = self._net(ASPECTS).query(self._seen(ASPECTS, users)) if ASPECTS in self.nets else torch.zeros_like(base)
        side = UserSide(base, query, {}, base[:, :0], base[:, :0], {}, {})
        scores, presence = [side.scores], [side.presence]
        for aspect in self.user_aspects:
            sets = self.elements(aspect, users, users)
            weights, present = gated_softmax(self._element_scores(aspect, users, sets), sets, gates.on(aspect, sets))
            context = weighted_sum((self.x if aspect == "uploads" else self.q).weight, sets, weights)
            side.contexts[aspect], side.sets[aspect], side.weights[aspect] = context, sets, weights
            scores.append(self._aspect_score(query, context).unsqueeze(-1))
            presence.append(present.unsqueeze(-1))
        scored, present = torch.cat(scores, -1), torch.cat(presence, -1)
        return UserSide(base, query, side.contexts, scored, present, side.sets, side.weights)

    def _mixed(self, side: UserSide, items: Tensor, gates: Gates) -> tuple[Tensor, dict[str, Tensor]]:
        """Aspect weights gamma (R, aspects) for R pairs, and the contexts (R, d) by aspect in the same order."""
        scores, presence, contexts = side.scores, side.presence, dict(side.contexts)
        if "creator" in self.config.aspects:
            sets = self.elements("creator", items, items)
            gate = gates.on("creator", sets)
            present = segment_sum(side.base.new_ones(sets.values.shape) if gate is None else gate, sets).unsqueeze(-1)
            creator = self.q(self.creator.index_select(0, items).clamp_min(0))
            scores = torch.cat([scores, self._aspect_score(side.query, creator).unsqueeze(-1)], -1)
            presence = torch.cat([presence, present], -1)
            contexts["creator"] = creator * present
        return gated_softmax_rows(scores, presence), contexts

    def _pair_scores(self, side: UserSide, items: Tensor, gates: Gates) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Scores (R,) of R pairs by Eq. 3, the W (R, d) of their images and the contexts."""
        gamma, contexts = self._mixed(side, items, gates)
        user, w = side.base, self.w(items)
        for weight, context in zip(gamma.unbind(-1), contexts.values(), strict=True):
            user = user + weight.unsqueeze(-1) * context
        return (user * w).sum(-1) + self.bias[items], w, contexts

    def start_epoch(self, epoch: int) -> None:
        """The first epochs train P and W alone, as BPR."""
        self.warming = epoch <= self.config.warm_start

    @property
    def ready(self) -> bool:
        """Whether the warm start is over."""
        return not self.warming

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss (Eq. 13 with its sign and logarithm restored) plus the L2 norm of the embeddings used."""
        unique, row = torch.unique(batch.users, return_inverse=True)
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        n, flat, pairs = batch.negatives.shape[1], items.flatten(), row.repeat_interleave(items.shape[1])
        if self.warming:
            base, w = self.p(batch.users), self.w(flat)
            score = (self.p(unique).index_select(0, pairs) * w).sum(-1) + self.bias[flat]
            return self._loss(score.view_as(items), squared(base) + squared(w) / n, {})
        side = self._user_side(unique)
        score, w, contexts = self._pair_scores(side.spread(pairs), flat, OPEN)
        own = squared(side.base.index_select(0, row)) + squared(w) / n
        return self._loss(score.view_as(items), own, contexts)

    def _loss(self, score: Tensor, own: Tensor, contexts: dict[str, Tensor]) -> Tensor:
        """The loss of scores (B, 1 + n), the first column being the positives."""
        context = sum((squared(c) for c in contexts.values()), torch.zeros_like(own)) / (score.shape[1] - 1)
        penalty = self.config.regularisation * own + self.config.context_regularisation * context
        return bpr_loss(score[:, :1] - score[:, 1:]) + penalty / len(score)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        if gates is not OPEN:
            return self._pair_scores(self._user_side(users, gates), items, gates)[0]
        unique, row = torch.unique(users, return_inverse=True)
        return self._pair_scores(self._user_side(unique).spread(row), items, gates)[0]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images) by Eq. 4.

        With e = exp(aspect score) the user's contexts enter as one weighted vector and the creator's as one number for
        each image, so a row costs two matrix products and two gathers from what is known of each creator.
        """
        side, table = self._user_side(users, gates), self.w.weight
        own = torch.addmm(self.bias, side.base, table.T)
        creator, gate, column = self._creators_seen(users, side.query, gates)
        nobody = torch.full_like(own[:, :1], -torch.inf)
        first = torch.cat([side.scores.masked_fill(side.presence <= 0, -torch.inf), nobody], -1)
        first = first.detach().amax(-1, keepdim=True)
        # Each pair has a largest score of its own: one for all creators would leave nothing of the pairs far below it.
        top = torch.maximum(first, creator.detach().masked_fill(gate <= 0, -torch.inf))
        top = top.masked_fill(top.isinf(), 0)
        share = (side.scores - first.masked_fill(first.isinf(), 0)).clamp(max=0).exp() * side.presence
        mixed = torch.zeros_like(side.base)
        for weight, context in zip(share.unbind(-1), side.contexts.values(), strict=True):
            mixed = mixed + weight.unsqueeze(-1) * context
        present = torch.cat([side.presence, torch.zeros_like(own[:, :1])], -1).amax(-1, keepdim=True)
        users_part, creators = (first - top).exp(), (creator - top).clamp(max=0).exp() * gate
        scale = share.sum(-1, keepdim=True) * users_part + creators
        scale = torch.maximum(present, gate) / scale.clamp_min(torch.finfo(own.dtype).tiny)
        affinity = (self.q(self.creator.clamp_min(0)) * table).sum(-1)
        scores = torch.addcmul(own, mixed @ table.T, (users_part * scale).index_select(1, column))
        return torch.addcmul(scores, (creators * gate * scale).index_select(1, column), affinity)

    def _creators_seen(self, users: Tensor, query: Tensor, gates: Gates) -> tuple[Tensor, Tensor, Tensor]:
        """Aspect scores (R, n) and presence (1 or R, n) of n creators, and for each image which of them is its own.

        The creators are distinct people (or nobody) unless single images are gated: then they are one for each image.
        """
        known = self.creators >= 0
        gate, column = known.to(query.dtype), self.column
        if "creator" not in self.config.aspects:
            return torch.zeros_like(query[:, :1]), torch.zeros_like(query[:1, :1]), torch.zeros_like(column)
        distinct, row = torch.unique(users, return_inverse=True)
        first = torch.empty_like(distinct).scatter_(0, row, torch.arange(len(users), device=users.device))
        vectors = self.q(self.creators.clamp_min(0)).unsqueeze(0)
        # A few rows at a time, so that (rows, creators, hidden) stays in the processor's cache.
        parts = [
            self._aspect_score(part.unsqueeze(1), vectors) for part in torch.split(query.index_select(0, first), ROWS)
        ]
        scores = torch.cat(parts).index_select(0, row)
        if "creator" in gates.elements:
            scores, gate = scores.index_select(1, column), gate.index_select(0, column)
            gate = gate.masked_scatter(self.creator >= 0, gates.elements["creator"])
            column = torch.arange(len(column), device=column.device)
        aspect = gates.aspects.get("creator")
        return scores, gate.unsqueeze(0) if aspect is None else aspect.unsqueeze(1) * gate, column

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention of the aspects and of the elements, each with its exact share of the score (Eq. 4)."""
        side = self._user_side(users, gates)
        gamma, contexts = self._mixed(side, items, gates)
        w, n = self.w(items), gamma.shape[1]
        own = (side.base * w).sum(-1) + self.bias[items]
        shares = gamma * torch.stack([(context * w).sum(-1) for context in contexts.values()], -1)
        places = torch.tensor([self.evidence.index(group) for group in self.active_evidence], device=users.device)
        aspects = Ragged(torch.arange(0, len(users) * n + 1, n, device=users.device), places.repeat(len(users)))
        levels = [Level(ASPECTS, aspects, gamma.flatten(), shares.flatten())]
        for k, aspect in enumerate(contexts):
            if aspect == "creator":
                sets = self.elements(aspect, users, items)
                gate = gates.on(aspect, sets)
                weight = own.new_ones(sets.values.shape) if gate is None else gate
                share = shares[:, k].index_select(0, sets.rows)
            else:
                sets, weight = side.sets[aspect], side.weights[aspect]
                vectors = (self.x if aspect == "uploads" else self.q)(sets.values)
                affinity = (vectors * w.index_select(0, sets.rows)).sum(-1)
                share = gamma[:, k].index_select(0, sets.rows) * weight * affinity
            levels.append(Level(aspect, sets, weight, share))
        return Reading(scores=own + shares.sum(-1), own=own, levels=tuple(levels))
