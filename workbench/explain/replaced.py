"""What each piece of evidence is worth where its place is taken by something, all weights held."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from workbench.explain.held import RemovalKind
from workbench.explain.removal import Removal, Subject
from workbench.explain.units import Units
from workbench.layers.evidence import ASPECTS, EvidenceGroup
from workbench.models.base import Recommender


def held_removals(
    model: Recommender,
    groups: Mapping[str, EvidenceGroup],
    subject: Subject,
    chosen: Mapping[str, Tensor],
    removal: RemovalKind,
) -> dict[str, Removal]:
    """As ``workbench.explain.removal.removals``, for the removals that hold weights, see ``workbench.explain.held``.

    Raises:
        DataError: there is no such removal, or the model has no exact shares.
    """
    found, whole = {}, {}
    for name, group in groups.items():
        within = None if group.within is None else name
        units = Units.of(model, subject.user, subject.item, subject.until, within, removal)
        span = units.places[name]
        rows = torch.ones(len(chosen[name]) + 1, len(units), device=model.device)
        rows[torch.arange(len(chosen[name])), span.start + chosen[name]] = 0
        rows[-1, span] = 0
        change = units.pair(rows) - units.score
        rank = None if subject.scores is None else units.ranks(rows, subject.ranked)
        found[name] = Removal(change[:-1], None if rank is None else rank[:-1])
        if group.within is None:
            whole[name] = (change[-1:], None if rank is None else rank[-1:])
    ranks = [rank for _, rank in whole.values() if rank is not None]
    changes = [change for change, _ in whole.values()]
    found[ASPECTS] = Removal(
        torch.cat(changes) if changes else torch.empty(0, device=model.device), torch.cat(ranks) if ranks else None
    )
    return found
