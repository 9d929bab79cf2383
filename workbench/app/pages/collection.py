"""Collection: pinned views with notes, in an order of one's own, and files of all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, get_args

import streamlit as st

from workbench.app import kept, state, widgets
from workbench.app.main import ENTRIES, FOLDER
from workbench.app.pins import shelf
from workbench.figures.export import FORMATS
from workbench.figures.style import BADGES
from workbench.views.bundle import DEFAULT, Width, bundle
from workbench.views.collection import LONGEST_NOTE, Collection, CollectionError, Pin
from workbench.views.report import report

Change = Callable[[Collection], Collection]
WIDTHS: Final[tuple[Width, ...]] = get_args(Width)
WORDS: Final[dict[Width, str]] = {"page": "a whole page", "column": "one column"}


def show() -> None:
    """Draw the page."""
    st.header("Collection")
    names = shelf().names()
    if not names:
        st.info(
            "Nothing is pinned yet: open a page that answers a question and press **Pin** at the left.",
            icon=":material/push_pin:",
        )
        st.page_link(FOLDER / "why.py", label="Why this image?", icon=ENTRIES["why"].icon)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=320):
            name = widgets.pick("Collection", names, "name")
        _rename(name)
    try:
        collection = shelf().read(name)
    except CollectionError as fault:
        st.error(widgets.text(fault), icon=":material/error:")
        return
    st.caption(f"{widgets.count(collection.pins, 'view')}, kept on this machine in `{shelf().folder}`.")
    _take_away(collection)
    for number, pin in enumerate(collection.pins):
        _pin(collection, number, pin)


def _rename(name: str) -> None:
    with st.popover("Rename or delete", icon=":material/edit:"):
        other = st.text_input("New name", name, key=f"rename-{name}")
        st.button("Rename", key="rename", on_click=_renamed, args=(name, other), disabled=other == name)
        sure = st.checkbox("Yes, forget its views and notes", key=f"sure-{name}")
        st.button("Delete", key="delete", icon=":material/delete:", on_click=_deleted, args=(name,), disabled=not sure)


def _renamed(name: str, other: str) -> None:
    try:
        shelf().rename(name, other)
    except (CollectionError, OSError) as fault:
        st.toast(widgets.text(fault), icon=":material/error:")
        return
    state.change_option("name", other)


def _deleted(name: str) -> None:
    shelf().delete(name)
    state.change(options={})


def _take_away(collection: Collection) -> None:
    """One zip, or one page to read, of all the views."""
    if not collection.pins:
        st.info("It holds no view: pin some, or delete it.", icon=":material/push_pin:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=420):
            formats = st.multiselect("Formats", FORMATS, list(DEFAULT), key="formats", select_all=False)
        width = widgets.switch("As wide as", WIDTHS[::-1], "width", name=WORDS.__getitem__)
        name = collection.name
        st.download_button(
            "Zip of every picture", partial(_zip, collection, tuple(formats), width), f"{name}.zip", key="zip",
            icon=":material/folder_zip:", on_click="ignore", disabled=not formats,
        )  # fmt: skip
        st.download_button(
            "Report to read", partial(_report, collection, width), f"{name}.html", key="report",
            icon=":material/article:", on_click="ignore",
        )  # fmt: skip
    st.caption(
        "With a manifest that names run, data, seed, version and the command behind every file. The same by command:"
    )
    st.code(f'workbench export --collection "{name}" --out "{name}.zip"', language=None, wrap_lines=True)


def _zip(collection: Collection, formats: tuple[str, ...], width: Width) -> bytes:
    return bundle(collection.views, kept.opener(), formats, notes=collection.notes, width=width)


def _report(collection: Collection, width: Width) -> bytes:
    page = report(collection.views, kept.opener(), title=collection.name, notes=collection.notes, width=width)
    return page.encode("utf-8")


def _pin(collection: Collection, number: int, pin: Pin) -> None:
    """A pinned view: its first picture, what it says, the note, and its place."""
    view = pin.opened
    with st.container(border=True):
        grid = st.grid(2, min_column_width=300)
        try:
            picture, question, answer, verdict = kept.drawn(pin.view, kept.state_of(view), widgets.theme())
        except ValueError as fault:
            with grid.cell():
                st.error(widgets.text(fault), icon=":material/error:")
                question, answer, verdict = pin.view, "", None
        else:
            with grid.cell():
                st.image(picture, alt=question)
        with grid.cell():
            st.markdown(f"**{number + 1}. {widgets.text(question)}**")
            if answer and answer != question:
                st.markdown(widgets.text(answer))
            if verdict is not None:
                sign, _ = BADGES[verdict.badge]
                badge = f":{widgets.BADGE_COLOURS[verdict.badge]}[**{sign} {verdict.badge}**]"
                st.markdown(f"{badge} {widgets.text(verdict.reason)}")
            key = f"{collection.name}-{pin.view}"
            st.text_area(
                "Note", pin.note, max_chars=LONGEST_NOTE, height=90, key=f"note-{key}", on_change=_note,
                args=(collection.name, number, f"note-{key}"),
            )  # fmt: skip
            with st.container(horizontal=True):
                last = len(collection.pins) - 1
                up, down = _moved(number, -1), _moved(number, 1)
                _button("Up", "arrow_upward", key, collection.name, up, disabled=number == 0)
                _button("Down", "arrow_downward", key, collection.name, down, disabled=number == last)
                _button("Remove", "delete", key, collection.name, _without(number))
                entry = ENTRIES[view.page]
                st.page_link(FOLDER / f"{view.page}.py", label="Open", icon=entry.icon, query_params=view.query())


def _button(label: str, icon: str, key: str, name: str, how: Change, *, disabled: bool = False) -> None:
    st.button(
        label, icon=f":material/{icon}:", key=f"{label.lower()}-{key}", type="tertiary", disabled=disabled,
        on_click=_change, args=(name, how),
    )  # fmt: skip


def _moved(number: int, by: int) -> Change:
    return lambda collection: collection.moved(number, by)


def _without(number: int) -> Change:
    return lambda collection: collection.without(number)


def _note(name: str, number: int, key: str) -> None:
    note = st.session_state[key]
    _change(name, lambda collection: collection.noted(number, note))


def _change(name: str, how: Change) -> None:
    try:
        shelf().change(name, how)
    except (CollectionError, OSError) as fault:
        st.toast(widgets.text(fault), icon=":material/error:")


show()
