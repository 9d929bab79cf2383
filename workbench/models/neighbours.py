"""What neighbourhood models share: the nearest rows by cosine, and a sparse table that holds them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from workbench.data.ragged import Ragged

BLOCK = 256
"""Rows compared with all others at a time."""


class Similarities(nn.Module):
    """A sparse square table with at most ``most`` cells for each row on average, saved and loaded like parameters.

    The cells are sorted by row and column; those that are not used come last and weigh nothing.

    Attributes:
        keys: (cells,) row * n + column of each cell; n * n where it is not used.
        weights: (cells,) similarities.
    """

    keys: Tensor
    weights: Tensor

    def __init__(self, n: int, most: int) -> None:
        super().__init__()
        self.n = n
        cells = n * max(1, min(most, n - 1))
        self.register_buffer("keys", torch.full((cells,), n * n))
        self.register_buffer("weights", torch.zeros(cells))

    def fill(self, rows: Tensor, columns: Tensor, weights: Tensor) -> None:
        """Replace what the table holds by the given cells, each (cells,)."""
        keys, order = (rows * self.n + columns).sort()
        self.keys.fill_(self.n * self.n)[: len(keys)] = keys
        self.weights.zero_()[: len(keys)] = weights[order]

    def forward(self, rows: Tensor) -> tuple[Ragged, Tensor]:
        """Columns of the cells of ``rows`` (R,) as R sets, and their weights (elements,)."""
        starts = torch.arange(self.n + 1, device=rows.device) * self.n
        everything = torch.arange(len(self.keys), device=rows.device)
        places = Ragged(torch.searchsorted(self.keys, starts), everything).select(rows)
        columns = self.keys.index_select(0, places.values) % self.n
        return Ragged(places.offsets, columns), self.weights.index_select(0, places.values)

    def between(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Weights (R,) of the cells ``rows`` (R,) x ``columns`` (R,); 0 where the table has none."""
        place, found = find(self.keys, rows * self.n + columns)
        return self.weights.index_select(0, place) * found


def find(keys: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Where each of ``wanted`` (...) stands in the sorted, non-empty ``keys``, and whether (...) it is there at all."""
    place = torch.searchsorted(keys, wanted).clamp_max(len(keys) - 1)
    return place, keys[place] == wanted


def spread(rows: Tensor, columns: Tensor, weights: Tensor, shape: tuple[int, int]) -> Tensor:
    """A dense table of ``shape`` in which each weight (n,) is added to its row and column."""
    flat = weights.new_zeros(shape[0] * shape[1])
    return flat.index_add_(0, rows * shape[1] + columns, weights).view(shape)


def nearest(sets: Ragged, n_values: int, most: int, shrink: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """For each set the ``most`` others of largest cosine ``|r and s| / (sqrt(|r| |s|) + shrink)``.

    A set is not its own neighbour, sets with nothing in common are no neighbours, and of equally near ones those of
    lower number are taken. Products are sparse and made a block of rows at a time.

    Returns:
        Set, its neighbour and their similarity, each (pairs,).
    """
    shape = (len(sets), n_values)
    ones = np.ones(len(sets.values), np.float32)
    table = csr_array((ones, sets.values.cpu().numpy(), sets.offsets.cpu().numpy()), shape=shape)
    size, other = np.diff(table.indptr).astype(np.float64), table.T.tocsr()
    rows, columns, weights = [], [], []
    for start in range(0, len(sets), BLOCK):
        common = (table[start : start + BLOCK] @ other).tocsr()
        for k, (low, high) in enumerate(zip(common.indptr[:-1], common.indptr[1:], strict=True)):
            row, near = start + k, common.indices[low:high]
            cosine = (common.data[low:high] / (np.sqrt(size[row] * size[near]) + shrink)).astype(np.float32)
            kept = _largest(near, np.where(near == row, 0, cosine), most)
            rows.append(np.full(len(kept), row))
            columns.append(near[kept])
            weights.append(cosine[kept])
    return (
        torch.from_numpy(np.concatenate(rows)),
        torch.from_numpy(np.concatenate(columns).astype(np.int64)),
        torch.from_numpy(np.concatenate(weights)),
    )


def _largest(codes: NDArray[np.integer], values: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """Places of the ``most`` largest positive ``values``; of those equal to the last, the ones of lowest code."""
    cut = np.partition(values, -most)[-most] if len(values) > most else np.float32(0)
    above, tied = np.flatnonzero(values > cut), np.flatnonzero((values == cut) & (values > 0))
    tied = tied[np.argsort(codes[tied])][: max(0, most - len(above))]
    return np.concatenate([above, tied])
