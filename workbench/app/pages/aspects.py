"""Who and what matters? Aspect importance over all users, the chosen one marked."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from workbench.app import desk, loading, state, widgets
from workbench.app.main import FOLDER
from workbench.explain.explanation import Element, EvidenceLevel
from workbench.explain.population import Population
from workbench.figures.elements import elements_plotly
from workbench.figures.population import population_plotly
from workbench.figures.shares import Measure

MEASURES: tuple[Measure, ...] = get_args(Measure)


def show() -> None:
    """Draw the page."""
    open_desk = desk.opened()
    st.header("Who and what matters?")
    with desk.sentences():
        population = loading.population(open_desk.source)
    user = open_desk.dataset.users.id(open_desk.user)
    measure = widgets.switch("Measured by", MEASURES, "by")
    st.caption(WORDS[measure])
    labels = {name: group.label for name, group in open_desk.explainer.groups.items()}
    level = _level(population, population.position(user), labels)
    heading = f"{open_desk.user_label}, mean of the ten best images"
    figure = elements_plotly(level, 1, heading=heading, by=measure, theme=widgets.theme())
    st.plotly_chart(figure, theme=None, key="one", alt=heading, config={"displayModeBar": False})
    st.caption("Means over the ten best images; the contribution is a mean size, without sign.")
    label = f"See the images of {widgets.text(open_desk.user_label)}"
    st.page_link(FOLDER / "why.py", label=label, icon=":material/image:", query_params=state.view().query())
    st.plotly_chart(
        population_plotly(population, user, measure=measure, theme=widgets.theme()),
        theme=None,
        key="population",
        alt="Aspect importance of all users",
        config={"displayModeBar": False},
        on_select=_take_user,
        selection_mode="points",
    )
    st.caption("A click on a dot chooses that user.")


WORDS = {
    "attention": "Where the model looked: the weight of each aspect, averaged over a user's ten best images.",
    "contribution": "What moved the score: the size of each aspect's share, averaged over a user's ten best images.",
}


def _level(population: Population, row: int, labels: dict[str, str]) -> EvidenceLevel:
    """One user's row of the population, as a level to draw."""
    elements = tuple(
        Element(
            kind="aspect",
            id=name,
            label=labels[name],
            attention=float(population.attention[row, column]),
            contribution=float(population.contribution[row, column]),
        )
        for column, name in enumerate(population.aspects)
    )
    return EvidenceLevel(name="aspects", kind="aspect", elements=elements)


def _take_user() -> None:
    """Take the user whose dot was clicked."""
    points = st.session_state["population"].selection.points
    users = [str(point["customdata"]) for point in points if point.get("customdata")]
    if users:
        state.change(user=users[0])


show()
