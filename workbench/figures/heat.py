"""Where a model looks in one picture: heat over it, the strongest regions cut out beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import Element, EvidenceLevel
from workbench.explain.heat import area as covered
from workbench.explain.heat import share_inside
from workbench.figures import marks
from workbench.figures.looks import Look, Pixels, Scale, Seen, key, pixels_at
from workbench.figures.overlay import draw_scale, draw_seen, plot_scale, plot_seen
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FLAT_GREY,
    FULL_WIDTH,
    SCREEN_SMALL,
    SMALL,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import decimals, fit, hover_text, markup, removal_text, shorten, wrap
from workbench.figures.thumbnails import cut, uri

if TYPE_CHECKING:
    from workbench.explain.popularity import Forecast
    from workbench.explain.regions import RegionMap

TALLEST: Final = 2.6
FOOT: Final = 0.4
ROW: Final = 0.46
SCREEN_PICTURE: Final = 380
SCREEN_FOOT: Final = 54
SCREEN_ROW: Final = 62
TENS: Final = 9.95
SCREEN_BESIDE: Final = 0.6
"""Fraction of the width where the regions beside the picture begin."""


@dataclass(frozen=True)
class Heat:
    """A picture under heat, and beside it its strongest regions with their marks.

    Attributes:
        heading: what is shown, in words.
        seen: the picture and its regions; ``scale`` of their colours.
    """

    heading: str
    seen: Seen
    scale: Scale
    look: Look

    @classmethod
    def of(cls, level: EvidenceLevel, pixels: Pixels, heading: str, look: Look) -> Heat:
        """The heat of a level of regions over their picture."""
        seen = Seen(pixels, level.elements, by=look.by)
        return cls(heading, seen, Scale.of([seen]), look)

    @property
    def _colour(self) -> str:
        return FLAT_GREY if self.seen.is_flat else colour_of("regions")

    @property
    def _note(self) -> str:
        count = len(self.seen.regions)
        parts = ["no preference"] if self.seen.is_flat else []
        if self.look.outlined < count:
            parts.append(f"{min(self.look.outlined, count)} strongest of {count} regions")
        return " · ".join(parts)

    @property
    def _facts(self) -> str:
        """How much of the attention lies in what was planted."""
        if self.seen.by == "removal" or not self.look.planted:
            return ""
        heat = self.seen.heat / self.seen.heat.size
        return " · ".join(
            f"{share_inside(heat, cause.box):.0%} of the attention lies in the planted box{_named(cause.label)}, which "
            f"covers {covered(cause.box):.0%} of the picture"
            for cause in self.seen.causes
        )

    @property
    def _rows(self) -> list[Element]:
        return self.seen.strongest(max(self.look.outlined, 1))

    def _weight(self, region: Element) -> str:
        """The weight of a region, and how often it holds that of an even spread."""
        if region.attention is None:
            return ""
        places = decimals([max(other.attention or 0.0 for other in self.seen.regions)])
        times = region.attention * len(self.seen.regions)
        return f"{region.attention:.{places}f} ({times:{'.1f' if times < TENS else ',.0f'}}×)"

    def _side(self, width: float) -> tuple[float, float]:
        """Width and height of the picture on paper."""
        height, across = self.seen.shape
        unit = min(TALLEST / height, 0.56 * width / across)
        return unit * across, unit * height

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        beside = ROW * len(self._rows) + 0.3
        return HEAD + max(self._side(width)[1], beside) + FOOT + (0.13 if self._facts else 0)

    def draw(self, area: Area) -> None:
        """The picture at the left, its regions at the right, the colour bar below."""
        draw_heading(area, self.heading, colour_of("regions"), self._note)
        across, tall = self._side(area.width)
        axes = area.inches()
        draw_seen(axes, self.seen, self.scale, self.look, (0, HEAD, across, tall))
        left = across + 0.16
        largest = max((region.attention or 0.0 for region in self._rows), default=0.0) or 1.0
        for row, region in enumerate(self._rows):
            self._draw_row(area, region, row, left, largest)
        for i, line in enumerate(wrap(self._key, area.width - left, SMALL, 2)):
            area.write(left, HEAD + ROW * len(self._rows) + 0.07 + 0.12 * i, line, SMALL, color=area.theme.muted)
        foot = area.height - FOOT - (0.13 if self._facts else 0)
        draw_scale(area, self.scale, foot + 0.1, key([self.seen], self.look), self.look.opacity)
        if self._facts:
            area.write(0, area.height - 0.07, fit(self._facts, area.width, SMALL), SMALL, color=area.theme.muted)

    @property
    def _key(self) -> str:
        bar = "bar: attention (all add up to 1; × an even spread)"
        has_removal = any(removal_text(region, None) for region in self._rows)
        return f"{bar} · tick: score without the region" if has_removal else bar

    def _draw_row(self, area: Area, region: Element, row: int, left: float, largest: float) -> None:
        assert region.box is not None
        axes, top, side = area.inches(), HEAD + ROW * row, ROW - 0.08
        piece = cut(self.seen.pixels, region.box)
        unit = side / max(piece.shape[:2])
        limits = axes.get_xlim(), axes.get_ylim()
        x0, y0 = left + 0.16 + (side - unit * piece.shape[1]) / 2, top + (side - unit * piece.shape[0]) / 2
        axes.imshow(piece, extent=(x0, x0 + unit * piece.shape[1], y0 + unit * piece.shape[0], y0), aspect="auto")
        axes.set(xlim=limits[0], ylim=limits[1])
        area.write(left + 0.05, top + side / 2, str(row + 1), BASE, ha="center", weight="bold")
        words = left + 0.16 + side + 0.08
        area.write(words, top + 0.06, fit(region.label, area.width - words, BASE), BASE)
        room = area.width - words - 0.7
        if region.attention is not None:
            length = room * region.attention / largest
            marks.attention_bars(
                axes, [top + 0.19], [length], [self._colour], area.theme, origins=[words], thickness=0.1
            )
            area.write(words + length + 0.05, top + 0.19, self._weight(region), SMALL, color=area.theme.muted)
        marks.removal_ticks(axes, [words + 0.02], [top + 0.325], [removal_text(region, None)], area.theme)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + SCREEN_PICTURE + SCREEN_FOOT + (20 if self._facts else 0)

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the numbers of a region, a click gives its id."""
        plot_heading(canvas, top, self.heading, colour_of("regions"), self._note)
        body = top + SCREEN_HEAD
        plot_seen(canvas, self.seen, self.scale, self.look, (0, SCREEN_BESIDE - 0.03, body, SCREEN_PICTURE))
        self._plot_rows(canvas, body)
        plot_scale(canvas, self.scale, body + SCREEN_PICTURE + 10, key([self.seen], self.look), self.look.opacity)
        if self._facts:
            words = markup(self._facts)
            canvas.write(0, top + self.pixels() - 10, words, SCREEN_SMALL, color=canvas.theme.muted)

    def _plot_rows(self, canvas: Canvas, top: float) -> None:
        rows = self._rows
        height = SCREEN_ROW * len(rows)
        down = {"range": [len(rows) - 0.5, -0.5]}
        pieces = canvas.axes(SCREEN_BESIDE, SCREEN_BESIDE + 0.1, top, height, {"range": [0, 1]}, down)
        at = canvas.axes(SCREEN_BESIDE + 0.12, 1, top, height, {}, down)
        largest = max((region.attention or 0.0 for region in rows), default=0.0) or 1.0
        hover = [hover_text(region, None) for region in rows]
        canvas.figure.add_trace(
            marks.attention_trace(
                at, range(len(rows)), [region.attention for region in rows], [self._colour] * len(rows), canvas.theme,
                thickness=0.22, hover=hover, ids=[str(region.id) for region in rows],
            )
        )  # fmt: skip
        canvas.figure.update_layout({"xaxis" + at.x[1:]: {"range": [0, 1.85 * largest]}})
        texts = [removal_text(region, None) for region in rows]
        below = [row + 0.32 for row in range(len(rows))]
        canvas.figure.add_trace(marks.removal_trace(at, [0.01 * largest] * len(rows), below, texts, canvas.theme))
        quiet: dict[str, Any] = {"showarrow": False, "xanchor": "left", "align": "left"}
        muted = {"size": SCREEN_SMALL, "color": canvas.theme.muted}
        for row, region in enumerate(rows):
            assert region.box is not None
            canvas.figure.add_layout_image(
                source=uri(cut(self.seen.pixels, region.box)), xref=pieces.x, yref=pieces.y, x=0.6, y=row, sizex=0.8,
                sizey=0.86, sizing="contain", xanchor="center", yanchor="middle",
            )  # fmt: skip
            number = {"text": f"<b>{row + 1}</b>", "xref": pieces.x, "yref": pieces.y, "x": 0, "y": row}
            name = {"text": markup(shorten(region.label, 30)), "xref": at.x, "yref": at.y, "x": 0, "y": row - 0.3}
            weight = {"text": self._weight(region), "xref": at.x, "yref": at.y, "x": region.attention or 0.0}
            canvas.figure.add_annotation(**number, **quiet)
            canvas.figure.add_annotation(**name, **quiet)
            canvas.figure.add_annotation(**weight, **quiet, y=row, xshift=5, font=muted)
        words = self._key.replace(" · ", "<br>")
        canvas.write(SCREEN_BESIDE, top + height + 4, words, SCREEN_SMALL, yanchor="top", color=canvas.theme.muted)


