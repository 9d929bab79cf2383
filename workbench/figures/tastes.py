"""What a user takes to: every value of every attribute, the most liked first, for one user or two on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

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
from workbench.figures.text import decimals, fit, markup, shorten, signed_text, text_width, told_apart, wrap

if TYPE_CHECKING:
    from workbench.explain.attributes import AttributeProfile, AttributeTaste

TOP: Final = 6
"""How many values of an attribute are shown, those liked most and least."""
LINE: Final = 0.15
ROW: Final = 0.19
BREAK: Final = 0.2
"""Inches of the name of an attribute above its values."""
FOOT: Final = 0.42
KEY: Final = 0.115
CHIP: Final = 0.2
NARROW: Final = 3.5
"""Below this width a value stands above its marks."""
NAME: Final = 0.13
SCREEN_LINE: Final = 20
SCREEN_ROW: Final = 26
SCREEN_BREAK: Final = 28
SCREEN_FOOT: Final = 48
SCREEN_KEY: Final = 16
SCREEN_NAMES: Final = 0.31
TITLES: Final = ("mean attention", "mean contribution", "liking (0 to 1)")

Value = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A value of an attribute, or the name of an attribute alone (no ``tastes``).

    Attributes:
        words: the value, or the attribute with what is left out of it.
        images: how many show the value.
        tastes: one for each user.
    """

    words: str
    images: int
    tastes: tuple[AttributeTaste, ...]
    planted: bool = False


