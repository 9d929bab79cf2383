"""LightGCN: vectors that are averaged along the graph of likes, hop after hop, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.graph import RecordedGraph, propagate
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading
from workbench.models.kept import KeepingModel
from workbench.models.ranking import bpr_loss, normal_table, squared

BLOCK = 1 << 23
"""Numbers of one field over the graph held at a time while gates are scored."""
Side = Literal["people", "images"]


class LightGCNConfig(ModelConfig):
    """Hyperparameters of LightGCN.

    Attributes:
        layers: hops, K.
        regularisation: of the rows of E^0 a batch uses.
    """

    dim: int = Field(64, ge=1)
    layers: int = Field(3, ge=1)
    regularisation: float = 3e-3


@dataclass(frozen=True)
class Thinned:
    """The graph of likes as each of R rows sees it, the likes of its user being gated.

    Attributes:
        users: (R,) whose likes are gated; ``sets`` R sets of images, what they like.
        gate: (elements,); ``weight`` (elements,) of each like in the recorded graph, ``1 / sqrt(d_u d_j)``.
        person: (R,) ``sqrt(d / d')`` of the user, d being likes as recorded and d' as gated.
        image: (elements,) the same of the images.
    """

    users: Tensor
    sets: Ragged
    gate: Tensor
    weight: Tensor
    person: Tensor
    image: Tensor

    def step(self, graph: RecordedGraph, field: Tensor, to: Side) -> Tensor:
        """One hop of R ``fields``, a column for each row, to the side ``to`` from the other one.

        The recorded product is taken with the changed degrees, and what closed likes carried is taken out of it.
        """
        here, row, image = torch.arange(len(self.users), device=field.device), self.sets.rows, self.sets.values
        closed, person = (1 - self.gate) * self.weight, self.users
        if to == "people":
            seen = field[image, row] * self.image
            out = propagate(graph, field.index_put((image, row), seen))
            left = out[person, here] - segment_sum(closed * seen, self.sets)
            return out.index_put((person, here), left * self.person)
        known = field[person, here] * self.person
        out = propagate(graph, field.index_put((person, here), known), back=True)
        left = out[image, row] - closed * known.index_select(0, row)
        return out.index_put((image, row), left * self.image)


class LightGCN(KeepingModel[tuple[Tensor, ...]]):
    """``score(u, i) = e_u . e_i``, ``e = 1/(K+1) sum_k E^(k)``, ``E^(k) = D^-1/2 A D^-1/2 E^(k-1)`` (He et al. 2020).

    A is the graph of training likes. What reaches a user beside her own vector reaches her through an image she likes,
    so the contributions ``1/(K+1) sum_{k<K} e_j^(k) . e_i / sqrt(|R_u| |U_j|)`` of the liked images j and the own part
    ``1/(K+1) e_u^(0) . e_i`` add up exactly; the weights are fixed by the formula, so there is no attention.

    A gate changes the graph itself, and with it every vector. As the hops P are linear and symmetric,
    ``e_u = q'E^(0)`` with ``q = 1/(K+1) sum_k P^k delta_u``, and the scores of all images are
    ``1/(K+1) sum_k P^k E^(0) e_u``: single numbers go through the gated graph instead of vectors, exactly. In between a
    like counts g in the degrees, which count as one where they fall below one.
    """

    name = "lightgcn"
    family = "graph"
    paper = Paper(
        "He et al.", "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", "SIGIR", 2020
    )
    needs = ("likes",)
    evidence = (
        EvidenceGroup(
            "history", "liked before", "image", "user", "likes", "images you liked lie near it in the graph of likes"
        ),
    )
    Config = LightGCNConfig
    config: LightGCNConfig

    def __init__(self, config: LightGCNConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.users = normal_table(self.n_users, config.dim, 0.1)
        self.items = normal_table(self.n_items, config.dim, 0.1)
        self.graph = RecordedGraph(dataset.history, self.n_items, "symmetric")

    def tables(self) -> tuple[Tensor, ...]:
        """The vectors of people and of images, and the sum of those of images before the last hop."""
        people, images = first = (self.users.weight, self.items.weight)
        for _ in range(self.config.layers):
            before = images
            people, images = (
                first[0] + propagate(self.graph, images),
                first[1] + propagate(self.graph, people, back=True),
            )
        scale = 1 / (self.config.layers + 1)
        return people * scale, images * scale, before

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows of E^0 used."""
        people, images, _ = self.tables()
        u, positive, negative = people[batch.users], images[batch.positives], images[batch.negatives]
        difference = (u * positive).sum(-1, keepdim=True) - (negative @ u.unsqueeze(-1)).squeeze(-1)
        penalty = squared(self.users(batch.users)) + squared(self.items(batch.positives))
        penalty = penalty + squared(self.items(batch.negatives)) / batch.negatives.shape[1]
        return bpr_loss(difference) + self.config.regularisation * penalty / len(batch.users)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        if gates.on("history", self.graph.sets.select(users)) is not None:
            return self.read(users, items, gates).scores
        people, images, _ = self.kept()
        return (people[users] * images[items]).sum(-1)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product; under gates single numbers go through the graph twice."""
        gate = gates.on("history", self.graph.sets.select(users))
        if gate is None:
            people, images, _ = self.kept()
            return people[users] @ images.T
        parts = []
        for thin in self._thinned(users, gate):
            start = torch.zeros(self.n_users, len(thin.users), device=self.device)
            start[thin.users, torch.arange(len(thin.users), device=self.device)] = 1
            vectors = self._vectors(start, start.new_zeros(self.n_items, len(thin.users)), thin)
            people, images = self.users.weight @ vectors.T, self.items.weight @ vectors.T
            parts.append(self._reached(people, images, thin, self.config.layers, "images").T)
        return torch.cat(parts) / (self.config.layers + 1)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image: what has reached it and goes on to the user."""
        sets, scale = self.graph.sets.select(users), 1 / (self.config.layers + 1)
        gate = gates.on("history", sets)
        if gate is None:
            _, images, before = self.kept()
            e = images[items]
            own = scale * (self.users(users) * e).sum(-1)
            near = (before[sets.values] * e.index_select(0, sets.rows)).sum(-1)
            share = scale * near * self._weights(users, sets)
        else:
            owns, shares = [], []
            for thin, some in zip(self._thinned(users, gate), torch.split(items, self._rows), strict=True):
                own, share = self._read(thin, some)
                owns.append(own)
                shares.append(share)
            own, share = scale * torch.cat(owns), scale * torch.cat(shares)
        level = Level("history", sets, attention=None, contribution=share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        return self.graph.sets.select(users)

    def _weights(self, users: Tensor, sets: Ragged) -> Tensor:
        """(elements,) ``1 / sqrt(d_u d_j)`` of the likes of ``users`` (R,)."""
        likes, likers = sets.lengths.index_select(0, sets.rows), self.graph.transposed.lengths[sets.values]
        return (likes * likers).float().rsqrt()

    @property
    def _rows(self) -> int:
        """How many rows are scored under gates at a time."""
        return max(1, BLOCK // (self.n_users + self.n_items))

    def _thinned(self, users: Tensor, gate: Tensor) -> list[Thinned]:
        """The graph under the gates (elements,) of the likes of ``users`` (R,), some rows at a time."""
        parts, first = [], 0
        for some in torch.split(users, self._rows):
            sets = self.graph.sets.select(some)
            g = gate[first : first + len(sets.values)]
            first += len(g)
            likes, likers = sets.lengths.to(g.dtype), self.graph.transposed.lengths[sets.values].to(g.dtype)
            person = (likes.clamp_min(1) / segment_sum(g, sets).clamp_min(1)).sqrt()
            image = (likers / (likers - 1 + g).clamp_min(1)).sqrt()
            parts.append(Thinned(some, sets, g, self._weights(some, sets), person, image))
        return parts

    def _reached(self, people: Tensor, images: Tensor, thin: Thinned, hops: int, side: Side) -> Tensor:
        """``sum_{k <= hops} P^k x`` at one side (n, R), x being ``people`` (users, R) and ``images`` (images, R).

        From the inside out, ``x + P (x + P (...))``, which needs one side of each hop alone.
        """
        start: dict[Side, Tensor] = {"people": people, "images": images}
        other: dict[Side, Side] = {"people": "images", "images": "people"}
        here = side if hops % 2 == 0 else other[side]
        total = start[here]
        for _ in range(hops):
            here = other[here]
            total = start[here] + thin.step(self.graph, total, here)
        return total

    def _vectors(self, people: Tensor, images: Tensor, thin: Thinned) -> Tensor:
        """The final vectors (R, D) of the nodes that are 1 in ``people`` (users, R) or ``images`` (images, R)."""
        of_people = self._reached(people, images, thin, self.config.layers, "people")
        of_images = self._reached(people, images, thin, self.config.layers, "images")
        return (of_people.T @ self.users.weight + of_images.T @ self.items.weight) / (self.config.layers + 1)

    def _read(self, thin: Thinned, items: Tensor) -> tuple[Tensor, Tensor]:
        """Own part (R,) and shares (elements,) under gates, both times K + 1."""
        here, sets = torch.arange(len(items), device=self.device), thin.sets
        start = torch.zeros(self.n_items, len(items), device=self.device)
        start[items, here] = 1
        e = self._vectors(start.new_zeros(self.n_users, len(items)), start, thin)
        people, images = self.users.weight @ e.T, self.items.weight @ e.T
        near = self._reached(people, images, thin, self.config.layers - 1, "images")[sets.values, sets.rows]
        return people[thin.users, here], near * thin.gate * thin.weight * thin.image * thin.person[sets.rows]
