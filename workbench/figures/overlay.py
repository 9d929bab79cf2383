"""A picture under heat on paper and on the screen: outlines of the strongest regions and of the planted cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from workbench.explain.explanation import Element
from workbench.explain.heat import boxes_of
from workbench.figures.looks import Look, Pixels, Scale, Seen, planted_words
from workbench.figures.page import Area, Canvas, Pair
from workbench.figures.style import SCREEN_SMALL, SMALL, colour_of, font_families
from workbench.figures.text import fit, hover_text, markup, plain
from workbench.figures.thumbnails import uri

if TYPE_CHECKING:
    from workbench.explain.regions import PlantedBox

STEPS: Final = 64
MIDDLE_GREY: Final = 176
HIGH: Final = 0.08
"""A box that begins above this fraction of the height has its label inside."""


def draw_seen(axes: Axes, seen: Seen, scale: Scale, look: Look, box: tuple[float, float, float, float]) -> None:
    """A picture with heat and outlines, as large as fits the ``box`` (left, top, width, height) of axes in inches."""
    height, width = seen.shape
    unit = min(box[2] / width, box[3] / height)
    left, top = box[0] + (box[2] - unit * width) / 2, box[1] + (box[3] - unit * height) / 2
    limits = axes.get_xlim(), axes.get_ylim()
    extent = (left, left + unit * width, top + unit * height, top)
    axes.imshow(
        scale.over(seen, look.opacity),
        extent=extent,
        aspect="auto",
        interpolation="antialiased",
        zorder=2,
    )
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
        x, y = outline(region.box, edgecolor=_hue(region), linewidth=1.1)
        if look.outlined > 1:
            tag: dict[str, Any] = {"facecolor": _hue(region), "edgecolor": "none", "pad": 0.9}
            axes.text(x + 0.025, y + 0.025, str(number), color="white", ha="left", va="top", bbox=tag, **words)
    for cause in seen.causes if look.planted else ():
        x0, y0, x1, y1 = cause.box
        wide, tall = unit * width, unit * height
        draw_cause(axes, cause, (left + x0 * wide, top + y0 * tall, left + x1 * wide, top + y1 * tall))


def draw_cause(axes: Axes, cause: PlantedBox, corners: Sequence[float], *, below: bool = False) -> None:
    """A planted box dashed, with its words above it or ``below``; ``corners`` x0, y0, x1, y1 on axes in inches."""
    x0, y0, x1, y1 = corners
    styles: tuple[dict[str, Any], ...] = (
        {"edgecolor": "black", "linewidth": 2.0, "alpha": 0.8},
        {"edgecolor": "white", "linewidth": 1.0, "linestyle": (0, (3, 2))},
    )
    for style in styles:
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor="none", zorder=4, **style))
    fits = cause.box[3] < 1 - HIGH if below else cause.box[1] > HIGH
    edge, away = (y1, 0.015) if below else (y0, -0.015)
    label = axes.text(
        x0 + (0 if fits else 0.03), edge + (away if fits else -1.4 * away), plain(planted_words(cause)), color="white",
        ha="left", va="top" if fits == below else "bottom", fontsize=SMALL - 1, family=list(font_families()), zorder=6,
        clip_on=True,
    )  # fmt: skip
    label.set_path_effects([patheffects.withStroke(linewidth=1.6, foreground="black")])


def _hue(region: Element) -> str:
    return colour_of("attributes" if region.kind == "attribute" else "regions")


def draw_scale(area: Area, scale: Scale, top: float, words: str, opacity: float) -> None:
    """The colour bar, its numbers under it, its meaning and further ``words`` at its right."""
    left, width = 0.08, min(1.6, 0.4 * area.width)
    ramp = area.axes(left, top, width, 0.08)
    ramp.imshow(_ramp(scale, opacity)[None], aspect="auto", extent=(0, 1, 0, 1))
    ticks = scale.ticks()
    ramp.set_xticks(list(ticks), list(ticks.values()))
    ramp.tick_params(axis="x", length=1.5, width=0.5, pad=1, labelsize=SMALL, color=area.theme.line)
    ramp.tick_params(axis="x", labelcolor=area.theme.muted)
    room = area.width - left - width - 0.12
    for line, text in enumerate((scale.title, words)):
        area.write(left + width + 0.12, top + 0.04 + 0.12 * line, fit(text, room, SMALL), SMALL, color=area.theme.muted)


def _ramp(scale: Scale, opacity: float) -> Pixels:
    """(STEPS, 3) the colours of a scale as they look over a picture neither light nor dark."""
    steps = np.linspace(0, 1, STEPS)
    page = np.full((1, STEPS, 3), MIDDLE_GREY, np.uint8)
    colours: Pixels = scale.paint(page, steps[None], opacity, scale.colours)[0]
    return colours


def plot_seen(
    canvas: Canvas, seen: Seen, scale: Scale, look: Look, room: tuple[float, float, float, float], alone: bool = True
) -> Pair:
    """A picture with heat and outlines, undistorted, in the ``room``: fractions left and right, pixels top and height.

    A picture ``alone`` stands at the left, tells the numbers of a region under the pointer and gives its id on a click;
    one of several stands above what is written under it.
    """
    height, width = seen.shape
    left, right, top, tall = room
    at = canvas.axes(
        left, right, top, tall,
        {"range": [0, width], "constrain": "domain", "constraintoward": "left" if alone else "center"},
        {"range": [height, 0], "constrain": "domain", "constraintoward": "top" if alone else "bottom"},
    )  # fmt: skip
    canvas.figure.update_layout({"yaxis" + at.y[1:]: {"scaleanchor": at.x}})
    canvas.figure.add_layout_image(
        source=uri(scale.over(seen, look.opacity)), xref=at.x, yref=at.y, x=0, y=0, sizex=width,
        sizey=height, sizing="stretch", layer="below",
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
        x, y = outline(region.box, color=_hue(region), width=2)
        if look.outlined > 1:
            canvas.figure.add_annotation(
                x=x, y=y, xref=at.x, yref=at.y, text=f"<b>{number}</b>", showarrow=False, xanchor="left", yanchor="top",
                bgcolor=_hue(region), borderpad=1, font={"size": SCREEN_SMALL, "color": "white"},
            )  # fmt: skip
    for cause in seen.causes if look.planted else ():
        plot_cause(canvas, at, cause, (width, height))
    if alone:
        boxes = boxes_of(seen.regions) * [width, height, width, height]
        _targets(canvas, at, (boxes[:, :2] + boxes[:, 2:]) / 2, seen.regions)
    return at


def plot_cause(canvas: Canvas, at: Pair, cause: PlantedBox, size: tuple[float, float], *, below: bool = False) -> None:
    """A planted box dashed on a picture of some ``size``, width and height, with its words above it or ``below``."""
    x0, y0, x1, y1 = (edge * size[i % 2] for i, edge in enumerate(cause.box))
    for line in ({"color": "rgba(0,0,0,0.8)", "width": 4}, {"color": "white", "width": 2, "dash": "dash"}):
        canvas.figure.add_shape(type="rect", xref=at.x, yref=at.y, x0=x0, y0=y0, x1=x1, y1=y1, line=line)
    fits = cause.box[3] < 1 - HIGH if below else cause.box[1] > HIGH
    canvas.figure.add_annotation(
        x=x0, y=y1 if below else y0, xref=at.x, yref=at.y, text=markup(planted_words(cause)), showarrow=False,
        xanchor="left", yanchor="top" if fits == below else "bottom", bgcolor="rgba(0,0,0,0.65)", borderpad=1,
        font={"size": SCREEN_SMALL, "color": "white"},
    )  # fmt: skip


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


def plot_scale(canvas: Canvas, scale: Scale, top: float, words: str, opacity: float) -> None:
    """The colour bar, its numbers under it, its meaning and further ``words`` at its right."""
    lines = "<br>".join(markup(line) for line in (scale.title, words) if line)
    canvas.write(0.34, top, lines, SCREEN_SMALL, yanchor="top", color=canvas.theme.muted)
    colours = [to_hex(colour / 255) for colour in _ramp(scale, opacity)]
    ticks = scale.ticks()
    at = canvas.axes(0, 0.0001, top, 1, {"range": [0, 1]}, {"range": [0, 1]})
    bar = {
        "orientation": "h", "thickness": 10, "lenmode": "fraction", "len": 0.3, "x": 0.008, "xanchor": "left",
        "y": canvas.y(top), "yanchor": "top", "outlinewidth": 0, "tickvals": list(ticks), "xpad": 0, "ypad": 0,
        "ticktext": list(ticks.values()), "tickfont": {"size": SCREEN_SMALL, "color": canvas.theme.muted},
    }  # fmt: skip
    steps = [[i / (STEPS - 1), colour] for i, colour in enumerate(colours)]
    canvas.figure.add_trace(
        go.Scatter(
            x=[None], y=[None], mode="markers", xaxis=at.x, yaxis=at.y, hoverinfo="skip", name="scale",
            marker={
                "color": [0], "cmin": 0, "cmax": 1, "colorscale": steps, "showscale": True,
                "colorbar": bar,
            },
        )
    )  # fmt: skip
