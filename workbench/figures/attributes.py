"""Which attributes? An image with the boxes of its attributes, and what each of them counts for one user or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import By, EvidenceLevel, Explanation
from workbench.figures.boxes import Pictures
from workbench.figures.levels import LevelView, view_level
from workbench.figures.looks import Pixels, pixels_at
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.style import FULL_WIDTH, Theme, ThemeName, theme_named
from workbench.figures.traitrows import TraitRows
from workbench.figures.traits import Order, Person, people, person_of

if TYPE_CHECKING:
    from workbench.explain.attribute_reading import AttributeReading

WIDE: Final = 5.2
"""From this width on the picture stands beside the list."""
BESIDE: Final = 0.32
"""Share of the width that a picture beside the list has."""
GAP: Final = 0.1
SCREEN_GAP: Final = 12
COLUMN: Final = 264
"""Pixels of a picture in a column of its own."""


@dataclass(frozen=True)
class Sheet:
    """A picture beside its list where the page is wide enough for both, else above it."""

    pictures: Pictures
    rows: TraitRows

    def _beside(self, width: float) -> bool:
        return width >= WIDE and len(self.rows.people) == 1

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        if not self._beside(width):
            return self.pictures.height(width) + GAP + self.rows.height(width)
        rest = width * (1 - BESIDE) - 0.16
        return max(self.pictures.height(width * BESIDE), self.rows.height(rest))

    def draw(self, area: Area) -> None:
        """Both."""
        if not self._beside(area.width):
            tall = self.pictures.height(area.width)
            self.pictures.draw(area.part(0, tall))
            self.rows.draw(area.part(tall + GAP, area.height - tall - GAP))
            return
        width = area.width * BESIDE
        tall = self.pictures.height(width)
        self.pictures.draw(Area(area.figure, area.left, area.top, width, tall, area.theme))
        left = area.left + width + 0.16
        self.rows.draw(Area(area.figure, left, area.top, area.width - width - 0.16, area.height, area.theme))

    def pixels(self) -> float:
        """Pixels on the screen."""
        return self.pictures.pixels() + SCREEN_GAP + self.rows.pixels()

    def plot(self, canvas: Canvas, top: float) -> None:
        """The picture above the list."""
        self.pictures.plot(canvas, top)
        self.rows.plot(canvas, top + self.pictures.pixels() + SCREEN_GAP)


def _parts(
    readings: Sequence[AttributeReading], root: Path | None, by: Order, theme: Theme
) -> tuple[Pictures, TraitRows]:
    shown = people(readings, by)
    picture = pixels_at(root, readings[0].image, theme)
    return Pictures(shown, picture), TraitRows(wording(readings), _note(shown, by), shown)


def wording(readings: Sequence[AttributeReading]) -> str:
    """Whose reading of which image it is."""
    whose = f" for {readings[0].user_label}" if len(readings) == 1 else ""
    return f"Attributes of {readings[0].item_label}{whose}"


def _note(shown: Sequence[Person], by: Order) -> str:
    flat = [person.label for person in shown if person.is_flat]
    whose = f" for {flat[0]}" if len(flat) == 1 < len(shown) else ""
    parts = [f"no preference{whose}"] if flat else []
    return " · ".join([*parts, f"by {by}"])


def sheet_of(level: EvidenceLevel, explanation: Explanation, pixels: Pixels, view: LevelView) -> Sheet:
    """The block of a level of attributes in an explanation, over its picture."""
    person = person_of(level, explanation.user_label, explanation.rank, len(view.elements), view.by)
    rows = TraitRows(view.heading, view.note, (person,), view.attention_title)
    return Sheet(Pictures((person,), pixels), rows)


def is_boxed(level: EvidenceLevel) -> bool:
    """Whether a level holds attributes that all have their place in the picture."""
    return level.kind == "attribute" and bool(level.elements) and all(e.box is not None for e in level.elements)


def level_plotly(
    explanation: Explanation,
    level: EvidenceLevel,
    root: Path | None = None,
    *,
    heading: str | None = None,
    top: int = 8,
    by: By | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The attributes of an explanation over its picture, on the screen; an explanation knows no likings."""
    colours = theme_named(theme)
    pixels = pixels_at(root, explanation.image, colours)
    view = view_level(level, explanation.rank, top, by, heading)
    return compose_plotly([sheet_of(level, explanation, pixels, view)], colours)


def attributes_figure(
    readings: Sequence[AttributeReading],
    root: Path | None = None,
    *,
    by: Order = "contribution",
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The image with its attributes' boxes, and every attribute with its marks, on paper.

    Attention, contribution, removal and liking each have a mark of their own: how much a user takes to an attribute is
    neither a weight nor a share of the score.

    Args:
        readings: of one user, or of two over the same image, on the same axes.
        root: folder of the dataset, None to draw over a neutral tile.
        by: what orders the attributes: the first user's number.
        width: inches.

    Raises:
        ValueError: there is no reading, there are more than two, or they are of different images.
    """
    colours = theme_named(theme)
    return compose([Sheet(*_parts(readings, root, by, colours))], width, colours)


def attributes_plotly(
    readings: Sequence[AttributeReading],
    root: Path | None = None,
    *,
    by: Order = "contribution",
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; a click on a mark gives the attribute as custom data."""
    colours = theme_named(theme)
    return compose_plotly([Sheet(*_parts(readings, root, by, colours))], colours)


def boxes_plotly(
    readings: Sequence[AttributeReading],
    root: Path | None = None,
    *,
    by: Order = "contribution",
    theme: ThemeName = "light",
) -> go.Figure:
    """The image with its boxes alone, on the screen, as wide as a column of a page."""
    colours = theme_named(theme)
    pictures, _ = _parts(readings, root, by, colours)
    return compose_plotly([replace(pictures, side=COLUMN)], colours)


def rows_plotly(
    readings: Sequence[AttributeReading],
    root: Path | None = None,
    *,
    by: Order = "contribution",
    theme: ThemeName = "light",
) -> go.Figure:
    """The attributes with their marks alone, on the screen."""
    colours = theme_named(theme)
    return compose_plotly([_parts(readings, root, by, colours)[1]], colours)
