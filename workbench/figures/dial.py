"""Predicted popularity on a horizontal gauge: the prediction, its 80 % interval, and what was recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    theme_named,
)
from workbench.figures.text import markup, wrap

if TYPE_CHECKING:
    from workbench.explain.popularity import Forecast

BODY: Final = 0.92
SCREEN_BODY: Final = 142
LINE: Final = 0.13
ROUND: Final = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)
"""Views a day that are written on the gauge."""
LEAST: Final = 10.0
"""No gauge ends below this many doublings, so that two posts can be compared."""
COVERS: Final = "80 %"


def views(score: float) -> float:
    """Views a day behind log2(views a day + 1); never below 0."""
    return max(math.exp2(score) - 1, 0.0)


def views_text(score: float) -> str:
    """Views a day as people read them: 0.4, 7.5, 193, 12,000."""
    value = views(score)
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


@dataclass(frozen=True)
class Dial:
    """The gauge: doublings below, views a day above."""

    forecast: Forecast

    @property
    def _end(self) -> float:
        """Right end of the gauge, in the unit of the score."""
        f = self.forecast
        return max(LEAST, f.high + 0.6, f.score + 0.6, (f.known or 0.0) + 0.6)

    @property
    def _start(self) -> float:
        f = self.forecast
        return min(0.0, f.low, f.score, f.known or 0.0)

    @property
    def _sentence(self) -> str:
        f = self.forecast
        words = (
            f"about {views_text(f.score)} views a day ({COVERS} interval: {views_text(f.low)} to {views_text(f.high)})"
        )
        return words + ("" if f.known is None else f" · recorded: {views_text(f.known)}")

    @property
    def _ticks(self) -> dict[float, str]:
        """Places of round numbers of views, no closer than the numbers are wide."""
        places = {math.log2(count + 1): f"{count:,}" for count in ROUND}
        return {place: words for place, words in places.items() if self._start <= place <= self._end}

    @property
    def _doublings(self) -> list[int]:
        return list(range(0, int(self._end) + 1, 2))

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + BODY + LINE * (len(self._said(width)) + len(self._keys(width)) - 2)

    def _said(self, width: float) -> list[str]:
        return wrap(self._sentence, width, BASE, 2)

    def _keys(self, width: float) -> list[str]:
        return wrap(self._key, width, SMALL, 2)

    @property
    def _key(self) -> str:
        recorded = "" if self.forecast.known is None else " · ◇ recorded"
        shown = f"● predicted{recorded} · band: {COVERS} interval"
        return f"{shown} · above: views a day · below: log2(views a day + 1)"

    def draw(self, area: Area) -> None:
        """The band of the interval, the prediction as a filled dot, the record as a hollow diamond."""
        draw_heading(area, "Predicted popularity", POSITIVE, "")
        said, keys = self._said(area.width), self._keys(area.width)
        for i, line in enumerate(said):
            area.write(0, HEAD + 0.06 + LINE * i, line, BASE)
        axes = area.axes(0.06, HEAD + 0.32 + LINE * (len(said) - 1), area.width - 0.12, 0.26)
        axes.set(xlim=(self._start, self._end), ylim=(0, 1))
        theme, f = area.theme, self.forecast
        axes.add_patch(Rectangle((self._start, 0.42), self._end - self._start, 0.16, facecolor=theme.tile))
        axes.add_patch(Rectangle((f.low, 0.3), f.high - f.low, 0.4, facecolor=POSITIVE, alpha=0.35))
        axes.vlines([f.low, f.high], 0.22, 0.78, color=POSITIVE, linewidth=1.2)
        style: dict[str, Any] = {"clip_on": False, "zorder": 5, "linestyle": "none"}
        axes.plot([f.score], [0.5], "o", color=POSITIVE, markersize=7, markeredgecolor=theme.text, **style)
        if f.known is not None:
            axes.plot([f.known], [0.5], "D", markersize=6, markerfacecolor="none", markeredgewidth=1.3,
                      markeredgecolor=theme.text, **style)  # fmt: skip
        axes.set_xticks(self._doublings)
        options: dict[str, Any] = {"length": 2, "pad": 1.5, "labelsize": SMALL, "color": theme.line}
        axes.tick_params(axis="x", labelcolor=theme.muted, **options)
        upper = axes.secondary_xaxis("top")
        upper.spines[:].set_visible(False)
        upper.set_xticks(list(self._ticks), list(self._ticks.values()))
        upper.tick_params(axis="x", labelcolor=theme.muted, **options)
        for i, line in enumerate(keys):
            area.write(0, area.height - 0.09 - LINE * (len(keys) - 1 - i), line, SMALL, color=theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_BODY

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen."""
        plot_heading(canvas, top, "Predicted popularity", POSITIVE, "")
        body, theme, f = top + SCREEN_HEAD, canvas.theme, self.forecast
        canvas.write(0, body + 12, f"<b>{markup(self._sentence)}</b>", SCREEN_BASE + 1)
        quiet = {"size": SCREEN_SMALL, "color": theme.muted}
        doublings = {"showticklabels": True, "tickvals": self._doublings, "tickfont": quiet}
        at = canvas.axes(
            0.01, 0.99, body + 54, 36, {"range": [self._start, self._end]} | doublings, {"range": [0, 1]}
        )  # fmt: skip
        for x0, x1, y0, y1, colour in (
            (self._start, self._end, 0.42, 0.58, theme.tile), (f.low, f.high, 0.25, 0.75, "rgba(59,130,196,0.4)"),
        ):  # fmt: skip
            canvas.figure.add_shape(
                type="rect", xref=at.x, yref=at.y, x0=x0, x1=x1, y0=y0, y1=y1, fillcolor=colour, line={"width": 0},
                layer="below",
            )  # fmt: skip
        self._plot_marks(canvas, at.x, at.y)
        for place, words in self._ticks.items():
            canvas.figure.add_annotation(
                x=place, y=1, xref=at.x, yref=at.y, yshift=11, text=words, showarrow=False, font=quiet
            )
        canvas.write(0, body + SCREEN_BODY - 10, self._key, SCREEN_SMALL, color=theme.muted)

    def _plot_marks(self, canvas: Canvas, x: str, y: str) -> None:
        theme, f = canvas.theme, self.forecast
        shown = [
            (f.low, "line-ns", 22, POSITIVE, "low end"),
            (f.high, "line-ns", 22, POSITIVE, "high end"),
            (f.score, "circle", 16, POSITIVE, "predicted"),
        ]
        if f.known is not None:
            shown.append((f.known, "diamond-open", 15, theme.text, "recorded"))
        canvas.figure.add_trace(
            go.Scatter(
                x=[value for value, *_ in shown], y=[0.5] * len(shown), mode="markers", xaxis=x, yaxis=y, name="dial",
                hoverinfo="text", hovertext=[f"{name}: {value:.2f}, {views_text(value)} views a day"
                                             for value, _, _, _, name in shown],
                cliponaxis=False,
                marker={
                    "symbol": [symbol for _, symbol, *_ in shown], "size": [size for _, _, size, *_ in shown],
                    "color": [colour for *_, colour, _ in shown], "opacity": 1,
                    "line": {"width": 2, "color": [POSITIVE if "line" in s else theme.text for _, s, *_ in shown]},
                },
            )
        )  # fmt: skip


def dial_figure(forecast: Forecast, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Predicted popularity on paper.

    Args:
        forecast: prediction with interval, and the record where there is one.
        width: inches.
    """
    return compose([Dial(forecast)], width, theme_named(theme))


def dial_plotly(forecast: Forecast, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen; hover tells every value in both units."""
    return compose_plotly([Dial(forecast)], theme_named(theme))
