"""Deletion and insertion: what becomes of the score as evidence goes, or comes, in the order of each method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go
from matplotlib.ticker import MaxNLocator

from workbench.figures.auditmarks import Mark
from workbench.figures.axis import frame_axis
from workbench.figures.page import Area, Canvas
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import BASE, FULL_WIDTH, SCREEN_SMALL, SMALL, colour_of
from workbench.figures.text import decimals, fit, markup, signed_text, wrap, wrap_markup

TALL: Final = 1.6
TITLE: Final = 0.2
FOOT: Final = 0.4
LINE: Final = 0.15
KEY: Final = 0.12
LEFT: Final = 0.34
"""Inches for the numbers left of the axes."""
SCREEN_TALL: Final = 260
SCREEN_TITLE: Final = 24
SCREEN_FOOT: Final = 48
SCREEN_LEGEND: Final = 78
SCREEN_KEY: Final = 16
SHORT: Final = 92


@dataclass(frozen=True)
class Curves:
    """Two sets of curves in one scale, a method keeping its mark in both.

    Attributes:
        heading: what is shown; ``note`` what it is of.
        shares: of the evidence, along the curves.
        marks: of each method.
        panels: by title, the heights by method.
        key: what the heights are.
    """

    heading: str
    note: str
    shares: tuple[float, ...]
    marks: Mapping[str, Mark]
    panels: Mapping[str, Mapping[str, tuple[float, ...]]]
    key: str

    @property
    def _limits(self) -> tuple[float, float]:
        values = [value for curves in self.panels.values() for curve in curves.values() for value in curve]
        low, high = min([0.0, *values]), max([0.0, *values])
        room = 0.06 * max(high - low, 0.01)
        return low - room, high + room

    def _stacked(self, width: float) -> bool:
        return width <= FULL_WIDTH / 2

    def _across(self, width: float) -> int:
        """Names of methods beside each other in the legend."""
        return 2 if self._stacked(width) else 4

    def _legend(self, width: float) -> int:
        return -(-len(self.marks) // self._across(width))

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        rows = len(self.panels) if self._stacked(width) else 1
        words = KEY * len(wrap(self.key, width, SMALL, 3))
        return HEAD + rows * (TITLE + TALL + FOOT) + LINE * self._legend(width) + words

    def draw(self, area: Area) -> None:
        """The panels with their axes, the legend below."""
        draw_heading(area, self.heading, colour_of("own"), self.note)
        stacked = self._stacked(area.width)
        each = area.width if stacked else area.width / len(self.panels)
        for place, (title, curves) in enumerate(self.panels.items()):
            left, top = (0.0, HEAD + place * (TITLE + TALL + FOOT)) if stacked else (place * each, HEAD)
            area.write(left + LEFT, top + 0.08, fit(title, each - LEFT - 0.1, BASE), weight="bold")
            self._draw_panel(area, curves, left + LEFT, top + TITLE, each - LEFT - 0.15)
        top = HEAD + (len(self.panels) if stacked else 1) * (TITLE + TALL + FOOT)
        self._draw_legend(area, top)
        for line, words in enumerate(wrap(self.key, area.width, SMALL, 3)):
            y = top + LINE * self._legend(area.width) + (line + 0.5) * KEY
            area.write(0, y, words, SMALL, color=area.theme.muted)

    def _draw_panel(
        self, area: Area, curves: Mapping[str, tuple[float, ...]], left: float, top: float, width: float
    ) -> None:
        theme = area.theme
        axes = area.axes(left, top, width, TALL)
        axes.set(xlim=(0.05, 0.95), ylim=self._limits)
        axes.axhline(0, color=theme.muted, linewidth=0.6)
        for name, heights in curves.items():
            mark = self.marks[name]
            axes.plot(
                self.shares, heights, color=mark.colour(theme), linestyle=mark.line, linewidth=1.0, marker=mark.marker,
                markersize=3.4, markerfacecolor=mark.face(theme), markeredgecolor=mark.colour(theme),
                markeredgewidth=0.7, clip_on=False,
            )  # fmt: skip
        frame_axis(axes, area, "share of the evidence", width)
        axes.set_xticks([0.1, 0.3, 0.5, 0.7, 0.9], ["10 %", "30 %", "50 %", "70 %", "90 %"])
        axes.spines["left"].set(visible=True, color=theme.line, linewidth=0.6)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        places = decimals(self._limits) - 1
        axes.yaxis.set_major_formatter(lambda value, _place: f"{value:.{places}f}".replace("-", "−"))
        axes.tick_params(axis="y", length=2, width=0.6, pad=1.5, labelsize=SMALL, labelcolor=theme.muted)
        axes.tick_params(axis="y", color=theme.line)

    def _draw_legend(self, area: Area, top: float) -> None:
        axes, across, theme = area.inches(), self._across(area.width), area.theme
        each = area.width / across
        for place, mark in enumerate(self.marks.values()):
            x, y = (place % across) * each, top + (place // across + 0.5) * LINE
            axes.plot(
                [x, x + 0.14, x + 0.28], [y] * 3, color=mark.colour(theme), linestyle=mark.line, linewidth=1.0,
                marker=mark.marker, markevery=[1], markersize=3.4, markerfacecolor=mark.face(theme),
                markeredgecolor=mark.colour(theme), markeredgewidth=0.7,
            )  # fmt: skip
            area.write(x + 0.34, y, fit(mark.name, each - 0.42, SMALL), SMALL)

    def pixels(self) -> float:
        """Pixels on the screen."""
        words = SCREEN_KEY * wrap_markup(self.key, SHORT, 3)[1]
        return SCREEN_HEAD + SCREEN_TITLE + SCREEN_TALL + SCREEN_FOOT + SCREEN_LEGEND + words

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the height, a click in the legend hides a method."""
        plot_heading(canvas, top, self.heading, colour_of("own"), self.note)
        each, theme, upper = 1 / len(self.panels), canvas.theme, top + SCREEN_HEAD + SCREEN_TITLE
        ticks: dict[str, Any] = {"showticklabels": True, "tickfont": {"size": SCREEN_SMALL}, "showline": True}
        ticks["linecolor"] = theme.line
        across = ticks | {"range": [0.06, 0.94], "tickformat": ".0%", "tickvals": [0.1, 0.3, 0.5, 0.7, 0.9]}
        down = ticks | {"range": list(self._limits), "nticks": 6, "zeroline": True, "zerolinecolor": theme.muted}
        for place, (title, curves) in enumerate(self.panels.items()):
            left, right = place * each + 0.06, (place + 1) * each - 0.01
            canvas.write(left, upper - 12, f"<b>{markup(title)}</b>")
            at = canvas.axes(left, right, upper, SCREEN_TALL, across, down)
            canvas.write(left, upper + SCREEN_TALL + 32, "share of the evidence", SCREEN_SMALL, color=theme.muted)
            for name, heights in curves.items():
                mark = self.marks[name]
                colour = mark.colour(theme)
                canvas.figure.add_trace(
                    go.Scatter(
                        x=self.shares, y=heights, mode="lines+markers", xaxis=at.x, yaxis=at.y, name=markup(mark.name),
                        legendgroup=name, showlegend=place == 0, hoverinfo="text", cliponaxis=False,
                        hovertext=[
                            f"<b>{markup(mark.name)}</b><br>{share:.0%}: {signed_text(height, decimals([height]))}"
                            for share, height in zip(self.shares, heights, strict=True)
                        ],
                        line={"color": colour, "dash": mark.dash, "width": 2},
                        marker={
                            "symbol": mark.symbol, "size": 8, "color": mark.face(theme),
                            "line": {"color": colour, "width": 1.5},
                        },
                    )
                )  # fmt: skip
        words, lines = wrap_markup(self.key, SHORT, 3)
        canvas.write(0, top + self.pixels() - SCREEN_KEY * lines / 2, words, SCREEN_SMALL, color=theme.muted)
        legend = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "top", "font": {"size": SCREEN_SMALL}}
        legend["y"] = canvas.y(upper + SCREEN_TALL + SCREEN_FOOT)
        canvas.figure.update_layout(showlegend=True, legend=legend)
