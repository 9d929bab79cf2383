"""Trainings of a dataset's models, as the pages show them: what there is, and the form of hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from workbench.app import sources
from workbench.jobs import job as jobs
from workbench.jobs.job import Job, State

if TYPE_CHECKING:
    from workbench.evaluation.learning import LearningCurve
    from workbench.jobs.settings import Field
    from workbench.training.run import RunCard

SIGNS: Final[dict[str, tuple[str, str]]] = {
    "running": ("green", "running"),
    "finished": ("blue", "finished"),
    "stopped": ("orange", "stopped"),
    "failed": ("red", "failed"),
    "broken off": ("red", "broken off"),
    "not finished": ("orange", "not finished"),
}
"""Colour and words of every state."""
SHOWN: Final = 6
"""Hyperparameters in sight before all the others."""


@dataclass(frozen=True)
class Training:
    """A run folder with the last job in it.

    Attributes:
        folder: the run folder.
        card: what the run says of itself, None before its first word.
        job: the process that trains it or did; None for a run of the command line.
        state: how it stands.
    """

    folder: Path
    card: RunCard | None
    job: Job | None
    state: str

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.name

    @property
    def model(self) -> str:
        """Name of the model."""
        if self.card is not None:
            return self.card.model
        return self.job.model if self.job else ""

    @property
    def curve(self) -> LearningCurve | None:
        """How it went so far."""
        from workbench.evaluation.learning import LearningCurve

        return None if self.card is None else LearningCurve.of(self.name, self.card)


def every(data: Path) -> list[Training]:
    """The trainings of a dataset: those at work first, then by the time of their last word, the latest first."""
    folder = sources.runs_folder(data)
    found = [_training(folder / name) for name in jobs.names(folder)]
    return sorted(found, key=lambda one: (one.state != "running", -_touched(one.folder), one.name))


def one(data: Path, name: str) -> Training:
    """The training of a run of a dataset."""
    return _training(sources.runs_folder(data) / name)


def _training(folder: Path) -> Training:
    from workbench.training.run import Run, RunError

    # Asked first: what a process writes last is then read.
    state: State | str | None = jobs.state_of(folder)
    try:
        card: RunCard | None = Run.open(folder).card
    except RunError:
        card = None
    if state != "running" and card is not None and card.finished:
        state = "finished"
    return Training(folder, card, jobs.job_of(folder), state or "not finished")


def _touched(folder: Path) -> float:
    times = [file.stat().st_mtime for name in (jobs.CARD, jobs.FILE) if (file := folder / name).is_file()]
    return max(times, default=0.0)


def free_name(data: Path, model: str) -> str:
    """A name that no run has yet: that of the model, with a number where it is taken."""
    folder = sources.runs_folder(data)
    names = (model if number == 1 else f"{model}-{number}" for number in range(1, 1_000_000))
    return next(name for name in names if not (folder / name).exists())


def fault_of_name(data: Path, name: str) -> str | None:
    """Why a run cannot be called so, in a sentence; None where it can."""
    if not name or name.startswith(".") or not all(sign.isalnum() or sign in "._-" for sign in name) or len(name) > 80:
        return "The name of a run is made of letters, digits, dots, hyphens and underscores, 80 at most."
    if (sources.runs_folder(data) / name).exists():
        return f"There is a run {name} already: choose another name, or delete that run first."
    return None


def form(model: str, every_field: Sequence[Field]) -> dict[str, Any]:
    """The hyperparameters of a model to change, the common ones in sight; the chosen values by name."""
    values = _grid(model, every_field[:SHOWN])
    with st.expander(f"All hyperparameters of {model} ({len(every_field)})"):
        values |= _grid(model, every_field[SHOWN:])
    return values


def _grid(model: str, some: Sequence[Field]) -> dict[str, Any]:
    grid, values = st.grid(3, min_column_width=200), {}
    for field in some:
        with grid.cell():
            values[field.name] = _input(model, field)
    return values


def _input(model: str, field: Field) -> Any:
    key, label = f"set-{model}-{field.name}", field.name.replace("_", " ")
    words = field.help.replace("``", "`") or None
    if field.kind == "switch":
        return st.toggle(label, field.default, key=key, help=words)
    if field.kind == "choice":
        return st.selectbox(label, field.options, field.options.index(field.default), key=key, help=words)
    if field.kind == "choices":
        return tuple(st.multiselect(label, field.options, list(field.default), key=key, help=words))
    if field.kind == "text":
        typed = st.text_input(label, field.default or "", key=key, help=words)
        return typed or (None if field.optional else "")
    whole = field.kind == "whole"
    number = st.number_input(
        label,
        value=field.default,
        step=1 if whole else None,
        format="%d" if whole else "%g",
        placeholder="left open" if field.optional else None,
        key=key,
        help=words,
    )
    return int(number) if whole and number is not None else number
