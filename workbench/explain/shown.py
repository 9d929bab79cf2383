"""Which elements of a reading an explanation shows, in the dataset's own ids and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from workbench.explain.explanation import EvidenceLevel
from workbench.explain.naming import Names
from workbench.explain.removal import Removal
from workbench.layers.evidence import EvidenceGroup
from workbench.models.base import Level

DEEP = 5
"""Of how many elements, those with the highest attention, an explanation shows the parts."""
LATEST = 100
"""How many likes, the latest, an explanation of a model of sequences shows; older ones count but are not told apart."""


@dataclass(frozen=True)
class Shown:
    """The levels of one reading.

    Attributes:
        names: how the elements are called.
        groups: the active evidence groups by name.
        levels: what the model read.
        times: when the likes happened, of a model of sequences; else empty.
    """

    names: Names
    groups: Mapping[str, EvidenceGroup]
    levels: Sequence[Level]
    times: Sequence[int]

    def chosen(self, level: Level) -> Tensor:
        """Positions of the elements of a level that are shown."""
        everything = torch.arange(len(level.elements.values), device=level.elements.values.device)
        if level.parent is None:
            return everything[-LATEST:] if level.name == "history" and self.times else everything
        above = self._above(level)
        if above.attention is None:
            return everything
        best = self.chosen(above)
        best = best[above.attention[best].topk(min(DEEP, len(best))).indices]
        best = best[above.attention[best] > 0]
        return everything[torch.isin(level.parent, best)]

    def level(self, level: Level, chosen: Tensor, removal: Removal, values: Mapping[str, Tensor]) -> EvidenceLevel:
        """The ``chosen`` elements of a level, with what their removal changes and other attributions ``values``."""
        group = self.groups.get(level.name)
        kind = "aspect" if group is None else group.kind
        parents, within = None, ""
        if group is not None and group.within is not None and level.parent is not None:
            parents, within = self._above(level).elements.values[level.parent], self.groups[group.within].kind
        elements = []
        for row, k in enumerate(chosen.tolist()):
            numbers: dict[str, Any] = {
                "attention": None if level.attention is None else float(level.attention[k]),
                "contribution": None if level.contribution is None else float(level.contribution[k]),
                "removal": float(removal.change[row]),
                "rank_without": None if removal.rank is None else int(removal.rank[row]),
                "attributions": {method: float(value[k]) for method, value in values.items()},
            }
            if self.times and level.name == "history":
                numbers["time"] = self.times[k]
            if parents is not None:
                numbers["of"] = self.names.element(within, int(parents[k])).id
            elements.append(self.names.element(kind, int(level.elements.values[k])).model_copy(update=numbers))
        return EvidenceLevel(
            name=level.name,
            kind=kind,
            label=None if group is None else group.label,
            within=None if group is None else group.within,
            elements=tuple(elements),
        )

    def _above(self, level: Level) -> Level:
        """The level whose elements those of ``level`` are parts of."""
        return next(other for other in self.levels if other.name == self.groups[level.name].within)
