"""Pages made of blocks, one under the other: in inches on paper, in pixels on the screen.

A picture is one block or a stack of them; each block knows its height and draws itself into the room it is given,
so that a picture looks the same alone and as part of an explanation card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Protocol

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from plotly.basedatatypes import BaseTraceType

from workbench.figures.bare import BareAxes
from workbench.figures.style import BASE, SCREEN_BASE, SCREEN_FONTS, Theme, font_families
from workbench.figures.text import plain

PAPER_MARGIN: Final = 0.08
SCREEN_MARGIN: Final = 12
DPI: Final = 200
CHECKED = False
"""Whether plotly looks over every setting of a layout, which takes longer than drawing: the tests ask for it."""


class Area:
    """A rectangle of a matplotlib figure; positions count in inches from its left and top edge."""

    def __init__(self, figure: Figure, left: float, top: float, width: float, height: float, theme: Theme) -> None:
        self.figure, self.left, self.top = figure, left, top
        self.width, self.height, self.theme = width, height, theme

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Empty axes without spines or ticks."""
        across, down = self.figure.get_size_inches()
        x, y = (self.left + left) / across, 1 - (self.top + top + height) / down
        axes = self.figure.add_axes((x, y, width / across, height / down), axes_class=BareAxes)
        axes.set_facecolor("none")
        axes.spines[:].set_visible(False)
        axes.set(xticks=[], yticks=[])
        return axes

    def inches(self) -> Axes:
        """Axes over the whole area whose data units are its inches, y downwards."""
        axes = self.axes(0, 0, self.width, self.height)
        axes.set(xlim=(0, self.width), ylim=(self.height, 0), autoscale_on=False)
        return axes

    def fill(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """A rectangle of one colour, which needs no axes of its own."""
        across, down = self.figure.get_size_inches()
        corner = (self.left + left) / across, 1 - (self.top + top + height) / down
        style: dict[str, Any] = {"transform": self.figure.transFigure, "facecolor": colour, "linewidth": 0}
        self.figure.add_artist(Rectangle(corner, width / across, height / down, **style))

    def write(self, x: float, y: float, text: object, size: float = BASE, **options: Any) -> None:
        """Data text at inches (``x``, ``y``)."""
        across, down = self.figure.get_size_inches()
        style: dict[str, Any] = {"color": self.theme.text, "va": "center", "family": list(font_families())} | options
        self.figure.text((self.left + x) / across, 1 - (self.top + y) / down, plain(text), fontsize=size, **style)

    def part(self, top: float, height: float) -> Area:
        """The strip of this area that begins ``top`` inches down."""
        return Area(self.figure, self.left, self.top + top, self.width, height, self.theme)


class Sheet:
    """What a plotly figure is made of, handed over in one piece.

    The methods are those of a plotly figure, which looks all its annotations and shapes over again with each one added:
    two hundred of them, one by one, take a hundred times as long as together.
    """

    def __init__(self) -> None:
        self.data: list[BaseTraceType] = []
        self.images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._shapes: list[dict[str, Any]] = []
        self._layout: dict[str, Any] = {}

    def add_trace(self, trace: BaseTraceType) -> None:
        """One more trace."""
        self.data.append(trace)

    def add_annotation(self, **settings: Any) -> None:
        """One more annotation."""
        self._annotations.append(settings)

    def add_shape(self, **settings: Any) -> None:
        """One more shape."""
        self._shapes.append(settings)

    def add_layout_image(self, **settings: Any) -> None:
        """One more picture."""
        self.images.append(settings)

    def update_layout(self, settings: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Settings of the layout over those before; a setting that holds others keeps those that are not named."""
        _update(self._layout, {**(settings or {}), **more})

    def drawn(self) -> go.Figure:
        """The figure.

        Raises:
            ValueError: plotly does not know a setting of the layout; told where ``CHECKED``.
        """
        parts = {"annotations": self._annotations, "shapes": self._shapes, "images": self.images}
        return go.Figure(data=self.data, layout=self._layout | {k: v for k, v in parts.items() if v}, _validate=CHECKED)


def _update(settings: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, Mapping):
            _update(settings.setdefault(name, {}), value)
        else:
            settings[name] = value


@dataclass(frozen=True)
class Pair:
    """Names of one x and one y axis of a plotly figure, as traces and annotations call them."""

    x: str
    y: str


class Canvas:
    """A plotly figure in the making; positions count in pixels from the top and in fractions of the width."""

    def __init__(self, height: float, theme: Theme) -> None:
        self.height, self.theme = height, theme
        self.figure = Sheet()
        self.figure.update_layout(
            height=height + 2 * SCREEN_MARGIN,
            margin={"l": 2, "r": SCREEN_MARGIN, "t": SCREEN_MARGIN, "b": SCREEN_MARGIN},
            paper_bgcolor=theme.background,
            plot_bgcolor="rgba(0,0,0,0)",
            font={"family": SCREEN_FONTS, "size": SCREEN_BASE, "color": theme.text},
            showlegend=False,
            hovermode="closest",
            bargap=0.35,
            dragmode=False,
        )
        self._numbers = count(1)

    def y(self, top: float) -> float:
        """Paper coordinate of ``top`` pixels from the upper edge."""
        return 1 - top / self.height

    def axes(self, left: float, right: float, top: float, height: float, x: dict[str, Any], y: dict[str, Any]) -> Pair:
        """A new pair of axes over the fractions ``left`` to ``right``, ``top`` to ``top + height`` pixels."""
        number = next(self._numbers)
        suffix = "" if number == 1 else str(number)
        quiet = {"ticks": "", "showgrid": False, "zeroline": False, "showticklabels": False, "fixedrange": True}
        across = quiet | {"domain": [left, right], "anchor": f"y{suffix}"} | x
        down = quiet | {"domain": [max(self.y(top + height), 0.0), self.y(top)], "anchor": f"x{suffix}"} | y
        self.figure.update_layout({f"xaxis{suffix}": across, f"yaxis{suffix}": down})
        return Pair(f"x{suffix}", f"y{suffix}")

    def write(self, x: float, top: float, text: str, size: int = SCREEN_BASE, **options: Any) -> None:
        """Text that is already markup, left-aligned at the fraction ``x``, centred ``top`` pixels down."""
        style: dict[str, Any] = {"xanchor": "left", "yanchor": "middle", "align": "left", "showarrow": False}
        font = {"size": size, "color": options.pop("color", self.theme.text)}
        self.figure.add_annotation(
            xref="paper", yref="paper", x=x, y=self.y(top), text=text, font=font, **(style | options)
        )


class Block(Protocol):
    """One part of a page."""

    def height(self, width: float) -> float:
        """Inches it needs on paper ``width`` inches wide."""

    def draw(self, area: Area) -> None:
        """Draw on paper."""

    def pixels(self) -> float:
        """Pixels it needs on the screen."""

    def plot(self, canvas: Canvas, top: float) -> None:
        """Draw on the screen, beginning ``top`` pixels down."""


def compose(blocks: Sequence[Block], width: float, theme: Theme, gap: float = 0.12) -> Figure:
    """The blocks on one page ``width`` inches wide, ``gap`` inches between them."""
    inner = width - 2 * PAPER_MARGIN
    heights = [block.height(inner) for block in blocks]
    total = sum(heights) + gap * (len(blocks) - 1)
    figure = Figure(figsize=(width, total + 2 * PAPER_MARGIN), dpi=DPI, facecolor=theme.background)
    page = Area(figure, PAPER_MARGIN, PAPER_MARGIN, inner, total, theme)
    top = 0.0
    for block, height in zip(blocks, heights, strict=True):
        block.draw(page.part(top, height))
        top += height + gap
    return figure


def compose_plotly(blocks: Sequence[Block], theme: Theme, gap: float = 16) -> go.Figure:
    """The blocks on one screen, ``gap`` pixels between them."""
    canvas = Canvas(sum(block.pixels() for block in blocks) + gap * (len(blocks) - 1), theme)
    top = 0.0
    for block in blocks:
        block.plot(canvas, top)
        top += block.pixels() + gap
    return canvas.figure.drawn()
