"""Everything a model reads of a user and an image, element by element, to choose from."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Element, EvidenceLevel, Frozen, Id
from workbench.layers.evidence import EvidenceGroup
from workbench.models.base import Level

MOST = 1000
"""Elements of a group that are named at most, the strongest; a page could not hold more."""


class Recorded(Frozen):
    """One group of the evidence.

    Attributes:
        level: its elements, the strongest first: by the size of the contribution where the model is additive, else by
            attention, that of a part times that of what it is part of; in the order of the data without either.
        total: how many there are, named or not.
    """

    level: EvidenceLevel
    total: int


@torch.inference_mode()
def record(
    explainer: Explainer, user: int, item: int, moment: int | None = None, most: int = MOST
) -> tuple[Recorded, ...]:
    """The evidence of a pair (codes), group by group, without the price of removing every element.

    Args:
        explainer: of any model.
        user: code; ``item`` that of the image.
        item: see above.
        moment: for a model of sequences, how many likes of the user have happened.
        most: elements of a group that are named.

    Raises:
        DataError: the model or the user has no such moment.
    """
    explainer.race(user, item, moment)
    users, items = (torch.tensor([code], device=explainer.device) for code in (user, item))
    levels = {level.name: level for level in explainer.model.read(users, items, explainer.at(moment)).levels}
    return tuple(_recorded(explainer, group, levels, most) for group in explainer.groups.values())


def edit_of(group: EvidenceGroup, element: Element, item: Id | None = None) -> Edit:
    """The edit that leaves an element out.

    Args:
        group: its group.
        element: as ``record`` or an explanation tells it.
        item: id of the explained image, where what belongs to an image goes for this one alone (and what is part of
            another element for that element alone); None where it goes everywhere, a word then wherever it stands.
    """
    if item is None or (group.side == "user" and group.within is None):
        return Edit(group=group.name, id=element.label if element.kind == "word" else element.id)
    return Edit(group=group.name, id=element.id, item=item if group.within is None else element.of)


def _recorded(explainer: Explainer, group: EvidenceGroup, levels: Mapping[str, Level], most: int) -> Recorded:
    level = levels[group.name]
    above = None if group.within is None else levels[group.within]
    codes = level.elements.values
    kept = _strength(level, above).argsort(descending=True, stable=True)[:most].tolist()
    owners: dict[int, Id] = {}
    elements = []
    for place in kept:
        numbers = {
            name: None if values is None else float(values[place])
            for name, values in (("attention", level.attention), ("contribution", level.contribution))
        }
        of = None
        if above is not None and level.parent is not None and group.within is not None:
            owner = int(above.elements.values[level.parent[place]])
            if owner not in owners:
                owners[owner] = explainer.names.element(explainer.groups[group.within].kind, owner).id
            of = owners[owner]
        named = explainer.names.element(group.kind, int(codes[place]))
        elements.append(named.model_copy(update={**numbers, "of": of}))
    shown = EvidenceLevel(
        name=group.name, kind=group.kind, label=group.label, within=group.within, elements=tuple(elements)
    )
    return Recorded(level=shown, total=len(codes))


def _strength(level: Level, above: Level | None) -> Tensor:
    """(elements,) what orders them."""
    if level.contribution is not None:
        return level.contribution.abs()
    if level.attention is None:
        return torch.zeros(len(level.elements.values), device=level.elements.values.device)
    if above is None or above.attention is None or level.parent is None:
        return level.attention
    return level.attention * above.attention[level.parent]
