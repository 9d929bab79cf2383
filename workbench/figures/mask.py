"""A picture to draw on: its regions, those that are left out marked; a box, a line or a click picks some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import plotly.graph_objects as go

from workbench.explain.explanation import Element, Id
from workbench.explain.heat import boxes_of
from workbench.figures.looks import Pixels
from workbench.figures.page import SCREEN_MARGIN, Canvas
from workbench.figures.style import ThemeName, colour_of, theme_named
from workbench.figures.text import markup
from workbench.figures.thumbnails import shrunk, uri

Pen = Literal["box", "line", "click"]
"""What regions are picked with: a rectangle, a line of any shape round them, or a click on each."""
DRAGS: Final[dict[Pen, str | bool]] = {"box": "select", "line": "lasso", "click": False}
SIDE: Final = 340
"""Pixels of the longer side on the screen."""


def mask_plotly(
    pixels: Pixels,
    regions: Sequence[Element],
    gone: Sequence[Id],
    *,
    pen: Pen = "box",
    seen: bool = False,
    theme: ThemeName = "light",
) -> go.Figure:
    """The picture with its regions; axes are fractions of its width and height, each point has the id of its region.

    Args:
        pixels: (height, width, 3) RGB.
        regions: with boxes.
        gone: ids of those left out, which are covered and crossed.
        pen: what is drawn with.
        seen: whether what is left out stays to be seen under its cross, because the picture shows it blurred.
        theme: of the screen.
    """
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    colours, hue = theme_named(theme), colour_of("regions")
    canvas = Canvas(scale * height, colours)
    canvas.figure.update_layout(
        width=scale * width + 2 * SCREEN_MARGIN, dragmode=DRAGS[pen],
        margin={"l": SCREEN_MARGIN}, newselection={"line": {"color": hue, "width": 2, "dash": "dash"}},
    )  # fmt: skip
    at = canvas.axes(0, 1, 0, scale * height, {"range": [0, 1]}, {"range": [1, 0]})
    canvas.figure.add_layout_image(
        source=uri(shrunk(pixels, 2 * SIDE)), xref=at.x, yref=at.y, x=0, y=0, sizex=1, sizey=1, sizing="stretch",
        layer="below",
    )  # fmt: skip
    boxes = boxes_of(regions)
    out = [region.id in gone for region in regions]
    for (x0, y0, x1, y1), is_gone in zip(boxes.tolist(), out, strict=True):
        fill = colours.background if is_gone and not seen else "rgba(0,0,0,0)"
        canvas.figure.add_shape(
            type="rect", xref=at.x, yref=at.y, x0=x0, y0=y0, x1=x1, y1=y1, fillcolor=fill, opacity=0.85,
            layer="between",
            line={"color": hue if is_gone else "rgba(255,255,255,0.55)", "width": 2 if is_gone else 1},
        )  # fmt: skip
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    does = ["left out" if is_gone else "" for is_gone in out]
    canvas.figure.add_trace(
        go.Scatter(
            x=middles[:, 0], y=middles[:, 1], mode="markers", xaxis=at.x, yaxis=at.y, name="regions",
            customdata=[str(region.id) for region in regions], hoverinfo="text",
            hovertext=[f"<b>{markup(one.label)}</b><br>{words}" for one, words in zip(regions, does, strict=True)],
            marker={
                "size": 16, "symbol": "x-thin", "opacity": np.where(out, 1.0, 0.0).tolist(),
                "line": {"color": hue, "width": 3},
            },
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 0.4}},
        )
    )  # fmt: skip
    return canvas.figure.drawn()
