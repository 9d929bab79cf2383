"""Who and what matters? Aspect importance over all users, the chosen one marked."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from workbench.app import desk, loading, state, widgets
from workbench.app.main import FOLDER
from workbench.figures.elements import elements_plotly
from workbench.figures.population import population_plotly
from workbench.figures.shares import Measure

MEASURES: tuple[Measure, ...] = get_args(Measure)
QUIET = {"displayModeBar": False}
WORDS = {
    "attention": "Where the model looked: the weight of each aspect, averaged over a user's ten best images.",
    "contribution": "What moved the score: the size of each aspect's share, averaged over a user's ten best images.",
}


def show() -> None:
    """Draw the page."""
    open_desk = desk.opened()
    st.header("Who and what matters?")
    with desk.sentences():
        population = loading.population(open_desk.source)
    user, theme = open_desk.dataset.users.id(open_desk.user), widgets.theme()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = widgets.switch("Measured by", MEASURES, "by")
        st.caption(WORDS[measure])
    grid = st.grid(2, min_column_width=400)
    with grid.cell():
        st.plotly_chart(
            population_plotly(population, user, measure=measure, theme=theme),
            theme=None,
            key="population",
            alt="Aspect importance of all users",
            config=QUIET,
            on_select=_take_user,
            selection_mode="points",
        )
        st.caption("A click on a dot chooses that user.")
    with grid.cell():
        figure = elements_plotly(population.level(user), 1, heading=open_desk.user_label, by=measure, theme=theme)
        st.plotly_chart(figure, theme=None, key="one", alt=f"Aspects of {open_desk.user_label}", config=QUIET)
        st.caption("Means over the ten best images; the contribution is a mean size, without sign.")
        label = f"See the images of {widgets.text(open_desk.user_label)}"
        st.page_link(FOLDER / "why.py", label=label, icon=":material/image:", query_params=state.view().query())


def _take_user() -> None:
    """Take the user whose dot was clicked."""
    points = st.session_state["population"].selection.points
    users = [str(point["customdata"]) for point in points if point.get("customdata")]
    if users:
        state.change(user=users[0])


show()
