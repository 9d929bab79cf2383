"""PinSage: vectors made by two convolutions over the neighbours that random walks visit most."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.graph import RecordedGraph, propagate
from workbench.layers.segments import weighted_sum
from workbench.models.base import ModelConfig, PairBatch, Paper
from workbench.models.kept import KeepingModel, standard_vectors
from workbench.models.ranking import bpr_loss, normal_table, squared
from workbench.models.silent import SilentModel

BLOCK = 4096
"""Nodes whose walks are made at a time; the walks depend on it."""


class PinSageConfig(ModelConfig):
    """Hyperparameters of PinSage.

    Attributes:
        neighbours: T, the nodes visited most that a node is told of.
        walks: from every node; ``length`` steps of each.
        length: see above.
        walk_seed: of the walks, whatever the seed of the training.
        loss: max-margin, as printed, or BPR.
        margin: of the former.
        features: name of image features that are added to the free vectors of images; none if left out.
        regularisation: of the free vectors a batch uses.
    """

    learning_rate: float = 5e-3
    dim: int = Field(64, ge=1)
    neighbours: int = Field(10, ge=1)
    walks: int = Field(50, ge=1)
    length: int = Field(4, ge=1)
    walk_seed: int = 0
    loss: Literal["max-margin", "bpr"] = "bpr"
    margin: float = Field(0.1, gt=0)
    features: str | None = None
    regularisation: float = 1e-3


class Convolution(nn.Module):
    """``z_v <- relu(W [z_v ; n_v] + w)`` at length 1, ``n_v = sum_u a_vu relu(Q z_u + q)`` (Ying et al., Alg. 1)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.near, self.joined = nn.Linear(dim, dim), nn.Linear(2 * dim, dim)

    def sent(self, z: Tensor) -> Tensor:
        """What nodes tell their neighbours, ``relu(Q z + q)`` (n, D)."""
        return functional.relu(self.near(z))

    def forward(self, z: Tensor, told: Tensor) -> Tensor:
        """New vectors (n, D) from the old ones and n_v (n, D)."""
        return functional.normalize(functional.relu(self.joined(torch.cat([z, told], 1))), dim=1)


