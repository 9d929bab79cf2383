"""Work that goes on while pages are drawn and closed: one thread of the server, told of by all sessions."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from weakref import WeakSet

import streamlit as st

from workbench.app import widgets

POLL = 1.0
"""Seconds between two looks at the progress."""
PATIENCE = 10.0
"""Seconds that an app which ends waits for the next report of what it was doing."""
_ending = Event()
_running: WeakSet[Thread] = WeakSet()


@dataclass
class Background:
    """Something that is being made. When the app ends, it ends with its next report.

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

        def quietly() -> None:
            # Ctrl-C ends the processes that work may have, too, and reaches the thread that waits for them.
            with suppress(KeyboardInterrupt):
                work()

        self.thread = Thread(target=quietly, name=type(self).__name__, daemon=True)
        _running.add(self.thread)
        self.thread.start()

    def tell(self, phase: str, share: float) -> None:
        """Keep how far the work is; what it has done so far is kept where the app ends."""
        if _ending.is_set():
            raise SystemExit
        self.phase, self.share = phase, share


@atexit.register
def _end() -> None:
    """Wait until nothing is computed any more: the interpreter cannot take the computing away under a thread."""
    _ending.set()
    for thread in _running:
        thread.join(PATIENCE)


@st.fragment(run_every=POLL)
def progress(running: Background) -> None:
    """How far it is; the page is drawn again when it ends."""
    if not running.is_running:
        st.rerun()
    st.progress(min(running.share, 1.0), text=widgets.text(running.phase.capitalize()))
    st.caption("Closing this page does not stop it, and what is done is kept.")
