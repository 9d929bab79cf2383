"""How far influence travels: the user in the middle, the people who reach her in rings by hop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from workbench.explain.diffusion import Ego
from workbench.figures import icons
from workbench.figures.orbits import Plan, Point, Sizes, Spot
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.reached import both, fitted, hover, keys, name_of
from workbench.figures.style import (
    FLAT_GREY,
    FULL_WIDTH,
    NEGATIVE,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    font_families,
    theme_named,
)
from workbench.figures.text import (
    decimals,
    initials,
    markup,
    plain,
    signed_text,
    text_width,
    weight_text,
    wrap,
    wrap_markup,
)

TOP: Final = 24
"""People of a ring told apart, where there is room."""
MOST: Final = 5.3
"""Inches of the rings with their names."""
CHIP, CENTRE, NAMES = 0.13, 0.19, 0.8
"""Inches: radius of the largest chip, of the user's, and room for a name outside the last ring."""
SCREEN_CHIP, SCREEN_CENTRE, SCREEN_NAMES = 13.0, 23.0, 92.0
SCREEN_SIZE: Final = 560
SCREEN_LETTER: Final = 126.0
"""Pixels on the screen of what is an inch of small type on paper."""
SCREEN_LINE, SCREEN_CHARACTER = 14.0, 6.1
"""Pixels from one name to the next, and of a letter below the rings."""
THIN, THICK = 0.4, 6.0
LEAST, SCREEN_LEAST = 0.06, 7.0
"""Smaller chips hold no initials."""


