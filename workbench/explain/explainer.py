"""From a trained model and its dataset to recommendations and explanations in the dataset's own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.evaluation.evaluate import top_k
from workbench.explain.explanation import Element, EvidenceLevel, Explanation, Frozen, Id
from workbench.explain.population import Population
from workbench.explain.sentences import sentence
from workbench.explain.verdict import judge
from workbench.layers.evidence import ASPECTS, EvidenceGroup, Gates
from workbench.models.base import Level, Recommender
from workbench.training.run import Run

BUDGET = 16_000_000
"""Scores held at a time while elements are removed: 64 MB."""
TYPICAL = 10
"""How many of a user's best images the population view averages over."""


class Recommendation(Frozen):
    """One image of a ranking: rank 1 is the best."""

    item: Id
    rank: int
    score: float


@dataclass(frozen=True)
class Removal:
    """Score change and new rank for each element of a level."""

    change: Tensor
    rank: Tensor


class Explainer:
    """Answers "why this image, for this user?" for one model.

    Args:
        model: a trained model.
        dataset: the dataset it was trained on.
        run: name of its run, written into every explanation.
    """

    def __init__(self, model: Recommender, dataset: Dataset, run: str = "") -> None:
        self.model, self.dataset, self.run = model.eval(), dataset, run
        self.device = model.device
        history, uploads = dataset.history, dataset.uploads
        rows, items = torch.cat([history.rows, uploads.rows]), torch.cat([history.values, uploads.values])
        self.known = Ragged.from_pairs(rows, items, len(history))
        self.groups: dict[str, EvidenceGroup] = {group.name: group for group in model.active_evidence}

    @classmethod
    def open(cls, run: Run, dataset: Dataset | None = None, device: str = "cpu") -> Explainer:
        """The explainer of a run, over the dataset its card names unless one is given."""
        dataset = dataset or run.open_dataset()
        return cls(run.model(dataset, device), dataset, run.name)

    def recommend(self, user: int, k: int = 10) -> list[Recommendation]:
        """The ``k`` best images for a user code, without those she liked in training or made herself.

        Raises:
            DataError: ``k`` is below 1 or no image is left to recommend.
        """
        left = len(self.dataset.items) - len(torch.unique(self.known.row(user)))
        if k < 1 or left < 1:
            raise DataError(
                f"user {self.dataset.users.id(user)}: asked for {k} images of {left} new to her; ask for 1 to {left}"
            )
        items, scores = top_k(self.model, self._codes(user), min(k, left), exclude=self.known)
        pairs = zip(items[0].tolist(), scores[0].tolist(), strict=True)
        ids = self.dataset.items
        return [Recommendation(item=ids.id(i), rank=n, score=s) for n, (i, s) in enumerate(pairs, 1)]

    @torch.inference_mode()
    def explain(self, user: int, item: int) -> Explanation:
        """The explanation of one image for one user, both given as codes."""
        reading = self.model.read(self._codes(user), self._codes(item))
        scores = self._ranked(user, item, self.model.score_items(self._codes(user)))[0]
        removals = self._removals(user, item, scores)
        levels = tuple(self._level(level, removals) for level in reading.levels)
        own, data = float(reading.own[0]), self.dataset
        return Explanation(
            model=self.model.name,
            run=self.run,
            dataset=data.name,
            fingerprint=data.fingerprint,
            user=data.users.id(user),
            user_label=data.user_label(user),
            item=data.items.id(item),
            item_label=data.item_label(item),
            image=data.image_relative(item),
            score=float(reading.scores[0]),
            rank=_rank(scores, scores[item]),
            candidates=int(scores.isfinite().sum()),
            own=own,
            levels=levels,
            sentence=sentence(own, levels, self.groups),
            verdict=judge(own, levels),
        )

    def read_best(self) -> Iterator[tuple[tuple[int, int, int], Level, Tensor]]:
        """What the model reads in each user's ten best images, in blocks of users.

        Yields:
            (users, images of each, aspects), the level of aspects of these pairs laid end to end, and their own part.

        Raises:
            DataError: the model has no level of aspects, or to some user no image is new.
        """
        if len(self.groups) < 2:
            raise DataError(
                f"{self.model.name} weighs no aspects against each other: choose a run with several evidence groups"
            )
        n = len(self.dataset.users)
        k = min(TYPICAL, len(self.dataset.items) - int(self.known.lengths.max()))
        if k < 1:
            raise DataError(f"{self.dataset.root} has a user to whom no image is new, so there is nothing to average")
        for start in range(0, n, 512):
            users = torch.arange(start, min(start + 512, n), device=self.device)
            items, _ = top_k(self.model, users, k, exclude=self.known)
            reading = self.model.read(users.repeat_interleave(k), items.flatten().to(self.device))
            yield (len(users), k, len(self.groups)), reading.levels[0], reading.own

    @torch.inference_mode()
    def population(self) -> Population:
        """Aspect importance of every user, averaged over her ten best images.

        Raises:
            DataError: the model has no level of aspects, or to some user no image is new.
        """
        data, n = self.dataset, len(self.dataset.users)
        attention, contribution = [], []
        for shape, level, _ in self.read_best():
            assert level.attention is not None and level.contribution is not None
            attention.append(level.attention.view(shape).mean(1))
            contribution.append(level.contribution.abs().view(shape).mean(1))
        return Population(
            users=tuple(data.users.id(code) for code in range(n)),
            labels=tuple(data.user_label(code) for code in range(n)),
            aspects=tuple(self.groups),
            aspect_labels=tuple(group.label for group in self.groups.values()),
            attention=torch.cat(attention).cpu().numpy(),
            contribution=torch.cat(contribution).cpu().numpy(),
            likes=data.history.lengths.numpy(),
        )

    def _codes(self, code: int, repeat: int = 1) -> Tensor:
        return torch.full((repeat,), code, device=self.device)

    def _ranked(self, user: int, item: int, scores: Tensor) -> Tensor:
        """``scores`` (n, images) with the images that are not new to the user out of the race, but for this one."""
        seen = self.known.row(user).to(self.device)
        return scores.index_fill(1, seen[seen != item], -torch.inf)

    def _removals(self, user: int, item: int, scores: Tensor) -> dict[str, Removal]:
        """What every element and every aspect is worth: each removed alone, all of them scored in batches."""
        sets = {
            name: len(self.model.elements(name, self._codes(user), self._codes(item)).values) for name in self.groups
        }
        sides: dict[str, list[str]] = {"user": [], "item": []}
        for name, group in self.groups.items():
            sides[group.side].append(name)
        removals: dict[str, Removal] = {}
        aspect: dict[str, Removal] = {}
        for side, names in sides.items():
            cases = [(name, k) for name in names for k in range(sets[name])] + [(name, -1) for name in names]
            parts = [self._without(side, user, item, scores, sets, part) for part in self._batches(cases)]
            if not parts:
                continue
            change = torch.cat([part.change for part in parts])
            rank = torch.cat([part.rank for part in parts])
            at = 0
            for name in names:
                removals[name] = Removal(change[at : at + sets[name]], rank[at : at + sets[name]])
                at += sets[name]
            for k, name in enumerate(names):
                aspect[name] = Removal(change[at + k : at + k + 1], rank[at + k : at + k + 1])
        ordered = [aspect[name] for name in self.groups]
        if ordered:
            removals[ASPECTS] = Removal(torch.cat([r.change for r in ordered]), torch.cat([r.rank for r in ordered]))
        return removals

    def _batches(self, cases: list[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
        size = max(1, BUDGET // len(self.dataset.items))
        return (cases[at : at + size] for at in range(0, len(cases), size))

    def _without(
        self, side: str, user: int, item: int, scores: Tensor, sets: dict[str, int], cases: list[tuple[str, int]]
    ) -> Removal:
        """Score and rank of the image in each case: (group, k) removes element k, (group, -1) the whole group.

        A removal on the user's side changes the score of every image; one on the image's side changes that image alone.
        """
        rows = len(cases)
        gates = _gates(
            {name: size for name, size in sets.items() if self.groups[name].side == side}, cases, self.device
        )
        if side == "user":
            changed = self._ranked(user, item, self.model.score_items(self._codes(user, rows), gates))
            score = changed[:, item]
            rank = 1 + (changed > score.unsqueeze(1)).sum(1)
        else:
            score = self.model.score_pairs(self._codes(user, rows), self._codes(item, rows), gates)
            others = scores.index_fill(0, self._codes(item), -torch.inf)
            rank = 1 + (others > score.unsqueeze(1)).sum(1)
        return Removal(score - scores[item], rank)

    def _level(self, level: Level, removals: dict[str, Removal]) -> EvidenceLevel:
        """A level of the model's reading in the dataset's own ids and words."""
        kind = "aspect" if level.name == ASPECTS else self.groups[level.name].kind
        removal = removals[level.name]
        elements = tuple(
            self._named(kind, code).model_copy(
                update={
                    "attention": None if level.attention is None else float(level.attention[k]),
                    "contribution": None if level.contribution is None else float(level.contribution[k]),
                    "removal": float(removal.change[k]),
                    "rank_without": int(removal.rank[k]),
                }
            )
            for k, code in enumerate(level.elements.values.tolist())
        )
        label = None if level.name == ASPECTS else self.groups[level.name].label
        return EvidenceLevel(name=level.name, kind=kind, label=label, elements=elements)

    def _named(self, kind: str, code: int) -> Element:
        """An element without numbers yet."""
        data = self.dataset
        if kind == "image":
            picture = data.image_relative(code)
            return Element(kind=kind, id=data.items.id(code), label=data.item_label(code), image=picture)
        if kind == "person":
            return Element(kind=kind, id=data.users.id(code), label=data.user_label(code))
        group = self.model.evidence[code]
        return Element(kind=kind, id=group.name, label=group.label)


def _rank(scores: Tensor, score: Tensor) -> int:
    return 1 + int((scores > score).sum())


def _gates(sets: dict[str, int], cases: list[tuple[str, int]], device: torch.device) -> Gates:
    """Gates of ``len(cases)`` rows, each with one element or one whole group closed."""
    rows = len(cases)
    elements = {name: torch.ones(rows, size, device=device) for name, size in sets.items()}
    aspects = {name: torch.ones(rows, device=device) for name in sets}
    for row, (name, k) in enumerate(cases):
        if k < 0:
            aspects[name][row] = 0
        else:
            elements[name][row, k] = 0
    return Gates({name: gate.flatten() for name, gate in elements.items()}, aspects)
