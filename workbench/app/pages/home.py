"""Home: what is here, and where to start."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.app import desk, loading, state, widgets
from workbench.app.main import FOLDER, TITLES
from workbench.training.run import RunError

COUNTS = (("images", "items"), ("users", "users"), ("likes", "likes"), ("follows", "follows"))
COMMANDS = """workbench import tables SOURCE --out ~/.workbench/mine
workbench train hasc --data ~/.workbench/mine --out ~/.workbench/mine/runs/hasc"""
SHOWN_METRICS = ("HR@5", "NDCG@5")


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
    why, aspects, own = st.columns(3)
    with why.container(border=True, height="stretch"):
        st.markdown("**Why this image?**")
        st.markdown("The ten best images for a user; for each, what spoke for it and whether that can be believed.")
        _door("why", None if state.view().run else "There is no trained model yet.")
    with aspects.container(border=True, height="stretch"):
        st.markdown("**Who and what matters?**")
        st.markdown("What the model draws on over all users: own uploads, the people they follow, or the creator.")
        _door("aspects", _no_aspects())
    with own.container(border=True, height="stretch"):
        st.markdown("**Your own data**")
        st.markdown("Tables become a dataset and a model with two commands; both then stand in the list at the left.")
        with st.popover("Show the commands", icon=":material/terminal:"):
            st.code(COMMANDS, language="bash", wrap_lines=True)


def _door(page: state.Page, reason: str | None) -> None:
    _, icon = TITLES[page]
    disabled = reason is not None
    st.page_link(FOLDER / f"{page}.py", label="Open", icon=icon, disabled=disabled, query_params=state.view().query())
    if reason:
        st.caption(reason)


def _no_aspects() -> str | None:
    """Why the view's run has no aspects to compare, None where it has."""
    from workbench.models import registry

    view = state.view()
    if view.run is None:
        return "There is no trained model yet."
    try:
        model = loading.run(desk.source(view.run).run).card.model
    except RunError:
        return "This run cannot be read."
    kind = registry().get(model)
    several = kind is not None and len(kind.evidence) > 1
    return None if several else "This run weighs no aspects against each other: choose a run of hasc."


def _models(folder: Path) -> None:
    rows, faults = [], []
    for name, path in loading.run_folders(folder).items():
        try:
            card = loading.run(loading.stamp_run(path)).card
        except RunError as fault:
            faults.append(str(fault))
            continue
        ready = "ready" if card.finished else "not finished"
        shown = {metric: card.metrics.get(metric) for metric in SHOWN_METRICS}
        rows.append({"run": name, "model": card.model, **shown, "epochs": len(card.history), "state": ready})
    if rows:
        formats = {m: st.column_config.NumberColumn(f"{m} (validation)", format="%.3f") for m in SHOWN_METRICS}
        st.dataframe(rows, hide_index=True, column_config=formats)
    elif not faults:
        st.caption("No run yet.")
    for sentence in faults:
        st.error(widgets.text(sentence), icon=":material/error:")


show()
