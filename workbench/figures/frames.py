"""Which frame? The frames of a reel as they suit one user or two, ranked, and as a film strip for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.explain.explanation import Element, EvidenceLevel, Id
from workbench.explain.frames import KeyFrames, frame_name
from workbench.figures.film import Film
from workbench.figures.levels import LevelView
from workbench.figures.page import Area, Block, Canvas, compose, compose_plotly
from workbench.figures.strip import GUTTER, Strip
from workbench.figures.style import FLAT_GREY, FULL_WIDTH, ThemeName, colour_of, theme_named
from workbench.figures.thumbnails import outline, uri

NAME: Final = "frames"
KEY: Final = "solid: key frame"
PLANTED: Final = "dashed: planted"


@dataclass(frozen=True)
class FrameView(LevelView):
    """A level of frames; ``lead`` says beside the heading by how much the first is ahead."""

    lead: str

    @property
    def note(self) -> str:
        """The lead, and no preference where there is none."""
        return " · ".join([self.lead, *(["attention without preference"] if self.flat else [])])


@dataclass(frozen=True)
class RankedFrames(Strip):
    """The frames of one reading, the best first, the key frame framed and the planted one dashed.

    Attributes:
        chosen: id of the key frame; ``planted`` ids of the frames known to be the cause.
        what: the score that orders them, in words.
    """

    chosen: Id
    planted: tuple[Id, ...]
    what: str

    @property
    def _key(self) -> str:
        marks = [KEY, *([PLANTED] if self.planted else [])]
        weights = "no attention" if self.view.attention_sum is None else self.view.attention_title
        shares = self.view.contribution_title if self.view.has_contribution else "no exact shares"
        return " · ".join([f"ranked by {self.what}", weights, shares, *marks])

    def _removals(self, elements: Sequence[Element]) -> list[str]:
        return [text.removeprefix("rank ") for text in super()._removals(elements)]

    def _edges(self, elements: Sequence[Element]) -> list[tuple[int, bool]]:
        """Places of the frames to outline, and whether the outline is dashed."""
        key = [(i, False) for i, element in enumerate(elements) if element.id == self.chosen]
        return key + [(i, True) for i, element in enumerate(elements) if element.id in self.planted]

    def _draw_row(self, area: Area, cells: slice, cell: float) -> None:
        super()._draw_row(area, cells, cell)
        inches, side = area.inches(), cell - 0.1
        for i, dashed in self._edges(self.view.elements[cells]):
            gap = 0.03 if dashed else -0.005
            corner, length = (GUTTER + i * cell + gap, gap), side - 2 * gap
            line, colour = ("--", area.theme.text) if dashed else ("-", self.colour)
            inches.add_patch(
                Rectangle(
                    corner, length, length, facecolor="none", edgecolor=colour, linewidth=2 if not dashed else 1.1,
                    linestyle=line, zorder=6, clip_on=False,
                )
            )  # fmt: skip

    def _plot_row(self, canvas: Canvas, top: float, cells: slice) -> None:
        super()._plot_row(canvas, top, cells)
        if not canvas.figure.images:
            return
        # Laid over the pictures as a picture, since how large those are drawn depends on the width of the screen.
        pictures = canvas.figure.images[-len(self.view.elements[cells]) :]
        for i, dashed in self._edges(self.view.elements[cells]):
            line = outline(canvas.theme.text, 14, 4, 12) if dashed else outline(self.colour, 0, 9, 0)
            # A hair beside it: of two pictures in the very same place plotly draws one.
            place = {"source": uri(line), "x": pictures[i]["x"] + (2e-6 if dashed else 1e-6)}
            canvas.figure.add_layout_image(**pictures[i] | place)


def ranked_frames(reading: KeyFrames, root: Path | None, *, named: str | None = None) -> RankedFrames:
    """The block of one reading; ``named`` is what it is called where that is not the user."""
    elements = tuple(
        Element(
            **frame.model_dump(exclude={"score", "relative", "seconds", "label", "attributions"}),
            label=frame.label if frame.seconds is None else f"{frame.id} · {frame.seconds:.1f} s",
            attributions=frame.attributions | {reading.what: frame.score},
        )
        for frame in reading.ranked
    )
    level = EvidenceLevel(name=NAME, kind="frame", elements=elements)
    weights = [e.attention for e in elements if e.attention is not None]
    colour = colour_of(NAME)
    view = FrameView(
        name=NAME,
        kind="frame",
        heading=f"{named or reading.user_label}: {frame_name(reading.frame(reading.key))}",
        rank=reading.rank,
        elements=elements,
        colours=(FLAT_GREY if level.is_flat else colour,) * len(elements),
        total=len(elements),
        by="attention",
        flat=level.is_flat,
        attention_sum=sum(weights) if weights else None,
        lead=lead(reading),
    )
    return RankedFrames(view, root, colour, reading.key, reading.planted, reading.what)


def lead(reading: KeyFrames) -> str:
    """By how much the key frame is ahead, and whether that is a reason."""
    ahead = f"ahead of the next frame by {reading.margin:.2f} spreads"
    return ahead if reading.is_personal else f"no personal reason: {ahead}"


def key_frames_figure(
    readings: Sequence[KeyFrames],
    root: Path | None = None,
    *,
    names: Sequence[str] | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The frames of a reel on paper, ranked for each user, one ranking under the other, place by place.

    Args:
        readings: of one reel, for two users or by two models.
        root: folder of the dataset, None to draw neutral tiles with ids.
        names: what the rankings are called; the users where left out.
        width: inches.
    """
    return compose(_blocks(readings, root, names), width, theme_named(theme))


def key_frames_plotly(
    readings: Sequence[KeyFrames],
    root: Path | None = None,
    *,
    names: Sequence[str] | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen."""
    return compose_plotly(_blocks(readings, root, names), theme_named(theme))


def film_figure(
    readings: Sequence[KeyFrames],
    root: Path | None = None,
    *,
    names: Sequence[str] | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The film strip on paper: a row for each user, a column for each frame in the order of the reel."""
    return compose([Film.of(readings, root, names)], width, theme_named(theme))


def film_plotly(
    readings: Sequence[KeyFrames],
    root: Path | None = None,
    *,
    names: Sequence[str] | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; a click on a cell gives the user's id as custom data."""
    return compose_plotly([Film.of(readings, root, names)], theme_named(theme))


def _blocks(readings: Sequence[KeyFrames], root: Path | None, names: Sequence[str] | None) -> list[Block]:
    called = names or [reading.user_label for reading in readings]
    return [ranked_frames(reading, root, named=name) for reading, name in zip(readings, called, strict=True)]
