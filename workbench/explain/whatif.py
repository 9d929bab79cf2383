"""What if? A user's evidence is edited, and the whole ranking is made again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import quote, unquote

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.counterfactual import Counterfactual, Removed, drop_out
from workbench.explain.explainer import Explainer, Recommendation
from workbench.explain.explanation import Element, Frozen, Id
from workbench.explain.held import held_scores
from workbench.explain.units import Units
from workbench.layers.evidence import EvidenceGroup, Gates
from workbench.models.base import Level, Reading


class Edit(Frozen):
    """One change of the evidence.

    Attributes:
        group: name of the evidence group.
        id: id of the element, as the explanation names it; None for the whole group.
        gate: 0 as if never recorded, 1 as recorded, between them fainter.
        item: for a group of the image's side, the id of the one image whose element it is; for parts of other
            elements (regions of liked images) that of the element they are part of; None for every one.
    """

    group: str
    id: Id | None = None
    gate: float = 0.0
    item: Id | None = None

    def __str__(self) -> str:
        name = self.group if self.id is None else f"{self.group}:{_escaped(self.id)}"
        name = name if self.item is None else f"{name}@{_escaped(self.item)}"
        return name if self.gate == 0 else f"{name}={self.gate:g}"

    @classmethod
    def parse(cls, text: str) -> Edit:
        """An edit as it is typed: ``follows:bea``, ``uploads``, ``creator=0.5``, ``words:3@482``.

        In ids ``@``, ``=`` and ``%`` are written %40, %3D and %25.

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
        return cls(group=group, id=unquote(element) or None, gate=gate, item=unquote(item) or None)

    @property
    def place(self) -> tuple[str, str | None, str | None]:
        """What is edited, however much: two edits of one place replace each other."""
        return self.group, None if self.id is None else str(self.id), None if self.item is None else str(self.item)


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
        run: name of the run folder; ``dataset`` its dataset's name; ``fingerprint`` that dataset's fingerprint.
        moment: for a model of sequences, how many likes of the user had happened.
        removal: what stands in the place of what is left out, see ``workbench.explain.held``.
        edits: as text.
        before: the best images as they were; ``after`` as they would be.
        moved: those of both lists whose rank changed, by their new rank.
        explained: the image that was asked about, moved or not.
        pictured: label and picture of every image named above.
    """

    model: str
    run: str = ""
    dataset: str = ""
    fingerprint: str = ""
    user: Id
    user_label: str = ""
    moment: int | None = None
    removal: str = "deleted"
    edits: tuple[str, ...]
    before: tuple[Recommendation, ...]
    after: tuple[Recommendation, ...]
    moved: tuple[Moved, ...]
    explained: Moved | None = None
    pictured: tuple[Element, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each image of both lists, by its new rank, for a table."""
        changes = {one.item: one for one in self.moved}
        before, after = ({one.item: one.rank for one in ranked} for ranked in (self.before, self.after))
        found: list[dict[str, object]] = []
        for item in dict.fromkeys([*after, *before]):
            change = changes.get(item)
            found.append(
                {
                    "model": self.model,
                    "run": self.run,
                    "user": self.user,
                    "without": " ".join(self.edits),
                    "item": item,
                    "rank before": before.get(item) if change is None else change.rank_before,
                    "rank after": after.get(item) if change is None else change.rank_after,
                    "explained": self.explained is not None and item == self.explained.item,
                }
            )
        return found


