"""A picture with the boxes of its attributes: each numbered at its edge, as broad and as dense as it is attended to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from workbench.figures.looks import Pixels
from workbench.figures.overlay import draw_cause, plot_cause
from workbench.figures.page import Area, Canvas, Pair
from workbench.figures.style import BASE, SCREEN_SMALL, SMALL, colour_of, font_families
from workbench.figures.text import fit, hover_text, markup, shorten, text_width
from workbench.figures.thumbnails import uri
from workbench.figures.traits import Box, Person, Trait, apart, tags

TAG: Final = (0.115, 0.115)
"""Inches of a number on paper."""
SCREEN_TAG: Final = (18.0, 18.0)
"""Pixels of a number on the screen."""
SCREEN_POINT: Final = 1.5
"""Pixels of a point of line width."""
SCREEN_SIDE: Final = 300
"""Pixels that a picture's longer side has at least, for which numbers are placed."""
TALLEST: Final = 2.3
"""Inches of a picture, at most."""
SCREEN_PICTURE: Final = 320
SCREEN_PAIR: Final = 250
"""Pixels of a picture alone, and of one of two side by side."""
HEAD: Final = 0.2
"""Inches above pictures of several users."""
SCREEN_HEAD: Final = 24

Room = tuple[float, float, float, float]


def _boxed(person: Person) -> tuple[list[tuple[int, Trait]], list[Box]]:
    """The attributes with a box, numbered from 1, and their boxes as drawn."""
    found = [(number, trait) for number, trait in enumerate(person.traits, 1) if trait.element.box is not None]
    return found, apart([trait.element.box for _, trait in found if trait.element.box is not None])


def picture_size(pixels: Pixels, width: float, height: float) -> tuple[float, float]:
    """Width and height of a picture as large as fits."""
    unit = min(width / pixels.shape[1], height / pixels.shape[0])
    return unit * pixels.shape[1], unit * pixels.shape[0]


def draw_boxes(axes: Axes, person: Person, pixels: Pixels, at: Room) -> None:
    """The picture with its boxes ``at`` left, top, width, height of axes in inches, in whose middle it stands."""
    wide, tall = picture_size(pixels, at[2], at[3])
    left, top = at[0] + (at[2] - wide) / 2, at[1]
    limits = axes.get_xlim(), axes.get_ylim()
    extent = (left, left + wide, top + tall, top)
    axes.imshow(pixels, extent=extent, aspect="auto", interpolation="antialiased", zorder=2)
    axes.set(xlim=limits[0], ylim=limits[1])

    def corners(box: Sequence[float]) -> tuple[float, float, float, float]:
        return left + box[0] * wide, top + box[1] * tall, left + box[2] * wide, top + box[3] * tall

    shown, boxes = _boxed(person)
    places = tags(boxes, (TAG[0] / wide, TAG[1] / tall))
    for (_, trait), box in reversed(list(zip(shown, boxes, strict=True))):
        x0, y0, x1, y1 = corners(box)
        width, opacity = person.line(trait)
        outline = ("white", width + 0.8, 0.6), (person.colour, width, opacity)
        for colour, points, alpha in outline:
            style: dict[str, Any] = {"edgecolor": colour, "linewidth": points, "alpha": alpha}
            axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor="none", zorder=4, **style))
    for (number, _), (x, y) in zip(shown, places, strict=True):
        x0, y0 = left + x * wide, top + y * tall
        tag = Rectangle((x0, y0), *TAG, facecolor=colour_of("attributes"), edgecolor="white", linewidth=0.5, zorder=5)
        axes.add_patch(tag)
        size = min(SMALL, SMALL * 0.8 * TAG[0] / text_width(str(number), SMALL))
        axes.text(
            x0 + TAG[0] / 2, y0 + TAG[1] / 2, str(number), color="white", ha="center", va="center_baseline",
            fontsize=size, weight="bold", family=list(font_families()), zorder=6,
        )  # fmt: skip
    for cause in person.causes:
        draw_cause(axes, cause, corners(cause.box), below=True)


