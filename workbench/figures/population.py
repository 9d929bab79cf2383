"""Aspect importance over all users: a ternary when there are exactly three aspects, a histogram of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import Id
from workbench.explain.population import Population
from workbench.figures.page import Area, Block, Canvas, compose, compose_plotly
from workbench.figures.shares import Measure, Shares
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    HEADING,
    SCREEN_HEADING,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.ternary import Ternary
from workbench.figures.text import fit, markup, plain, shorten

ROW: Final = 0.42
SCREEN_ROW: Final = 66


@dataclass(frozen=True)
class Histograms:
    """One histogram for each aspect on the same axis from 0 to 1, the chosen user marked in each."""

    data: Shares

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return 0.2 + ROW * len(self.data.population.aspects) + 0.32

    def draw(self, area: Area) -> None:
        """Rows of bars sharing one axis and one scale."""
        data, theme = self.data, area.theme
        area.write(0, 0.08, "Users by share of each aspect", HEADING, weight="bold")
        label = 0.25 * area.width
        tallest = self._tallest()
        for row, (name, words) in enumerate(self._names):
            top = 0.2 + row * ROW
            area.write(0, top + ROW * 0.7, fit(words, label - 0.1, BASE))
            axes = area.axes(label, top, area.width - label, ROW)
            heights, edges = data.histogram(row)
            axes.bar(
                edges[:-1], heights, np.diff(edges), align="edge", color=colour_of(name), edgecolor=theme.background,
                linewidth=0.4,
            )  # fmt: skip
            axes.set(xlim=(-0.01, 1.01), ylim=(0, tallest * 1.3))
            axes.spines["bottom"].set(visible=True, color=theme.line, linewidth=0.6)
            if data.chosen is not None:
                share = float(data.shares[data.chosen, row])
                axes.plot([share, share], [0, tallest * 1.1], color=theme.text, linewidth=1.2)
                axes.plot([share], [tallest * 1.12], "v", color=theme.text, markersize=3.5)
                axes.annotate(
                    plain(f"{fit(data.chosen_label, 0.8, SMALL)} {share:.2f}"), (share, tallest * 1.12),
                    xytext=(4 if share < 0.8 else -4, 0), textcoords="offset points", fontsize=SMALL,
                    ha="left" if share < 0.8 else "right", va="center", color=theme.muted,
                )  # fmt: skip
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.tick_params(axis="x", length=2, width=0.6, pad=1.5, labelsize=SMALL, labelcolor=theme.muted)
        axes.tick_params(axis="x", color=theme.line)
        axes.set_xlabel(data.axis, fontsize=SMALL, color=theme.muted, labelpad=1.5)

    @property
    def _names(self) -> list[tuple[str, str]]:
        return list(zip(self.data.population.aspects, self.data.population.aspect_labels, strict=True))

    def _tallest(self) -> float:
        count = len(self.data.population.aspects)
        return max((float(self.data.histogram(i)[0].max()) for i in range(count)), default=0.0) or 1.0

    def pixels(self) -> float:
        """Pixels on the screen."""
        return 30 + SCREEN_ROW * len(self.data.population.aspects) + 44

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the share of users in a bin."""
        data = self.data
        canvas.write(0, top + 10, "<b>Users by share of each aspect</b>", SCREEN_HEADING)
        last = len(data.population.aspects) - 1
        for row, (name, words) in enumerate(self._names):
            upper = top + 30 + row * SCREEN_ROW
            canvas.write(0, upper + SCREEN_ROW * 0.7, markup(shorten(words, 16)))
            title = {"title": {"text": data.axis, "font": {"size": SCREEN_SMALL}}, "showticklabels": True}
            title["tickfont"] = {"size": SCREEN_SMALL}
            line = {"range": [-0.01, 1.01], "showline": True, "linecolor": canvas.theme.line}
            across = line | (title if row == last else {})
            at = canvas.axes(0.28, 1, upper, SCREEN_ROW - 6, across, {"range": [0, 1.3 * self._tallest()]})
            heights, edges = data.histogram(row)
            canvas.figure.add_trace(
                go.Bar(
                    x=(edges[:-1] + edges[1:]) / 2, y=heights, width=np.diff(edges), marker_color=colour_of(name),
                    hovertext=[
                        f"{h:.0%} of users: {a:.2f} to {b:.2f}"
                        for h, a, b in zip(heights, edges[:-1], edges[1:], strict=True)
                    ],
                    hoverinfo="text", xaxis=at.x, yaxis=at.y, name=markup(words),
                )
            )  # fmt: skip
            if data.chosen is not None:
                share = float(data.shares[data.chosen, row])
                canvas.figure.add_trace(
                    go.Scatter(
                        x=[share, share], y=[0, 1.12 * self._tallest()], mode="lines+markers+text", xaxis=at.x,
                        yaxis=at.y, text=["", f" {markup(shorten(data.chosen_label, 18))} {share:.2f} "],
                        textposition="middle right" if share < 0.8 else "middle left", hoverinfo="skip",
                        line={"color": canvas.theme.text, "width": 2}, name="chosen user", cliponaxis=False,
                        marker={"symbol": "triangle-down", "size": [0, 9], "color": canvas.theme.text},
                        textfont={"size": SCREEN_SMALL, "color": canvas.theme.muted},
                    )
                )  # fmt: skip


def _blocks(population: Population, measure: Measure, user: Id | None) -> list[Block]:
    data = Shares.of(population, measure, user)
    return [Ternary(data), Histograms(data)] if len(population.aspects) == 3 else [Histograms(data)]


def population_figure(
    population: Population,
    user: Id | None = None,
    *,
    measure: Measure = "attention",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Aspect importance of all users on paper.

    Args:
        user: who is marked.
        measure: attention, or the mean absolute contribution; both as shares that add up to 1 for each user.
        width: inches.

    Raises:
        ValueError: the user is not in the population.
    """
    return compose(_blocks(population, measure, user), width, theme_named(theme))


def population_plotly(
    population: Population, user: Id | None = None, *, measure: Measure = "attention", theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen; a click on a dot gives the user's id as custom data."""
    return compose_plotly(_blocks(population, measure, user), theme_named(theme))