@torch.inference_mode()
def what_if(
    explainer: Explainer,
    user: int,
    edits: Sequence[Edit],
    k: int = 10,
    moment: int | None = None,
    item: int | None = None,
    removal: str = "deleted",
) -> WhatIf:
    """Rank all images for a user (code) with and without the ``edits``.

    Args:
        explainer: of a ranking model.
        user: code.
        edits: of the evidence; several of one element count together, the smallest gate of each.
        k: how many of the best images are told.
        moment: for a model of sequences, how many likes of the user have happened.
        item: code of an image whose own change is told, too.
        removal: what stands in the place of what is left out: deleted, zeroed or mean, see ``workbench.explain.held``.

    Raises:
        DataError: the model ranks nothing, or has no such group, the user no such element or moment; there is no such
            removal, or weights are to be held and the model has no exact shares.
    """
    if explainer.model.task != "ranking":
        raise DataError(
            f"{explainer.model.name} predicts popularity and ranks nothing: choose a run of a ranking model"
        )
    explainer.at(moment)
    race = explainer.race(user, -1, moment)
    assert race is not None
    before, after = (_scores(explainer, user, changes, moment, removal) for changes in ((), edits))
    old, new = (race(scores.unsqueeze(0))[0] for scores in (before, after))
    shown = min(k, int(old.isfinite().sum()))
    first, then = (scores.topk(shown).indices.tolist() for scores in (old, new))
    ids, named = explainer.dataset.items, list(dict.fromkeys([*then, *first]))

    def moved(code: int) -> Moved:
        ranks = [1 + int((scores > raw[code]).sum()) for scores, raw in ((old, before), (new, after))]
        change = float(after[code] - before[code])
        return Moved(item=ids.id(code), rank_before=ranks[0], rank_after=ranks[1], score_change=change)

    changes = [one for one in map(moved, named) if one.rank_before != one.rank_after]
    pictured = dict.fromkeys([*named, *([] if item is None else [item])])
    return WhatIf(
        model=explainer.model.name,
        run=explainer.run,
        dataset=explainer.dataset.name,
        fingerprint=explainer.dataset.fingerprint,
        user=explainer.dataset.users.id(user),
        user_label=explainer.dataset.user_label(user),
        moment=moment,
        removal=removal,
        edits=tuple(map(str, edits)),
        before=tuple(Recommendation(item=ids.id(i), rank=n, score=float(old[i])) for n, i in enumerate(first, 1)),
        after=tuple(Recommendation(item=ids.id(i), rank=n, score=float(new[i])) for n, i in enumerate(then, 1)),
        moved=tuple(sorted(changes, key=lambda one: one.rank_after)),
        explained=None if item is None else moved(item),
        pictured=tuple(explainer.names.element("image", code) for code in pictured),
    )


def edited(explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None = None) -> Gates:
    """The gates of some edits, for one row and all images.

    Raises:
        DataError: the model has no such group, or the user (or the image) no such element.
    """
    return _Record(explainer, user, moment).gates(edits)


@torch.inference_mode()
def applicable(
    explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None = None
) -> tuple[list[Edit], list[str]]:
    """Those of some edits that can be made for a user (code), and of each of the others why it cannot."""
    record, fit, idle = _Record(explainer, user, moment), [], []
    for edit in edits:
        try:
            record.gates([edit])
        except DataError as fault:
            idle.append(str(fault))
        else:
            fit.append(edit)
    return fit, idle


def smallest_change(
    explainer: Explainer, user: int, item: int, k: int = 10, moment: int | None = None
) -> tuple[Counterfactual, tuple[Edit, ...]]:
    """The smallest set found without which an image (code) is not among the first ``k`` for a user, and it as edits.

    Raises:
        DataError: the model predicts popularity, or the model or the user has no such moment.
    """
    explainer.at(moment)
    race = explainer.race(user, item, moment)
    if race is None:
        raise DataError(f"{explainer.model.name} ranks nothing, so no image drops out: choose a run of a ranking model")
    units = Units.of(explainer.model, user, item, moment)

    def name(group: str, position: int) -> Removed:
        code = int(units.level(group).elements.values[position])
        element = explainer.names.element(explainer.groups[group].kind, code)
        return Removed(group=group, id=element.id, label=element.label)

    found, own = drop_out(units, race, name, k), explainer.dataset.items.id(item)
    sides = {group.name: group.side for group in units.groups}
    return found, tuple(
        Edit(group=one.group, id=one.id, item=own if sides[one.group] == "item" else None) for one in found.removed
    )


