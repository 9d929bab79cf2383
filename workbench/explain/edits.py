"""Edits of a user's evidence: how they are written, and which gates they close."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby
from urllib.parse import unquote

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen, Id
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

        In ids ``@``, ``=``, ``~`` and ``%`` are written %40, %3D, %7E and %25.

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


def parse_all(texts: Iterable[str]) -> list[Edit]:
    """Edits as they are typed, those of several elements of one group one by one or together: ``regions:3~4~9@482``.

    Raises:
        DataError: one of them is no edit.
    """
    found: list[Edit] = []
    for text in texts:
        together = re.fullmatch(r"([^:@=]+):([^@=]*~[^@=]*)(.*)", text)
        parts = [f"{together[1]}:{id}{together[3]}" for id in together[2].split("~")] if together else [text]
        found += map(Edit.parse, parts)
    return found


def written(edits: Iterable[Edit]) -> list[str]:
    """Edits as texts, neighbours that differ in the element alone written together."""
    texts: list[str] = []
    for _, some in groupby(edits, lambda edit: (edit.group, edit.id is None, edit.item, edit.gate)):
        alike = list(some)
        if alike[0].id is None or len(alike) == 1:
            texts += map(str, alike)
            continue
        ids = "~".join(_escaped(edit.id) for edit in alike if edit.id is not None)
        texts.append(str(alike[0]).replace(f":{_escaped(alike[0].id)}", f":{ids}", 1))
    return texts


def edited(explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None = None) -> Gates:
    """The gates of some edits, for one row and all images.

    Raises:
        DataError: the model has no such group, or the user (or the image) no such element.
    """
    return Record(explainer, user, moment).gates(edits)


@torch.inference_mode()
def applicable(
    explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None = None
) -> tuple[list[Edit], list[str]]:
    """Those of some edits that can be made for a user (code), and of each of the others why it cannot."""
    record, fit, idle = Record(explainer, user, moment), [], []
    for edit in edits:
        try:
            record.gates([edit])
        except DataError as fault:
            idle.append(str(fault))
        else:
            fit.append(edit)
    return fit, idle


class Record:
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

    def closed(self, gates: Gates, names: Sequence[str]) -> tuple[Tensor, Tensor, Gates]:
        """Codes (n,) and gates (n,) of the elements of some groups that are not wholly there, and all other gates.

        Args:
            gates: as ``gates`` tells them.
            names: of the groups.
        """
        codes, closed = [torch.empty(0, dtype=torch.int64)], [torch.empty(0)]
        for name in names:
            sets = self._sets(self.explainer.groups[name])
            gate = gates.elements.get(name, torch.ones(len(sets.values), device=self.explainer.device))
            gate = gate * gates.aspects.get(name, 1.0)
            codes.append(sets.values[gate < 1].cpu())
            closed.append(gate[gate < 1].cpu())
        elements, aspects = (
            {name: gate for name, gate in of.items() if name not in names} for of in (gates.elements, gates.aspects)
        )
        return torch.cat(codes), torch.cat(closed), Gates(elements, aspects, gates.until)

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


def _escaped(id: Id) -> str:
    """An id without the signs that end it."""
    return re.sub("[%@=~]", lambda found: f"%{ord(found[0]):02X}", str(id))