@dataclass(frozen=True)
class Tastes:
    """Rows by attribute, in it by the liking of the first user.

    Attributes:
        heading: what is shown; ``names`` of the users.
        rows: from top to bottom.
    """

    heading: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def _key(self) -> list[str]:
        found = ["means over the images that show the value", "◆ full from .5 on; liking is no weight and no share"]
        if len(self.names) > 1:
            found.append(f"plain: {self.names[0]}; hatched and square: {self.names[1]}")
        if any(row.planted for row in self.rows):
            found.append("planted: the value the user was made to like")
        return found

    def _tops(self, row: float, gap: float) -> list[float]:
        tops, top = [], 0.0
        for one in self.rows:
            tops.append(top)
            top += row if one.tastes else gap
        return [*tops, top]

    def _columns(self, tops: Sequence[float], row: float, step: float, tall: float) -> Columns:
        """The marks of values whose lines lie within ``row`` below ``tops``."""
        lines, hue = [], colour_of("attributes")
        inner = (row - len(self.names) * step) / 2
        for one, top in zip(self.rows, tops, strict=False):
            for i, taste in enumerate(one.tastes):
                numbers = (
                    f"<b>{markup(self.names[i])}</b><br>{markup(taste.attribute)}: {markup(taste.value)} in "
                    f"{taste.images:,} images<br>liking {taste.liking:.2f}<br>mean attention {taste.attention:.3f}<br>"
                    f"mean contribution {signed_text(taste.contribution, decimals([taste.contribution]))}"
                )
                y = top + inner + (i + 0.5) * step
                known = taste.attention, taste.contribution, taste.liking
                lines.append(Line(y, *known, hue, taste.attribute, numbers, i > 0))
        return Columns(tuple(lines), tall, step, *TITLES)

    @property
    def _row(self) -> float:
        return ROW if len(self.names) == 1 else 2 * LINE + 0.04

    def _step(self, width: float) -> tuple[float, float]:
        """Inches of a value on paper, and of what stands above its marks where there is no room beside them."""
        above = NAME if width < NARROW else 0.0
        return self._row + above, above

    def _lines_of_key(self, width: float) -> list[str]:
        return wrap(" · ".join(self._key), width, SMALL, 3)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        if not self.rows:
            return HEAD + 0.2
        return HEAD + self._tops(self._step(width)[0], BREAK)[-1] + FOOT + KEY * len(self._lines_of_key(width))

    def draw(self, area: Area) -> None:
        """The names and numbers of images at the left, the marks at the right."""
        draw_heading(area, self.heading, colour_of("attributes"), "by liking")
        if not self.rows:
            area.write(0.14, HEAD + 0.08, "no image shows an attribute", color=area.theme.muted)
            return
        row, above = self._step(area.width)
        tops = self._tops(row, BREAK)
        count = max(text_width(_images(one), SMALL) for one in self.rows if one.tastes)
        chip = CHIP if len(self.names) > 1 else 0.0
        widest = max(text_width(_called(one), BASE) for one in self.rows if one.tastes)
        label = chip if above else min(0.14 + widest + count + 0.22 + chip, 0.42 * area.width)
        for one, top in zip(self.rows, tops, strict=False):
            if not one.tastes:
                area.write(0, HEAD + top + BREAK / 2 + 0.02, fit(one.words, area.width, BASE, "bold"), weight="bold")
                continue
            middle = HEAD + top + (above or row) / 2
            right = area.width if above else label - chip - 0.1
            area.write(0.14, middle, fit(_called(one), right - count - 0.24, BASE))
            area.write(right, middle, _images(one), SMALL, ha="right", color=area.theme.muted)
            for i, name in enumerate(told_apart(self.names) if chip else ()):
                at = HEAD + top + (above + row) / 2 + (i - 0.5) * LINE
                area.write(label - 0.05, at, name, SMALL, ha="right", weight="bold")
        step = ROW if len(self.names) == 1 else LINE
        self._columns([top + above for top in tops], row - above, step, tops[-1]).draw(
            area, label, HEAD, area.width - label
        )
        for i, text in enumerate(self._lines_of_key(area.width)):
            bottom = HEAD + tops[-1] + FOOT + KEY * (i + 0.5) - 0.03
            area.write(0, bottom, text, SMALL, color=area.theme.muted)

    @property
    def _screen_row(self) -> float:
        return SCREEN_ROW if len(self.names) == 1 else 2 * SCREEN_LINE + 4

    def pixels(self) -> float:
        """Pixels on the screen."""
        if not self.rows:
            return SCREEN_HEAD + SCREEN_ROW
        tall = self._tops(self._screen_row, SCREEN_BREAK)[-1]
        return SCREEN_HEAD + tall + SCREEN_FOOT + SCREEN_KEY * (1 + len(self._key))

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number, a click gives the attribute."""
        plot_heading(canvas, top, self.heading, colour_of("attributes"), "by liking")
        body, row = top + SCREEN_HEAD, self._screen_row
        if not self.rows:
            canvas.write(0.02, body + SCREEN_ROW / 2, "no image shows an attribute", color=canvas.theme.muted)
            return
        tops, chip = self._tops(row, SCREEN_BREAK), 0.045 if len(self.names) > 1 else 0.0
        muted = canvas.theme.muted
        for one, at in zip(self.rows, tops, strict=False):
            if not one.tastes:
                words = f"<b>{markup(shorten(one.words, 60))}</b>"
                canvas.write(0, body + at + SCREEN_BREAK / 2 + 2, words, SCREEN_BASE)
                continue
            middle = body + at + row / 2
            canvas.write(0.02, middle, markup(shorten(_called(one), 18)), SCREEN_BASE)
            count = f"in {one.images:,}"
            canvas.write(SCREEN_NAMES - 0.015, middle, count, SCREEN_SMALL, xanchor="right", color=muted)
            for i, name in enumerate(told_apart(self.names) if chip else ()):
                who = f"<b>{markup(name)}</b>"
                at_line = middle + (i - 0.5) * SCREEN_LINE
                canvas.write(SCREEN_NAMES + chip - 0.008, at_line, who, SCREEN_SMALL, xanchor="right")
        step = SCREEN_ROW if len(self.names) == 1 else SCREEN_LINE
        self._columns(tops, row, step, tops[-1]).plot(canvas, SCREEN_NAMES + chip, 1.0, body)
        for i, words in enumerate([f"in {self.rows[1].images:,}: so many images show it", *self._key]):
            line = body + tops[-1] + SCREEN_FOOT + SCREEN_KEY * (i + 0.5)
            canvas.write(0, line, markup(shorten(words, 100)), SCREEN_SMALL, color=muted)


def _called(row: Row) -> str:
    return row.words + " (planted)" * row.planted


def _images(row: Row) -> str:
    return f"{row.images:,} image{'s' if row.images != 1 else ''}"


def _label(taste: AttributeTaste) -> str:
    return f"{taste.attribute}: {taste.value}"


def _tastes(profiles: Sequence[AttributeProfile], top: int, planted: str | None) -> Tastes:
    if not 1 <= len(profiles) <= 2:
        raise ValueError(f"{len(profiles)} profiles: give one, or two to compare users")
    others: list[Mapping[Value, AttributeTaste]] = [
        {(taste.attribute, taste.value): taste for taste in profile.rows} for profile in profiles
    ]
    if any(set(other) != set(others[0]) for other in others):
        raise ValueError("profiles of two users are compared over the same catalogue: give those of one run")
    rows: list[Row] = []
    for attribute in dict.fromkeys(taste.attribute for taste in profiles[0].rows):
        mine = [taste for taste in profiles[0].rows if taste.attribute == attribute]
        mine.sort(key=lambda taste: -taste.liking)
        ends = {*range(top - top // 2), *range(len(mine) - top // 2, len(mine))}
        kept = [taste for i, taste in enumerate(mine) if len(mine) <= top or i in ends or _label(taste) == planted]
        hidden = len(mine) - len(kept)
        note = f" · liked most and least, … {hidden:,} more" if hidden else ""
        rows.append(Row(attribute + note, 0, ()))
        for taste in kept:
            tastes = tuple(other[attribute, taste.value] for other in others)
            rows.append(Row(taste.value, taste.images, tastes, _label(taste) == planted))
    names = tuple(profile.user_label for profile in profiles)
    return Tastes(f"What {' and '.join(names)} take{'s' if len(names) == 1 else ''} to", names, tuple(rows))


def tastes_figure(
    profiles: Sequence[AttributeProfile],
    *,
    top: int = TOP,
    planted: str | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """A user's taste in attributes on paper; of two users, on the same scales.

    Args:
        profiles: of one user or two; the first one's liking orders the values.
        top: how many values of each attribute are shown: where there are more, those liked most and least, and the
            planted one.
        planted: label of the value the first user was made to like, as "pattern: striped", where that is known.
        width: inches.

    Raises:
        ValueError: there is no profile, there are more than two, or they are of different catalogues.
    """
    return compose([_tastes(profiles, top, planted)], width, theme_named(theme))


def tastes_plotly(
    profiles: Sequence[AttributeProfile], *, top: int = TOP, planted: str | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen; a click on a mark gives the attribute as custom data."""
    return compose_plotly([_tastes(profiles, top, planted)], theme_named(theme))
