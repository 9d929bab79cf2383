"""HASC-plus: hierarchical attention over reasons that depend on both the user and the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import ASPECTS, OPEN, EvidenceGroup, Gates
from workbench.layers.ridge import ImageRegression
from workbench.layers.segments import segment_max, segment_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.lessons import Lessons, lessons
from workbench.models.neighbours import find
from workbench.models.reasons import COLUMNS, WIDTH, Reasons, Told

Reason = Literal[
    "nearby", "maker", "similar", "season", "followed", "endorsed", "circle", "follower", "returned", "coherent"
]
SUMS = 1 << 22
"""Sums held at a time."""
SLIGHT = 1e-6
"""What every element weighs at least, so that attention is defined where nothing speaks for an image."""


class HASCPlusConfig(ModelConfig):
    """Hyperparameters of HASC-plus.

    Attributes:
        reasons: which reasons are read.
        hidden: width of the network that weighs them.
        strength: lambda of the regression behind similar images.
        neighbours: its largest weights that are kept, for each image on average.
        pool: images each user may be shown as negatives, drawn once.
    """

    reasons: tuple[Reason, ...] = Field(get_args(Reason), min_length=1)
    hidden: int = Field(16, ge=1)
    strength: float = Field(500.0, gt=0)
    neighbours: int = Field(120, ge=1)
    pool: int = Field(300, ge=1)
    negatives: int = 48
    learning_rate: float = 5e-3
    epochs: int = 6
    evaluate_every: int = 2


class HASCPlus(Recommender):
    """``score(u, i) = own(i) + sum_h m_h`` with ``m_h = g_h log(1 + a_h S_h)`` and ``S_h = sum_e w_h(e, i)``.

    S_h sums what the elements of a reason h say of the image (``Reasons``). Within a reason an element has the share
    ``w_h(e, i) / S_h`` of m_h, a softmax over the logarithms of w. The weights ``g = softplus(V relu(H x + b) + c)`` of
    the reasons see all of them, ``x = log(1 + a S)``, and how much others like the image. Own is linear in popularity
    and in the uploads of the creator. Everything that m_h is split into is positive and adds up to the score exactly.

    Learned by a softmax over each like and images drawn from a pool of its user's own. What a like is learned from is
    as if it had not been recorded, down to the weights of the regression; the regression itself is fitted first.
    """

    name = "hasc-plus"
    family = "social context"
    paper = Paper("This workbench", "Hierarchical attention over reasons of user and image", "docs/models", 2026)
    needs = ("likes",)
    own_label = "popularity"
    evidence = (
        EvidenceGroup(
            "admired", "creators liked before", "person", "user", "likes", "you liked images by these people"
        ),
        EvidenceGroup(
            "works", "their images you liked", "image", "user", "likes", "you liked images like it", within="admired"
        ),
        EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images like it"),
        EvidenceGroup(
            "follows",
            "people followed",
            "person",
            "user",
            "follows",
            "people you follow made it, or like it or its maker",
        ),
        EvidenceGroup("followers", "followers", "person", "user", "follows", "its maker follows you"),
        EvidenceGroup(
            "uploads",
            "uploads",
            "image",
            "user",
            "items.creator",
            "its maker likes images of yours, or it is like them",
        ),
    )
    Config = HASCPlusConfig
    config: HASCPlusConfig
    filled: Tensor
    read_columns: Tensor

    def __init__(self, config: HASCPlusConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.reasons = Reasons(dataset, config.neighbours)
        self.register_buffer("filled", torch.zeros((), dtype=torch.bool))
        columns = torch.zeros(WIDTH)
        for reason in config.reasons:
            columns[list(COLUMNS[reason])] = 1
        self.register_buffer("read_columns", columns, persistent=False)
        self.scale = nn.Parameter(torch.zeros(WIDTH))
        self.hidden = nn.Linear(WIDTH + 2, config.hidden)
        self.weigh = nn.Linear(config.hidden, WIDTH)
        self.base = nn.Linear(2, 1, bias=False)
        nn.init.normal_(self.weigh.weight, std=0.1)
        nn.init.zeros_(self.weigh.bias)
        self._lessons: Lessons | None = None

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """Groups of which something is recorded and whose reasons are read."""
        there = self.reasons.recorded()
        return tuple(
            group
            for group in self.evidence
            if there[group.name][0] and set(there[group.name][1]) & set(self.config.reasons)
        )

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The elements of each user; they are the same for all images."""
        return self.reasons.elements(group, users)

    def start_epoch(self, epoch: int) -> None:
        """Before the first one the regression is fitted and the reasons are brought to one scale."""
        if not self.filled:
            self.reasons.near.fill(*self._regression().above(self.reasons.near.keys.numel()))
            self.filled.fill_(True)
        if epoch == 1:
            with torch.no_grad():
                self.scale.copy_(self._learned_from().usual.clamp_min(1e-6).reciprocal().mul(3).log())

    @property
    def ready(self) -> bool:
        """Whether the regression is fitted."""
        return bool(self.filled)

    def _regression(self) -> ImageRegression:
        return ImageRegression(self.reasons.likes.sets, self.n_items, self.config.strength)

    def _strengths(self, sums: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Strengths m (WIDTH, n) of sums (WIDTH, n), and the own part (n,) of ``offsets`` (2, n)."""
        known = torch.log1p(sums * (self.scale.exp() * self.read_columns).unsqueeze(1))
        seen = self.hidden.weight
        hidden = torch.addmm(self.hidden.bias.unsqueeze(1), seen[:, :WIDTH], known) + seen[:, WIDTH:] @ offsets
        weights = torch.addmm(self.weigh.bias.unsqueeze(1), self.weigh.weight, hidden.relu())
        return functional.softplus(weights) * known, (self.base.weight @ offsets)[0]

    def forward(self, batch: PairBatch) -> Tensor:
        """Softmax of every like over itself and images of its user's pool, which the sampled negatives point into."""
        lessons = self._learned_from()
        place, _ = find(self.reasons.keys, batch.users * self.n_items + batch.positives)
        drawn = batch.negatives % self.config.pool
        users = batch.users.unsqueeze(1)
        sums = torch.cat([lessons.likes[place].unsqueeze(1), lessons.pool[users, drawn]], 1)
        offsets = torch.cat([lessons.like_offsets[:, place].unsqueeze(2), lessons.pool_offsets[:, users, drawn]], 2)
        strengths, own = self._strengths(sums.view(-1, WIDTH).T.contiguous(), offsets.flatten(1))
        scores = (strengths.sum(0) + own).view(drawn.shape[0], -1)
        liked = nn.functional.pad(lessons.pool_liked[users, drawn], (1, 0))
        return functional.cross_entropy(scores.masked_fill(liked, -torch.inf), torch.zeros_like(batch.users))

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        sums = self._sums(len(users), list(self.reasons.pairs(users, items, gates)))
        strengths, own = self._strengths(sums.T, self.reasons.offsets(users, items))
        return strengths.sum(0) + own

    def _sums(self, rows: int, told: list[Told]) -> Tensor:
        """(R, WIDTH) over all elements of R pairs."""
        total = self.scale.new_zeros(rows, WIDTH)
        for part in told:
            total = total + segment_sum(part.sums, part.sets)
        return total

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images), some rows at a time."""
        rows = max(1, SUMS // (self.n_items * WIDTH))
        parts = []
        for first in range(0, len(users), rows):
            last = min(first + rows, len(users))
            some = _rows(gates, lambda group: self.reasons.elements(group, users), first, last)
            parts.append(self._all_images(users[first:last], some))
        return torch.cat(parts)

    def _all_images(self, users: Tensor, gates: Gates) -> Tensor:
        sums, offsets = self.reasons.everything(users, gates), self.reasons.all_offsets(users)
        strengths, own = self._strengths(sums.flatten(1), offsets.flatten(1))
        return (strengths.sum(0) + own).view(len(users), self.n_items)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Every element's share of every reason, added up; attention is the share of what its group adds."""
        told = list(self.reasons.pairs(users, items, gates))
        sums = self._sums(len(users), told)
        strengths, own = self._strengths(sums.T, self.reasons.offsets(users, items))
        rate = strengths.T / sums.clamp_min(torch.finfo(sums.dtype).tiny)
        levels: list[Level] = []
        active = {group.name for group in self.active_evidence}
        for part in told:
            if part.group not in active:
                continue
            share = (part.sums * rate[part.sets.rows]).sum(1)
            if part.parent is None:
                levels.append(_level(part.group, part.sets, share, part.gate))
                continue
            above, gate = self.reasons.gate("admired", users, gates)
            inside = Ragged.from_lengths(torch.bincount(part.parent, minlength=len(above.values)), part.sets.values)
            levels.append(_level("admired", above, segment_sum(share, inside), gate))
            below = _level(part.group, inside, share, part.gate)
            levels.append(Level(part.group, part.sets, below.attention, share, part.parent))
        return Reading(strengths.sum(0) + own, own, (self._aspects(len(users), levels), *levels))

    def _aspects(self, rows: int, levels: list[Level]) -> Level:
        """What each group adds, and its share of what all of them add."""
        tops = [level for level in levels if level.parent is None]
        names = [group.name for group in self.evidence]
        places = torch.tensor([names.index(level.name) for level in tops], device=self.device)
        sets = Ragged.from_lengths(torch.full((rows,), len(tops), device=self.device), places.repeat(rows))
        if not tops:
            return Level(ASPECTS, sets, self.scale.new_zeros(0), self.scale.new_zeros(0))
        shares, there = [], []
        for level in tops:
            assert level.contribution is not None and level.attention is not None
            shares.append(segment_sum(level.contribution, level.elements))
            there.append(segment_sum(level.attention, level.elements))
        return _level(ASPECTS, sets, torch.stack(shares, 1).flatten(), torch.stack(there, 1).flatten())

    def _learned_from(self) -> Lessons:
        """What training reads, made once."""
        if self._lessons is None:
            self._lessons = lessons(self.reasons, self._regression(), self.config.pool)
        return self._lessons


def _level(name: str, sets: Ragged, share: Tensor, gate: Tensor) -> Level:
    """A level whose attention is what each element adds, in proportion, up to the largest gate of its set."""
    weight = share.detach() + SLIGHT * gate
    presence = segment_max(gate, sets, 0.0) / segment_sum(weight, sets).clamp_min(torch.finfo(weight.dtype).tiny)
    return Level(name, sets, weight * presence.index_select(0, sets.rows), share)


def _rows(gates: Gates, sets: Callable[[str], Ragged], first: int, last: int) -> Gates:
    """The gates of the rows from ``first`` to ``last``."""
    elements = {}
    for name, gate in gates.elements.items():
        offsets = sets(name).offsets
        elements[name] = gate[int(offsets[first]) : int(offsets[last])]
    return Gates(elements, {name: gate[first:last] for name, gate in gates.aspects.items()})
