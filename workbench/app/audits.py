"""Audits of runs: the finished ones found again without computing, and one at a time made in the background."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import streamlit as st

from workbench.app import loading, widgets
from workbench.app.loading import Stamped

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.explain.audit.result import Audit

POLL = 1.0
"""Seconds between two looks at the progress."""


def kept(data: Stamped, run: Path) -> Audit | None:
    """The newest finished audit of a run's parameters over a dataset; None without any.

    Raises:
        DataError: the dataset is broken.
    """
    audits = loading.stamp_audits(run)
    return None if audits is None else _newest(data, loading.stamp_run(run), audits)


@st.cache_data(max_entries=64, show_spinner=False)
def _newest(data: Stamped, run: Stamped, audits: Stamped) -> Audit | None:
    from workbench.explain.audit.kept import newest

    return newest(Path(audits.path), _parameters(run), loading.dataset(data).fingerprint)


@st.cache_data(max_entries=64, show_spinner=False)
def _parameters(run: Stamped) -> str:
    """Digest of a run's parameters; "" where they cannot be read: no audit is of those, opening the run says why."""
    from safetensors import SafetensorError

    from workbench.explain.audit.kept import parameters_of

    try:
        return parameters_of(Path(run.path))
    except (OSError, SafetensorError):
        return ""


def of_every_run(data: Stamped) -> list[Audit]:
    """The audits of all runs of a dataset that have one.

    Raises:
        DataError: the dataset is broken.
    """
    found = (kept(data, folder) for folder in loading.run_folders(Path(data.path)).values())
    return [audit for audit in found if audit is not None]


@dataclass
class Job:
    """The making of an audit, shared by all sessions.

    Attributes:
        phase: what is being done, in a few words.
        share: how much of it all is done, 0..1.
        fault: why it failed, None while all is well.
    """

    data: Stamped
    run: Stamped
    phase: str = "starting"
    share: float = 0.0
    fault: str | None = None
    thread: Thread | None = None

    def start(self, pairs: int) -> None:
        """Audit in the background unless that goes on already; parts of an earlier try are used again."""
        if not self.is_running:
            self.fault, self.share, self.phase = None, 0.0, "opening the model"
            data = loading.dataset(self.data)
            self.thread = Thread(target=self._run, args=(data, pairs), name="audit", daemon=True)
            self.thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.thread is not None and self.thread.is_alive()

    def _run(self, data: Dataset, pairs: int) -> None:
        from workbench.explain.audit.run import Plan, audit
        from workbench.explain.explainer import Explainer
        from workbench.training.run import Run

        try:
            # An audit makes parameters random for a while, so it opens a model of its own.
            run = Run.open(self.run.path)
            audit(Explainer.open(run, data), run.path, Plan(pairs=pairs), self._tell)
        # Whatever goes wrong in the background has to reach the person who waits.
        except Exception as error:  # noqa: BLE001
            self.fault = str(error) or type(error).__name__

    def _tell(self, share: float, phase: str) -> None:
        self.share, self.phase = share, phase


@st.cache_resource(max_entries=16, show_spinner=False)
def job(data: Stamped, run: Stamped) -> Job:
    """The job that audits a run over a dataset."""
    return Job(data, run)


@st.fragment(run_every=POLL)
def progress(running: Job) -> None:
    """How far a job is; the page is drawn again when it ends."""
    if not running.is_running:
        st.rerun()
    st.progress(running.share, text=widgets.text(running.phase.capitalize()))
    st.caption("Closing this page does not stop it, and what is done is kept.")
