"""Learning curves: the loss and the validation metrics of runs, epoch by epoch, on axes they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workbench.evaluation.learning import LearningCurve, LearningCurves
from workbench.figures.auditmarks import Mark
from workbench.figures.axis import frame_axis, titled_axis
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.runmarks import run_marks
from workbench.figures.style import BASE, FULL_WIDTH, SCREEN_SMALL, SMALL, ThemeName, colour_of, theme_named
from workbench.figures.text import decimals, fit, markup

TALL, TITLE, FOOT, LINE, LEFT = 1.6, 0.2, 0.4, 0.15, 0.38
SCREEN_TALL, SCREEN_TITLE, SCREEN_FOOT, SCREEN_LEGEND = 220, 24, 48, 26
LOSS: Final = "training loss"
MOST: Final = 2
"""Metrics that are shown beside the loss."""
KEY: Final = "Hollow: the epoch that is kept."
SCALES: Final = "Losses of different models have different scales."


class Line(NamedTuple):
    """One run in one panel."""

    run: LearningCurve
    mark: Mark
    epochs: list[int]
    values: list[float]

    @property
    def kept(self) -> float | None:
        """The value at the epoch that is kept."""
        return dict(zip(self.epochs, self.values, strict=True)).get(self.run.best)


@dataclass(frozen=True)
class Learning:
    """The panels beside each other, on narrow paper below each other; a run keeps its mark in all of them.

    Attributes:
        curves: what is shown.
        note: what it is of.
    """

    curves: LearningCurves
    note: str = ""

    @property
    def _marks(self) -> list[Mark]:
        return run_marks([run.run for run in self.curves.runs])

    @property
    def _key(self) -> str:
        different = len({run.model for run in self.curves.runs}) > 1
        return f"{KEY} {SCALES}" if different else KEY

    @property
    def _titles(self) -> list[str]:
        has_loss = any(value is not None for run in self.curves.runs for value in run.loss)
        return [*([LOSS] if has_loss else []), *self.curves.metrics[:MOST]]

    def _lines(self, title: str) -> list[Line]:
        found = []
        for run, mark in zip(self.curves.runs, self._marks, strict=True):
            values = run.loss if title == LOSS else run.validation.get(title, ())
            known = [(e, v) for e, v in zip(run.epochs, values, strict=False) if v is not None]
            if known:
                found.append(Line(run, mark, [epoch for epoch, _ in known], [value for _, value in known]))
        return found

    @property
    def _last(self) -> int:
        return max((run.epochs[-1] for run in self.curves.runs if run.epochs), default=1)

    def _stacked(self, width: float) -> bool:
        return width <= FULL_WIDTH / 2

    def _across(self, width: float) -> int:
        return 2 if self._stacked(width) else 4

    def _legend(self, width: float) -> int:
        return -(-len(self.curves.runs) // self._across(width)) + 1

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        rows = len(self._titles) if self._stacked(width) else 1
        return HEAD + rows * (TITLE + TALL + FOOT) + LINE * self._legend(width)

    def draw(self, area: Area) -> None:
        """The panels with their axes, the legend below."""
        draw_heading(area, "How training went", colour_of("own"), self.note)
        stacked = self._stacked(area.width)
        each = area.width if stacked else area.width / max(len(self._titles), 1)
        for place, title in enumerate(self._titles):
            left, top = (0.0, HEAD + place * (TITLE + TALL + FOOT)) if stacked else (place * each, HEAD)
            words = title if title == LOSS else f"{title} (validation)"
            area.write(left + LEFT, top + 0.08, fit(words, each - LEFT - 0.1, BASE), weight="bold")
            self._draw_panel(area, title, left + LEFT, top + TITLE, each - LEFT - 0.15)
        self._draw_legend(area, area.height - LINE * self._legend(area.width))

    def _draw_panel(self, area: Area, title: str, left: float, top: float, width: float) -> None:
        theme, axes = area.theme, area.axes(left, top, width, TALL)
        lines = self._lines(title)
        for line in lines:
            colour = line.mark.colour(theme)
            single = len(line.epochs) == 1
            axes.plot(
                line.epochs, line.values, color=colour, linestyle=line.mark.line, linewidth=1.0,
                marker=line.mark.marker if single else "", markersize=3.4,
            )  # fmt: skip
            if title != LOSS and line.kept is not None:
                axes.plot(
                    [line.run.best], [line.kept], line.mark.marker, markersize=4.2, markerfacecolor=theme.background,
                    markeredgecolor=colour, markeredgewidth=0.9, zorder=4,
                )  # fmt: skip
        values = [value for line in lines for value in line.values]
        axes.set_xlim(0, self._last + 0.5)
        frame_axis(axes, area, "epoch", width)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        _heights(axes, values, area)

    def _draw_legend(self, area: Area, top: float) -> None:
        axes, across, theme = area.inches(), self._across(area.width), area.theme
        each = area.width / across
        for place, mark in enumerate(self._marks):
            x, y = (place % across) * each, top + (place // across + 0.5) * LINE
            axes.plot([x, x + 0.28], [y, y], color=mark.colour(theme), linestyle=mark.line, linewidth=1.0)
            axes.plot([x + 0.14], [y], mark.marker, color=mark.colour(theme), markersize=3.4)
            area.write(x + 0.34, y, fit(mark.name, each - 0.42, SMALL), SMALL)
        y = top + (self._legend(area.width) - 0.5) * LINE
        area.write(0, y, fit(self._key, area.width, SMALL), SMALL, color=theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        legend = SCREEN_LEGEND * (1 + (len(self.curves.runs) - 1) // 5) + SCREEN_LEGEND
        return SCREEN_HEAD + SCREEN_TITLE + SCREEN_TALL + SCREEN_FOOT + legend

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the value, a click in the legend hides a run."""
        plot_heading(canvas, top, "How training went", colour_of("own"), self.note)
        each = 1 / max(len(self._titles), 1)
        upper = top + SCREEN_HEAD + SCREEN_TITLE
        for place, title in enumerate(self._titles):
            left = place * each + 0.05
            words = title if title == LOSS else f"{title} (validation)"
            canvas.write(left, upper - SCREEN_TITLE / 2, f"<b>{markup(words)}</b>")
            self._plot_panel(canvas, title, (left, (place + 1) * each - 0.01), upper, legend=place == 0)
        style = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "top", "font": {"size": SCREEN_SMALL}}
        style["y"] = canvas.y(upper + SCREEN_TALL + SCREEN_FOOT)
        canvas.figure.update_layout(showlegend=True, legend=style)
        y = top + self.pixels() - 10
        canvas.write(1, y, self._key, SCREEN_SMALL, xanchor="right", color=canvas.theme.muted)

    def _plot_panel(self, canvas: Canvas, title: str, sides: tuple[float, float], top: float, *, legend: bool) -> None:
        theme = canvas.theme
        frame = {"showline": True, "linecolor": theme.line, "tickcolor": theme.line, "ticks": "outside"}
        across = titled_axis("epoch") | frame | {"range": [0, self._last + 0.5], "tickformat": "d"}
        font = {"showticklabels": True, "tickfont": {"size": SCREEN_SMALL}, "nticks": 5}
        at = canvas.axes(*sides, top, SCREEN_TALL, across, font | frame | {"gridcolor": theme.line, "showgrid": True})
        for line in self._lines(title):
            name, colour = markup(line.mark.name), line.mark.colour(theme)
            kept = [epoch == line.run.best and title != LOSS for epoch in line.epochs]
            places = decimals(line.values) + 1
            canvas.figure.add_trace(
                go.Scatter(
                    x=line.epochs, y=line.values, mode="lines+markers", name=name, xaxis=at.x, yaxis=at.y,
                    legendgroup=line.mark.name, showlegend=legend, hoverinfo="text", cliponaxis=False,
                    hovertext=[
                        f"<b>{name}</b><br>epoch {epoch}: {value:.{places}f}{' (kept)' if is_kept else ''}"
                        for epoch, value, is_kept in zip(line.epochs, line.values, kept, strict=True)
                    ],
                    line={"color": colour, "dash": line.mark.dash, "width": 2},
                    marker={
                        "symbol": line.mark.symbol, "opacity": 1, "line": {"color": colour, "width": 1.5},
                        "size": [9 if one else 4 for one in kept],
                        "color": [theme.background if one else colour for one in kept],
                    },
                )
            )  # fmt: skip


def _heights(axes: Axes, values: Sequence[float], area: Area) -> None:
    """The line of numbers at the left."""
    theme = area.theme
    axes.spines["left"].set(visible=True, color=theme.line, linewidth=0.6)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    spread = max(values, default=1.0) - min(values, default=0.0)
    places = decimals([spread or 1.0])
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:.{places}f}".replace("-", "−"))
    axes.tick_params(axis="y", length=2, width=0.6, pad=1.5, labelsize=SMALL, labelcolor=theme.muted)
    axes.tick_params(axis="y", color=theme.line)


def learning_figure(
    curves: LearningCurves, note: str = "", *, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """Loss and validation metrics of runs by epoch.

    Args:
        curves: of the runs.
        note: what they are of, e.g. the dataset.
        width: inches.
    """
    return compose([Learning(curves, note)], width, theme_named(theme))


def learning_plotly(curves: LearningCurves, note: str = "", *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([Learning(curves, note)], theme_named(theme))
