"""Attributes of an image as rows: number, name and value, and what each counts for one user or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.figures import marks
from workbench.figures.columns import Columns, Line
from workbench.figures.page import Area, Canvas
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    colour_of,
)
from workbench.figures.text import fit, hover_text, markup, shorten, text_width, told_apart, wrap
from workbench.figures.traits import Person, Trait

NARROW: Final = 3.5
"""Below this width the name of an attribute stands above its marks."""
LINE: Final = 0.17
"""Inches between the lines of two users; one line alone has ``ROW``."""
ROW: Final = 0.27
NAME: Final = 0.13
FOOT: Final = 0.42
KEY: Final = 0.115
CHIP: Final = 0.2
SCREEN_LINE: Final = 22
SCREEN_ROW: Final = 40
SCREEN_FOOT: Final = 46
SCREEN_KEY: Final = 16
SCREEN_NAMES, SCREEN_REMOVALS = 0.24, 0.83
RANK: Final = "rank "
LONG: Final = 12
"""Letters of a removal that the narrowest screen has room for."""
SCREEN_LETTERS: Final = 100
"""Letters of small type in a line over the whole width."""


@dataclass(frozen=True)
class TraitRows:
    """Attributes as rows: number, name and value, and for one user or two the marks side by side.

    Attributes:
        heading: what is shown; ``note`` what else there is to know.
        people: one user, or two over the same image.
        attention: title of the axis of weights.
    """

    heading: str
    note: str
    people: tuple[Person, ...]
    attention: str = "attention (adds up to 1)"

    @property
    def _step(self) -> float:
        return ROW if len(self.people) == 1 else LINE

    @property
    def _has_removal(self) -> bool:
        return any(text for person in self.people for text in person.removals)

    @property
    def _key(self) -> list[str]:
        """What the marks are, a sentence each."""
        found = ["number: the box in the picture, broader the more attention"]
        if any(trait.element.confidence is not None for trait in self.people[0].traits):
            found.append("sure: the confidence that the image shows this value")
        if any(trait.liking is not None for trait in self.people[0].traits):
            found.append(
                "◆ liking: how much the user takes to it, full from .5 on; no weight and no share of the score"
            )
        whole = [str(number) for number, trait in enumerate(self.people[0].traits, 1) if trait.is_whole]
        if whole:
            found.append(f"nearly all of the picture: {', '.join(whole)}")
        if len(self.people) > 1:
            first, second = (person.label for person in self.people)
            found.append(f"plain: {first}; hatched and square: {second}")
        planted = sorted(set().union(*(person.planted for person in self.people)))
        if planted:
            read = {trait.element.label for trait in self.people[0].traits}
            missed = [label for label in planted if label not in read]
            found.append("planted: what the like was made for" + f", but not read: {', '.join(missed)}" * bool(missed))
        return found

    def _columns(self, tops: Sequence[float], step: float, tall: float) -> Columns:
        """The marks of attributes whose lines begin at ``tops``."""
        lines = []
        for row, top in enumerate(tops):
            for i, person in enumerate(self.people):
                trait = person.traits[row]
                e = trait.element
                hover = hover_text(e, person.rank)
                if trait.liking is not None:
                    hover += f"<br>liking {trait.liking:.2f}"
                who = "" if len(self.people) == 1 else f"<b>{markup(person.label)}</b><br>"
                at = top + (i + 0.5) * step
                lines.append(
                    Line(at, e.attention, e.contribution, trait.liking, person.colour, str(e.id), who + hover, i > 0)
                )
        return Columns(tuple(lines), tall, step, self.attention)

    def _value(self, trait: Trait) -> str:
        """The value of an attribute, marked where it was planted."""
        return trait.value + " (planted)" * any(trait.element.label in person.planted for person in self.people)

    def _narrow(self, width: float) -> bool:
        return width < NARROW

    def _row(self, width: float) -> float:
        """Inches of an attribute: its name stands above its lines where there is no room beside them."""
        lines = len(self.people) * self._step
        return NAME + lines if self._narrow(width) else max(lines, ROW) + 0.03

    def _lines_of_key(self, width: float) -> list[str]:
        return wrap(" · ".join(self._key), width, SMALL, 4)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        rows = len(self.people[0].traits)
        if not rows:
            return HEAD + 0.2
        return HEAD + rows * self._row(width) + FOOT + KEY * len(self._lines_of_key(width))

    def draw(self, area: Area) -> None:
        """The rows, strongest first, the axes and the key below."""
        draw_heading(area, self.heading, colour_of("attributes"), self.note)
        traits = self.people[0].traits
        if not traits:
            area.write(0.14, HEAD + 0.08, "the image shows no attribute", color=area.theme.muted)
            return
        narrow, row = self._narrow(area.width), self._row(area.width)
        widest = max(text_width(text, SMALL) for person in self.people for text in person.removals) + 0.1
        last = widest + 0.1 if self._has_removal else 0.0
        chip = CHIP if len(self.people) > 1 else 0.0
        names = [max(text_width(self._value(t), BASE, "bold"), text_width(_under(t), SMALL)) for t in traits]
        label = chip if narrow else min(0.2 + max(names) + 0.1, 0.33 * area.width) + chip
        lines = len(self.people) * self._step
        tops = [i * row + (NAME if narrow else (row - lines) / 2) for i in range(len(traits))]
        for i in range(len(traits)):
            room = area.width if narrow else label - chip
            self._draw_name(area, i, HEAD + i * row, row, room, narrow)
        self._columns(tops, self._step, len(traits) * row).draw(area, label, HEAD, area.width - label - last)
        axes, left = area.inches(), area.width - widest
        chips = told_apart([person.label for person in self.people])
        for i, person in enumerate(self.people):
            middles = [HEAD + top + (i + 0.5) * self._step for top in tops]
            marks.removal_ticks(axes, [left + 0.03] * len(tops), middles, person.removals, area.theme)
            for middle in middles if chip else ():
                area.write(label - 0.05, middle, chips[i], SMALL, ha="right", weight="bold")
        bottom = HEAD + len(traits) * row
        if last:
            area.write(left, bottom + 0.205, "without it", SMALL, color=area.theme.muted)
        for i, text in enumerate(self._lines_of_key(area.width)):
            area.write(0, bottom + FOOT + KEY * (i + 0.5) - 0.03, text, SMALL, color=area.theme.muted)

    def _draw_name(self, area: Area, row: int, top: float, tall: float, room: float, narrow: bool) -> None:
        trait = self.people[0].traits[row]
        middle = top + (NAME / 2 if narrow else tall / 2)
        area.write(0.06, middle, str(row + 1), BASE, ha="center", weight="bold", color=area.theme.text)
        under, value = _under(trait), self._value(trait)
        if narrow:
            value = fit(value, room * 0.5, BASE, "bold")
            area.write(0.16, middle, value, BASE, weight="bold")
            left = 0.16 + text_width(value, BASE, "bold") + 0.07
            area.write(left, middle, fit(under, room - left, SMALL), SMALL, color=area.theme.muted)
            return
        area.write(0.16, middle - 0.055, fit(value, room - 0.2, BASE, "bold"), BASE, weight="bold")
        area.write(0.16, middle + 0.06, fit(under, room - 0.2, SMALL), SMALL, color=area.theme.muted)

    @property
    def _short(self) -> bool:
        """Whether ranks are so long that the screen says once, below them, what they are."""
        return any(len(text) > LONG and text.startswith(RANK) for person in self.people for text in person.removals)

    @property
    def _screen_row(self) -> float:
        return SCREEN_ROW if len(self.people) == 1 else 2 * SCREEN_LINE + 8

    def pixels(self) -> float:
        """Pixels on the screen."""
        rows = len(self.people[0].traits)
        if not rows:
            return SCREEN_HEAD + SCREEN_ROW
        return SCREEN_HEAD + rows * self._screen_row + SCREEN_FOOT + SCREEN_KEY * len(self._key)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number, a click gives the attribute."""
        plot_heading(canvas, top, self.heading, colour_of("attributes"), self.note)
        traits, body, row = self.people[0].traits, top + SCREEN_HEAD, self._screen_row
        if not traits:
            words = "the image shows no attribute"
            canvas.write(0.02, body + SCREEN_ROW / 2, words, color=canvas.theme.muted)
            return
        tall, pair = len(traits) * row, len(self.people) > 1
        right = SCREEN_REMOVALS - 0.02 if self._has_removal else 1.0
        step = SCREEN_LINE if pair else SCREEN_ROW * 0.7
        lines = len(self.people) * step
        tops = [i * row + (row - lines) / 2 for i in range(len(traits))]
        for i, trait in enumerate(traits):
            middle = body + (i + 0.5) * row
            under = _under(trait)
            words = f"<b>{i + 1}</b>"
            canvas.write(0, middle, words, SCREEN_BASE)
            canvas.write(0.035, middle - 8, f"<b>{markup(shorten(self._value(trait), 20))}</b>", SCREEN_BASE)
            canvas.write(0.035, middle + 9, markup(shorten(under, 24)), SCREEN_SMALL, color=canvas.theme.muted)
        columns = self._columns(tops, step, tall)
        columns.plot(canvas, SCREEN_NAMES + (0.045 if pair else 0.0), right, body)
        chips = told_apart([person.label for person in self.people])
        for i, person in enumerate(self.people):
            middles = [top + (i + 0.5) * step for top in tops]
            for middle in middles if pair else ():
                who = f"<b>{markup(chips[i])}</b>"
                canvas.write(SCREEN_NAMES + 0.035, body + middle, who, SCREEN_SMALL, xanchor="right")
            if self._has_removal:
                at = canvas.axes(SCREEN_REMOVALS, 1, body, tall, {"range": [0, 1]}, {"range": [tall, 0]})
                texts = [text.removeprefix(RANK) if self._short else text for text in person.removals]
                trace = marks.removal_trace(at, [0.04] * len(tops), middles, texts, canvas.theme)
                canvas.figure.add_trace(trace)
        if self._has_removal:
            canvas.write(SCREEN_REMOVALS, body + tall + 27, RANK * self._short + "without it", SCREEN_SMALL)
        for i, words in enumerate(self._key):
            at_line = body + tall + SCREEN_FOOT + SCREEN_KEY * (i + 0.5)
            canvas.write(
                0, at_line, markup(shorten(words, SCREEN_LETTERS + 16)), SCREEN_SMALL, color=canvas.theme.muted
            )


def _under(trait: Trait) -> str:
    """What stands under the value of an attribute."""
    return " · ".join(part for part in (trait.name, trait.sure) if part)
