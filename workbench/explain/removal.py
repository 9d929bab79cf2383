"""What every piece of evidence is worth: each one removed alone, all of them scored in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.blurred import Pictures
from workbench.explain.held import BUDGET, REMOVALS, RemovalKind
from workbench.explain.kept import Kept
from workbench.explain.units import Units
from workbench.layers.evidence import ASPECTS, EvidenceGroup
from workbench.models.base import Reading, Recommender


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
        reading: what the model reads of the pair with everything present.
        until: likes that had happened at the moment of the score; None for those of the train split.
        kept: scores of all images for this and other users, which no other image changes.
    """

    user: int
    item: int
    score: Tensor
    scores: Tensor | None
    ranked: Callable[[Tensor], Tensor]
    reading: Reading
    until: int | None = None
    kept: Kept | None = None


def removals(
    model: Recommender,
    groups: Mapping[str, EvidenceGroup],
    subject: Subject,
    chosen: Mapping[str, Tensor],
    removal: RemovalKind = "deleted",
    pictures: Pictures | None = None,
) -> dict[str, Removal]:
    """Removals by level: the ``chosen`` elements of each group, and every aspect as a whole.

    Args:
        model: the model; ``groups`` the evidence it reads, by name.
        groups: see above.
        subject: what is scored.
        chosen: by group, the positions (n,) of the elements to remove.
        removal: what stands in their place, see ``workbench.explain.held``.
        pictures: those of the model, where regions are to be blurred.

    Raises:
        DataError: there is no such removal, the model has no exact shares to hold weights by, or a picture cannot be
            blurred.
    """
    if removal not in REMOVALS:
        raise DataError(f"there is no removal '{removal}'; choose among {', '.join(REMOVALS)}")
    found, whole = {}, []
    pair = subject.user, subject.item, subject.until, subject.reading
    every = Units(model, *pair, tuple(groups.values()), removal, pictures)
    for name, group in groups.items():
        units = every.only(group)
        everything = _removed(units, group, subject, _rows(units, chosen[name], together=group.within is None))
        apart = len(chosen[name])
        found[name] = Removal(everything.change[:apart], None if everything.rank is None else everything.rank[:apart])
        if group.within is None:
            whole.append(everything)
    ranks = [one.rank[-1:] for one in whole if one.rank is not None]
    changes = [one.change[-1:] for one in whole] or [torch.empty(0, device=model.device)]
    found[ASPECTS] = Removal(torch.cat(changes), torch.cat(ranks) if ranks else None)
    return found


def _rows(units: Units, chosen: Tensor, *, together: bool) -> Iterator[tuple[tuple[int, ...] | None, Tensor]]:
    """Gates (r, n) in blocks: each of the ``chosen`` (n,) closed alone, then if ``together`` all of them.

    Before each block, the elements closed in it; None for all.
    """
    n, device = len(units), units.model.device
    size = max(1, BUDGET // max(n, units.model.n_items))
    for part in torch.split(chosen, size) if len(chosen) else ():
        yield tuple(part.tolist()), torch.ones(len(part), n, device=device).scatter_(1, part.unsqueeze(1), 0)
    if together:
        yield None, torch.zeros(1, n, device=device)


def _removed(
    units: Units, group: EvidenceGroup, subject: Subject, blocks: Iterator[tuple[tuple[int, ...] | None, Tensor]]
) -> Removal:
    """Change of the score and new rank under each row of gates.

    A removal on the user's side changes the score of every image; one on the image's side changes that image alone.
    """
    scores, ranks = [subject.score.new_empty(0)], []
    for closed, rows in blocks:
        if subject.scores is None or group.side == "item":
            scores.append(units.pair(rows))
            if subject.scores is not None:
                others = subject.scores.index_fill(0, torch.tensor([subject.item], device=rows.device), -torch.inf)
                ranks.append(1 + (others > scores[-1].unsqueeze(1)).sum(1))
            continue
        for everything in _catalogue(units, group, subject, closed, rows):
            race = subject.ranked(everything)
            scores.append(race[:, subject.item])
            ranks.append(1 + (race > scores[-1].unsqueeze(1)).sum(1))
    return Removal(torch.cat(scores) - subject.score, torch.cat(ranks) if ranks else None)


def _catalogue(
    units: Units, group: EvidenceGroup, subject: Subject, closed: tuple[int, ...] | None, rows: Tensor
) -> Iterator[Tensor]:
    """Scores (r, images) of all images under the gates ``rows`` (R, n) of a group on the user's side, in blocks."""
    # Deleted elements are the only ones whose removal is sure to be the same whatever image is looked at.
    if subject.kept is None or units.removal != "deleted":
        return units.catalogue(rows)
    asked = subject.user, subject.until, group.name, closed
    return iter([subject.kept.of(asked, lambda: torch.cat(list(units.catalogue(rows))))])
