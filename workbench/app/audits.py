"""Audits of runs: the finished ones found again without computing, and one at a time made in the background."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from workbench.app import loading, sources
from workbench.app.background import Background
from workbench.app.sources import Stamped

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.explain.audit.result import Audit


def kept(data: Stamped, run: Path) -> Audit | None:
    """The newest finished audit of a run's parameters over a dataset; None without any.

    Raises:
        DataError: the dataset is broken.
    """
    audits = sources.stamp_audits(run)
    return None if audits is None else _newest(data, sources.stamp_run(run), audits)


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
    found = (kept(data, folder) for folder in sources.run_folders(Path(data.path)).values())
    return [audit for audit in found if audit is not None]


@dataclass(kw_only=True)
class Job(Background):
    """The making of an audit, shared by all sessions.

    Attributes:
        fault: why it failed, None while all is well.
    """

    data: Stamped
    run: Stamped
    fault: str | None = None

    def start(self, pairs: int) -> None:
        """Audit in the background unless that goes on already; parts of an earlier try are used again."""
        if not self.is_running:
            self.fault, data = None, loading.dataset(self.data)
            self.begin("opening the model", lambda: self._run(data, pairs))

    def _run(self, data: Dataset, pairs: int) -> None:
        from workbench.explain.audit.run import Plan, audit
        from workbench.explain.explainer import Explainer
        from workbench.training.run import Run

        try:
            # An audit makes parameters random for a while, so it opens a model of its own.
            run = Run.open(self.run.path)
            audit(Explainer.open(run, data), run.path, Plan(pairs=pairs), lambda share, phase: self.tell(phase, share))
        # Whatever goes wrong in the background has to reach the person who waits.
        except Exception as error:  # noqa: BLE001
            self.fault = str(error) or type(error).__name__


@st.cache_resource(max_entries=16, show_spinner=False)
def job(data: Stamped, run: Stamped) -> Job:
    """The job that audits a run over a dataset."""
    return Job(data=data, run=run)
