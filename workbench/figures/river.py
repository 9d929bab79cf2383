"""River of topics: what a user was interested in, week by week, each area with its number and name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure

from workbench.explain.dates import DAY, MONTHS, clock_text, day_text, moment, month_text
from workbench.figures.areas import Areas, Layer, apart
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    FLAT_GREY,
    FULL_WIDTH,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    font_families,
    ink_on,
    theme_named,
)
from workbench.figures.text import fit, markup, plain, shorten, text_width

if TYPE_CHECKING:
    from workbench.explain.timeline import TopicRiver

SIDE: Final = 0.3
TOP: Final = 0.16
BODY: Final = 1.7
FOOT: Final = 0.34
LINE: Final = 0.115
LEADER: Final = 0.16
SCREEN_SIDE: Final = 0.05
SCREEN_BESIDE: Final = 0.24
SCREEN_TOP: Final = 20
SCREEN_BODY: Final = 280
SCREEN_FOOT: Final = 52
SCREEN_LINE: Final = 16
SCREEN_LENGTH: Final = 26
"""Characters of a name beside the river on the screen."""
SCREEN_WIDTH: Final = 480
"""Least pixels of the river itself, for which names are placed in it."""
SCREEN_LETTER: Final = 6.4
"""Pixels of a letter in small type, on average."""
MANY: Final = 200
"""From this many weeks on the lines between areas are thin."""
HATCHES: Final = ("", "//", "..", "\\\\", "xx")
SCREEN_HATCHES: Final = ("", "/", ".", "\\", "x")
YEARS: Final = 1400 * DAY
MONTHLY: Final = 100 * DAY
KEY: Final = "share of the interest by week (adds up to 1)"


@dataclass(frozen=True)
class River:
    """Areas stacked over time, the largest topic below, all others in grey above."""

    heading: str
    areas: Areas

    @property
    def _hue(self) -> str:
        return colour_of("topics", number=self.areas.river.topics[0]) if self.areas.river.topics else FLAT_GREY

    @property
    def _note(self) -> str:
        count = len(self.areas.river.weeks)
        return f"{count:,} week{'s' if count != 1 else ''}" if count else ""

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return HEAD + (TOP + self._body + FOOT if self.areas.river.weeks else 0.2)

    @property
    def _body(self) -> float:
        return max(BODY, LINE * len(self.areas.layers))

    def draw(self, area: Area) -> None:
        """Areas with their names in or beside them, dates below."""
        draw_heading(area, self.heading, self._hue, self._note)
        if not self.areas.river.weeks:
            area.write(0.14, HEAD + 0.08, "nothing recorded", color=area.theme.muted)
            return
        most = 0.3 * area.width
        inner = area.width - SIDE - most - LEADER
        inside = {layer.name: self._inside(layer, inner) for layer in self.areas.layers}
        beside = [layer for layer in self.areas.layers if inside[layer.name] is None]
        widest = max((text_width(fit(layer.name, most, SMALL), SMALL) for layer in beside), default=0.0)
        inner = area.width - SIDE - max(widest + LEADER + 0.04, SIDE)
        axes = area.axes(SIDE, HEAD + TOP, inner, self._body)
        self._draw_areas(axes, area)
        for layer in self.areas.layers:
            words = inside[layer.name] or self._inside(layer, inner, short=True)
            if words is not None:
                text, (x, y) = words
                style: dict[str, Any] = {"ha": "center", "va": "center", "family": list(font_families())}
                style |= {"color": ink_on(layer.colour), "zorder": 5, "transform": axes.transAxes}
                if layer.use:
                    style["bbox"] = {"facecolor": layer.colour, "edgecolor": "none", "pad": 0.6}
                axes.text(x, y, plain(text), fontsize=SMALL, **style)
        self._draw_beside(area, beside, SIDE + inner)
        self._draw_moment(area, axes, inner)
        area.write(0, area.height - 0.06, fit(KEY, area.width, SMALL), SMALL, color=area.theme.muted)

    def _inside(self, layer: Layer, width: float, *, short: bool = False) -> tuple[str, tuple[float, float]] | None:
        """The words that stand in an area on paper, and where."""
        words = layer.short if short else layer.name
        across = (text_width(words, SMALL) + 0.04) / width
        found = self.areas.placed(layer, across, LINE / self._body)
        return None if found is None else (words, found)

    def _draw_areas(self, axes: Axes, area: Area) -> None:
        theme, days = area.theme, self.areas.seconds / DAY
        for layer in self.areas.layers:
            axes.fill_between(
                days, layer.low, layer.high, facecolor=layer.colour, edgecolor=layer.pattern, linewidth=0,
                hatch=HATCHES[layer.use % len(HATCHES)],
            )  # fmt: skip
        for layer in self.areas.layers[1:]:
            axes.plot(days, layer.low, color=theme.background, linewidth=0.7 if len(days) < MANY else 0.25)
        first, last = (end / DAY for end in self.areas.span)
        axes.set(xlim=(first, last), ylim=(0, 1))
        ticks = [float(day) for day in _dates(first, last)
                 if first <= day <= last]  # fmt: skip
        axes.set_xticks(ticks, [_tick(day * DAY, (last - first) * DAY, i == 0) for i, day in enumerate(ticks)])
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.tick_params(length=2, width=0.6, pad=1.5, labelsize=SMALL, color=theme.line, labelcolor=theme.muted)
        axes.spines[["left", "bottom"]].set(visible=True, color=theme.line, linewidth=0.6)

    def _draw_beside(self, area: Area, layers: list[Layer], left: float) -> None:
        """Names at the right, each led to where its area ends."""
        axes, theme = area.inches(), area.theme
        bottom = HEAD + TOP + self._body
        ends = [bottom - self._body * float(layer.low[-1] + layer.high[-1]) / 2 for layer in layers]
        for layer, end, y in zip(layers, ends, apart(ends, LINE, HEAD + TOP, bottom), strict=True):
            axes.plot([left, left + 0.04, left + LEADER - 0.04], [end, end, y], color=theme.muted, linewidth=0.6)
            words = fit(layer.name, area.width - left - LEADER, SMALL)
            area.write(left + LEADER - 0.02, y, words, SMALL)

    def _draw_moment(self, area: Area, axes: Axes, inner: float) -> None:
        if self.areas.river.moment is None:
            return
        first, last = self.areas.span
        share = (self.areas.river.moment - first) / (last - first)
        for colour, wide in ((area.theme.background, 2.6), (area.theme.text, 1.1)):
            axes.axvline(self.areas.river.moment / DAY, color=colour, linewidth=wide, zorder=4, clip_on=False)
        side = "left" if share < 0.15 else "right" if share > 0.85 else "center"
        area.write(SIDE + share * inner, HEAD + 0.08, self._moment, SMALL, ha=side)

    @property
    def _moment(self) -> str:
        at = self.areas.river.moment or 0
        return f"{day_text(at)}, {clock_text(at)} UTC"

    @property
    def _screen_body(self) -> float:
        return max(SCREEN_BODY, SCREEN_LINE * len(self.areas.layers))

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + (SCREEN_TOP + self._screen_body + SCREEN_FOOT if self.areas.river.weeks else 20)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells all shares of a week."""
        plot_heading(canvas, top, self.heading, self._hue, self._note)
        if not self.areas.river.weeks:
            canvas.write(0.02, top + SCREEN_HEAD + 8, "nothing recorded", color=canvas.theme.muted)
            return
        body, height = top + SCREEN_HEAD + SCREEN_TOP, self._screen_body
        inside = {layer.name: self._screen_inside(layer, layer.name) for layer in self.areas.layers}
        beside = [layer for layer in self.areas.layers if inside[layer.name] is None]
        right = 1 - (SCREEN_BESIDE if beside else 0.02)
        first, last = self.areas.span
        muted = {"size": SCREEN_SMALL, "color": canvas.theme.muted}
        ticks = {
            "showticklabels": True,
            "tickfont": muted,
            "automargin": False,
            "showline": True,
            "linecolor": canvas.theme.line,
        }
        dates = {"type": "date", "range": [_iso(first), _iso(last)], "nticks": 7, "hoverformat": "week of %-d %b %Y"}
        at = canvas.axes(
            SCREEN_SIDE, right, body, height,
            ticks | dates, ticks | {"range": [0, 1], "tickvals": [0, 0.5, 1]},
        )  # fmt: skip
        self._plot_areas(canvas, at.x, at.y)
        for layer in self.areas.layers:
            found = inside[layer.name] or self._screen_inside(layer, layer.short)
            if found is not None:
                words, (x, y) = found
                canvas.figure.add_annotation(
                    x=_iso(first + x * (last - first)), y=y, xref=at.x, yref=at.y, text=markup(words), showarrow=False,
                    font={"size": SCREEN_SMALL, "color": ink_on(layer.colour)}, borderpad=0,
                    bgcolor=layer.colour if layer.use else None,
                )  # fmt: skip
        ends = [body + height * (1 - float(layer.low[-1] + layer.high[-1]) / 2) for layer in beside]
        for layer, end, y in zip(beside, ends, apart(ends, SCREEN_LINE, body, body + height), strict=True):
            line = {"color": canvas.theme.muted, "width": 1}
            across = {"type": "line", "xref": "paper", "yref": "paper", "line": line}
            canvas.figure.add_shape(x0=right, x1=right + 0.016, y0=canvas.y(end), y1=canvas.y(y), **across)
            canvas.write(right + 0.02, y, markup(shorten(layer.name, SCREEN_LENGTH)), SCREEN_SMALL)
        self._plot_moment(canvas, at.x, SCREEN_SIDE, right, body)
        canvas.write(0, top + self.pixels() - 8, KEY, SCREEN_SMALL, color=canvas.theme.muted)

    def _screen_inside(self, layer: Layer, words: str) -> tuple[str, tuple[float, float]] | None:
        across, tall = (len(words) * SCREEN_LETTER + 8) / SCREEN_WIDTH, SCREEN_LINE / self._screen_body
        found = self.areas.placed(layer, across, tall)
        return None if found is None else (words, found)

    def _plot_areas(self, canvas: Canvas, x: str, y: str) -> None:
        days = [_iso(second) for second in self.areas.seconds]
        # The end of the last week is no week.
        hover = [*["all"] * (len(days) - 1), "skip"]
        line = {"color": canvas.theme.background, "width": 1 if len(days) < MANY else 0.3}
        for layer in self.areas.layers:
            pattern = {"shape": SCREEN_HATCHES[layer.use % len(HATCHES)], "fgcolor": layer.pattern, "size": 8}
            canvas.figure.add_trace(
                go.Scatter(
                    x=days, y=layer.share, stackgroup="river", mode="lines", fillcolor=layer.colour, xaxis=x, yaxis=y,
                    fillpattern=pattern | {"bgcolor": layer.colour} if layer.use else None, line=line, hoverinfo=hover,
                    name=markup(layer.name), hovertemplate="%{fullData.name} %{y:.2f}<extra></extra>",
                )
            )  # fmt: skip
        canvas.figure.update_layout(hovermode="x unified", hoverlabel={"bgcolor": canvas.theme.tile})

    def _plot_moment(self, canvas: Canvas, x: str, left: float, right: float, body: float) -> None:
        if self.areas.river.moment is None:
            return
        at, (first, last) = _iso(self.areas.river.moment), self.areas.span
        ends = {"y0": canvas.y(body + self._screen_body), "y1": canvas.y(body), "yref": "paper"}
        for colour, wide in ((canvas.theme.background, 5), (canvas.theme.text, 2)):
            canvas.figure.add_shape(type="line", xref=x, x0=at, x1=at, line={"color": colour, "width": wide}, **ends)
        share = (self.areas.river.moment - first) / (last - first)
        side = "left" if share < 0.15 else "right" if share > 0.85 else "center"
        canvas.write(left + share * (right - left), body - 10, markup(self._moment), SCREEN_SMALL, xanchor=side)


