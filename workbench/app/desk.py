"""What lies open before a person: the dataset, the run and the user her view names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.app import loading, runs, sources, state, widgets
from workbench.app.sources import Source, Stamped
from workbench.data.dataset import Dataset
from workbench.explain.explainer import Explainer
from workbench.models.moments import MomentModel


@dataclass(frozen=True)
class Desk:
    """An opened view.

    Attributes:
        source: key of everything computed from this run over this dataset.
        user: code of the user.
        moment: how many likes of hers have happened; None for those of the train split, or where the model knows no
            moments.
    """

    source: Source
    dataset: Dataset
    explainer: Explainer
    user: int
    moment: int | None

    @property
    def origin(self) -> str:
        """Run and dataset, for the metadata of exported files."""
        return f"run {self.explainer.run}, dataset {self.dataset.name} {self.dataset.fingerprint}"

    @property
    def user_label(self) -> str:
        """What the user is called."""
        return self.dataset.user_label(self.user)


@contextmanager
def sentences() -> Iterator[None]:
    """Show a fault of the data or of a run as the sentence it is, and end the page there."""
    try:
        yield
    except ValueError as fault:
        st.error(widgets.text(fault), icon=":material/error:")
        st.stop()


def data() -> Stamped:
    """The dataset of the view; ends the page where there is none."""
    name = state.view().dataset
    if name is None:
        st.stop()
    return sources.stamp_data(sources.folders()[name])


def source(run: str | None) -> Source:
    """A run of the view's dataset; ends the page where there is none."""
    stamped = data()
    if run is None:
        st.info(widgets.text(runs.remedy(Path(stamped.path), state.view().page)), icon=":material/info:")
        st.stop()
    folder = Path(stamped.path)
    return Source(stamped, sources.stamp_run(sources.run_folders(folder)[run]), sources.stamp_topics(folder))


def opened(run: str | None = None, user: str | None = None) -> Desk:
    """The desk with the view's run and user or other ones; a fault is shown as a sentence and ends the page."""
    view = state.view()
    found = source(run or view.run)
    with sentences():
        explainer = loading.explainer(found)
        # A moment counts the likes of the view's user, so that of another one is not told.
        timed = view.moment if user is None and isinstance(explainer.model, MomentModel) else None
        wanted = user or view.user
        assert wanted is not None
        moment = int(timed) if timed else None
        return Desk(found, explainer.dataset, explainer, explainer.dataset.users.parse(wanted), moment)


def second() -> Desk | None:
    """The desk beside the first: with the second run, for the second user, or both; None where there is neither."""
    view = state.view()
    return opened(view.compare, view.against) if view.compare or view.against else None
