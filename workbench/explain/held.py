"""What may stand in the place of a removed element: nothing, or something that leaves every other weight as it is.

Removing an element from a softmax raises the weights of all others. Four removals are therefore told apart:

- ``deleted``: as if never recorded, all weights made again (the gates of the model);
- ``zeroed``: the element keeps its weight and adds nothing, so the score loses its exact share;
- ``mean``: the element keeps its weight and says what the elements of its set say on average;
- ``blurred``: a region is blurred in the picture, which is encoded again (``workbench.explain.blurred``); what is no
  region is deleted.

Zeroed and mean follow from the exact shares of one reading, so a model without them has neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.layers.evidence import EvidenceGroup, Gates
from workbench.layers.segments import segment_sum
from workbench.models.base import Level, Reading, Recommender

RemovalKind = Literal["deleted", "zeroed", "mean", "blurred"]
REMOVALS: tuple[str, ...] = get_args(RemovalKind)
BUDGET = 16_000_000
"""Scores or gates held at a time while elements are removed: 64 MB."""
AT_ONCE = 2048
"""Images whose shares are read together."""


def lost(model: Recommender, level: Level, removal: str) -> Tensor:
    """(elements,) what the score loses with each element of a level, all weights held.

    With c the exact share and w the weight of an element, ``zeroed`` loses c, ``mean`` c - w mean(c / w), the mean
    taken over the elements of its set that weigh anything. A model that averages its attention over layers has the mean
    of the averaged weights.

    Raises:
        DataError: there is no such removal, or the level has no exact shares (for ``mean``, no weights).
    """
    if removal not in ("zeroed", "mean"):
        raise DataError(f"there is no removal '{removal}'; choose among {', '.join(REMOVALS)}")
    share, weight = level.contribution, level.attention
    if share is None or (removal == "mean" and weight is None):
        lacks = "exact shares of the score" if share is None else "weights"
        raise DataError(f"{model.name} has no {lacks} for {level.name}, so it cannot be {removal}: choose deleted")
    if removal == "zeroed":
        return share
    assert weight is not None
    of = level.elements.rows if level.parent is None else level.parent
    weighs = weight > 0
    value = torch.where(weighs, share / weight.masked_fill(~weighs, 1), 0)
    sums = share.new_zeros(int(of.max()) + 1 if len(of) else 0)
    mean = sums.index_add(0, of, value) / sums.index_add(0, of, weighs.to(share.dtype)).clamp_min(1)
    return share - weight * mean.index_select(0, of)


def readings(model: Recommender, user: int, until: int | None) -> Iterator[tuple[Tensor, Reading]]:
    """Codes of all images in blocks, and what the model reads of them for a user (code)."""
    for items in torch.split(torch.arange(model.n_items, device=model.device), AT_ONCE):
        moment = None if until is None else torch.full_like(items, until)
        yield items, model.read(torch.full_like(items, user), items, Gates(until=moment))


def held_scores(model: Recommender, user: int, gates: Gates, removal: str) -> Tensor:
    """(images,) scores of all images for a user whose evidence is gated, with all weights held.

    Args:
        model: with exact shares.
        user: code.
        gates: of one row and all images, as ``score_items`` takes them.
        removal: zeroed or mean.

    Raises:
        DataError: as ``lost``.
    """
    found, start = [], {group.name: 0 for group in model.active_evidence}
    until = None if gates.until is None else int(gates.until[0])
    for _, reading in readings(model, user, until):
        levels, scores, opened = {level.name: level for level in reading.levels}, reading.scores, {}
        # A group stands before those inside it.
        for group in sorted(model.active_evidence, key=lambda one: one.within is not None):
            level = levels[group.name]
            gate = _gate(group, level, gates, start)
            if gate is None:
                continue
            gone, opened[group.name] = 1 - gate, gate
            if group.within in opened and level.parent is not None:
                # What goes with the whole is not lost a second time.
                gone = gone * opened[group.within].index_select(0, level.parent)
            scores = scores - segment_sum(gone * lost(model, level, removal), level.elements)
        found.append(scores)
    return torch.cat(found)


def _gate(group: EvidenceGroup, level: Level, gates: Gates, start: dict[str, int]) -> Tensor | None:
    """(elements,) gates of a level of a block of images; None where nothing of it is gated."""
    mine, whole, many = gates.elements.get(group.name), gates.aspects.get(group.name), len(level.elements.values)
    if mine is not None and group.side == "user":
        mine = mine.repeat(len(level.elements))
    elif mine is not None:
        mine = mine[start[group.name] : start[group.name] + many]
        start[group.name] += many
    if whole is None:
        return mine
    spread = whole.expand(many)
    return spread if mine is None else spread * mine
