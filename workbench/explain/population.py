"""What a model draws on, over all users: one row for each, one column for each aspect."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.explain.explanation import Element, EvidenceLevel, Id
from workbench.layers.evidence import ASPECTS

FIFTHS: Final = (
    "fewest likes",
    "second fifth by likes",
    "middle fifth by likes",
    "fourth fifth by likes",
    "most likes",
)
"""Fifths of the users by how many likes they have in training."""


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

    def fifth(self, name: str) -> Population:
        """The fifth of the users who have so many likes; users with equally many are told apart by their order.

        Raises:
            ValueError: the name is none of ``FIFTHS``.
        """
        if name not in FIFTHS:
            raise ValueError(f"There is no fifth of users '{name}': choose one of {', '.join(FIFTHS)}.")
        parts = np.array_split(np.argsort(self.likes, kind="stable"), len(FIFTHS))
        rows = np.sort(parts[FIFTHS.index(name)])
        return Population(
            users=tuple(self.users[row] for row in rows),
            labels=tuple(self.labels[row] for row in rows),
            aspects=self.aspects,
            attention=self.attention[rows],
            contribution=self.contribution[rows],
            likes=self.likes[rows],
            aspect_labels=self.aspect_labels,
        )

    def rows(self) -> list[dict[str, object]]:
        """One row for each user and aspect, to take away as a table."""
        return [
            {
                "user": user, "label": self.labels[row], "likes": int(self.likes[row]), "aspect": aspect,
                "attention": float(self.attention[row, column]),
                "contribution": float(self.contribution[row, column]),
            }
            for row, user in enumerate(self.users)
            for column, aspect in enumerate(self.aspects)
        ]  # fmt: skip

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """The same as JSON."""
        return json.dumps({"users": self.rows()}, indent=indent, ensure_ascii=False)

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
