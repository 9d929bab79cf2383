"""The view of this session: it is kept in the address, which leads back to exactly what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import streamlit as st

from workbench.views.view import LONGEST_TEXT, View

NONE = ","
"""An option that holds no entries, unlike one that is left to the app."""
_VIEW = "view"


def begin(page: str) -> str | None:
    """Take the view from the URL when a session begins or its reader goes back; the fault of a bad link.

    Otherwise the view follows the page: every change writes the URL, and a page opened from the menu has an empty one.
    """
    fault, asked = None, st.query_params.to_dict()
    if _VIEW not in st.session_state or asked not in ({}, view().query()):
        try:
            st.session_state[_VIEW] = View.of(page, asked)
        except ValueError as error:
            st.session_state[_VIEW] = View.of(page, {})
            fault = str(error)
    change(page=page)
    return fault


def view() -> View:
    """What the person of this session looks at."""
    found: View = st.session_state[_VIEW]
    return found


def change(**changes: Any) -> None:
    """Change the view of this session and its address."""
    st.session_state[_VIEW] = changed = view().changed(**changes)
    if st.query_params.to_dict() != changed.query():
        st.query_params.from_dict(changed.query())


def change_option(name: str, value: str) -> None:
    """Change one option of the view."""
    change(options=view().options | {name: value})


def fits(entries: Sequence[str]) -> bool:
    """Whether an option has room for so many entries."""
    return len(",".join(quote(entry, safe="") for entry in entries)) <= LONGEST_TEXT


def change_chosen(name: str, entries: Sequence[str]) -> None:
    """Change an option of the view that holds several entries, as many as an option has room for."""
    parts = [quote(entry, safe="") for entry in entries]
    while len(",".join(parts)) > LONGEST_TEXT:
        parts.pop()
    options = {key: value for key, value in view().options.items() if key != name}
    change(options=options | ({name: ",".join(parts)} if parts else {name: NONE}))
