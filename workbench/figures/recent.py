"""What came before, in time: the last images of a history, their weights, and what each weight is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.explain.dates import clock_text, day_text
from workbench.explain.explanation import Element, Explanation
from workbench.figures import icons, marks
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.past import Past
from workbench.figures.strip import Scale
from workbench.figures.style import (
    FULL_WIDTH,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, hover_text, markup, removal_text, shorten, text_width, weight_text, wrap

LAST: Final = 8
"""How many images are shown."""
OUTSIDE: Final = "outside the window"
LONGEST: Final = 30
"""Characters of the name of a factor on paper."""
GUTTER: Final = 0.46
CELLS: Final = (0.74, 0.86)
"""Narrowest and widest cell in inches."""
LINE: Final = 0.135
BAR: Final = 0.075
TINY: Final = SMALL - 0.5
SCREEN_PER_ROW: Final = 8
SCREEN_PICTURE: Final = 84
SCREEN_LINE: Final = 19
HATCHES: Final = ("", "//////", "....")
SCREEN_HATCHES: Final = ("", "/", ".")


@dataclass(frozen=True)
class Recent:
    """Images from old to new; under each its moment, its weight, the parts of the weight, and its removal."""

    heading: str
    past: Past
    root: Path | None

    def _per_row(self, width: float) -> int:
        return min(max(int((width - GUTTER) / CELLS[0]), 1), len(self.past.shown))

    def _cell(self, width: float) -> float:
        return min((width - GUTTER) / self._per_row(width), CELLS[1])

    def _row(self, width: float) -> float:
        return self._cell(width) - 0.05 + len(self.past.lines) * LINE

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        if not self.past.shown:
            return HEAD + 0.2
        rows = ceil(len(self.past.shown) / self._per_row(width))
        return HEAD + rows * self._row(width) + 0.12 * len(wrap(self.past.key, width, SMALL, 2)) + 0.04

    def draw(self, area: Area) -> None:
        """Rows of cells; the names of the lines stand at the left of each row."""
        draw_heading(area, self.heading, colour_of("history"), self.past.note)
        if not self.past.shown:
            area.write(0.14, HEAD + 0.08, "nothing recorded", color=area.theme.muted)
            return
        per_row, height = self._per_row(area.width), self._row(area.width)
        for row, first in enumerate(range(0, len(self.past.shown), per_row)):
            self._draw_row(area.part(HEAD + row * height, height), self.past.shown[first : first + per_row])
        lines = wrap(self.past.key, area.width, SMALL, 2)
        for i, words in enumerate(reversed(lines)):
            area.write(0, area.height - 0.06 - 0.12 * i, words, SMALL, color=area.theme.muted)

    def _draw_row(self, area: Area, elements: Sequence[Element]) -> None:
        axes, cell, theme = area.inches(), self._cell(area.width), area.theme
        side = cell - 0.1
        below = side + 0.03 + LINE / 2
        scale = Scale.over([e.attention for e in self.past.history.elements], side - 0.32)
        for i, name in self.past.named:
            area.write(0, below + i * LINE, name, SMALL, color=theme.muted)
        for column, element in enumerate(elements):
            left = GUTTER + column * cell
            icons.draw_square(axes, element, self.root, left + side / 2, side / 2, side / 2, theme)
            for i, line in enumerate(self.past.lines):
                y = below + i * LINE
                if line in {"label", "day", "clock"}:
                    words = fit(self.past.when(element, line), cell - 0.04, SMALL)
                    ink = theme.muted if line == "clock" else theme.text
                    area.write(left + side / 2, y, words, SMALL, ha="center", color=ink)
                elif line == "attention" and self.past.is_outside(element):
                    for n, words in enumerate(wrap(OUTSIDE, side, SMALL, 2)):
                        area.write(left, y + n * LINE, words, SMALL, color=theme.muted, style="italic")
                elif line == "attention":
                    length = None if element.attention is None else element.attention * scale.unit
                    marks.attention_bars(axes, [y], [length], [self.past.colour], theme, origins=[left], thickness=0.08)
                    number = weight_text(element.attention)
                    area.write(left + side, y, number, SMALL, ha="right", color=theme.muted)
                elif line == "made of":
                    self._draw_parts(axes, area, element, left, y, side)
                elif line == "without it":
                    texts = [removal_text(element, self.past.rank)]
                    marks.removal_ticks(axes, [left + 0.03], [y], texts, theme)

    def _draw_parts(self, axes: Axes, area: Area, element: Element, left: float, y: float, side: float) -> None:
        """The thin bar, and under it a swatch, name and share for each of its parts."""
        theme = area.theme
        for i, part in enumerate(self.past.parts(element)):
            line = y + (1 + i) * LINE
            number = weight_text(part.share)
            for at, x, wide in ((y, left + part.left * side, part.share * side), (line, left, 0.06)):
                [bar] = axes.barh(at, wide, BAR, left=x, color=part.face(theme), edgecolor=theme.text, linewidth=0.4)
                bar.set_hatch(HATCHES[i % len(HATCHES)])
            # A long name stands in the place of the share, which the bar shows.
            label, room = shorten(part.element.label, LONGEST), side - 0.02
            needed = text_width(label, TINY)
            if needed + text_width(number, TINY) < room - 0.06:
                area.write(left + side + 0.05, line, number, TINY, ha="right", color=theme.muted)
            area.write(left + 0.09, line, fit(label, room, TINY), TINY)

    @property
    def _screen_row(self) -> float:
        return SCREEN_PICTURE + len(self.past.lines) * SCREEN_LINE + 16

    def pixels(self) -> float:
        """Pixels on the screen."""
        rows = ceil(len(self.past.shown) / SCREEN_PER_ROW)
        return SCREEN_HEAD + rows * self._screen_row + 22

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number, a click on a bar gives the id of its image."""
        plot_heading(canvas, top, self.heading, colour_of("history"), self.past.note)
        if not self.past.shown:
            canvas.write(0.02, top + SCREEN_HEAD + 8, "nothing recorded", color=canvas.theme.muted)
            return
        for row, first in enumerate(range(0, len(self.past.shown), SCREEN_PER_ROW)):
            upper = top + SCREEN_HEAD + row * self._screen_row
            self._plot_row(canvas, upper, self.past.shown[first : first + SCREEN_PER_ROW])
        # Bars of two traces in one place are not to make room for each other.
        canvas.figure.update_layout(barmode="overlay")
        canvas.write(0, top + self.pixels() - 10, markup(self.past.key), SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_row(self, canvas: Canvas, top: float, elements: Sequence[Element]) -> None:
        # x counts in cells, the first of them for the names of the lines; y counts in lines of text.
        height = self._screen_row - 16
        down = {"range": [height / SCREEN_LINE, 0]}
        at = canvas.axes(0, 1, top, height, {"range": [0.25, SCREEN_PER_ROW + 1]}, down)
        picture = SCREEN_PICTURE / SCREEN_LINE
        lefts = [1.0 + i for i in range(len(elements))]
        middles = [left + 0.45 for left in lefts]
        icons.plot_icons(canvas, at, elements, self.root, middles, [picture / 2] * len(lefts), 76, (0.9, picture - 0.2))
        for i, name in self.past.named:
            _write(canvas, at, 0.25, picture + 0.5 + i, name, "left")
        for i, line in enumerate(self.past.lines):
            y = picture + 0.5 + i
            if line in {"label", "day", "clock"}:
                for x, element in zip(middles, elements, strict=True):
                    _write(canvas, at, x, y, markup(shorten(self.past.when(element, line), 14)), "center")
            elif line == "attention":
                self._plot_attention(canvas, at, elements, lefts, y)
            elif line == "made of":
                self._plot_parts(canvas, at, elements, lefts, y)
            elif line == "without it":
                texts = [removal_text(element, self.past.rank).removeprefix("rank ") for element in elements]
                across = [left + 0.03 for left in lefts]
                canvas.figure.add_trace(marks.removal_trace(at, across, [y] * len(lefts), texts, canvas.theme))

    def _plot_attention(
        self, canvas: Canvas, at: Pair, elements: Sequence[Element], lefts: Sequence[float], y: float
    ) -> None:
        scale = Scale.over([e.attention for e in self.past.history.elements], 0.48)
        lengths = [e.attention * scale.unit if e.attention else None for e in elements]
        canvas.figure.add_trace(
            marks.attention_trace(
                at, [y] * len(lefts), lengths, [self.past.colour] * len(lefts), canvas.theme, origins=lefts,
                thickness=0.55, hover=[self._hover(element) for element in elements],
                ids=[str(element.id) for element in elements],
            )
        )  # fmt: skip
        for left, element in zip(lefts, elements, strict=True):
            if self.past.is_outside(element):
                _write(canvas, at, left, y + 0.4, f"<i>{OUTSIDE.replace(' the', '<br>the')}</i>", "left")
            else:
                _write(canvas, at, left + 0.92, y, markup(weight_text(element.attention)), "right")

    def _hover(self, element: Element) -> str:
        when = [] if element.time is None else [f"{day_text(element.time)}, {clock_text(element.time)} UTC"]
        parts = [f"{markup(p.element.label)} {markup(weight_text(p.share))}" for p in self.past.parts(element)]
        return "<br>".join([hover_text(element, self.past.rank), *when, *parts])

    def _plot_parts(
        self, canvas: Canvas, at: Pair, elements: Sequence[Element], lefts: Sequence[float], y: float
    ) -> None:
        found = [(left, element, part) for left, element in zip(lefts, elements, strict=True)
                 for part in self.past.parts(element)]  # fmt: skip
        bars = [(left + 0.92 * p.left, y, 0.92 * p.share, e, p) for left, e, p in found]
        bars += [(left, y + 1 + p.place, 0.1, e, p) for left, e, p in found]
        pattern = {
            "shape": [SCREEN_HATCHES[p.place % len(HATCHES)] for *_, p in bars],
            "fgcolor": canvas.theme.text, "bgcolor": [p.face(canvas.theme) for *_, p in bars], "size": 4,
            "fillmode": "overlay",
        }  # fmt: skip
        canvas.figure.add_trace(
            go.Bar(
                x=[wide for _, _, wide, _, _ in bars], y=[down for _, down, *_ in bars],
                base=[left for left, *_ in bars], orientation="h", width=0.5, xaxis=at.x, yaxis=at.y, name="factors",
                hovertext=[markup(f"{p.element.label}: {weight_text(p.share)} of this weight") for *_, p in bars],
                hoverinfo="text", customdata=[str(element.id) for *_, element, _ in bars], textposition="none",
                marker={
                    "color": [p.face(canvas.theme) for *_, p in bars], "pattern": pattern,
                    "line": {"color": canvas.theme.text, "width": 0.6},
                },
            )
        )  # fmt: skip
        for left, _, part in found:
            _write(canvas, at, left + 0.14, y + 1 + part.place, markup(shorten(part.element.label, 11)), "left")


def _write(canvas: Canvas, at: Pair, x: float, y: float, text: str, anchor: str) -> None:
    canvas.figure.add_annotation(
        x=x, y=y, xref=at.x, yref=at.y, text=text, xanchor=anchor, showarrow=False, align="left",
        font={"size": SCREEN_SMALL, "color": canvas.theme.muted},
    )  # fmt: skip


def _recent(explanation: Explanation, root: Path | None, heading: str, last: int) -> Recent:
    history = explanation.level("history")
    nested = [element for level in explanation.levels if level.name == "factors" for element in level.elements]
    shown = history.elements[max(len(history.elements) - last, 0) :]
    factors = {image.id: tuple(part for part in nested if part.of == image.id) for image in shown}
    return Recent(heading, Past(history, shown, factors, explanation.rank), root)


def recent_figure(
    explanation: Explanation,
    root: Path | None = None,
    *,
    heading: str = "What came before",
    last: int = LAST,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The last images of the level ``history`` on paper, with the factors of the level within it.

    Args:
        root: folder of the dataset, None to draw neutral tiles with ids.
        heading: what is shown.
        last: how many images.
        width: inches.

    Raises:
        KeyError: the explanation has no level ``history``.
    """
    return compose([_recent(explanation, root, heading, last)], width, theme_named(theme))


def recent_plotly(
    explanation: Explanation,
    root: Path | None = None,
    *,
    heading: str = "What came before",
    last: int = LAST,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; clicking a bar gives the id of its image as custom data."""
    return compose_plotly([_recent(explanation, root, heading, last)], theme_named(theme))
