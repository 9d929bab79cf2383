"""Where in the picture? One image for several users or models, or several images for one user, in one heat scale."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.app import desk, loading, runs, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import figure_menu
from workbench.explain.explanation import Element
from workbench.explain.regions import RegionMaps
from workbench.figures.heat import heat_figure, heat_plotly
from workbench.figures.looks import Look
from workbench.figures.matrix import matrix_figure, matrix_plotly

if TYPE_CHECKING:
    from workbench.explain.regions import RegionMap

Shape = Literal["users", "models", "images"]
SHAPES: Final[dict[Shape, str]] = {
    "users": "one image, several users",
    "models": "one image, several models",
    "images": "one user, several images",
}
# Users, models or images beside the first; more cells would be too small to see into. A string here would be drawn.
MOST: Final = 4
COMPANY: Final = 3
OPACITIES: Final = {"0 %": 0.0, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "100 %": 1.0}
QUIET: Final = {"displayModeBar": False}
HISTORY: Final = (
    "acf looks into the images a user liked before: this is how it would read each picture if it stood in that history."
)


def show() -> None:
    """Draw the page."""
    st.header("Where in the picture?")
    open_desk = desk.opened()
    with desk.sentences():
        item = _item(open_desk)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shape = widgets.switch("Compare", tuple(SHAPES), "shape", name=SHAPES.__getitem__)
        planted = widgets.toggle("planted causes", "planted", first="on")
        with st.container(width=220):
            opacity = OPACITIES[widgets.slide("Opacity of the heat", tuple(OPACITIES), "opacity", "75 %")]
    with desk.sentences():
        rows, columns, maps = _cells(open_desk, item, shape)
    cell = _cell(len(maps), len(columns))
    look = Look(opacity=opacity, outlined=1, planted=planted)
    theme, root = widgets.theme(), open_desk.dataset.root
    with desk.sentences():
        heading = SHAPES[shape].capitalize()
        figure = matrix_plotly(maps, rows, columns, root, heading=heading, look=look, chosen=cell, theme=theme)
    with widgets.wide("matrix"):
        st.plotly_chart(
            figure, theme=None, key="matrix", alt=SHAPES[shape], config=QUIET, on_select=_take_cell,
            selection_mode="points",
        )  # fmt: skip
    st.caption("A click on a picture enlarges it below." + _note(open_desk))
    draw, screen = (
        partial(function, maps, rows, columns, root, heading=heading, look=look)
        for function in (matrix_figure, matrix_plotly)
    )
    every = tuple(one for row in maps for one in row)
    _take_away(open_desk, "matrix", every, draw, screen)
    large = maps[cell[0]][cell[1]]
    with desk.sentences():
        near = Look(opacity=opacity, planted=planted)
        enlarged = heat_plotly(large, root, look=near, theme=theme)
    with widgets.wide("enlarged"):
        st.plotly_chart(enlarged, theme=None, key="enlarged", alt=f"Where {large.model} looks", config=QUIET)
    draw, screen = (partial(function, large, root, look=near) for function in (heat_figure, heat_plotly))
    _take_away(open_desk, "enlarged", (large,), draw, screen)


def _take_away(
    open_desk: Desk,
    key: str,
    maps: tuple[RegionMap, ...],
    draw: Callable[[], Figure],
    screen: Callable[[], go.Figure],
) -> None:
    data, runs_shown = open_desk.dataset, ", ".join(dict.fromkeys(one.run for one in maps))
    figure_menu(draw, key, f"run {runs_shown}, dataset {data.name} {data.fingerprint}", screen, RegionMaps(maps=maps))


def _item(open_desk: Desk) -> int:
    """Code of the view's image, else of one that says much of the user."""
    wanted = state.view().item
    if wanted is not None:
        return open_desk.dataset.items.parse(wanted)
    return _typical(open_desk)[0]


def _typical(open_desk: Desk) -> list[int]:
    return loading.pictures_of(open_desk.source.data, open_desk.user, open_desk.explainer.model.task)


def _cells(open_desk: Desk, item: int, shape: Shape) -> tuple[list[Element], list[Element], list[list[RegionMap]]]:
    """Heads of rows and columns, and the map of every cell."""
    data, stamped = open_desk.dataset, open_desk.source.data
    items, users = data.items, data.users
    names = loading.item_names(stamped)
    if shape == "images":
        first = [str(items.id(code)) for code in _typical(open_desk) if code != item][:MOST]
        more = widgets.choose_many("Further images", list(names), "images", first, MOST, name=names.__getitem__)
        codes = list(dict.fromkeys([item, *map(items.parse, more)]))
        maps = [[loading.region_map(open_desk.source, open_desk.user, code) for code in codes]]
        return [], [_image(open_desk, code) for code in codes], maps
    beside, below = st.columns(2)
    with below:
        more = widgets.choose_many("Further images", list(names), "rows", [], COMPANY, name=names.__getitem__)
    codes = list(dict.fromkeys([item, *map(items.parse, more)]))
    rows = [_image(open_desk, code) for code in codes]
    if shape == "models":
        view = state.view()
        others = [run for run in runs.fitting(data.root, "regions") if run != view.run]
        with beside:
            chosen = widgets.choose_many("Further models", others, "runs", others[:COMPANY], MOST)
        desks = [open_desk, *map(desk.opened, chosen)]
        heads = [Element(kind="model", id=one.explainer.run, label=one.explainer.run) for one in desks]
        return rows, heads, [[loading.region_map(one.source, one.user, code) for one in desks] for code in codes]
    people = loading.user_names(stamped)
    first = [str(users.id(code)) for code in loading.company(stamped, open_desk.user, item, COMPANY)]
    with beside:
        chosen = widgets.choose_many("Further users", list(people), "users", first, MOST, name=people.__getitem__)
    who = list(dict.fromkeys([open_desk.user, *map(users.parse, chosen)]))
    heads = [Element(kind="person", id=users.id(code), label=data.user_label(code)) for code in who]
    return rows, heads, [[loading.region_map(open_desk.source, user, code) for user in who] for code in codes]


def _image(open_desk: Desk, code: int) -> Element:
    data = open_desk.dataset
    return Element(kind="image", id=data.items.id(code), label=data.item_label(code), image=data.image_relative(code))


def _cell(rows: int, columns: int) -> tuple[int, int]:
    """The cell the view names, else the first."""
    cells = {f"{row},{column}": (row, column) for row in range(rows) for column in range(columns)}
    return cells[state.view().option("cell", tuple(cells))]


def _take_cell() -> None:
    """Take the cell that was clicked."""
    points = st.session_state["matrix"].selection.points
    cells = [str(point["customdata"]) for point in points if point.get("customdata")]
    if cells:
        state.change_option("cell", cells[0])


def _note(open_desk: Desk) -> str:
    return f" {HISTORY}" if open_desk.explainer.model.task == "ranking" else ""


show()
