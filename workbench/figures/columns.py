"""Attention, contribution and liking side by side over the same lines: one scale each, whoever's numbers they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from matplotlib.axes import Axes

from workbench.figures import marks
from workbench.figures.axis import (
    frame_axis,
    note_beside,
    number_axis,
    titled_axis,
    write_absent,
    write_beside,
    zero_line,
)
from workbench.figures.levels import NO_SHARES, NO_WEIGHTS
from workbench.figures.page import Area, Canvas, Pair
from workbench.figures.style import SMALL
from workbench.figures.text import FAINT, decimals, signed_text, text_width, weight_text

GAP: Final = 0.14
THICK: Final = 0.5
"""Thickness of a bar where lines are one unit apart."""
LIKING: Final = 0.52
"""Inches from 0 to 1 of a liking."""
SCREEN_LETTER: Final = 0.075
"""Part of an axis on the screen that a letter of the number beside a mark takes, where the axis is narrow."""
SCREEN_PAD: Final = 0.34
"""Part of an axis on the screen that is kept for the number beside a mark."""


@dataclass(frozen=True)
class Line:
    """One user's numbers of one attribute.

    Attributes:
        y: middle of the line, in the units of the axes, downwards.
        id: what a click gives; ``hover`` what the pointer is told.
        second: whether they are those of a second user.
    """

    y: float
    attention: float | None
    contribution: float | None
    liking: float | None
    colour: str
    id: str = ""
    hover: str = ""
    second: bool = False


@dataclass(frozen=True)
class Columns:
    """The three columns.

    Attributes:
        lines: from top to bottom, ``apart`` from each other in the units of the axes.
        tall: height of the axes in these units.
        attention: title of its axis; ``contribution`` and ``liking`` those of theirs.
    """

    lines: tuple[Line, ...]
    tall: float
    apart: float
    attention: str = "attention (adds up to 1)"
    contribution: str = "contribution to the score"
    liking: str = "liking (0 to 1)"

    @property
    def has_liking(self) -> bool:
        """Whether likings are known."""
        return any(line.liking is not None for line in self.lines)

    def draw(self, area: Area, left: float, top: float, width: float) -> None:
        """On paper: ``tall`` inches of marks from ``top`` on, the axes below them."""
        liking = text_width("0.00", SMALL) + 0.1 + LIKING if self.has_liking else -GAP
        panel = (width - liking - 2 * GAP) / 2
        self._draw_attention(area, left, top, panel)
        self._draw_contribution(area, left + panel + GAP, top, panel)
        if self.has_liking:
            self._draw_liking(area, left + 2 * panel + 2 * GAP, top)

    def _parts(self) -> list[tuple[bool, list[Line]]]:
        """The lines of the first and of the second user, where there are any."""
        parts = ((second, [line for line in self.lines if line.second == second]) for second in (False, True))
        return [(second, lines) for second, lines in parts if lines]

    def _draw_attention(self, area: Area, left: float, top: float, width: float) -> None:
        axes = area.axes(left, top, width, self.tall)
        axes.set_ylim(self.tall, 0)
        known = [line.attention for line in self.lines if line.attention is not None]
        frame_axis(axes, area, self.attention if known else "attention", width)
        if not known:
            write_absent(axes, area, NO_WEIGHTS)
            return
        room = text_width("<0.01", SMALL) + 0.06
        largest = max(known) or 1.0
        axes.set_xlim(0, largest * width / max(width - room, 0.1))
        number_axis(axes, largest)
        self._draw_zero(axes, area)
        for second, lines in self._parts():
            at, lengths, colours = _marks(lines, "attention")
            thickness = THICK * self.apart
            marks.attention_bars(axes, at, lengths, colours, area.theme, thickness=thickness, second=second)
        for line in self.lines:
            value = "no weight" if line.attention is None else weight_text(line.attention)
            write_beside(axes, line.attention or 0.0, line.y, value, area, 3)

    def _draw_contribution(self, area: Area, left: float, top: float, width: float) -> None:
        axes = area.axes(left, top, width, self.tall)
        axes.set_ylim(self.tall, 0)
        known = [line.contribution for line in self.lines if line.contribution is not None]
        frame_axis(axes, area, self.contribution if known else f"contribution ({NO_SHARES})", width)
        if not known:
            write_absent(axes, area, NO_SHARES)
            return
        places = decimals(known)
        room = max(text_width(signed_text(s, places), SMALL) for s in known) + 0.09
        low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
        high = max(high, low + FAINT)
        before, after = 0.06, room + 0.06
        scale = (high - low) / max(width - before - after, 0.1)
        axes.set_xlim(low - before * scale, high + after * scale)
        number_axis(axes, max(high, -low))
        self._draw_zero(axes, area)
        for second, lines in self._parts():
            at, lengths, colours = _marks(lines, "contribution")
            marks.contribution_lollipops(axes, at, lengths, colours, area.theme, second=second)
        # Numbers stand in one column: beside the heads they would take their room twice, for plus and for minus.
        for line in self.lines:
            if line.contribution is not None:
                write_beside(axes, high, line.y, signed_text(line.contribution, places), area, 6)

    def _draw_zero(self, axes: Axes, area: Area) -> None:
        """The line at zero beside the marks alone, since names may stand between them."""
        for line in self.lines:
            ends = [line.y - self.apart / 2, line.y + self.apart / 2]
            axes.plot([0, 0], ends, color=area.theme.muted, linewidth=0.7, solid_capstyle="butt")

    def _draw_liking(self, area: Area, left: float, top: float) -> None:
        axes = area.axes(left + 0.04, top, LIKING, self.tall)
        axes.set(ylim=(self.tall, 0), xlim=(0, 1))
        frame_axis(axes, area, self.liking, LIKING + 0.12)
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        at, likings, colours = _marks(self.lines, "liking")
        marks.liking_diamonds(axes, at, likings, colours, area.theme, height=0.4 * self.apart)
        for line in self.lines:
            if line.liking is not None:
                write_beside(axes, 1, line.y, f"{line.liking:.2f}", area, 6)

    def plot(self, canvas: Canvas, left: float, right: float, top: float) -> None:
        """On the screen: ``tall`` pixels of marks between the fractions ``left`` and ``right``."""
        down = {"range": [self.tall, 0]}
        wide = right - left
        ends = (0.34, 0.71) if self.has_liking else (0.48, 1.0)
        starts = 0.0, ends[0] + 0.05, ends[1] + 0.05
        spans = [(left + a * wide, left + b * wide) for a, b in zip(starts, (*ends, 0.9), strict=True)]
        self._plot_attention(canvas, canvas.axes(*spans[0], top, self.tall, titled_axis(self.attention), down))
        self._plot_contribution(
            canvas, canvas.axes(*spans[1], top, self.tall, titled_axis("contribution") | {"nticks": 3}, down)
        )
        if self.has_liking:
            self._plot_liking(canvas, canvas.axes(*spans[2], top, self.tall, titled_axis(self.liking), down))

    def _plot_attention(self, canvas: Canvas, at: Pair) -> None:
        known = [line.attention for line in self.lines if line.attention is not None]
        zero_line(canvas, at, [0, (max(known, default=0) or 1.0) / (1 - SCREEN_PAD)], ticks=bool(known))
        self._plot_zero(canvas, at)
        for second, lines in self._parts():
            y, lengths, colours = _marks(lines, "attention")
            hover, ids = [line.hover for line in lines], [line.id for line in lines]
            thickness = THICK * self.apart
            canvas.figure.add_trace(
                marks.attention_trace(
                    at, y, lengths, colours, canvas.theme, thickness=thickness, hover=hover, ids=ids, second=second
                )
            )
        for line in self.lines:
            if known:
                value = "no weight" if line.attention is None else weight_text(line.attention)
                note_beside(canvas, at, line.attention or 0.0, line.y, value, 4)

    def _plot_contribution(self, canvas: Canvas, at: Pair) -> None:
        known = [line.contribution for line in self.lines if line.contribution is not None]
        low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
        high = max(high, low + FAINT)
        letters = max((len(signed_text(share, decimals(known))) for share in known), default=0)
        before, after = 0.04, SCREEN_LETTER * letters
        scale = (high - low) / (1 - before - after)
        zero_line(canvas, at, [low - before * scale, high + after * scale], ticks=bool(known))
        self._plot_zero(canvas, at)
        for second, lines in self._parts():
            y, lengths, colours = _marks(lines, "contribution")
            hover, ids = [line.hover for line in lines], [line.id for line in lines]
            for trace in marks.contribution_traces(
                at, y, lengths, colours, canvas.theme, hover=hover, ids=ids, second=second
            ):
                canvas.figure.add_trace(trace)
        for line in self.lines:
            if line.contribution is not None:
                note_beside(canvas, at, high, line.y, signed_text(line.contribution, decimals(known)), 9)

    def _plot_zero(self, canvas: Canvas, at: Pair) -> None:
        canvas.figure.update_layout({"xaxis" + at.x[1:]: {"zeroline": False}})
        ends = [(line.y - self.apart / 2, line.y + self.apart / 2) for line in self.lines]
        canvas.figure.add_trace(
            go.Scatter(
                x=[x for _ in ends for x in (0, 0, None)], y=[y for low, high in ends for y in (low, high, None)],
                mode="lines", line={"color": canvas.theme.muted, "width": 1}, xaxis=at.x, yaxis=at.y, name="zero",
                hoverinfo="skip",
            )
        )  # fmt: skip

    def _plot_liking(self, canvas: Canvas, at: Pair) -> None:
        frame = {"range": [0, 1], "tickvals": [0, 0.5, 1], "ticktext": ["0", ".5", "1"], "ticks": "outside"}
        frame |= {"showline": True, "linecolor": canvas.theme.line, "tickcolor": canvas.theme.line}
        canvas.figure.update_layout({"xaxis" + at.x[1:]: frame})
        y, likings, colours = _marks(self.lines, "liking")
        hover, ids = [line.hover for line in self.lines], [line.id for line in self.lines]
        height = 0.4 * self.apart
        for trace in marks.liking_traces(at, y, likings, colours, canvas.theme, height=height, hover=hover, ids=ids):
            canvas.figure.add_trace(trace)
        for line in self.lines:
            if line.liking is not None:
                note_beside(canvas, at, 1, line.y, f"{line.liking:.2f}", 9)


def _marks(lines: Sequence[Line], number: str) -> tuple[list[float], list[float | None], list[str]]:
    return [line.y for line in lines], [getattr(line, number) for line in lines], [line.colour for line in lines]
