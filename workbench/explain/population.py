"""What a model draws on, over all users: one row for each, one column for each aspect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.explain.explanation import Element, EvidenceLevel, Id
from workbench.layers.evidence import ASPECTS


@dataclass(frozen=True, eq=False)
class Population:
    """Aspect importance of every user.

    Attributes:
        users: the dataset's own ids; ``labels`` the names people read.
        aspects: names of the aspects, e.g. ``("uploads", "follows", "creator")``.
        attention: (users, aspects) mean weight; a row adds up to 1, or to 0 for a user without evidence.
        contribution: (users, aspects) mean absolute share of the score.
        likes: (users,) likes in training.
        aspect_labels: what people call the aspects.

    Raises:
        ValueError: the arrays do not have these shapes.
    """

    users: tuple[Id, ...]
    labels: tuple[str, ...]
    aspects: tuple[str, ...]
    attention: NDArray[np.float64]
    contribution: NDArray[np.float64]
    likes: NDArray[np.int64]
    aspect_labels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        shape = (len(self.users), len(self.aspects))
        found = (self.attention.shape, self.contribution.shape, self.likes.shape)
        if found != (shape, shape, shape[:1]) or (len(self.labels), len(self.aspect_labels)) != shape:
            raise ValueError(
                f"A population of {shape[0]} users and {shape[1]} aspects needs attention and contribution {shape}, "
                f"likes and labels for each user, labels for each aspect: got {found}, {len(self.labels)} and "
                f"{len(self.aspect_labels)} labels."
            )

    def position(self, user: Id) -> int:
        """Row of ``user``.

        Raises:
            ValueError: no such user.
        """
        if user not in self.users:
            raise ValueError(f"User {user!r} is not in this population: give one of its {len(self.users)} ids.")
        return self.users.index(user)

    def level(self, user: Id) -> EvidenceLevel:
        """The aspects of one user, as a level to draw.

        Raises:
            ValueError: no such user.
        """
        row = self.position(user)
        elements = tuple(
            Element(kind="aspect", id=name, label=label, attention=float(attention), contribution=float(contribution))
            for name, label, attention, contribution in zip(
                self.aspects, self.aspect_labels, self.attention[row], self.contribution[row], strict=True
            )
        )
        return EvidenceLevel(name=ASPECTS, kind="aspect", elements=elements)
