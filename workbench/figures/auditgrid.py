"""Tables of numbers on a tint: agreement of methods, and several runs beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from matplotlib.patches import Rectangle

from workbench.figures.page import Area, Canvas
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    NEGATIVE,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    colour_of,
    ink_on,
    mix,
)
from workbench.figures.text import fit, markup, shorten, text_width, wrap, wrap_markup

ROW: Final = 0.2
TOP: Final = 0.24
KEY: Final = 0.12
NARROW: Final = 0.52
"""Inches of a column below which its name is a number."""
SCREEN_ROW: Final = 30
SCREEN_TOP: Final = 40
SCREEN_KEY: Final = 16
SCREEN_NAMES: Final = 0.25
SHORT: Final = 92
DEEPEST: Final = 0.8
"""Share of the hue in the strongest tint, so that letters on it can be read."""


@dataclass(frozen=True)
class Cell:
    """One number as it is written.

    Attributes:
        text: what is written.
        depth: -1..1, how strongly it is tinted and which way; None for no number.
        hover: all of it in words.
    """

    text: str
    depth: float | None
    hover: str = ""

    def tint(self, theme: Theme) -> str:
        """Blue above nothing, red below, the page itself where there is no number."""
        if self.depth is None:
            return theme.background
        strength = DEEPEST * min(abs(self.depth), 1.0)
        return mix(POSITIVE if self.depth >= 0 else NEGATIVE, theme.background, strength)


@dataclass(frozen=True)
class Grid:
    """Numbers in rows and columns.

    Attributes:
        heading: what is shown; ``note`` what it is of.
        rows: names of the rows; ``columns`` those of the columns; ``heads`` short ones for the screen.
        cells: by row.
        key: what numbers and tints mean.
    """

    heading: str
    note: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    heads: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    key: str

    def _label(self, width: float) -> float:
        return min(max(text_width(f"10 {name}", BASE) for name in self.rows) + 0.12, 0.3 * width)

    def _each(self, width: float) -> float:
        return (width - self._label(width)) / len(self.columns)

    def _numbered(self, width: float) -> bool:
        return self._each(width) < NARROW

    def _keys(self, width: float) -> list[str]:
        """What is written below; the names of the columns where these are numbers, and no rows tell them."""
        lines = wrap(self.key, width, SMALL, 3)
        if self._numbered(width) and self.rows != self.columns:
            lines += wrap(" · ".join(f"{n} {name}" for n, name in enumerate(self.columns, 1)), width, SMALL, 3)
        return lines

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + TOP + ROW * len(self.rows) + 0.06 + KEY * len(self._keys(width))

    def draw(self, area: Area) -> None:
        """The numbers on their tints, names on the left and above."""
        draw_heading(area, self.heading, colour_of("own"), self.note)
        label, each, numbered = self._label(area.width), self._each(area.width), self._numbered(area.width)
        axes = area.inches()
        for column, name in enumerate(self.columns):
            x = label + (column + 0.5) * each
            for line, words in enumerate(_head(str(column + 1) if numbered else name, each)):
                area.write(x, HEAD + 0.06 + 0.1 * line, words, SMALL, ha="center")
        for row, cells in enumerate(self.cells):
            y, named = HEAD + TOP + row * ROW, numbered and self.rows == self.columns
            name = f"{row + 1} {self.rows[row]}" if named else self.rows[row]
            area.write(0, y + ROW / 2, fit(name, label - 0.1, BASE))
            for column, cell in enumerate(cells):
                tint = cell.tint(area.theme)
                box = (label + column * each, y)
                axes.add_patch(Rectangle(box, each, ROW, facecolor=tint, edgecolor=area.theme.background, linewidth=1))
                ink = area.theme.muted if cell.depth is None else ink_on(tint)
                area.write(box[0] + each / 2, y + ROW / 2, cell.text, SMALL, ha="center", color=ink)
        for line, words in enumerate(self._keys(area.width)):
            y = HEAD + TOP + ROW * len(self.rows) + 0.06 + (line + 0.5) * KEY
            area.write(0, y, words, SMALL, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return (
            SCREEN_HEAD + SCREEN_TOP + SCREEN_ROW * len(self.rows) + 8 + SCREEN_KEY * wrap_markup(self.key, SHORT, 3)[1]
        )

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen: hover tells what a number is of."""
        plot_heading(canvas, top, self.heading, colour_of("own"), self.note)
        theme, upper = canvas.theme, top + SCREEN_HEAD + SCREEN_TOP
        height, each = SCREEN_ROW * len(self.rows), (1 - SCREEN_NAMES) / len(self.columns)
        limits = {"range": [-0.5, len(self.columns) - 0.5]}
        at = canvas.axes(SCREEN_NAMES, 1, upper, height, limits, {"range": [len(self.rows) - 0.5, -0.5]})
        for column, name in enumerate(self.heads):
            words = wrap_markup(name, 9, 2)[0]
            x = SCREEN_NAMES + (column + 0.5) * each
            canvas.write(x, upper - SCREEN_TOP / 2, words, SCREEN_SMALL, xanchor="center", align="center")
        places = [(row, column) for row in range(len(self.rows)) for column in range(len(self.columns))]
        tints = {place: self.cells[place[0]][place[1]].tint(theme) for place in places}
        for row, column in places:
            canvas.figure.add_shape(
                type="rect", xref=at.x, yref=at.y, x0=column - 0.5, x1=column + 0.5, y0=row - 0.5, y1=row + 0.5,
                fillcolor=tints[row, column], line={"color": theme.background, "width": 2}, layer="below",
            )  # fmt: skip
        for row, name in enumerate(self.rows):
            canvas.write(0, upper + (row + 0.5) * SCREEN_ROW, markup(shorten(name, 22)))
        cells = [self.cells[row][column] for row, column in places]
        inks = [theme.muted if cell.depth is None else ink_on(cell.tint(theme)) for cell in cells]
        canvas.figure.add_trace(
            go.Scatter(
                x=[column for _, column in places], y=[row for row, _ in places], mode="text", xaxis=at.x, yaxis=at.y,
                text=[markup(cell.text) for cell in cells], hoverinfo="text", name=markup(self.heading),
                hovertext=[cell.hover for cell in cells], textfont={"size": SCREEN_BASE, "color": inks},
            )
        )  # fmt: skip
        words, lines = wrap_markup(self.key, SHORT, 3)
        canvas.write(0, top + self.pixels() - SCREEN_KEY * lines / 2, words, SCREEN_SMALL, color=theme.muted)


def _head(name: str, width: float) -> Sequence[str]:
    return wrap(name, width - 0.02, SMALL, 2)
