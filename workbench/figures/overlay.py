"""A picture with what a model made of its regions: heat of one scale, outlines of the strongest, the planted cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from workbench.explain.explanation import Element
from workbench.explain.heat import Map, attention_map, boxes_of, removal_map
from workbench.explain.regions import PlantedBox
from workbench.figures.icons import WHOLE_PIXELS
from workbench.figures.page import Area, Canvas, Pair
from workbench.figures.style import HEAT_SCALE, NEGATIVE, POSITIVE, SCREEN_SMALL, SMALL, Theme, colour_of, font_families
from workbench.figures.text import hover_text, markup, plain, shorten
from workbench.figures.thumbnails import picture, picture_path, uri

By = Literal["attention", "removal"]
Pixels = NDArray[np.uint8]

TILE: Final = (300, 400)
"""Height and width of the tile that stands for a picture the dataset does not have."""
EVEN: Final = 2.0
"""No scale of attention ends below twice the even share, or a map without a preference would look like one."""
FAINT_CHANGE: Final = 1e-3
FLOOR: Final = 0.12
"""Part of the opacity that the lowest value takes, so that a whole picture is seen to be part of the map."""
OUTLINED: Final = 3
STEPS: Final = 64
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

    def strongest(self, count: int) -> list[Element]:
        """The regions looked at most, or whose removal costs most."""
        sign = 1 if self.by == "removal" else -1
        return sorted(self.regions, key=lambda region: sign * (getattr(region, self.by) or 0.0))[:count]


def pixels_at(root: Path | None, image: str | None, theme: Theme) -> Pixels:
    """The whole picture of an element, or a neutral tile where there is none."""
    path = picture_path(root, image)
    if path is not None:
        return picture(path, WHOLE_PIXELS)
    colour = tuple(int(theme.tile[i : i + 2], 16) for i in (1, 3, 5))
    return np.full((*TILE, 3), colour, np.uint8)


@dataclass(frozen=True)
class Scale:
    """One scale of colours for all pictures that are to be compared.

    Attributes:
        limit: the value of the strongest colour, for removals in both directions.
    """

    by: By
    limit: float

    @classmethod
    def over(cls, seen: Sequence[Seen]) -> Scale:
        """The scale that holds every value of these pictures."""
        by = seen[0].by if seen else "attention"
        largest = max((float(np.abs(one.heat).max()) for one in seen), default=0.0)
        return cls(by, max(largest, EVEN if by == "attention" else FAINT_CHANGE))

    @property
    def title(self) -> str:
        """What the colours are."""
        if self.by == "attention":
            return "attention (1 = spread evenly)"
        return "change of the score without it"

    @property
    def colours(self) -> Colormap:
        """From 0 to ``limit``, or from ``-limit`` to ``limit``."""
        if self.by == "attention":
            return mpl.colormaps[HEAT_SCALE]
        return LinearSegmentedColormap.from_list("removal", [NEGATIVE, "#F7F7F7", POSITIVE])

    @property
    def low(self) -> float:
        """The value at the other end."""
        return 0.0 if self.by == "attention" else -self.limit

    def ticks(self) -> dict[float, str]:
        """Values to write beside the scale."""
        values = MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(self.low, self.limit)
        shown = [float(v) for v in values if self.low - 1e-9 <= v <= self.limit + 1e-9]
        sign = "+" if self.by == "removal" else ""
        return {v: (f"{v:{sign}g}" if abs(v) > 1e-12 else "0").replace("-", "−") for v in shown}

    def paint(self, pixels: Pixels, heat: Map, opacity: float) -> Pixels:
        """``pixels`` (height, width, 3) under a map (height, width): the stronger, the less of them is seen."""
        place = (heat - self.low) / (self.limit - self.low)
        strength = place if self.by == "attention" else np.abs(2 * place - 1)
        cover = (opacity * (FLOOR + (1 - FLOOR) * np.sqrt(np.clip(strength, 0, 1))))[..., None]
        hue = self.colours(np.clip(place, 0, 1))[..., :3] * 255
        return np.asarray(pixels * (1 - cover) + hue * cover + 0.5, dtype=np.uint8)


def draw_seen(axes: Axes, seen: Seen, scale: Scale, look: Look, box: tuple[float, float, float, float]) -> None:
    """A picture with heat and outlines, as large as fits the ``box`` (left, top, width, height) of axes in inches."""
    height, width = seen.shape
    unit = min(box[2] / width, box[3] / height)
    left, top = box[0] + (box[2] - unit * width) / 2, box[1] + (box[3] - unit * height) / 2
    limits = axes.get_xlim(), axes.get_ylim()
    extent = (left, left + unit * width, top + unit * height, top)
    axes.imshow(scale.paint(seen.pixels, seen.heat, look.opacity), extent=extent, aspect="auto", interpolation="antialiased", zorder=2)
    axes.set(xlim=limits[0], ylim=limits[1])

    def outline(corners: Sequence[float], **style: Any) -> tuple[float, float]:
        x0, y0, x1, y1 = (left + corners[0] * unit * width, top + corners[1] * unit * height,
                          left + corners[2] * unit * width, top + corners[3] * unit * height)  # fmt: skip
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor="none", zorder=4, **style))
        return x0, y0

    words: dict[str, Any] = {"fontsize": SMALL - 1, "family": list(font_families()), "zorder": 6, "clip_on": True}
    for number, region in reversed(list(enumerate(seen.strongest(look.outlined), 1))):
        assert region.box is not None
        outline(region.box, edgecolor="black", linewidth=2.2, alpha=0.55)
        x, y = outline(region.box, edgecolor=colour_of("regions"), linewidth=1.1)
        tag: dict[str, Any] = {"facecolor": colour_of("regions"), "edgecolor": "none", "pad": 0.9}
        axes.text(x + 0.025, y + 0.025, str(number), color="white", ha="left", va="top", bbox=tag, **words)
    for cause in seen.causes if look.planted else ():
        outline(cause.box, edgecolor="black", linewidth=2.0, alpha=0.8)
        x, y = outline(cause.box, edgecolor="white", linewidth=1.0, linestyle=(0, (3, 2)))
        label = axes.text(x, y - 0.015, plain(planted_words(cause)), color="white", ha="left", va="bottom", **words)
        label.set_path_effects([patheffects.withStroke(linewidth=1.6, foreground="black")])


def planted_words(cause: PlantedBox) -> str:
    """What stands beside a planted box."""
    return shorten(f"{PLANTED}: {cause.label}" if cause.label else PLANTED, 24)


def draw_scale(area: Area, scale: Scale, left: float, top: float, width: float, opacity: float) -> None:
    """The colour bar, ``width`` inches wide, its numbers under it and its meaning at its right."""
    ramp = area.axes(left, top, width, 0.08)
    ramp.imshow(_ramp(scale, opacity, area.theme)[None], aspect="auto", extent=(scale.low, scale.limit, 0, 1))
    ticks = scale.ticks()
    ramp.set_xticks(list(ticks), list(ticks.values()))
    ramp.tick_params(axis="x", length=1.5, width=0.5, pad=1, labelsize=SMALL, color=area.theme.line)
    ramp.tick_params(axis="x", labelcolor=area.theme.muted)
    area.write(left + width + 0.1, top + 0.04, scale.title, SMALL, color=area.theme.muted)


def _ramp(scale: Scale, opacity: float, theme: Theme) -> Pixels:
    """(STEPS, 3) the colours of a scale as they look over the page."""
    steps = np.linspace(scale.low, scale.limit, STEPS)
    page = np.full((1, STEPS, 3), [int(theme.tile[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
    return scale.paint(page, steps[None], opacity)[0]


def plot_seen(
    canvas: Canvas, seen: Seen, scale: Scale, look: Look, room: tuple[float, float, float, float], hover: bool = True
) -> Pair:
    """A picture with heat and outlines, undistorted, in the ``room``: fractions left and right, pixels top and height.

    With ``hover`` the numbers of a region show under the pointer, and a click gives its id.
    """
    height, width = seen.shape
    left, right, top, tall = room
    at = canvas.axes(
        left, right, top, tall,
        {"range": [0, width], "constrain": "domain"},
        {"range": [height, 0], "constrain": "domain", "constraintoward": "top"},
    )  # fmt: skip
    canvas.figure.update_layout({"yaxis" + at.y[1:]: {"scaleanchor": at.x}})
    canvas.figure.add_layout_image(
        source=uri(scale.paint(seen.pixels, seen.heat, look.opacity)), xref=at.x, yref=at.y, x=0, y=0, sizex=width, sizey=height,
        sizing="stretch", layer="below",
    )  # fmt: skip

    def outline(corners: Sequence[float], **line: Any) -> tuple[float, float]:
        x0, y0 = corners[0] * width, corners[1] * height
        canvas.figure.add_shape(
            type="rect", xref=at.x, yref=at.y, x0=x0, y0=y0, x1=corners[2] * width, y1=corners[3] * height, line=line
        )
        return x0, y0

    for number, region in reversed(list(enumerate(seen.strongest(look.outlined), 1))):
        assert region.box is not None
        outline(region.box, color="rgba(0,0,0,0.55)", width=4)
        x, y = outline(region.box, color=colour_of("regions"), width=2)
        canvas.figure.add_annotation(
            x=x, y=y, xref=at.x, yref=at.y, text=f"<b>{number}</b>", showarrow=False, xanchor="left", yanchor="top",
            bgcolor=colour_of("regions"), borderpad=1, font={"size": SCREEN_SMALL, "color": "white"},
        )  # fmt: skip
    for cause in seen.causes if look.planted else ():
        outline(cause.box, color="rgba(0,0,0,0.8)", width=4)
        x, y = outline(cause.box, color="white", width=2, dash="dash")
        canvas.figure.add_annotation(
            x=x, y=y, xref=at.x, yref=at.y, text=markup(planted_words(cause)), showarrow=False, xanchor="left",
            yanchor="bottom", bgcolor="rgba(0,0,0,0.65)", borderpad=1, font={"size": SCREEN_SMALL, "color": "white"},
        )  # fmt: skip
    if hover:
        boxes = boxes_of(seen.regions) * [width, height, width, height]
        _targets(canvas, at, (boxes[:, :2] + boxes[:, 2:]) / 2, seen.regions)
    return at


def _targets(canvas: Canvas, at: Pair, middles: NDArray[np.float64], regions: Sequence[Element]) -> None:
    """Unseen marks in the middle of the regions, for the pointer."""
    unseen = {"marker": {"opacity": 0}}
    canvas.figure.add_trace(
        go.Scatter(
            x=middles[:, 0], y=middles[:, 1], mode="markers", xaxis=at.x, yaxis=at.y, name="regions",
            hovertext=[hover_text(region, None) for region in regions], hoverinfo="text",
            customdata=[str(region.id) for region in regions], marker={"size": 22, "symbol": "square", "opacity": 0},
            selected=unseen, unselected=unseen,
        )
    )  # fmt: skip


def plot_scale(canvas: Canvas, scale: Scale, x: float, top: float, length: float, opacity: float) -> None:
    """The colour bar lying at the fraction ``x``, its title above it, its numbers under it."""
    colours = [to_hex(colour / 255) for colour in _ramp(scale, opacity, canvas.theme)]
    ticks = scale.ticks()
    at = canvas.axes(0, 0.0001, top, 1, {"range": [0, 1]}, {"range": [0, 1]})
    bar = {
        "orientation": "h", "thickness": 10, "lenmode": "pixels", "len": length, "x": x, "xanchor": "left",
        "y": canvas.y(top), "yanchor": "top", "outlinewidth": 0, "tickvals": list(ticks), "xpad": 0, "ypad": 0,
        "ticktext": list(ticks.values()), "tickfont": {"size": SCREEN_SMALL, "color": canvas.theme.muted},
        "title": {"text": scale.title, "side": "top", "font": {"size": SCREEN_SMALL, "color": canvas.theme.muted}},
    }  # fmt: skip
    steps = [[i / (STEPS - 1), colour] for i, colour in enumerate(colours)]
    canvas.figure.add_trace(
        go.Scatter(
            x=[None], y=[None], mode="markers", xaxis=at.x, yaxis=at.y, hoverinfo="skip", name="scale",
            marker={
                "color": [scale.low], "cmin": scale.low, "cmax": scale.limit, "colorscale": steps, "showscale": True,
                "colorbar": bar,
            },
        )
    )  # fmt: skip
