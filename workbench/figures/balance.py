"""Image or text? The weights of a model's modalities in one post, and in many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from workbench.explain.explanation import Element, EvidenceLevel
from workbench.figures import marks
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FLAT_GREY,
    FULL_WIDTH,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, hover_text, markup, removal_text, shorten, weight_text

BINS: Final = 20
BODY: Final = 0.7
SCREEN_BODY: Final = 104
STRIP: Final = 0.75
SCREEN_STRIP: Final = 110
LEAST: Final = 0.08
"""From this share on a part of the bar has its name above it; smaller ones are named beside the heading."""


@dataclass(frozen=True)
class Balance:
    """One bar of attention, parted among the modalities, their names above and their removals below."""

    heading: str
    level: EvidenceLevel

    @property
    def _parts(self) -> list[tuple[Element, float, str]]:
        """Element, left edge and hue; grey where there is no preference."""
        parts, left = [], 0.0
        for element in self.level.elements:
            parts.append((element, left, FLAT_GREY if self.level.is_flat else colour_of(str(element.id))))
            left += element.attention or 0.0
        return parts

    @property
    def _note(self) -> str:
        small = [e for e in self.level.elements if (e.attention or 0.0) < LEAST]
        parts = ["no preference"] if self.level.is_flat else []
        return " · ".join([*parts, *(f"{e.label} {weight_text(e.attention)}" for e in small)])

    @property
    def _key(self) -> str:
        has_removal = any(removal_text(element, None) for element in self.level.elements)
        return "bar: attention (adds up to 1)" + (" · tick: score without it" if has_removal else "")

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return HEAD + BODY

    def draw(self, area: Area) -> None:
        """Names, bar, removals."""
        draw_heading(area, self.heading, colour_of("own"), self._note)
        axes = area.inches()
        for element, left, hue in self._parts:
            share = element.attention or 0.0
            x, wide = left * area.width, share * area.width
            words = f"{element.label} {weight_text(element.attention)}"
            if share >= LEAST:
                area.write(x, HEAD + 0.07, fit(words, wide - 0.04, BASE), BASE, weight="bold")
            marks.attention_bars(axes, [HEAD + 0.24], [wide], [hue], area.theme, origins=[x], thickness=0.16)
            if share >= LEAST:
                removal = fit(removal_text(element, None), wide - 0.1, SMALL)
                marks.removal_ticks(axes, [x + 0.03], [HEAD + 0.42], [removal], area.theme)
        area.write(0, area.height - 0.1, fit(self._key, area.width, SMALL), SMALL, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_BODY

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen."""
        plot_heading(canvas, top, self.heading, colour_of("own"), self._note)
        body = top + SCREEN_HEAD
        at = canvas.axes(0, 1, body, 76, {"range": [0, 1]}, {"range": [76, 0]})
        parts = self._parts
        canvas.figure.add_trace(
            marks.attention_trace(
                at, [34] * len(parts), [e.attention for e, _, _ in parts], [hue for _, _, hue in parts], canvas.theme,
                origins=[left for _, left, _ in parts], thickness=24,
                hover=[hover_text(e, None) for e, _, _ in parts], ids=[str(e.id) for e, _, _ in parts],
            )
        )  # fmt: skip
        for element, left, _ in parts:
            if (element.attention or 0.0) >= LEAST:
                words = f"<b>{markup(shorten(element.label, 20))} {weight_text(element.attention)}</b>"
                canvas.write(left, body + 10, words)
        named = [(left, removal_text(e, None)) for e, left, _ in parts if (e.attention or 0.0) >= LEAST]
        ticks = marks.removal_trace(
            at, [x + 0.006 for x, _ in named], [62] * len(named), [t for _, t in named], canvas.theme
        )
        canvas.figure.add_trace(ticks)
        canvas.write(0, body + 92, markup(self._key), SCREEN_SMALL, color=canvas.theme.muted)


