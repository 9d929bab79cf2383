"""A small drawing surface in design units: polygons, ellipses, smooth curves, patterned bodies, soft shading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Image = NDArray[np.uint8]
Points = NDArray[np.float64]
PointList = Sequence[tuple[float, float]] | Points

_SHIFT = 4


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour that lies ``share`` (0..1) of the way from ``first`` to ``second``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float = 0.35) -> Colour:
    """``colour`` moved towards a deep plum, which keeps shadows warmer than black would."""
    return mix(colour, (44, 28, 58), share)


def lighter(colour: Colour, share: float = 0.45) -> Colour:
    """``colour`` moved towards a warm white."""
    return mix(colour, (255, 250, 240), share)


def arc(
    centre: tuple[float, float],
    radii: tuple[float, float],
    start: float = 0.0,
    end: float = 360.0,
    turn: float = 0.0,
) -> Points:
    """Points (n, 2) along an ellipse from ``start`` to ``end`` degrees, the whole turned by ``turn`` degrees."""
    circle = _circle(start, end)
    flat: Points = circle * radii
    if turn:
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        flat = flat @ np.array([[cosine, sine], [-sine, cosine]])
    return flat + centre


@cache
def _circle(start: float, end: float) -> Points:
    angles = np.radians(np.linspace(start, end, max(6, int(abs(end - start) / 8))))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def sheet(width: int, height: int, colour: Colour) -> Image:
    """An opaque surface (height, width, 4) of one colour."""
    image = np.empty((height, width, 4), np.uint8)
    cv2.rectangle(image, (0, 0), (width, height), (*colour, 255), -1)
    return image


def smooth(points: PointList, closed: bool = True, steps: int = 8) -> Points:
    """A Catmull-Rom curve through ``points`` (n, 2), with ``steps`` straight pieces between neighbours."""
    knots = np.asarray(points, dtype=np.float64)
    if closed:
        padded = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        padded = np.concatenate([knots[:1], knots, knots[-1:]])
    spans = np.stack([padded[k : len(padded) - 3 + k] for k in range(4)], axis=1)
    flat: Points = (_catmull_rom(steps) @ spans).reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-1:]])


@cache
def _catmull_rom(steps: int) -> Points:
    """Weights (steps, 4) of four neighbouring knots along the span between the middle two."""
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    powers = np.concatenate([np.ones_like(t), t, t**2, t**3], axis=1)
    weights: Points = 0.5 * powers @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    return weights


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Points:
    """The outline (n, 2) of a rectangle with round corners."""
    corners = [(x1, y1, 0), (x0, y1, 90), (x0, y0, 180), (x1, y0, 270)]
    parts = []
    for x, y, start in corners:
        centre = (x - radius if x == x1 else x + radius, y - radius if y == y1 else y + radius)
        parts.append(arc(centre, (radius, radius), start, start + 90))
    return np.concatenate(parts)


@dataclass(frozen=True)
class Dress:
    """How a thing's main body is painted: its base colour, the second colour of its pattern, an accent for details."""

    base: Colour
    second: Colour
    accent: Colour
    pattern: str


