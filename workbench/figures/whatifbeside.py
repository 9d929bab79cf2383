"""What if? The same edits asked of two runs: the ranks of the same images on one axis, before and after."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import Element
from workbench.explain.whatif import Both, Moved
from workbench.figures.icons import draw_icon, plot_icons
from workbench.figures.leftout import with_pictures
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    NEGATIVE,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, markup, shorten

HEADING: Final = "Both, on the same ranks"
NAMES: Final = 0.34
"""Fraction of the width where the ranks begin."""
ROW, AXIS, FOOT, RADIUS = 0.3, 0.24, 0.3, 0.12
APART: Final = 0.2
"""How far from the middle of a row, in rows, the line of either side runs."""
SCREEN_ROW, SCREEN_AXIS, SCREEN_FOOT, SCREEN_PICTURE = 38, 30, 40, 30
SCREEN_LABEL: Final = 18
KEY: Final = "ring: before · filled: after · blue: up · orange: down · grey: stays"


@dataclass(frozen=True)
class Moves:
    """Images as rows, a line for each side from the old rank to the new one; the second side is square and dashed.

    Attributes:
        found: both answers.
        root: folder of the dataset, None to draw neutral tiles.
        said: what is changed, in words.
    """

    found: Both
    root: Path | None
    said: str | None

    @cached_property
    def _elements(self) -> list[Element]:
        named = {one.id: one for side in (self.found.first, self.found.second) for one in side.pictured}
        return [named[first.item] for first, _ in self.found.moves]

    @cached_property
    def _top(self) -> float:
        """Where the axis ends: beyond the last rank, in tens."""
        last = max((max(one.rank_before, one.rank_after) for pair in self.found.moves for one in pair), default=10)
        return math.log10(max(last, 10)) + 0.08

    @property
    def _ticks(self) -> list[int]:
        return [10**power for power in range(math.ceil(self._top))]

    @property
    def _note(self) -> str:
        return self.said or f"without {', '.join(self.found.first.edits)}"

    @property
    def _sides(self) -> str:
        return f"round: {self.found.names[0]} · square and dashed: {self.found.names[1]}"

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return HEAD + AXIS + ROW * len(self.found.moves) + FOOT

    def draw(self, area: Area) -> None:
        """Names and pictures at the left, ranks from 1 at the right of them, in powers of ten."""
        draw_heading(area, HEADING, colour_of("own"), self._note)
        axes, body = area.inches(), HEAD + AXIS
        left, wide = NAMES * area.width, (0.98 - NAMES) * area.width

        def at(rank: int) -> float:
            return left + wide * math.log10(rank) / self._top

        bottom = body + ROW * len(self.found.moves)
        for tick in self._ticks:
            axes.plot([at(tick)] * 2, [body, bottom], color=area.theme.line, linewidth=0.5, zorder=0)
            area.write(at(tick), HEAD + 0.1, f"rank {tick:,}", SMALL, ha="center", color=area.theme.muted)
        for row, (element, pair) in enumerate(zip(self._elements, self.found.moves, strict=True)):
            middle = body + (row + 0.5) * ROW
            draw_icon(axes, element, self.root, RADIUS, middle, RADIUS, area.theme)
            room = left - 2 * RADIUS - 0.16
            area.write(2 * RADIUS + 0.06, middle, fit(element.label, room, BASE), BASE)
            for side, one in enumerate(pair):
                y, marker = middle + (2 * side - 1) * APART * ROW, "os"[side]
                colour = _colour(one, area.theme)
                axes.plot([at(one.rank_before), at(one.rank_after)], [y, y], "--" if side else "-", color=colour,
                          linewidth=1.2, zorder=2)  # fmt: skip
                axes.plot(at(one.rank_before), y, marker, markersize=3.6, markerfacecolor=area.theme.background,
                          markeredgecolor=colour, markeredgewidth=0.9, zorder=3)  # fmt: skip
                axes.plot(at(one.rank_after), y, marker, markersize=3.6, color=colour, zorder=4)
        for line, words in enumerate((self._sides, KEY)):
            told = fit(words, area.width, SMALL)
            area.write(0, bottom + 0.1 + line * 0.13, told, SMALL, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_AXIS + SCREEN_ROW * len(self.found.moves) + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen; hover tells both ranks, a click gives the image's id."""
        plot_heading(canvas, top, HEADING, colour_of("own"), shorten(self._note, 30))
        rows, body, theme = len(self.found.moves), top + SCREEN_HEAD + SCREEN_AXIS, canvas.theme
        tall, down = rows * SCREEN_ROW, {"range": [rows - 0.5, -0.5]}
        names = canvas.axes(0, NAMES - 0.02, body, tall, {"range": [0, 1]}, down)
        size = 0.18, SCREEN_PICTURE / SCREEN_ROW
        plot_icons(canvas, names, self._elements, self.root, [0.08] * rows, list(range(rows)), SCREEN_PICTURE, size)
        for row, element in enumerate(self._elements):
            middle = body + (row + 0.5) * SCREEN_ROW
            canvas.write(0.06, middle, markup(shorten(element.label, SCREEN_LABEL)), SCREEN_BASE)
        at = canvas.axes(
            NAMES, 0.99, body, tall,
            {"type": "log", "range": [-0.04, self._top], "showgrid": True, "gridcolor": theme.line, "side": "top",
             "showticklabels": True, "tickvals": self._ticks, "ticktext": [f"rank {tick:,}" for tick in self._ticks],
             "tickfont": {"size": SCREEN_SMALL, "color": theme.muted}},
            down,
        )  # fmt: skip
        for side, name in enumerate(self.found.names):
            moves = [(row + (2 * side - 1) * APART, pair[side]) for row, pair in enumerate(self.found.moves)]
            for y, one in moves:
                line = {"color": _colour(one, theme), "width": 2, "dash": "dash" if side else "solid"}
                canvas.figure.add_trace(
                    go.Scatter(x=[one.rank_before, one.rank_after], y=[y, y], mode="lines", xaxis=at.x, yaxis=at.y,
                               hoverinfo="skip", line=line, name=name)
                )  # fmt: skip
            hover = [
                f"<b>{markup(element.label)}</b><br>{markup(name)}: rank {one.rank_before:,} → {one.rank_after:,}"
                for element, (_, one) in zip(self._elements, moves, strict=True)
            ]
            colours = [_colour(one, theme) for _, one in moves]
            ends = [one.rank_before for _, one in moves], [one.rank_after for _, one in moves]
            for ranks, fill in zip(ends, (theme.background, colours), strict=True):
                marker = {"size": 8, "symbol": "square" if side else "circle", "color": fill}
                canvas.figure.add_trace(
                    go.Scatter(
                        x=ranks, y=[y for y, _ in moves], mode="markers", xaxis=at.x, yaxis=at.y, name=name,
                        hoverinfo="text", hovertext=hover, customdata=[str(one.item) for _, one in moves],
                        marker=marker | {"line": {"color": colours, "width": 1.6}},
                    )
                )  # fmt: skip
        for number, words in enumerate((self._sides, KEY)):
            canvas.write(0, body + tall + 12 + 17 * number, markup(words), SCREEN_SMALL, color=theme.muted)


def _colour(one: Moved, theme: Theme) -> str:
    if one.rank_after == one.rank_before:
        return theme.muted
    return POSITIVE if one.rank_after < one.rank_before else NEGATIVE


def both_figure(
    found: Both,
    root: Path | None = None,
    *,
    said: str | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Two answers on paper.

    Args:
        found: both.
        root: folder of the dataset, None to draw neutral tiles with ids.
        said: what is changed, in words; the edits as they are typed where left out.
        width: inches.
    """
    blocks = with_pictures(Moves(found, root, said), found.first.masks, root, found.first.removal)
    return compose(blocks, width, theme_named(theme))


def both_plotly(
    found: Both, root: Path | None = None, *, said: str | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen; a click gives the image's id as custom data."""
    blocks = with_pictures(Moves(found, root, said), found.first.masks, root, found.first.removal)
    return compose_plotly(blocks, theme_named(theme))
