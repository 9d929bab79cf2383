"""Which frame? The frames of a reel ranked for two users, as a film strip for more, and by two models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.app import desk, loading, recommended, reels, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu, figure_menu
from workbench.explain.frames import KeyFrames, Reel
from workbench.figures.frames import film_figure, film_plotly, key_frames_figure, key_frames_plotly

QUIET: Final = {"displayModeBar": False}
# Users beside the first one, and how many of them where the view leaves it open. A string here would be drawn.
MOST: Final = 9
COMPANY: Final = 1


def show() -> None:
    """Draw the page."""
    st.header("Which frame?")
    _check_frames()
    open_desk = desk.opened()
    item = _item(open_desk)
    with desk.sentences():
        reading = reels.key_frames(open_desk.source, open_desk.user, item)
    explanation = recommended.explained(open_desk, item)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        likes = open_desk.dataset.history.row(open_desk.user)
        st.markdown(f"**{widgets.text(open_desk.user_label)}** · {widgets.count(likes, 'like')}")
        export_menu(explanation, open_desk.dataset.root, state.view().changed(item=str(explanation.item)))
    company = _company(open_desk, item)
    with desk.sentences():
        others = [reels.key_frames(open_desk.source, user, item) for user in company]
    beside = st.grid(2, min_column_width=320)
    for number, one in enumerate([reading, *others[:1]]):
        with beside.cell():
            _words(one, one.user_label, f"user-{number}")
    _ranked(open_desk, [reading, *others[:1]], "frames")
    if len(others) > 1:
        _film(open_desk, [reading, *others])
    if state.view().compare:
        _models(open_desk, reading, item)


def _check_frames() -> None:
    """End the page where the dataset has no reels."""
    stamped = desk.data()
    with desk.sentences():
        dataset = loading.dataset(stamped)
    if not dataset.has("frames"):
        st.info(
            f"{widgets.text(dataset.name)} has no reels: its table frames (item, frame, image, time) is missing. Add "
            f"it to `{Path(stamped.path)}`, or make a world that has reels with `workbench demo`.",
            icon=":material/info:",
        )
        st.stop()


def _item(open_desk: Desk) -> int:
    """Code of the reel of the view, else of the first one for this user."""
    with desk.sentences():
        codes = reels.reels(open_desk.source, open_desk.user)
    items, liked = open_desk.dataset.items, set(open_desk.dataset.known.row(open_desk.user).tolist())
    names = {
        str(items.id(code)): open_desk.dataset.item_label(code) + (" · liked" if code in liked else "")
        for code in codes
    }
    if not names:
        st.info(
            "No image has two frames in the features of this run: make them again with "
            f"`workbench features {open_desk.dataset.root} --encoder convnet --of frames`.",
            icon=":material/info:",
        )
        st.stop()
    wanted = state.view().item
    if wanted not in names:
        if wanted is not None:
            st.info(f"Image {widgets.text(wanted)} has no reel: another one is shown.", icon=":material/info:")
        state.change(item=next(iter(names)))
    widgets.choose("Reel", list(names), "item", name=names.__getitem__)
    return items.parse(str(state.view().item))


def _company(open_desk: Desk, item: int) -> list[int]:
    """Codes of the users beside the first one."""
    stamped, users = open_desk.source.data, open_desk.dataset.users
    names = loading.user_names(stamped)
    mine = str(users.id(open_desk.user))
    first = [str(users.id(code)) for code in loading.company(stamped, open_desk.user, item, COMPANY)]
    others = [name for name in names if name != mine]
    chosen = widgets.choose_many("Further users", others, "users", first, MOST, name=names.__getitem__)
    return [users.parse(name) for name in chosen]


def _words(reading: KeyFrames, name: str, key: str) -> None:
    """A reading in words, and its verdict."""
    st.subheader(widgets.text(name))
    st.markdown(widgets.text(reading.sentence))
    widgets.verdict(reading.verdict, key=f"verdict-{key}")


def _ranked(open_desk: Desk, readings: Sequence[KeyFrames], key: str, names: Sequence[str] | None = None) -> None:
    """Two rankings one under the other, with their export."""
    root = open_desk.dataset.root
    with desk.sentences():
        figure = key_frames_plotly(readings, root, names=names, theme=widgets.theme())
    with widgets.wide(key):
        st.plotly_chart(figure, theme=None, key=key, alt="The frames of the reel, the best one first", config=QUIET)
    _take_away(
        open_desk, key, readings, partial(key_frames_figure, readings, root, names=names),
        partial(key_frames_plotly, readings, root, names=names),
    )  # fmt: skip


def _film(open_desk: Desk, readings: Sequence[KeyFrames]) -> None:
    """A film strip of all users, with its export."""
    root = open_desk.dataset.root
    with desk.sentences():
        figure = film_plotly(readings, root, theme=widgets.theme())
    with widgets.wide("film"):
        st.plotly_chart(figure, theme=None, key="film", alt="Every frame of the reel for every user", config=QUIET)
    _take_away(open_desk, "film", readings, partial(film_figure, readings, root), partial(film_plotly, readings, root))


def _models(open_desk: Desk, reading: KeyFrames, item: int) -> None:
    """The same user and reel by a second run."""
    other = desk.opened(state.view().compare)
    with desk.sentences():
        second = reels.key_frames(other.source, other.user, item)
    names = [open_desk.explainer.run, other.explainer.run]
    st.subheader(f"{widgets.text(names[0])} beside {widgets.text(names[1])}")
    st.markdown(f"{widgets.text(names[1])}: {widgets.text(second.sentence)}")
    _ranked(open_desk, [reading, second], "models", names)


def _take_away(
    open_desk: Desk,
    key: str,
    readings: Sequence[KeyFrames],
    draw: Callable[[], Figure],
    screen: Callable[[], go.Figure],
) -> None:
    figure_menu(draw, key, open_desk.origin, screen, Reel(readings=tuple(readings)))


show()
