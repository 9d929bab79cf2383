"""What every page shares: the choice of dataset, run and user."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import streamlit as st

from workbench.app import loading, pins, runs, sources, state, widgets
from workbench.data.errors import DataError
from workbench.explain.dates import day_text
from workbench.training.run import RunError
from workbench.views.view import DRAWN, Page

PICTURED: Final[dict[Page, str]] = {
    "why": "the best for this user",
    "regions": "a typical one of this user",
    "words": "the best for this user",
    "diffusion": "the best for this user",
    "attributes": "the best for this user",
    "popularity": "the latest of this user",
    "whatif": "the best for this user",
}
"""The pages that show one image, and which one where none is chosen."""
MOMENTS: Final[tuple[Page, ...]] = ("why", "words", "whatif")
"""The pages that explain at a moment."""
COMPARING: Final[tuple[Page, ...]] = (
    "home", "why", "aspects", "words", "diffusion", "attributes", "frames", "popularity",
)  # fmt: skip
"""The pages that show a second run beside the first; the others compare in their own way."""
BESIDE: Final[tuple[Page, ...]] = ("why", "aspects", "words", "diffusion", "attributes", "popularity")
"""The pages that show a second user beside the first."""

ALONE: Final[tuple[Page, ...]] = ("train", "collection", "better", "data")
"""The pages that are about the dataset as a whole."""


def show() -> None:
    """Draw the choices, and complete the view where it leaves something open or names what is not there."""
    with st.sidebar:
        folder = _dataset()
        if state.view().page not in ALONE:
            _runs(folder)
            _user(folder)
        if state.view().page in PICTURED:
            _image(folder)
        if state.view().page in MOMENTS:
            _moment(folder)
        if state.view().page in DRAWN:
            pins.pin_menu(state.view())
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
    folders = sources.folders()
    _complete("dataset", list(folders), "dataset", next(iter(folders)))
    widgets.choose("Dataset", list(folders), "dataset")
    return folders[str(state.view().dataset)]


def _runs(folder: Path) -> None:
    page = state.view().page
    every = sources.run_folders(folder)
    names = runs.fitting(folder, page)
    best = _best({name: every[name] for name in names}, page)
    if state.view().run in every and state.view().run not in names:
        # A page of another task takes its own run; there is nothing wrong with the one shown before.
        state.change(run=best)
    _complete("run", names, "run", best)
    widgets.choose("Run", names, "run", reason=runs.remedy(folder, page))
    if page not in COMPARING:
        return
    others = [name for name in names if name != state.view().run]
    if state.view().compare in every and state.view().compare not in others:
        state.change(compare=None)
    _complete("compare", [*others, None], "run", None)
    nobody = "There is no second run to compare with."
    widgets.choose("Compare with run", others, "compare", nothing=widgets.NOTHING, reason=nobody)


def _best(folders: dict[str, Path], page: Page) -> str | None:
    """The first finished run of a model that the page shows first, else the first finished one, else the first."""
    finished = []
    for name, path in folders.items():
        try:
            card = loading.run(sources.stamp_run(path)).card
        except RunError:
            continue
        if card.finished:
            finished.append((name, card.model))
    first = [name for name, model in finished if runs.is_first(model, page)]
    return next(iter([*first, *(name for name, _ in finished), *folders]), None)


def _user(folder: Path) -> None:
    stamped = sources.stamp_data(folder)
    try:
        names = loading.user_names(stamped)
    except DataError:
        widgets.choose("User", [], "user", reason="This dataset cannot be opened.")
        return
    if not names:
        widgets.choose("User", [], "user", reason="Pictures alone: give them a social life with workbench plant.")
        return
    _complete("user", list(names), "user", loading.first_user(stamped))
    widgets.choose("User", list(names), "user", name=names.__getitem__)
    if state.view().page not in BESIDE:
        return
    others = [name for name in names if name != state.view().user]
    if state.view().against == state.view().user:
        state.change(against=None)
    _complete("against", [*others, None], "user", None)
    nobody = "There is no second user to compare with."
    widgets.choose(
        "Compare with user", others, "against", name=names.__getitem__, nothing=widgets.NOTHING, reason=nobody
    )


def _image(folder: Path) -> None:
    try:
        names = loading.item_names(sources.stamp_data(folder))
    except DataError:
        return
    if state.view().item is not None:
        _complete("item", names, "image", None)
    widgets.choose("Image", list(names), "item", name=names.__getitem__, nothing=PICTURED[state.view().page])


def _moment(folder: Path) -> None:
    """How much of the user's past has happened, for a model that reads it in the order of time."""
    view = state.view()
    run = sources.run_folders(folder).get(view.run or "")
    if view.user is None or run is None or not runs.knows_moments(run):
        if view.moment is not None:
            state.change(moment=None)
        return
    stamped = sources.stamp_data(folder)
    try:
        times, learned = loading.moments(stamped, loading.dataset(stamped).users.parse(view.user))
    except DataError:
        return
    places = [str(place) for place, _ in enumerate(times, 1)]
    # Where nothing was liked in training, there is no moment that the model takes by itself.
    left_open = [None] if learned else []
    _complete("moment", [*places, *left_open], "moment", next(iter([*left_open, *places]), None))
    days = dict(zip(places, map(day_text, times), strict=True))
    widgets.slide_field("Moment", places, "moment", str(learned), name=lambda place: f"{place} · {days[place]}")
    if places:
        st.caption(f"So many of {len(times):,} likes have happened; training saw the first {learned:,}.")
