"""The marks, each drawn in one place for paper and one for the screen.

Attention is a filled bar, a contribution a lollipop from zero (full head plus, hollow head minus), a removal a small
tick with ``rank 1 → 4``, a liking a diamond on a track from 0 to 1 (full from the middle on, hollow below). A second
user's bars are hatched, the heads of her lollipops square. Positions and lengths are in the data units of the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from workbench.figures.page import Pair
from workbench.figures.style import SCREEN_SMALL, SMALL, Theme, font_families, mix
from workbench.figures.text import plain

BAR: Final = 0.5
"""Thickness of a bar where rows are one unit apart."""
HATCH: Final = "/////"
SCREEN_HATCH: Final = "/"
"""What tells the bars of a second run or user."""
EVEN: Final = 0.5
"""A liking that says neither yes nor no."""

Lengths = Sequence[float | None]
Origins = Sequence[float]


def attention_bars(
    axes: Axes,
    y: Sequence[float],
    lengths: Lengths,
    colours: Sequence[str],
    theme: Theme,
    *,
    origins: Origins | None = None,
    thickness: float = BAR,
    second: bool = False,
) -> None:
    """Filled bars to the right of ``origins`` (zero by default), hatched for a ``second`` user; None draws nothing."""
    style: dict[str, Any] = {"height": thickness, "edgecolor": theme.text, "linewidth": 0.3}
    drawn = zip(y, lengths, colours, origins or [0.0] * len(y), strict=True)
    bars = [(at, length, colour, left) for at, length, colour, left in drawn if length is not None]
    if bars and not second:
        # All at once: what axes do for bars takes as long for one as for ten.
        at, widths, hues, left = map(list, zip(*bars, strict=True))
        axes.barh(at, widths, left=left, color=hues, **style)
        return
    for position, length, colour, origin in bars:
        fill = {"facecolor": mix(colour, theme.background, 0.35), "hatch": HATCH, "hatchcolor": colour}
        axes.barh(position, length, left=origin, **(fill | style))


def contribution_lollipops(
    axes: Axes,
    y: Sequence[float],
    lengths: Lengths,
    colours: Sequence[str],
    theme: Theme,
    *,
    origins: Origins | None = None,
    second: bool = False,
) -> None:
    """Stems from ``origins`` (zero by default) with a head: full for plus, hollow for minus; None draws nothing.

    The heads of a ``second`` user are square, her stems dotted.
    """
    head, stem = ("s", "dotted") if second else ("o", "solid")
    for position, length, colour, origin in zip(y, lengths, colours, origins or [0.0] * len(y), strict=True):
        if length is None:
            continue
        line: dict[str, Any] = {"linestyle": stem, "linewidth": 1.3, "color": colour}
        axes.add_line(Line2D([origin, origin + length], [position, position], zorder=3, **line))
        face = colour if length >= 0 else theme.background
        style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": colour, "markeredgewidth": 1.1}
        style |= {"marker": head, "markersize": 4.2 if second else 4.6, "linestyle": "none"}
        axes.add_line(Line2D([origin + length], [position], clip_on=False, zorder=4, **style))


def removal_ticks(axes: Axes, x: Sequence[float], y: Sequence[float], texts: Sequence[str], theme: Theme) -> None:
    """A small tick and its words, e.g. ``rank 1 → 4``; empty words draw nothing."""
    for across, position, text in zip(x, y, texts, strict=True):
        if not text:
            continue
        tick: dict[str, Any] = {"marker": "|", "markersize": 5, "markeredgewidth": 1.1, "linestyle": "none"}
        axes.add_line(Line2D([across], [position], color=theme.text, clip_on=False, **tick))
        axes.annotate(
            plain(text),
            (across, position),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=theme.muted,
            family=list(font_families()),
            annotation_clip=False,
        )


def liking_diamonds(
    axes: Axes, y: Sequence[float], likings: Lengths, colours: Sequence[str], theme: Theme, *, height: float
) -> None:
    """Diamonds on tracks from 0 to 1 with their middle marked, ``height`` high; None draws nothing."""
    for position, liking, colour in zip(y, likings, colours, strict=True):
        if liking is None:
            continue
        axes.add_line(Line2D([0, 1], [position, position], color=theme.line, linewidth=0.8, zorder=2, clip_on=False))
        ends = [position - height / 2, position + height / 2]
        axes.add_line(Line2D([EVEN, EVEN], ends, color=theme.muted, linewidth=0.6, zorder=2))
        face = colour if liking >= EVEN else theme.background
        style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": colour, "markeredgewidth": 1.0}
        style |= {"marker": "D", "markersize": 3.8, "linestyle": "none"}
        axes.add_line(Line2D([liking], [position], clip_on=False, zorder=4, **style))


def attention_trace(
    at: Pair,
    y: Sequence[float],
    lengths: Lengths,
    colours: Sequence[str],
    theme: Theme,
    *,
    origins: Origins | None = None,
    thickness: float = BAR,
    hover: Sequence[str] = (),
    ids: Sequence[object] = (),
    second: bool = False,
) -> go.Bar:
    """The bars as one trace, hatched for a ``second`` user; ``ids`` come back to the app when a bar is clicked."""
    hatched = {"pattern": {"shape": SCREEN_HATCH, "fillmode": "replace", "size": 6, "solidity": 0.4}}
    return go.Bar(
        x=list(lengths),
        y=list(y),
        base=list(origins or [0.0] * len(y)),
        orientation="h",
        width=thickness,
        xaxis=at.x,
        yaxis=at.y,
        name="attention",
        customdata=list(ids),
        hovertext=list(hover),
        hoverinfo="text",
        marker={"color": list(colours), "line": {"color": theme.text, "width": 0.5}} | (hatched if second else {}),
        textposition="none",
    )


def contribution_traces(
    at: Pair,
    y: Sequence[float],
    lengths: Lengths,
    colours: Sequence[str],
    theme: Theme,
    *,
    origins: Origins | None = None,
    hover: Sequence[str] = (),
    ids: Sequence[object] = (),
    second: bool = False,
) -> list[go.Scatter]:
    """The stems, one trace for each hue, then the heads as one trace; a ``second`` user's dotted and square."""
    stem = {"width": 2.5, "dash": "dot" if second else "solid"}
    starts = list(origins or [0.0] * len(y))
    shown = [i for i, length in enumerate(lengths) if length is not None]
    ends = {i: starts[i] + (lengths[i] or 0.0) for i in shown}
    traces = []
    for colour in dict.fromkeys(colours[i] for i in shown):
        rows = [i for i in shown if colours[i] == colour]
        traces.append(
            go.Scatter(
                x=[value for i in rows for value in (starts[i], ends[i], None)],
                y=[value for i in rows for value in (y[i], y[i], None)],
                mode="lines", line=stem | {"color": colour}, xaxis=at.x, yaxis=at.y, hoverinfo="skip",
                name="contribution stem",
            )
        )  # fmt: skip
    heads = {
        "size": 10,
        "color": [colours[i] if (lengths[i] or 0.0) >= 0 else theme.background for i in shown],
        "line": {"color": [colours[i] for i in shown], "width": 2},
        "opacity": 1,
        "symbol": "square" if second else "circle",
    }
    traces.append(
        go.Scatter(
            x=[ends[i] for i in shown],
            y=[y[i] for i in shown],
            mode="markers",
            marker=heads,
            cliponaxis=False,
            xaxis=at.x,
            yaxis=at.y,
            name="contribution",
            hoverinfo="text",
            hovertext=[hover[i] for i in shown] if hover else None,
            customdata=[ids[i] for i in shown] if ids else None,
        )
    )
    return traces


