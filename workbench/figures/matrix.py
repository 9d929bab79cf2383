"""Where models look, side by side: images by users or by models, one heat scale for every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.explain.explanation import Element
from workbench.figures import icons
from workbench.figures.looks import Look, Scale, Seen, key, pixels_at
from workbench.figures.overlay import draw_scale, draw_seen, plot_scale, plot_seen
from workbench.figures.page import Area, Canvas, Pair, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.style import (
    BASE,
    FULL_WIDTH,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    theme_named,
)
from workbench.figures.text import fit, markup, shorten, weight_text

if TYPE_CHECKING:
    from workbench.explain.regions import RegionMap

MAPS = Look(outlined=1)
"""How cells are drawn: small, so only the strongest region is outlined."""
PER_ROW: Final = 4
CELL: Final = 1.3
"""Widest cell in inches."""
SIDE_HEAD: Final = 0.74
TOP_HEAD: Final = 0.4
TITLE_HEAD: Final = 0.2
LINE: Final = 0.11
PAD: Final = 0.04
FOOT: Final = 0.3
SCREEN_SIDE_HEAD: Final = 0.12
SCREEN_CELL: Final = 156
SCREEN_TOP_HEAD: Final = 62
SCREEN_TITLE_HEAD: Final = 26
SCREEN_LINE: Final = 15
SCREEN_PAD: Final = 10
SCREEN_FOOT: Final = 58

Cell = tuple[int, int]


@dataclass(frozen=True)
class Matrix:
    """Pictures under heat in rows and columns.

    Attributes:
        heading: what is shown; ``note`` what else there is to know.
        rows: heads of the rows, none to leave them out; ``columns`` those of the columns.
        cells: by row, the pictures; ``notes`` the lines under each.
        chosen: row and column of the cell that is framed.
    """

    heading: str
    note: str
    rows: tuple[Element, ...]
    columns: tuple[Element, ...]
    cells: tuple[tuple[Seen, ...], ...]
    notes: tuple[tuple[tuple[str, ...], ...], ...]
    scale: Scale
    look: Look
    root: Path | None
    chosen: Cell | None = None

    @property
    def _across(self) -> int:
        return max(len(row) for row in self.cells)

    @property
    def _lines(self) -> int:
        """Lines under a picture."""
        return max((len(note) for row in self.notes for note in row), default=0)

    @property
    def _row(self) -> float:
        """Pixels of a row on the screen."""
        return SCREEN_CELL + SCREEN_PAD + self._lines * SCREEN_LINE

    def _cell(self, width: float) -> float:
        return min((width - self._indent) / self._across, CELL)

    @property
    def _indent(self) -> float:
        return SIDE_HEAD if self.rows else 0.0

    @property
    def _key(self) -> str:
        return key([one for row in self.cells for one in row], self.look)

    @property
    def _has_icons(self) -> bool:
        return any(icons.has_icon(head) for head in self.columns)

    @property
    def _top_head(self) -> float:
        return TOP_HEAD if self._has_icons else TITLE_HEAD

    @property
    def _screen_top_head(self) -> float:
        return SCREEN_TOP_HEAD if self._has_icons else SCREEN_TITLE_HEAD

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        return HEAD + self._top_head + len(self.cells) * (self._cell(width) + PAD + self._lines * LINE) + FOOT

    def draw(self, area: Area) -> None:
        """The cells under the heads of their columns, one colour bar below."""
        draw_heading(area, self.heading, colour_of("regions"), self.note)
        axes, cell = area.inches(), self._cell(area.width)
        for column, head in enumerate(self.columns):
            left = self._indent + column * cell
            words = cell - 0.1
            if icons.has_icon(head):
                icons.draw_icon(axes, head, self.root, left + 0.15, HEAD + 0.18, 0.14, area.theme)
                area.write(left + 0.34, HEAD + 0.18, fit(head.label, words - 0.3, SMALL), SMALL)
            else:
                area.write(
                    left + cell / 2 - 0.04, HEAD + 0.1, fit(head.label, words, BASE, "bold"), ha="center", weight="bold"
                )
        for row, seen in enumerate(self.cells):
            top = HEAD + self._top_head + row * (cell + PAD + self._lines * LINE)
            if self.rows:
                head, radius = self.rows[row], min(0.3, cell / 3)
                if icons.has_icon(head):
                    icons.draw_icon(axes, head, self.root, 0.32, top + cell / 2 - 0.08, radius, area.theme)
                    middle = top + cell / 2 + radius + 0.02
                else:
                    middle = top + cell / 2
                area.write(0.32, middle, fit(head.label, SIDE_HEAD - 0.08, SMALL), SMALL, ha="center")
            for column, one in enumerate(seen):
                left = self._indent + column * cell
                draw_seen(axes, one, self.scale, self.look, (left, top, cell - 0.08, cell - 0.08))
                for i, note in enumerate(self.notes[row][column]):
                    line = fit(note, cell - 0.08, SMALL)
                    at = left + cell / 2 - 0.04, top + cell + LINE * i
                    area.write(*at, line, SMALL, ha="center", color=area.theme.muted)
                if self.chosen == (row, column):
                    frame = Rectangle((left - 0.03, top - 0.03), cell - 0.02, cell - 0.02, facecolor="none", zorder=7)
                    frame.set(edgecolor=POSITIVE, linewidth=1.6)
                    axes.add_patch(frame)
        draw_scale(area, self.scale, area.height - 0.24, self._key, self.look.opacity)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_HEAD + self._screen_top_head + len(self.cells) * self._row + SCREEN_FOOT

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: a click on a cell gives its row and column, e.g. ``0,2``."""
        plot_heading(canvas, top, self.heading, colour_of("regions"), self.note)
        body = top + SCREEN_HEAD + self._screen_top_head
        left = SCREEN_SIDE_HEAD if self.rows else 0.0
        # Few pictures are not spread over the whole width, or their heads would stand far from each other.
        wide = (1 - left) / max(self._across, PER_ROW)
        right, tall = left + wide * self._across, len(self.cells) * self._row
        self._plot_heads(canvas, top + SCREEN_HEAD, left, right, tall)
        across, down = {"range": [0, self._across]}, {"range": [len(self.cells), 0]}
        for row, seen in enumerate(self.cells):
            upper = body + row * self._row
            for column, one in enumerate(seen):
                x0 = left + column * wide
                room = (x0 + 0.004, x0 + wide - 0.004, upper, SCREEN_CELL)
                at = plot_seen(canvas, one, self.scale, self.look, room, alone=False)
                note = "<br>".join(markup(shorten(line, 24)) for line in self.notes[row][column])
                canvas.write(
                    x0 + wide / 2, upper + SCREEN_CELL + 5, note, SCREEN_SMALL, xanchor="center", yanchor="top",
                    color=canvas.theme.muted, align="center",
                )  # fmt: skip
                if self.chosen == (row, column):
                    _plot_frame(canvas, at)
        # Last, so that no other axes lie between them and the pointer.
        targets = canvas.axes(left, right, body, tall, across, down)
        self._plot_targets(canvas, targets.x, targets.y)
        plot_scale(canvas, self.scale, body + tall + 4, self._key, self.look.opacity)

    def _plot_heads(self, canvas: Canvas, top: float, left: float, right: float, tall: float) -> None:
        theme: Theme = canvas.theme
        at = canvas.axes(left, right, top, self._screen_top_head, {"range": [0, self._across]}, {"range": [1, 0]})
        shown = [(column + 0.5, head) for column, head in enumerate(self.columns)]
        icons.plot_icons(
            canvas, at, [h for _, h in shown], self.root, [x for x, _ in shown], [0.33] * len(shown), 34, (0.4, 0.62)
        )
        for x, head in shown:
            bold = markup(shorten(head.label, 20))
            plain_head = not icons.has_icon(head)
            canvas.figure.add_annotation(
                x=x, y=0.5 if plain_head else 0.84, xref=at.x, yref=at.y, text=f"<b>{bold}</b>" if plain_head else bold,
                showarrow=False, font={"size": SCREEN_BASE if plain_head else SCREEN_SMALL, "color": theme.text},
            )  # fmt: skip
        if not self.rows:
            return
        body = top + self._screen_top_head
        side = canvas.axes(0, left, body, tall, {"range": [0, 1]}, {"range": [len(self.cells), 0]})
        middles = [row + 0.4 for row in range(len(self.rows))]
        icons.plot_icons(canvas, side, self.rows, self.root, [0.45] * len(middles), middles, 40, (0.8, 0.42))
        for middle, head in zip(middles, self.rows, strict=True):
            canvas.figure.add_annotation(
                x=0.45, y=middle + (0.29 if icons.has_icon(head) else 0), xref=side.x, yref=side.y, showarrow=False,
                text=markup(shorten(head.label, 16)), font={"size": SCREEN_SMALL, "color": theme.text},
            )  # fmt: skip

    def _plot_targets(self, canvas: Canvas, x: str, y: str) -> None:
        cells = [(row, column) for row, seen in enumerate(self.cells) for column in range(len(seen))]
        hover = []
        for row, column in cells:
            words = [head[at].label for head, at in ((self.rows, row), (self.columns, column)) if head]
            strongest = self.cells[row][column].strongest(1)
            found = [f"strongest: {region.label}, attention {weight_text(region.attention)}" for region in strongest]
            hover.append("<br>".join(markup(line) for line in (" · ".join(words), *found, "click to enlarge")))
        unseen = {"marker": {"opacity": 0}}
        canvas.figure.add_trace(
            go.Scatter(
                x=[column + 0.5 for _, column in cells], y=[row + 0.45 for row, _ in cells], mode="markers", xaxis=x,
                yaxis=y, hovertext=hover, hoverinfo="text", customdata=[f"{row},{column}" for row, column in cells],
                marker={"size": SCREEN_CELL * 0.8, "symbol": "square", "opacity": 0}, name="cells",
                selected=unseen, unselected=unseen,
            )
        )  # fmt: skip


