"""Numbers of regions as a map over the picture: one value for every pixel."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.explain.explanation import Element
from workbench.features.pictures import pixels_of
from workbench.features.store import grid_boxes

Map = NDArray[np.float64]
CLOSE = 1e-3
"""How far the boxes of a regular grid may lie from their places, in fractions of the picture."""


def attention_map(boxes: ArrayLike, weights: ArrayLike, shape: tuple[int, int]) -> Map:
    """Attention over the pixels of a picture.

    The weights of a regular grid are interpolated between the centres of its cells (bicubic, never below 0); the
    weight of a box of its own is spread evenly over the box, and overlapping boxes add up.

    Args:
        boxes: (regions, 4) x0, y0, x1, y1 as fractions of width and height.
        weights: (regions,) not negative.
        shape: height and width of the map in pixels.

    Returns:
        (height, width), adding up to 1.

    Raises:
        ValueError: there are no regions, a weight is negative or not finite, or all are 0.
    """
    corners, values = _checked(boxes, weights)
    if (values < 0).any() or not values.sum() > 0:
        raise ValueError("attention over regions must not be negative, and some of it must be above 0")
    grid = grid_of(corners)
    if grid is not None:
        heat = np.maximum(_resized(values.reshape(grid), shape, cv2.INTER_CUBIC), 0.0)
    else:
        heat = np.zeros(shape)
        for box, value in zip(corners, values, strict=True):
            part = heat[pixels_of(box, shape)]
            part += value / part.size
    total: Map = heat / heat.sum()
    return total


def removal_map(boxes: ArrayLike, changes: ArrayLike, shape: tuple[int, int]) -> Map:
    """What the score loses or gains without each part of a picture.

    The changes of a regular grid are interpolated between the centres of its cells (bilinear, so that none grows);
    where boxes overlap, the largest change counts.

    Args:
        boxes: (regions, 4) as in ``attention_map``.
        changes: (regions,) score without the region - score with it.
        shape: height and width of the map in pixels.

    Returns:
        (height, width), in units of the score; 0 outside all boxes.

    Raises:
        ValueError: there are no regions, or a change is not finite.
    """
    corners, values = _checked(boxes, changes)
    grid = grid_of(corners)
    if grid is not None:
        return _resized(values.reshape(grid), shape, cv2.INTER_LINEAR)
    heat = np.zeros(shape)
    for region in np.argsort(np.abs(values), kind="stable"):
        heat[pixels_of(corners[region], shape)] = values[region]
    return heat


def boxes_of(regions: Sequence[Element]) -> NDArray[np.float64]:
    """(regions, 4) boxes of elements.

    Raises:
        ValueError: a region has no box.
    """
    if any(region.box is None for region in regions):
        raise ValueError("a region without a box has no place in the picture")
    return np.array([region.box for region in regions], dtype=np.float64).reshape(-1, 4)


def grid_of(boxes: ArrayLike) -> tuple[int, int] | None:
    """(rows, columns) of boxes (regions, 4) that tile the picture row by row, None for others."""
    corners = np.asarray(boxes, dtype=np.float64)
    if not len(corners):
        return None
    width, height = corners[0, 2] - corners[0, 0], corners[0, 3] - corners[0, 1]
    if width <= 0 or height <= 0:
        return None
    rows, columns = round(1 / height), round(1 / width)
    if rows * columns != len(corners):
        return None
    return (rows, columns) if np.allclose(corners, grid_boxes(rows, columns), atol=CLOSE) else None


def share_inside(heat: Map, box: Sequence[float]) -> float:
    """How much of an attention map lies inside a box, 0..1."""
    return float(heat[pixels_of(np.asarray(box), heat.shape)].sum())


def area(box: Sequence[float]) -> float:
    """How much of the picture a box covers, 0..1."""
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def peak(heat: Map) -> tuple[float, float]:
    """Where a map is highest: x and y as fractions of width and height (the centre of all such pixels)."""
    rows, columns = np.nonzero(heat >= heat.max())
    return float((columns.mean() + 0.5) / heat.shape[1]), float((rows.mean() + 0.5) / heat.shape[0])


def _checked(boxes: ArrayLike, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    corners, numbers = np.asarray(boxes, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if not len(numbers) or corners.shape != (len(numbers), 4):
        raise ValueError(f"a map needs a box for each of its {len(numbers)} regions, and at least one")
    if not np.isfinite(numbers).all() or not np.isfinite(corners).all():
        raise ValueError("a map needs finite numbers for all of its regions")
    return corners, numbers


def _resized(values: Map, shape: tuple[int, int], interpolation: int) -> Map:
    return np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=interpolation), dtype=np.float64)
