"""Where the network looks for an attribute: the value it reads beside another, each under its own heat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from workbench.explain.explanation import Element
from workbench.explain.heat import Map, area
from workbench.figures.looks import Look, Pixels, Scale, Seen, pixels_at
from workbench.figures.overlay import draw_scale, draw_seen, plot_scale, plot_seen
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, markup, shorten, wrap, wrap_markup

if TYPE_CHECKING:
    from workbench.explain.activation import Activation, Activations

TALLEST: Final = 2.2
NAME: Final = 0.2
LINE: Final = 0.12
LINES: Final = 2
FOOT: Final = 0.42
SCREEN_PICTURE: Final = 260
SCREEN_NAME: Final = 26
SCREEN_LINE: Final = 16
SCREEN_LETTERS: Final = 52
SCREEN_FOOT: Final = 58
ALIKE: Final = 0.8
"""From this overlap on two maps are said to be at the same places."""


@dataclass(frozen=True)
class Activated(Seen):
    """A picture and the activation of one value, shown as it is.

    Attributes:
        activation: (height, width), 0..1; given in the shape of the pixels.
    """

    activation: Map | None = None

    @property
    def heat(self) -> Map:
        """The activation."""
        assert self.activation is not None
        return self.activation

    @property
    def is_flat(self) -> bool:
        """A map of zeros is drawn without colours, not in grey."""
        return False


class ActivationScale(Scale):
    """From nothing to the greatest activation of each map."""

    @property
    def title(self) -> str:
        """What the colours are."""
        return "activation, of the greatest in each map"

    def place(self, values: ArrayLike) -> Map:
        """Where values lie on the scale: as they are."""
        return np.clip(np.asarray(values, dtype=np.float64), 0, 1)

    def ticks(self) -> dict[float, str]:
        """The ends and the middle."""
        return {0.0: "0", 0.5: ".5", 1.0: "1"}


@dataclass(frozen=True)
class Maps:
    """Pictures side by side under one kind of scale.

    Attributes:
        heading: what is shown; ``note`` how much the maps have in common.
        names: of the maps; ``facts`` under each.
    """

    heading: str
    note: str
    names: tuple[str, ...]
    facts: tuple[str, ...]
    seen: tuple[Activated, ...]
    look: Look

    @property
    def _scale(self) -> Scale:
        return ActivationScale("attention", 1.0)

    @property
    def _key(self) -> str:
        planted = self.look.planted and any(one.causes for one in self.seen)
        return "outlined: its box" + " · dashed: the planted cause" * planted

    def _room(self, width: float) -> tuple[float, float]:
        """Width and height in inches that a picture has."""
        room = (width + 0.14) / max(len(self.seen), 2) - 0.14
        height, across = self.seen[0].shape
        return room, min(TALLEST, room * height / across)

    def _lines(self, width: float) -> int:
        room = self._room(width)[0]
        return max(len(wrap(fact, room, SMALL, 4)) for fact in self.facts)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + NAME + self._room(width)[1] + self._lines(width) * LINE + 0.06 + FOOT

    def draw(self, area: Area) -> None:
        """The name above each picture, its facts below, one scale for all."""
        draw_heading(area, self.heading, colour_of("attributes"), self.note)
        axes, (room, tall) = area.inches(), self._room(area.width)
        top = HEAD + NAME
        for i, (name, one, fact) in enumerate(zip(self.names, self.seen, self.facts, strict=True)):
            left = i * (room + 0.14)
            area.write(left + room / 2, HEAD + NAME / 2, fit(name, room, BASE, "bold"), ha="center", weight="bold")
            draw_seen(axes, one, self._scale, self.look, (left, top, room, tall))
            for row, line in enumerate(wrap(fact, room, SMALL, 4)):
                at = left + room / 2, top + tall + 0.06 + LINE * (row + 0.5)
                area.write(*at, line, SMALL, ha="center", color=area.theme.muted)
        draw_scale(area, self._scale, area.height - FOOT + 0.12, self._key, self.look.opacity)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_NAME + SCREEN_PICTURE + LINES * SCREEN_LINE + 12 + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen."""
        plot_heading(canvas, top, self.heading, colour_of("attributes"), self.note)
        body, count = top + SCREEN_HEAD, max(len(self.seen), 2)
        for i, (name, one, fact) in enumerate(zip(self.names, self.seen, self.facts, strict=True)):
            left, right = i / count + 0.005, (i + 1) / count - 0.005
            middle = (left + right) / 2
            words = f"<b>{markup(shorten(name, 40))}</b>"
            canvas.write(middle, body + SCREEN_NAME / 2, words, SCREEN_BASE, xanchor="center")
            room = left, right, body + SCREEN_NAME, SCREEN_PICTURE
            plot_seen(canvas, one, self._scale, self.look, room, alone=False)
            lines, _ = wrap_markup(fact, SCREEN_LETTERS, LINES)
            canvas.write(
                middle, body + SCREEN_NAME + SCREEN_PICTURE + 6, lines, SCREEN_SMALL, xanchor="center", yanchor="top",
                align="center", color=canvas.theme.muted,
            )  # fmt: skip
        plot_scale(canvas, self._scale, top + self.pixels() - SCREEN_FOOT + 8, self._key, self.look.opacity)


