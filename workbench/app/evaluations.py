"""Evaluations of runs: those kept on disk, and the missing ones made in the background when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from workbench.app import loading, sources
from workbench.app.background import Background
from workbench.app.sources import Stamped

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.evaluation.comparison import RunComparison
    from workbench.evaluation.result import Evaluation

SPLIT: Final = "test"
Task = Literal["ranking", "popularity"]
POSTS: Final = "posts"
"""The protocol of runs that predict popularity."""


def of(data: Stamped, runs: Sequence[str], protocol: str) -> dict[str, Evaluation]:
    """The kept evaluations among those of runs, by their names.

    Raises:
        DataError: the dataset is broken.
    """
    from workbench.evaluation.kept import kept

    folders = sources.run_folders(Path(data.path))
    fingerprint = loading.dataset(data).fingerprint
    found = {name: kept(folders[name], protocol, SPLIT, fingerprint) for name in runs if name in folders}
    return {name: one for name, one in found.items() if one is not None}


@st.cache_data(max_entries=32, show_spinner="Comparing the runs")
def comparison(data: Stamped, runs: tuple[Stamped, ...], protocol: str, metric: str) -> RunComparison:
    """Runs that have been evaluated beside each other.

    Raises:
        DataError: the dataset is broken.
        ValueError: they cannot be compared.
    """
    from workbench.evaluation.comparison import compare_runs, learned_from

    names = [Path(run.path).name for run in runs]
    counts = learned_from(loading.dataset(data), "posts" if protocol == POSTS else "likes")
    configs = {name: loading.run(run).card.config for name, run in zip(names, runs, strict=True)}
    return compare_runs(of(data, names, protocol), configs, counts, metric)


@dataclass(kw_only=True)
class Job(Background):
    """The making of evaluations, shared by all sessions.

    Attributes:
        faults: why runs could not be evaluated.
    """

    data: Stamped
    protocol: str
    faults: tuple[str, ...] = ()

    def start(self, runs: Sequence[Path]) -> None:
        """Evaluate runs in the background unless that goes on already."""
        if not self.is_running:
            self.faults, data, folders = (), loading.dataset(self.data), list(runs)
            self.begin("opening the models", lambda: self._run(data, folders))

    def _run(self, data: Dataset, runs: list[Path]) -> None:
        from workbench import api
        from workbench.evaluation.kept import keep

        for number, folder in enumerate(runs):

            def tell(done: int, of: int, number: int = number, name: str = folder.name) -> None:
                self.tell(f"evaluating {name}", (number + done / max(of, 1)) / len(runs))

            tell(0, 1)
            try:
                found = api.evaluate(folder, self.protocol, data=data.root, split=SPLIT, progress=tell)
                keep(folder, found, data.fingerprint)
            # Whatever goes wrong in the background has to reach the person who waits, and the other runs go on.
            except Exception as error:  # noqa: BLE001
                self.faults = (*self.faults, f"{folder.name}: {error or type(error).__name__}")
            self.share = (number + 1) / len(runs)


@st.cache_resource(max_entries=16, show_spinner=False)
def job(data: Stamped, protocol: str) -> Job:
    """The job that evaluates runs of a dataset by a protocol."""
    return Job(data=data, protocol=protocol)
