"""Regions of an image and words of its text: which match, and how well; beside it the image with one word's regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.figures import icons, matchcells
from workbench.figures.looks import pixels_at
from workbench.figures.match import MOST, Match, Shown
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    FULL_WIDTH,
    NEGATIVE,
    POSITIVE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    font_families,
    ink_on,
    mix,
    theme_named,
)
from workbench.figures.text import fit, plain, shorten, signed_text, text_width, weight_text, wrap, wrap_markup
from workbench.figures.thumbnails import cut, uri

if TYPE_CHECKING:
    from workbench.explain.timeline import WordMap

PICTURE: Final = 2.3
"""Widest picture in inches."""
ROW: Final = 0.24
NAMES: Final = 0.56
LONGEST: Final = 30
"""Characters of a word on paper."""
CELLS: Final = (0.17, 0.34)
"""Narrowest and widest column in inches."""
PRINTED: Final = 0.24
"""From this width on a column has its numbers printed."""
ROW_HEAD: Final = 0.5
RELEVANCE: Final = 0.74
FOOT: Final = 0.14
STRONG: Final = 0.45
"""Opacity of the strongest region in the image."""
NEGATIVE_HATCH: Final = "//////"
SCREEN_TALL: Final = 300
SCREEN_COLUMNS: Final = 14
SCREEN_FOOT: Final = 44


@dataclass(frozen=True)
class Wordmap:
    """The block: image at the left, matrix at the right; one above the other where the page is narrow."""

    heading: str
    match: Match

    def _picture(self, width: float) -> tuple[float, float]:
        """Width and height of the image on paper."""
        tall, wide = self.match.pixels.shape[:2]
        unit = min(PICTURE / max(tall, wide), 0.34 * FULL_WIDTH / wide)
        return unit * wide, unit * tall

    def _is_stacked(self, width: float) -> bool:
        return width < FULL_WIDTH / 2

    def _room(self, width: float) -> float:
        """Inches of all columns."""
        left = 0.0 if self._is_stacked(width) else self._picture(width)[0] + 0.2
        return width - left - ROW_HEAD - RELEVANCE

    def _shown(self, width: float) -> Shown:
        return self.match.shown(int(self._room(width) / CELLS[0]))

    def _column(self, width: float) -> float:
        return min(self._room(width) / max(len(self._shown(width).words), 1), CELLS[1])

    def _names(self, width: float) -> float:
        """Inches the upright words take."""
        words = [self.match.map.words[word] for word in self._shown(width).words]
        return max(
            min(max((text_width(shorten(word, LONGEST), SMALL, "bold") for word in words), default=0.0) + 0.08, NAMES),
            0.2,
        )

    def _beside(self, width: float) -> float:
        """Inches the matrix takes downwards."""
        return self._names(width) + ROW * max(len(self._shown(width).regions), 1)

    def _under(self, width: float) -> list[str]:
        """Lines under the image: what is outlined, then the text."""
        room = width if self._is_stacked(width) else self._picture(width)[0]
        text = [f"“{self.match.map.text}”"] if self.match.map.text.strip() else []
        return [line for words in (self.match.caption, *text) for line in wrap(words, room, SMALL, 4)]

    def _keys(self, width: float) -> list[str]:
        shown = self._shown(width)
        printed = self._column(width) >= PRINTED
        return wrap(self.match.key(shown, printed), width, SMALL, 3)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        picture = self._picture(width)[1] + 0.1 + 0.115 * len(self._under(width))
        beside = self._beside(width)
        body = picture + 0.1 + beside if self._is_stacked(width) else max(picture, beside)
        return HEAD + body + 0.05 + 0.12 * len(self._keys(width)) + 0.02

    def draw(self, area: Area) -> None:
        """Image with outlines, matrix, key."""
        shown = self._shown(area.width)
        draw_heading(area, self.heading, colour_of("words"), self.match.note(shown))
        across, tall = self._picture(area.width)
        self._draw_picture(area, across, tall)
        under = self._under(area.width)
        for i, words in enumerate(under):
            area.write(0, HEAD + tall + 0.1 + 0.115 * i, words, SMALL, color=area.theme.muted)
        top = HEAD + tall + 0.2 + 0.115 * len(under) if self._is_stacked(area.width) else HEAD
        left = 0.0 if self._is_stacked(area.width) else across + 0.2
        if shown.regions:
            self._draw_matrix(area, shown, left, top)
        for i, words in enumerate(reversed(self._keys(area.width))):
            area.write(0, area.height - 0.06 - 0.12 * i, words, SMALL, color=area.theme.muted)

    def _draw_picture(self, area: Area, across: float, tall: float) -> None:
        axes = area.inches()
        icons.draw_pixels(axes, self.match.pixels, across / 2, HEAD + tall / 2, max(across, tall) / 2, area.theme.line)
        hue, family = colour_of("regions"), list(font_families())
        for number, strength, _ in reversed(self.match.outlined):
            x0, y0, x1, y1 = self.match.map.boxes[number]
            corner, size = (x0 * across, HEAD + y0 * tall), ((x1 - x0) * across, (y1 - y0) * tall)
            axes.add_patch(Rectangle(corner, *size, facecolor=hue, edgecolor="none", alpha=STRONG * strength, zorder=3))
            for colour, wide in (("black", 2.0), (hue, 0.6 + strength)):
                line = Rectangle(corner, *size, facecolor="none", edgecolor=colour, linewidth=wide, zorder=4)
                axes.add_patch(line)
        for number, _, _ in reversed(self.match.outlined):
            x0, y0, *_ = self.match.map.boxes[number]
            tag = {"facecolor": hue, "edgecolor": "none", "pad": 0.8}
            axes.text(
                x0 * across + 0.02, HEAD + y0 * tall + 0.02, str(number + 1), fontsize=SMALL - 1, color=ink_on(hue),
                ha="left", va="top", bbox=tag, zorder=6, family=family,
            )  # fmt: skip

    def _draw_matrix(self, area: Area, shown: Shown, left: float, top: float) -> None:
        axes, theme, column = area.inches(), area.theme, self._column(area.width)
        first = left + ROW_HEAD
        right, names = first + column * len(shown.words) + RELEVANCE, self._names(area.width)
        match, family = self.match, list(font_families())
        for i, word in enumerate(shown.words):
            label = fit(shorten(match.map.words[word], LONGEST), NAMES - 0.06, SMALL, "bold")
            axes.text(
                first + (i + 0.5) * column, top + names - 0.04, plain(label), rotation=90, ha="center", va="bottom",
                fontsize=SMALL, color=theme.text, family=family, weight="bold" if word == match.word else "normal",
            )  # fmt: skip
        for row, region in enumerate(shown.regions):
            upper = top + names + row * ROW
            piece = cut(match.pixels, match.map.boxes[region])
            area.write(left + 0.2, upper + ROW / 2, str(region + 1), SMALL, ha="right")
            icons.draw_pixels(axes, piece, left + 0.35, upper + ROW / 2, ROW / 2 - 0.02, colour_of("regions"))
            for i, word in enumerate(shown.words):
                self._draw_cell(axes, match.weights[region, word], (first + i * column, upper), column, theme)
            self._draw_relevance(axes, area, match.map.relevance[region], right - RELEVANCE + 0.08, upper + ROW / 2)
        area.write(right, top + names - 0.08, "relevance", SMALL, ha="right", color=theme.muted)
        if match.word is not None:
            tall, at = ROW * len(shown.regions), first + shown.words.index(match.word) * column
            frame = Rectangle((at, top + names), column, tall, facecolor="none", edgecolor=theme.text, linewidth=1.1)
            axes.add_patch(frame)

    def _draw_cell(self, axes: Axes, weight: float, corner: tuple[float, float], wide: float, theme: Theme) -> None:
        colour = mix(colour_of("words"), theme.background, self.match.strength(weight))
        axes.add_patch(Rectangle(corner, wide, ROW, facecolor=colour, edgecolor=theme.background, linewidth=0.6))
        if wide >= PRINTED and self.match.is_printed(weight):
            middle = corner[0] + wide / 2, corner[1] + ROW / 2
            axes.text(*middle, weight_text(weight), fontsize=SMALL - 0.5, color=ink_on(colour), ha="center",
                      va="center", family=list(font_families()))  # fmt: skip

    def _draw_relevance(self, axes: Axes, area: Area, value: float, left: float, y: float) -> None:
        """A bar from zero, to the left and hatched where it is negative, and the number."""
        theme, half = area.theme, 0.16
        zero = left + half
        axes.plot([zero, zero], [y - ROW / 2, y + ROW / 2], color=theme.muted, linewidth=0.6)
        face = POSITIVE if value >= 0 else theme.background
        edge = theme.text if value >= 0 else NEGATIVE
        [bar] = axes.barh(y, value * half, 0.1, left=zero, color=face, edgecolor=edge, linewidth=0.5)
        bar.set_hatch("" if value >= 0 else NEGATIVE_HATCH)
        ink = theme.muted if value >= 0 else theme.text
        area.write(left - 0.08 + RELEVANCE, y, signed_text(value), SMALL, ha="right", color=ink)

    @property
    def _screen_text(self) -> tuple[str, int]:
        text = self.match.map.text
        caption, lines = wrap_markup(self.match.caption, 44, 3)
        words, more = wrap_markup(f"“{text}”", 44, 4) if text.strip() else ("", 0)
        return "<br>".join(part for part in (caption, words) if part), lines + more

    def pixels(self) -> float:
        """Pixels on the screen."""
        shown = self.match.shown(SCREEN_COLUMNS)
        beside = SCREEN_TALL + 15 * self._screen_text[1] + 10
        return SCREEN_HEAD + max(matchcells.rows_pixels(shown), beside) + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number, a click on a cell gives the number of its word."""
        shown = self.match.shown(SCREEN_COLUMNS)
        plot_heading(canvas, top, self.heading, colour_of("words"), self.match.note(shown))
        body = top + SCREEN_HEAD
        words, lines = self._screen_text
        canvas.write(0, body, words, SCREEN_SMALL, yanchor="top", color=canvas.theme.muted)
        self._plot_picture(canvas, body + 15 * lines + 10)
        if shown.regions:
            matchcells.plot_cells(canvas, self.match, shown, body)
        key = self.match.key(shown, len(shown.words) <= matchcells.PRINTED)
        foot, _ = wrap_markup(key, 110, 2)
        canvas.write(0, top + self.pixels() - 18, foot, SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_picture(self, canvas: Canvas, top: float) -> None:
        tall, wide = self.match.pixels.shape[:2]
        edge = 0.01 * wide  # outlines at the edge stay whole
        at = canvas.axes(
            0, matchcells.PICTURE - 0.02, top, SCREEN_TALL,
            {"range": [-edge, wide + edge], "constrain": "domain", "constraintoward": "left"},
            {"range": [tall + edge, -edge], "constrain": "domain", "constraintoward": "top"},
        )  # fmt: skip
        canvas.figure.update_layout({"yaxis" + at.y[1:]: {"scaleanchor": at.x}})
        canvas.figure.add_layout_image(
            source=uri(self.match.pixels), xref=at.x, yref=at.y, x=0, y=0, sizex=wide, sizey=tall, sizing="stretch",
            layer="below",
        )  # fmt: skip
        hue = colour_of("regions")
        for number, strength, _ in reversed(self.match.outlined):
            x0, y0, x1, y1 = np.array(self.match.map.boxes[number]) * [wide, tall, wide, tall]
            box = {"type": "rect", "xref": at.x, "yref": at.y, "x0": x0, "y0": y0, "x1": x1, "y1": y1}
            canvas.figure.add_shape(**box, line={"width": 0}, fillcolor=hue, opacity=STRONG * strength)
            canvas.figure.add_shape(**box, line={"color": "black", "width": 4})
            canvas.figure.add_shape(**box, line={"color": hue, "width": 1 + 2 * strength})
        for number, _, value in reversed(self.match.outlined):
            x0, y0, *_ = self.match.map.boxes[number]
            canvas.figure.add_annotation(
                x=x0 * wide, y=y0 * tall, xref=at.x, yref=at.y, text=f"<b>{number + 1}</b>", showarrow=False,
                xanchor="left", yanchor="top", bgcolor=hue, borderpad=1, hovertext=f"region {number + 1}: {value}",
                font={"size": SCREEN_SMALL, "color": ink_on(hue)},
            )  # fmt: skip


def _wordmap(
    map_: WordMap, root: Path | None, word: int | None, most: int, heading: str | None, theme: Theme
) -> Wordmap:
    match = Match(map_, pixels_at(root, map_.image, theme), word, most)
    return Wordmap(heading or f"Regions and words of {map_.item_label}", match)


def wordmap_figure(
    map_: WordMap,
    root: Path | None = None,
    *,
    word: int | None = None,
    most: int = MOST,
    heading: str | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Regions by words on paper, the image beside it.

    Args:
        root: folder of the dataset, None to draw over a neutral tile.
        word: number of the word whose regions are outlined; None outlines the most relevant regions.
        most: how many regions are shown, the most relevant.
        heading: what is shown; None names the image.
        width: inches.

    Raises:
        ValueError: there is no such word, or boxes, words, weights and relevances differ in number.
    """
    colours = theme_named(theme)
    return compose([_wordmap(map_, root, word, most, heading, colours)], width, colours)


def wordmap_plotly(
    map_: WordMap,
    root: Path | None = None,
    *,
    word: int | None = None,
    most: int = MOST,
    heading: str | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; clicking a cell gives the number of its word as custom data."""
    colours = theme_named(theme)
    return compose_plotly([_wordmap(map_, root, word, most, heading, colours)], colours)