def _named(label: str) -> str:
    return f" ({label})" if label else ""


def _heat(map_: RegionMap, root: Path | None, pixels: Pixels | None, look: Look, theme: ThemeName) -> Heat:
    shown = pixels_at(root, map_.image, theme_named(theme), pixels)
    seen = Seen(shown, map_.regions, map_.planted, look.by)
    return Heat(wording(map_), seen, Scale.of([seen]), look)


def wording(map_: RegionMap) -> str:
    """Whose look at which picture a map is."""
    return f"Where {map_.model} looks in {map_.item_label} for {map_.user_label}"


def heat_figure(
    map_: RegionMap,
    root: Path | None = None,
    *,
    pixels: Pixels | None = None,
    look: Look = Look(),  # noqa: B008
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Heat over one picture on paper.

    Args:
        root: folder of the dataset, None to draw over a neutral tile.
        pixels: (height, width, 3) RGB of a picture that is in no dataset.
        look: which number, how opaque, what is outlined.
        width: inches.

    Raises:
        ValueError: the regions do not have the number that ``look`` names.
    """
    return compose([_heat(map_, root, pixels, look, theme)], width, theme_named(theme))


def heat_plotly(
    map_: RegionMap,
    root: Path | None = None,
    *,
    pixels: Pixels | None = None,
    look: Look = Look(),  # noqa: B008
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; clicking a region gives its id as custom data."""
    return compose_plotly([_heat(map_, root, pixels, look, theme)], theme_named(theme))


def forecast_heat_plotly(
    forecast: Forecast,
    root: Path | None = None,
    *,
    pixels: Pixels | None = None,
    look: Look = Look(),  # noqa: B008
    theme: ThemeName = "light",
) -> go.Figure:
    """Where the model looks in the picture of a forecast, with the removal of every region and the planted cause.

    Raises:
        ValueError: the model reads no regions, or they do not have the number that ``look`` names.
    """
    level = next((level for level in forecast.explanation.levels if level.kind == "region" and level.elements), None)
    if level is None:
        raise ValueError(f"{forecast.explanation.model} reads no regions of this picture: there is no map of it")
    colours = theme_named(theme)
    shown = pixels_at(root, forecast.explanation.image, colours, pixels)
    causes = () if forecast.map is None else forecast.map.planted
    seen = Seen(shown, level.elements, causes, look.by)
    return compose_plotly([Heat("Where in the picture", seen, Scale.of([seen]), look)], colours)
