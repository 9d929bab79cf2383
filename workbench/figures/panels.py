"""Rows of evidence with the three marks side by side: the block behind aspect bars and element lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes

from workbench.explain.explanation import Element
from workbench.figures import icons, marks
from workbench.figures.axis import (
    frame_axis,
    note_beside,
    number_axis,
    titled_axis,
    write_absent,
    write_beside,
    zero_line,
)
from workbench.figures.levels import NO_SHARES, NO_WEIGHTS, LevelView
from workbench.figures.page import Area, Canvas, Pair
from workbench.figures.style import BASE, FULL_WIDTH, HEADING, SCREEN_HEADING, SCREEN_SMALL, SMALL
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

HEAD: Final = 0.24
FOOT: Final = 0.3
NARROW_FOOT: Final = 0.4
GAP: Final = 0.14
SCREEN_HEAD: Final = 30
SCREEN_FOOT: Final = 44
SCREEN_ROW: Final = 30
SCREEN_LABEL: Final = 24
"""Characters of a row's label on the screen."""
NAMES, REMOVALS = 0.27, 0.82
"""Fractions of the width where the names end and the removals begin on the screen."""
SCREEN_PAD: Final = 0.3
"""Part of an axis on the screen that is kept for the number beside a mark."""


def draw_heading(area: Area, heading: str, colour: str, note: str) -> None:
    """A swatch of the group's hue, its name, and the note about it on the right, which goes before the name."""
    note = fit(note, area.width * 0.72, SMALL)
    room = area.width - 0.2 - (text_width(note, SMALL) + 0.1 if note else 0)
    area.fill(0, 0.03, 0.09, 0.11, colour)
    area.write(0.14, 0.09, fit(heading, room, HEADING, "bold"), HEADING, weight="bold")
    area.write(area.width, 0.09, note, SMALL, ha="right", color=area.theme.muted, style="italic")


def plot_heading(canvas: Canvas, top: float, heading: str, colour: str, note: str) -> None:
    """The heading on the screen."""
    words = f'<span style="color:{colour}">■</span> <b>{markup(shorten(heading, 40))}</b>'
    canvas.write(0, top + 10, words, SCREEN_HEADING)
    if note:
        style = {"xanchor": "right", "align": "right", "color": canvas.theme.muted}
        canvas.write(1, top + 10, f"<i>{markup(note)}</i>", SCREEN_SMALL, **style)