@dataclass(frozen=True)
class Balances:
    """How the weight of one modality spreads over many posts, one of them marked.

    Attributes:
        shares: (posts,) attention on the first modality, 0..1.
        ends: what 0 and 1 are called.
        chosen: the marked share, or None.
    """

    heading: str
    shares: NDArray[np.float64]
    ends: tuple[str, str]
    chosen: float | None

    @property
    def _note(self) -> str:
        return f"{len(self.shares):,} posts · mean {self.shares.mean():.2f}"

    @property
    def _bars(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        counts, edges = np.histogram(self.shares, bins=BINS, range=(0.0, 1.0))
        return counts / len(self.shares), edges

    @property
    def _title(self) -> str:
        return f"attention on the {self.ends[1]}"

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return HEAD + STRIP + 0.36

    def draw(self, area: Area) -> None:
        """A histogram from all of one to all of the other."""
        draw_heading(area, self.heading, colour_of("own"), self._note)
        axes = area.axes(0, HEAD + 0.1, area.width, STRIP - 0.1)
        heights, edges = self._bars
        axes.bar(
            edges[:-1], heights, np.diff(edges), align="edge", color=colour_of("own"), edgecolor=area.theme.background
        )
        axes.set(xlim=(0, 1), ylim=(0, max(heights.max() * 1.05, 1e-9)))
        axes.spines["bottom"].set(visible=True, color=area.theme.line, linewidth=0.6)
        ticks = [0.25, 0.5, 0.75]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.tick_params(
            axis="x", length=2, pad=1.5, labelsize=SMALL, color=area.theme.line, labelcolor=area.theme.muted
        )
        below = HEAD + STRIP + 0.09
        area.write(0, below, f"0 all {self.ends[0]}", SMALL, color=area.theme.muted)
        area.write(area.width, below, f"all {self.ends[1]} 1", SMALL, ha="right", color=area.theme.muted)
        area.write(area.width / 2, below + 0.16, self._title, SMALL, ha="center", color=area.theme.muted)
        if self.chosen is not None:
            axes.axvline(self.chosen, color=area.theme.text, linewidth=1.2)
            side = "left" if self.chosen < 0.5 else "right"
            shift = 0.05 if self.chosen < 0.5 else -0.05
            words = f"this post {self.chosen:.2f}"
            area.write(self.chosen * area.width + shift, HEAD + 0.05, words, SMALL, ha=side, weight="bold")

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_STRIP + 52

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen."""
        plot_heading(canvas, top, self.heading, colour_of("own"), self._note)
        body = top + SCREEN_HEAD
        heights, edges = self._bars
        quiet = {"size": SCREEN_SMALL}
        across = {"range": [0, 1], "showticklabels": True, "tickvals": [0.25, 0.5, 0.75], "tickfont": quiet}
        down = {"range": [0, max(heights.max() * 1.15, 1e-9)]}
        at = canvas.axes(0, 1, body, SCREEN_STRIP, across, down)
        canvas.figure.add_trace(
            go.Bar(
                x=(edges[:-1] + edges[1:]) / 2, y=heights, width=np.diff(edges) * 0.92, xaxis=at.x, yaxis=at.y,
                marker={"color": colour_of("own")}, hoverinfo="text", name="posts",
                hovertext=[f"{a:.2f} to {b:.2f}: {h:.0%} of the posts"
                           for a, b, h in zip(edges[:-1], edges[1:], heights, strict=True)],
            )
        )  # fmt: skip
        below, muted = body + SCREEN_STRIP, canvas.theme.muted
        canvas.write(0, below + 12, markup(f"0 all {self.ends[0]}"), SCREEN_SMALL, color=muted)
        canvas.write(1, below + 12, markup(f"all {self.ends[1]} 1"), SCREEN_SMALL, xanchor="right", color=muted)
        canvas.write(0.5, below + 34, markup(self._title), SCREEN_SMALL, xanchor="center", color=muted)
        if self.chosen is not None:
            canvas.figure.add_shape(
                type="line", xref=at.x, yref="paper", x0=self.chosen, x1=self.chosen, y0=canvas.y(below),
                y1=canvas.y(body), line={"color": canvas.theme.text, "width": 2},
            )  # fmt: skip
            side = "left" if self.chosen < 0.5 else "right"
            words = f"<b>this post {self.chosen:.2f}</b>"
            shift = 5 if self.chosen < 0.5 else -5
            canvas.write(self.chosen, body + 6, words, SCREEN_BASE, xanchor=side, xshift=shift)


def balance_figure(
    level: EvidenceLevel,
    *,
    heading: str = "Image or text?",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The weights of a model's modalities as one bar on paper.

    Args:
        level: the modalities with their attention.
        heading: what is shown.
        width: inches.
    """
    return compose([Balance(heading, level)], width, theme_named(theme))


def balance_plotly(level: EvidenceLevel, *, heading: str = "Image or text?", theme: ThemeName = "light") -> go.Figure:
    """The same on the screen; clicking a part gives the modality's id as custom data."""
    return compose_plotly([Balance(heading, level)], theme_named(theme))


def balances_figure(
    shares: ArrayLike,
    *,
    ends: tuple[str, str] = ("text", "image"),
    chosen: float | None = None,
    heading: str = "Image or text, over many posts",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """How the weight of one modality spreads over many posts, on paper.

    Args:
        shares: (posts,) attention on the modality that ``ends`` names second; at least one.
        ends: what 0 and 1 are.
        chosen: the share of the post to mark.
        heading: what is shown.
        width: inches.

    Raises:
        ValueError: there are no posts, or a share is not between 0 and 1.
    """
    return compose([_balances(shares, ends, chosen, heading)], width, theme_named(theme))


def balances_plotly(
    shares: ArrayLike,
    *,
    ends: tuple[str, str] = ("text", "image"),
    chosen: float | None = None,
    heading: str = "Image or text, over many posts",
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_balances(shares, ends, chosen, heading)], theme_named(theme))


def _balances(shares: ArrayLike, ends: tuple[str, str], chosen: float | None, heading: str) -> Balances:
    values = np.asarray(shares, dtype=np.float64)
    if not len(values) or not ((values >= 0) & (values <= 1 + 1e-6)).all():
        raise ValueError("a balance over posts needs at least one post, and shares between 0 and 1")
    return Balances(heading, np.minimum(values, 1.0), ends, chosen)
