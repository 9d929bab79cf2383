"""A paper's table with our numbers beside it: train every row, evaluate it, test what the paper claims of the rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import SPLITS
from workbench.evaluation.reproduction import Reproduction, claim_result, row_result
from workbench.evaluation.result import Estimate, Evaluation
from workbench.evaluation.tables import ENOUGH, SECONDS, TABLES, PaperTable, Row
from workbench.models import model_class
from workbench.models.base import ModelConfig
from workbench.training.loop import Progress
from workbench.training.run import CARD, Run

GROUPS = 5
"""Groups of users by how much is known of them, in which every row is measured as well."""
Report = Callable[[float, str], None]
"""Told how much of all trainings is done, 0..1, and what is being done."""


class ReproductionError(ValueError):
    """What was asked for cannot be reproduced, in one sentence with the remedy."""


@dataclass(frozen=True)
class _Entry:
    """A row with all its hyperparameters."""

    row: Row
    config: ModelConfig


@dataclass(frozen=True)
class _Job:
    """One training of a row, into ``out``."""

    row: Row
    config: ModelConfig
    seed: int
    out: Path


def reproduce(
    table: str,
    data: str | Path,
    *,
    seeds: int = 3,
    rows: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    report: Report | None = None,
) -> Reproduction:
    """Train and evaluate the rows of a paper's table on a dataset folder, and test the paper's claims.

    All that the rows need is checked before the first one is trained.

    Args:
        table: name of the table, see ``workbench.evaluation.tables.TABLES``.
        data: the dataset folder.
        seeds: trainings of each row, with the seeds 0, 1, ...; models that are fitted at once need only one.
        rows: keys of the rows; all if left out.
        settings: hyperparameters for all rows that have them, over those of the table.
        out: folder that keeps the runs, where finished ones are used again and others go on; else they are dropped.
        device: auto, cpu or cuda.
        report: told about the progress of all trainings.

    Raises:
        ReproductionError: there is no such table, row or hyperparameter, or ``out`` holds other runs.
        DataError: the dataset is broken or lacks what a row needs.
        TrainingError: the device is missing or a loss is not finite.
    """
    if table not in TABLES:
        raise ReproductionError(f"there is no table '{table}'; choose one of {', '.join(TABLES)}")
    if seeds < 1:
        raise ReproductionError(f"{seeds} seeds train nothing: take one or more")
    chosen, dataset, settings = TABLES[table], Dataset.open(data), dict(settings or {})
    entries = _entries(chosen, rows, dataset, settings)
    found: dict[str, list[Evaluation]] = {entry.row.key: [] for entry in entries}
    with _runs(out) as folder:
        jobs = [
            _Job(entry.row, entry.config, seed, folder / f"{entry.row.key}-{seed}")
            for entry in entries
            for seed in range(1 if model_class(entry.row.model).at_once else seeds)
        ]
        _check_data(chosen, entries, dataset)
        _check_runs(jobs, dataset)
        for number, job in enumerate(jobs):
            run = _trained(job, dataset.root, device, _within(report, number, len(jobs), job))
            found[job.row.key].append(_evaluated(chosen, run, dataset.root))
    return Reproduction(
        table=chosen.name,
        title=chosen.title,
        dataset=dataset.name,
        metric=chosen.main,
        rows=tuple(row_result(chosen, entry.row, entry.config, found[entry.row.key]) for entry in entries),
        claims=tuple(
            claim_result(chosen, claim, metric, found)
            for claim in chosen.claims
            if claim.better in found and claim.worse in found
            for metric in claim.metrics
        ),
        protocol=f"Published: {chosen.published_protocol} Ours: {chosen.our_protocol}",
        note=_note(chosen, dataset, settings),
    )


def _entries(table: PaperTable, keys: Sequence[str] | None, dataset: Dataset, settings: dict[str, Any]) -> list[_Entry]:
    """The rows asked for with their hyperparameters, in the order of the table."""
    known = [row.key for row in table.rows]
    for key in keys or ():
        if key not in known:
            raise ReproductionError(f"table {table.name} has no row '{key}'; it has {', '.join(known)}")
    rows = [row for row in table.rows if (_feasible(row, dataset) if keys is None else row.key in keys)]
    for name in settings:
        having = [row for row in rows if name in model_class(row.model).Config.model_fields]
        if not having:
            raise ReproductionError(f"no row asked for has a hyperparameter '{name}'")
        for row in [row for row in having if name not in row.keeps] or having:
            if name in row.settings:
                raise ReproductionError(f"'{name}' is what makes the row {row.key}: it cannot be set, leave it out")
    sizes = table.small if _learned_from(table, dataset) < ENOUGH else table.full
    return [_Entry(row, _config(row, {**sizes[row.model], **row.settings}, _given(row, settings))) for row in rows]


def _given(row: Row, settings: dict[str, Any]) -> dict[str, Any]:
    """The ``settings`` but those that the row keeps as its own."""
    return {name: value for name, value in settings.items() if name not in row.keeps}


def _feasible(row: Row, dataset: Dataset) -> bool:
    """Whether a row has the pictures it reads, or reads none."""
    return not row.pictures or "image" in dataset.table("items")


def _config(row: Row, own: dict[str, Any], settings: dict[str, Any]) -> ModelConfig:
    """The hyperparameters of a row: its ``own``, and over them those of the ``settings`` that its model has."""
    kind = model_class(row.model).Config
    try:
        return kind(**own | {name: value for name, value in settings.items() if name in kind.model_fields})
    except ValidationError as fault:
        first = fault.errors()[0]
        where = f"{first['loc'][0]}={first['input']} is wrong: " if first["loc"] else ""
        raise ReproductionError(f"row {row.key}: {where}{first['msg'].removeprefix('Value error, ')}") from None


def _learned_from(table: PaperTable, dataset: Dataset) -> int:
    """Number of training likes, or posts."""
    return len((dataset.likes if table.task == "ranking" else dataset.posts)("train")[0])


@contextmanager
def _runs(out: str | Path | None) -> Iterator[Path]:
    """The folder of the runs; one that vanishes unless ``out`` says where to keep them."""
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        yield Path(folder)


def _check_data(table: PaperTable, entries: Sequence[_Entry], dataset: Dataset) -> None:
    """Refuse a dataset without the splits or features that a training would miss hours later."""
    held, what = (dataset.likes, "likes") if table.task == "ranking" else (dataset.posts, "posts")
    for split in SPLITS:
        if not len(held(split)[0]):
            raise DataError(
                f"{dataset.root} has no {split} {what}, which table {table.name} needs: fill the column split of "
                f"{what}.parquet, or leave it out"
            )
    for entry in entries:
        # Nothing knows better what a model needs than the model.
        model_class(entry.row.model)(entry.config, dataset)


def _check_runs(jobs: Sequence[_Job], dataset: Dataset) -> None:
    """Refuse folders that hold other runs."""
    for job in jobs:
        if not (job.out / CARD).is_file():
            continue
        run = Run.open(job.out)
        same = (run.card.model, run.card.seed, run.card.fingerprint) == (job.row.model, job.seed, dataset.fingerprint)
        if not same or run.config() != job.config:
            raise ReproductionError(
                f"{job.out} holds a run of other settings or data than row {job.row.key} has now: choose another "
                "--out, or remove it"
            )


def _within(report: Report | None, number: int, jobs: int, job: _Job) -> Callable[[Progress], None]:
    """Passes the epochs of one of several trainings on."""

    def tell(progress: Progress) -> None:
        if report is not None:
            done = (number + progress.epoch.epoch / progress.epochs) / jobs
            told = f"{job.row.label}, seed {job.seed} ({number + 1} of {jobs}): epoch {progress.epoch.epoch}"
            report(done, told)

    return tell


def _trained(job: _Job, data: Path, device: str, report: Callable[[Progress], None]) -> Run:
    """The finished run of a job: the one that is there, perhaps after it went on, or a new one."""
    begun = (job.out / CARD).is_file()
    if begun and Run.open(job.out).card.finished:
        return Run.open(job.out)
    return api.train(
        job.row.model,
        data,
        job.out,
        seed=job.seed,
        device=device,
        resume=begun,
        report=report,
        **job.config.model_dump(),
    )


def _evaluated(table: PaperTable, run: Run, data: Path) -> Evaluation:
    """The metrics of a table by the names they have there, whichever protocol each is measured under."""
    found: list[Evaluation] = []
    metrics: dict[str, Estimate] = {}
    per_user: dict[str, NDArray[np.float64]] = {}
    for mark, protocol in table.protocols.items():
        names = table.measured(mark)
        wanted = {} if table.task == "popularity" else {"metrics": tuple(names), "ks": ()}
        found.append(api.evaluate(run, protocol, data=data, groups=GROUPS if not found else 0, **wanted))
        metrics |= {name: found[-1].metrics[metric] for metric, name in names.items()}
        per_user |= {names[metric]: values for metric, values in found[-1].per_user.items()}
    told: dict[str, Any] = {"metrics": metrics, "per_user": per_user}
    if SECONDS in table.metrics:
        metrics[SECONDS] = Estimate(mean=sum(epoch.seconds for epoch in run.card.history), sd=None)
        told["groups"] = ()  # A training is of all users.
    return found[0].model_copy(update=told)


def _note(table: PaperTable, dataset: Dataset, settings: dict[str, Any]) -> str:
    """Which settings were chosen and why, and how to read the table."""
    what, count = "likes" if table.task == "ranking" else "posts", _learned_from(table, dataset)
    small = count < ENOUGH
    sizes = "smaller settings than the paper's" if small else "the paper's sizes"
    why = f"{'fewer' if small else 'no fewer'} than {ENOUGH:,}"
    left_out = [row.label for row in table.rows if not _feasible(row, dataset)]
    pictures = f" Without pictures in {dataset.name}: no row {', '.join(left_out)}." if left_out else ""
    over = "; set for all rows that have it: " + ", ".join(f"{k}={v}" for k, v in settings.items()) if settings else ""
    kept = [row.key for row in table.rows if any(name in settings for name in row.keeps)]
    over += f" (not for {', '.join(kept)})" if kept else ""
    return (
        f"Trained with {sizes}, because {dataset.name} has {count:,} training {what}, {why}{over}. Published values "
        "are of other data: compare which row is better, not the values. Models that are fitted at once have one seed."
        f"{pictures}"
    )
