"""CTR, collaborative topic regression: factors of images that stay near the topics of their texts."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.topics import TOPICS, Topics
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender

BLOCK = 1 << 22
"""Numbers of padded factors, or of normal equations, held at a time."""


class CTRConfig(ModelConfig):
    """Hyperparameters of CTR. The factors have as many dimensions as there are topics.

    Attributes:
        topics: name of the topics.
        a: confidence in a like; ``b`` in its absence.
        lambda_u: how near to 0 users stay; ``lambda_v`` how near to their topics images stay.
        sweeps: of alternating least squares.
    """

    topics: str = TOPICS
    a: float = Field(1.0, gt=0)
    b: float = Field(0.01, gt=0)
    lambda_u: float = Field(0.1, gt=0)
    lambda_v: float = Field(1.0, gt=0)
    sweeps: int = Field(20, ge=1)


class CTR(Recommender):
    """``score(u, j) = p_u . (theta_j + e_j)``, theta_j the topics of the text of image j (Wang and Blei 2011).

    ``v_j = theta_j + e_j`` minimises ``sum c/2 (r - p_u . v_j)^2 + lambda_u/2 |p_u|^2 + lambda_v/2 |v_j - theta_j|^2``,
    c being a for likes (r = 1) and b for all other pairs (r = 0); the topics themselves are at rest. Contributions are
    exact: topic k adds ``p_uk theta_jk``; what others' likes taught of the image, ``p_u . e_j``, is own. A topic whose
    gate is closed is as if the text had nothing of it, ``theta_jk = 0``, all else being as it was learned.
    """

    name = "ctr"
    family = "latent factors and texts"
    paper = Paper("Wang and Blei", "Collaborative Topic Modeling for Recommending Scientific Articles", "KDD", 2011)
    needs = ("likes", "items.text")
    evidence = (
        EvidenceGroup("topics", "topics of its text", "topic", "item", "items", "its text is about what you like"),
    )
    at_once = True
    Config = CTRConfig
    config: CTRConfig
    theta: Tensor
    users: Tensor
    offsets: Tensor

    def __init__(self, config: CTRConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.topics = Topics.open(dataset.root, config.topics).check(dataset)
        theta = self.topics.item_topics
        self.register_buffer("theta", theta, persistent=False)
        self.register_buffer("users", torch.zeros(self.n_users, theta.shape[1]))
        self.register_buffer("offsets", torch.zeros_like(theta))
        lengths = (theta.sum(1) > 0).long() * theta.shape[1]
        every = torch.arange(theta.shape[1]).repeat(int((lengths > 0).sum()))
        self.told = RecordedSets(Ragged.from_lengths(lengths, every))

    def fit(self, dataset: Dataset) -> None:
        """Alternating least squares from ``v_j = theta_j`` on; nothing is random."""
        likes, likers = both_ways(dataset)
        config, theta = self.config, self.theta.double()
        images, nowhere = theta, theta.new_zeros(self.n_users, theta.shape[1])
        for _ in range(config.sweeps):
            people = least_squares(images, likes, nowhere, config.lambda_u, config.a, config.b)
            images = least_squares(people, likers, theta, config.lambda_v, config.a, config.b)
        self.users.copy_(people)
        self.offsets.copy_(images - theta)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): a matrix product with the offsets, and one with what the gates leave of the topics."""
        p, theta, gate = self.users[users], self.theta, gates.elements.get("topics")
        if gate is not None:
            theta = theta.clone()
            theta[self.told.sets.rows, self.told.values] *= gate
        by_topics = p @ theta.T
        aspect = gates.aspects.get("topics")
        return p @ self.offsets.T + (by_topics if aspect is None else aspect.unsqueeze(1) * by_topics)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every topic of the text; what is own are the offsets learned from likes."""
        sets = self.elements("topics", users, items)
        p, gate = self.users[users], gates.on("topics", sets)
        share = p[sets.rows, sets.values] * self.theta[items[sets.rows], sets.values]
        share = share if gate is None else share * gate
        own = (p * self.offsets[items]).sum(-1)
        level = Level("topics", sets, attention=None, contribution=share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """All topics for each image with a text, none for the others."""
        sets: Ragged = self.told(items)
        return sets


def both_ways(dataset: Dataset) -> tuple[Ragged, Ragged]:
    """Users -> images they liked in training, and images -> users who did, each once."""
    pairs = torch.unique(torch.stack(dataset.likes("train")), dim=1)
    users, items = len(dataset.users), len(dataset.items)
    return Ragged.from_pairs(pairs[0], pairs[1], users), Ragged.from_pairs(pairs[1], pairs[0], items)


def least_squares(fixed: Tensor, sets: Ragged, centre: Tensor, weight: float, a: float, b: float) -> Tensor:
    """The side (rows, K) that fits best while the other one rests (Wang and Blei 2011).

    ``x_r = (b F'F + (a - b) sum f f' + weight I)^-1 (a sum f + weight c_r)``, the sums over the set of row r: what is
    not in a set is counted with all the rest, so that a sweep costs as much as there are likes.

    Args:
        fixed: (n, K) F, the factors of the other side.
        sets: rows -> rows of F that they like or are liked by.
        centre: (rows, K) c, where the solution is drawn to.
        weight: how strongly.
        a: confidence in a like.
        b: confidence in its absence.
    """
    k, solved = fixed.shape[1], torch.empty_like(centre)
    rest = b * fixed.T @ fixed + weight * torch.eye(k, dtype=fixed.dtype, device=fixed.device)
    padded = torch.cat([fixed, fixed.new_zeros(1, k)])
    lengths, start = sets.lengths, 0
    order = lengths.argsort(descending=True, stable=True)
    while start < len(order):
        longest = int(lengths[order[start]])
        rows = order[start : start + max(1, BLOCK // (k * max(longest, k)))]
        start += len(rows)
        place = torch.arange(longest, device=fixed.device)
        there = place < lengths[rows].unsqueeze(1)
        places = (sets.offsets[rows].unsqueeze(1) + place)[there]
        liked = torch.full(there.shape, len(fixed), device=fixed.device)
        liked[there] = sets.values[places]
        near = padded[liked]
        left = rest + (a - b) * near.transpose(1, 2) @ near
        right = a * near.sum(1) + weight * centre[rows]
        solved[rows] = torch.linalg.solve(left, right)
    return solved