def _plot_frame(canvas: Canvas, at: Pair) -> None:
    canvas.figure.add_shape(
        type="rect", xref=f"{at.x} domain", yref=f"{at.y} domain", x0=-0.02, x1=1.02, y0=-0.02, y1=1.02,
        line={"color": POSITIVE, "width": 4},
    )  # fmt: skip


def _matrix(
    maps: Sequence[Sequence[RegionMap]],
    rows: Sequence[Element],
    columns: Sequence[Element],
    root: Path | None,
    heading: str,
    look: Look,
    chosen: Cell | None,
    theme: Theme,
) -> Matrix:
    cells = tuple(
        tuple(Seen(pixels_at(root, one.image, theme), one.regions, one.planted, look.by) for one in row) for row in maps
    )
    notes = tuple(
        tuple(_note(one, seen) for one, seen in zip(row, looks, strict=True))
        for row, looks in zip(maps, cells, strict=True)
    )
    note = "one scale for all"
    flat = tuple(one for row in cells for one in row)
    return Matrix(heading, note, tuple(rows), tuple(columns), cells, notes, Scale.of(flat), look, root, chosen)


def _note(map_: RegionMap, seen: Seen) -> tuple[str, ...]:
    predicted = [] if map_.score is None else [f"predicted {map_.score:.2f}"]
    return (*predicted, *["no preference"] * seen.is_flat)


