"""Home: what is here, and where to start."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.app import desk, loading, runs, sidebar, sources, state, widgets
from workbench.app.main import ENTRIES, FOLDER
from workbench.training.run import RunError
from workbench.views.view import Page

COUNTS = (("images", "items"), ("users", "users"), ("likes", "likes"), ("follows", "follows"))
SHOWN_METRICS = 2


def show() -> None:
    """Draw the page."""
    st.header("Explainability workbench")
    stamped = desk.data()
    with desk.sentences():
        dataset = loading.dataset(stamped)
    _doors()
    st.subheader(f"The dataset {widgets.text(dataset.name)}")
    with st.container(horizontal=True):
        for label, table in COUNTS:
            if dataset.has(table):
                st.metric(label, f"{len(dataset.table(table)):,}", border=True, width="content")
    if dataset.card.provenance:
        st.caption(
            f"{widgets.text(dataset.card.provenance)} Licence: {widgets.text(dataset.card.licence or 'not stated')}."
        )
    st.subheader("Its models")
    _models(Path(stamped.path))


def _doors() -> None:
    folder = Path(desk.data().path)
    grid = st.grid(3, min_column_width=240, border=True)
    for page, entry in ENTRIES.items():
        if page == "home":
            continue
        with grid.cell():
            st.markdown(f"**{entry.title}**")
            st.markdown(entry.words)
            doubt = _no_aspects(folder) if page == "aspects" else None
            can_open = page in sidebar.ALONE or runs.fitting(folder, page)
            _door(page, doubt if can_open else runs.missing(page))


def _door(page: Page, reason: str | None) -> None:
    disabled = reason is not None
    st.page_link(
        FOLDER / f"{page}.py",
        label="Open",
        icon=ENTRIES[page].icon,
        disabled=disabled,
        query_params=state.view().changed(page=page).query(),
    )
    if reason:
        st.caption(reason)


def _no_aspects(folder: Path) -> str | None:
    """Why the view's run has no aspects to compare, None where it has, or where the page takes another run."""
    run = state.view().run
    if run is None or run not in runs.fitting(folder, "aspects"):
        return None
    model = runs.model_of(sources.run_folders(folder)[run])
    if model is None:
        return "This run cannot be read."
    return None if runs.weighs(model) else "This run weighs no aspects against each other: choose a run of hasc."


def _models(folder: Path) -> None:
    rows: list[dict[str, object]] = []
    faults: list[str] = []
    for name, path in sources.run_folders(folder).items():
        try:
            card = loading.run(sources.stamp_run(path)).card
        except RunError as fault:
            faults.append(str(fault))
            continue
        ready = "ready" if card.finished else "not finished"
        told = " · ".join(f"{metric} {value:.3f}" for metric, value in list(card.metrics.items())[:SHOWN_METRICS])
        rows.append(
            {"run": name, "model": card.model, "on validation": told, "epochs": len(card.history), "state": ready}
        )
    if rows:
        st.dataframe(rows, hide_index=True)
    elif not faults:
        st.caption("No run yet.")
    for sentence in faults:
        st.error(widgets.text(sentence), icon=":material/error:")


show()