def liking_traces(
    at: Pair,
    y: Sequence[float],
    likings: Lengths,
    colours: Sequence[str],
    theme: Theme,
    *,
    height: float,
    hover: Sequence[str] = (),
    ids: Sequence[object] = (),
) -> list[go.Scatter]:
    """Tracks from 0 to 1 with their middle marked, then the diamonds."""
    shown = [i for i, liking in enumerate(likings) if liking is not None]
    tracks = [(0, y[i], 1, y[i]) for i in shown]
    middles = [(EVEN, y[i] - height / 2, EVEN, y[i] + height / 2) for i in shown]
    quiet: dict[str, Any] = {"mode": "lines", "hoverinfo": "skip", "xaxis": at.x, "yaxis": at.y, "cliponaxis": False}
    lines = [
        go.Scatter(
            x=[value for x0, _, x1, _ in ends for value in (x0, x1, None)],
            y=[value for _, y0, _, y1 in ends for value in (y0, y1, None)],
            line={"color": colour, "width": 1}, name="liking track", **quiet,
        )
        for ends, colour in ((tracks, theme.line), (middles, theme.muted))
    ]  # fmt: skip
    faces = [colours[i] if (likings[i] or 0.0) >= EVEN else theme.background for i in shown]
    edges = {"color": [colours[i] for i in shown], "width": 2}
    diamonds = go.Scatter(
        x=[likings[i] for i in shown],
        y=[y[i] for i in shown],
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": faces, "line": edges, "opacity": 1},
        xaxis=at.x,
        yaxis=at.y,
        cliponaxis=False,
        name="liking",
        hoverinfo="text",
        hovertext=[hover[i] for i in shown] if hover else None,
        customdata=[ids[i] for i in shown] if ids else None,
    )
    return [*lines, diamonds]


def removal_trace(at: Pair, x: Sequence[float], y: Sequence[float], texts: Sequence[str], theme: Theme) -> go.Scatter:
    """The ticks and their words as one trace."""
    shown = [i for i, text in enumerate(texts) if text]
    return go.Scatter(
        x=[x[i] for i in shown],
        y=[y[i] for i in shown],
        text=["  " + texts[i] for i in shown],
        mode="markers+text",
        textposition="middle right",
        textfont={"size": SCREEN_SMALL, "color": theme.muted},
        hoverinfo="skip",
        marker={"symbol": "line-ns", "size": 9, "line": {"width": 2, "color": theme.text}},
        xaxis=at.x,
        yaxis=at.y,
        cliponaxis=False,
        name="removal",
    )
