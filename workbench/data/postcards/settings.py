"""The backgrounds of the demo world: where, at what hour, and where in them things may stand, float or fly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from workbench.data.postcards import settings_nature as nature
from workbench.data.postcards import settings_places as places
from workbench.data.postcards.canvas import Canvas, Colour, Image, sheet
from workbench.data.postcards.sky import SKIES, Sky

Band = tuple[float, float]


@dataclass(frozen=True)
class Setting:
    """One kind of background.

    Attributes:
        paint: draws it on a canvas of 100 x 100 design units under a given sky.
        phrase: how a caption says it.
        hours: the skies it can have.
        horizon: height of the horizon, as a fraction of the picture from the top.
        ground: range of the lower edge of things that stand.
        air: range of the centre of things that fly.
        water: range of the lower edge of things that float; None where there is no water.
        avoid: colours that would be lost against it.
        outdoors: whether it lies under the open sky.
    """

    paint: Callable[[Canvas, Sky, np.random.Generator], None]
    phrase: str
    hours: tuple[str, ...]
    horizon: float
    ground: Band
    air: Band
    water: Band | None = None
    avoid: frozenset[str] = frozenset()
    outdoors: bool = True


_DAY = ("in the morning", "at noon", "at sunset")

CATALOGUE: dict[str, Setting] = {
    "beach": Setting(
        nature.beach, "on the beach", _DAY, 0.46, (0.82, 0.96), (0.14, 0.40), (0.58, 0.68), frozenset({"yellow"})
    ),
    "meadow": Setting(nature.meadow, "in a meadow", _DAY, 0.58, (0.76, 0.95), (0.14, 0.42), None, frozenset({"green"})),
    "lake": Setting(
        nature.lake, "by the lake", _DAY, 0.44, (0.88, 0.97), (0.14, 0.38), (0.60, 0.74), frozenset({"green", "blue"})
    ),
    "mountain": Setting(
        nature.mountain, "in the mountains", _DAY, 0.66, (0.80, 0.96), (0.14, 0.42), None, frozenset({"green"})
    ),
    "desert": Setting(
        nature.desert, "in the desert", _DAY, 0.58, (0.76, 0.95), (0.14, 0.40), None, frozenset({"orange", "yellow"})
    ),
    "snow": Setting(
        nature.snow,
        "in the snow",
        ("in the morning", "at noon", "at dusk"),
        *(0.6, (0.77, 0.95), (0.14, 0.42), None),
        frozenset({"white"}),
    ),
    "forest": Setting(
        nature.forest,
        "in the forest",
        ("in the morning", "at noon"),
        *(0.7, (0.82, 0.96), (0.16, 0.46), None),
        frozenset({"green", "brown"}),
    ),
    "city": Setting(places.city, "in the city", _DAY, 0.72, (0.82, 0.96), (0.14, 0.40), None, frozenset({"black"})),
    "night": Setting(
        places.night,
        "under the stars",
        ("at midnight",),
        *(0.66, (0.79, 0.95), (0.14, 0.42), None),
        frozenset({"black", "purple"}),
    ),
    "room": Setting(
        places.room,
        "in a cosy room",
        ("in the morning", "at noon", "at midnight"),
        *(0.7, (0.82, 0.96), (0.2, 0.44), None),
        frozenset({"brown"}),
        outdoors=False,
    ),
}

SETTINGS: tuple[str, ...] = tuple(CATALOGUE)


def hour(setting: str, seed: int) -> str:
    """The time of day a scene shows, as its caption says it: one of the setting's hours, fixed by the seed."""
    hours = CATALOGUE[setting].hours
    return hours[seed % len(hours)]


def backdrop(setting: str, seed: int, size: int) -> Image:
    """The empty background, (size, size, 3) uint8 RGB."""
    fine = 2 * size
    image = sheet(fine, fine, (255, 255, 255))
    sky = SKIES[hour(setting, seed)]
    CATALOGUE[setting].paint(Canvas(image, (0, 0), (fine / 100, fine / 100)), sky, np.random.default_rng(seed))
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return _tinted(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGBA2RGB), np.uint8), sky.tint, sky.tint_share)


def _tinted(image: Image, colour: Colour, share: float) -> Image:
    """Everything under one light: the picture moved a little towards the colour of the hour."""
    if not share:
        return image
    levels = np.arange(256)[:, None] * (1 - share) + np.array(colour) * share
    return np.asarray(cv2.LUT(image, np.rint(levels).astype(np.uint8)[None]), np.uint8)
