"""Every image regressed on all others: EASE in closed form, and what one like less would make of its weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.sparse import csr_array
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged

LARGEST = 15_000
"""Users, or images if these are fewer, up to which the square table of the regression is made: 2.7 GB at most."""
BLOCK = 512
"""Images whose weights are made at a time."""


class ImageRegression:
    """Weights B with ``min |X - X B|^2 + lambda |B|^2`` and a zero diagonal (Steck 2019), for X the likes of users.

    ``B_ji = -P_ji / P_ii`` with ``P = (X'X + lambda I)^-1``. Where users are fewer than images, with ``K = (XX' +
    lambda I)^-1`` it is ``P = (I - X'KX) / lambda``, so that ``B_ji = x_j . K x_i / (1 - x_i . K x_i)`` takes no table
    of images by images.

    Args:
        history: users -> images they like, each once.
        n_items: number of images.
        strength: lambda.

    Raises:
        DataError: both users and images are more than ``LARGEST``.
    """

    def __init__(self, history: Ragged, n_items: int, strength: float) -> None:
        n_users = len(history)
        if min(n_users, n_items) > LARGEST:
            raise DataError(
                f"regressing images on each other takes a square table of {min(n_users, n_items):,} users or images, "
                f"more than {LARGEST:,}: take itemknn or als for so many"
            )
        ones = np.ones(len(history.values), np.float32)
        shape = (n_users, n_items)
        self.likes = csr_array((ones, history.values.cpu().numpy(), history.offsets.cpu().numpy()), shape=shape)
        self.by_image = self.likes.T.tocsr()
        self.n_items, self.dual = n_items, n_users < n_items
        table = self.likes if self.dual else self.by_image
        gram = np.asarray((table @ table.T).todense(order="F"), np.float64, order="F")
        gram[np.diag_indices_from(gram)] += strength
        # In place: a second table of this size is what would not fit.
        factor, _ = dpotrf(gram, lower=1, overwrite_a=1)
        lower = dpotri(factor, lower=1, overwrite_c=1)[0].astype(np.float32)
        self.inverse = np.tril(lower) + np.tril(lower, -1).T

    def columns(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """For blocks of images their first code and B (images, block), whose diagonal is 0."""
        for start in range(0, self.n_items, BLOCK):
            stop = min(start + BLOCK, self.n_items)
            own = np.arange(start, stop), np.arange(stop - start)
            if self.dual:
                block = self.by_image @ (self.by_image[start:stop] @ self.inverse).T
                block /= 1 - block[own]
            else:
                block = -self.inverse[:, start:stop] / np.diagonal(self.inverse)[start:stop]
            block[own] = 0
            yield start, block

    def largest(self, most: int) -> tuple[Tensor, Tensor, Tensor]:
        """Liked image, image and weight, each (cells,), of the ``most`` largest weights towards each image."""
        rows, columns, weights = [], [], []
        kept = min(most, self.n_items - 1)
        for start, block in self.columns():
            image = np.arange(block.shape[1])
            block[start + image, image] = -np.inf
            best = torch.from_numpy(np.ascontiguousarray(block.T)).topk(kept, sorted=False)
            rows.append(best.indices.numpy().ravel())
            columns.append((start + image).repeat(kept))
            weights.append(best.values.numpy().ravel())
        return _tensors(rows, columns, weights)

    def above(self, cells: int) -> tuple[Tensor, Tensor, Tensor]:
        """The same of about the ``cells`` largest positive weights of all; never more.

        Where the bar lies is told by some blocks of images spread over all of them.
        """
        blocks = range(0, self.n_items, BLOCK)
        some = set(list(blocks)[:: max(1, len(blocks) // 8)])
        told = np.concatenate([b[b > 0] for start, b in self.columns() if start in some] or [np.zeros(0, np.float32)])
        share = cells / self.n_items * sum(min(BLOCK, self.n_items - start) for start in some)
        bar = np.float32(0)
        if len(told) > share:
            bar = np.partition(told, -max(1, int(share)))[-max(1, int(share))]
        rows, columns, weights = [], [], []
        for start, block in self.columns():
            near, image = np.nonzero(block > bar)
            rows.append(near)
            columns.append(image + start)
            weights.append(block[near, image])
        found = _tensors(rows, columns, weights)
        if len(found[2]) <= cells:
            return found
        best = found[2].topk(cells).indices
        return found[0][best], found[1][best], found[2][best]

    def leverage(self, *sets: Ragged) -> tuple[Tensor, ...]:
        """(elements,) ``(X P)_uj`` of every image j in the set of a user u: for a like, how much of itself it predicts.

        Args:
            sets: images of all users; several kinds are read off the same products.
        """
        parts: list[list[NDArray[np.float32]]] = [[] for _ in sets]
        cells = [(one.offsets.cpu().numpy(), one.values.cpu().numpy()) for one in sets]
        for start in range(0, self.likes.shape[0], BLOCK):
            rows = self.likes[start : start + BLOCK]
            inverse = self.inverse[start : start + BLOCK] if self.dual else self.inverse
            block = (self.by_image @ inverse.T).T if self.dual else rows @ inverse
            for found, (offsets, images) in zip(parts, cells, strict=True):
                ends = offsets[start : start + rows.shape[0] + 1]
                found.append(block[np.repeat(np.arange(rows.shape[0]), np.diff(ends)), images[ends[0] : ends[-1]]])
        told = zip(parts, sets, strict=True)
        return tuple(torch.from_numpy(np.concatenate(p).astype(np.float32)).to(one.values.device) for p, one in told)


def left_out(weights: Tensor, target: Tensor, source: Tensor) -> Tensor:
    """Weights (n,) from images j to images i that a user u likes, as they would be had she not liked i.

    By the Sherman-Morrison formula the regression of i without that like gives ``B_ji (1 - h_ui) - h_uj``, exactly.

    Args:
        weights: (n,) B_ji.
        target: (n,) leverage h_ui of the like that is left out; ``source`` h_uj, of j.
        source: see above.
    """
    return weights * (1 - target) - source


def _tensors(
    rows: list[NDArray[np.intp]], columns: list[NDArray[np.intp]], weights: list[NDArray[np.float32]]
) -> tuple[Tensor, Tensor, Tensor]:
    return (
        torch.from_numpy(np.concatenate(rows).astype(np.int64)),
        torch.from_numpy(np.concatenate(columns).astype(np.int64)),
        torch.from_numpy(np.concatenate(weights).astype(np.float32)),
    )
