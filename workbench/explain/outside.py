"""A model from outside: with a function that scores pairs under gates it has every explanation, audit and what-if."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.explainer import Explainer
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, Recommender

Sets = Mapping[str, tuple[Ragged, Tensor]]
"""By evidence group: R sets of codes, and the gates (elements,) of their elements laid end to end."""
Score = Callable[[Tensor, Tensor, Sets], Tensor]
"""Scores (R,) of user codes (R,) and image codes (R,) under the gates of their evidence."""
Weigh = Callable[[Tensor, Tensor, Sets], Mapping[str, Tensor]]
"""By evidence group, a number (elements,) for each element of the same pairs."""

PAIRS = 1 << 16
"""Pairs scored at a time where all images are."""

GROUPS: dict[str, EvidenceGroup] = {
    group.name: group
    for group in (
        EvidenceGroup("history", "liked before", "image", "user", "likes", "images you liked before"),
        EvidenceGroup("uploads", "uploads", "image", "user", "items.creator", "images you uploaded"),
        EvidenceGroup("follows", "people followed", "person", "user", "follows", "people you follow"),
        EvidenceGroup("creator", "creator", "person", "item", "items.creator", "who made it"),
    )
}
"""The evidence that any dataset records."""


class Outside(Recommender):
    """Somebody else's model, seen through a function.

    Args:
        name: what figures and exports call it.
        dataset: whose codes the function is given.
        score: scores pairs under gates; an element with gate 0 must count as if it had never been recorded, between 0
            and 1 its part of the evidence is to fade.
        groups: names of the evidence the function reads, of ``GROUPS``.
        attention: the weights the model gave, if it weighs; within a set they add up to its largest gate.
        contribution: exact additive shares of the score, if it has them: what is left is the model's own part.
        parameters: a module to be moved, saved and randomised with it, if there is one.

    Raises:
        DataError: a group is unknown, or the dataset records nothing of it.
    """

    family = "from outside"
    needs = ("likes",)
    paper = Paper("Unknown", "A model from outside", "Unpublished", 0)

    def __init__(
        self,
        name: str,
        dataset: Dataset,
        score: Score,
        groups: Sequence[str],
        *,
        attention: Weigh | None = None,
        contribution: Weigh | None = None,
        parameters: nn.Module | None = None,
    ) -> None:
        super().__init__(ModelConfig(), dataset)
        for group in groups:
            if group not in GROUPS:
                raise DataError(f"{name}: there is no evidence group '{group}'; choose among {', '.join(GROUPS)}")
        self.name = name  # type: ignore[misc]
        self.evidence = tuple(GROUPS[group] for group in groups)  # type: ignore[misc]
        self._score, self._attention, self._contribution = score, attention, contribution
        self.parts = parameters
        known = {"history": dataset.history, "uploads": dataset.uploads, "follows": dataset.follows}
        known["creator"] = _creators(dataset.creator)
        self.sets = nn.ModuleDict({group: RecordedSets(known[group]) for group in groups})
        for group in groups:
            if not len(known[group].values):
                raise DataError(f"{dataset.root} records no {GROUPS[group].label}: leave '{group}' out of {name}")

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """What is recorded of a group for the pairs."""
        sets: Ragged = self.sets[group](items if GROUPS[group].side == "item" else users)
        return sets

    def _sets(self, users: Tensor, items: Tensor, gates: Gates) -> dict[str, tuple[Ragged, Tensor]]:
        found = {}
        for group in self.evidence:
            sets = self.elements(group.name, users, items)
            gate = gates.on(group.name, sets)
            found[group.name] = sets, torch.ones(len(sets.values), device=self.device) if gate is None else gate
        return found

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self._score(users, items, self._sets(users, items, gates))

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): every image paired with every row, a block of images at a time."""
        everything = torch.arange(self.n_items, device=self.device)
        parts = [self._block(users, part, gates) for part in torch.split(everything, max(1, PAIRS // len(users)))]
        return torch.cat(parts, 1)

    def _block(self, users: Tensor, items: Tensor, gates: Gates) -> Tensor:
        """Scores (R, block) of a block of images; gates of the image's side are given for all images at once."""
        rows = torch.arange(len(users), device=self.device).repeat_interleave(len(items))
        people, images = users[rows], items.repeat(len(users))
        elements = {}
        for name, gate in gates.elements.items():
            at, everything = (rows, users) if GROUPS[name].side == "user" else (images, torch.arange(self.n_items))
            sets = self.elements(name, everything.to(self.device), everything.to(self.device))
            places = Ragged(sets.offsets, torch.arange(len(gate), device=self.device)).select(at).values
            elements[name] = gate.index_select(0, places)
        aspects = {name: gate.index_select(0, rows) for name, gate in gates.aspects.items()}
        return self.score_pairs(people, images, Gates(elements, aspects)).view(len(users), len(items))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Scores, and what the model says of its evidence."""
        sets = self._sets(users, items, gates)
        scores = own = self._score(users, items, sets)
        weights = {} if self._attention is None else self._attention(users, items, sets)
        shares = {} if self._contribution is None else self._contribution(users, items, sets)
        levels = []
        for name, (elements, _) in sets.items():
            share = shares.get(name)
            if share is not None:
                own = own - segment_sum(share, elements)
            levels.append(Level(name, elements, weights.get(name), share))
        return Reading(scores=scores, own=own, levels=tuple(levels))


def outside(name: str, dataset: Dataset, score: Score, groups: Sequence[str], **options: object) -> Explainer:
    """The explainer of a model from outside; arguments and errors are those of ``Outside``."""
    model = Outside(name, dataset, score, groups, **options)  # type: ignore[arg-type]
    return Explainer(model.eval(), dataset, name)


def _creators(creator: Tensor) -> Ragged:
    """Images -> their creator, if it is known."""
    known = (creator >= 0).nonzero().flatten()
    return Ragged.from_pairs(known, creator[known], len(creator))
