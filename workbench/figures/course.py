"""Where the parts of a drift lie on a page: the path of the user, other users, and pictures that keep apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.explain.drift import Drift, Place, Step

Points = NDArray[np.float64]
PUSHES = 150
"""How often squares that touch are pushed at most."""
FAR = 0.98
"""Share of the other users that decide the scale: a few far out would shrink everything else."""


@dataclass(frozen=True)
class Course:
    """Places in the unit of the page, from the middle, y upwards.

    Attributes:
        steps: (K + 1, 2) states of the user; ``others`` (n, 2) those of other ``users``, without those far out.
        images: (m, 2) where the ``pictured`` images lie; ``tiles`` (m, 2) where they are drawn.
        target: index of the explained image among them; None where it has no place.
    """

    steps: Points
    others: Points
    images: Points
    tiles: Points
    pictured: tuple[Place, ...]
    target: int | None
    users: tuple[Place, ...]

    @classmethod
    def within(cls, drift: Drift, width: float, height: float, tile: float, dot: float) -> Course:
        """Everything within ``width`` x ``height``.

        The marks of the user's states, ``dot`` across, keep apart from each other, tiles from both.
        """
        pictured = [place for place in drift.liked if drift.target is None or place.id != drift.target.id]
        target = None if drift.target is None else len(pictured)
        pictured += [] if drift.target is None else [drift.target]
        steps, others, images = _points(drift.steps), _points(drift.others), _points(pictured)
        far = np.abs(others).max(axis=1) if len(others) else np.zeros(0)
        near = others[far <= np.quantile(far, FAR)] if len(others) else others
        shown = np.concatenate([steps, near, images])
        low, high = shown.min(0), shown.max(0)
        half = np.array([width, height]) / 2
        scale = float(((2 * half - 1.4 * tile) / np.maximum(high - low, 1e-9)).min())
        steps, others, images = ((group - (low + high) / 2) * scale for group in (steps, others, images))
        steps = apart(steps, steps[:0], dot, half)
        tiles = apart(images, steps, tile, half - 0.6 * tile)
        inside = np.flatnonzero((np.abs(others) < half).all(1))
        users = tuple(drift.others[i] for i in inside)
        return cls(steps, others[inside], images, tiles, tuple(pictured), target, users)

    def down(self) -> Course:
        """The same with y downwards, as icons on paper count it."""
        turned = {name: getattr(self, name) * [1, -1] for name in ("steps", "others", "images", "tiles")}
        return replace(self, **turned)


def apart(points: Points, fixed: Points, side: float, most: Points) -> Points:
    """Squares of a ``side`` pushed apart from each other and from what is ``fixed``, within ``most`` of the middle."""
    found, count = points.astype(np.float64), len(points)
    order = np.arange(count)[:, None] - np.arange(count + len(fixed))
    for _ in range(PUSHES):
        gap = found[:, None] - np.concatenate([found, fixed])
        reach = np.where(np.arange(count + len(fixed)) < count, 1.08, 0.9)[:, None] * side - np.abs(gap)
        touching = (reach > 0).all(-1) & (order != 0)
        if not touching.any():
            break
        # Along the axis where less is needed; what lies on one place parts by its order.
        way = np.where(gap == 0, np.sign(order)[..., None], np.sign(gap))
        push = touching[..., None] * np.eye(2)[reach.argmin(-1)] * way * reach
        found = np.clip(found + 0.4 * push.sum(1), -most, most)
    return found


def _points(places: Sequence[Step | Place]) -> Points:
    return np.array([(place.x, place.y) for place in places], dtype=np.float64).reshape(-1, 2)