@dataclass(frozen=True)
class Panels:
    """One row for each element: icon and name, attention, contribution, removal.

    Attributes:
        view: what is shown.
        root: folder of the dataset, None to draw without pictures.
        colour: hue of the swatch beside the heading.
    """

    view: LevelView
    root: Path | None
    colour: str

    @property
    def _has_icons(self) -> bool:
        return any(icons.has_icon(element) for element in self.view.elements)

    def _row(self, stacked: bool) -> float:
        return 0.28 if self._has_icons or stacked else 0.19

    def _is_stacked(self, width: float) -> bool:
        """Whether the removal stands under the name, where there is no room for a column of its own."""
        return self.view.has_removal and width < FULL_WIDTH / 2

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        rows = max(len(self.view.elements), 1)
        foot = (FOOT if width > FULL_WIDTH / 2 else NARROW_FOOT) if self.view.elements else 0
        return HEAD + rows * self._row(self._is_stacked(width)) + foot

    def draw(self, area: Area) -> None:
        """Two axes sharing the rows, and the removal ticks where something was removed."""
        draw_heading(area, self.view.heading, self.colour, self.view.note)
        if not self.view.elements:
            area.write(0.14, HEAD + 0.09, "nothing recorded", color=area.theme.muted)
            return
        stacked = self._is_stacked(area.width)
        height = len(self.view.elements) * self._row(stacked)
        removals = [removal_text(e, self.view.rank) for e in self.view.elements]
        widest = max(text_width(text, SMALL) for text in removals) + 0.1
        last = widest + GAP if self.view.has_removal and not stacked else 0.0
        indent = 0.3 if self._has_icons else 0.0
        name = indent + 0.1 + max(widest if stacked else 0.0, *(text_width(e.label, BASE) for e in self.view.elements))
        label = min(name, 0.33 * area.width)
        panel = (area.width - label - last - GAP) / 2
        self._draw_labels(area.part(HEAD, height), label - 0.08, indent, removals if stacked else [])
        self._draw_attention(area.axes(label, HEAD, panel, height), panel, area)
        self._draw_contribution(area.axes(label + panel + GAP, HEAD, panel, height), panel, area)
        if last:
            left = area.width - widest
            ticks = area.axes(left, HEAD, widest, height)
            ticks.set(xlim=(0, widest), ylim=(len(removals) - 0.5, -0.5))
            marks.removal_ticks(ticks, [0.03] * len(removals), range(len(removals)), removals, area.theme)
            area.write(left, HEAD + height + 0.205, "without it", SMALL, color=area.theme.muted)

    def _draw_labels(self, area: Area, width: float, indent: float, removals: list[str]) -> None:
        inches = area.inches()
        row_height = area.height / len(self.view.elements)
        for row, element in enumerate(self.view.elements):
            middle = (row + 0.5) * row_height
            if icons.has_icon(element):
                icons.draw_icon(inches, element, self.root, 0.13, middle, 0.115, area.theme)
            lift = 0.06 if removals and removals[row] else 0.0
            area.write(indent, middle - lift, fit(element.label, width - indent, BASE))
            if lift:
                marks.removal_ticks(inches, [indent + 0.02], [middle + lift], [removals[row]], area.theme)

    def _draw_attention(self, axes: Axes, width: float, area: Area) -> None:
        weights = [e.attention for e in self.view.elements]
        absent = self.view.attention_sum is None
        axes.set_ylim(len(weights) - 0.5, -0.5)
        frame_axis(axes, area, "attention" if absent else self.view.attention_title, width)
        if absent:
            write_absent(axes, area, NO_WEIGHTS)
            return
        room = text_width("<0.01", SMALL) + 0.06
        largest = max((w for w in weights if w is not None), default=0.0) or 1.0
        axes.set_xlim(0, largest * width / (width - room))
        number_axis(axes, largest)
        axes.axvline(0, color=area.theme.muted, linewidth=0.7)
        marks.attention_bars(axes, range(len(weights)), weights, self.view.colours, area.theme)
        for row, weight in enumerate(weights):
            value = weight_text(weight) if weight is not None else "no weight"
            write_beside(axes, weight or 0.0, row, value, area, 3)

    def _draw_contribution(self, axes: Axes, width: float, area: Area) -> None:
        shares = [e.contribution for e in self.view.elements]
        axes.set_ylim(len(shares) - 0.5, -0.5)
        frame_axis(axes, area, self.view.contribution_title, width)
        if not self.view.has_contribution:
            write_absent(axes, area, NO_SHARES)
            return
        known = [s for s in shares if s is not None]
        places = decimals(known)
        room = max(text_width(signed_text(s, places), SMALL) for s in known) + 0.09
        low = min(0.0, *known)
        high = max(0.0, *known, low + FAINT)
        before, after = room if low < 0 else 0.06, room if high > 0 else 0.06
        scale = (high - low) / (width - before - after)
        axes.set_xlim(low - before * scale, high + after * scale)
        number_axis(axes, max(high, -low))
        axes.axvline(0, color=area.theme.muted, linewidth=0.7)
        marks.contribution_lollipops(axes, range(len(shares)), shares, self.view.colours, area.theme)
        for row, share in enumerate(shares):
            if share is not None:
                write_beside(axes, share, row, signed_text(share, places), area, 5 if share >= 0 else -5)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + max(len(self.view.elements), 1) * SCREEN_ROW + (SCREEN_FOOT if self.view.elements else 0)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same rows to touch: hover tells every number, a click gives the element's id."""
        view = self.view
        plot_heading(canvas, top, view.heading, self.colour, view.note)
        if not view.elements:
            canvas.write(0.02, top + SCREEN_HEAD + SCREEN_ROW / 2, "nothing recorded", color=canvas.theme.muted)
            return
        rows = list(range(len(view.elements)))
        body, height = top + SCREEN_HEAD, len(rows) * SCREEN_ROW
        down = {"range": [len(rows) - 0.5, -0.5]}
        right = REMOVALS if view.has_removal else 1.0
        middle = (NAMES + right) / 2
        names = canvas.axes(0, NAMES, body, height, {"range": [0, 1]}, down)
        for row, element in enumerate(view.elements):
            label = markup(shorten(element.label, SCREEN_LABEL - (6 if self._has_icons else 0)))
            canvas.figure.add_annotation(
                x=0, y=row, xref=names.x, yref=names.y, text=label, showarrow=False, xanchor="left", align="left",
                xshift=40 if self._has_icons else 0,
            )  # fmt: skip
        icons.plot_icons(canvas, names, view.elements, self.root, [0.09] * len(rows), rows, 26)
        self._plot_attention(
            canvas, canvas.axes(NAMES, middle - 0.02, body, height, titled_axis(view.attention_title), down)
        )
        self._plot_contribution(
            canvas, canvas.axes(middle + 0.02, right - 0.02, body, height, titled_axis(view.contribution_title), down)
        )
        if view.has_removal:
            ticks = canvas.axes(REMOVALS, 1, body, height, {"range": [0, 1]}, down)
            canvas.write(REMOVALS, body + height + 27, "without it", SCREEN_SMALL)
            texts = [removal_text(e, view.rank) for e in view.elements]
            canvas.figure.add_trace(marks.removal_trace(ticks, [0.03] * len(rows), rows, texts, canvas.theme))

    def _plot_attention(self, canvas: Canvas, at: Pair) -> None:
        view, rows = self.view, range(len(self.view.elements))
        weights = [e.attention for e in view.elements]
        hover = [hover_text(e, view.rank) for e in view.elements]
        canvas.figure.add_trace(
            marks.attention_trace(at, rows, weights, view.colours, canvas.theme, hover=hover, ids=_ids(view.elements))
        )
        largest = max((w for w in weights if w is not None), default=0.0) or 1.0
        zero_line(canvas, at, [0, largest / (1 - SCREEN_PAD)], ticks=view.attention_sum is not None)
        if view.attention_sum is None:
            return
        for row, weight in zip(rows, weights, strict=True):
            value = "no weight" if weight is None else weight_text(weight)
            note_beside(canvas, at, weight or 0.0, row, markup(value), 4)

    def _plot_contribution(self, canvas: Canvas, at: Pair) -> None:
        view, rows = self.view, range(len(self.view.elements))
        shares = [e.contribution for e in view.elements]
        hover = [hover_text(e, view.rank) for e in view.elements]
        for trace in marks.contribution_traces(
            at, rows, shares, view.colours, canvas.theme, hover=hover, ids=_ids(view.elements)
        ):
            canvas.figure.add_trace(trace)
        known = [s for s in shares if s is not None]
        low = min(0.0, *known, 0.0)
        high = max(0.0, *known, low + FAINT)
        before, after = SCREEN_PAD if low < 0 else 0.04, SCREEN_PAD if high > 0 else 0.04
        scale = (high - low) / (1 - before - after)
        zero_line(canvas, at, [low - before * scale, high + after * scale])
        for row, share in zip(rows, shares, strict=True):
            if share is not None:
                note_beside(canvas, at, share, row, signed_text(share, decimals(known)), 9 if share >= 0 else -9)


def _ids(elements: tuple[Element, ...]) -> list[str]:
    return [str(element.id) for element in elements]
