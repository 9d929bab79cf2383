"""A strip of images, each square and undistorted, with its marks under it: uploads, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.explain.explanation import By, Element, EvidenceLevel
from workbench.figures import icons, marks
from workbench.figures.levels import NO_SHARES, NO_WEIGHTS, LevelView, view_level
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import FULL_WIDTH, SCREEN_SMALL, SMALL, ThemeName, colour_of, theme_named
from workbench.figures.text import (
    FAINT,
    decimals,
    fit,
    hover_text,
    markup,
    removal_text,
    shorten,
    signed_text,
    text_width,
    weight_text,
)

GUTTER: Final = 0.62
CELLS: Final = (0.63, 0.86)
"""Narrowest and widest cell in inches."""
LINE: Final = 0.15
SCREEN_PER_ROW: Final = 8
SCREEN_NAMES: Final = 1.25
"""Cells that the names of the numbers take."""
SCREEN_PICTURE: Final = 84
SCREEN_LINE: Final = 22


@dataclass(frozen=True)
class Scale:
    """How numbers of one kind become lengths in a cell: ``zero`` from its left edge, ``unit`` for each 1."""

    zero: float
    unit: float
    places: int = 2

    @classmethod
    def over(cls, values: Sequence[float | None], length: float) -> Scale:
        """The scale on which the range of ``values``, zero included, takes ``length``."""
        known = [v for v in values if v is not None]
        low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
        unit = length / max(high - low, FAINT)
        return cls(-low * unit, unit, decimals(known))


@dataclass(frozen=True)
class Strip:
    """Thumbnails in reading order, strongest first; every cell of the strip has the same two scales."""

    view: LevelView
    root: Path | None
    colour: str

    @property
    def _lines(self) -> int:
        return 4 if self.view.has_removal else 3

    @property
    def _key(self) -> str:
        return f"{self.view.attention_title} · {self.view.contribution_title}"

    def _per_row(self, width: float) -> int:
        widest = max(text_width(text, SMALL) for text in self._removals(self.view.elements))
        return min(max(int((width - GUTTER) / max(CELLS[0], widest + 0.14)), 1), len(self.view.elements))

    def _removals(self, elements: Sequence[Element]) -> list[str]:
        return [removal_text(element, self.view.rank) for element in elements]

    def _cell(self, width: float) -> float:
        return min((width - GUTTER) / self._per_row(width), CELLS[1])

    def _row(self, width: float) -> float:
        return self._cell(width) + self._lines * LINE

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        if not self.view.elements:
            return HEAD + 0.2
        return HEAD + ceil(len(self.view.elements) / self._per_row(width)) * self._row(width) + 0.15

    def draw(self, area: Area) -> None:
        """Rows of cells; the names of the numbers stand at the left of each row."""
        draw_heading(area, self.view.heading, self.colour, self.view.note)
        if not self.view.elements:
            area.write(0.14, HEAD + 0.08, "nothing recorded", color=area.theme.muted)
            return
        per_row = self._per_row(area.width)
        for row, first in enumerate(range(0, len(self.view.elements), per_row)):
            line = area.part(HEAD + row * self._row(area.width), self._row(area.width))
            self._draw_row(line, slice(first, first + per_row), self._cell(area.width))
        area.write(0, area.height - 0.07, fit(self._key, area.width, SMALL), SMALL, color=area.theme.muted)

    def _draw_row(self, area: Area, cells: slice, cell: float) -> None:
        inches, elements, colours = area.inches(), self.view.elements[cells], self.view.colours[cells]
        lefts = [GUTTER + i * cell for i in range(len(elements))]
        side = cell - 0.1
        below = side + 0.03
        for left, element in zip(lefts, elements, strict=True):
            icons.draw_square(inches, element, self.root, left + side / 2, side / 2, side / 2, area.theme)
            area.write(left + side / 2, below + LINE / 2, fit(element.label, cell - 0.06, SMALL), SMALL, ha="center")
        attention, contribution, removal = (below + (i + 0.5) * LINE for i in (1, 2, 3))
        self._names(area, attention, contribution, removal)
        self._draw_attention(inches, area, lefts, attention, elements, colours, side)
        self._draw_contribution(inches, area, lefts, contribution, elements, colours, side)
        texts = self._removals(elements)
        marks.removal_ticks(inches, [left + 0.03 for left in lefts], [removal] * len(lefts), texts, area.theme)

    def _names(self, area: Area, attention: float, contribution: float, removal: float) -> None:
        for y, name in ((attention, "attention"), (contribution, "contribution"), (removal, "without it")):
            if name != "without it" or self.view.has_removal:
                area.write(0, y, name, SMALL, color=area.theme.muted)

    def _draw_attention(
        self,
        axes: Axes,
        area: Area,
        lefts: list[float],
        y: float,
        elements: Sequence[Element],
        colours: Sequence[str],
        side: float,
    ) -> None:
        if self.view.attention_sum is None:
            area.write(GUTTER, y, NO_WEIGHTS, SMALL, color=area.theme.muted)
            return
        scale = Scale.over([e.attention for e in self.view.elements], side - 0.32)
        lengths = [None if e.attention is None else e.attention * scale.unit for e in elements]
        marks.attention_bars(axes, [y] * len(lefts), lengths, colours, area.theme, origins=lefts, thickness=0.08)
        for left, element in zip(lefts, elements, strict=True):
            self._number(area, left + side, y, weight_text(element.attention))

    def _draw_contribution(
        self,
        axes: Axes,
        area: Area,
        lefts: list[float],
        y: float,
        elements: Sequence[Element],
        colours: Sequence[str],
        side: float,
    ) -> None:
        if not self.view.has_contribution:
            area.write(GUTTER, y, NO_SHARES, SMALL, color=area.theme.muted)
            return
        scale = Scale.over([e.contribution for e in self.view.elements], side - 0.4)
        zeros = [left + 0.04 + scale.zero for left in lefts]
        lengths = [None if e.contribution is None else e.contribution * scale.unit for e in elements]
        axes.vlines(zeros, y - 0.06, y + 0.06, color=area.theme.muted, linewidth=0.6)
        marks.contribution_lollipops(axes, [y] * len(lefts), lengths, colours, area.theme, origins=zeros)
        for left, element in zip(lefts, elements, strict=True):
            self._number(area, left + side, y, signed_text(element.contribution, scale.places))

    def _number(self, area: Area, right: float, y: float, text: str) -> None:
        area.write(right, y, text, SMALL, ha="right", color=area.theme.muted)

    @property
    def _screen_row(self) -> float:
        return SCREEN_PICTURE + (1 + len(self._screen_lines)) * SCREEN_LINE + 10

    @property
    def _screen_lines(self) -> list[str]:
        """The numbers under a picture, from top to bottom; what the model lacks is said in the key alone."""
        view = self.view
        has = {
            "attention": view.attention_sum is not None,
            "contribution": view.has_contribution,
            "without it": view.has_removal,
        }
        return [name for name, known in has.items() if known]

    def pixels(self) -> float:
        """Pixels on the screen."""
        rows = ceil(len(self.view.elements) / SCREEN_PER_ROW)
        return SCREEN_HEAD + (rows * self._screen_row if rows else 0) + SCREEN_LINE

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same strip to touch: hover tells every number, a click gives the element's id."""
        plot_heading(canvas, top, self.view.heading, self.colour, self.view.note)
        if not self.view.elements:
            canvas.write(0.02, top + SCREEN_HEAD + 8, "nothing recorded", color=canvas.theme.muted)
            return
        for row, first in enumerate(range(0, len(self.view.elements), SCREEN_PER_ROW)):
            self._plot_row(canvas, top + SCREEN_HEAD + row * self._screen_row, slice(first, first + SCREEN_PER_ROW))
        key = f"{self._key} · without it: new rank" if self.view.has_removal else self._key
        canvas.write(0, top + self.pixels() - 10, key, SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_row(self, canvas: Canvas, top: float, cells: slice) -> None:
        elements, height = self.view.elements[cells], self._screen_row - 10
        # x counts in cells, the names of the numbers before them; y counts in lines of text.
        lines = height / SCREEN_LINE
        picture = SCREEN_PICTURE / SCREEN_LINE
        at = canvas.axes(0, 1, top, height, {"range": [0, SCREEN_PER_ROW + SCREEN_NAMES]}, {"range": [lines, 0]})
        lefts = [SCREEN_NAMES + i for i in range(len(elements))]
        middles = [left + 0.45 for left in lefts]
        icons.plot_icons(canvas, at, elements, self.root, middles, [picture / 2] * len(lefts), 76, (0.9, picture - 0.2))
        words = [(x, picture + 0.5, markup(shorten(e.label, 14))) for x, e in zip(middles, elements, strict=True)]
        self._write(canvas, at, words, "center")
        names = [(0.0, picture + 1.5 + i, name) for i, name in enumerate(self._screen_lines)]
        self._write(canvas, at, names, "left")
        for _, y, name in names:
            if name == "attention":
                self._plot_attention(canvas, at, cells, lefts, y)
            elif name == "contribution":
                self._plot_contribution(canvas, at, cells, lefts, y)
            else:
                texts = [removal_text(e, self.view.rank).removeprefix("rank ") for e in elements]
                across = [left + 0.03 for left in lefts]
                canvas.figure.add_trace(marks.removal_trace(at, across, [y] * len(lefts), texts, canvas.theme))

    def _plot_attention(self, canvas: Canvas, at: Pair, cells: slice, lefts: list[float], y: float) -> None:
        elements = self.view.elements[cells]
        scale = Scale.over([e.attention for e in self.view.elements], 0.48)
        lengths = [None if e.attention is None else e.attention * scale.unit for e in elements]
        canvas.figure.add_trace(
            marks.attention_trace(
                at, [y] * len(lefts), lengths, self.view.colours[cells], canvas.theme, origins=lefts, thickness=0.5,
                hover=[hover_text(e, self.view.rank) for e in elements], ids=[str(e.id) for e in elements],
            )
        )  # fmt: skip
        texts = [markup(weight_text(e.attention)) for e in elements]
        self._write(canvas, at, [(left + 0.92, y, text) for left, text in zip(lefts, texts, strict=True)], "right")

    def _plot_contribution(self, canvas: Canvas, at: Pair, cells: slice, lefts: list[float], y: float) -> None:
        elements = self.view.elements[cells]
        scale = Scale.over([e.contribution for e in self.view.elements], 0.26)
        zeros = [left + 0.06 + scale.zero for left in lefts]
        lengths = [None if e.contribution is None else e.contribution * scale.unit for e in elements]
        for trace in marks.contribution_traces(
            at, [y] * len(lefts), lengths, self.view.colours[cells], canvas.theme, origins=zeros,
            hover=[hover_text(e, self.view.rank) for e in elements], ids=[str(e.id) for e in elements],
        ):  # fmt: skip
            canvas.figure.add_trace(trace)
        for zero in zeros:
            canvas.figure.add_shape(
                type="line", xref=at.x, yref=at.y, x0=zero, x1=zero, y0=y - 0.4, y1=y + 0.4,
                line={"color": canvas.theme.muted, "width": 1},
            )  # fmt: skip
        texts = [signed_text(e.contribution, scale.places) for e in elements]
        self._write(canvas, at, [(left + 0.92, y, text) for left, text in zip(lefts, texts, strict=True)], "right")

    def _write(self, canvas: Canvas, at: Pair, words: list[tuple[float, float, str]], anchor: str) -> None:
        for across, down, text in words:
            canvas.figure.add_annotation(
                x=across, y=down, xref=at.x, yref=at.y, text=text, xanchor=anchor, showarrow=False,
                font={"size": SCREEN_SMALL, "color": canvas.theme.muted},
            )  # fmt: skip


def strip_figure(
    level: EvidenceLevel,
    rank: int | None,
    root: Path | None = None,
    *,
    heading: str | None = None,
    top: int = 8,
    by: By | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The ``top`` strongest images of a level on paper.

    Args:
        rank: rank of the explained image with everything present; None where nothing is ranked.
        root: folder of the dataset, None to draw neutral tiles with ids.
        heading: what a person calls the level; None takes its name.
        by: what orders the images; None takes contribution where the model is additive, else attention.
        width: inches.
    """
    view = view_level(level, rank, top, by, heading)
    return compose([Strip(view, root, colour_of(level.name, level.kind))], width, theme_named(theme))


def strip_plotly(
    level: EvidenceLevel,
    rank: int | None,
    root: Path | None = None,
    *,
    heading: str | None = None,
    top: int = 8,
    by: By | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; clicking a mark gives the element's id as custom data."""
    view = view_level(level, rank, top, by, heading)
    return compose_plotly([Strip(view, root, colour_of(level.name, level.kind))], theme_named(theme))
