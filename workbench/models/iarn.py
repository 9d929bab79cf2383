"""IARN: what a user liked and who liked the image, each read with the other in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.data.sequences import Sequences
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.interacting import Read, Reader
from workbench.layers.recorded import RecordedSequences
from workbench.layers.steps import Steps
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading
from workbench.models.moments import MomentModel
from workbench.models.ranking import bpr_loss, normal_table
from workbench.models.sequence import HISTORY

BLOCK = 4096
"""Images scored at a time for one user."""


class IARNConfig(ModelConfig):
    """Hyperparameters of IARN; attention and sizes default to the released code.

    Attributes:
        dim: size H of inputs, states and vectors.
        longest: likes of a user that are read, the latest before the moment.
        longest_audience: people who liked an image that are read, the latest before the moment.
        steepness: factor inside the sigmoid of the attention; ``other`` that of the other side's summary.
        dropout: of the last states, in training.
        loss: bpr, the pairwise loss of rankings, or mse, the printed one, with 1 for a like and 0 for a negative.
    """

    learning_rate: float = 2e-3
    epochs: int = 30
    batch: int = 1024
    patience: int = 3
    evaluate_every: int = 4
    monitor: str = "NDCG@20"
    dim: int = 32
    longest: int = Field(20, ge=1)
    longest_audience: int = Field(10, ge=1)
    steepness: float = 2.0
    other: float = 0.25
    dropout: float = Field(0.1, ge=0, lt=1)
    loss: Literal["bpr", "mse"] = "bpr"


@dataclass(frozen=True)
class _Pairs:
    """What P pairs came to: scores (P,), and the attention of both sides (P, L)."""

    scores: Tensor
    history: Tensor
    audience: Tensor


class IARN(MomentModel):
    """``score(u, i) = y_u . y_i`` with ``y = prelu(C h_T + c)`` of the gated recurrence on each side (Pei et al. 2017).

    The user's side reads the images she liked, the image's side the people who liked it, both in the order of time:
    ``h_t = (1 - a_t) h_{t-1} + a_t relu(A h_{t-1} + B x_t + b)`` with
    ``a_t = sigmoid(2 w . tanh(M [s_t; 0.25 g]))``, where ``s_t`` are states of a recurrent network in both directions
    over the inputs and ``g`` the summary of the other side. So both vectors depend on the pair, and scoring all images
    is a walk along both sequences for each of them: only the latest ``longest`` likes and ``longest_audience`` people
    are read. Of a longer history, the like before them does not move up where one is left out.

    In training each like is predicted from what happened before it on both sides. Afterwards the audience of an image
    is that of the train split at every moment, while the history grows with the moment.

    The gates a_t are independent and do not add up to 1; told are their shares ``a_t / sum a``.
    """

    name = "iarn"
    family = "sequence"
    paper = Paper("Pei et al.", "Interacting Attention-gated Recurrent Networks for Recommendation", "CIKM", 2017)
    evidence = (
        HISTORY,
        EvidenceGroup("audience", "people who liked it", "person", "item", "likes", "of who liked it before"),
    )
    Config = IARNConfig
    config: IARNConfig
    like_keys: Tensor
    like_places: Tensor
    clock: Tensor
    audience_keys: Tensor

    def __init__(self, config: IARNConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset, config.longest)
        d = config.dim
        self._record()
        self.items, self.users = (normal_table(n + 1, d, d**-0.5) for n in (self.n_items, self.n_users))
        self.of_user, self.of_item = (Reader(d, config.steepness, config.other) for _ in range(2))
        self.drop = nn.Dropout(config.dropout)

    def _record(self) -> None:
        """The audience of every image, and where to find the moment of a training like."""
        likes = self.sequences.likes.sets
        users, places = likes.rows, torch.arange(len(likes.values))
        places = places[places - likes.offsets[users] < self.sequences.learned[users]]
        users, items, times = users[places], likes.values[places], self.sequences.times[places]
        keys, order = torch.sort(users * self.n_items + items, stable=True)
        clock, when = torch.unique(times, return_inverse=True)
        by_time = torch.from_numpy(np.lexsort((users.numpy(), times.numpy(), items.numpy())))
        counts = torch.bincount(items, minlength=self.n_items)
        audience = Ragged.from_lengths(counts, users[by_time])
        self.audience = RecordedSequences(Sequences(audience, times[by_time], counts, counts))
        for name, recorded in {
            "like_keys": keys,
            "like_places": places[order],
            "clock": clock,
            "audience_keys": (items * len(clock) + when)[by_time],
        }.items():
            self.register_buffer(name, recorded, persistent=False)

    def _before(self, items: Tensor, times: Tensor) -> Tensor:
        """How many training likes each of ``items`` (n,) has before ``times`` (n,)."""
        keys = items * len(self.clock) + torch.searchsorted(self.clock, times)
        return torch.searchsorted(self.audience_keys, keys) - self.audience.likes.offsets[items]

    def _audience(self, items: Tensor, until: Tensor | None = None) -> Ragged:
        """Places of the likes of ``items`` (R,) that are read, of the first ``until`` (R,) ones in training."""
        places: Ragged = self.audience(items, until, self.config.longest_audience)
        return places

    def _read_users(self, likes: Ragged, gate: Tensor | None = None) -> Read:
        steps = Steps.of(likes, self.sequences.likes.values, self.sequences.times, self.n_items, gate)
        read: Read = self.of_user(self.items(steps.items), _presence(steps))
        return read

    def _read_items(self, likes: Ragged, gate: Tensor | None = None) -> Read:
        steps = Steps.of(likes, self.audience.likes.values, self.audience.times, self.n_users, gate)
        read: Read = self.of_item(self.users(steps.items), _presence(steps))
        return read

    def _meet(self, user: Read, item: Read, who: Tensor | None = None) -> _Pairs:
        """The pairs of the ``who``-th (P,) user, or the users as they are, or the only one, and P images."""
        summary = user.summary if who is None else user.summary.index_select(0, who)
        left, history = self.of_user.attend(user, item.summary, who)
        right, audience = self.of_item.attend(item, summary.expand_as(item.summary))
        return _Pairs((self.drop(left) * self.drop(right)).sum(-1), history, audience)

    def forward(self, batch: PairBatch) -> Tensor:
        """The loss of likes and negatives, each at the moment of the like."""
        at = torch.searchsorted(self.like_keys, batch.users * self.n_items + batch.positives)
        places = self.like_places[at]
        until = places - self.sequences.likes.offsets[batch.users]
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        times = self.sequences.times[places].unsqueeze(1).repeat(1, items.shape[1])
        user = self._read_users(self.likes(batch.users, Gates(until=until)))
        item = self._read_items(self._audience(items.flatten(), self._before(items, times).flatten()))
        who = torch.arange(len(items), device=items.device).repeat_interleave(items.shape[1])
        scores = self._meet(user, item, who).scores.view_as(items)
        if self.config.loss == "mse":
            target = torch.zeros_like(scores)
            target[:, 0] = 1
            return functional.mse_loss(scores, target)
        return bpr_loss(scores[:, :1] - scores[:, 1:])

    def _pairs(self, users: Tensor, items: Tensor, gates: Gates) -> _Pairs:
        history, audience = self.likes(users, gates), self._audience(items)
        user = self._read_users(history, gates.on("history", history))
        item = self._read_items(audience, gates.on("audience", audience))
        return self._meet(user, item)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self._pairs(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): for every user a walk along the audience of every image."""
        history = self.likes(users, gates)
        user = self._read_users(history, gates.on("history", history))
        audience = self._audience(torch.arange(self.n_items, device=users.device))
        gate, aspect = gates.elements.get("audience"), gates.aspects.get("audience")
        item, scores = self._read_items(audience, gate), []
        for row in range(len(users)):
            if aspect is not None:
                closed = aspect[row].expand(len(audience.values))
                item = self._read_items(audience, closed if gate is None else gate * closed)
            one = user[row : row + 1]
            scores.append(torch.cat([self._meet(one, item[at]).scores for at in self._blocks()]))
        return torch.stack(scores) if scores else user.summary.new_empty(0, self.n_items)

    def _blocks(self) -> list[slice]:
        return [slice(start, start + BLOCK) for start in range(0, self.n_items, BLOCK)]

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The score, and the shares of the attention on both sides."""
        found = self._pairs(users, items, gates)
        history, audience = self.likes(users, gates), self._audience(items)
        levels = []
        for name, places, sides, attention in (
            ("history", history, self.sequences, found.history),
            ("audience", audience, self.audience, found.audience),
        ):
            gate = gates.on(name, places)
            opened = torch.ones_like(places.values, dtype=attention.dtype) if gate is None else gate
            steps = Steps.of(places, sides.likes.values, sides.times, 0, opened)
            assert steps.gates is not None
            total = attention.sum(1, keepdim=True).clamp_min(torch.finfo(attention.dtype).tiny)
            shares = attention / total * steps.gates.amax(1, keepdim=True)
            sets = Ragged(places.offsets, sides.likes.values[places.values])
            levels.append(Level(name, sets, attention=shares[steps.present], contribution=None))
        nothing = found.scores.new_zeros(self.config.dim)
        own = self.of_user.last(nothing) @ self.of_item.last(nothing)
        return Reading(scores=found.scores, own=own.expand(len(users)), levels=tuple(levels))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The latest likes of each user, or the latest people who liked each image, in the order of time."""
        if group == "history":
            return super().elements(group, users, items)
        places = self._audience(items)
        return Ragged(places.offsets, self.audience.likes.values[places.values])


def _presence(steps: Steps) -> Tensor:
    """Gates (R, L) of the steps, 0 at padded places."""
    return steps.present.float() if steps.gates is None else steps.gates
