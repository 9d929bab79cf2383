"""What if? The best images before and after evidence is left out, side by side, each tied to its new place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.explain.explanation import Element, Id
from workbench.explain.whatif import Moved, WhatIf
from workbench.figures.icons import draw_icon, plot_icons
from workbench.figures.leftout import with_pictures
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    NEGATIVE,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, markup, shorten, signed_text, text_width

HEADING: Final = "Before and after"
ROW, OUTSIDE, TITLES, FOOT = 0.36, 0.2, 0.18, 0.3
"""Inches of a row, of the strip where lines leave the list, of the titles and of the two lines at the foot."""
RADIUS: Final = 0.15
LEFT, RIGHT = 0.36, 0.64
"""Fractions of the width where the lines begin and end; the pictures stand outside of them."""
SCREEN_ROW, SCREEN_OUTSIDE, SCREEN_TITLES, SCREEN_FOOT = 48, 30, 24, 44
SCREEN_PICTURE: Final = 40
SCREEN_LABEL, SCREEN_KEY = 15, 74
"""Characters of a name and of a line at the foot on the screen."""
KEY: Final = "▲ up · ▼ down (dashed) · grey: stays · to and from below: outside this list"


@dataclass(frozen=True)
class Tie:
    """An image and its two places.

    Attributes:
        before: rank, 1 = best; ``after`` the same with the edits.
        leaves: whether it is in the first list alone; ``enters`` whether in the second alone.
    """

    item: Id
    before: int
    after: int
    leaves: bool
    enters: bool

    @property
    def sign(self) -> str:
        """▲, ▼ or nothing."""
        return "▲" if self.after < self.before else "▼" if self.after > self.before else ""

    @property
    def colour(self) -> str:
        """Blue up, red down; what stays takes the colour of lines."""
        return POSITIVE if self.sign == "▲" else NEGATIVE

    @property
    def at_left(self) -> str:
        """What is said beside its old place where it leaves the list."""
        return f"▼ to {self.after:,}" if self.leaves else ""

    @property
    def at_right(self) -> str:
        """What is said beside its new place: where it comes from."""
        return f"{self.sign} from {self.before:,}" if self.sign else ""


@dataclass(frozen=True)
class Slopes:
    """Two ranked columns and the lines between them.

    Attributes:
        found: the two rankings.
        root: folder of the dataset, None to draw neutral tiles with ids.
        said: what is changed, in words; the edits as they are typed where left out.
    """

    found: WhatIf
    root: Path | None
    said: str | None

    @cached_property
    def ties(self) -> list[Tie]:
        """Every image of either list, by its new rank."""
        first, then = ({one.item: one.rank for one in ranked} for ranked in (self.found.before, self.found.after))
        moved = {one.item: one for one in self.found.moved}
        ties = []
        for item in dict.fromkeys([*then, *first]):
            change = moved.get(item)
            before = first.get(item, 0) if change is None else change.rank_before
            after = then.get(item, 0) if change is None else change.rank_after
            ties.append(Tie(item, before or after, after or before, item not in then, item not in first))
        return ties

    @cached_property
    def _pictured(self) -> dict[Id, Element]:
        return {element.id: element for element in self.found.pictured}

    def _element(self, item: Id) -> Element:
        return self._pictured.get(item, Element(kind="image", id=item, label=f"image {item}"))

    @property
    def _rows(self) -> int:
        return max(len(self.found.before), len(self.found.after), 1)

    def _places(self, tie: Tie) -> tuple[float, float]:
        """Rows where the line of an image begins and ends, below the list where it is beyond it."""
        first = {one.item: float(row) for row, one in enumerate(self.found.before)}
        then = {one.item: float(row) for row, one in enumerate(self.found.after)}
        beyond = self._rows - 0.2
        return first.get(tie.item, beyond), then.get(tie.item, beyond)

    @property
    def _note(self) -> str:
        if not self.found.edits:
            return "nothing is changed"
        return self.said or f"without {', '.join(self.found.edits)}"

    @property
    def _own(self) -> str:
        """The change of the explained image."""
        own = self.found.explained
        return "" if own is None else f"framed: {own_change(own, self._element(own.item).label)}"

    def _is_explained(self, item: Id) -> bool:
        return self.found.explained is not None and item == self.found.explained.item

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return HEAD + TITLES + self._rows * ROW + OUTSIDE + FOOT

    def draw(self, area: Area) -> None:
        """Pictures in two columns, lines between them."""
        draw_heading(area, HEADING, colour_of("own"), self._note)
        axes, top = area.inches(), HEAD + TITLES
        left, right = LEFT * area.width, RIGHT * area.width
        area.write(left, HEAD + 0.06, "before", SMALL, ha="right", color=area.theme.muted)
        area.write(right, HEAD + 0.06, "after", SMALL, color=area.theme.muted)
        for tie in self.ties:
            start, end = self._places(tie)
            down = [top + (start + 0.5) * ROW, top + (end + 0.5) * ROW]
            style, width = ("--" if tie.sign == "▼" else "-"), 1.4 if tie.sign else 0.8
            colour = tie.colour if tie.sign else area.theme.line
            axes.plot([left + 0.05, right - 0.05], down, style, color=colour, linewidth=width, zorder=1)
            if not tie.enters:
                self._draw_place(area, axes, tie, down[0], at_left=True)
            if not tie.leaves:
                self._draw_place(area, axes, tie, down[1], at_left=False)
        foot = area.height - FOOT
        for line, words in enumerate(filter(None, (KEY, self._own))):
            area.write(0, foot + 0.1 + line * 0.13, fit(words, area.width, SMALL), SMALL, color=area.theme.muted)

    def _draw_place(self, area: Area, axes: Axes, tie: Tie, y: float, *, at_left: bool) -> None:
        """Picture, rank, name, and where the image comes from or goes."""
        out = -1 if at_left else 1
        x = (LEFT if at_left else RIGHT) * area.width + out * RADIUS
        element, side = self._element(tie.item), "right" if at_left else "left"
        draw_icon(axes, element, self.root, x, y, RADIUS, area.theme)
        if self._is_explained(tie.item):
            corner, length = (x - RADIUS - 0.015, y - RADIUS - 0.015), 2 * RADIUS + 0.03
            edge = area.theme.text
            axes.add_patch(Rectangle(corner, length, length, facecolor="none", edgecolor=edge, linewidth=1.6, zorder=7))
        rank, said = (tie.before, tie.at_left) if at_left else (tie.after, tie.at_right)
        x += out * (RADIUS + 0.06)
        room = x if at_left else area.width - x
        area.write(x, y, f"{rank:,}", BASE, ha=side, weight="bold")
        x += out * (text_width(f"{rank:,}", BASE, "bold") + 0.07)
        room -= text_width(f"{rank:,}", BASE, "bold") + 0.07
        area.write(x, y - (0.06 if said else 0), fit(element.label, room, BASE), BASE, ha=side)
        if said:
            area.write(x, y + 0.07, fit(said, room, SMALL), SMALL, ha=side, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_TITLES + self._rows * SCREEN_ROW + SCREEN_OUTSIDE + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen; a click on a picture gives the image's id."""
        plot_heading(canvas, top, HEADING, colour_of("own"), shorten(self._note, 30))
        body, theme, last = top + SCREEN_HEAD + SCREEN_TITLES, canvas.theme, self._rows - 0.5
        last += SCREEN_OUTSIDE / SCREEN_ROW
        high = self._rows * SCREEN_ROW + SCREEN_OUTSIDE
        at = canvas.axes(0, 1, body, high, {"range": [0, 1]}, {"range": [last, -0.5]})
        canvas.write(LEFT, body - 12, "before", SCREEN_SMALL, xanchor="right", color=theme.muted)
        canvas.write(RIGHT, body - 12, "after", SCREEN_SMALL, color=theme.muted)
        for tie in self.ties:
            canvas.figure.add_trace(_line(at, self._places(tie), tie, theme))
        self._plot_places(canvas, at, [t for t in self.ties if not t.enters], body, at_left=True)
        self._plot_places(canvas, at, [t for t in self.ties if not t.leaves], body, at_left=False)
        foot = top + self.pixels() - SCREEN_FOOT
        for line, words in enumerate(filter(None, (KEY, self._own))):
            said = markup(shorten(words, SCREEN_KEY + 20))
            canvas.write(0, foot + 10 + 17 * line, said, SCREEN_SMALL, color=theme.muted)

    def _plot_places(self, canvas: Canvas, at: Pair, ties: Sequence[Tie], body: float, *, at_left: bool) -> None:
        out, edge, side = (-1, LEFT, "right") if at_left else (1, RIGHT, "left")
        elements = [self._element(tie.item) for tie in ties]
        rows = [self._places(tie)[0 if at_left else 1] for tie in ties]
        middle = [edge + out * 0.045] * len(ties)
        size = (0.08, SCREEN_PICTURE / SCREEN_ROW)
        plot_icons(canvas, at, elements, self.root, middle, rows, SCREEN_PICTURE, size)
        framed = [self._is_explained(tie.item) for tie in ties]
        hover = [
            f"<b>{markup(e.label)}</b><br>rank {t.before:,} → {t.after:,}" for e, t in zip(elements, ties, strict=True)
        ]
        canvas.figure.add_trace(
            go.Scatter(
                x=middle, y=rows, mode="markers", xaxis=at.x, yaxis=at.y, name="before" if at_left else "after",
                customdata=[str(tie.item) for tie in ties], hoverinfo="text", hovertext=hover, cliponaxis=False,
                marker={
                    "symbol": "square", "size": SCREEN_PICTURE + 2, "color": "rgba(0,0,0,0)", "opacity": 1,
                    "line": {"color": canvas.theme.text, "width": [3 if one else 0 for one in framed]},
                },
            )
        )  # fmt: skip
        for tie, element, row in zip(ties, elements, rows, strict=True):
            rank, said = (tie.before, tie.at_left) if at_left else (tie.after, tie.at_right)
            y, x = body + (row + 0.5) * SCREEN_ROW, edge + out * 0.1
            words = markup(shorten(element.label, SCREEN_LABEL))
            number = f"<b>{rank:,}</b>"
            words = f"{words} {number}" if at_left else f"{number} {words}"
            style = {"xanchor": side, "align": side}
            canvas.write(x, y - (8 if said else 0), words, SCREEN_BASE, **style)
            if said:
                canvas.write(x, y + 10, markup(said), SCREEN_SMALL, color=canvas.theme.muted, **style)


