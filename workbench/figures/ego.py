"""The people around a user: line width is attention, ring and signed number are the contribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import By, Element, EvidenceLevel
from workbench.figures import icons
from workbench.figures.levels import LevelView, view_level
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FLAT_GREY,
    FULL_WIDTH,
    NEGATIVE,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import (
    decimals,
    fit,
    hover_text,
    initials,
    markup,
    removal_text,
    shorten,
    signed_text,
    weight_text,
    wrap,
)

TOP: Final = 12
"""More people than this would write over each other."""
SCREEN_BODY: Final = 430
SCREEN_FOOT: Final = 26
CHIP: Final = 0.15
THIN, THICK = 0.5, 6.0


@dataclass(frozen=True)
class Ego:
    """The user in the middle, the strongest people round her, clockwise from the top."""

    view: LevelView
    user_label: str
    colour: str

    def _angles(self) -> list[float]:
        count = len(self.view.elements)
        return [2 * math.pi * i / count - math.pi / 2 for i in range(count)]

    def _line(self, element: Element) -> float:
        largest = max((e.attention or 0.0 for e in self.view.elements), default=0.0) or 1.0
        return THIN + (THICK - THIN) * (element.attention or 0.0) / largest

    def _ring(self, element: Element) -> str:
        if element.contribution is None or self.view.flat:
            return FLAT_GREY
        return POSITIVE if element.contribution >= 0 else NEGATIVE

    def _numbers(self, element: Element) -> str:
        places = decimals(e.contribution for e in self.view.elements)
        parts = [signed_text(element.contribution, places), weight_text(element.attention)]
        return " · ".join(part for part in parts if part)

    @property
    def _key(self) -> str:
        line = f"line width and second number: {self.view.attention_title}"
        colours = " (blue +, red −)" if self.view.has_contribution and not self.view.flat else ""
        return f"ring and signed number: {self.view.contribution_title}{colours} · {line}"

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        if not self.view.elements:
            return HEAD + 0.2
        return HEAD + self._body(width) + 0.13 * len(wrap(self._key, width, SMALL, 3))

    def _body(self, width: float) -> float:
        people = len(self.view.elements)
        return 1.35 + 0.13 * people if width > FULL_WIDTH / 2 else 1.3 + 0.16 * people

    def draw(self, area: Area) -> None:
        """Chips on an ellipse, words on their outer side."""
        draw_heading(area, self.view.heading, self.colour, self.view.note)
        if not self.view.elements:
            area.write(0.14, HEAD + 0.08, "nothing recorded", color=area.theme.muted)
            return
        body = self._body(area.width)
        room = area.part(HEAD, body)
        axes = room.inches()
        x, y = area.width / 2, body / 2
        # Words beside a chip need this much of the width, words above or below it this much of the height.
        across = min(area.width / 2 - 0.79, 2.1)
        down = body / 2 - CHIP - 0.28
        for element, angle in zip(self.view.elements, self._angles(), strict=True):
            at = x + across * math.cos(angle), y + down * math.sin(angle)
            style = "-" if element.attention is not None else ":"
            axes.plot([x, at[0]], [y, at[1]], style, color=self._edge, linewidth=self._line(element), zorder=1)
            icons.draw_chip(axes, element.label, *at, CHIP, area.theme, self._ring(element), 1.8)
            self._draw_words(room, element, at, angle)
        icons.draw_chip(axes, self.user_label, x, y, 0.21, area.theme, area.theme.text, 1.2)
        for i, line in enumerate(wrap(self._key, area.width, SMALL, 3)):
            area.write(0, HEAD + body + 0.07 + 0.13 * i, line, SMALL, color=area.theme.muted)

    @property
    def _edge(self) -> str:
        return FLAT_GREY if self.view.flat else self.colour

    def _draw_words(self, room: Area, element: Element, at: tuple[float, float], angle: float) -> None:
        lines = [self._numbers(element), removal_text(element, self.view.rank)]
        words = [line for line in lines if line]
        muted = room.theme.muted
        if abs(math.cos(angle)) < 0.2:
            outward = math.copysign(1, math.sin(angle))
            name = at[1] + outward * (CHIP + 0.135) - 0.055
            room.write(at[0], name, fit(element.label, 1.1, BASE), ha="center")
            room.write(at[0], name + 0.115, " · ".join(words), SMALL, ha="center", color=muted)
            return
        side = math.copysign(1, math.cos(angle))
        x = at[0] + side * (CHIP + 0.06)
        width = room.width - x if side > 0 else x
        options = {"ha": "left" if side > 0 else "right"}
        name, first = (at[1] - 0.055 * len(words), BASE)
        room.write(x, name, fit(element.label, width, first), first, **options)
        for i, line in enumerate(words):
            room.write(x, name + 0.11 * (i + 1), line, SMALL, color=muted, **options)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + (SCREEN_BODY + 2 * SCREEN_FOOT if self.view.elements else SCREEN_FOOT)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number, a click gives the person's id."""
        plot_heading(canvas, top, self.view.heading, self.colour, self.view.note)
        if not self.view.elements:
            canvas.write(0.02, top + SCREEN_HEAD + 8, "nothing recorded", color=canvas.theme.muted)
            return
        body = top + SCREEN_HEAD
        at = canvas.axes(0, 1, body, SCREEN_BODY, {"range": [-1.75, 1.75]}, {"range": [1.5, -1.5]})
        places = [(math.cos(angle), math.sin(angle)) for angle in self._angles()]
        for element, (x, y) in zip(self.view.elements, places, strict=True):
            line = {"color": self._edge, "width": 1.8 * self._line(element)}
            line["dash"] = "solid" if element.attention is not None else "dot"
            canvas.figure.add_trace(
                go.Scatter(
                    x=[0, x], y=[0, y], mode="lines", line=line, xaxis=at.x, yaxis=at.y,
                    hoverinfo="skip", name="attention",
                )
            )  # fmt: skip
            self._plot_words(canvas, at.x, at.y, element, x, y)
        rings = [self._ring(element) for element in self.view.elements]
        for labels, points, colours, size, hover, ids, name in (
            (
                [e.label for e in self.view.elements], places, rings, 38,
                [hover_text(e, self.view.rank) for e in self.view.elements],
                [str(e.id) for e in self.view.elements], "contribution",
            ),
            ([self.user_label], [(0.0, 0.0)], [canvas.theme.text], 54, [markup(self.user_label)], [""], "user"),
        ):  # fmt: skip
            canvas.figure.add_trace(
                go.Scatter(
                    x=[p[0] for p in points], y=[p[1] for p in points], mode="markers+text",
                    text=[initials(label) for label in labels], hovertext=hover, hoverinfo="text", customdata=ids,
                    textfont={"size": SCREEN_BASE, "color": canvas.theme.text}, cliponaxis=False, name=name,
                    marker={
                        "size": size, "color": canvas.theme.tile, "opacity": 1,
                        "line": {"color": colours, "width": 4},
                    },
                    xaxis=at.x, yaxis=at.y,
                )
            )  # fmt: skip
        first, second = self._key.split(" · ", 1)
        for i, words in enumerate((first, second)):
            y = body + SCREEN_BODY + SCREEN_FOOT * (0.4 + 0.8 * i)
            canvas.write(0, y, markup(words), SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_words(self, canvas: Canvas, x_axis: str, y_axis: str, element: Element, x: float, y: float) -> None:
        words = [w for w in (self._numbers(element), removal_text(element, self.view.rank)) if w]
        small = f'<span style="font-size:{SCREEN_SMALL}px;color:{canvas.theme.muted}">'
        upright = abs(x) < 0.2
        lines = [" · ".join(words)] if upright else words
        text = "<br>".join([markup(shorten(element.label, 18)), *(f"{small}{line}</span>" for line in lines if line)])
        across = "center" if upright else ("left" if x > 0 else "right")
        canvas.figure.add_annotation(
            x=x, y=y, xref=x_axis, yref=y_axis, text=text, showarrow=False, align=across,
            xanchor=across, yanchor=("bottom" if y < 0 else "top") if upright else "middle",
            xshift=0 if upright else math.copysign(26, x), yshift=-math.copysign(24, y) if upright else 0,
        )  # fmt: skip


def ego_figure(
    level: EvidenceLevel,
    rank: int | None,
    user_label: str,
    *,
    heading: str | None = None,
    top: int = TOP,
    by: By | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The ``top`` strongest people of a level round the user, at most ``TOP``, on paper.

    Args:
        rank: rank of the explained image with everything present; None where nothing is ranked.
        user_label: name of the user in the middle.
        heading: what a person calls the level; None takes its name.
        by: what orders the people; None takes contribution where the model is additive, else attention.
        width: inches.
    """
    view = view_level(level, rank, min(top, TOP), by, heading)
    return compose([Ego(view, user_label, colour_of(level.name, level.kind))], width, theme_named(theme))


def ego_plotly(
    level: EvidenceLevel,
    rank: int | None,
    user_label: str,
    *,
    heading: str | None = None,
    top: int = TOP,
    by: By | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; clicking a chip gives the person's id as custom data."""
    view = view_level(level, rank, min(top, TOP), by, heading)
    return compose_plotly([Ego(view, user_label, colour_of(level.name, level.kind))], theme_named(theme))
