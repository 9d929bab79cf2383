"""The hours of a week as a grid: seven days by twenty-four hours, several grids on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from workbench.explain.dates import DAYS, HOURS, hour_text
from workbench.explain.explanation import FLAT, flatness
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    LIKES_SCALE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import decimals, fit, markup, shorten, wrap

if TYPE_CHECKING:
    from workbench.explain.timeline import WeekGrid

TICKS: Final = (0, 6, 12, 18)
SIDE: Final = 0.28
TITLE: Final = 0.17
CELL: Final = 0.17
AXIS: Final = 0.2
FOOT: Final = 0.34
GAP: Final = 0.16
SCREEN_SIDE: Final = 0.1
SCREEN_TITLE: Final = 24
SCREEN_CELL: Final = 24
SCREEN_AXIS: Final = 34
SCREEN_FOOT: Final = 44
NAMED: Final = 3
"""How many outlined hours are named in the key."""
STEPS: Final = 64
EDGE: Final = 0.1
"""Parts of a cell kept round a grid on the screen, so that outlines are whole."""
GREYS: Final = LinearSegmentedColormap.from_list("greys", ["#6E6E6E", "#C8C8C8"])
"""Scale of a week without a preference."""


@dataclass(frozen=True)
class Week:
    """Grids two by two, the same colour for the same number in all of them."""

    heading: str
    grids: tuple[WeekGrid, ...]

    def __post_init__(self) -> None:
        hours = len(DAYS) * HOURS
        for grid in self.grids:
            if len(grid.values) != hours or not all(0 <= hour < hours for hour in grid.marked):
                raise ValueError(f"the week grid '{grid.title}' needs {hours} values and marks among hours 0 to 167")
        if len({grid.unit for grid in self.grids}) != 1:
            raise ValueError("grids on one scale need one unit, and there must be at least one: draw others apart")

    @cached_property
    def _limits(self) -> tuple[float, float]:
        values = [value for grid in self.grids for value in grid.values]
        low = min(0.0, *values)
        return low, max(*values, low + 1e-9)

    @property
    def _is_empty(self) -> bool:
        return not any(value for grid in self.grids for value in grid.values)

    @property
    def _note(self) -> str:
        return "one scale for all" if len(self.grids) > 1 else ""

    def _is_flat(self, grid: WeekGrid) -> bool:
        spread = flatness(grid.values) if min(grid.values) >= 0 else None
        return spread is not None and spread >= FLAT

    def _scale(self, grid: WeekGrid) -> Colormap:
        return GREYS if self._is_flat(grid) else mpl.colormaps[LIKES_SCALE]

    def _title(self, grid: WeekGrid) -> tuple[str, str]:
        """Whose hours, and what else there is to know of them."""
        note = "no preference" if self._is_flat(grid) else "" if any(grid.values) else f"no {grid.unit}"
        return grid.title, note

    @property
    def _key(self) -> str:
        hours = sorted({hour for grid in self.grids for hour in grid.marked})
        more = f" and {len(hours) - NAMED} more" if len(hours) > NAMED else ""
        return f"outlined: {', '.join(hour_text(hour) for hour in hours[:NAMED])}{more}" if hours else ""

    def _ticks(self) -> dict[float, str]:
        """Numbers of the legend, and what is written there."""
        low, high = self._limits
        whole = all(float(value).is_integer() for grid in self.grids for value in grid.values)
        found = MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
        places = 0 if whole else decimals([high, low]) + 1
        return {
            float(v): (f"{v:,.0f}" if whole else f"{v:.{places}f}".rstrip("0").rstrip(".") or "0").replace("-", "−")
            for v in found
            if low <= v <= high
        }

    def _image(self, grid: WeekGrid) -> NDArray[np.float64]:
        return np.array(grid.values, dtype=np.float64).reshape(len(DAYS), HOURS)

    def _across(self, width: float) -> int:
        return min(2 if width > FULL_WIDTH / 2 else 1, len(self.grids))

    def _foot(self, width: float) -> float:
        return max(FOOT, 0.1 + 0.12 * len(self._legend(width)))

    def _tall(self) -> float:
        return TITLE + len(DAYS) * CELL + AXIS

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + ceil(len(self.grids) / self._across(width)) * self._tall() + self._foot(width)

    def draw(self, area: Area) -> None:
        """Grids, and one legend under them."""
        draw_heading(area, self.heading, colour_of("hours"), self._note)
        across = self._across(area.width)
        wide = (area.width - GAP * (across - 1)) / across
        for i, grid in enumerate(self.grids):
            left, top = (i % across) * (wide + GAP), HEAD + (i // across) * self._tall()
            title, note = self._title(grid)
            area.write(left, top + 0.07, fit(title, wide - 0.75 * bool(note), BASE), BASE)
            area.write(left + wide, top + 0.07, note, SMALL, ha="right", color=area.theme.muted, style="italic")
            axes = area.axes(left + SIDE, top + TITLE, wide - SIDE, len(DAYS) * CELL)
            self._draw_grid(axes, grid, area)
        self._draw_legend(area, area.height - self._foot(area.width) + 0.1)

    def _draw_grid(self, axes: Axes, grid: WeekGrid, area: Area) -> None:
        low, high = self._limits
        axes.imshow(
            self._image(grid), cmap=self._scale(grid), vmin=low, vmax=high, aspect="auto", interpolation="nearest",
            extent=(0, HOURS, len(DAYS), 0),
        )  # fmt: skip
        for lines, at in ((axes.vlines, range(1, HOURS)), (axes.hlines, range(1, len(DAYS)))):
            lines(at, 0, len(DAYS) if lines == axes.vlines else HOURS, color=area.theme.background, linewidth=0.4)
        for hour in grid.marked:
            corner = hour % HOURS, hour // HOURS
            for colour, line in (("black", 2.6), ("white", 1.2)):
                box = Rectangle(corner, 1, 1, facecolor="none", edgecolor=colour, linewidth=line, zorder=4)
                axes.add_patch(box)
                box.set_clip_on(False)
        axes.set(xlim=(0, HOURS), ylim=(len(DAYS), 0))
        axes.set_xticks(TICKS, [f"{hour} h UTC" if hour == 0 else str(hour) for hour in TICKS])
        axes.xaxis.get_ticklabels()[0].set(ha="left")
        axes.set_yticks([day + 0.5 for day in range(len(DAYS))], DAYS)
        axes.tick_params(length=2, width=0.6, pad=1.5, labelsize=SMALL, color=area.theme.line)
        axes.tick_params(axis="both", labelcolor=area.theme.muted)
        axes.tick_params(axis="y", length=0)

    def _ramp(self, width: float) -> float:
        """Inches that the colours of the legend take."""
        return 0.0 if self._is_empty else 0.2 + min(1.6, 0.4 * width)

    def _legend(self, width: float) -> list[str]:
        """Lines of words beside them."""
        room = width - self._ramp(width)
        return [line for words in (f"{self.grids[0].unit} by hour of the week", self._key) if words
                for line in wrap(words, room, SMALL, 3)]  # fmt: skip

    def _draw_legend(self, area: Area, top: float) -> None:
        low, high = self._limits
        left, wide = 0.08, min(1.6, 0.4 * area.width)
        room = self._ramp(area.width)
        if not self._is_empty:
            ramp = area.axes(left, top, wide, 0.08)
            ramp.imshow(np.linspace(0, 1, STEPS)[None], cmap=LIKES_SCALE, aspect="auto", extent=(low, high, 0, 1))
            ticks = self._ticks()
            ramp.set_xticks(list(ticks), list(ticks.values()))
            ramp.tick_params(axis="x", length=1.5, width=0.5, pad=1, labelsize=SMALL, color=area.theme.line)
            ramp.tick_params(axis="x", labelcolor=area.theme.muted)
        for line, words in enumerate(self._legend(area.width)):
            area.write(room, top + 0.04 + 0.12 * line, words, SMALL, color=area.theme.muted)

    @property
    def _screen_tall(self) -> float:
        return SCREEN_TITLE + len(DAYS) * SCREEN_CELL + SCREEN_AXIS

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + ceil(len(self.grids) / min(2, len(self.grids))) * self._screen_tall + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the number of an hour, a click gives the hour of the week, 0 to 167."""
        plot_heading(canvas, top, self.heading, colour_of("hours"), self._note)
        across = min(2, len(self.grids))
        wide = 1 / across
        for i, grid in enumerate(self.grids):
            left, upper = (i % across) * (wide + 0.01), top + SCREEN_HEAD + (i // across) * self._screen_tall
            title, note = self._title(grid)
            words = markup(shorten(title, 60 // across)) + (f" · <i>{markup(note)}</i>" if note else "")
            canvas.write(left, upper + 10, words, SCREEN_BASE)
            muted = {"size": SCREEN_SMALL, "color": canvas.theme.muted}
            ticks = {"showticklabels": True, "tickfont": muted, "automargin": False}
            hours = {"tickvals": [hour - 0.5 for hour in TICKS], "ticktext": ["0 h UTC", *map(str, TICKS[1:])]}
            days = {"tickvals": list(range(len(DAYS))), "ticktext": DAYS}
            at = canvas.axes(
                left + SCREEN_SIDE * wide, left + wide - 0.01, upper + SCREEN_TITLE, len(DAYS) * SCREEN_CELL,
                ticks | hours | {"range": [-0.5 - EDGE, HOURS - 0.5 + EDGE]},
                ticks | days | {"range": [len(DAYS) - 0.5 + EDGE, -0.5 - EDGE]},
            )  # fmt: skip
            self._plot_grid(canvas, at, grid)
        self._plot_legend(canvas, top + self.pixels() - SCREEN_FOOT + 8)

    def _plot_grid(self, canvas: Canvas, at: Pair, grid: WeekGrid) -> None:
        low, high = self._limits
        values = self._image(grid)
        hours: NDArray[np.int64] = np.arange(values.size).reshape(values.shape)
        hover = [[f"{hour_text(hour)} to {hour % HOURS + 1}:00 UTC: {_number(value)} {markup(grid.unit)}"
                  for hour, value in enumerate(row, day * HOURS)]
                 for day, row in enumerate(values)]  # fmt: skip
        canvas.figure.add_trace(
            go.Heatmap(
                z=values, zmin=low, zmax=high, colorscale=_steps(self._scale(grid)), showscale=False, xgap=1,
                ygap=1, xaxis=at.x, yaxis=at.y, customdata=hours, hovertext=hover,
                hoverinfo="text", name=markup(grid.title),
            )
        )  # fmt: skip
        for hour in grid.marked:
            x, y = hour % HOURS, hour // HOURS
            for colour, line in (("black", 5), ("white", 2)):
                canvas.figure.add_shape(
                    type="rect", xref=at.x, yref=at.y, x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5,
                    line={"color": colour, "width": line},
                )  # fmt: skip

    def _plot_legend(self, canvas: Canvas, top: float) -> None:
        words = "<br>".join(markup(line) for line in (f"{self.grids[0].unit} by hour of the week", self._key) if line)
        shown = {"yanchor": "top", "color": canvas.theme.muted}
        canvas.write(0 if self._is_empty else 0.34, top, words, SCREEN_SMALL, **shown)
        if self._is_empty:
            return
        (low, high), ticks = self._limits, self._ticks()
        at = canvas.axes(0.01, 0.31, top + 2, 10, {"range": [low, high]}, {"range": [0, 1]})
        muted = {"size": SCREEN_SMALL, "color": canvas.theme.muted}
        line: dict[str, Any] = {"showticklabels": True, "tickvals": list(ticks), "ticktext": list(ticks.values())}
        canvas.figure.update_layout({"xaxis" + at.x[1:]: line | {"tickfont": muted}})
        canvas.figure.add_trace(
            go.Heatmap(
                x=np.linspace(low, high, STEPS), y=[0.5], z=[np.linspace(0, 1, STEPS)], showscale=False, xaxis=at.x,
                yaxis=at.y, colorscale=_steps(mpl.colormaps[LIKES_SCALE]), hoverinfo="skip", name="scale",
            )
        )  # fmt: skip


def _steps(scale: Colormap) -> list[list[Any]]:
    """A matplotlib scale of colours for plotly."""
    colours = scale(np.linspace(0, 1, STEPS))
    return [[i / (STEPS - 1), to_hex(colour)] for i, colour in enumerate(colours)]


def _number(value: float) -> str:
    return (f"{value:,.0f}" if float(value).is_integer() else f"{value:.{decimals([value])}f}").replace("-", "−")


def week_figure(
    grids: WeekGrid | Sequence[WeekGrid],
    *,
    heading: str = "Hours of the week",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """One week, or several side by side on one scale, on paper.

    Args:
        grids: of one unit.
        heading: what is shown.
        width: inches.

    Raises:
        ValueError: a grid has not 168 values, or the units differ.
    """
    return compose([_week(grids, heading)], width, theme_named(theme))


def week_plotly(
    grids: WeekGrid | Sequence[WeekGrid], *, heading: str = "Hours of the week", theme: ThemeName = "light"
) -> go.Figure:
    """The same on the screen; clicking an hour gives its number in the week as custom data."""
    return compose_plotly([_week(grids, heading)], theme_named(theme))


def _week(grids: WeekGrid | Sequence[WeekGrid], heading: str) -> Week:
    return Week(heading, tuple(grids) if isinstance(grids, Sequence) else (grids,))
