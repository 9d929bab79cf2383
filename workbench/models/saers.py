"""SAERS: attention to the semantic attributes an image shows, each read where the image shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.regions import RegionTable
from workbench.layers.segments import gated_softmax, gated_softmax_rows, segment_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender, repaint_row
from workbench.models.ranking import bpr_loss, normal_table, squared

HELD = 8_000_000
"""Numbers held at a time while all images are read for several users: 32 MB."""


class SAERSConfig(ModelConfig):
    """Hyperparameters of SAERS; the published values could not be read, so sizes are those of models of its time.

    Attributes:
        dim: latent size D.
        hidden: width h of the additive attention.
        attention: score of an attribute for a user: ``w . relu(Wu p + Wf f + b)``, ``p . M f``, or ``p . f``.
        include_id: a vector q_i of the image's own; without it an image is its attributes and its bias.
        include_global: one more vector of the image, made of what all of it looks like.
        features: name of the features of attributes; ``global_features`` of those of whole images.
        regularisation: of the rows of users and images a batch used, their biases among them.
        projection_regularisation: of the matrices.
    """

    learning_rate: float = 5e-3
    dim: int = 32
    hidden: int = 32
    attention: Literal["additive", "bilinear", "dot"] = "additive"
    include_id: bool = True
    include_global: bool = False
    features: str = "attributes"
    global_features: str = "convnet"
    regularisation: float = 0.01
    projection_regularisation: float = 1e-4


class SAERS(Recommender):
    """``r_ui = p_u . (q_i + z_ui) + b_i`` with ``z_ui = sum_k alpha_uik Wz f_i^k``.

    ``alpha`` is a softmax over the attributes the image shows of ``w . relu(Wu p_u + Wf f_i^k + b)``, so it depends on
    the user and on what the attribute looks like there. ``f_i^k`` (d,) are the coordinates of attribute k, read in the
    box where the image shows it; the network that finds and reads them (``workbench/features/attributes``) stays as it
    is while this model learns.

    A reconstruction: structure, loss and region features are those of the paper, whose equations could not be read. The
    contributions ``alpha_k p_u . Wz f_k`` are exact; how much a user likes an attribute (``liking``) is another number
    and never mixed with its attention.
    """

    name = "saers"
    family = "images and attributes"
    paper = Paper(
        "Hou et al.",
        "Explainable Fashion Recommendation: A Semantic Attribute Region Guided Approach",
        "IJCAI",
        2019,
    )
    needs = ("likes", "items.image")
    evidence = (
        EvidenceGroup(
            "attributes", "attributes it shows", "attribute", "item", "items.image", "of attributes the image shows"
        ),
    )
    Config = SAERSConfig
    config: SAERSConfig
    features: Features
    place: Tensor
    seen: Tensor
    scale: Tensor
    whole: Features

    def __init__(self, config: SAERSConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.features = Features.open(dataset.root, config.features)
        self.regions = RegionTable.of(dataset, self.features)
        d, width = config.dim, self.regions.width
        if not self.features.card.attributes:
            raise DataError(f"the features '{config.features}' hold no attributes: make some with --encoder attributes")
        if config.attention == "dot" and d != width:
            raise DataError(
                f"attention=dot multiplies users and attributes, which have {width} numbers: set dim={width}"
            )
        self._lay_out()
        self.users = normal_table(self.n_users, d)
        self.bias = nn.Parameter(torch.zeros(self.n_items))
        if config.include_id:
            self.items = normal_table(self.n_items, d)
        if config.include_global:
            self.whole = Features.open(dataset.root, config.global_features)
            vectors = self.whole.vectors(dataset)
            deviation, mean = torch.std_mean(vectors, 0, correction=0)
            self.register_buffer("scale", torch.stack([mean, deviation.clamp_min(1e-6)]), persistent=False)
            self.register_buffer("seen", (vectors - self.scale[0]) / self.scale[1], persistent=False)
            self.look = nn.Linear(vectors.shape[1], d, bias=False)
        self.value = nn.Linear(width, d, bias=False)
        if config.attention == "additive":
            self.query, self.key = nn.Linear(d, config.hidden), nn.Linear(width, config.hidden, bias=False)
            self.out = nn.Parameter(torch.randn(config.hidden) * config.hidden**-0.5)
        elif config.attention == "bilinear":
            self.key = nn.Linear(width, d, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
        if config.include_global:
            nn.init.normal_(self.look.weight, std=0.01)

    def _lay_out(self) -> None:
        """Where the attributes of each image lie among those of all, (images, M), as far as it has so many."""
        everything = torch.arange(self.n_items)
        places = torch.arange(len(self.regions.vectors), dtype=torch.float64)
        self.register_buffer("place", self.regions.padded(everything, places).long(), persistent=False)

    def _shown(self, rows: Tensor) -> Tensor:
        """What attributes look like, f (rows, d), by ``rows`` (rows,) of the features."""
        return self.regions.vectors.index_select(0, rows).float()

    def _keys(self, shown: Tensor) -> Tensor:
        """What attention reads of f (rows, d): itself, or its projection."""
        return shown if self.config.attention == "dot" else self.key(shown)

    def _scores(self, taste: Tensor, keys: Tensor) -> Tensor:
        """Attention scores (...) of p (..., D) and keys (..., h) that broadcast against each other."""
        if self.config.attention == "additive":
            scores: Tensor = (self.query(taste) + keys).relu() @ self.out
            return scores
        return (taste * keys).sum(-1)

    def _weigh(self, users: Tensor, items: Tensor, gates: Gates) -> tuple[Ragged, Tensor, Tensor]:
        """For pairs (R,): the sets of their attributes, alpha and ``p . Wz f`` (elements,)."""
        distinct, at = torch.unique(items, return_inverse=True)
        own = self.regions.sets(distinct)
        places = Ragged(own.offsets, torch.arange(len(own.values), device=items.device)).select(at)
        sets = Ragged(places.offsets, own.values.index_select(0, places.values))
        shown, rows = self._shown(own.values), sets.rows
        taste = self.users(users)
        keys, values = self._keys(shown), self.value(shown)
        if self.config.attention == "additive":
            hidden = self.query(taste).index_select(0, rows) + keys.index_select(0, places.values)
            scores = hidden.relu() @ self.out
        else:
            scores = (taste.index_select(0, rows) * keys.index_select(0, places.values)).sum(-1)
        weights, _ = gated_softmax(scores, sets, gates.on("attributes", sets))
        appeal = (taste.index_select(0, rows) * values.index_select(0, places.values)).sum(-1)
        return sets, weights, appeal

    def _own(self, users: Tensor, items: Tensor) -> Tensor:
        """What no attribute carries, (R,)."""
        taste, own = self.users(users), self.bias[items]
        if self.config.include_id:
            own = own + (taste * self.items(items)).sum(-1)
        if self.config.include_global:
            own = own + (taste * self.look(self.seen.index_select(0, items))).sum(-1)
        return own

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used and of the matrices."""
        config, n = self.config, batch.negatives.shape[1]
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        users = batch.users.repeat_interleave(n + 1)
        sets, weights, appeal = self._weigh(users, items.flatten(), OPEN)
        score = (self._own(users, items.flatten()) + segment_sum(weights * appeal, sets)).view_as(items)
        rows = squared(self.users(batch.users)) + squared(self.bias[items[:, 0]]) + squared(self.bias[items[:, 1:]]) / n
        if config.include_id:
            rows = rows + squared(self.items(items[:, 0])) + squared(self.items(items[:, 1:])) / n
        matrices = [m.weight for m in self.children() if isinstance(m, nn.Linear)]
        projection = sum((squared(matrix) for matrix in matrices), score.new_zeros(()))
        penalty = config.regularisation * rows / len(items) + config.projection_regularisation * projection
        return bpr_loss(score[:, :1] - score[:, 1:]) + penalty

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        sets, weights, appeal = self._weigh(users, items, gates)
        return self._own(users, items) + segment_sum(weights * appeal, sets)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images)."""
        taste = self.users(users)
        scores = self.bias.expand(len(users), -1)
        if self.config.include_id:
            scores = scores + taste @ self.items.weight.T
        if self.config.include_global:
            scores = scores + taste @ self.look(self.seen).T
        weights, appeal = self.everything(users, gates)
        sums = scores.new_zeros(len(users), self.n_items)
        owners = torch.repeat_interleave(torch.arange(self.n_items, device=users.device), self.regions.offsets.diff())
        return scores + sums.index_add(1, owners, weights * appeal)

    def everything(self, users: Tensor, gates: Gates = OPEN) -> tuple[Tensor, Tensor]:
        """For ``users`` (R,) and every attribute of every image: alpha and ``p_u . Wz f``, both (R, rows of features).

        Args:
            users: codes.
            gates: elements (rows of features,) alike for all users, aspects (R,).
        """
        shown = self.regions.vectors.float()
        taste, keys = self.users(users), self._keys(shown)
        appeal = taste @ self.value(shown).T
        size = max(1, HELD // max(keys.numel(), 1))
        scores = torch.cat([self._scores(part.unsqueeze(1), keys) for part in torch.split(taste, size)])
        gate, aspect = gates.elements.get("attributes"), gates.aspects.get("attributes")
        present = self.regions.present(torch.arange(self.n_items, device=users.device))
        opened = present.to(scores.dtype)
        if gate is not None:
            opened = opened * gate.index_select(0, self.place.flatten()).view_as(opened)
        every = opened.expand(len(users), -1, -1)
        if aspect is not None:
            every = every * aspect.view(-1, 1, 1)
        padded = scores.index_select(1, self.place.flatten()).view(len(users), *self.place.shape)
        return gated_softmax_rows(padded, every)[:, present], appeal

    def liking(self, users: Tensor, items: Tensor) -> Tensor:
        """``sigmoid(p_u . Wz f)`` (elements,) of the attributes of R pairs, in the order of ``elements``.

        A score of how a user takes to each attribute as the image shows it, whatever weight it has.
        """
        return self._weigh(users, items, OPEN)[2].sigmoid()

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention and exact contribution ``alpha p . Wz f`` of every attribute."""
        sets, weights, appeal = self._weigh(users, items, gates)
        own, share = self._own(users, items), weights * appeal
        level = Level("attributes", sets, weights, share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The attributes each image shows, as rows of ``features``."""
        return self.regions.sets(items)

    @property
    def sights(self) -> tuple[Features, ...]:
        """Features of attributes, and of whole pictures where they are read."""
        return (self.features, self.whole) if self.config.include_global else (self.features,)

    def repaint(self, item: int, seen: Sequence[Tensor]) -> None:
        """Besides the attributes, what the whole picture looks like."""
        super().repaint(item, seen)
        if self.config.include_global:
            repaint_row(self, "seen", item, (seen[1].float().mean(0) - self.scale[0]) / self.scale[1])