def _maps(found: Activations, pixels: Pixels, look: Look) -> Maps:
    if not 1 <= len(found.found) <= 2:
        raise ValueError(f"{len(found.found)} maps: give that of the value read, or of another beside it")
    seen = []
    for one in found.found:
        box = Element(kind="attribute", id=one.value, label=f"{one.attribute}: {one.value}", box=one.box, attention=1.0)
        # The map has the size of the picture in the dataset, which may be larger than it is drawn.
        heat = cv2.resize(one.map, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
        outlined = (box,) if one.map.any() else ()
        seen.append(Activated(pixels, outlined, found.causes, "attention", np.asarray(heat, np.float64)))
    names = tuple(f"{one.value} ({'as it is read' if one.is_read else 'not read here'})" for one in found.found)
    facts = tuple(_fact(found, one, look.planted) for one in found.found)
    heading = f"Where {found.found[0].attribute} is looked for in {found.item_label}"
    common = found.overlap
    alike = ": the same places" if common is not None and common >= ALIKE else ""
    note = "" if common is None else f"the maps share {common:.0%}{alike}"
    return Maps(heading, note, names, facts, tuple(seen), look)


def _fact(found: Activations, one: Activation, planted: bool) -> str:
    """How large its box is, and how much of the activation lies in what was planted."""
    if not one.map.any():
        return "nothing in the picture speaks for it"
    parts = [f"its box covers {area(one.box):.0%} of the picture"]
    if planted:
        parts += [
            f"{share:.0%} of the activation lies in the planted box, which covers {area(cause.box):.0%}"
            for share, cause in zip(found.inside(one), found.causes, strict=True)
        ]
    return " · ".join(parts)


def activation_figure(
    found: Activations,
    root: Path | None = None,
    *,
    look: Look = Look(outlined=1),  # noqa: B008
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Maps of one attribute over its picture on paper.

    Where the map of a value that is not there looks like that of the value that is, the network has found the thing and
    not its attribute.

    Args:
        found: the map of the value read, and of another where they are compared.
        root: folder of the dataset, None to draw over a neutral tile.
        look: how opaque the heat is, whether the planted boxes are drawn.
        width: inches.

    Raises:
        ValueError: there is no map, or there are more than two.
    """
    colours = theme_named(theme)
    return compose([_maps(found, pixels_at(root, found.image, colours), look)], width, colours)


def activation_plotly(
    found: Activations,
    root: Path | None = None,
    *,
    look: Look = Look(outlined=1),  # noqa: B008
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen."""
    colours = theme_named(theme)
    return compose_plotly([_maps(found, pixels_at(root, found.image, colours), look)], colours)