class _Record:
    """The evidence recorded of a user (code) at a moment, read when an edit asks for it, and once."""

    def __init__(self, explainer: Explainer, user: int, moment: int | None) -> None:
        self.explainer, self.user, self.moment = explainer, user, moment
        self._of_images: dict[str, Ragged] = {}
        self._inside: dict[tuple[str, str | None], Tensor] = {}

    def gates(self, edits: Sequence[Edit]) -> Gates:
        """See ``edited``."""
        explainer, device = self.explainer, self.explainer.device
        elements: dict[str, Tensor] = {}
        aspects: dict[str, Tensor] = {}
        for edit in edits:
            group = explainer.groups.get(edit.group)
            if group is None:
                known = ", ".join(explainer.groups) or "none"
                raise DataError(f"{explainer.model.name} reads no group '{edit.group}'; its evidence is: {known}")
            if edit.id is None and edit.item is None:
                whole = aspects.get(group.name, torch.ones(1, device=device))
                aspects[group.name] = whole.clamp_max(edit.gate)
                continue
            sets = self._sets(group)
            gate = elements.setdefault(group.name, torch.ones(len(sets.values), device=device))
            places = self._places(group, sets, edit)
            gate[places] = gate[places].clamp_max(edit.gate)
        return Gates(elements, aspects, explainer.at(self.moment).until)

    @cached_property
    def _reading(self) -> Reading:
        """What the model reads of the user beside any image: the evidence of her side is the same for all."""
        one = torch.tensor([self.user], device=self.explainer.device)
        return self.explainer.model.read(one, torch.zeros_like(one), self.explainer.at(self.moment))

    def _level(self, name: str) -> Level:
        return next(level for level in self._reading.levels if level.name == name)

    def _sets(self, group: EvidenceGroup) -> Ragged:
        """The elements of a group: of the user, or of every image."""
        if group.side == "user":
            return self._level(group.name).elements
        if group.name not in self._of_images:
            items = torch.arange(self.explainer.model.n_items, device=self.explainer.device)
            users = torch.full_like(items, self.user)
            self._of_images[group.name] = self.explainer.model.elements(group.name, users, items)
        return self._of_images[group.name]

    def _places(self, group: EvidenceGroup, sets: Ragged, edit: Edit) -> Tensor:
        """Where the elements lie that an edit names."""
        owner = None if edit.item is None else str(edit.item)
        if (group.name, owner) not in self._inside:
            self._inside[group.name, owner] = self._inside_of(group, sets, edit)
        places = self._inside[group.name, owner]
        if edit.id is not None:
            places = places[self.explainer.names.named(group.kind, sets.values[places], str(edit.id))]
        if not len(places):
            raise DataError(f"{edit}: there is no such element among {group.label} here")
        return places

    def _inside_of(self, group: EvidenceGroup, sets: Ragged, edit: Edit) -> Tensor:
        """Where the elements lie of what an edit names behind its @, all of them where it names nothing there."""
        places = torch.arange(len(sets.values), device=sets.values.device)
        if edit.item is None:
            return places
        if group.side == "item":
            code = self.explainer.dataset.items.parse(str(edit.item))
            return places[int(sets.offsets[code]) : int(sets.offsets[code + 1])]
        if group.within is None:
            raise DataError(
                f"{edit}: {group.label} belong to the user, not to an image; leave @{edit.item} out, or write %40 for "
                "the @ of an id"
            )
        parent, above = self._level(group.name).parent, self.explainer.groups[group.within]
        assert parent is not None
        owners = self._level(above.name).elements.values
        return places[self.explainer.names.named(above.kind, owners, str(edit.item))[parent]]


def _scores(explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None, removal: str) -> Tensor:
    gates = edited(explainer, user, edits, moment)
    if removal != "deleted" and edits:
        return held_scores(explainer.model, user, gates, removal)
    return explainer.model.score_items(torch.tensor([user], device=explainer.device), gates)[0]


def _escaped(id: Id) -> str:
    """An id without the signs that end it."""
    return re.sub("[%@=]", lambda found: quote(found[0], safe=""), str(id))
