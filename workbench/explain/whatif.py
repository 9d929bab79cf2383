"""What if? A user's evidence is edited, and the whole ranking is made again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.explainer import Explainer, Recommendation
from workbench.explain.explanation import Frozen, Id
from workbench.layers.evidence import EvidenceGroup, Gates


class Edit(Frozen):
    """One change of the evidence.

    Attributes:
        group: name of the evidence group.
        id: id of the element, as the explanation names it; None for the whole group.
        gate: 0 as if never recorded, 1 as recorded, between them fainter.
        item: for a group of the image's side, the id of the one image whose element it is; None for every image.
    """

    group: str
    id: Id | None = None
    gate: float = 0.0
    item: Id | None = None

    def __str__(self) -> str:
        name = self.group if self.id is None else f"{self.group}:{self.id}"
        name = name if self.item is None else f"{name}@{self.item}"
        return name if self.gate == 0 else f"{name}={self.gate:g}"

    @classmethod
    def parse(cls, text: str) -> Edit:
        """An edit as it is typed: ``follows:bea``, ``uploads``, ``creator=0.5``, ``words:3@482``.

        Raises:
            DataError: it is not of the form, or the gate is not a number from 0 to 1.
        """
        name, equals, amount = text.rpartition("=")
        name = name if equals else amount
        head, _, item = name.partition("@")
        group, colon, element = head.partition(":")
        try:
            gate = float(amount) if equals else 0.0
        except ValueError:
            gate = -1.0
        if not group or (colon and not element) or not 0 <= gate <= 1:
            raise DataError(f"'{text}' is no edit: write GROUP, GROUP:ID or GROUP:ID=GATE with a gate from 0 to 1")
        return cls(group=group, id=element or None, gate=gate, item=item or None)


class Moved(Frozen):
    """An image whose place changed.

    Attributes:
        rank_before: 1 = best; ``rank_after`` after the edit.
        score_change: score after less score before.
    """

    item: Id
    rank_before: int
    rank_after: int
    score_change: float


class WhatIf(Frozen):
    """A ranking before and after an edit.

    Attributes:
        edits: as text.
        before: the best images as they were; ``after`` as they would be.
        moved: those of both lists whose rank changed, by their new rank.
    """

    model: str
    user: Id
    edits: tuple[str, ...]
    before: tuple[Recommendation, ...]
    after: tuple[Recommendation, ...]
    moved: tuple[Moved, ...]


@torch.inference_mode()
def what_if(explainer: Explainer, user: int, edits: Sequence[Edit], k: int = 10, moment: int | None = None) -> WhatIf:
    """Rank all images for a user (code) with and without the ``edits``.

    Args:
        explainer: of a ranking model.
        user: code.
        edits: of the evidence; several of one element count together, the smallest gate of each.
        k: how many of the best images are told.
        moment: for a model of sequences, how many likes of the user have happened.

    Raises:
        DataError: the model ranks nothing, or has no such group, the user no such element or moment.
    """
    if explainer.model.task != "ranking":
        raise DataError(
            f"{explainer.model.name} predicts popularity and ranks nothing: choose a run of a ranking model"
        )
    before = _scores(explainer, user, (), moment)
    after = _scores(explainer, user, edits, moment)
    race = explainer.race(user, -1, moment)
    assert race is not None
    old, new = (race(scores.unsqueeze(0))[0] for scores in (before, after))
    ranks = {"old": _ranks(old), "new": _ranks(new)}
    shown = min(k, int(old.isfinite().sum()))
    first, then = (scores.topk(shown).indices.tolist() for scores in (old, new))
    ids = explainer.dataset.items
    moved = [
        Moved(
            item=ids.id(code),
            rank_before=int(ranks["old"][code]),
            rank_after=int(ranks["new"][code]),
            score_change=float(after[code] - before[code]),
        )
        for code in dict.fromkeys([*then, *first])
        if int(ranks["old"][code]) != int(ranks["new"][code])
    ]
    return WhatIf(
        model=explainer.model.name,
        user=explainer.dataset.users.id(user),
        edits=tuple(map(str, edits)),
        before=tuple(Recommendation(item=ids.id(i), rank=n, score=float(old[i])) for n, i in enumerate(first, 1)),
        after=tuple(Recommendation(item=ids.id(i), rank=n, score=float(new[i])) for n, i in enumerate(then, 1)),
        moved=tuple(sorted(moved, key=lambda one: one.rank_after)),
    )


def edited(explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None = None) -> Gates:
    """The gates of some edits, for one row and all images.

    Raises:
        DataError: the model has no such group, or the user (or the image) no such element.
    """
    elements: dict[str, Tensor] = {}
    aspects: dict[str, Tensor] = {}
    for edit in edits:
        group = explainer.groups.get(edit.group)
        if group is None:
            known = ", ".join(explainer.groups) or "none"
            raise DataError(f"{explainer.model.name} reads no group '{edit.group}'; its evidence is: {known}")
        if edit.id is None and edit.item is None:
            whole = aspects.get(group.name, torch.ones(1, device=explainer.device))
            aspects[group.name] = whole.clamp_max(edit.gate)
            continue
        sets = _sets(explainer, group, user, moment)
        gate = elements.setdefault(group.name, torch.ones(len(sets.values), device=explainer.device))
        gate[_places(explainer, group, sets, edit)] = edit.gate
    until = None if moment is None else torch.tensor([moment], device=explainer.device)
    return Gates(elements, aspects, until)


def _scores(explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None) -> Tensor:
    gates = edited(explainer, user, edits, moment)
    return explainer.model.score_items(torch.tensor([user], device=explainer.device), gates)[0]


def _sets(explainer: Explainer, group: EvidenceGroup, user: int, moment: int | None) -> Ragged:
    """The elements of a group: of the user, or of every image."""
    model, one = explainer.model, torch.tensor([user], device=explainer.device)
    if group.side == "item":
        items = torch.arange(model.n_items, device=explainer.device)
        return model.elements(group.name, torch.full_like(items, user), items)
    if moment is None:
        return model.elements(group.name, one, torch.zeros_like(one))
    reading = model.read(one, torch.zeros_like(one), Gates(until=torch.tensor([moment], device=explainer.device)))
    return next(level.elements for level in reading.levels if level.name == group.name)


def _places(explainer: Explainer, group: EvidenceGroup, sets: Ragged, edit: Edit) -> Tensor:
    """Where the elements lie that an edit names."""
    places = torch.arange(len(sets.values), device=sets.values.device)
    if edit.item is not None:
        if group.side != "item":
            raise DataError(f"{edit}: {group.label} belong to the user, not to an image; leave @{edit.item} out")
        code = explainer.dataset.items.parse(str(edit.item))
        places = places[int(sets.offsets[code]) : int(sets.offsets[code + 1])]
    if edit.id is not None:
        codes = sets.values[places]
        distinct, which = torch.unique(codes, return_inverse=True)
        wanted = [_named(explainer, group, int(code), str(edit.id)) for code in distinct.tolist()]
        places = places[torch.tensor(wanted, dtype=torch.bool, device=places.device)[which]]
    if not len(places):
        raise DataError(f"{edit}: there is no such element among {group.label} here")
    return places


def _named(explainer: Explainer, group: EvidenceGroup, code: int, id: str) -> bool:
    """Whether an element has this id; a word is named by itself, too, wherever it stands."""
    element = explainer.names.element(group.kind, code)
    return str(element.id) == id or (group.kind == "word" and element.label.casefold() == id.casefold())


def _ranks(scores: Tensor) -> Tensor:
    """(images,) rank of each image, equal scores sharing the better one."""
    ordered = (-scores).sort().values
    return 1 + torch.searchsorted(ordered, -scores, right=False)
