"""What HASC-plus learns from: the sums of every like, as if it had not been recorded, and of images to tell it from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN
from workbench.layers.ridge import ImageRegression, left_out
from workbench.models.neighbours import find
from workbench.models.reasons import COLUMNS, WIDTH, Reasons

ROWS = 16
"""Users whose sums for all images are made at a time."""


@dataclass(frozen=True)
class Lessons:
    """Sums that training reads.

    Attributes:
        likes: (likes, WIDTH) of all likes, by user; ``like_offsets`` (2, likes).
        pool: (users, n, WIDTH) of n images drawn for each user; ``pool_offsets`` (2, users, n).
        pool_liked: (users, n) which of these she likes.
    """

    likes: Tensor
    like_offsets: Tensor
    pool: Tensor
    pool_offsets: Tensor
    pool_liked: Tensor

    @property
    def usual(self) -> Tensor:
        """(WIDTH,) mean of the sums of likes that are not 0."""
        return self.likes.sum(0) / (self.likes > 0).sum(0).clamp_min(1)


@torch.no_grad()
def lessons(reasons: Reasons, regression: ImageRegression, size: int) -> Lessons:
    """Draw ``size`` images for every user and make the sums of these and of all likes.

    Sums over likes leave out the image itself, so that they do not know the like; the weights of the regression are
    those of one that never saw it.

    Args:
        reasons: with the regression filled in.
        regression: what it was filled with.
        size: n.
    """
    users = torch.arange(reasons.n_users, device=reasons.likers.device)
    # The same for all trainings, and for one that is resumed.
    drawn = torch.randint(reasons.n_items, (reasons.n_users, size), generator=torch.Generator().manual_seed(0))
    drawn = drawn.to(users.device)
    likes, pool = [], []
    for some in torch.split(users, ROWS):
        sums, liked = reasons.everything(some, OPEN), reasons.likes(some)
        likes.append(sums[:, liked.rows, liked.values].T)
        pool.append(sums[:, torch.arange(len(some), device=some.device).unsqueeze(1), drawn[some]].flatten(1).T)
    known = torch.cat(likes)
    every, made = reasons.likes.sets, reasons.uploads.sets
    liked, uploaded = regression.leverage(every, made)
    for reason, sets, source in (("similar", every, liked), ("coherent", made, uploaded)):
        known[:, COLUMNS[reason][0]] = similar_left_out(reasons, liked, sets, source)
    return Lessons(
        known,
        reasons.offsets(every.rows, every.values),
        torch.cat(pool).view(-1, size, WIDTH),
        reasons.offsets(users.unsqueeze(1), drawn),
        find(reasons.keys, users.unsqueeze(1) * reasons.n_items + drawn)[1],
    )


def similar_left_out(reasons: Reasons, leverage: Tensor, sets: Ragged, source: Tensor) -> Tensor:
    """(likes,) sums of the weights from images of each user's own to each like, as without this like.

    They are the weights of a regression that never saw it. One that would then fall below the bar of those that are
    kept is dropped.

    Args:
        reasons: with the regression filled in.
        leverage: (likes,) of the likes.
        sets: images of every user that speak for others.
        source: (elements,) leverage of these.
    """
    weights = reasons.near.weights
    bar = weights[weights > 0].amin() if bool(weights.any()) else 0.0
    total = leverage.new_zeros(len(leverage))
    users = torch.arange(reasons.n_users, device=leverage.device)
    for some in torch.split(users, ROWS):
        first, last = int(sets.offsets[some[0]]), int(sets.offsets[some[-1] + 1])
        near, weight = reasons.near(sets.values[first:last])
        by = near.rows
        place, found = find(reasons.keys, sets.rows[first:last][by] * reasons.n_items + near.values)
        place, by, weight = place[found], by[found], weight[found]
        without = left_out(weight, leverage[place], source[first + by])
        total.index_add_(0, place, torch.where(without >= bar, without, 0))
    return total
