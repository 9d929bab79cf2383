"""Models without evidence: all of a score is own, and there is nothing to read beside it."""

from __future__ import annotations

from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, Gates
from workbench.models.base import Reading, Recommender


class SilentModel(Recommender):
    """A model that reads no evidence; ``silent`` says why."""

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The score alone."""
        scores = self.score_pairs(users, items)
        return Reading(scores=scores, own=scores, levels=())

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """There are no evidence groups.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.name} reads no evidence, so there is no group '{group}'")
