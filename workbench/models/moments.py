"""What models share whose scores depend on the moment: what a user liked before it, in the order of time."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.data.sequences import Sequences
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.recorded import RecordedSequences
from workbench.models.base import ModelConfig, Recommender


class MomentModel(Recommender):
    """A model that reads the likes of a user up to a moment and is asked what comes next.

    Args:
        longest: likes of a user that are read at a moment, her latest; those before count as not recorded, whatever
            the gates. All if left out.
    """

    needs: ClassVar[tuple[str, ...]] = ("likes", "likes.time")
    own_label: ClassVar[str] = "how often everyone likes it"

    def __init__(self, config: ModelConfig, dataset: Dataset, longest: int | None = None) -> None:
        super().__init__(config, dataset)
        self.sequences = RecordedSequences(Sequences.of(dataset))
        self.longest = longest

    def likes(self, users: Tensor, gates: Gates = OPEN) -> Ragged:
        """Places of the likes that have happened at the moment of the ``gates``."""
        places: Ragged = self.sequences(users, gates.until, self.longest)
        return places

    def images(self, likes: Ragged) -> Ragged:
        """The images liked at the places ``likes``."""
        return Ragged(likes.offsets, self.sequences.likes.values.index_select(0, likes.values))

    def score_moments(self, users: Tensor, until: Tensor) -> Tensor:
        """Scores (S, images) at S moments."""
        return self.score_items(users, Gates(until=until))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The likes of each user's train split, in the order of time."""
        return self.images(self.likes(users))