def _dates(first: float, last: float) -> list[float]:
    """Round dates between two, in days since 1970."""
    locator = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]
    found = locator.tick_values(moment(first * DAY), moment(last * DAY))  # type: ignore[no-untyped-call]
    return [float(day) for day in found if first <= day <= last]


def _tick(seconds: float, span: float, is_first: bool) -> str:
    """A date as short as the length of the axis allows."""
    at = moment(seconds)
    if span > YEARS:
        return str(at.year)
    if span > MONTHLY:
        return month_text(seconds)
    return day_text(seconds) if is_first else f"{at.day} {MONTHS[at.month - 1]}"


def _iso(seconds: float) -> str:
    """A moment as plotly reads it."""
    return f"{moment(seconds):%Y-%m-%d %H:%M:%S}"


def _heading(river: TopicRiver, heading: str | None) -> str:
    return heading or f"Topics of {river.user_label}, week by week"


def river_figure(
    river: TopicRiver, *, heading: str | None = None, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """Topics by week on paper.

    Args:
        heading: what is shown; None names the user.
        width: inches.

    Raises:
        ValueError: shares, topics and weeks differ in number.
    """
    return compose([River(_heading(river, heading), Areas(river))], width, theme_named(theme))


def river_plotly(river: TopicRiver, *, heading: str | None = None, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen; hover tells all shares of a week."""
    return compose_plotly([River(_heading(river, heading), Areas(river))], theme_named(theme))
