"""Recorded sets a model carries to its device without counting them as parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.data.ragged import Ragged
from workbench.data.sequences import Sequences


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


class RecordedSequences(nn.Module):
    """What every user liked, in the order of time, as buffers.

    Attributes:
        likes: users -> items.
        times: (likes,) seconds since 1970.
        learned: (users,) how many likes of each are in the train split; ``validated`` (users,) with the validation.
    """

    times: Tensor
    learned: Tensor
    validated: Tensor

    def __init__(self, sequences: Sequences) -> None:
        super().__init__()
        self.likes = RecordedSets(sequences.sets)
        for name in ("times", "learned", "validated"):
            self.register_buffer(name, getattr(sequences, name), persistent=False)

    def forward(self, users: Tensor, until: Tensor | None = None, longest: int | None = None) -> Ragged:
        """Places (in ``times`` and ``likes.values``) of the likes of ``users`` (R,), the earliest first.

        Args:
            users: codes.
            until: (R,) how many of each have happened; those of the train split if left out.
            longest: how many of these, the latest, are kept.
        """
        stop = self.learned.index_select(0, users) if until is None else until
        length = stop if longest is None else stop.clamp_max(longest)
        first = self.likes.offsets.index_select(0, users) + stop - length
        offsets = torch.cat([length.new_zeros(1), length.cumsum(0)])
        total = int(offsets[-1])
        shift = torch.repeat_interleave(first - offsets[:-1], length, output_size=total)
        return Ragged(offsets, torch.arange(total, device=users.device) + shift)