@dataclass(frozen=True)
class Rings:
    """The user in the middle, each person outward of whom she is reached through; the line is as wide as the share.

    Attributes:
        ego: what is shown.
        heading: what it is called.
        top: people of a ring told apart at most.
        size: pixels of the rings with their names on the screen.
    """

    ego: Ego
    heading: str
    top: int = TOP
    size: int = SCREEN_SIZE

    def _plan(self, half: float, names: float, chip: float, letter: float, inch: float) -> Plan:
        """The plan in a square of twice ``half``, with as much room for names as the longest needs, up to ``names``."""
        counts = [min(self.top, len(ring.people)) + (ring.total > self.top) for ring in self.ego.rings]
        places, last = self._places, next(ring for ring in reversed(self.ego.rings) if ring.total)
        words = [both(name_of(self.ego, p), signed_text(p.contribution, places)) for p in last.people[: self.top]]
        longest = max(text_width(told, SMALL) for told in (*words, "share <0.01")) * inch
        return Plan.of(self.ego, Sizes.within(half, min(names, longest), chip, letter, counts), self.top)

    @property
    def _places(self) -> int:
        return decimals(person.contribution for ring in self.ego.rings for person in ring.people)

    def _paper(self, width: float) -> tuple[Plan, float]:
        """The plan on paper ``width`` inches wide, and how large its chips are."""
        side = min(width, MOST)
        scale = side / MOST
        return self._plan(side / 2, NAMES * max(scale, 0.7), CHIP * scale, 0.1, 1.0), scale

    @property
    def _nobody(self) -> str:
        return f"{self.ego.user_label} follows nobody: nobody reaches her"

    def _line(self, share: float) -> float:
        """Width in points."""
        largest = max((person.share for ring in self.ego.rings for person in ring.people), default=0.0) or 1.0
        return THIN + (THICK - THIN) * min(share / largest, 1.0)

    def _hue(self, spot: Spot) -> str:
        return FLAT_GREY if spot.person is None or self.ego.rings[spot.ring].flat else colour_of("follows")

    def _edge(self, spot: Spot) -> str:
        added = None if spot.person is None else spot.person.contribution
        return FLAT_GREY if added is None else POSITIVE if added >= 0 else NEGATIVE

    def _words(self, plan: Plan, spot: Spot, inch: float) -> str:
        """What stands beside a chip, where ``inch`` units are as long as an inch of small type."""
        if spot.person is None:
            name, number = "", f"share {weight_text(plan.ego.rings[spot.ring].hidden_share)}"
        else:
            name, number = name_of(self.ego, spot.person), signed_text(spot.person.contribution, self._places)
        return fitted(name, number, plan.room(spot) / inch)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        if not self.ego.people:
            return HEAD + 0.2
        lines = [line for words in keys(self._paper(width)[0].ego) for line in wrap(words, 0.97 * width, SMALL, 3)]
        return HEAD + min(width, MOST) + 0.13 * (len(lines) + 0.6)

    def draw(self, area: Area) -> None:
        """Rings, bent lines, chips, and names that run outward."""
        theme = area.theme
        draw_heading(area, self.heading, colour_of("follows"), self.ego.item_label)
        if not self.ego.people:
            area.write(0.14, HEAD + 0.08, self._nobody, color=theme.muted)
            return
        plan, scale = self._paper(area.width)
        side = min(area.width, MOST)
        axes = area.part(HEAD, side).inches()
        axes.set(xlim=(-area.width / 2, area.width / 2), ylim=(side / 2, -side / 2))
        for radius in plan.sizes.radii:
            axes.add_patch(Circle((0, 0), radius, facecolor="none", edgecolor=theme.line, linewidth=0.5, zorder=0))
        for spot in plan.spots:
            x, y = zip(*plan.path(spot), strict=True)
            told = spot.person is not None
            width = self._line(spot.person.share) if spot.person is not None else 1.0
            axes.plot(x, y, "-" if told else ":", color=self._hue(spot), linewidth=width, zorder=1)
        for spot in plan.spots:
            self._draw_chip(axes, plan, spot, theme)
            self._draw_words(axes, plan, spot, theme)
        icons.draw_chip(axes, self.ego.user_label, 0, 0, CENTRE * scale, theme, theme.text, 1.2)
        lines = [line for words in keys(plan.ego) for line in wrap(words, 0.97 * area.width, SMALL, 3)]
        for i, line in enumerate(lines):
            area.write(0, HEAD + side + 0.1 + 0.13 * i, line, SMALL, color=theme.muted)

    def _draw_chip(self, axes: Axes, plan: Plan, spot: Spot, theme: Theme) -> None:
        chip, at = plan.sizes.chips[spot.ring], plan.at(spot)
        if spot.person is not None and chip >= LEAST:
            icons.draw_chip(axes, spot.person.label, *at, chip, theme, self._edge(spot), 1.6)
            return
        edge = self._edge(spot)
        axes.add_patch(Circle(at, chip, facecolor=theme.tile, edgecolor=edge, linewidth=1.2, zorder=5))
        if spot.person is None and chip >= LEAST:
            words = f"+{plan.ego.rings[spot.ring].hidden:,}"
            size = min(0.75 * chip * 72, SMALL, SMALL * 1.6 * chip / text_width(words, SMALL))
            axes.text(*at, words, fontsize=size, ha="center", va="center_baseline", color=theme.text, zorder=6)

    def _draw_words(self, axes: Axes, plan: Plan, spot: Spot, theme: Theme) -> None:
        words = self._words(plan, spot, 1.0)
        if not words:
            return
        x, y = plan.at(spot, plan.sizes.chips[spot.ring] + 0.05)
        axes.text(
            x, y, plain(words), fontsize=SMALL, rotation=-spot.turn, rotation_mode="anchor", ha=spot.side,
            va="center", color=theme.text, family=list(font_families()), zorder=4,
            bbox={"facecolor": theme.background, "edgecolor": "none", "pad": 0.4},
        )  # fmt: skip

    def _screen(self) -> tuple[Plan, list[str]]:
        """The plan on the screen, and the lines below it as markup."""
        scale = max(min(self.size / SCREEN_SIZE, 1.0), 0.75)
        names, chip = SCREEN_NAMES * scale, SCREEN_CHIP * scale
        plan = self._plan(self.size / 2, names, chip, SCREEN_LINE, SCREEN_LETTER)
        length = int(self.size / SCREEN_CHARACTER)
        return plan, [line for words in keys(plan.ego) for line in wrap_markup(words, length, 3)[0].split("<br>")]

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + (self.size + 18 * len(self._screen()[1]) + 8 if self.ego.people else 20)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells every number, a click on a chip gives the person's id."""
        theme = canvas.theme
        plot_heading(canvas, top, self.heading, colour_of("follows"), self.ego.item_label)
        body, half = top + SCREEN_HEAD, self.size / 2
        if not self.ego.people:
            canvas.write(0.02, body + 8, markup(self._nobody), color=theme.muted)
            return
        plan, lines = self._screen()
        fixed = {"constrain": "domain"}
        square = fixed | {"range": [half, -half], "scaleanchor": "x"}
        at = canvas.axes(0, 1, body, self.size, fixed | {"range": [-half, half]}, square)
        for radius in plan.sizes.radii:
            canvas.figure.add_shape(
                type="circle", xref=at.x, yref=at.y, x0=-radius, x1=radius, y0=-radius, y1=radius, layer="below",
                line={"color": theme.line, "width": 1},
            )  # fmt: skip
        self._plot_lines(canvas, at, plan)
        self._plot_chips(canvas, at, plan)
        for spot in plan.spots:
            self._plot_words(canvas, at, plan, spot)
        for i, line in enumerate(lines):
            canvas.write(0, body + self.size + 18 * (i + 0.8), line, SCREEN_SMALL, color=theme.muted)

    def _plot_lines(self, canvas: Canvas, at: Pair, plan: Plan) -> None:
        """One trace for every width and hue: the browser draws a few traces faster than many."""
        drawn: dict[tuple[str, float, str], list[tuple[float | None, float | None]]] = {}
        for spot in plan.spots:
            width = 1.0 if spot.person is None else max(round(3 * self._line(spot.person.share)) / 2, 0.5)
            dash = "dot" if spot.person is None else "solid"
            drawn.setdefault((self._hue(spot), width, dash), []).extend([*plan.path(spot), (None, None)])
        for (hue, width, dash), points in drawn.items():
            canvas.figure.add_trace(
                go.Scatter(
                    x=[x for x, _ in points], y=[y for _, y in points], mode="lines", hoverinfo="skip", name="share",
                    line={"color": hue, "width": width, "dash": dash}, xaxis=at.x, yaxis=at.y,
                )
            )  # fmt: skip

    def _plot_chips(self, canvas: Canvas, at: Pair, plan: Plan) -> None:
        """The people, then those not told apart, then the user."""
        people = [(spot, spot.person) for spot in plan.spots if spot.person is not None]
        others = [spot for spot in plan.spots if spot.person is None]
        left = [plan.ego.rings[spot.ring] for spot in others]
        self._plot_group(
            canvas, at, "people", [plan.at(spot) for spot, _ in people],
            [plan.sizes.chips[spot.ring] for spot, _ in people], [initials(person.label) for _, person in people],
            [self._edge(spot) for spot, _ in people], [hover(self.ego, spot.ring, person) for spot, person in people],
            [str(person.id) for _, person in people],
        )  # fmt: skip
        self._plot_group(
            canvas, at, "others", [plan.at(spot) for spot in others],
            [plan.sizes.chips[spot.ring] for spot in others], [f"+{ring.hidden:,}" for ring in left],
            [FLAT_GREY] * len(others),
            [f"{r.hidden:,} people not told apart<br>share {weight_text(r.hidden_share)}" for r in left],
            [""] * len(others),
        )  # fmt: skip
        mine = initials(self.ego.user_label), markup(self.ego.user_label)
        self._plot_group(
            canvas, at, "user", [(0.0, 0.0)], [SCREEN_CENTRE], mine[:1], [canvas.theme.text], mine[1:], [""]
        )

    def _plot_group(
        self, canvas: Canvas, at: Pair, name: str, places: Sequence[Point], radii: Sequence[float],
        words: Sequence[str], edges: Sequence[str], hover: Sequence[str], ids: Sequence[str],
    ) -> None:  # fmt: skip
        theme = canvas.theme
        sizes = [max(min(SCREEN_BASE, int(0.9 * radius)), 1) for radius in radii]
        canvas.figure.add_trace(
            go.Scatter(
                x=[x for x, _ in places], y=[y for _, y in places], mode="markers+text", name=name,
                text=[word if radius >= SCREEN_LEAST else "" for word, radius in zip(words, radii, strict=True)],
                textfont={"size": sizes, "color": theme.text}, hovertext=list(hover), hoverinfo="text",
                customdata=list(ids), cliponaxis=False, xaxis=at.x, yaxis=at.y,
                marker={
                    "size": [2 * radius for radius in radii], "color": theme.tile, "opacity": 1,
                    "line": {"color": list(edges), "width": 2.5},
                },
            )
        )  # fmt: skip

    def _plot_words(self, canvas: Canvas, at: Pair, plan: Plan, spot: Spot) -> None:
        """Words are turned round their middle, so their length decides how far out that lies."""
        words = self._words(plan, spot, SCREEN_LETTER)
        if not words:
            return
        x, y = plan.at(spot)
        away = plan.sizes.chips[spot.ring] + 5 + text_width(words, SMALL) * SCREEN_LETTER / 2
        canvas.figure.add_annotation(
            x=x, y=y, xref=at.x, yref=at.y, text=markup(words), showarrow=False, textangle=spot.turn,
            xanchor="center", yanchor="middle", xshift=away * math.cos(spot.angle),
            yshift=-away * math.sin(spot.angle), font={"size": SCREEN_SMALL, "color": canvas.theme.text},
            bgcolor=canvas.theme.background, borderpad=0,
        )  # fmt: skip


def rings_figure(
    ego: Ego, *, heading: str | None = None, top: int = TOP, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """Who reaches a user in which number of hops, on paper.

    Args:
        ego: what is shown.
        heading: what it is called; None names the user.
        top: people of a ring told apart at most, as far as there is room.
        width: inches.
    """
    return compose([Rings(ego, heading or _heading(ego), top)], width, theme_named(theme))


def rings_plotly(
    ego: Ego, *, heading: str | None = None, top: int = TOP, size: int = SCREEN_SIZE, theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen, ``size`` pixels wide and high; a click on a chip gives the person's id as custom data."""
    return compose_plotly([Rings(ego, heading or _heading(ego), top, size)], theme_named(theme))


def _heading(ego: Ego) -> str:
    return f"Who reaches {ego.user_label}?"
