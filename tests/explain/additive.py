"""A model whose truth is known: the score is a sum over the likes of the user, or bent as a test wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import gated_softmax, segment_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender


class Additive(Recommender):
    """``score(u, i) = sum over likes j of g_j w_ji``; what is called attention is what a test says it is."""

    name = "additive"
    family = "tests"
    paper = Paper("Nobody", "Tests", "Tests", 2000)
    needs = ("likes",)
    evidence: ClassVar[tuple[EvidenceGroup, ...]] = (
        EvidenceGroup("history", "liked before", "image", "user", "likes", "images you liked"),
    )

    def __init__(self, dataset: Dataset, shown: Callable[[Tensor], Tensor] | None = None) -> None:
        super().__init__(ModelConfig(), dataset)
        generator = torch.Generator().manual_seed(0)
        self.history = RecordedSets(dataset.history)
        self.weight = torch.nn.Parameter(torch.randn(self.n_items, self.n_items, generator=generator))
        self.shown = shown or (lambda share: share.abs() / share.abs().sum().clamp_min(1e-9))

    def _shares(self, users: Tensor, items: Tensor, gates: Gates) -> tuple[Ragged, Tensor]:
        sets: Ragged = self.history(users)
        share = self.weight[sets.values, items.index_select(0, sets.rows)]
        gate = gates.on("history", sets)
        return sets, share if gate is None else share * gate

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        sets, share = self._shares(users, items, gates)
        return segment_sum(share, sets)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        sets: Ragged = self.history(users)
        gate = gates.on("history", sets)
        rows = self.weight[sets.values] if gate is None else self.weight[sets.values] * gate.unsqueeze(1)
        return segment_sum(rows, sets)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        sets, share = self._shares(users, items, gates)
        scores = segment_sum(share, sets)
        return Reading(scores, torch.zeros_like(scores), (Level("history", sets, self.shown(share), share),))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        return self.history(users)


class Weighing(Additive):
    """``score(u, i) = sum over likes j of softmax(a)_j w_ji``: a softmax whose weights gates can set at will."""

    def __init__(self, dataset: Dataset, useless: bool = False) -> None:
        super().__init__(dataset)
        generator = torch.Generator().manual_seed(1)
        self.score = torch.nn.Parameter(torch.randn(self.n_items, generator=generator))
        if useless:
            # Every like says the same of an image, so that no weights can change a score.
            self.weight.data.copy_(self.weight.data[:1].expand_as(self.weight))

    def _shares(self, users: Tensor, items: Tensor, gates: Gates) -> tuple[Ragged, Tensor]:
        sets: Ragged = self.history(users)
        weights, _ = gated_softmax(self.score[sets.values], sets, gates.on("history", sets))
        return sets, weights * self.weight[sets.values, items.index_select(0, sets.rows)]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        sets: Ragged = self.history(users)
        weights, _ = gated_softmax(self.score[sets.values], sets, gates.on("history", sets))
        return segment_sum(self.weight[sets.values] * weights.unsqueeze(1), sets)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        sets, share = self._shares(users, items, gates)
        weights, _ = gated_softmax(self.score[sets.values], sets, gates.on("history", sets))
        scores = segment_sum(share, sets)
        return Reading(scores, torch.zeros_like(scores), (Level("history", sets, weights, share),))
