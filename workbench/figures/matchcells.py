"""The matrix of regions and words on the screen, to touch."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from workbench.figures import icons
from workbench.figures.match import Match, Shown
from workbench.figures.page import Canvas, Pair
from workbench.figures.style import NEGATIVE, POSITIVE, SCREEN_SMALL, colour_of, ink_on, mix
from workbench.figures.text import markup, shorten, signed_text, weight_text
from workbench.figures.thumbnails import cut

ROW: Final = 34
NAMES: Final = 88
PICTURE: Final = 0.36
"""Share of the page at the left that the picture has."""
PRINTED: Final = 9
"""Up to this many columns have their numbers printed."""


def rows_pixels(shown: Shown) -> float:
    """Pixels the matrix takes downwards."""
    return NAMES + ROW * max(len(shown.regions), 1)


def plot_cells(canvas: Canvas, match: Match, shown: Shown, top: float) -> None:
    """Rows of regions, columns of words, and how relevant each region is, beginning ``top`` pixels down."""
    rows = len(shown.regions)
    body, tall = top + NAMES, rows * ROW
    down = {"range": [rows - 0.5, -0.5]}
    left, right = PICTURE + 0.08, 0.86
    side = canvas.axes(PICTURE, left, body, tall, {"range": [0, 1]}, down)
    for row, region in enumerate(shown.regions):
        piece = cut(match.pixels, match.map.boxes[region])
        icons.plot_pixels(canvas, side, piece, 0.7, row, (0.5, 0.86))
        _write(canvas, side, 0.34, row, str(region + 1), "right")
    right = min(right, left + 0.07 * len(shown.words))
    if shown.words:
        _plot_weights(canvas, match, shown, (left, right, body, tall))
    at = canvas.axes(right + 0.01, 1 if right > 0.8 else right + 0.14, body, tall, {"range": [-1.1, 3]}, down)
    values = [match.map.relevance[region] for region in shown.regions]
    pattern = {"shape": ["" if v >= 0 else "/" for v in values], "fgcolor": NEGATIVE, "size": 4}
    faces = [POSITIVE if v >= 0 else canvas.theme.background for v in values]
    edges = [canvas.theme.text if v >= 0 else NEGATIVE for v in values]
    canvas.figure.add_trace(
        go.Bar(
            x=values, y=list(range(rows)), orientation="h", width=0.4, xaxis=at.x, yaxis=at.y, name="relevance",
            hovertext=[f"region {r + 1}: relevance {signed_text(v)}"
                       for r, v in zip(shown.regions, values, strict=True)],
            hoverinfo="text", marker={"color": faces, "line": {"color": edges, "width": 1}, "pattern": pattern},
        )
    )  # fmt: skip
    zero = {"zeroline": True, "zerolinecolor": canvas.theme.muted, "zerolinewidth": 1}
    canvas.figure.update_layout({"xaxis" + at.x[1:]: zero})
    for row, value in enumerate(values):
        _write(canvas, at, 3, row, signed_text(value), "right")
    canvas.write(right + 0.01, body - 10, "relevance", SCREEN_SMALL, color=canvas.theme.muted)


def _plot_weights(canvas: Canvas, match: Match, shown: Shown, room: tuple[float, float, float, float]) -> None:
    theme, columns = canvas.theme, len(shown.words)
    down = {"range": [len(shown.regions) - 0.5, -0.5]}
    at = canvas.axes(*room, {"range": [-0.5, columns - 0.5]}, down)
    weights = match.weights[np.ix_(shown.regions, shown.words)]
    names = [markup(match.map.words[word]) for word in shown.words]
    steps = np.linspace(0, 1, 32)
    scale = [[float(s), mix(colour_of("words"), theme.background, match.strength(s))] for s in steps]
    canvas.figure.add_trace(
        go.Heatmap(
            z=weights, zmin=0, zmax=1, colorscale=scale, showscale=False, xgap=1, ygap=1, xaxis=at.x, yaxis=at.y,
            hoverinfo="skip", name="match",
        )
    )  # fmt: skip
    # A heatmap tells the app no clicks, so that unseen markers take them.
    places, unseen = list(np.ndindex(weights.shape)), {"marker": {"opacity": 0}}
    canvas.figure.add_trace(
        go.Scatter(
            x=[column for _, column in places], y=[row for row, _ in places], mode="markers", xaxis=at.x,
            yaxis=at.y, customdata=[shown.words[column] for _, column in places], hoverinfo="text", name="cells",
            hovertext=[f"region {shown.regions[row] + 1} · {names[column]}: "
                       f"{markup(weight_text(float(weights[row, column])))}" for row, column in places],
            marker={"size": ROW * 0.8, "symbol": "square", "opacity": 0}, selected=unseen,
            unselected=unseen,
        )
    )  # fmt: skip
    if columns <= PRINTED:
        for (row, column), weight in np.ndenumerate(weights):
            if match.is_printed(weight):
                ink = ink_on(mix(colour_of("words"), theme.background, match.strength(weight)))
                _write(canvas, at, column, row, markup(weight_text(float(weight))), "center", ink)
    for column, word in enumerate(shown.words):
        label = markup(shorten(match.map.words[word], 13))
        canvas.figure.add_annotation(
            x=column, y=-0.5, xref=at.x, yref=at.y, text=f"<b>{label}</b>" if word == match.word else label,
            textangle=-90, showarrow=False, yanchor="bottom", font={"size": SCREEN_SMALL, "color": theme.text},
        )  # fmt: skip
    if match.word is not None:
        chosen = shown.words.index(match.word)
        canvas.figure.add_shape(
            type="rect", xref=at.x, yref=at.y, x0=chosen - 0.5, x1=chosen + 0.5, y0=-0.5,
            y1=len(shown.regions) - 0.5, line={"color": theme.text, "width": 2},
        )  # fmt: skip


def _write(canvas: Canvas, at: Pair, x: float, y: float, text: str, anchor: str, colour: str | None = None) -> None:
    canvas.figure.add_annotation(
        x=x, y=y, xref=at.x, yref=at.y, text=text, xanchor=anchor, showarrow=False,
        font={"size": SCREEN_SMALL, "color": colour or canvas.theme.muted},
    )  # fmt: skip
