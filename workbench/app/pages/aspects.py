"""Who and what matters? Aspect importance over all users, the chosen one marked; a second run or user beside it."""

from __future__ import annotations

from functools import partial
from typing import Final, get_args

import streamlit as st

from workbench.app import desk, loading, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import figure_menu
from workbench.app.main import FOLDER
from workbench.explain.population import FIFTHS
from workbench.figures.elements import elements_plotly
from workbench.figures.population import population_figure, population_plotly
from workbench.figures.shares import Measure

MEASURES: tuple[Measure, ...] = get_args(Measure)
EVERYONE: Final = "everyone"
QUIET: Final = {"displayModeBar": False}
WORDS = {
    "attention": "Where the model looked: the weight of each aspect, averaged over a user's ten best images.",
    "contribution": "What moved the score: the size of each aspect's share, averaged over a user's ten best images.",
}


def show() -> None:
    """Draw the page."""
    st.header("Who and what matters?")
    open_desk, other = desk.opened(), desk.second()
    with st.container(horizontal=True):
        measure = widgets.switch("Measured by", MEASURES, "by")
        with st.container(width=260):
            who = widgets.pick("Users", [EVERYONE, *FIFTHS], "who")
    st.caption(WORDS[measure])
    desks = [open_desk] if other is None else [open_desk, other]
    grid = st.grid(2, min_column_width=400)
    for number, one in enumerate(desks):
        with grid.cell():
            if other is not None:
                st.subheader(f"{widgets.text(one.user_label)} · {widgets.text(one.explainer.run)}")
            _everyone(one, measure, who, number)
    for number, one in enumerate(desks):
        with grid.cell():
            _one(one, measure, number)


def _everyone(open_desk: Desk, measure: Measure, who: str, number: int) -> None:
    """All users, or those with so many likes."""
    with desk.sentences():
        population = loading.population(open_desk.source)
        shown = population if who == EVERYONE else population.fifth(who)
    user = open_desk.dataset.users.id(open_desk.user)
    marked = user if user in shown.users else None
    key = f"population-{number}"
    screen = partial(population_plotly, shown, marked, measure=measure)
    with st.container(gap=None):
        st.plotly_chart(
            screen(theme=widgets.theme()), theme=None, key=key, alt="Aspect importance of all users", config=QUIET,
            on_select=partial(_take_user, key), selection_mode="points",
        )  # fmt: skip
        st.caption("A click on a dot chooses that user.")
        draw = partial(population_figure, shown, marked, measure=measure)
        figure_menu(draw, key, open_desk.origin, screen, shown)


def _one(open_desk: Desk, measure: Measure, number: int) -> None:
    """The aspects of one user."""
    with desk.sentences():
        population = loading.population(open_desk.source)
    level, name = population.level(open_desk.dataset.users.id(open_desk.user)), open_desk.user_label
    figure = elements_plotly(level, 1, heading=name, by=measure, theme=widgets.theme())
    st.plotly_chart(figure, theme=None, key=f"one-{number}", alt=f"Aspects of {name}", config=QUIET)
    st.caption("Means over the ten best images; the contribution is a mean size, without sign.")
    label, user = f"See the images of {widgets.text(name)}", str(open_desk.dataset.users.id(open_desk.user))
    query = state.view().changed(user=user, run=open_desk.explainer.run).query()
    st.page_link(FOLDER / "why.py", label=label, icon=":material/image:", query_params=query)


def _take_user(key: str) -> None:
    """Take the user whose dot was clicked."""
    points = st.session_state[key].selection.points
    users = [str(point["customdata"]) for point in points if point.get("customdata")]
    if users:
        state.change(user=users[0])


show()
