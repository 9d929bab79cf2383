"""Rows of dots: what was measured of each method, in columns that share the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go
from matplotlib.axes import Axes

from workbench.figures.auditmarks import Mark
from workbench.figures.axis import frame_axis, number_axis
from workbench.figures.page import Area, Canvas
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import BASE, FULL_WIDTH, SCREEN_SMALL, SMALL, colour_of
from workbench.figures.text import fit, markup, signed_text, text_width, wrap, wrap_markup

ROW: Final = 0.18
FOOT: Final = 0.44
LINE: Final = 0.12
NUMBER: Final = 0.34
GAP: Final = 0.1
SCREEN_ROW: Final = 26
SCREEN_FOOT: Final = 74
SCREEN_LINE: Final = 16
NAMES: Final = 0.28
"""Fraction of the screen's width that the names take."""
AXIS, AXIS_OF_MANY, MANY = 0.74, 0.62, 4
"""Fraction of the width of a column on the screen that its axis takes; of many columns less, so that numbers fit."""
SHORT: Final = 92
"""Characters of a line of the key on the screen."""
INK: Final = {1: 60, 2: 30, 5: 12}
"""Characters of a line of a column's title on the screen, by how many columns there are; of more ``LITTLE``."""
LITTLE: Final = 19


@dataclass(frozen=True)
class Column:
    """One measure of every row.

    Attributes:
        title: what it is, and which way is better.
        values: by row; None where there is none.
        lows: lower ends of the intervals, empty without them; ``highs`` the upper ends.
        chance: by row, what chance would have; empty where that is not known.
        limits: of the axis; None to take what is shown.
        signed: whether a plus is written, and zero drawn as a line.
        places: decimal places of the numbers.
    """

    title: str
    values: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()
    chance: tuple[float | None, ...] = ()
    limits: tuple[float, float] | None = None
    signed: bool = False
    places: int = 2

    @property
    def shown(self) -> list[int]:
        """Rows that have a value."""
        return [row for row, value in enumerate(self.values) if value is not None]

    def text(self, row: int) -> str:
        """The number as it is written."""
        value = self.values[row]
        if value is None:
            return "–"
        text = signed_text(value, self.places)
        return text if self.signed else text.replace("+", "")

    def interval(self, row: int) -> tuple[float, float] | None:
        """Ends of the row's interval."""
        low, high = (self.lows[row], self.highs[row]) if self.lows else (None, None)
        return None if low is None or high is None else (low, high)

    def expected(self, row: int) -> float | None:
        """What chance would have."""
        return self.chance[row] if self.chance else None

    def hover(self, row: int, name: str) -> str:
        """All of it in words."""
        ends, chance = self.interval(row), self.expected(row)
        words = f"<b>{markup(name)}</b><br>{self.text(row)}"
        words += f" [{signed_text(ends[0], self.places)}, {signed_text(ends[1], self.places)}]" if ends else ""
        return words + (f"<br>chance {chance:.2f}" if chance is not None else "")

    def range(self) -> tuple[float, float]:
        """Limits of the axis, with room for the shapes at its ends."""
        known = [*self.values, *self.lows, *self.highs, *self.chance, *((0.0,) if self.signed else ())]
        found = [value for value in known if value is not None]
        low, high = self.limits or (min(found, default=0.0), max(found, default=1.0))
        room = 0.08 * max(high - low, 0.01)
        return low - room, high + room


