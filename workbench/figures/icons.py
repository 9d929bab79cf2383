"""Elements look the same everywhere: an image is a square thumbnail, a person a round chip with initials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from workbench.explain.explanation import Element
from workbench.figures.page import Canvas, Pair
from workbench.figures.style import SCREEN_SMALL, Theme, colour_of, font_families
from workbench.figures.text import initials, markup, plain, text_width
from workbench.figures.thumbnails import cut, picture, picture_path, thumbnail, uri

PICTURE_KINDS: Final = {"image", "frame", "region"}
PAPER_PIXELS: Final = 240
SCREEN_PIXELS: Final = 200
WHOLE_PIXELS: Final = 720
"""Longer side of a picture that regions are cut from or drawn on."""
_POINTS: Final = 72.0


def has_icon(element: Element) -> bool:
    """Whether an element is shown by a picture or a chip."""
    return element.kind in PICTURE_KINDS or element.kind == "person"


def draw_icon(axes: Axes, element: Element, root: Path | None, x: float, y: float, radius: float, theme: Theme) -> None:
    """The icon centred at (x, y) on axes in inches; ``radius`` is half its width."""
    if element.kind == "person":
        draw_chip(axes, element.label, x, y, radius, theme)
    else:
        draw_square(axes, element, root, x, y, radius, theme)


def draw_chip(
    axes: Axes, label: str, x: float, y: float, radius: float, theme: Theme, ring: str | None = None, width: float = 0.7
) -> None:
    """A person: round, initials inside, an optional coloured ring."""
    edge = ring or theme.muted
    axes.add_patch(Circle((x, y), radius, facecolor=theme.tile, edgecolor=edge, linewidth=width, zorder=5))
    _inside(axes, initials(label), x, y, 1.5 * radius, 0.75 * radius, theme)


def draw_square(
    axes: Axes, element: Element, root: Path | None, x: float, y: float, radius: float, theme: Theme
) -> None:
    """An image: its centre crop, or a neutral tile with its id where the dataset has no picture; a region: its part."""
    corner, side = (x - radius, y - radius), 2 * radius
    path = picture_path(root, element.image)
    if path is None:
        axes.add_patch(Rectangle(corner, side, side, facecolor=theme.tile, edgecolor=theme.line, linewidth=0.6))
        _inside(axes, str(element.id), x, y, 0.85 * side, 0.4 * side, theme)
        return
    edge = theme.line if element.box is None else colour_of("regions")
    draw_pixels(axes, pixels_of(element, path, PAPER_PIXELS), x, y, radius, edge)


def draw_pixels(axes: Axes, pixels: NDArray[np.uint8], x: float, y: float, radius: float, edge: str) -> None:
    """A picture (height, width, 3), undistorted, its longer side twice the ``radius``."""
    limits = axes.get_xlim(), axes.get_ylim()
    tall, wide = (radius * n / max(pixels.shape[:2]) for n in pixels.shape[:2])
    extent = (x - wide, x + wide, y + tall, y - tall)
    axes.imshow(pixels, extent=extent, aspect="auto", interpolation="antialiased", zorder=2)
    axes.set(xlim=limits[0], ylim=limits[1])
    frame = Rectangle(
        (x - wide, y - tall), 2 * wide, 2 * tall, facecolor="none", edgecolor=edge, linewidth=0.5, zorder=3
    )
    axes.add_patch(frame)


def pixels_of(element: Element, path: Path, size: int) -> NDArray[np.uint8]:
    """What the icon of an element shows: the centre crop of its picture, or for a region its part of the picture."""
    return thumbnail(path, size) if element.box is None else cut(picture(path, WHOLE_PIXELS), element.box)


def plot_icons(
    canvas: Canvas,
    at: Pair,
    elements: Sequence[Element],
    root: Path | None,
    x: Sequence[float],
    y: Sequence[float],
    size: float,
    image_size: tuple[float, float] = (0.12, 0.86),
) -> None:
    """Icons centred at (x, y): chips ``size`` pixels wide, pictures at most ``image_size`` in axis units."""
    people = [i for i, element in enumerate(elements) if element.kind == "person"]
    tiles = []
    for i, element in enumerate(elements):
        if element.kind not in PICTURE_KINDS:
            continue
        path = picture_path(root, element.image)
        if path is None:
            tiles.append(i)
            continue
        plot_pixels(canvas, at, pixels_of(element, path, SCREEN_PIXELS), x[i], y[i], image_size)
    for indices, symbol, words in (
        (people, "circle", [initials(elements[i].label) for i in people]),
        (tiles, "square", ["" if size < 40 else markup(elements[i].id) for i in tiles]),
    ):
        if indices:
            canvas.figure.add_trace(
                go.Scatter(
                    x=[x[i] for i in indices],
                    y=[y[i] for i in indices],
                    text=words,
                    mode="markers+text",
                    textfont={"size": SCREEN_SMALL - 1, "color": canvas.theme.text},
                    marker={
                        "symbol": symbol,
                        "size": size,
                        "color": canvas.theme.tile,
                        "line": {"color": canvas.theme.muted, "width": 1},
                        "opacity": 1,
                    },
                    xaxis=at.x,
                    yaxis=at.y,
                    hoverinfo="skip",
                    cliponaxis=False,
                    name="icons",
                )
            )


def plot_pixels(
    canvas: Canvas, at: Pair, pixels: NDArray[np.uint8], x: float, y: float, size: tuple[float, float]
) -> None:
    """A picture (height, width, 3) centred at (x, y), undistorted, at most ``size`` in axis units."""
    canvas.figure.add_layout_image(
        source=uri(pixels), xref=at.x, yref=at.y, x=x, y=y, sizing="contain", sizex=size[0], sizey=size[1],
        xanchor="center", yanchor="middle",
    )  # fmt: skip


def _inside(axes: Axes, text: str, x: float, y: float, width: float, height: float, theme: Theme) -> None:
    size = min(height * _POINTS, 12.0)
    size *= min(1.0, width / max(text_width(text, size), 1e-6))
    axes.text(
        x,
        y,
        plain(text),
        fontsize=size,
        color=theme.text,
        ha="center",
        va="center_baseline",
        family=list(font_families()),
        zorder=6,
    )
