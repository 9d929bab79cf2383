"""Ragged sets in compressed-row form: what every attention layer walks over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Ragged:
    """One variable-length set of codes for each row, without padding.

    Attributes:
        offsets: (rows + 1,) int64, ``values[offsets[r]:offsets[r + 1]]`` is the set of row r.
        values: (elements,) int64 codes.
    """

    offsets: Tensor
    values: Tensor

    @classmethod
    def from_pairs(cls, rows: Tensor, values: Tensor, n_rows: int) -> Ragged:
        """Group ``values`` (n,) by ``rows`` (n,); the values of a row come out in ascending order."""
        order = torch.argsort(values, stable=True)
        order = order[torch.argsort(rows[order], stable=True)]
        counts = torch.bincount(rows, minlength=n_rows)
        return cls(torch.cat([counts.new_zeros(1), counts.cumsum(0)]), values[order])

    @classmethod
    def from_lengths(cls, lengths: Tensor, values: Tensor) -> Ragged:
        """Rows of the given ``lengths`` (rows,), their elements lying one after the other in ``values``."""
        return cls(torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]), values)

    def __len__(self) -> int:
        return self.offsets.numel() - 1

    @property
    def lengths(self) -> Tensor:
        """(rows,) number of elements of each row."""
        return self.offsets.diff()

    @cached_property
    def rows(self) -> Tensor:
        """(elements,) the row each element belongs to."""
        # Sets outlive the inference in which they are first walked over, and gradients may need the rows later.
        with torch.inference_mode(False):
            index = torch.arange(len(self), device=self.offsets.device)
            return torch.repeat_interleave(index, self.lengths, output_size=self.values.numel())

    def row(self, index: int) -> Tensor:
        """The elements of one row."""
        return self.values[int(self.offsets[index]) : int(self.offsets[index + 1])]

    def select(self, rows: Tensor) -> Ragged:
        """The sets of the given ``rows`` (n,), in that order; a row may be asked for more than once."""
        lengths = self.lengths[rows]
        offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        total = int(offsets[-1])
        shift = torch.repeat_interleave(self.offsets[rows] - offsets[:-1], lengths, output_size=total)
        index = torch.arange(total, device=self.values.device) + shift
        return Ragged(offsets, self.values.index_select(0, index))

    def to(self, device: torch.device | str) -> Ragged:
        """The same sets on another device."""
        return Ragged(self.offsets.to(device), self.values.to(device))
