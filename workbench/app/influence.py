"""Rings and drifts of a run that carries influence along the people followed, and what a click in them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.app import loading, state
from workbench.app.sources import Source

if TYPE_CHECKING:
    from workbench.explain.diffusion import Ego
    from workbench.explain.drift import Drift


@st.cache_data(max_entries=256, show_spinner="Following who reaches the user")
def ego(source: Source, user: int, item: int) -> Ego:
    """The people who reach a user (code), ring by ring, for an image (code).

    Raises:
        DataError: the model does not diffuse.
    """
    from workbench.explain.diffusion import ego as reach

    return reach(loading.explainer(source), user, item, explanation=loading.explain(source, user, item))


@st.cache_data(max_entries=128, show_spinner="Following the hops")
def drift(source: Source, user: int, item: int) -> Drift:
    """Where the hops move a user (code), and what they do to the score of an image (code).

    Raises:
        DataError: the model does not diffuse.
    """
    from workbench.explain.drift import drift as follow

    return follow(loading.explainer(source), user, item)


def take_person(chart: str) -> None:
    """Make the person who was clicked in a chart the user of the view."""
    points = st.session_state[chart].selection.points
    people = [str(point["customdata"]) for point in points if point.get("customdata")]
    if people:
        state.change(user=people[0])
