"""What a demo picture shows: a setting and one to three things, each with its attributes and its box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, count

import numpy as np

from workbench.data.postcards.objects import extents
from workbench.data.postcards.palette import COLOURS, PATTERNS
from workbench.data.postcards.settings import CATALOGUE, SETTINGS, Band

Box = tuple[float, float, float, float]

__all__ = [
    "CATEGORIES",
    "CLASSES",
    "COLOURS",
    "FLOATING",
    "PATTERNS",
    "SETTINGS",
    "SIZES",
    "Box",
    "Scene",
    "Thing",
    "compose",
    "overlap",
    "place",
]

CATEGORIES: dict[str, str] = {
    label: category
    for category, labels in {
        "animals": ("cat", "dog", "bird", "fish", "butterfly", "rabbit", "owl", "turtle", "penguin"),
        "plants": ("flower", "tree", "mushroom", "cactus"),
        "buildings": ("house", "castle", "lighthouse", "windmill", "tent"),
        "vehicles": ("boat", "car", "bicycle", "train", "balloon", "plane", "rocket"),
        "food": ("cup", "cake", "icecream", "apple", "donut"),
        "home": ("guitar", "clock", "book", "lamp"),
        "play": ("umbrella", "kite", "hat", "ball", "gift", "star"),
    }.items()
    for label in labels
}
CLASSES: tuple[str, ...] = tuple(CATEGORIES)
SIZES: tuple[str, ...] = ("small", "medium", "large")

_FLYING = frozenset({"bird", "butterfly", "balloon", "plane", "rocket", "kite", "star"})
FLOATING = frozenset({"boat", "fish"})
_EXTENT = {"small": 0.25, "medium": 0.36, "large": 0.50}
_LONGEST_SIDE = 0.76
_MARGIN = 0.03
_OVERLAP = 0.06


@dataclass(frozen=True)
class Thing:
    """One drawn thing.

    Attributes:
        label: its class, one of ``CLASSES``.
        colour: one of ``COLOURS``.
        pattern: one of ``PATTERNS``.
        size: one of ``SIZES``; how large it is drawn.
        box: (x0, y0, x1, y1), the tight box of what is drawn, as fractions of the picture.
    """

    label: str
    colour: str
    pattern: str
    size: str
    box: Box


@dataclass(frozen=True)
class Scene:
    """One picture.

    Attributes:
        setting: one of ``SETTINGS``.
        things: one to three things whose boxes overlap little.
        seed: fixes everything the background leaves to chance.
        camera: (x, zoom) of the view of the background: its centre, and a magnification of at least 1.
    """

    setting: str
    things: tuple[Thing, ...]
    seed: int
    camera: tuple[float, float] = (0.5, 1.0)


def place(label: str, setting: str) -> str:
    """Where a thing belongs in a setting: "air", "water" (only where there is some) or "ground"."""
    if label in _FLYING:
        return "air"
    return "water" if label in FLOATING and CATALOGUE[setting].water else "ground"


def overlap(first: Box, second: Box) -> float:
    """The share of the smaller box that the other covers, 0..1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return max(width, 0.0) * max(height, 0.0) / smaller


def compose(generator: np.random.Generator, labels: Sequence[str], setting: str | None = None) -> Scene:
    """Place things of the given classes with random colour, pattern, size and position.

    Args:
        generator: source of all chance.
        labels: one to three of ``CLASSES``, kept in this order.
        setting: one of ``SETTINGS``; None picks one that suits the things (boats need water).

    Raises:
        ValueError: an unknown class or setting, or not one to three labels.
    """
    unknown = [label for label in labels if label not in CATEGORIES]
    if unknown or not 1 <= len(labels) <= 3:
        raise ValueError(f"A scene needs one to three labels of {', '.join(CLASSES)}; got {list(labels)}.")
    if setting is None:
        setting = str(generator.choice(_suitable(labels)))
    elif setting not in CATALOGUE:
        raise ValueError(f"Unknown setting {setting!r}; choose one of {', '.join(SETTINGS)}.")
    visible = [colour for colour in COLOURS if colour not in CATALOGUE[setting].avoid]
    colours = generator.choice(visible, len(labels), replace=False)
    patterns = generator.choice(PATTERNS, len(labels), p=(0.4, 0.2, 0.2, 0.2))
    sizes = generator.choice(SIZES, len(labels), p=_size_odds(len(labels)))
    things = [
        Thing(label, str(colour), str(pattern), str(size), (0.0, 0.0, 0.0, 0.0))
        for label, colour, pattern, size in zip(labels, colours, patterns, sizes, strict=True)
    ]
    return Scene(setting, _arrange(generator, things, setting), int(generator.integers(2**31)))


def _size_odds(count: int) -> tuple[float, float, float]:
    return ((0.15, 0.35, 0.5), (0.3, 0.45, 0.25), (0.5, 0.4, 0.1))[count - 1]


def _suitable(labels: Sequence[str]) -> list[str]:
    """The settings that suit every label, or failing that all of them."""
    wet = any(label in FLOATING for label in labels)
    outside = any(label in _FLYING or CATEGORIES[label] in ("buildings", "vehicles") for label in labels)
    return [
        name for name, setting in CATALOGUE.items() if (setting.water or not wet) and (setting.outdoors or not outside)
    ]


def _arrange(generator: np.random.Generator, things: list[Thing], setting: str) -> tuple[Thing, ...]:
    """Try positions until no two boxes overlap; after every forty failures make room.

    Room is made by drawing the largest thing a size smaller, or everything a little smaller where all are small.
    """
    scale = 1.0
    for attempt in count(1):
        placed = [replace(thing, box=_box(generator, thing, setting, scale)) for thing in things]
        worst = max((overlap(a.box, b.box) for a, b in combinations(placed, 2)), default=0.0)
        if worst <= _OVERLAP:
            break
        if attempt % 40 == 0:
            largest = max(range(len(things)), key=lambda k: SIZES.index(things[k].size))
            rank = SIZES.index(things[largest].size)
            if rank:
                things[largest] = replace(things[largest], size=SIZES[rank - 1])
            else:
                scale *= 0.9
    return tuple(placed)


def _box(generator: np.random.Generator, thing: Thing, setting: str, scale: float) -> Box:
    width, height = span(thing.label, _EXTENT[thing.size] * scale * generator.uniform(0.95, 1.05))
    x = generator.uniform(_MARGIN, 1 - _MARGIN - width)
    return settle(thing.label, setting, (x, x + width), height, float(generator.random()))


def span(label: str, extent: float) -> tuple[float, float]:
    """Width and height of a class drawn with the area of a square of side ``extent``, neither side too long."""
    x0, y0, x1, y1 = extents(label)
    ratio = np.sqrt((x1 - x0) / (y1 - y0))
    extent = min(extent, _LONGEST_SIDE / max(ratio, 1 / ratio))
    return float(extent * ratio), float(extent / ratio)


def settle(label: str, setting: str, sides: tuple[float, float], height: float, depth: float) -> Box:
    """The box of a thing in its natural place; ``depth`` (0..1) picks the height within the place's band."""
    where = CATALOGUE[setting]
    kind = place(label, setting)
    if kind == "air":
        y0 = _within(where.air, depth) - height / 2
    else:
        band = where.water if kind == "water" and where.water else where.ground
        y0 = _within(band, depth) - height
    y0 = min(max(y0, _MARGIN), 1 - _MARGIN - height)
    return sides[0], y0, sides[1], y0 + height


def _within(band: Band, depth: float) -> float:
    return band[0] + (band[1] - band[0]) * depth