class Canvas:
    """Draws in design units (x to the right, y down) on a pixel image that carries opacity.

    Args:
        image: (height, width, 4) uint8, red, green, blue and opacity, drawn on in place.
        origin: pixel position of the design point (0, 0).
        scale: pixels for one design unit along x and y; a negative x scale mirrors the drawing.
        dress: paint of patterned bodies; a canvas without one paints them white.
    """

    def __init__(
        self, image: Image, origin: tuple[float, float], scale: tuple[float, float], dress: Dress | None = None
    ) -> None:
        self.image = image
        self.dress = dress or Dress((250, 250, 250), (200, 200, 200), (120, 120, 120), "plain")
        self._offset = (np.array(origin) - 0.5) * (1 << _SHIFT)
        self._step = np.array(scale) * (1 << _SHIFT)
        self._unit = (abs(scale[0]) + abs(scale[1])) / 2
        self._fabric: Image | None = None

    def fill(self, points: PointList, colour: Colour, outline: float = 1.2) -> None:
        """Fill a polygon (n, 2); ``outline`` is the width of its darker edge, 0 for none."""
        pixels = self._pixels(points)
        cv2.fillPoly(self.image, [pixels], (*colour, 255), cv2.LINE_AA, _SHIFT)
        if outline:
            self._stroke(pixels, darker(colour), outline, True)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A small filled circle without an edge: the quick way to draw very many."""
        column, row = (int(value) for value in (x, y) * self._step + self._offset)
        reach = round(radius * self._unit * (1 << _SHIFT))
        cv2.circle(self.image, (column, row), reach, (*colour, 255), -1, cv2.LINE_AA, _SHIFT)

    def disc(
        self, x: float, y: float, radius: float, colour: Colour, outline: float = 1.2, height: float | None = None
    ) -> None:
        """Fill an ellipse of half-width ``radius`` and half-height ``height`` (the same when not given)."""
        self.fill(arc((x, y), (radius, radius if height is None else height)), colour, outline)

    def line(self, points: PointList, colour: Colour, width: float = 1.5, closed: bool = False) -> None:
        """A stroke through ``points`` (n, 2) with round ends."""
        self._stroke(self._pixels(points), colour, width, closed)

    def body(self, points: PointList, outline: float = 1.4, shade: float = 5.0) -> None:
        """Fill a polygon (n, 2) with the dress, its pattern clipped to it.

        The side away from the light (right and below) is darkened in a crescent ``shade`` design units wide.
        """
        pixels = self._pixels(points)
        corner, mask = self._mask(pixels)
        if mask.size == 0:
            return
        window = self._window(corner, mask)
        fabric = self._dressed()[corner[1] : corner[1] + mask.shape[0], corner[0] : corner[0] + mask.shape[1]]
        cv2.copyTo(fabric, mask, window)
        if shade:
            step = max(1, round(shade * self._unit))
            lit = np.zeros_like(mask)
            lit[:-step, :-step] = mask[step:, step:]
            cv2.copyTo(cv2.LUT(window, _SHADE), cv2.subtract(mask, lit), window)
        if outline:
            self._stroke(pixels, darker(self.dress.base, 0.45), outline, True)

    def gleam(self, points: PointList) -> None:
        """Lighten what is already drawn inside a polygon (n, 2): a highlight that lets the pattern through."""
        corner, mask = self._mask(self._pixels(points))
        if mask.size:
            window = self._window(corner, mask)
            cv2.copyTo(cv2.LUT(window, _GLEAM), mask, window)

    def gloom(self, points: PointList) -> None:
        """Darken what is already drawn inside a polygon (n, 2)."""
        corner, mask = self._mask(self._pixels(points))
        if mask.size:
            window = self._window(corner, mask)
            cv2.copyTo(cv2.LUT(window, _SHADE), mask, window)

    def _pixels(self, points: PointList) -> NDArray[np.int32]:
        place: Points = np.asarray(points, dtype=np.float64) * self._step + self._offset
        return np.rint(place).astype(np.int32)

    def _stroke(self, pixels: NDArray[np.int32], colour: Colour, width: float, closed: bool) -> None:
        thickness = max(1, round(width * self._unit))
        cv2.polylines(self.image, [pixels], closed, (*colour, 255), thickness, cv2.LINE_8, _SHIFT)

    def _mask(self, pixels: NDArray[np.int32]) -> tuple[tuple[int, int], Image]:
        """The polygon as a mask over its bounding window, and that window's corner (x, y)."""
        height, width = self.image.shape[:2]
        x0, y0 = np.clip((pixels.min(axis=0) >> _SHIFT) - 1, 0, (width, height))
        x1, y1 = np.clip((pixels.max(axis=0) >> _SHIFT) + 2, 0, (width, height))
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        if mask.size:
            corner = np.array([x0, y0], np.int32) << _SHIFT
            cv2.fillPoly(mask, [pixels - corner], 255, cv2.LINE_8, _SHIFT)
        return (int(x0), int(y0)), mask

    def _window(self, corner: tuple[int, int], mask: Image) -> Image:
        x, y = corner
        return self.image[y : y + mask.shape[0], x : x + mask.shape[1]]

    def _dressed(self) -> Image:
        """The whole surface covered with the dress's pattern; drawn once."""
        if self._fabric is None:
            self._fabric = sheet(self.image.shape[1], self.image.shape[0], self.dress.base)
            _weave(self._fabric, self.dress, self._unit)
        return self._fabric


def _weave(fabric: Image, dress: Dress, unit: float) -> None:
    height, width = fabric.shape[:2]
    second = (*dress.second, 255)
    if dress.pattern == "striped":
        step = max(4.0, 12 * unit)
        for x in np.arange(-height * 0.4, width + step, step):
            ends = ((round(x), -2), (round(x + height * 0.4), height + 2))
            cv2.line(fabric, *ends, second, max(2, round(step * 0.45)))
    elif dress.pattern == "dotted":
        step = max(4.0, 12 * unit)
        for row, y in enumerate(np.arange(step * 0.3, height, step * 0.8)):
            for x in np.arange(step * (0.25 + 0.5 * (row % 2)), width, step):
                cv2.circle(fabric, (round(x), round(y)), max(1, round(step * 0.25)), second, -1)
    elif dress.pattern == "checked":
        step = max(3.0, 8 * unit)
        for row, y in enumerate(np.arange(0, height, step)):
            for x in np.arange(step * (row % 2), width, 2 * step):
                cv2.rectangle(fabric, (round(x), round(y)), (round(x + step) - 1, round(y + step) - 1), second, -1)


def _toned(target: Colour, share: float) -> Image:
    """A lookup table (1, 256, 4) that moves each channel towards ``target`` and leaves opacity alone."""
    levels = np.arange(256, dtype=np.float64)
    table = np.stack([levels + (channel - levels) * share for channel in target] + [levels], axis=1)
    return np.rint(table).astype(np.uint8)[None]


_SHADE = _toned((50, 30, 70), 0.2)
_GLEAM = _toned((255, 255, 250), 0.45)
