"""Skies and the things that hang in them: gradients, sun and moon, clouds, stars, and distant ridges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from workbench.data.postcards.canvas import Canvas, Colour, Points, arc, mix, sheet, smooth


@dataclass(frozen=True)
class Sky:
    """The light of one hour: gradient colours from the zenith to the horizon, the sun or moon, the clouds, a tint."""

    stops: tuple[Colour, ...]
    disc: Colour
    height: float
    cloud: Colour
    tint: Colour
    tint_share: float


SKIES: dict[str, Sky] = {
    "in the morning": Sky(
        ((142, 204, 232), (214, 232, 226), (255, 230, 198)),
        (255, 244, 206),
        0.62,
        (255, 252, 244),
        (255, 226, 180),
        0.07,
    ),
    "at noon": Sky(
        ((92, 176, 230), (158, 214, 240), (216, 240, 244)), (255, 236, 140), 0.22, (255, 255, 255), (0, 0, 0), 0.0
    ),
    "at sunset": Sky(
        ((110, 92, 164), (226, 126, 134), (254, 184, 118), (255, 222, 156)),
        (255, 238, 190),
        0.74,
        (255, 196, 170),
        (246, 124, 96),
        0.15,
    ),
    "at dusk": Sky(
        ((88, 104, 168), (156, 156, 204), (236, 200, 206)), (255, 240, 222), 0.7, (208, 204, 226), (122, 116, 190), 0.13
    ),
    "at midnight": Sky(
        ((20, 24, 62), (44, 50, 108), (92, 92, 154)), (255, 246, 212), 0.26, (74, 80, 138), (38, 40, 100), 0.1
    ),
}


def gradient(canvas: Canvas, stops: tuple[Colour, ...], top: float, bottom: float) -> None:
    """Blend ``stops`` evenly from ``top`` to ``bottom`` (design units) over the canvas's whole width."""
    height = canvas.image.shape[0]
    y0, y1 = round(top * height / 100), round(bottom * height / 100)
    where = np.linspace(0, len(stops) - 1, y1 - y0)
    table = np.array([(*stop, 255) for stop in stops], dtype=np.float64)
    rows = np.stack([np.interp(where, np.arange(len(stops)), table[:, channel]) for channel in range(4)], axis=1)
    canvas.image[y0:y1] = cv2.repeat(np.rint(rows).astype(np.uint8)[:, None], 1, canvas.image.shape[1])


def glow(canvas: Canvas, x: float, y: float, radius: float, colour: Colour, strength: float = 0.6) -> None:
    """Light spreading softly from (x, y), gone at ``radius``."""
    height, width = canvas.image.shape[:2]
    unit = height / 100
    x0, x1 = (int(np.clip(value * unit, 0, width)) for value in (x - radius, x + radius))
    y0, y1 = (int(np.clip(value * unit, 0, height)) for value in (y - radius, y + radius))
    dx = ((np.arange(x0, x1) / unit - x) / radius).astype(np.float32)
    dy = ((np.arange(y0, y1) / unit - y) / radius).astype(np.float32)
    share = np.float32(strength) * np.clip(1 - dx[None] ** 2 - dy[:, None] ** 2, 0, None) ** 2
    window = canvas.image[y0:y1, x0:x1]
    light = sheet(x1 - x0, y1 - y0, colour)
    cv2.blendLinear(light, window, share, 1 - share, dst=window)


def paint_sky(canvas: Canvas, sky: Sky, horizon: float, generator: np.random.Generator, clouds: int = 3) -> float:
    """Gradient, sun and clouds down to ``horizon``; returns the x at which the sun stands."""
    gradient(canvas, sky.stops, 0, horizon + 4)
    x = float(generator.choice([generator.uniform(14, 34), generator.uniform(66, 86)]))
    y = horizon * sky.height
    glow(canvas, x, y, 34, sky.disc)
    canvas.disc(x, y, 7, sky.disc, 0)
    for k in range(clouds):
        left = (k + generator.uniform(0.1, 0.8)) * 100 / clouds
        cloud(canvas, left, generator.uniform(7, horizon * 0.55), generator.uniform(0.7, 1.25), sky.cloud, sky.stops[1])
    return x


def cloud(canvas: Canvas, x: float, y: float, scale: float, colour: Colour, sky: Colour) -> None:
    """A flat-bottomed cumulus."""
    under = mix(colour, sky, 0.35)
    for shift, tone in ((0.9, under), (0.0, colour)):
        for dx, dy, radius in ((-8, 0.5, 3.2), (-3.5, -2, 4.6), (3, -3, 5.2), (8.4, 0.4, 3.4)):
            lobe = arc((x + dx * scale, y + (dy + shift) * scale), (radius * scale, radius * scale))
            canvas.fill(np.minimum(lobe, [np.inf, y + (3.0 + shift) * scale]), tone, 0)


def stars(canvas: Canvas, generator: np.random.Generator, count: int, bottom: float) -> None:
    """``count`` stars above ``bottom``, a few of them bright."""
    for k, (x, y) in enumerate(generator.uniform((1, 1), (99, bottom), (count, 2))):
        canvas.dot(x, y, 0.32 if k % 6 else 0.6, (255, 250, 226))
        if k % 12 == 0:
            canvas.line([(x - 1.7, y), (x + 1.7, y)], (255, 250, 226), 0.25)
            canvas.line([(x, y - 1.7), (x, y + 1.7)], (255, 250, 226), 0.25)


def ridge(generator: np.random.Generator, level: float, swing: float, knots: int = 6) -> Points:
    """The outline (n, 2) of rolling land whose crest wanders about ``level``, closed along the lower edge."""
    x = np.linspace(-10, 110, knots)
    y = level + generator.uniform(-swing, swing, knots)
    crest = smooth(np.stack([x, y], axis=1), closed=False)
    return np.concatenate([crest, [(110.0, 104.0), (-10.0, 104.0)]])


def crest_height(land: Points, x: float) -> float:
    """The height of a ridge's crest at ``x``."""
    return float(np.interp(x, land[:-2, 0], land[:-2, 1]))
