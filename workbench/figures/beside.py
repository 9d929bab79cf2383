"""Two explanations on the same axes: every piece with a line for each, the second one hatched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.beside import SCALES, WHOLE, Beside, Matched, Side
from workbench.explain.explanation import Element
from workbench.figures import icons, marks
from workbench.figures.columns import Columns, Line
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, hover_text, markup, removal_text, shorten, text_width, wrap

LINE: Final = 0.16
ROW: Final = 2 * LINE + 0.05
NARROW: Final = 3.5
"""Below this width the name of a piece stands above its lines."""
NAME: Final = 0.14
FOOT: Final = 0.42
KEY: Final = 0.115
ICON: Final = 0.13
SCREEN_LINE: Final = 20
SCREEN_ROW: Final = 2 * SCREEN_LINE + 6
SCREEN_FOOT: Final = 46
SCREEN_KEY: Final = 17
SCREEN_NAMES, SCREEN_REMOVALS = 0.24, 0.84
SCREEN_LETTERS: Final = 110
ABSENT: Final = "not there"


@dataclass(frozen=True)
class BesideRows:
    """The pieces as rows of two lines.

    Attributes:
        found: the two explanations, piece by piece.
        root: folder of the dataset, None to draw without pictures.
    """

    found: Beside
    root: Path | None

    @property
    def _sides(self) -> tuple[Side, Side]:
        return self.found.first, self.found.second

    @property
    def _elements(self) -> list[Element]:
        return [both.element for both in self.found.matched]

    @property
    def _heading(self) -> str:
        label = self.found.label
        return label[:1].upper() + label[1:]

    @property
    def _note(self) -> str:
        hidden = self.found.total - len(self.found.matched)
        return f"… {hidden:,} more" if hidden else ""

    @property
    def _colour(self) -> str:
        return colour_of("own" if self.found.level == WHOLE else self.found.level, self.found.kind)

    @property
    def _key(self) -> list[str]:
        first, second = self._sides
        lines = [f"plain: {_told(first)}", f"hatched and square: {_told(second)}"]
        shares = [e.contribution for both in self.found.matched for e in (both.first, both.second) if e is not None]
        if self.found.scale == "share" and any(share is not None for share in shares):
            lines.append("scores of two models have different units, so contributions are parts of all shares")
        return lines

    def _hue(self, element: Element) -> str:
        if self.found.level == WHOLE:
            return colour_of(str(element.id))
        number = element.id if isinstance(element.id, int) else 0
        return colour_of(self.found.level, element.kind, number)

    def _columns(self, tops: Sequence[float], step: float, tall: float) -> Columns:
        lines = []
        for top, both in zip(tops, self.found.matched, strict=True):
            for i, (side, element) in enumerate(_pair(self, both)):
                if element is None:
                    continue
                hover = f"<b>{markup(side.name)}</b><br>{hover_text(element, side.rank)}"
                at = top + (i + 0.5) * step
                known = element.attention, element.contribution, None
                lines.append(Line(at, *known, self._hue(element), str(element.id), hover, i > 0))
        return Columns(tuple(lines), tall, step, "attention", SCALES[self.found.scale])

    def _removals(self, both: Matched) -> tuple[str, str]:
        """What happens without the piece on either side; nothing where that side does not have it."""
        first, second = (
            "" if element is None else removal_text(element, side.rank) for side, element in _pair(self, both)
        )
        return first, second

    def _absent(self, tops: Sequence[float], step: float) -> list[float]:
        """Middles of the lines of those pieces that a side does not have."""
        pairs = [
            (top, i, element)
            for top, both in zip(tops, self.found.matched, strict=True)
            for i, (_, element) in enumerate(_pair(self, both))
        ]
        return [top + (i + 0.5) * step for top, i, element in pairs if element is None]

    @property
    def _has_removal(self) -> bool:
        return any(any(self._removals(both)) for both in self.found.matched)

    def _lines_of_key(self, width: float) -> list[str]:
        return wrap(" · ".join(self._key), width, SMALL, 4)

    def _above(self, width: float) -> float:
        return NAME if width < NARROW else 0.0

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        rows = max(len(self.found.matched), 1) * (ROW + self._above(width))
        return HEAD + rows + FOOT + KEY * len(self._lines_of_key(width))

    def draw(self, area: Area) -> None:
        """Names at the left, the marks of both in the middle, removals at the right, the key below."""
        draw_heading(area, self._heading, self._colour, self._note)
        matched, above = self.found.matched, self._above(area.width)
        if not matched:
            area.write(0.14, HEAD + 0.1, "neither has any", color=area.theme.muted)
            return
        row = ROW + above
        texts = [self._removals(both) for both in matched]
        widest = max(text_width(text, SMALL) for pair in texts for text in pair) + 0.12
        last = widest if self._has_removal else 0.0
        pictured = any(icons.has_icon(element) for element in self._elements)
        inset = 2 * ICON + 0.06 if pictured else 0.06
        names = max(text_width(element.label, BASE) for element in self._elements)
        label = 0.1 if above else min(inset + names + 0.12, 0.33 * area.width)
        axes = area.inches()
        for i, both in enumerate(matched):
            element, top = both.element, HEAD + i * row
            middle = top + (above / 2 if above else row / 2)
            if icons.has_icon(element):
                radius = above / 2 if above else ICON
                icons.draw_icon(axes, element, self.root, ICON, middle, radius, area.theme)
            area.write(inset, middle, fit(element.label, (area.width if above else label) - inset - 0.08, BASE))
        tops = [i * row + above + (row - above - 2 * LINE) / 2 for i in range(len(matched))]
        self._columns(tops, LINE, len(matched) * row).draw(area, label, HEAD, area.width - label - last)
        for middle in self._absent(tops, LINE):
            area.write(label + 0.05, HEAD + middle, ABSENT, SMALL, color=area.theme.muted, style="italic")
        left = area.width - last + 0.06
        for i in range(2) if last else ():
            middles = [HEAD + top + (i + 0.5) * LINE for top in tops]
            told = [pair[i] for pair in texts]
            marks.removal_ticks(axes, [left] * len(tops), middles, told, area.theme)
        bottom = HEAD + len(matched) * row
        if last:
            area.write(left - 0.03, bottom + 0.205, "without it", SMALL, color=area.theme.muted)
        for i, text in enumerate(self._lines_of_key(area.width)):
            area.write(0, bottom + FOOT + KEY * (i + 0.5) - 0.03, text, SMALL, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        rows = max(len(self.found.matched), 1) * SCREEN_ROW
        return SCREEN_HEAD + rows + SCREEN_FOOT + SCREEN_KEY * len(self._key)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number and whose it is, a click gives the piece."""
        plot_heading(canvas, top, self._heading, self._colour, self._note)
        matched, body = self.found.matched, top + SCREEN_HEAD
        if not matched:
            canvas.write(0.02, body + SCREEN_ROW / 2, "neither has any", color=canvas.theme.muted)
            return
        tall = len(matched) * SCREEN_ROW
        right = SCREEN_REMOVALS - 0.02 if self._has_removal else 1.0
        middles = [(i + 0.5) * SCREEN_ROW for i in range(len(matched))]
        at = canvas.axes(0, SCREEN_NAMES, body, tall, {"range": [0, 1]}, {"range": [tall, 0]})
        pictured = any(icons.has_icon(element) for element in self._elements)
        size = 0.16, 0.8 * SCREEN_ROW
        icons.plot_icons(canvas, at, self._elements, self.root, [0.09] * len(matched), middles, 26, size)
        for element, middle in zip(self._elements, middles, strict=True):
            words = markup(shorten(element.label, 16 if pictured else 24))
            canvas.write(0.05 if pictured else 0.0, body + middle, words, SCREEN_BASE)
        tops = [middle - SCREEN_LINE for middle in middles]
        self._columns(tops, SCREEN_LINE, tall).plot(canvas, SCREEN_NAMES, right, body)
        for middle in self._absent(tops, SCREEN_LINE):
            words = f"<i>{ABSENT}</i>"
            canvas.write(SCREEN_NAMES + 0.006, body + middle, words, SCREEN_SMALL, color=canvas.theme.muted)
        if self._has_removal:
            ticks = canvas.axes(SCREEN_REMOVALS, 1, body, tall, {"range": [0, 1]}, {"range": [tall, 0]})
            for i in range(2):
                texts = [self._removals(both)[i] for both in matched]
                lines = [first + (i + 0.5) * SCREEN_LINE for first in tops]
                canvas.figure.add_trace(marks.removal_trace(ticks, [0.04] * len(matched), lines, texts, canvas.theme))
            canvas.write(SCREEN_REMOVALS, body + tall + 27, "without it", SCREEN_SMALL)
        for i, words in enumerate(self._key):
            line = body + tall + SCREEN_FOOT + SCREEN_KEY * (i + 0.5)
            canvas.write(0, line, markup(shorten(words, SCREEN_LETTERS)), SCREEN_SMALL, color=canvas.theme.muted)


def _pair(rows: BesideRows, both: Matched) -> list[tuple[Side, Element | None]]:
    return list(zip((rows.found.first, rows.found.second), (both.first, both.second), strict=True))


def _told(side: Side) -> str:
    rank = "" if side.rank is None else f", rank {side.rank:,}"
    return f"{side.name}{rank}, {side.verdict}"


def beside_figure(
    found: Beside, root: Path | None = None, *, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """Two explanations by one level on paper.

    Args:
        found: the two, piece by piece.
        root: folder of the dataset, None to draw without pictures.
        width: inches.
    """
    return compose([BesideRows(found, root)], width, theme_named(theme))


def beside_plotly(found: Beside, root: Path | None = None, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen; a click on a mark gives the piece's id as custom data."""
    return compose_plotly([BesideRows(found, root)], theme_named(theme))