def own_change(own: Moved, label: str) -> str:
    """What the edits do to one image: ``image 482: rank 1 → 4, score −0.63``."""
    ranks = f"stays at rank {own.rank_after:,}"
    if own.rank_before != own.rank_after:
        ranks = f"rank {own.rank_before:,} → {own.rank_after:,}"
    return f"{label}: {ranks}, score {signed_text(own.score_change) if own.score_change else 'as before'}"


def _line(at: Pair, rows: tuple[float, float], tie: Tie, theme: Theme) -> go.Scatter:
    line = {"color": tie.colour, "width": 2.5, "dash": "dash" if tie.sign == "▼" else "solid"}
    return go.Scatter(
        x=[LEFT + 0.005, RIGHT - 0.005], y=list(rows), mode="lines", xaxis=at.x, yaxis=at.y, hoverinfo="skip",
        name="tie", line=line if tie.sign else {"color": theme.line, "width": 1.2}, cliponaxis=False,
    )  # fmt: skip


def what_if_figure(
    found: WhatIf,
    root: Path | None = None,
    *,
    said: str | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Two rankings on paper, a line from each image's old place to its new one; below, pictures with what is left out.

    Args:
        found: the rankings.
        root: folder of the dataset, None to draw neutral tiles with ids.
        said: what is changed, in words; the edits as they are typed where left out.
        width: inches.
    """
    blocks = with_pictures(Slopes(found, root, said), found.masks, root, found.removal)
    return compose(blocks, width, theme_named(theme))


def what_if_plotly(
    found: WhatIf, root: Path | None = None, *, said: str | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen; hover tells both ranks, a click gives the image's id as custom data."""
    blocks = with_pictures(Slopes(found, root, said), found.masks, root, found.removal)
    return compose_plotly(blocks, theme_named(theme))