@dataclass(frozen=True)
class Dots:
    """Rows that several columns share.

    Attributes:
        heading: what is shown; ``note`` what it is of.
        rows: their marks.
        columns: the measures.
        key: what the shapes mean.
    """

    heading: str
    note: str
    rows: tuple[Mark, ...]
    columns: tuple[Column, ...]
    key: str

    def _strips(self, width: float) -> list[tuple[Column, ...]]:
        """The columns beside each other, or below each other where the page is narrow."""
        return [self.columns] if width > FULL_WIDTH / 2 else [(column,) for column in self.columns]

    @property
    def _strip(self) -> float:
        return ROW * len(self.rows) + FOOT

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + self._strip * len(self._strips(width)) + LINE * len(wrap(self.key, width, SMALL, 3))

    def draw(self, area: Area) -> None:
        """Names on the left, each column with its axis and its numbers."""
        draw_heading(area, self.heading, colour_of("own"), self.note)
        label = min(max(text_width(mark.name, BASE) for mark in self.rows) + 0.12, 0.48 * area.width)
        strips = self._strips(area.width)
        for strip, columns in enumerate(strips):
            top = HEAD + strip * self._strip
            for row, mark in enumerate(self.rows):
                colour = area.theme.muted if mark.control else area.theme.text
                area.write(0, top + (row + 0.5) * ROW, fit(mark.name, label - 0.1, BASE), color=colour)
            each = (area.width - label) / len(columns)
            for place, column in enumerate(columns):
                self._draw_column(area, column, label + place * each, top, each)
        for line, words in enumerate(wrap(self.key, area.width, SMALL, 3)):
            y = HEAD + self._strip * len(strips) + (line + 0.5) * LINE
            area.write(0, y, words, SMALL, color=area.theme.muted)

    def _draw_column(self, area: Area, column: Column, left: float, top: float, width: float) -> None:
        theme, inner = area.theme, width - NUMBER - GAP
        axes = area.axes(left, top, inner, ROW * len(self.rows))
        axes.set(xlim=column.range(), ylim=(len(self.rows) - 0.5, -0.5))
        if column.signed:
            axes.axvline(0, color=theme.muted, linewidth=0.7)
        for row, mark in enumerate(self.rows):
            axes.axhline(row, color=theme.line, linewidth=0.3, zorder=0)
            _draw_row(axes, column, row, mark, area)
            y = top + (row + 0.5) * ROW
            area.write(left + width - GAP, y, column.text(row), SMALL, ha="right", color=theme.muted)
        frame_axis(axes, area, column.title, inner + NUMBER)
        number_axis(axes, max(map(abs, column.range())))

    def pixels(self) -> float:
        """Pixels on the screen."""
        lines = wrap_markup(self.key, SHORT, 3)[1] if self.key else 0
        return SCREEN_HEAD + SCREEN_ROW * len(self.rows) + SCREEN_FOOT + SCREEN_LINE * lines

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the numbers."""
        plot_heading(canvas, top, self.heading, colour_of("own"), self.note)
        upper = top + SCREEN_HEAD
        for row, mark in enumerate(self.rows):
            colour = canvas.theme.muted if mark.control else canvas.theme.text
            canvas.write(0, upper + (row + 0.5) * SCREEN_ROW, markup(mark.name), color=colour)
        each = (1 - NAMES) / len(self.columns)
        for place, column in enumerate(self.columns):
            self._plot_column(canvas, column, NAMES + place * each, upper, each)
        if self.key:
            words, lines = wrap_markup(self.key, SHORT, 3)
            middle = top + self.pixels() - SCREEN_LINE * lines / 2
            canvas.write(0, middle, words, SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_column(self, canvas: Canvas, column: Column, left: float, top: float, width: float) -> None:
        theme, rows = canvas.theme, column.shown
        right = left + (AXIS if len(self.columns) < MANY else AXIS_OF_MANY) * width
        height = SCREEN_ROW * len(self.rows)
        ticks: dict[str, Any] = {"showticklabels": True, "nticks": 4, "tickfont": {"size": SCREEN_SMALL}}
        line = {"showline": True, "linecolor": theme.line, "zeroline": column.signed, "zerolinecolor": theme.muted}
        down = {"range": [len(self.rows) - 0.5, -0.5], "showgrid": True, "gridcolor": theme.line, "dtick": 1}
        at = canvas.axes(left, right, top, height, ticks | line | {"range": list(column.range())}, down | {"tick0": 0})
        chances = [row for row in rows if column.expected(row) is not None]
        canvas.figure.add_trace(
            go.Scatter(
                x=[column.expected(row) for row in chances], y=chances, mode="markers", hoverinfo="skip", xaxis=at.x,
                yaxis=at.y, name="chance",
                marker={"symbol": "line-ns", "size": 15, "line": {"width": 2, "color": theme.text}},
            )
        )  # fmt: skip
        for row in rows:
            ends = column.interval(row)
            if ends:
                canvas.figure.add_trace(
                    go.Scatter(
                        x=list(ends), y=[row, row], mode="lines", hoverinfo="skip", xaxis=at.x, yaxis=at.y,
                        line={"color": self.rows[row].colour(theme), "width": 2}, name="95 % interval",
                    )
                )  # fmt: skip
        marks: Sequence[Mark] = [self.rows[row] for row in rows]
        edges = {"color": [mark.colour(theme) for mark in marks], "width": 2}
        canvas.figure.add_trace(
            go.Scatter(
                x=[column.values[row] for row in rows], y=rows, mode="markers", xaxis=at.x, yaxis=at.y,
                name=markup(column.title), cliponaxis=False, hoverinfo="text",
                hovertext=[column.hover(row, self.rows[row].name) for row in rows],
                marker={
                    "symbol": [mark.symbol for mark in marks], "color": [mark.face(theme) for mark in marks],
                    "size": 10, "line": edges, "opacity": 1,
                },
            )
        )  # fmt: skip
        for row in range(len(self.rows)):
            y, style = top + (row + 0.5) * SCREEN_ROW, {"xanchor": "right", "color": theme.muted}
            canvas.write(left + 0.96 * width, y, column.text(row), SCREEN_SMALL, **style)
        words, lines = wrap_markup(column.title, INK.get(len(self.columns), LITTLE), 3)
        canvas.write(left, top + height + 20 + 8 * lines, words, SCREEN_SMALL, color=theme.muted)


def _draw_row(axes: Axes, column: Column, row: int, mark: Mark, area: Area) -> None:
    """The interval, what chance would have, and the shape of one row."""
    value, ends, chance, theme = column.values[row], column.interval(row), column.expected(row), area.theme
    if value is None:
        return
    colour = mark.colour(theme)
    if ends:
        axes.plot(ends, [row, row], color=colour, linewidth=1.1, zorder=3)
    if chance is not None:
        axes.plot([chance], [row], "|", color=theme.text, markersize=8, markeredgewidth=1.1, zorder=2)
    style: dict[str, Any] = {"markerfacecolor": mark.face(theme), "markeredgecolor": colour, "markeredgewidth": 0.9}
    axes.plot([value], [row], mark.marker, markersize=4.4, zorder=4, clip_on=False, **style)
