"""What a model draws on, over all users: one row for each, one column for each aspect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.explain.explanation import Id


@dataclass(frozen=True, eq=False)
class Population:
    """Aspect importance of every user.

    Attributes:
        users: the dataset's own ids; ``labels`` the names people read.
        aspects: names of the aspects, e.g. ``("uploads", "follows", "creator")``.
        attention: (users, aspects) mean weight; a row adds up to 1, or to 0 for a user without evidence.
        contribution: (users, aspects) mean absolute share of the score.
        likes: (users,) likes in training.

    Raises:
        ValueError: the arrays do not have these shapes.
    """

    users: tuple[Id, ...]
    labels: tuple[str, ...]
    aspects: tuple[str, ...]
    attention: NDArray[np.float64]
    contribution: NDArray[np.float64]
    likes: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        shape = (len(self.users), len(self.aspects))
        found = (self.attention.shape, self.contribution.shape, self.likes.shape, len(self.labels))
        if found != (shape, shape, shape[:1], shape[0]):
            raise ValueError(
                f"A population of {shape[0]} users and {shape[1]} aspects needs attention and contribution {shape}, "
                f"likes and labels ({shape[0]},): got {found}."
            )

    def position(self, user: Id) -> int:
        """Row of ``user``.

        Raises:
            ValueError: no such user.
        """
        if user not in self.users:
            raise ValueError(f"User {user!r} is not in this population: give one of its {len(self.users)} ids.")
        return self.users.index(user)
