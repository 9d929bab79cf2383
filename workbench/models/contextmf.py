"""ContextMF: taste times the influence of who made the image, where the user follows her."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.topics import TOPICS, Topics
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, PairBatch, Paper, Reading
from workbench.models.bpr import BPR, BPRConfig
from workbench.models.kept import standard_vectors
from workbench.models.neighbours import find, nearest, spread
from workbench.models.ranking import bpr_loss, drawn, squared

BLOCK = 512
"""Images compared with all others at a time."""


class ContextMFConfig(BPRConfig):
    """Hyperparameters of ContextMF.

    Attributes:
        preference: a, how strongly products of two users have to be their similarity W; ``content`` b, the same of two
            images and C; ``interaction`` c, how strongly influence has to be the recorded frequency F.
        influence_regularisation: d, of the influence itself; it draws below the 1 of an image without a sender.
        neighbours: pairs of W and C that are kept, the nearest of each user and image.
        similar_by: what tells how alike two images are: the features, the topics, or nothing, without the term of C.
        features: name of the image features; ``topics`` that of the topics.
        frequency: the share of a sender's images the user liked, divided by its mean over all follows (relative), so
            that it is 1 on average as for an image without a sender, or as it is (share).
    """

    preference: float = 0.1
    content: float = 0.1
    interaction: float = 0.1
    influence_regularisation: float = 0.0
    neighbours: int = Field(20, ge=1)
    similar_by: Literal["features", "topics", "none"] = "features"
    features: str = "convnet"
    topics: str = TOPICS
    frequency: Literal["relative", "share"] = "relative"


class Influence(nn.Module):
    """One number for each pair of people it was learned for, saved with the pairs, in the order of their keys.

    Attributes:
        keys: (pairs,) follower * n + followed, ascending.
        weight: (pairs,) influence, 1 at the start.
    """

    keys: Tensor

    def __init__(self, keys: Tensor) -> None:
        super().__init__()
        self.register_buffer("keys", keys)
        self.weight = nn.Parameter(torch.ones(len(keys)))

    def forward(self, keys: Tensor) -> Tensor:
        """(R,) influence of the pairs ``keys`` (R,), 1 where none was learned."""
        place, known = find(self.keys, keys)
        return torch.where(known, self.weight.index_select(0, place), 1.0)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # What was learned stays when a dataset records fewer or more follows, so sizes are those of the weights.
        for name in ("keys", "weight"):
            if prefix + name in state_dict:
                own = getattr(self, name)
                own.data = own.new_empty(state_dict[prefix + name].shape)
        super()._load_from_state_dict(state_dict, prefix, *args)


class ContextMF(BPR):
    """``score(u, i) = s_u,sender(i) (p_u . q_i) + b_i`` (Jiang et al. 2014, there the squared error of all pairs).

    The sender is the creator of the image; s is learned for every follow of somebody who made an image, and 1 where the
    user does not follow the sender or there is none. Beside BPR stand ``a sum (W_uv - p_u . p_v)^2`` over the nearest
    users by likes, ``b sum (C_ij - q_i . q_j)^2`` over the nearest images by content, ``c sum (s_uv - F_uv)^2`` and
    ``d sum s_uv^2``, each once for all likes. A closed gate is a follow that was never recorded: its s is 1.
    """

    name = "contextmf"
    family = "social context"
    paper = Paper("Jiang et al.", "Scalable Recommendation with Social Contextual Information", "TKDE", 2014)
    needs = ("likes", "follows", "items.creator")
    evidence = (
        EvidenceGroup("follows", "people followed", "person", "user", "follows", "somebody you follow made it"),
    )
    silent = ""
    Config = ContextMFConfig
    config: ContextMFConfig
    creator: Tensor
    links: Tensor
    frequency: Tensor

    def __init__(self, config: ContextMFConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        follows, self.n_likes = dataset.follows, len(dataset.history.values)
        links = follows.rows * self.n_users + follows.values
        sends = dataset.uploads.lengths[follows.values] > 0
        if not sends.any():
            raise DataError(
                f"{dataset.root} has nobody who is followed and made an image, so contextmf has no influence to learn: "
                "add the column creator of items and the table follows, or train bpr"
            )
        self.influence, self.follows = Influence(links[sends]), RecordedSets(follows)
        for name, codes in (("creator", dataset.creator), ("links", links)):
            self.register_buffer(name, codes, persistent=False)
        frequency = self._frequency(dataset, links[sends])
        self.register_buffer("frequency", frequency, persistent=False)
        self.people: tuple[Tensor, ...] = ()
        self.images: tuple[Tensor, ...] = ()
        self._content = self._vectors(dataset)
        self._history = dataset.history

    def _frequency(self, dataset: Dataset, links: Tensor) -> Tensor:
        """F (pairs,) of pairs of people: how much of what the second made the first liked in training."""
        users, items = dataset.likes("train")
        senders = dataset.creator[items]
        keys, count = torch.unique((users * self.n_users + senders)[senders >= 0], return_counts=True)
        keys, count = torch.cat([keys, keys.new_tensor([self.n_users**2])]), torch.cat([count, count.new_zeros(1)])
        place, liked = find(keys, links)
        share = count[place] * liked / dataset.uploads.lengths[links % self.n_users]
        mean = share.mean()
        return share / mean if self.config.frequency == "relative" and mean > 0 else share

    def _vectors(self, dataset: Dataset) -> Tensor | None:
        """(images, d) by which images are compared, 0 where nothing is known of one; None without comparison."""
        if self.config.similar_by == "topics":
            return Topics.open(dataset.root, self.config.topics).check(dataset).item_topics
        if self.config.similar_by == "none":
            return None
        try:
            return standard_vectors(dataset, self.config.features)
        except DataError as missing:
            raise DataError(f"{missing}, or compare by topics or not at all: --set similar_by=none") from None

    def _similar(self) -> None:
        """Find the nearest users and images, which training alone needs, once it begins."""
        if not self.people:
            most = self.config.neighbours
            self.people = tuple(part.to(self.device) for part in nearest(self._history, self.n_items, most))
            if self._content is not None:
                self.images = tuple(part.to(self.device) for part in nearest_vectors(self._content, most))

    def factor(self, users: Tensor, items: Tensor) -> Tensor:
        """Influence s (...,) on ``users`` of the senders of ``items`` (...,), 1 where no follow is recorded."""
        sender = self.creator[items]
        keys = (users * self.n_users + sender).flatten()
        _, followed = find(self.links, keys)
        followed &= sender.flatten() >= 0
        return torch.where(followed, self.influence(keys), 1.0).view_as(sender)

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss, the L2 norm of the rows used, and the regularisers for each like."""
        self._similar()
        config, share, n = self.config, len(batch.users) / self.n_likes, batch.negatives.shape[1]
        p, items = self.users(batch.users), torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        q, factor = self.items(items), self.factor(batch.users.unsqueeze(1).expand_as(items), items)
        score = factor * (q @ p.unsqueeze(-1)).squeeze(-1) + self.bias[items]
        rows = squared(p) + squared(q[:, 0]) + squared(q[:, 1:]) / n
        alike = config.preference * self._unlike(self.users, self.people, share)
        alike = alike + config.content * self._unlike(self.items, self.images, share)
        penalty = config.regularisation * rows / len(p) + (alike + self.influence_loss()) / self.n_likes
        return bpr_loss(score[:, :1] - score[:, 1:]) + penalty

    def _unlike(self, table: nn.Embedding, pairs: tuple[Tensor, ...], share: float) -> Tensor:
        """``sum (similarity - x . y)^2`` over all ``pairs``, estimated from a ``share`` of them."""
        if not pairs or not len(pairs[0]):
            return self.bias.new_zeros(())
        chosen = drawn(len(pairs[0]), share, self.device)
        first, second, similarity = (part[chosen] for part in pairs)
        error: Tensor = (table(first) * table(second)).sum(-1) - similarity
        return error.square().mean() * len(pairs[0])

    def influence_loss(self) -> Tensor:
        """``c sum (s - F)^2 + d sum s^2`` over the follows that influence is learned for."""
        s = self.influence.weight
        return self.config.interaction * squared(s - self.frequency) + self.config.influence_regularisation * squared(s)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        if gates is not OPEN:
            return self.read(users, items, gates).scores
        taste: Tensor = (self.users(users) * self.items(items)).sum(-1)
        return self.factor(users, items) * taste + self.bias[items]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product, times what each user's senders make of it."""
        sets, change = self._changes(users, gates)
        # The last column is for images without a sender.
        by_person = spread(sets.rows, sets.values, change, (len(users), self.n_users + 1))
        sender = torch.where(self.creator >= 0, self.creator, self.n_users)
        taste = self.users(users) @ self.items.weight.T
        return torch.addcmul(self.bias, taste, 1 + by_person.index_select(1, sender))

    def _changes(self, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor]:
        """People followed by ``users`` (R,), and what each adds (elements,) to the factor 1 of images she made."""
        sets: Ragged = self.follows(users)
        change = self.influence(users.index_select(0, sets.rows) * self.n_users + sets.values) - 1
        gate = gates.on("follows", sets)
        return sets, change if gate is None else change * gate

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of the sender, ``(s - 1) p_u . q_i``, if she is followed; others followed contribute 0."""
        sets, change = self._changes(users, gates)
        taste = (self.users(users) * self.items(items)).sum(-1)
        sent = sets.values == self.creator[items].index_select(0, sets.rows)
        share = change * sent * taste.index_select(0, sets.rows)
        own = taste + self.bias[items]
        level = Level("follows", sets, attention=None, contribution=share)
        return Reading(scores=own + segment_sum(share, sets), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The people each user follows."""
        sets: Ragged = self.follows(users)
        return sets


def nearest_vectors(vectors: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each row of ``vectors`` (n, d) the ``most`` others of largest positive cosine; a row of zeros is near none.

    Returns:
        Row, its neighbour and their cosine, each (pairs,).
    """
    unit, found = functional.normalize(vectors), []
    for start in range(0, len(unit), BLOCK):
        cosine = unit[start : start + BLOCK] @ unit.T
        rows = torch.arange(start, start + len(cosine), device=unit.device)
        cosine[rows - start, rows] = 0
        value, column = cosine.topk(min(most, len(unit)))
        near = value > 0
        found.append((rows.unsqueeze(1).expand_as(column)[near], column[near], value[near]))
    rows, columns, values = (torch.cat(parts) for parts in zip(*found, strict=True))
    return rows, columns, values
