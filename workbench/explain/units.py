"""The evidence of one pair as one vector of gates: what attributions, interventions and audits turn up and down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from workbench.explain.answers import Answers
from workbench.explain.blurred import Pictures
from workbench.explain.held import BUDGET, RemovalKind, lost, readings
from workbench.explain.repainted import Repainted
from workbench.layers.evidence import ASPECTS, EvidenceGroup, Gates
from workbench.models.base import Level, Reading, Recommender

_SLOPED: WeakKeyDictionary[Recommender, bool] = WeakKeyDictionary()
"""Whether the scores of a model have a slope in the gates of what is deleted."""


@dataclass(frozen=True, eq=False)
class Units:
    """The n elements of some evidence groups of one pair, laid end to end; what is not among them stays as recorded.

    Attributes:
        model: in evaluation mode.
        user: code of the user; ``item`` that of the image.
        until: for a model of sequences, how many likes have happened; None for those of the train split.
        reading: what the model reads with everything present.
        groups: the groups of the units, in the order of their levels.
        removal: what a closed gate means, see ``workbench.explain.held``.
        pictures: where regions are to be blurred, those of the model.
    """

    model: Recommender
    user: int
    item: int
    until: int | None
    reading: Reading
    groups: tuple[EvidenceGroup, ...]
    removal: RemovalKind = "deleted"
    pictures: Pictures | None = None

    @classmethod
    def of(
        cls,
        model: Recommender,
        user: int,
        item: int,
        until: int | None = None,
        within: str | None = None,
        removal: RemovalKind = "deleted",
        pictures: Pictures | None = None,
    ) -> Units:
        """The units of a pair: those of all groups that are not inside another one, or of the group ``within`` alone.

        Args:
            model: in evaluation mode.
            user: code of the user; ``item`` that of the image.
            item: see above.
            until: for a model of sequences, the moment.
            within: name of one group, for instance one inside another (the regions of liked images).
            removal: deleted, zeroed, mean or blurred.
            pictures: to blur; ``Explainer.units`` knows those of its dataset.

        Raises:
            DataError: none of the units is a region that could be blurred.
        """
        one = torch.tensor([user], device=model.device), torch.tensor([item], device=model.device)
        with torch.no_grad():
            reading = model.read(*one, Gates(until=None if until is None else one[0].new_tensor([until])))
        read = {level.name for level in reading.levels}
        chosen = tuple(
            group
            for group in model.active_evidence
            if group.name in read and (group.within is None if within is None else group.name == within)
        )
        if removal == "blurred":
            assert pictures is not None
            pictures.check(chosen)
        return cls(model, user, item, until, reading, chosen, removal, pictures)

    def only(self, group: EvidenceGroup) -> Units:
        """The units of one group, all others staying as recorded; what has no place in a picture cannot be blurred."""
        is_picture = self.pictures is not None and group.name in self.pictures.groups
        deleted = self.removal == "blurred" and not is_picture
        return replace(self, groups=(group,), removal="deleted" if deleted else self.removal)

    def level(self, name: str) -> Level:
        """The level of a group."""
        return next(level for level in self.reading.levels if level.name == name)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of units of each group."""
        return {group.name: len(self.level(group.name).elements.values) for group in self.groups}

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where the units of each group lie."""
        found, start = {}, 0
        for name, size in self.sizes.items():
            found[name] = slice(start, start + size)
            start += size
        return found

    def place(self, unit: int) -> tuple[str, int]:
        """The group of a unit, and its position there."""
        name = next(name for name, span in self.places.items() if span.start <= unit < span.stop)
        return name, unit - self.places[name].start

    def __len__(self) -> int:
        return sum(self.sizes.values())

    @property
    def score(self) -> float:
        """The score with everything present."""
        return float(self.reading.scores[0])

    def gates(self, rows: Tensor) -> Gates:
        """The gates of R rows, whose units lie in ``rows`` (R, n)."""
        elements = {group.name: rows[:, self.places[group.name]].flatten() for group in self.groups}
        until = None if self.until is None else torch.full((len(rows),), self.until, device=rows.device)
        return Gates(elements, until=until)

    def pair(self, rows: Tensor) -> Tensor:
        """Scores (R,) of the image for the user under the gates ``rows`` (R, n); differentiable in them.

        Raises:
            DataError: weights are to be held, and the model has no exact shares.
        """
        known = self._answers.of(rows)
        if known is not None:
            return known
        if self.removal == "blurred":
            return self._repainted.pair(rows)
        if self.removal != "deleted":
            return self.score - (1 - rows) @ self._lost
        return torch.cat([self._pair(part) for part in self._parts(rows, len(self))])

    @torch.no_grad()
    def ask(self, rows: Tensor) -> None:
        """Score all ``rows`` (R, n) together, so that ``pair`` knows what it is asked of them later.

        What is known stays so: the parameters of the model must not change meanwhile.
        """
        fresh = self._answers.fresh(rows)
        if len(fresh):
            self._answers.keep(fresh, self.pair(fresh))

    @cached_property
    def _answers(self) -> Answers:
        return Answers()

    @property
    def has_slope(self) -> bool:
        """Whether the score can be differentiated in the gates, which a model from outside may not offer."""
        if self.removal != "deleted" or not len(self):
            return self.removal in ("zeroed", "mean")
        if self.model not in _SLOPED:
            gates = torch.ones(1, len(self), device=self.model.device, requires_grad=True)
            with torch.enable_grad():
                _SLOPED[self.model] = self._pair(gates).requires_grad
        return _SLOPED[self.model]

    def _pair(self, rows: Tensor) -> Tensor:
        users, items = (torch.full((len(rows),), code, device=rows.device) for code in (self.user, self.item))
        return self.model.score_pairs(users, items, self.gates(rows))

    @cached_property
    def _repainted(self) -> Repainted:
        assert self.pictures is not None
        return Repainted(self, self.pictures)

    @cached_property
    def _lost(self) -> Tensor:
        """(n,) what the score loses with each unit, weights held."""
        parts = [lost(self.model, self.level(group.name), self.removal) for group in self.groups]
        return torch.cat(parts).detach() if parts else torch.zeros(0, device=self.model.device)

    @cached_property
    def _everywhere(self) -> tuple[Tensor, Tensor]:
        """Scores (images,) of all images, and what each loses with each unit (images, n), weights held."""
        scores, losses = [], []
        with torch.no_grad():
            for items, reading in readings(self.model, self.user, self.until):
                levels = {level.name: level for level in reading.levels}
                parts = [
                    lost(self.model, levels[group.name], self.removal).view(len(items), self.sizes[group.name])
                    if group.side == "user"
                    else (items == self.item).unsqueeze(1) * self._lost[self.places[group.name]]
                    for group in self.groups
                ]
                scores.append(reading.scores)
                losses.append(torch.cat(parts, 1) if parts else reading.scores.new_zeros(len(items), 0))
        return torch.cat(scores), torch.cat(losses)

    def catalogue(self, rows: Tensor) -> Iterator[Tensor]:
        """Scores (r, images) of every image for the user, in blocks of the ``rows`` (R, n).

        What belongs to the image is closed for this image alone.
        """
        if self.removal == "blurred":
            for part in self._parts(rows, self.model.n_items):
                yield self._repainted.catalogue(part)
            return
        if self.removal != "deleted":
            scores, losses = self._everywhere
            yield scores - (1 - rows) @ losses.T
            return
        inside = any(group.side == "item" for group in self.groups)
        for part in self._parts(rows, max(self.model.n_items, len(self))):
            users, items = (torch.full((len(part),), code, device=part.device) for code in (self.user, self.item))
            if inside:
                yield self.model.score_among(users, items, self.gates(part))
            else:
                yield self.model.score_items(users, self.gates(part))

    def _parts(self, rows: Tensor, width: int) -> Sequence[Tensor]:
        likes = next((len(level.elements.values) for level in self.reading.levels if level.name == "history"), 0)
        held = self.model.per_like * likes
        return torch.split(rows, max(1, BUDGET // max(width, held, 1)))

    def ranks(self, rows: Tensor, ranked: Callable[[Tensor], Tensor]) -> Tensor:
        """(R,) rank of the image, 1 = best, among those that ``ranked`` leaves in scores (r, images)."""
        found = []
        for scores in self.catalogue(rows):
            race = ranked(scores)
            found.append(1 + (race > race[:, self.item : self.item + 1]).sum(1))
        return torch.cat(found)

    @property
    def attention(self) -> Tensor | None:
        """(n,) how strongly each unit is shown, as verdicts have it; None where nothing is weighed.

        Its weight times that of its aspect. A group that is not weighed, inside a model that weighs others, counts by
        the size of its contributions. Where aspects are not weighed but have exact shares, so does every group whose
        units have contributions; attention of any other group is scaled with the size of its share.
        """
        aspects = next((level for level in self.reading.levels if level.name == ASPECTS), None)
        named = [] if aspects is None else [self.model.evidence[code].name for code in aspects.elements.values.tolist()]
        parts, weighed = [], aspects is not None and aspects.attention is not None
        for group in self.groups:
            level, place = self.level(group.name), named.index(group.name) if group.name in named else None
            weighed = weighed or level.attention is not None
            parts.append(_shown(level, None if place is None else aspects, place or 0))
        return torch.cat(parts) if weighed and parts else None

    @property
    def contribution(self) -> Tensor | None:
        """(n,) exact additive share of the score of each unit; None where some group has none."""
        parts = [self.level(group.name).contribution for group in self.groups]
        return None if not parts or any(part is None for part in parts) else torch.cat(parts)  # type: ignore[arg-type]


def _shown(level: Level, aspects: Level | None, place: int) -> Tensor:
    """(elements,) how strongly each element of a level is shown; the level is the aspect at ``place``, if any."""
    exact = aspects is not None and aspects.attention is None
    if level.attention is None or (exact and level.contribution is not None):
        if level.contribution is None:
            return torch.zeros(len(level.elements.values), device=level.elements.values.device)
        size = level.contribution.abs()
        if aspects is None or aspects.attention is None:
            return size if exact else size / size.sum().clamp_min(1e-12)
        return aspects.attention[place] * size / size.sum().clamp_min(1e-12)
    if aspects is None:
        return level.attention
    if aspects.attention is not None:
        return aspects.attention[place] * level.attention
    return level.attention if aspects.contribution is None else aspects.contribution[place].abs() * level.attention
