"""What a prediction draws on, and the one switch every piece of it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from workbench.data.ragged import Ragged

Kind = Literal["image", "person", "region", "word", "frame", "attribute", "topic", "hour", "hop", "aspect"]

ASPECTS = "aspects"
"""Name of the level whose elements are the evidence groups themselves."""


@dataclass(frozen=True)
class EvidenceGroup:
    """A named group of elements a model reads.

    Attributes:
        name: how commands, figures and exports call the group, e.g. ``"follows"``.
        label: the group in a figure, e.g. ``"people followed"``.
        kind: what one element is; decides how it is drawn.
        side: whether the elements belong to the user (one set for all images) or to the image.
        table: the table a dataset must have for the group to be non-empty.
        phrase: the group as the subject of a sentence, e.g. ``"people you follow like this kind of image"``.
        within: the group each of whose elements holds elements of this one (regions of the images liked), or None.
    """

    name: str
    label: str
    kind: Kind
    side: Literal["user", "item"]
    table: str
    phrase: str
    within: str | None = None


@dataclass(frozen=True)
class Gates:
    """Presence of evidence: 1 = as recorded, 0 = exactly as if never recorded, differentiable between.

    The mappings go from the name of a group to a float tensor; what is missing counts as all ones.
    R is the number of rows scored together (users, or user-image pairs).

    Attributes:
        elements: for pairs, every group: (elements of the R rows laid end to end,). For all images at once, groups of
            the user's side alike, groups of the image's side (elements of all images laid end to end,).
        aspects: gates of whole groups, (R,); the gate of a group multiplies the gates of its elements.
        until: for models of sequences, (R,) how many likes of the user have happened, of those she has in any split;
            later ones count as not recorded. Those of the training split if left out.
    """

    elements: Mapping[str, Tensor] = field(default_factory=dict)
    aspects: Mapping[str, Tensor] = field(default_factory=dict)
    until: Tensor | None = None

    def on(self, group: str, sets: Ragged) -> Tensor | None:
        """Gates (elements,) of a group whose elements are the R rows of ``sets``; None where nothing is gated."""
        gate = self.elements.get(group)
        aspect = self.aspects.get(group)
        if aspect is None:
            return gate
        spread = aspect.index_select(0, sets.rows)
        return spread if gate is None else gate * spread


OPEN = Gates()
"""Everything present."""
