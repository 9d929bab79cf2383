"""The pin beside every export, and the collections behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from workbench.app import widgets
from workbench.views.view import View

if TYPE_CHECKING:
    from workbench.views.collection import Collection, Shelf

FIRST: Final = "pinned"
"""Name of the collection that a first pin makes."""
_CHOSEN: Final = "pin-into"


def shelf() -> Shelf:
    """The collections at home."""
    from workbench import demo
    from workbench.views.collection import Shelf

    return Shelf(demo.home())


def pin_menu(view: View, key: str = "pin") -> None:
    """A button that pins a view, with a note, into a collection.

    Args:
        view: complete, so that it shows the same later.
        key: of the menu, where a page has several.
    """
    with st.popover("Pin", icon=":material/push_pin:", key=key):
        names = list(dict.fromkeys([*shelf().names(), FIRST]))
        chosen = st.session_state.get(_CHOSEN)
        st.selectbox(
            "Into the collection", names, index=names.index(chosen) if chosen in names else 0, key=f"{key}-into",
            accept_new_options=True, help="Type a name to begin a new one.",
        )  # fmt: skip
        st.text_area("Note", key=f"{key}-note", height=80, placeholder="why this one is worth keeping")
        st.button(
            "Pin this view", icon=":material/push_pin:", key=f"{key}-now", type="primary", on_click=_pin,
            args=(view, key),
        )  # fmt: skip


def _pin(view: View, key: str) -> None:
    # Read here: what was typed last is known to a callback, but not yet to the arguments it was given before.
    name, note = str(st.session_state[f"{key}-into"] or FIRST), str(st.session_state[f"{key}-note"])
    before = 0

    def add(collection: Collection) -> Collection:
        nonlocal before
        before = len(collection.pins)
        return collection.pinned(view, note)

    try:
        after = shelf().change(name, add)
    except (ValueError, OSError) as fault:
        st.toast(widgets.text(fault), icon=":material/error:")
        return
    st.session_state[_CHOSEN] = name
    if len(after.pins) == before:
        st.toast(f"{widgets.text(name)} holds this view already.", icon=":material/push_pin:")
    else:
        st.toast(f"Pinned into {widgets.text(name)}.", icon=":material/push_pin:")