class PinSage(SilentModel, KeepingModel[tuple[Tensor, ...]]):
    """``score(u, i) = out_u . out_i``, ``out = G2 relu(G1 z + g)``, z after two convolutions (Ying et al. 2018).

    A reconstruction for likes: the graph is that of people and images, every node is told of the T nodes that short
    random walks from it visit most, of either kind, weighted by their visits, and nodes start from a free vector, to
    which the features of images are added where these are given. Negatives are drawn uniformly; there is no curriculum.
    """

    name = "pinsage"
    family = "graph"
    paper = Paper("Ying et al.", "Graph Convolutional Neural Networks for Web-Scale Recommender Systems", "KDD", 2018)
    needs = ("likes",)
    own_label = "what the likes around you and around it taught"
    silent = (
        "Its neighbours were drawn by random walks over everybody's likes, and without a like other walks would have "
        "been drawn, so that no single like has an exact share or can be taken back."
    )
    Config = PinSageConfig
    config: PinSageConfig
    importance: Tensor
    vectors: Tensor

    def __init__(self, config: PinSageConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        near, weights = walked(dataset.history, self.n_items, config)
        self.graph = RecordedGraph(near, len(near), "none")
        self.register_buffer("importance", weights, persistent=False)
        self.nodes = normal_table(self.n_users + self.n_items, config.dim, 0.1)
        self.first, self.second = Convolution(config.dim), Convolution(config.dim)
        self.bent, self.out = nn.Linear(config.dim, config.dim), nn.Linear(config.dim, config.dim, bias=False)
        if config.features is not None:
            vectors = standard_vectors(dataset, config.features)
            self.register_buffer("vectors", vectors, persistent=False)
            self.shown = nn.Linear(vectors.shape[1], config.dim)

    def encoded(self, nodes: Tensor) -> Tensor:
        """Out vectors (n, D) of ``nodes`` (n,): people by their codes, images by theirs after those of people."""
        z = self.nodes.weight
        if self.config.features is not None:
            z = torch.cat([z[: self.n_users], z[self.n_users :] + self.shown(self.vectors)])
        z = self.first(z, propagate(self.graph, self.first.sent(z), self.importance))
        sets = self.graph.sets
        places = Ragged(sets.offsets, torch.arange(len(sets.values), device=z.device)).select(nodes)
        near = Ragged(places.offsets, sets.values[places.values])
        told = weighted_sum(self.second.sent(z), near, self.importance[places.values])
        out: Tensor = self.out(functional.relu(self.bent(self.second(z[nodes], told))))
        return out

    def tables(self) -> tuple[Tensor, ...]:
        """Out vectors of people and of images."""
        both = self.encoded(torch.arange(self.n_users + self.n_items, device=self.device))
        return both[: self.n_users], both[self.n_users :]

    def forward(self, batch: PairBatch) -> Tensor:
        """Max-margin or BPR loss, plus the L2 norm of the free vectors used."""
        b, n = batch.negatives.shape
        items = torch.cat([batch.positives, batch.negatives.flatten()]) + self.n_users
        nodes, place = torch.unique(torch.cat([batch.users, items]), return_inverse=True)
        out = self.encoded(nodes)[place]
        u, positive, negative = out[:b], out[b : 2 * b], out[2 * b :].view(b, n, -1)
        difference = (u * positive).sum(-1, keepdim=True) - (negative @ u.unsqueeze(-1)).squeeze(-1)
        if self.config.loss == "bpr":
            loss = bpr_loss(difference)
        else:
            loss = functional.relu(self.config.margin - difference).mean()
        penalty = squared(self.nodes(batch.users)) + squared(self.nodes(items[:b])) + squared(self.nodes(items[b:])) / n
        return loss + self.config.regularisation * penalty / b

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        people, images = self.kept()
        return (people[users] * images[items]).sum(-1)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product."""
        people, images = self.kept()
        return people[users] @ images.T


def walked(likes: Ragged, n_items: int, config: PinSageConfig) -> tuple[Ragged, Tensor]:
    """The nodes that random walks visit most from every node, and their shares (elements,) of those visits.

    A step goes to a like of the node at random; people come first among the nodes, then images. A node is not its own
    neighbour, and of nodes visited equally often those of lower number are taken. A node without likes has none.

    Args:
        likes: users -> images.
        n_items: number of images.
        config: how many walks, how long, with which seed.
    """
    users = len(likes)
    back = Ragged.from_pairs(likes.values, likes.rows, n_items)
    offsets = torch.cat([likes.offsets, back.offsets[1:] + len(likes.values)]).numpy()
    values = torch.cat([likes.values + users, back.values]).numpy()
    degree, n = np.diff(offsets), users + n_items
    # Of another library than the training's, because its stream stays the same in every version.
    generator = np.random.default_rng(config.walk_seed)
    rows, nodes, counts = [], [], []
    for first in range(0, n, BLOCK):
        start = np.repeat(np.arange(first, min(first + BLOCK, n)), config.walks)
        start = start[degree[start] > 0]
        here, visited = start, []
        for _ in range(config.length):
            step = (generator.random(len(here)) * degree[here]).astype(np.int64)
            here = values[offsets[here] + step]
            visited.append((start * n + here)[here != start])
        keys, count = np.unique(np.concatenate(visited), return_counts=True)
        row = keys // n
        order = np.lexsort((keys, -count, row))
        row = row[order]
        kept = order[np.arange(len(row)) - np.searchsorted(row, row) < config.neighbours]
        rows.append(keys[kept] // n)
        nodes.append(keys[kept] % n)
        counts.append(count[kept])
    of, visits = torch.from_numpy(np.concatenate(rows)), torch.from_numpy(np.concatenate(counts)).float()
    near = Ragged.from_lengths(torch.bincount(of, minlength=n), torch.from_numpy(np.concatenate(nodes)))
    total = visits.new_zeros(n).index_add_(0, of, visits)
    return near, visits / total[of]
