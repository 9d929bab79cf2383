"""What a model made of the regions of pictures, as colours of one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from workbench.explain.explanation import FLAT, Element, flatness
from workbench.explain.heat import Map, attention_map, boxes_of, removal_map
from workbench.figures.icons import WHOLE_PIXELS
from workbench.figures.style import HEAT_SCALE, NEGATIVE, POSITIVE, Theme
from workbench.figures.text import shorten
from workbench.figures.thumbnails import picture, picture_path, shrunk

if TYPE_CHECKING:
    from workbench.explain.regions import PlantedBox

By = Literal["attention", "removal"]
Pixels = NDArray[np.uint8]

TILE: Final = (300, 400)
"""Height and width of the tile that stands for a picture the dataset does not have."""
LEAST: Final = 4.0
"""No scale of attention ends below four times the even share, or a map without a preference would look like one."""
MANY_DOUBLINGS: Final = 40.0
FAINT_CHANGE: Final = 1e-3
FLOOR: Final = 0.12
"""Part of the opacity that the lowest value takes, so that a whole picture is seen to be part of the map."""
OUTLINED: Final = 4
PLANTED: Final = "planted"


@dataclass(frozen=True)
class Look:
    """How heat is drawn.

    Attributes:
        by: the number that colours the picture; the two never mix.
        opacity: of the strongest colour, 0..1.
        outlined: how many of the strongest regions are outlined and numbered.
        planted: whether the planted cause is outlined where it is known.
    """

    by: By = "attention"
    opacity: float = 0.75
    outlined: int = OUTLINED
    planted: bool = True


@dataclass(frozen=True)
class Seen:
    """A picture and the numbers of its regions.

    Attributes:
        pixels: (height, width, 3).
        regions: with boxes, and the number that ``by`` names.
        causes: planted boxes.
    """

    pixels: Pixels
    regions: tuple[Element, ...]
    causes: tuple[PlantedBox, ...] = ()
    by: By = "attention"

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @cached_property
    def heat(self) -> Map:
        """(height, width): attention in multiples of the even share, or the change of the score without the part."""
        values = [getattr(region, self.by) for region in self.regions]
        if any(value is None for value in values):
            raise ValueError(f"these regions have no {self.by}: choose the other number")
        if self.by == "removal":
            return removal_map(boxes_of(self.regions), values, self.shape)
        return attention_map(boxes_of(self.regions), values, self.shape) * float(np.prod(self.shape))

    @cached_property
    def is_flat(self) -> bool:
        """Whether the attention shows no preference among the regions."""
        spread = flatness([region.attention or 0.0 for region in self.regions])
        return spread is not None and spread >= FLAT

    def strongest(self, count: int) -> list[Element]:
        """The regions looked at most, or whose removal costs most."""
        sign = 1 if self.by == "removal" else -1
        return sorted(self.regions, key=lambda region: sign * (getattr(region, self.by) or 0.0))[:count]


def pixels_at(root: Path | None, image: str | None, theme: Theme, given: Pixels | None = None) -> Pixels:
    """The whole picture of an element, or a neutral tile where there is none; a ``given`` one in the size to draw."""
    if given is not None:
        return shrunk(given, WHOLE_PIXELS)
    path = picture_path(root, image)
    if path is not None:
        return picture(path, WHOLE_PIXELS)
    colour = tuple(int(theme.tile[i : i + 2], 16) for i in (1, 3, 5))
    return np.full((*TILE, 3), colour, np.uint8)


@dataclass(frozen=True)
class Scale:
    """One scale of colours for all pictures that are to be compared.

    Attention is coloured from its even share on, each doubling by the same step: what holds less than its share is left
    as it is. Changes of the score are coloured in both directions from 0.

    Attributes:
        limit: the value of the strongest colour, for removals in both directions.
    """

    by: By
    limit: float

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> Scale:
        """The scale that holds every value of these pictures."""
        by = seen[0].by if seen else "attention"
        largest = max((float(np.abs(one.heat).max()) for one in seen), default=0.0)
        return cls(by, max(largest, LEAST if by == "attention" else FAINT_CHANGE))

    @property
    def title(self) -> str:
        """What the colours are."""
        if self.by == "attention":
            return "attention, in multiples of an even spread"
        return "change of the score without it"

    @property
    def colours(self) -> Colormap:
        """From the even share to ``limit``, or from ``-limit`` to ``limit``."""
        if self.by == "attention":
            return mpl.colormaps[HEAT_SCALE]
        return LinearSegmentedColormap.from_list("removal", [NEGATIVE, "#F7F7F7", POSITIVE])

    def place(self, values: ArrayLike) -> Map:
        """Where values lie on the scale, 0..1."""
        numbers = np.asarray(values, dtype=np.float64)
        if self.by == "attention":
            places = np.log(np.clip(numbers, 1, self.limit)) / np.log(self.limit)
        else:
            places = np.clip(numbers / self.limit, -1, 1) / 2 + 0.5
        return np.asarray(places)

    def ticks(self) -> dict[float, str]:
        """Places on the scale, and the values to write there."""
        if self.by == "attention":
            few = self.limit > MANY_DOUBLINGS
            values = [v for v in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if v <= self.limit]
            values = [v for v in values if not few or str(v)[0] == "1"]
            return {float(self.place(v)): f"{v}×" for v in values}
        found = MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(-self.limit, self.limit)
        shown = [float(v) for v in found if abs(v) <= self.limit + 1e-9]
        return {float(self.place(v)): (f"{v:+g}" if abs(v) > 1e-12 else "0").replace("-", "−") for v in shown}

    def over(self, seen: Seen, opacity: float) -> Pixels:
        """The picture under its heat, which is grey where there is no preference."""
        grey = self.by == "attention" and seen.is_flat
        return self.paint(seen.pixels, self.place(seen.heat), opacity, mpl.colormaps["gray"] if grey else self.colours)

    def paint(self, pixels: Pixels, places: Map, opacity: float, colours: Colormap) -> Pixels:
        """``pixels`` (height, width, 3) under places (height, width): the stronger, the less of them is seen."""
        strength = places if self.by == "attention" else np.abs(2 * places - 1)
        cover = (opacity * (FLOOR + (1 - FLOOR) * np.sqrt(strength)))[..., None]
        return np.asarray(pixels * (1 - cover) + colours(places)[..., :3] * 255 * cover + 0.5, dtype=np.uint8)


def planted_words(cause: PlantedBox) -> str:
    """What stands beside a planted box."""
    return shorten(cause.label or PLANTED, 24)


def key(seen: Sequence[Seen], look: Look) -> str:
    """What the outlines are."""
    first = "the strongest region" if look.outlined == 1 else "the strongest regions"
    parts = [f"outlined: {first}"] if look.outlined else []
    if look.planted and any(one.causes for one in seen):
        parts.append("dashed: the planted cause")
    return " · ".join(parts)
