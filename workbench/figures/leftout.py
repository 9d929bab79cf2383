"""Pictures of which parts are left out: the block below the rankings of a what-if that was drawn on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.patches import Rectangle

from workbench.explain.drawn import Masked
from workbench.explain.heat import boxes_of
from workbench.features.pictures import blurred, soft
from workbench.figures.icons import WHOLE_PIXELS
from workbench.figures.looks import Pixels, pixels_at
from workbench.figures.page import Area, Block, Canvas
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import BASE, SCREEN_BASE, SCREEN_SMALL, SMALL, Theme, colour_of
from workbench.figures.text import fit, markup, shorten
from workbench.figures.thumbnails import shrunk, uri

HEADING: Final = "Left out of pictures"
TALL, WIDE, GAP, NAMES = 1.15, 1.55, 0.14, 0.34
"""Inches of the room for a picture, between two, and of the two lines below each."""
SCREEN_TALL, SCREEN_NAMES, SCREEN_COLUMNS = 190, 46, 3
SCREEN_LETTERS: Final = 24
COVER: Final = 0.85
"""How opaque the cover of a part is that counts nothing."""


class _Part(NamedTuple):
    """A box in fractions of its picture, how far it is covered, and whether it is crossed."""

    box: tuple[float, float, float, float]
    cover: float
    crossed: bool


@dataclass(frozen=True)
class LeftOut:
    """Pictures in rows; what counts less is covered, or out of focus where the picture itself was blurred.

    Attributes:
        masks: the pictures.
        root: folder of the dataset, None to draw over neutral tiles.
        blur: whether the pictures were blurred there.
    """

    masks: Sequence[Masked]
    root: Path | None
    blur: bool

    def _pixels(self, mask: Masked, theme: Theme) -> Pixels:
        pixels = shrunk(pixels_at(self.root, mask.image.image, theme), WHOLE_PIXELS)
        if not self.blur:
            return pixels
        return blurred(pixels, soft(pixels), boxes_of(mask.regions).astype(np.float32), mask.gates)

    def _parts(self, mask: Masked) -> list[_Part]:
        boxes = [(float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in boxes_of(mask.regions)]
        covers = [0.0 if self.blur else COVER * (1 - gate) for gate in mask.gates]
        return [_Part(*one) for one in zip(boxes, covers, [gate == 0 for gate in mask.gates], strict=True)]

    @property
    def _note(self) -> str:
        return "out of focus: what is left out" if self.blur else "covered: what is left out"

    def _columns(self, width: float) -> int:
        return max(int((width + GAP) / (WIDE + GAP)), 1)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + -(-len(self.masks) // self._columns(width)) * (TALL + NAMES)

    def draw(self, area: Area) -> None:
        """Every picture with its boxes, its name and how much of it is left out below."""
        draw_heading(area, HEADING, colour_of("regions"), self._note)
        axes, columns = area.inches(), self._columns(area.width)
        limits = axes.get_xlim(), axes.get_ylim()
        for number, mask in enumerate(self.masks):
            row, column = divmod(number, columns)
            left, top = column * (WIDE + GAP), HEAD + row * (TALL + NAMES)
            pixels = self._pixels(mask, area.theme)
            unit = min(WIDE / pixels.shape[1], TALL / pixels.shape[0])
            wide, tall = unit * pixels.shape[1], unit * pixels.shape[0]
            axes.imshow(pixels, extent=(left, left + wide, top + tall, top), aspect="auto", interpolation="antialiased")
            for (x0, y0, x1, y1), cover, crossed in self._parts(mask):
                corner, size = (left + x0 * wide, top + y0 * tall), ((x1 - x0) * wide, (y1 - y0) * tall)
                hue = colour_of("regions")
                axes.add_patch(
                    Rectangle(corner, *size, facecolor=area.theme.background, alpha=cover, edgecolor="none", zorder=3)
                )
                axes.add_patch(Rectangle(corner, *size, facecolor="none", edgecolor=hue, linewidth=0.8, zorder=4))
                if crossed:
                    middle = corner[0] + size[0] / 2, corner[1] + size[1] / 2
                    axes.plot(*middle, "x", color=hue, markersize=3.2, markeredgewidth=0.9, zorder=5)
            area.write(left, top + tall + 0.09, fit(mask.image.label, WIDE, BASE), BASE)
            area.write(left, top + tall + 0.22, fit(_amount(mask), WIDE, SMALL), SMALL, color=area.theme.muted)
        axes.set(xlim=limits[0], ylim=limits[1])

    @cached_property
    def _rows(self) -> int:
        return -(-len(self.masks) // SCREEN_COLUMNS)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + self._rows * (SCREEN_TALL + SCREEN_NAMES)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen."""
        plot_heading(canvas, top, HEADING, colour_of("regions"), self._note)
        for number, mask in enumerate(self.masks):
            row, column = divmod(number, SCREEN_COLUMNS)
            left, right = column / SCREEN_COLUMNS, (column + 1) / SCREEN_COLUMNS - 0.02
            above = top + SCREEN_HEAD + row * (SCREEN_TALL + SCREEN_NAMES)
            self._plot_one(canvas, mask, (left, right, above, SCREEN_TALL))
            below = above + SCREEN_TALL
            canvas.write(left, below + 12, markup(shorten(mask.image.label, SCREEN_LETTERS)), SCREEN_BASE)
            canvas.write(left, below + 30, markup(_amount(mask)), SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_one(self, canvas: Canvas, mask: Masked, room: tuple[float, float, float, float]) -> None:
        pixels, hue = self._pixels(mask, canvas.theme), colour_of("regions")
        height, width = pixels.shape[:2]
        at = canvas.axes(
            *room,
            {"range": [0, width], "constrain": "domain", "constraintoward": "left"},
            {"range": [height, 0], "constrain": "domain", "constraintoward": "bottom"},
        )
        canvas.figure.update_layout({"yaxis" + at.y[1:]: {"scaleanchor": at.x}})
        canvas.figure.add_layout_image(
            source=uri(shrunk(pixels, 2 * SCREEN_TALL)), xref=at.x, yref=at.y, x=0, y=0, sizex=width, sizey=height,
            sizing="stretch", layer="below",
        )  # fmt: skip

        def shape(kind: str, x0: float, y0: float, x1: float, y1: float, **style: Any) -> None:
            canvas.figure.add_shape(
                type=kind, xref=at.x, yref=at.y, x0=x0 * width, y0=y0 * height, x1=x1 * width, y1=y1 * height, **style
            )

        for (x0, y0, x1, y1), cover, crossed in self._parts(mask):
            shape(
                "rect", x0, y0, x1, y1, fillcolor=canvas.theme.background, opacity=cover, layer="between",
                line={"width": 0},
            )  # fmt: skip
            shape("rect", x0, y0, x1, y1, line={"color": hue, "width": 1.5})
            if crossed:
                across, down = (x1 - x0) / 4, (y1 - y0) / 4
                for one, other in ((y0 + down, y1 - down), (y1 - down, y0 + down)):
                    shape("line", x0 + across, one, x1 - across, other, line={"color": hue, "width": 2})


def _amount(mask: Masked) -> str:
    gone = sum(gate == 0 for gate in mask.gates)
    fainter = len(mask.gates) - gone
    told = [f"{gone} of {mask.total} parts out"] if gone else []
    return " · ".join([*told, *([f"{fainter} of {mask.total} fainter"] if fainter else [])])


def with_pictures(block: Block, masks: Sequence[Masked], root: Path | None, removal: str) -> list[Block]:
    """A block, and below it the pictures of which parts are left out, where there are any."""
    return [block, LeftOut(masks, root, removal == "blurred")] if masks else [block]
