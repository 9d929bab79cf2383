"""Work that goes on while pages are drawn and closed: one thread of the server, told of by all sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

import streamlit as st

from workbench.app import widgets

POLL = 1.0
"""Seconds between two looks at the progress."""


@dataclass
class Background:
    """Something that is being made.

    Attributes:
        phase: what is being done, in a few words.
        share: how much of it is done, 0..1.
    """

    phase: str = "starting"
    share: float = 0.0
    thread: Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.thread is not None and self.thread.is_alive()

    def begin(self, phase: str, work: Callable[[], None]) -> None:
        """Do ``work`` in a thread of its own; whatever goes wrong there it has to tell itself."""
        self.phase, self.share = phase, 0.0
        self.thread = Thread(target=work, name=type(self).__name__, daemon=True)
        self.thread.start()


@st.fragment(run_every=POLL)
def progress(running: Background) -> None:
    """How far it is; the page is drawn again when it ends."""
    if not running.is_running:
        st.rerun()
    st.progress(min(running.share, 1.0), text=widgets.text(running.phase.capitalize()))
    st.caption("Closing this page does not stop it, and what is done is kept.")
