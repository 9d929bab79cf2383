"""A text whose words carry topics: tinted, underlined and numbered by topic; as a picture, on the screen, as HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from workbench.explain.explanation import Element
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    FULL_WIDTH,
    HEADING,
    SCREEN_SMALL,
    SMALL,
    THEMES,
    Theme,
    ThemeName,
    colour_of,
    ink_on,
    mix,
    seen_on,
    theme_named,
)
from workbench.figures.text import clean, fit, markup, shorten, text_width
from workbench.figures.words import (
    PIXELS_PER_INCH,
    POINTS_PER_PIXEL,
    SCREEN_WIDTH,
    SCREEN_WORD,
    SPACE,
    Line,
    Piece,
    pieces,
    set_lines,
)

if TYPE_CHECKING:
    from workbench.explain.timeline import TopicWord

LINE: Final = 0.235
LEGEND: Final = 0.14
LONGEST: Final = 48
"""Characters of a name in the legend."""
LEAST: Final = 0.1
"""Tint of the weakest word, so that it is seen to carry a topic."""
NARROW: Final = 0.94
"""Width of the fonts of the screen, as part of that of the font of paper."""
RAISED: Final = 0.65
"""Size of the raised numbers, as part of the size of the words."""
SCREEN_LINE: Final = 36
SCREEN_LEGEND: Final = 20
SCREEN_LETTER: Final = 6.6
LIST_STYLE: Final = "display:flex;flex-wrap:wrap;gap:0 1.2em;margin:.4em 0 0;padding:0;list-style:none;font-size:.8em"
NOTHING: Final = "no word carries a topic"


@dataclass(frozen=True)
class TopicWords:
    """The text in lines, and a legend of its topics.

    Attributes:
        words: those that carry a topic; ``names`` what topics are called, by number.
    """

    heading: str
    text: str
    words: tuple[TopicWord, ...]
    names: Mapping[int, str]

    @cached_property
    def pieces(self) -> list[Piece]:
        """The text cut at its spaces and at the words that carry a topic; their elements have its number as id."""
        elements = [
            Element(kind="word", id=word.topic, label=word.word, span=(word.start, word.end), attention=word.strength)
            for word in self.words
        ]
        return pieces(self.text, elements)

    @cached_property
    def topics(self) -> list[int]:
        """Numbers of the topics, the one with most of the text first."""
        strengths: dict[int, float] = {}
        for word in self.words:
            strengths[word.topic] = strengths.get(word.topic, 0.0) + word.strength
        return sorted(strengths, key=lambda topic: (-strengths[topic], topic))

    def label(self, topic: int) -> str:
        """Number and name of a topic."""
        return clean(f"#{topic} {self.names.get(topic, '')}")

    @property
    def note(self) -> str:
        """How much of the text carries topics."""
        count = sum(piece.is_word for piece in self.pieces)
        return f"{len(self.words):,} of {count:,} words carry a topic" if self.words else NOTHING

    def tint(self, word: Element, theme: Theme) -> str:
        """Background of a word: its topic's colour, as opaque as the word is strong."""
        strength = min(max(word.attention or 0.0, 0.0), 1.0)
        return mix(colour_of("topics", number=_topic(word)), theme.background, LEAST + (1 - LEAST) * strength)

    def _lines(self, width: float, size: float, unit: float) -> list[Line]:
        """The text in lines; ``unit`` inches make 1 of ``width``."""
        return set_lines(
            self.pieces, width, SPACE / unit, lambda piece: self._measure(piece, width * unit, size) / unit
        )

    def _measure(self, piece: Piece, most: float, size: float) -> float:
        raised = 0.0
        if piece.element is not None:
            raised = text_width(str(piece.element.id), RAISED * size) + 0.07
        return min(text_width(piece.text, size) + raised, most)

    def _legend(self, width: float) -> list[list[tuple[float, int, str]]]:
        """Left edge, number and label of every topic, line by line."""
        lines: list[list[tuple[float, int, str]]] = [[]]
        x = 0.0
        for topic in self.topics:
            label = fit(shorten(self.label(topic), LONGEST), width - 0.2, SMALL)
            # Small type is set a little wider than it is measured.
            wide = 0.14 + 1.05 * text_width(label, SMALL) + 0.14
            if lines[-1] and x + wide - 0.14 > width:
                lines.append([])
                x = 0.0
            lines[-1].append((x, topic, label))
            x += wide
        return lines

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        legend = len(self._legend(width)) * LEGEND if self.words else 0.0
        return HEAD + len(self._lines(width, HEADING, 1.0)) * LINE + 0.06 + legend

    def draw(self, area: Area) -> None:
        """Every word with a topic on its tint, underlined, its topic's number raised."""
        draw_heading(area, self.heading, colour_of("words"), self.note)
        axes, theme = area.inches(), area.theme
        lines = self._lines(area.width, HEADING, 1.0)
        for number, line in enumerate(lines):
            middle = HEAD + (number + 0.5) * LINE
            for left, wide, piece in line:
                if piece.element is None:
                    area.write(left, middle, fit(piece.text, wide + 0.01, HEADING), HEADING, color=theme.muted)
                    continue
                raised = text_width(str(piece.element.id), RAISED * HEADING)
                tint = self.tint(piece.element, theme)
                box = FancyBboxPatch((left + 0.015, middle - 0.06), wide - 0.03, 0.12, boxstyle="round,pad=0.015")
                box.set(facecolor=tint, edgecolor="none")
                axes.add_patch(box)
                hue = self._swatch(_topic(piece.element), theme)
                axes.plot([left + 0.01, left + wide - 0.01], [middle + 0.085] * 2, color=hue, linewidth=1.3)
                ink, word = ink_on(tint), fit(piece.text, wide - raised - 0.06, HEADING)
                area.write(left + 0.025, middle, word, HEADING, color=ink)
                area.write(
                    left + wide - 0.02, middle - 0.035, str(piece.element.id), RAISED * HEADING, color=ink, ha="right"
                )
        top = HEAD + len(lines) * LINE + 0.06
        for row, entries in enumerate(self._legend(area.width)):
            y = top + (row + 0.5) * LEGEND
            for left, topic, label in entries:
                fill = colour_of("topics", number=topic)
                axes.add_patch(
                    Rectangle((left, y - 0.045), 0.09, 0.09, facecolor=fill, edgecolor=theme.muted, linewidth=0.4)
                )
                area.write(left + 0.14, y, label, SMALL)

    def _screen_lines(self) -> list[Line]:
        return self._lines(SCREEN_WIDTH, NARROW * SCREEN_WORD * POINTS_PER_PIXEL, 1 / PIXELS_PER_INCH)

    def _screen_legend(self, theme: Theme) -> list[str]:
        """Lines of the legend on the screen."""
        lines: list[str] = []
        room = 0.0
        for topic in self.topics:
            label = shorten(self.label(topic), LONGEST)
            wide = (len(label) + 5) * SCREEN_LETTER
            entry = f'<span style="color:{self._swatch(topic, theme)}">■</span> {markup(label)}'
            if lines and wide <= room:
                lines[-1] += "&nbsp;&nbsp;&nbsp;" + entry
            else:
                lines.append(entry)
                room = SCREEN_WIDTH
            room -= wide
        return lines

    def pixels(self) -> float:
        """Pixels on the screen."""
        return (
            SCREEN_HEAD
            + len(self._screen_lines()) * SCREEN_LINE
            + len(self._screen_legend(THEMES["light"])) * SCREEN_LEGEND
            + 8
        )

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen: hover names the topic of a word and its strength."""
        plot_heading(canvas, top, self.heading, colour_of("words"), self.note)
        # A figure without axes of its own would be given some to see.
        canvas.axes(0, 1, top, 1, {}, {})
        lines, theme = self._screen_lines(), canvas.theme
        for number, line in enumerate(lines):
            middle = top + SCREEN_HEAD + (number + 0.5) * SCREEN_LINE
            for left, wide, piece in line:
                most = max(int(wide / SCREEN_WORD * 2.2), 4)
                words = markup(shorten(piece.text, most))
                if piece.element is None:
                    canvas.write(0, middle, words, SCREEN_WORD, color=theme.muted, xshift=left)
                    continue
                self._plot_tint(canvas, left, wide, middle, piece.element)
                canvas.write(
                    0, middle, f"{words}<sup>{piece.element.id}</sup>", SCREEN_WORD,
                    color=ink_on(self.tint(piece.element, theme)), xanchor="center", xshift=left + wide / 2,
                    hovertext=markup(self._hover(piece.element)),
                )  # fmt: skip
        for row, words in enumerate(self._screen_legend(theme)):
            y = top + SCREEN_HEAD + len(lines) * SCREEN_LINE + (row + 0.5) * SCREEN_LEGEND
            canvas.write(0, y, words, SCREEN_SMALL)

    def _plot_tint(self, canvas: Canvas, left: float, wide: float, middle: float, word: Element) -> None:
        """The background and the line under a word, as wide as the word was measured."""
        hue = self._swatch(_topic(word), canvas.theme)
        for fill, up, down in ((self.tint(word, canvas.theme), 10, 11), (hue, -11, 14)):
            canvas.figure.add_shape(
                type="rect", xref="paper", xsizemode="pixel", xanchor=0, yref="paper", x0=left, x1=left + wide,
                y0=canvas.y(middle - up), y1=canvas.y(middle + down), fillcolor=fill, line={"width": 0}, layer="below",
            )  # fmt: skip

    def _swatch(self, topic: int, theme: Theme) -> str:
        return seen_on(colour_of("topics", number=topic), theme)

    def _hover(self, word: Element) -> str:
        return f"{self.label(_topic(word))} · strength {word.attention or 0.0:.2f}"

    def html(self, theme: Theme) -> str:
        """The same as HTML that needs no script; every character of the data is escaped."""
        parts = []
        for piece in self.pieces:
            words = html.escape(clean(piece.text))
            space = " " if piece.apart else ""
            if piece.element is None:
                parts.append(space + words)
                continue
            tint = self.tint(piece.element, theme)
            hue = self._swatch(_topic(piece.element), theme)
            style = (
                f"background:{tint};color:{ink_on(tint)};border-bottom:2px solid {hue};border-radius:3px;"
                "padding:0 2px;overflow-wrap:anywhere"
            )
            title = html.escape(self._hover(piece.element))
            parts.append(f'{space}<mark style="{style}" title="{title}">{words}<sup>{piece.element.id}</sup></mark>')
        entries = "".join(
            f'<li style="margin:0"><span style="color:{self._swatch(topic, theme)}" aria-hidden="true">■</span> '
            f"{html.escape(self.label(topic))}</li>"
            for topic in self.topics
        )
        listed = f'<ul style="{LIST_STYLE}">{entries}</ul>'
        legend = listed if entries else f'<p style="margin:.4em 0 0;font-size:.8em">{NOTHING}</p>'
        style = f"color:{theme.text};background:{theme.background};line-height:1.9"
        return (
            f'<div class="topic-words" style="{style}"><p style="margin:0">{"".join(parts).strip()}</p>{legend}</div>'
        )


def _topic(word: Element) -> int:
    return int(word.id)


def topic_words_figure(
    text: str,
    words: Sequence[TopicWord],
    names: Mapping[int, str],
    *,
    heading: str = "The topics of the words",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """A text whose words are marked by topic, on paper.

    Args:
        text: what was written.
        words: those that carry a topic, each with its place in the text.
        names: what topics are called, by number; a topic without a name has its number.
        heading: what is shown.
        width: inches.

    Raises:
        ValueError: a word has no place of its own in the text.
    """
    return compose([TopicWords(heading, text, tuple(words), names)], width, theme_named(theme))


def topic_words_plotly(
    text: str,
    words: Sequence[TopicWord],
    names: Mapping[int, str],
    *,
    heading: str = "The topics of the words",
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; hover names the topic of a word and its strength."""
    return compose_plotly([TopicWords(heading, text, tuple(words), names)], theme_named(theme))


def topic_words_html(
    text: str, words: Sequence[TopicWord], names: Mapping[int, str], *, theme: ThemeName = "light"
) -> str:
    """The same as a piece of HTML without script; every character of the data is escaped.

    Raises:
        ValueError: a word has no place of its own in the text.
    """
    return TopicWords("", text, tuple(words), names).html(theme_named(theme))
