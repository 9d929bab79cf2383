"""What one piece changes: the prediction without it, beside the prediction with everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import Element, EvidenceLevel, Explanation
from workbench.figures import marks
from workbench.figures.dial import views_text
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import BASE, FULL_WIDTH, SCREEN_SMALL, SMALL, ThemeName, colour_of, theme_named
from workbench.figures.text import fit, markup, shorten, signed_text, text_width
from workbench.layers.evidence import ASPECTS

ROW: Final = 0.2
FOOT: Final = 0.2
NAME: Final = 1.25
SCREEN_ROW: Final = 26
SCREEN_FOOT: Final = 24
SCREEN_NAME, SCREEN_WORDS = 0.24, 0.74
LEAST: Final = 0.05
"""No scale spans less, or rounding errors would look like evidence."""
KEY: Final = "tick: the prediction without it · line: from the prediction with everything"


@dataclass(frozen=True)
class Changes:
    """One row for each element: how far the prediction moves without it.

    Attributes:
        score: predicted log2(views a day + 1) with everything.
        rows: the elements with the hue of their level.
        total: how many elements there are in all.
    """

    score: float
    rows: tuple[tuple[Element, str], ...]
    total: int

    @classmethod
    def of(cls, explanation: Explanation, top: int) -> Changes:
        """The whole modalities, then the ``top`` elements whose removal changes the prediction most, either way."""
        found = [(e, _hue(level, e)) for level in explanation.levels for e in level.elements if e.removal is not None]
        whole = [pair for pair in found if pair[0].kind == "aspect"]
        single = sorted(
            (pair for pair in found if pair[0].kind != "aspect"), key=lambda pair: -abs(pair[0].removal or 0)
        )
        return cls(explanation.score, (*whole, *single[:top]), len(found))

    @property
    def _note(self) -> str:
        hidden = self.total - len(self.rows)
        return f"largest changes, … {hidden:,} more" if hidden else ""

    def _words(self, element: Element) -> str:
        without = self.score + (element.removal or 0.0)
        change = signed_text(element.removal)
        return f"{views_text(self.score)} → {views_text(without)} views a day ({change})"

    @property
    def _range(self) -> tuple[float, float]:
        ends = [self.score + (e.removal or 0.0) for e, _ in self.rows] + [self.score]
        middle, half = (min(ends) + max(ends)) / 2, max(max(ends) - min(ends), LEAST) / 2
        return middle - 1.15 * half, middle + 1.15 * half

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return HEAD + max(len(self.rows), 1) * ROW + FOOT

    def draw(self, area: Area) -> None:
        """Names at the left, ticks in the middle, views at the right."""
        draw_heading(area, "Without one piece", colour_of("own"), self._note)
        if not self.rows:
            area.write(0.14, HEAD + ROW / 2, "nothing to leave out", color=area.theme.muted)
            return
        widest = max(text_width(self._words(e), SMALL) for e, _ in self.rows) + 0.08
        height = len(self.rows) * ROW
        axes = area.axes(NAME, HEAD, max(area.width - NAME - widest, 0.3), height)
        axes.set(xlim=self._range, ylim=(len(self.rows) - 0.5, -0.5))
        axes.axvline(self.score, color=area.theme.muted, linewidth=0.7)
        for row, (element, hue) in enumerate(self.rows):
            middle = HEAD + (row + 0.5) * ROW
            without = self.score + (element.removal or 0.0)
            axes.plot([self.score, without], [row, row], color=hue, linewidth=1.3)
            axes.plot([without], [row], "|", color=area.theme.text, markersize=7, markeredgewidth=1.4, clip_on=False)
            area.write(0, middle, "■", SMALL, color=hue)
            area.write(0.12, middle, fit(element.label, NAME - 0.2, BASE), BASE)
            area.write(area.width, middle, self._words(element), SMALL, ha="right", color=area.theme.muted)
        area.write(0, area.height - 0.08, fit(KEY, area.width, SMALL), SMALL, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + max(len(self.rows), 1) * SCREEN_ROW + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen; a click gives the element's id."""
        plot_heading(canvas, top, "Without one piece", colour_of("own"), self._note)
        body, theme = top + SCREEN_HEAD, canvas.theme
        if not self.rows:
            canvas.write(0.02, body + SCREEN_ROW / 2, "nothing to leave out", color=theme.muted)
            return
        down = {"range": [len(self.rows) - 0.5, -0.5]}
        at = canvas.axes(SCREEN_NAME, SCREEN_WORDS, body, len(self.rows) * SCREEN_ROW, {"range": self._range}, down)
        ends = [self.score + (e.removal or 0.0) for e, _ in self.rows]
        for row, (element, hue) in enumerate(self.rows):
            middle = body + (row + 0.5) * SCREEN_ROW
            canvas.figure.add_shape(
                type="line", xref=at.x, yref=at.y, x0=self.score, x1=ends[row], y0=row, y1=row,
                line={"color": hue, "width": 2.5},
            )  # fmt: skip
            label = f'<span style="color:{hue}">■</span> {markup(shorten(element.label, 22))}'
            canvas.write(0, middle, label)
            canvas.write(1, middle, markup(self._words(element)), SCREEN_SMALL, xanchor="right", color=theme.muted)
        canvas.figure.add_shape(
            type="line", xref=at.x, yref=f"{at.y} domain", x0=self.score, x1=self.score, y0=0, y1=1,
            line={"color": theme.muted, "width": 1},
        )  # fmt: skip
        ticks = marks.removal_trace(at, ends, list(range(len(ends))), [" "] * len(ends), theme)
        hover = [f"<b>{markup(e.label)}</b><br>{markup(self._words(e))}" for e, _ in self.rows]
        ticks.update(hoverinfo="text", hovertext=hover, customdata=[str(e.id) for e, _ in self.rows])
        canvas.figure.add_trace(ticks)
        canvas.write(0, top + self.pixels() - 10, KEY, SCREEN_SMALL, color=theme.muted)


def _hue(level: EvidenceLevel, element: Element) -> str:
    return colour_of(str(element.id)) if level.name == ASPECTS else colour_of(level.name, element.kind)


def changes_figure(
    explanation: Explanation, *, top: int = 8, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """What the prediction would be without each piece, on paper.

    Args:
        explanation: of a popularity model.
        top: how many single pieces are shown, those that change most, beside the whole modalities.
        width: inches.
    """
    return compose([Changes.of(explanation, top)], width, theme_named(theme))


def changes_plotly(explanation: Explanation, *, top: int = 8, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen; hover tells the views a day, a click gives the element's id as custom data."""
    return compose_plotly([Changes.of(explanation, top)], theme_named(theme))