def plot_boxes(canvas: Canvas, person: Person, pixels: Pixels, room: Room) -> Pair:
    """The same on the screen, in the ``room``: fractions left and right, pixels top and height; hover tells numbers."""
    height, width = pixels.shape[:2]
    left, right, top, tall = room
    at = canvas.axes(
        left, right, top, tall,
        {"range": [0, width], "constrain": "domain", "constraintoward": "center"},
        {"range": [height, 0], "constrain": "domain", "constraintoward": "top"},
    )  # fmt: skip
    canvas.figure.update_layout({"yaxis" + at.y[1:]: {"scaleanchor": at.x}})
    canvas.figure.add_layout_image(
        source=uri(pixels), xref=at.x, yref=at.y, x=0, y=0, sizex=width, sizey=height, sizing="stretch", layer="below"
    )
    shown, boxes = _boxed(person)
    unit = min(SCREEN_SIDE, tall) / max(height, width)
    tag = SCREEN_TAG[0] / unit / width, SCREEN_TAG[1] / unit / height
    places = tags(boxes, tag)
    for (_, trait), (x0, y0, x1, y1) in reversed(list(zip(shown, boxes, strict=True))):
        points, opacity = person.line(trait)
        thick = points * SCREEN_POINT
        for colour, broad, alpha in (("white", thick + 1.5, 0.6), (person.colour, thick, opacity)):
            canvas.figure.add_shape(
                type="rect", xref=at.x, yref=at.y, x0=x0 * width, y0=y0 * height, x1=x1 * width, y1=y1 * height,
                line={"color": colour, "width": broad}, opacity=alpha,
            )  # fmt: skip
    middles = [((x + tag[0] / 2) * width, (y + tag[1] / 2) * height) for x, y in places]
    for (number, _), (x, y) in zip(shown, middles, strict=True):
        canvas.figure.add_annotation(
            x=x, y=y, xref=at.x, yref=at.y, text=f"<b>{number}</b>", showarrow=False, borderpad=0, borderwidth=1,
            bordercolor="white", bgcolor=colour_of("attributes"), width=SCREEN_TAG[0] - 3, height=SCREEN_TAG[1] - 3,
            font={"size": SCREEN_SMALL, "color": "white"},
        )  # fmt: skip
    unseen = {"marker": {"opacity": 0}}
    canvas.figure.add_trace(
        go.Scatter(
            x=[x for x, _ in middles], y=[y for _, y in middles], mode="markers", xaxis=at.x, yaxis=at.y,
            name="numbers", hoverinfo="text", hovertext=[hover_text(trait.element, person.rank) for _, trait in shown],
            customdata=[str(trait.element.id) for _, trait in shown], selected=unseen, unselected=unseen,
            marker={"symbol": "square", "size": SCREEN_TAG[0], "opacity": 0},
        )
    )  # fmt: skip
    for cause in person.causes:
        plot_cause(canvas, at, cause, (width, height), below=True)
    return at


@dataclass(frozen=True)
class Pictures:
    """The picture once for each user, with her boxes; one alone is ``side`` pixels high on the screen."""

    people: tuple[Person, ...]
    shown: Pixels
    side: int = SCREEN_PICTURE

    @property
    def _head(self) -> float:
        return 0.0 if len(self.people) == 1 else HEAD

    def _room(self, width: float) -> float:
        return width / len(self.people) - (0.1 if len(self.people) > 1 else 0)

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return self._head + picture_size(self.shown, self._room(width), TALLEST)[1] + 0.04

    def draw(self, area: Area) -> None:
        """Side by side, the user's name above each."""
        axes, room = area.inches(), self._room(area.width)
        for i, person in enumerate(self.people):
            left = i * (room + 0.2)
            if self._head:
                words = fit(_who(person), room, BASE, "bold")
                area.write(left + room / 2, 0.08, words, BASE, ha="center", weight="bold")
            draw_boxes(axes, person, self.shown, (left, self._head, room, area.height - self._head))

    def pixels(self) -> float:
        """Pixels on the screen."""
        return self.side if len(self.people) == 1 else SCREEN_HEAD + SCREEN_PAIR

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same on the screen."""
        for i, person in enumerate(self.people):
            left, right = i / len(self.people), (i + 1) / len(self.people)
            if len(self.people) > 1:
                canvas.write(
                    (left + right) / 2, top + 10, f"<b>{markup(shorten(_who(person), 30))}</b>", xanchor="center"
                )
            lower = top + (SCREEN_HEAD if len(self.people) > 1 else 0)
            room = (left + 0.005, right - 0.005, lower, top + self.pixels() - lower)
            plot_boxes(canvas, person, self.shown, room)


def _who(person: Person) -> str:
    return person.label if person.rank is None else f"{person.label} · rank {person.rank:,}"
