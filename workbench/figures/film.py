"""A film strip: one reel for several users, a cell for each user and frame, in the order of the reel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.patches import Rectangle

from workbench.explain.frames import KeyFrames
from workbench.figures import icons
from workbench.figures.page import Area, Canvas
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    NEGATIVE,
    POSITIVE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    colour_of,
    ink_on,
    mix,
)
from workbench.figures.text import fit, markup, shorten, signed_text

NAMES: Final = 1.15
"""Inches for the names of the users; ``LAST`` for the lead of the key frame."""
LAST: Final = 0.72
TALLEST: Final = 0.8
"""Side of the largest picture in inches."""
ROW: Final = 0.27
LINE: Final = 0.14
STRONG: Final = 2.0
"""Spreads from the user's mean at which a cell has its full colour."""
FULL: Final = 0.75
"""Share of the hue in such a cell, so that its number can be read."""
SCREEN_PICTURE, SCREEN_ROW, SCREEN_LINE = 84, 34, 22
LEFT, RIGHT = 0.17, 0.88
"""Fractions of the width where the cells begin and end on the screen."""


@dataclass(frozen=True)
class Film:
    """The frames of one reel, a row for each reading.

    Attributes:
        readings: of the same reel.
        root: folder of the dataset, None to draw neutral tiles.
        names: (readings,) what the rows are called.
    """

    readings: tuple[KeyFrames, ...]
    root: Path | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, readings: Sequence[KeyFrames], root: Path | None, names: Sequence[str] | None) -> Film:
        """The strip of some readings, rows called after their users where there are no names.

        Raises:
            ValueError: there is no reading, or they are not of one reel.
        """
        if len({(r.item, tuple(f.id for f in r.frames)) for r in readings}) != 1:
            raise ValueError("a film strip shows one reel: give readings of the same image, at least one")
        return cls(tuple(readings), root, tuple(names or [reading.user_label for reading in readings]))

    @property
    def _heading(self) -> str:
        return f"{self.readings[0].item_label}, frame by frame"

    @property
    def _key(self) -> str:
        known = any(reading.planted for reading in self.readings)
        end = " · dashed: planted cause" if known else ""
        return (
            f"{self.readings[0].what} less the row's mean, in spreads · solid: key frame{end} · right: its lead over "
            "the next frame"
        )

    def _cell(self, width: float) -> float:
        return (width - NAMES - LAST) / len(self.readings[0].frames)

    def _side(self, width: float) -> float:
        return min(self._cell(width) - 0.05, TALLEST)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + self._side(width) + 2 * LINE + len(self.readings) * ROW + 0.2

    def draw(self, area: Area) -> None:
        """Pictures with their times, then a row for each reading."""
        draw_heading(area, self._heading, colour_of("frames"), "")
        cell, side = self._cell(area.width), self._side(area.width)
        inches, top = area.inches(), HEAD + side / 2
        for k, frame in enumerate(self.readings[0].frames):
            middle = NAMES + (k + 0.5) * cell
            icons.draw_square(inches, frame, self.root, middle, top, side / 2, area.theme)
            words = frame.label if frame.seconds is None else f"{frame.seconds:.1f} s"
            area.write(middle, HEAD + side + 0.09, fit(words, cell, SMALL), SMALL, ha="center")
        body = HEAD + side + 1.5 * LINE
        area.write(area.width, body - 0.1, "lead", SMALL, ha="right", color=area.theme.muted)
        for row, (reading, name) in enumerate(zip(self.readings, self.names, strict=True)):
            self._draw_row(area, reading, name, body + row * ROW, cell)
        area.write(0, area.height - 0.07, fit(self._key, area.width, SMALL), SMALL, color=area.theme.muted)

    def _draw_row(self, area: Area, reading: KeyFrames, name: str, top: float, cell: float) -> None:
        inches, middle = area.inches(), top + ROW / 2
        icons.draw_chip(inches, name, 0.13, middle, 0.11, area.theme)
        area.write(0.3, middle, fit(name, NAMES - 0.36, SMALL), SMALL)
        for k, frame in enumerate(reading.frames):
            left, fill = NAMES + k * cell, _fill(frame.relative, area.theme)
            inches.add_patch(
                Rectangle((left + 0.015, top + 0.015), cell - 0.03, ROW - 0.03, facecolor=fill, linewidth=0)
            )
            words = signed_text(frame.relative)
            area.write(left + cell / 2, middle, words, SMALL, ha="center", color=ink_on(fill))
            for inset, colour, line, width in _outlines(reading, frame.id, area.theme):
                inches.add_patch(
                    Rectangle(
                        (left + inset, top + inset), cell - 2 * inset, ROW - 2 * inset, facecolor="none",
                        edgecolor=colour, linestyle=line, linewidth=width, zorder=6,
                    )
                )  # fmt: skip
        area.write(area.width, middle, _lead(reading), SMALL, ha="right", color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_PICTURE + (2 + 1) * SCREEN_LINE + len(self.readings) * SCREEN_ROW

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the numbers of a cell, a click gives its row."""
        plot_heading(canvas, top, self._heading, colour_of("frames"), "")
        frames, rows = self.readings[0].frames, len(self.readings)
        across = {"range": [-0.5, len(frames) - 0.5]}
        picture, text = SCREEN_PICTURE, SCREEN_LINE
        at = canvas.axes(LEFT, RIGHT, top + SCREEN_HEAD, picture + text, across, {"range": [picture + text, 0]})
        places = list(range(len(frames)))
        icons.plot_icons(canvas, at, frames, self.root, places, [picture / 2] * len(places), 76, (0.9, picture - 6))
        for k, frame in enumerate(frames):
            words = frame.label if frame.seconds is None else f"{frame.seconds:.1f} s"
            _note(canvas, at.x, at.y, k, picture + text / 2, markup(shorten(words, 14)))
        body = top + SCREEN_HEAD + picture + text
        cells = canvas.axes(LEFT, RIGHT, body, rows * SCREEN_ROW, across, {"range": [rows - 0.5, -0.5]})
        self._plot_cells(canvas, cells.x, cells.y)
        for row, (reading, name) in enumerate(zip(self.readings, self.names, strict=True)):
            middle = body + (row + 0.5) * SCREEN_ROW
            canvas.write(0, middle, markup(shorten(name, 16)))
            canvas.write(RIGHT + 0.01, middle, markup(_lead(reading)), SCREEN_SMALL, color=canvas.theme.muted)
        canvas.write(0, top + self.pixels() - 12, self._key, SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_cells(self, canvas: Canvas, x: str, y: str) -> None:
        theme = canvas.theme
        for row, reading in enumerate(self.readings):
            for k, frame in enumerate(reading.frames):
                fill = _fill(frame.relative, theme)
                canvas.figure.add_shape(
                    type="rect", xref=x, yref=y, x0=k - 0.48, x1=k + 0.48, y0=row - 0.46, y1=row + 0.46,
                    fillcolor=fill, line={"width": 0}, layer="below",
                )  # fmt: skip
                _note(canvas, x, y, k, row, signed_text(frame.relative), ink_on(fill))
                for inset, colour, line, width in _outlines(reading, frame.id, theme):
                    dash = {"color": colour, "width": 1.6 * width, "dash": "dash" if line == "--" else "solid"}
                    canvas.figure.add_shape(
                        type="rect", xref=x, yref=y, x0=k - 0.48 + inset, x1=k + 0.48 - inset,
                        y0=row - 0.46 + 2 * inset, y1=row + 0.46 - 2 * inset, line=dash,
                    )  # fmt: skip
        marks = [(k, row, one, f) for row, one in enumerate(self.readings) for k, f in enumerate(one.frames)]
        canvas.figure.add_trace(
            go.Scatter(
                x=[k for k, *_ in marks], y=[row for _, row, *_ in marks], mode="markers", xaxis=x, yaxis=y,
                marker={"symbol": "square", "size": SCREEN_ROW - 6, "opacity": 0}, hoverinfo="text", name="cells",
                customdata=[str(reading.user) for *_, reading, _ in marks],
                hovertext=[
                    f"<b>{markup(self.names[row])}</b>, {markup(f.label)}<br>{markup(r.what)} {signed_text(f.score)}"
                    for _, row, r, f in marks
                ],
            )
        )  # fmt: skip


def _fill(relative: float, theme: Theme) -> str:
    """Background of a cell: the stronger, the farther from the mean of the row."""
    hue = POSITIVE if relative >= 0 else NEGATIVE
    return mix(hue, theme.background, FULL * min(abs(relative) / STRONG, 1.0))


def _outlines(reading: KeyFrames, frame: object, theme: Theme) -> list[tuple[float, str, str, float]]:
    """Inset, colour, style and width of the outlines of a cell."""
    found = [(0.01, colour_of("frames"), "-", 2.0)] if frame == reading.key else []
    return found + ([(0.035, theme.text, "--", 1.0)] if frame in reading.planted else [])


def _lead(reading: KeyFrames) -> str:
    return f"{reading.margin:.2f}" + ("" if reading.is_personal else ", no reason")


def _note(canvas: Canvas, x: str, y: str, across: float, down: float, text: str, colour: str | None = None) -> None:
    canvas.figure.add_annotation(
        x=across, y=down, xref=x, yref=y, text=text, showarrow=False,
        font={"size": SCREEN_SMALL, "color": colour or canvas.theme.muted},
    )  # fmt: skip
