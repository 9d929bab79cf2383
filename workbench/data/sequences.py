"""What every user liked, in the order of time: what a model of sequences walks along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.schema import SPLITS
from workbench.data.tables import seconds

HOUR = 3600
WEEK_HOURS = 168
MONDAY = 72
"""Hours from a Monday at midnight to the beginning of 1970, which was a Thursday."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """Likes of every user, earliest first; of likes at the same time, the earlier row of the table.

    Attributes:
        sets: users -> items.
        times: (likes,) seconds since 1970 (UTC), in the order of ``sets``.
        learned: (users,) how many likes of each, from the first on, are in the train split.
        validated: (users,) how many are in the train or the validation split.
    """

    sets: Ragged
    times: Tensor
    learned: Tensor
    validated: Tensor

    @classmethod
    def of(cls, dataset: Dataset) -> Sequences:
        """The likes of a dataset in time.

        Raises:
            DataError: likes have no time, or a user has a train like after one that is held out.
        """
        if not dataset.has("likes") or "time" not in dataset.table("likes"):
            raise DataError(f"{dataset.root} has no times of likes: add the column time to likes.parquet")
        when = dataset.table("likes")["time"]
        users, items, splits, row = dataset.coded_likes
        # By the times as filed, since splits in their order may divide a second.
        order = np.lexsort((when.rank(method="dense").to_numpy()[row.numpy()], users.numpy()))
        times = torch.from_numpy(seconds(when))[row]
        users, items, splits, times = (part[order] for part in (users, items, splits, times))
        late = torch.nonzero((splits[1:] < splits[:-1]) & (users[1:] == users[:-1])).flatten()
        if len(late):
            user = dataset.users.id(int(users[late[0]]))
            raise DataError(
                f"likes.parquet: user {user} has a {SPLITS[int(splits[late[0] + 1])]} like after a "
                f"{SPLITS[int(splits[late[0]])]} one; models of sequences need splits in the order of time"
            )
        n = len(dataset.users)
        counts = torch.stack([torch.bincount(users[splits == split], minlength=n) for split in range(2)])
        return cls(
            Ragged.from_lengths(torch.bincount(users, minlength=n), items), times, counts[0], counts[0] + counts[1]
        )


def hour_of_week(times: Tensor) -> Tensor:
    """0 (Monday from midnight, UTC) to 167 of ``times`` in seconds since 1970."""
    return (torch.div(times, HOUR, rounding_mode="floor") + MONDAY) % WEEK_HOURS


def week(times: Tensor) -> Tensor:
    """Number of the week, from Monday on, of ``times`` in seconds since 1970."""
    return torch.div(torch.div(times, HOUR, rounding_mode="floor") + MONDAY, WEEK_HOURS, rounding_mode="floor")
