"""Where each hop moves a user: her path among others, and the score of the image on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.explain.drift import Drift, Place
from workbench.explain.explanation import Element
from workbench.figures import icons
from workbench.figures.course import Course, Points
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    FULL_WIDTH,
    POSITIVE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    font_families,
    ink_on,
    theme_named,
)
from workbench.figures.text import decimals, markup, signed_text, wrap

BODY: Final = 2.8
"""Inches of the plane on paper."""
BESIDE, BELOW = 1.9, 2.1
"""Inches across of the numbers beside the plane; on narrow paper they stand below it, so high."""
TILE, SCREEN_TILE = 0.3, 46.0
DOT, SCREEN_DOT = 7.5, 19
"""Points, and pixels, across the mark of a state."""
SCREEN_BODY: Final = 440
SCREEN_PLANE: Final = 0.64
"""Part of the width that the plane takes on the screen."""
SCREEN_WIDTH: Final = 500
"""Pixels of the plane for which its pictures keep apart; a narrower one is scaled down."""
NAMES: Final = ("score of the image", "cosine with the last state", "length of the state")
AXES: Final = ("first", "second")


@dataclass(frozen=True)
class Drifting:
    """The plane with the path, and three rows of numbers by hop.

    Attributes:
        drift: what is shown.
        root: folder of the dataset, None to draw without pictures.
        heading: what it is called.
    """

    drift: Drift
    root: Path | None
    heading: str

    @property
    def _note(self) -> str:
        shares = " and ".join(f"{share:.0%}" for share in self.drift.explained)
        return f"{shares} of the spread"

    @property
    def _key(self) -> str:
        among = f"{len(self.drift.others):,} other users after the last hop"
        among += f" (of {self.drift.total:,})" if self.drift.total > len(self.drift.others) + 1 else ""
        tiles = " · images stand where the others who like them are, the explained one framed blue" * bool(
            self.drift.liked or self.drift.target
        )
        return f"numbers: {self.drift.user_label} after that many hops, 0 is her own vector · dots: {among}{tiles}"

    def _rows(self) -> list[list[float | None]]:
        steps = self.drift.steps
        return [[step.score for step in steps], [step.cosine for step in steps], [step.norm for step in steps]]

    def _words(self, row: list[float | None]) -> list[str]:
        places = decimals(row)
        return [signed_text(value, places).removeprefix("+") for value in row]

    def _is_beside(self, width: float) -> bool:
        return width > FULL_WIDTH / 2

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        lines = len(wrap(self._key, 0.97 * width, SMALL, 4))
        return HEAD + BODY + (0 if self._is_beside(width) else BELOW) + 0.13 * (lines + 0.6)

    def draw(self, area: Area) -> None:
        """The plane at the left, the numbers at the right or, on narrow paper, below."""
        beside = self._is_beside(area.width)
        draw_heading(area, self.heading, colour_of("follows"), self._note)
        width = area.width - BESIDE - 0.25 if beside else area.width
        self._draw_plane(area.axes(0, HEAD, width, BODY), width, area.theme)
        left, top = (width + 0.25, HEAD) if beside else (0.0, HEAD + BODY + 0.05)
        high = (BODY if beside else BELOW) / len(NAMES)
        for place, (name, row) in enumerate(zip(NAMES, self._rows(), strict=True)):
            upper = top + place * high
            area.write(left, upper + 0.1, self._name(name, row), SMALL, color=area.theme.muted)
            across = BESIDE if beside else area.width
            self._draw_row(area.axes(left, upper + 0.2, across, high - 0.38), row, area.theme)
        under = HEAD + BODY + (0 if beside else BELOW)
        for i, line in enumerate(wrap(self._key, 0.97 * area.width, SMALL, 4)):
            area.write(0, under + 0.1 + 0.13 * i, line, SMALL, color=area.theme.muted)

    def _name(self, name: str, row: list[float | None]) -> str:
        return name if row[0] is not None or name != NAMES[0] else f"{name} (no exact shares)"

    def _draw_plane(self, axes: Axes, width: float, theme: Theme) -> None:
        course = Course.within(self.drift, width, BODY, TILE, DOT / 72).down()
        axes.set(xlim=(-width / 2, width / 2), ylim=(BODY / 2, -BODY / 2), autoscale_on=False)
        axes.spines[:].set(visible=True, color=theme.line, linewidth=0.6)
        axes.scatter(course.others[:, 0], course.others[:, 1], s=5, color=theme.line, linewidths=0, zorder=1)
        for number, (place, at, tile) in enumerate(zip(course.pictured, course.images, course.tiles, strict=True)):
            axes.plot([at[0], tile[0]], [at[1], tile[1]], color=theme.muted, linewidth=0.5, zorder=1)
            icons.draw_square(axes, _image(place), self.root, tile[0], tile[1], TILE / 2, theme)
            if number == course.target:
                x, y = (tile - TILE / 2).tolist()
                axes.add_patch(Rectangle((x, y), TILE, TILE, fill=False, edgecolor=POSITIVE, linewidth=1.8, zorder=4))
        hue = colour_of("follows")
        for start, end in zip(course.steps[:-1], course.steps[1:], strict=True):
            arrow = {"arrowstyle": "-|>", "color": hue, "linewidth": 1.6, "shrinkA": DOT / 2, "shrinkB": DOT / 2}
            axes.annotate("", end, start, arrowprops=arrow, zorder=6)
        for step, (x, y) in reversed(list(zip(self.drift.steps, course.steps, strict=True))):
            axes.plot(
                [x], [y], "o", markersize=DOT, color=hue, markeredgecolor=theme.text, markeredgewidth=0.6, zorder=7
            )
            style: dict[str, Any] = {"color": ink_on(hue), "family": list(font_families()), "zorder": 8}
            axes.text(x, y, str(step.hop), fontsize=SMALL, ha="center", va="center_baseline", **style)

    def _draw_row(self, axes: Axes, row: list[float | None], theme: Theme) -> None:
        low, high = _span(row)
        axes.set(xlim=(-0.45, len(row) - 0.55), ylim=(low, high))
        axes.spines["bottom"].set(visible=True, color=theme.line, linewidth=0.6)
        known = [(hop, value) for hop, value in enumerate(row) if value is not None]
        hops, values = [hop for hop, _ in known], [value for _, value in known]
        axes.plot(hops, values, "-o", color=colour_of("follows"), linewidth=1.2, markersize=3)
        for (hop, value), words in zip(known, [w for w in self._words(row) if w], strict=True):
            style: dict[str, Any] = {
                "color": theme.text,
                "family": list(font_families()),
                "textcoords": "offset points",
            }
            axes.annotate(words, (hop, value), xytext=(0, 4), fontsize=SMALL, ha="center", **style)
        axes.set_xticks(range(len(row)), [f"hop {hop}" for hop in range(len(row))])
        axes.tick_params(length=2, width=0.6, pad=1.5, labelsize=SMALL, color=theme.line, labelcolor=theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_BODY + 18 * len(self._key.split(" · ")) + 8

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover names users and images, a click on a user gives the id."""
        theme, body = canvas.theme, top + SCREEN_HEAD
        plot_heading(canvas, top, self.heading, colour_of("follows"), self._note)
        half = SCREEN_WIDTH / 2, SCREEN_BODY / 2
        frame = {"showline": True, "linecolor": theme.line, "mirror": True, "constrain": "domain"}
        at = canvas.axes(
            0.005, SCREEN_PLANE, body, SCREEN_BODY, frame | {"range": [-half[0], half[0]]},
            frame | {"range": [-half[1], half[1]]},
        )  # fmt: skip
        self._plot_plane(canvas, at)
        high = SCREEN_BODY / len(NAMES)
        for place, (name, row) in enumerate(zip(NAMES, self._rows(), strict=True)):
            upper = body + place * high
            canvas.write(SCREEN_PLANE + 0.05, upper + 10, self._name(name, row), SCREEN_SMALL, color=theme.muted)
            self._plot_row(canvas, upper + 22, high - 46, row)
        for i, words in enumerate(self._key.split(" · ")):
            canvas.write(0, body + SCREEN_BODY + 18 * (i + 0.8), markup(words), SCREEN_SMALL, color=theme.muted)

    def _plot_plane(self, canvas: Canvas, at: Pair) -> None:
        course, theme = Course.within(self.drift, SCREEN_WIDTH, SCREEN_BODY, SCREEN_TILE, SCREEN_DOT), canvas.theme
        hue, names = colour_of("follows"), [place.label for place in course.pictured]
        self._plot_points(
            canvas, at, "users", course.others, 6, theme.muted, [markup(place.label) for place in course.users],
            [str(place.id) for place in course.users], opacity=0.5,
        )  # fmt: skip
        ends = [(*image, *tile) for image, tile in zip(course.images.tolist(), course.tiles.tolist(), strict=True)]
        canvas.figure.add_trace(
            go.Scatter(
                x=[x for a, _, c, _ in ends for x in (a, c, None)], y=[y for _, b, _, d in ends for y in (b, d, None)],
                mode="lines", line={"color": theme.muted, "width": 1}, hoverinfo="skip", name="leaders",
                xaxis=at.x, yaxis=at.y,
            )
        )  # fmt: skip
        size = (SCREEN_TILE, SCREEN_TILE)
        icons.plot_icons(
            canvas, at, [_image(place) for place in course.pictured], self.root, course.tiles[:, 0].tolist(),
            course.tiles[:, 1].tolist(), 0.8 * SCREEN_TILE, size,
        )  # fmt: skip
        # Invisible marks under the pointer, since pictures tell nothing.
        self._plot_points(canvas, at, "images", course.tiles, int(0.9 * SCREEN_TILE), hue, names, opacity=0.0)
        if course.target is not None:
            x, y = course.tiles[course.target].tolist()
            half = SCREEN_TILE / 2
            canvas.figure.add_shape(
                type="rect", xref=at.x, yref=at.y, x0=x - half, x1=x + half, y0=y - half, y1=y + half,
                line={"color": POSITIVE, "width": 3},
            )  # fmt: skip
        for start, end in zip(course.steps[:-1].tolist(), course.steps[1:].tolist(), strict=True):
            canvas.figure.add_annotation(
                x=end[0], y=end[1], ax=start[0], ay=start[1], xref=at.x, yref=at.y, axref=at.x, ayref=at.y,
                text="", showarrow=True, arrowhead=2, arrowwidth=2.5, arrowcolor=hue, standoff=SCREEN_DOT / 2,
            )  # fmt: skip
        steps, last = self.drift.steps[::-1], course.steps[::-1]
        self._plot_points(
            canvas, at, "path", last, SCREEN_DOT, hue, [self._hover(hop) for hop in range(len(steps))][::-1]
        )
        canvas.figure.data[-1].update(
            mode="markers+text", text=[str(step.hop) for step in steps], textfont={"color": ink_on(hue), "size": 11}
        )

    def _plot_points(
        self, canvas: Canvas, at: Pair, name: str, places: Points, size: int, colour: str, hover: list[str],
        ids: Sequence[str] = (), opacity: float = 1.0,
    ) -> None:  # fmt: skip
        edge = {"color": canvas.theme.text, "width": 0.0 if opacity < 1 else 1.0}
        canvas.figure.add_trace(
            go.Scatter(
                x=places[:, 0].tolist(), y=places[:, 1].tolist(), mode="markers", name=name, hovertext=hover,
                hoverinfo="text", customdata=list(ids) or [""] * len(places), xaxis=at.x, yaxis=at.y,
                marker={"size": size, "color": colour, "opacity": opacity, "line": edge},
            )
        )  # fmt: skip

    def _hover(self, hop: int) -> str:
        words = [self._words(row)[hop] for row in self._rows()]
        head = f"<b>{markup(self.drift.user_label)} after {hop} hop{'' if hop == 1 else 's'}</b>"
        return "<br>".join([head, *(f"{name} {word}" for name, word in zip(NAMES, words, strict=True) if word)])

    def _plot_row(self, canvas: Canvas, top: float, height: float, row: list[float | None]) -> None:
        theme, hops = canvas.theme, list(range(len(row)))
        muted = {"size": SCREEN_SMALL, "color": theme.muted}
        line = {"showline": True, "linecolor": theme.line, "showticklabels": True, "tickfont": muted}
        ticks = line | {"tickvals": hops, "ticktext": [f"hop {hop}" for hop in hops], "range": [-0.5, len(row) - 0.5]}
        at = canvas.axes(SCREEN_PLANE + 0.05, 1, top, height, ticks, {"range": list(_span(row))})
        canvas.figure.add_trace(
            go.Scatter(
                x=hops, y=row, mode="lines+markers+text", text=self._words(row), textposition="top center",
                textfont={"size": SCREEN_SMALL, "color": theme.text}, hoverinfo="skip", xaxis=at.x, yaxis=at.y,
                line={"color": colour_of("follows"), "width": 2}, marker={"size": 7}, cliponaxis=False, name="numbers",
            )
        )  # fmt: skip


def _image(place: Place) -> Element:
    return Element(kind="image", id=place.id, label=place.label, image=place.image)


def _span(row: list[float | None]) -> tuple[float, float]:
    """An axis with room for words above; no axis spans so little that rounding would look like a change."""
    known = [value for value in row if value is not None] or [0.0]
    low, high = min(known), max(known)
    wide = max(high - low, 0.05 * max(abs(low), abs(high)), 1e-6)
    return low - 0.25 * wide, low + 1.7 * wide


def drift_figure(
    drift: Drift,
    root: Path | None,
    *,
    heading: str | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """How the hops move a user, on paper.

    Args:
        drift: what is shown.
        root: folder of the dataset, None to draw without pictures.
        heading: what it is called; None names the user.
        width: inches.

    Raises:
        DataError: a picture cannot be read.
    """
    return compose([Drifting(drift, root, heading or _heading(drift))], width, theme_named(theme))


def drift_plotly(
    drift: Drift, root: Path | None, *, heading: str | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen; a click on another user gives the id as custom data."""
    return compose_plotly([Drifting(drift, root, heading or _heading(drift))], theme_named(theme))


def _heading(drift: Drift) -> str:
    return f"Where the hops move {drift.user_label}"
