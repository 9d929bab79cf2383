"""The three marks, each drawn in one place for paper and one for the screen.

Attention is a filled bar, a contribution a lollipop from zero (full head plus, hollow head minus), a removal a small
tick with ``rank 1 → 4``. Positions and lengths are in the data units of the axes given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go
from matplotlib.axes import Axes

from workbench.figures.page import Pair
from workbench.figures.style import SCREEN_SMALL, SMALL, Theme, font_families
from workbench.figures.text import plain

BAR: Final = 0.5
"""Thickness of a bar where rows are one unit apart."""

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
) -> None:
    """Filled bars to the right of ``origins`` (zero by default); None draws nothing."""
    for position, length, colour, origin in zip(y, lengths, colours, origins or [0.0] * len(y), strict=True):
        if length is not None:
            axes.barh(position, length, thickness, left=origin, color=colour, edgecolor=theme.text, linewidth=0.3)


def contribution_lollipops(
    axes: Axes,
    y: Sequence[float],
    lengths: Lengths,
    colours: Sequence[str],
    theme: Theme,
    *,
    origins: Origins | None = None,
) -> None:
    """Stems from ``origins`` (zero by default) with a head: full for plus, hollow for minus; None draws nothing."""
    for position, length, colour, origin in zip(y, lengths, colours, origins or [0.0] * len(y), strict=True):
        if length is None:
            continue
        axes.plot([origin, origin + length], [position, position], color=colour, linewidth=1.3, zorder=3)
        face = colour if length >= 0 else theme.background
        style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": colour, "markeredgewidth": 1.1}
        axes.plot([origin + length], [position], "o", markersize=4.6, clip_on=False, zorder=4, **style)


def removal_ticks(axes: Axes, x: Sequence[float], y: Sequence[float], texts: Sequence[str], theme: Theme) -> None:
    """A small tick and its words, e.g. ``rank 1 → 4``; empty words draw nothing."""
    for across, position, text in zip(x, y, texts, strict=True):
        if not text:
            continue
        axes.plot([across], [position], "|", color=theme.text, markersize=5, markeredgewidth=1.1, clip_on=False)
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
) -> go.Bar:
    """The bars as one trace; ``ids`` come back to the app when a bar is clicked."""
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
        marker={"color": list(colours), "line": {"color": theme.text, "width": 0.5}},
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
) -> list[go.Scatter]:
    """The stems, one trace for each hue, then the heads as one trace."""
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
                mode="lines", line={"color": colour, "width": 2.5}, xaxis=at.x, yaxis=at.y, hoverinfo="skip",
                name="contribution stem",
            )
        )  # fmt: skip
    heads = {
        "size": 10,
        "color": [colours[i] if (lengths[i] or 0.0) >= 0 else theme.background for i in shown],
        "line": {"color": [colours[i] for i in shown], "width": 2},
        "opacity": 1,
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
