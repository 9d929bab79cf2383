"""What every piece of evidence is worth: each one removed alone, all of them scored in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.layers.evidence import ASPECTS, EvidenceGroup, Gates
from workbench.models.base import Recommender

BUDGET = 16_000_000
"""Scores or gates held at a time while elements are removed: 64 MB."""

Case = tuple[str, int]
"""A group and the position of one of its elements; -1 for the whole group."""


@dataclass(frozen=True)
class Removal:
    """Score change (n,) for each removed element of a level, and its new rank (n,) where there is a ranking."""

    change: Tensor
    rank: Tensor | None


@dataclass(frozen=True)
class Subject:
    """The pair whose score is taken apart.

    Attributes:
        user: code of the user; ``item`` that of the image.
        score: its score with everything present.
        scores: (images,) scores of all images with everything present; None where nothing is ranked.
        ranked: takes those images out of scores (n, images) that are not in the race.
        sizes: number of elements of each group.
        until: likes that had happened at the moment of the score; None for those of the train split.
    """

    user: int
    item: int
    score: Tensor
    scores: Tensor | None
    ranked: Callable[[Tensor], Tensor]
    sizes: Mapping[str, int]
    until: int | None = None


def removals(
    model: Recommender, groups: Mapping[str, EvidenceGroup], subject: Subject, chosen: Mapping[str, Tensor]
) -> dict[str, Removal]:
    """Removals by level: the ``chosen`` elements of each group, and every aspect as a whole.

    Args:
        model: the model; ``groups`` the evidence it reads, by name.
        groups: see above.
        subject: what is scored.
        chosen: by group, the positions (n,) of the elements to remove.
    """
    found: dict[Case, tuple[Tensor, Tensor | None]] = {}
    for side in ("user", "item"):
        names = [name for name, group in groups.items() if group.side == side]
        cases = [(name, int(k)) for name in names for k in chosen[name]] + [(name, -1) for name in names]
        mine = {name: subject.sizes[name] for name in names}
        held = model.per_like * subject.sizes.get("history", 0)
        for part in _batches(cases, max(model.n_items, sum(mine.values()), held)):
            found |= zip(part, _without(model, side, subject, mine, part), strict=True)
    aspects = [(name, -1) for name, group in groups.items() if group.within is None]
    wanted = {name: [(name, int(k)) for k in chosen[name]] for name in groups} | {ASPECTS: aspects}
    return {name: _joined([found[case] for case in cases], model.device) for name, cases in wanted.items()}


def _joined(parts: Sequence[tuple[Tensor, Tensor | None]], device: torch.device) -> Removal:
    if not parts:
        return Removal(torch.empty(0, device=device), None)
    ranks = [rank for _, rank in parts if rank is not None]
    return Removal(torch.stack([change for change, _ in parts]), torch.stack(ranks) if ranks else None)


def _batches(cases: Sequence[Case], width: int) -> Iterator[Sequence[Case]]:
    size = max(1, BUDGET // max(width, 1))
    return (cases[at : at + size] for at in range(0, len(cases), size))


def _without(
    model: Recommender, side: str, subject: Subject, sizes: Mapping[str, int], cases: Sequence[Case]
) -> list[tuple[Tensor, Tensor | None]]:
    """Change of the score and new rank in each case.

    A removal on the user's side changes the score of every image; one on the image's side changes that image alone.
    """
    rows = len(cases)
    users, items = (torch.full((rows,), code, device=model.device) for code in (subject.user, subject.item))
    until = None if subject.until is None else torch.full((rows,), subject.until, device=model.device)
    gates = _gates(sizes, cases, until, model.device)
    if subject.scores is None:
        score = model.score_pairs(users, items, gates)
        return [(change, None) for change in score - subject.score]
    if side == "user":
        changed = subject.ranked(model.score_items(users, gates))
        score = changed[:, subject.item]
        rank = 1 + (changed > score.unsqueeze(1)).sum(1)
    else:
        score = model.score_pairs(users, items, gates)
        others = subject.scores.index_fill(0, items[:1], -torch.inf)
        rank = 1 + (others > score.unsqueeze(1)).sum(1)
    return list(zip(score - subject.score, rank, strict=True))


def _gates(sizes: Mapping[str, int], cases: Sequence[Case], until: Tensor | None, device: torch.device) -> Gates:
    """Gates of ``len(cases)`` rows, each with one element or one whole group closed; groups left alone have none."""
    elements, aspects = {}, {}
    for name, size in sizes.items():
        mine = [(row, k) for row, (group, k) in enumerate(cases) if group == name]
        if any(k >= 0 for _, k in mine):
            gate = torch.ones(len(cases), size, device=device)
            row, column = torch.tensor([pair for pair in mine if pair[1] >= 0], device=device).T
            gate[row, column] = 0
            elements[name] = gate.flatten()
        whole = [row for row, k in mine if k < 0]
        if whole:
            aspects[name] = torch.ones(len(cases), device=device).index_fill_(0, torch.tensor(whole, device=device), 0)
    return Gates(elements, aspects, until)