def matrix_figure(
    maps: Sequence[Sequence[RegionMap]],
    rows: Sequence[Element],
    columns: Sequence[Element],
    root: Path | None = None,
    *,
    heading: str = "Where in the picture?",
    look: Look = MAPS,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Region maps in rows and columns on paper, all in one scale.

    Args:
        maps: by row; at least one.
        rows: heads of the rows: images, users, or of any other kind to be written alone; none to leave them out.
        columns: heads of the columns.
        root: folder of the dataset, None to draw over neutral tiles.
        heading: what is compared.
        look: which number, how opaque, what is outlined.
        width: inches.

    Raises:
        ValueError: there is no map, or the regions do not have the number that ``look`` names.
    """
    _check(maps, rows, columns)
    colours = theme_named(theme)
    return compose([_matrix(maps, rows, columns, root, heading, look, None, colours)], width, colours)


def matrix_plotly(
    maps: Sequence[Sequence[RegionMap]],
    rows: Sequence[Element],
    columns: Sequence[Element],
    root: Path | None = None,
    *,
    heading: str = "Where in the picture?",
    look: Look = MAPS,
    chosen: Cell | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen, the ``chosen`` cell framed; a click on a cell gives ``row,column`` as custom data."""
    _check(maps, rows, columns)
    colours = theme_named(theme)
    return compose_plotly([_matrix(maps, rows, columns, root, heading, look, chosen, colours)], colours)


def _check(maps: Sequence[Sequence[RegionMap]], rows: Sequence[Element], columns: Sequence[Element]) -> None:
    if not maps or {len(row) for row in maps} != {len(columns)} or len(rows) not in {0, len(maps)} or not columns:
        raise ValueError(
            f"a matrix needs a map for each of its {len(rows) or 1} rows and {len(columns)} columns, and at least one"
        )
