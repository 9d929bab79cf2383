"""Three aspects in one triangle: the block that a population of three aspects begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from workbench.figures.page import Area, Canvas
from workbench.figures.shares import MAX_DOTS, Shares
from workbench.figures.style import (
    BASE,
    HEADING,
    LIKES_SCALE,
    SCREEN_BASE,
    SCREEN_HEADING,
    SCREEN_SMALL,
    SMALL,
    colour_of,
    font_families,
    mix,
)
from workbench.figures.text import fit, markup, plain, text_width

SCREEN_TERNARY: Final = 440
HEIGHT_OF_SIDE: Final = 3**0.5 / 2
NEAR_TOP: Final = 0.8
"""Share of the first aspect from which on a dot stands under the name of the upper corner."""
LETTERS: Final = 0.7
"""Share of its hue in the name of a corner."""


@dataclass(frozen=True)
class Ternary:
    """Every user a dot between three corners; colour and size grow with likes."""

    data: Shares

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return 0.55 + self._side(width) * HEIGHT_OF_SIDE + 0.5

    def _side(self, width: float) -> float:
        return min(width - 0.9, 3.1)

    def draw(self, area: Area) -> None:
        """A triangle with lines at every fifth, its corners named."""
        data, theme = self.data, area.theme
        area.write(0, 0.09, data.title, HEADING, weight="bold")
        room = area.width - text_width(data.title, HEADING, "bold") - 0.1
        area.write(area.width, 0.09, fit(data.note, room, SMALL), SMALL, ha="right", color=theme.muted)
        side = self._side(area.width)
        corners = self._corners((area.width - side) / 2, 0.55, side)
        axes = area.inches()
        for aspect in range(3):
            left, right = corners[(aspect + 1) % 3], corners[(aspect + 2) % 3]
            for level in (0.0, 0.2, 0.4, 0.6, 0.8):
                ends = np.stack([left, right]) * (1 - level) + corners[aspect] * level
                axes.plot(ends[:, 0], ends[:, 1], color=theme.line, linewidth=0.5 if level else 1.0, zorder=1)
                if level:
                    axes.annotate(
                        f"{level:.1f}", ends[0], xytext=[(-9, 0), (2, -6), (9, 2)][aspect],
                        textcoords="offset points", fontsize=5, color=colour_of(data.population.aspects[aspect]),
                        ha="center", va="center",
                    )  # fmt: skip
        self._draw_corners(area, corners)
        dots = data.shares[data.dots] @ corners
        likes = np.log1p(data.likes)
        scale = likes / max(float(likes.max(initial=0.0)), 1e-9)
        axes.scatter(
            dots[:, 0], dots[:, 1], s=4 + 14 * scale, c=likes, cmap=LIKES_SCALE, alpha=0.85,
            edgecolors=theme.background, linewidths=0.25, zorder=3, rasterized=len(dots) > MAX_DOTS // 4,
        )  # fmt: skip
        if data.chosen is not None:
            ring: dict[str, Any] = {"facecolors": "none", "edgecolors": theme.text, "linewidths": 1.2}
            axes.scatter(dots[-1:, 0], dots[-1:, 1], s=60, zorder=4, **ring)
            # Beside the ring under the name of the upper corner, else above it.
            shift = (8, -3) if data.shares[data.chosen, 0] > NEAR_TOP else (6, 6)
            axes.annotate(
                plain(data.chosen_label), dots[-1], xytext=shift, textcoords="offset points", fontsize=BASE,
                color=theme.text, weight="bold", zorder=5, family=list(font_families()),
                bbox={"facecolor": theme.background, "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
            )  # fmt: skip
        self._draw_key(area, data.likes)

    def _corners(self, left: float, top: float, side: float) -> NDArray[np.float64]:
        down = top + side * HEIGHT_OF_SIDE
        return np.array([[left + side / 2, top], [left, down], [left + side, down]])

    def _draw_corners(self, area: Area, corners: NDArray[np.float64]) -> None:
        population = self.data.population
        names = zip(population.aspects, population.aspect_labels, strict=True)
        for (name, label), (x, y), shift in zip(names, corners, (-0.14, 0.19, 0.19), strict=True):
            area.write(x, y + shift, f"■ {label}", BASE, ha="center", color=colour_of(name), weight="bold")

    def _draw_key(self, area: Area, likes: NDArray[np.int64]) -> None:
        area.write(0, area.height - 0.18, self.data.axis, SMALL, color=area.theme.muted)
        ramp = area.axes(area.width - 0.82, area.height - 0.1, 0.5, 0.07)
        ramp.imshow(np.linspace(0, 1, 64)[None], aspect="auto", cmap=mpl.colormaps[LIKES_SCALE])
        low, high = (int(likes.min()), int(likes.max())) if likes.size else (0, 0)
        muted = area.theme.muted
        area.write(0, area.height - 0.06, "each dot a user, larger with more likes", SMALL, color=muted)
        area.write(area.width - 0.86, area.height - 0.06, f"likes {low:,}", SMALL, ha="right", color=muted)
        area.write(area.width - 0.28, area.height - 0.06, f"{high:,}", SMALL, color=muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_TERNARY

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: a click on a dot gives the user's id."""
        data, theme = self.data, canvas.theme
        canvas.write(0, top + 10, f"<b>{data.title}</b>", SCREEN_HEADING)
        canvas.write(0, top + 30, data.note, SCREEN_SMALL, color=theme.muted)
        canvas.write(0, top + SCREEN_TERNARY - 8, data.axis, SCREEN_SMALL, color=theme.muted)
        people = data.rows[data.dots]
        names = data.population.labels
        shares = data.shares[data.dots]
        likes = np.log1p(data.likes)
        hover = [
            f"<b>{markup(names[row])}</b><br>"
            + "<br>".join(f"{markup(a)} {v:.2f}" for a, v in zip(data.population.aspect_labels, share, strict=True))
            + f"<br>{data.population.likes[row]:,} likes"
            for row, share in zip(people, shares, strict=True)
        ]
        size = 5 + 6 * likes / max(float(likes.max(initial=0.0)), 1e-9)
        canvas.figure.add_trace(
            go.Scatterternary(
                a=shares[:, 0], b=shares[:, 1], c=shares[:, 2], mode="markers", hovertext=hover, hoverinfo="text",
                customdata=[str(data.population.users[row]) for row in people], name="users", cliponaxis=False,
                marker={
                    "size": size, "color": likes, "colorscale": LIKES_SCALE, "opacity": 0.9,
                    "line": {"width": 0.5, "color": theme.background}, "colorbar": self._colour_bar(canvas, top),
                },
            )
        )  # fmt: skip
        if data.chosen is not None:
            a, b, c = data.shares[data.chosen]
            # Words must not leave the page at the right corner, nor meet the name of the upper one.
            side = "middle right" if a > NEAR_TOP else "top right" if c + a / 2 < 0.6 else "top left"
            canvas.figure.add_trace(
                go.Scatterternary(
                    a=[a], b=[b], c=[c], mode="markers+text", text=[f" <b>{markup(data.chosen_label)}</b> "],
                    textposition=side, hoverinfo="skip", name="chosen user", cliponaxis=False,
                    marker={
                        "size": 18, "symbol": "circle-open", "color": theme.text,
                        "line": {"width": 2, "color": theme.text},
                    },
                )
            )  # fmt: skip
        self._plot_triangle(canvas, top)

    def _colour_bar(self, canvas: Canvas, top: float) -> dict[str, Any]:
        likes = self.data.likes
        marks = [0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000]
        shown = [n for n in marks if likes.size and likes.min() <= n <= likes.max()]
        return {
            "title": {"text": "likes", "font": {"size": SCREEN_SMALL}},
            "tickvals": np.log1p(shown).tolist(),
            "ticktext": [f"{n:,}" for n in shown],
            "tickfont": {"size": SCREEN_SMALL},
            "thickness": 10,
            "lenmode": "pixels",
            "len": 150,
            "x": 1,
            "xanchor": "right",
            "y": canvas.y(top + 40),
            "yanchor": "top",
            "outlinewidth": 0,
        }

    def _plot_triangle(self, canvas: Canvas, top: float) -> None:
        corners: dict[str, Any] = {}
        population = self.data.population
        for axis, name, label in zip("abc", population.aspects, population.aspect_labels, strict=True):
            # Letters are thinner than marks, and need more contrast.
            colour = mix(colour_of(name), canvas.theme.text, LETTERS)
            corners[f"{axis}axis"] = {
                "title": {
                    "text": f"<b>{markup(label).replace(' ', '<br>')}</b>" if axis != "a" else "",
                    "font": {"color": colour, "size": SCREEN_BASE},
                },
                "tickfont": {"color": colour, "size": SCREEN_SMALL},
                "gridcolor": canvas.theme.line,
                "linecolor": canvas.theme.line,
                "layer": "below traces",
                "tickvals": [0.2, 0.4, 0.6, 0.8],
            }
            if axis == "a":
                # The library would write it onto a user who stands in this corner.
                canvas.write(0.495, top + 44, f"<b>{markup(label)}</b>", SCREEN_BASE, color=colour, xanchor="center")
        domain = {"x": [0.13, 0.86], "y": [canvas.y(top + SCREEN_TERNARY - 72), canvas.y(top + 64)]}
        canvas.figure.update_layout(ternary=corners | {"domain": domain, "bgcolor": "rgba(0,0,0,0)", "sum": 1})
