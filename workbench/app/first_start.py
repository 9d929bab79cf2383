"""The first start: without any data the demo is built, in sight of everybody who waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.app import sources, widgets
from workbench.app.background import Background

POLL = 0.5
"""Seconds between two looks at the progress."""


@dataclass(kw_only=True)
class Build(Background):
    """The building of the demo, shared by all sessions.

    Attributes:
        fault: why it failed, None while all is well.
    """

    folder: Path
    fault: str | None = None

    def start(self) -> None:
        """Build in the background unless that goes on already; what is there of an earlier try is kept."""
        if not self.is_running:
            self.fault = None
            self.begin("starting", self._run)

    def _run(self) -> None:
        from workbench import demo

        try:
            demo.ensure(self.folder, report=self.tell)
        # Whatever goes wrong in the background has to reach the person who waits.
        except Exception as error:  # noqa: BLE001
            self.fault = str(error) or type(error).__name__


@st.cache_resource(max_entries=1, show_spinner=False)
def _build(folder: Path) -> Build:
    return Build(folder=folder)


def folder() -> Path:
    """Where the demo is built."""
    from workbench import demo

    return demo.home() / "demo"


def is_needed() -> bool:
    """Whether there is nothing to show yet: no dataset, or nothing but an unfinished demo."""
    from workbench import demo

    found = list(sources.folders().values())
    return not found or (found == [folder()] and not demo.is_ready(folder()))


def show() -> None:
    """Build the demo and show how far that is; opens the app when it is done."""
    st.header("Welcome")
    st.markdown(
        "A demo is being made on this machine: a small world of drawn postcards, the people who like them, and models "
        "trained on it. Nothing is downloaded, and it happens only once. The reasons behind every like are known, so "
        "explanations can be marked right or wrong."
    )
    build = _build(folder())
    if build.fault is None:
        build.start()
    _progress(build)


@st.fragment(run_every=POLL)
def _progress(build: Build) -> None:
    if build.fault is not None:
        st.error(widgets.text(build.fault), icon=":material/error:")
        st.button("Try again", on_click=build.start, type="primary")
        return
    if not build.is_running:
        st.rerun()
    st.progress(min(max(build.share, 0.0), 1.0), text=build.phase.capitalize())
    st.caption(f"It is kept in {widgets.text(build.folder)}; closing this page does not stop it.")
