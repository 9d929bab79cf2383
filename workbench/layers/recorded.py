"""Recorded sets a model carries to its device without counting them as parameters."""

from __future__ import annotations

from torch import Tensor, nn

from workbench.data.ragged import Ragged


class RecordedSets(nn.Module):
    """Ragged sets as buffers: they move with the model and are never saved with its weights."""

    offsets: Tensor
    values: Tensor

    def __init__(self, sets: Ragged) -> None:
        super().__init__()
        self.register_buffer("offsets", sets.offsets, persistent=False)
        self.register_buffer("values", sets.values, persistent=False)

    @property
    def sets(self) -> Ragged:
        """All the sets."""
        return Ragged(self.offsets, self.values)

    def forward(self, rows: Tensor) -> Ragged:
        """The sets of the given ``rows`` (n,)."""
        return self.sets.select(rows)
