"""What every page shares: the choice of dataset, run and user."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import streamlit as st

from workbench.app import loading, state, widgets
from workbench.data.errors import DataError
from workbench.training.run import RunError


def show() -> None:
    """Draw the choices, and complete the view where it leaves something open or names what is not there."""
    with st.sidebar:
        folder = _dataset()
        _runs(folder)
        _user(folder)
        if state.view().page == "why":
            _image(folder)
        st.caption("The address of this page leads back to exactly this view.")


def _complete(field: str, known: Collection[str | None], noun: str, otherwise: str | None) -> None:
    """Keep a known choice; take ``otherwise`` where it is open or unknown, and say so."""
    chosen = getattr(state.view(), field)
    if chosen in known:
        return
    if chosen is not None:
        st.warning(f"There is no {noun} {widgets.text(chosen)} here: another one is shown.", icon=":material/link_off:")
    state.change(**{field: otherwise})


def _dataset() -> Path:
    folders = loading.folders()
    _complete("dataset", list(folders), "dataset", next(iter(folders)))
    widgets.choose("Dataset", list(folders), "dataset")
    return folders[str(state.view().dataset)]


def _runs(folder: Path) -> None:
    runs = loading.run_folders(folder)
    _complete("run", list(runs), "run", _best(runs))
    advice = f"No run yet. Make one with: workbench train hasc --data {folder} --out {folder / 'runs' / 'hasc'}"
    widgets.choose("Run", list(runs), "run", reason=advice)
    others = [name for name in runs if name != state.view().run]
    _complete("compare", [*others, None], "run", None)
    nobody = "There is no second run to compare with."
    widgets.choose("Compare with", others, "compare", nothing=widgets.NOTHING, reason=nobody)


def _best(runs: dict[str, Path]) -> str | None:
    """The first finished run of a model that weighs aspects, else the first finished one, else the first."""
    from workbench.models import registry

    finished = []
    for name, path in runs.items():
        try:
            card = loading.run(loading.stamp_run(path)).card
        except RunError:
            continue
        if card.finished:
            finished.append((name, card.model))
    weighing = [name for name, model in finished if model in registry() and len(registry()[model].evidence) > 1]
    return next(iter([*weighing, *(name for name, _ in finished), *runs]), None)


def _user(folder: Path) -> None:
    stamped = loading.stamp_data(folder)
    try:
        names = loading.user_names(stamped)
    except DataError:
        widgets.choose("User", [], "user", reason="This dataset cannot be opened.")
        return
    _complete("user", list(names), "user", loading.first_user(stamped))
    widgets.choose("User", list(names), "user", name=names.__getitem__)


def _image(folder: Path) -> None:
    try:
        names = loading.item_names(loading.stamp_data(folder))
    except DataError:
        return
    if state.view().item is not None:
        _complete("item", names, "image", None)
    widgets.choose("Image", list(names), "item", name=names.__getitem__, nothing="the best for this user")
