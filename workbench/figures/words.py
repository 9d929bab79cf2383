"""A caption with its words highlighted: background is attention, ticks are removals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from workbench.explain.explanation import Element, EvidenceLevel
from workbench.figures import marks
from workbench.figures.levels import NO_WEIGHTS
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    FLAT_GREY,
    FULL_WIDTH,
    HEADING,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    ink_on,
    mix,
    theme_named,
)
from workbench.figures.text import decimals, fit, hover_text, markup, signed_text, text_width, weight_text, wrap

UNKNOWN: Final = "the model does not know this word"
LINE: Final = 0.4
BARE_LINE: Final = 0.29
FOOT: Final = 0.16
SPACE: Final = 0.05
SCREEN_WORD: Final = SCREEN_BASE + 2
SCREEN_LINE: Final = 58
SCREEN_FOOT: Final = 24
SCREEN_WIDTH: Final = 640
"""Pixels of a line on the screen."""
PIXELS_PER_INCH: Final = 96
POINTS_PER_PIXEL: Final = 0.75
_PIECE: Final = re.compile(r"\s+|\w+|[^\w\s]+")


@dataclass(frozen=True)
class Piece:
    """A stretch of the caption without spaces.

    Attributes:
        element: the word the model read there, None for what it did not read.
        apart: whether a space stands before it, so that a line may break there.
    """

    text: str
    element: Element | None
    apart: bool

    @property
    def is_word(self) -> bool:
        """Whether it is a word, not punctuation."""
        return self.text[:1].isalnum()


def pieces(text: str, words: Sequence[Element]) -> list[Piece]:
    """The caption cut at its spaces and at the words the model read.

    Raises:
        ValueError: a word has no place in the text, or two share one.
    """
    found: list[Piece] = []
    spans = sorted(((word.span or (-1, -1), word) for word in words), key=lambda pair: pair[0])
    at, apart = 0, False
    for (start, end), word in spans:
        if not at <= start < end <= len(text):
            raise ValueError(f"the word '{word.label}' has no place of its own in the text")
        apart = _add_unread(found, text[at:start], apart)
        found.append(Piece(text[start:end], word, apart))
        at, apart = end, False
    _add_unread(found, text[at:], apart)
    return found


def _add_unread(found: list[Piece], text: str, apart: bool) -> bool:
    """Add the pieces of a text without read words; whether a space stood at its end."""
    for match in _PIECE.finditer(text):
        if match.group().isspace():
            apart = True
        else:
            found.append(Piece(match.group(), None, apart))
            apart = False
    return apart


Line = list[tuple[float, float, Piece]]
"""Left edge, width and piece, from left to right."""


@dataclass(frozen=True)
class Words:
    """The caption in lines; each read word on its highlight, weight and removal under it.

    Attributes:
        text: the caption; ``level`` the words the model read in it.
    """

    heading: str
    text: str
    level: EvidenceLevel

    @property
    def _hue(self) -> str:
        return FLAT_GREY if self.level.is_flat else colour_of("words")

    @property
    def _note(self) -> str:
        unread = sum(piece.element is None and piece.is_word for piece in pieces(self.text, self.level.elements))
        parts = ["no preference"] if self.level.is_flat else []
        if unread:
            parts.append(f"grey: {unread} not read by the model")
        return " · ".join(parts)

    @property
    def _has_removal(self) -> bool:
        return any(word.removal is not None for word in self.level.elements)

    @property
    def _key(self) -> str:
        tick = ["tick: change of the score without the word"] if self._has_removal else []
        weighs = any(word.attention is not None for word in self.level.elements)
        return " · ".join(["background and number: attention (adds up to 1)" if weighs else NO_WEIGHTS, *tick])

    def _strength(self, word: Element) -> float:
        """How strong the background is, 0..1: full at the strongest word, but never below twice the even share."""
        weights = [other.attention or 0.0 for other in self.level.elements]
        return (word.attention or 0.0) / max(*weights, 2 * sum(weights) / len(weights), 1e-9)

    def _colours(self, word: Element, theme: Theme) -> tuple[str, str]:
        """Background and letters of a word, readable on each other."""
        share = 0.08 + 0.92 * self._strength(word)
        background = mix(self._hue, theme.background, share)
        return background, ink_on(background)

    def _removal(self, word: Element) -> str:
        places = decimals(other.removal for other in self.level.elements)
        return signed_text(word.removal, min(places, 3))

    def _lines(self, width: float, size: float, unit: float) -> list[Line]:
        """Left edge, width and piece, line by line; ``unit`` inches make 1 of ``width``."""
        found = pieces(self.text, self.level.elements)
        return set_lines(found, width, SPACE / unit, lambda piece: self._width(piece, width * unit, size) / unit)

    def _width(self, piece: Piece, most: float, size: float) -> float:
        word = text_width(piece.text, size)
        if piece.element is None:
            return min(word, most)
        small = size * SMALL / HEADING
        below = [text_width(weight_text(piece.element.attention), small)]
        if piece.element.removal is not None:
            below.append(text_width(self._removal(piece.element), small) + 0.07)
        return min(max(word + 0.06, *below), most)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        keys = wrap(self._key, width, SMALL, 2)
        return HEAD + len(self._lines(width, HEADING, 1.0)) * self._line + FOOT + 0.12 * (len(keys) - 1)

    @property
    def _line(self) -> float:
        return LINE if self._has_removal else BARE_LINE

    def draw(self, area: Area) -> None:
        """Every word on its background."""
        draw_heading(area, self.heading, colour_of("words"), self._note)
        axes, theme = area.inches(), area.theme
        for number, line in enumerate(self._lines(area.width, HEADING, 1.0)):
            top = HEAD + number * self._line
            for left, wide, piece in line:
                middle, shown = left + wide / 2, fit(piece.text, wide, HEADING)
                if piece.element is None:
                    area.write(middle, top + 0.08, shown, HEADING, ha="center", color=theme.muted)
                    continue
                background, ink = self._colours(piece.element, theme)
                box = FancyBboxPatch((left + 0.03, top + 0.03), wide - 0.06, 0.1, boxstyle="round,pad=0.025")
                box.set(facecolor=background, edgecolor="none")
                axes.add_patch(box)
                area.write(middle, top + 0.08, shown, HEADING, ha="center", color=ink)
                weight = weight_text(piece.element.attention)
                area.write(middle, top + 0.21, weight, SMALL, ha="center", color=theme.muted)
                removal = self._removal(piece.element)
                across = middle - (text_width(removal, SMALL) + 0.04) / 2
                marks.removal_ticks(axes, [across], [top + 0.305], [removal], theme)
        keys = wrap(self._key, area.width, SMALL, 2)
        for i, words in enumerate(reversed(keys)):
            area.write(0, area.height - 0.06 - 0.12 * i, words, SMALL, color=theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        lines = self._lines(SCREEN_WIDTH, SCREEN_WORD * POINTS_PER_PIXEL, 1 / PIXELS_PER_INCH)
        return SCREEN_HEAD + len(lines) * SCREEN_LINE + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen: hover tells every number, also of words that were not read."""
        plot_heading(canvas, top, self.heading, colour_of("words"), self._note)
        # A figure without axes of its own would be given some to see.
        canvas.axes(0, 1, top, 1, {}, {})
        for number, line in enumerate(self._lines(SCREEN_WIDTH, SCREEN_WORD * POINTS_PER_PIXEL, 1 / PIXELS_PER_INCH)):
            at = top + SCREEN_HEAD + number * SCREEN_LINE
            for left, wide, piece in line:
                self._plot_piece(canvas, at, left + wide / 2, wide, piece)
        canvas.write(0, top + self.pixels() - 10, markup(self._key), SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_piece(self, canvas: Canvas, top: float, middle: float, wide: float, piece: Piece) -> None:
        theme, most = canvas.theme, max(int(wide / SCREEN_WORD * 2.2), 8)
        word = markup(piece.text if len(piece.text) <= most else piece.text[: most - 1] + "…")
        centred = {"xanchor": "center", "align": "center", "xshift": middle}
        if piece.element is None:
            hover = markup(UNKNOWN) if piece.is_word else None
            canvas.write(0, top + 12, word, SCREEN_WORD, color=theme.muted, hovertext=hover, **centred)
            return
        background, ink = self._colours(piece.element, theme)
        canvas.write(
            0, top + 12, word, SCREEN_WORD, color=ink, bgcolor=background, borderpad=2,
            hovertext=hover_text(piece.element, None), **centred,
        )  # fmt: skip
        lines = [markup(weight_text(piece.element.attention))]
        if piece.element.removal is not None:
            lines.append(f'<span style="color:{theme.text}">|</span> {markup(self._removal(piece.element))}')
        canvas.write(0, top + 24, "<br>".join(lines), SCREEN_SMALL, color=theme.muted, yanchor="top", **centred)


def set_lines(found: list[Piece], width: float, space: float, measure: Callable[[Piece], float]) -> list[Line]:
    """Pieces in lines of ``width``, ``space`` between words; what no space parts stays together."""
    lines: list[Line] = [[]]
    x = 0.0
    for group in _groups(found):
        shown = [(piece, measure(piece)) for piece in group]
        total = sum(wide for _, wide in shown)
        if lines[-1] and x + total > width:
            lines.append([])
            x = 0.0
        for piece, wide in shown:
            lines[-1].append((x, wide, piece))
            x += wide
        x += space
    return lines


def _groups(found: list[Piece]) -> list[list[Piece]]:
    """Pieces that no space parts, together."""
    groups: list[list[Piece]] = []
    for piece in found:
        if piece.apart or not groups:
            groups.append([])
        groups[-1].append(piece)
    return groups


def words_figure(
    text: str,
    level: EvidenceLevel,
    *,
    heading: str = "The words",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """A caption with its words highlighted, on paper.

    Args:
        text: the caption.
        level: the words the model read, each with its place in the text.
        heading: what is shown.
        width: inches.

    Raises:
        ValueError: a word has no place of its own in the text.
    """
    return compose([Words(heading, text, level)], width, theme_named(theme))


def words_plotly(
    text: str, level: EvidenceLevel, *, heading: str = "The words", theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen, in lines of ``SCREEN_WIDTH`` pixels."""
    return compose_plotly([Words(heading, text, level)], theme_named(theme))
