"""A bounded, resumable search for the hyperparameters of a model: every trial is a run, judged on validation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from workbench import api
from workbench.data.dataset import Dataset
from workbench.models import model_class
from workbench.models.base import ERRORS, ModelConfig
from workbench.training.loop import LossError, Progress
from workbench.training.run import CARD, WEIGHTS, Run, write_text

RECORD, BEST = "tuning.json", "best.json"
Report = Callable[[float, str], None]
"""Told how much of the search is done, 0..1, and what is being done."""
LOG = 10.0
"""A range is searched on a logarithmic scale where its ends are at least so many times apart."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both within the search; whole ones where both are whole."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise TuningError(f"the range {self.low:g}..{self.high:g} is empty: write the smaller number first")

    def draw(self, generator: np.random.Generator) -> float:
        """A number of the range with three significant digits, so that what is written down is what was trained."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(generator.integers(self.low, self.high + 1))
        if self.low > 0 and self.high / self.low >= LOG:
            drawn = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
        else:
            drawn = generator.uniform(self.low, self.high)
        return min(max(float(f"{drawn:.3g}"), self.low), self.high)


Space = Mapping[str, Range | Sequence[Any]]
"""By hyperparameter, the range or the values that are tried."""

USUAL: Space = {
    "learning_rate": Range(5e-4, 5e-2),
    "regularisation": Range(1e-5, 1e-1),
    "dropout": (0.0, 0.2, 0.5),
    "neighbours": (20, 50, 100, 200, 400),
    "shrink": (0.0, 5.0, 20.0, 100.0),
}
"""What is searched unless the space is given: those of these that the model has."""


class TuningError(ValueError):
    """A search that cannot start or go on, in one sentence with the remedy."""


class _OutOfTimeError(Exception):
    """The time of the search is used up in the middle of a trial."""


class Trial(BaseModel):
    """One training of the search.

    Attributes:
        number: 0 for the settings the search starts from, without any change.
        settings: what was drawn for it.
        value: the best value of the monitored metric on validation; None if its loss was not finite.
        best_epoch: when it was reached.
        seconds: of training, validations not counted.
        fault: why there is no value.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    settings: dict[str, Any]
    value: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    fault: str = ""


class Tuning(BaseModel):
    """A search and what it found.

    Attributes:
        monitor: the metric, on validation.
        fixed: hyperparameters of the first trial, which the others share as far as the ``space`` does not name them.
        planned: how many trials were asked for.
        trials: those that were begun, in their order.
        best: number of the best trial; None while none is finished.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    dataset: str
    fingerprint: str
    monitor: str
    seed: int
    fixed: dict[str, Any]
    planned: int
    trials: tuple[Trial, ...] = ()
    best: int | None = None


def tune(
    model: str,
    data: str | Path,
    out: str | Path,
    *,
    space: Space | None = None,
    fixed: Mapping[str, Any] | None = None,
    trials: int = 20,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    report: Report | None = None,
) -> Tuning:
    """Train a model with settings drawn at random and keep the best of them, by the metric its config monitors.

    The first trial has the settings the search starts from, so what is found is never worse on validation. Trials
    depend on ``seed``, ``space`` and their number alone: a search that was interrupted, or whose time was up, goes on
    where it was, and one with more ``trials`` begins with those of a shorter one. All train with the same seed. Every
    trial is a run folder ``out/trial-003``; of all but the best only the card is kept. ``out/best.json`` holds the
    settings for ``train --config``.

    Args:
        model: name of the model.
        data: the dataset folder.
        out: folder of the search.
        space: what is tried; if left out, what of ``USUAL`` is not fixed.
        fixed: hyperparameters of the first trial, which the others share as far as the ``space`` does not name them.
        trials: how many, the first one included.
        minutes: after which no training goes on, an epoch apart; no limit if left out.
        seed: of the draws and of every training.
        device: auto, cpu or cuda.
        report: told about the progress.

    Raises:
        TuningError: the folder holds another search, a hyperparameter is unknown, or the time ends before any trial.
        DataError: the dataset is broken or lacks what the model needs.
    """
    kind, folder, fixed = model_class(model).Config, Path(out), dict(fixed or {})
    start = _config(model, kind, fixed)
    drawn = [{}, *_draws(model, kind, space, fixed, trials - 1, seed)]
    configs = [_config(model, kind, fixed | settings) for settings in drawn]
    dataset = Dataset.open(data)
    tuning = Tuning(
        model=model,
        dataset=dataset.name,
        fingerprint=dataset.fingerprint,
        monitor=start.monitor,
        seed=seed,
        fixed={name: start.model_dump(mode="json")[name] for name in fixed},
        planned=trials,
    )
    folder.mkdir(parents=True, exist_ok=True)
    _check_same(folder, tuning, configs)
    end = None if minutes is None else time.monotonic() + 60 * minutes
    for number, (settings, config) in enumerate(zip(drawn, configs, strict=True)):
        if end is not None and time.monotonic() >= end:
            break
        try:
            trial = _trial(
                number, settings, config, tuning, Path(data), folder, device, _within(report, trials, number, end)
            )
        except _OutOfTimeError:
            break
        tuning = _added(tuning, trial, folder)
    if tuning.best is None:
        raise TuningError(
            f"no trial of {model} has ended in {minutes:g} minutes: give the search more time; it goes on where it was"
        )
    return tuning


def _config(model: str, kind: type[ModelConfig], values: Mapping[str, Any]) -> ModelConfig:
    try:
        return kind(**values)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = f"{first['loc'][0]}={first['input']} is wrong for {model}: " if first["loc"] else f"{model}: "
        raise TuningError(where + first["msg"].removeprefix("Value error, ")) from None


def _draws(
    model: str, kind: type[ModelConfig], space: Space | None, fixed: Mapping[str, Any], count: int, seed: int
) -> list[dict[str, Any]]:
    """The settings of the trials after the first."""
    if count < 0:
        raise TuningError("a search without trials finds nothing: ask for one or more")
    known = kind.model_fields
    for name in space or ():
        if name not in known:
            raise TuningError(f"{model} has no hyperparameter '{name}'; it has {', '.join(sorted(known))}")
    chosen = {name: values for name, values in USUAL.items() if name in known and name not in fixed}
    chosen = chosen if space is None else dict(space)
    if not chosen and count:
        raise TuningError(f"{model} has none of {', '.join(USUAL)} left to search: name what to try with --search")
    sizes = [math.inf if isinstance(values, Range) else len(values) for values in chosen.values()]
    generator, found = np.random.default_rng(seed), list[dict[str, Any]]()
    while len(found) < min(count, math.prod(sizes)):
        settings = {name: _drawn(values, generator) for name, values in sorted(chosen.items())}
        if settings not in found:
            found.append(settings)
    return found


def _drawn(values: Range | Sequence[Any], generator: np.random.Generator) -> Any:
    return values.draw(generator) if isinstance(values, Range) else values[int(generator.integers(len(values)))]


def _check_same(folder: Path, tuning: Tuning, configs: Sequence[ModelConfig]) -> None:
    """Refuse a folder that holds another search."""
    if not (folder / RECORD).is_file():
        return
    try:
        there = Tuning.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
    except ValueError:
        raise TuningError(f"{folder / RECORD} cannot be read: choose another --out, or remove it") from None
    same = ("model", "fingerprint", "monitor", "seed", "fixed")
    fits = all(getattr(there, name) == getattr(tuning, name) for name in same)
    kind = model_class(tuning.model).Config
    for trial, config in zip(there.trials, configs, strict=False):
        fits = fits and kind(**tuning.fixed | trial.settings) == config
    if not fits:
        raise TuningError(
            f"{folder} holds a search of other settings, data or space: choose another --out, or remove it"
        )


def _within(report: Report | None, trials: int, number: int, end: float | None) -> Callable[[Progress], None]:
    """Passes the epochs of a trial on, and ends it when the time is up."""

    def tell(progress: Progress) -> None:
        if report is not None:
            done = (number + progress.epoch.epoch / progress.epochs) / trials
            report(min(done, 1.0), f"trial {number + 1} of {trials}: epoch {progress.epoch.epoch}")
        if end is not None and time.monotonic() >= end and progress.epoch.epoch < progress.epochs:
            raise _OutOfTimeError

    return tell


def _trial(
    number: int,
    settings: dict[str, Any],
    config: ModelConfig,
    tuning: Tuning,
    data: Path,
    folder: Path,
    device: str,
    report: Callable[[Progress], None],
) -> Trial:
    """A trial that is finished: the one that is there, perhaps after it went on, or a new one."""
    out = folder / f"trial-{number:03}"
    begun = (out / CARD).is_file()
    try:
        if not (begun and Run.open(out).card.finished):
            api.train(
                tuning.model,
                data,
                out,
                seed=tuning.seed,
                device=device,
                resume=begun,
                report=report,
                **config.model_dump(),
            )
    except LossError as fault:
        # Rates that are too high are part of a search.
        return Trial(number=number, settings=settings, fault=str(fault))
    card = Run.open(out).card
    if tuning.monitor not in card.metrics:
        raise TuningError(f"{tuning.model} is not validated in '{tuning.monitor}'; it has {', '.join(card.metrics)}")
    return Trial(
        number=number,
        settings=settings,
        value=card.metrics[tuning.monitor],
        best_epoch=card.best_epoch,
        seconds=sum(epoch.seconds for epoch in card.history),
    )


def _added(tuning: Tuning, trial: Trial, folder: Path) -> Tuning:
    """The search with one more trial, written down; the weights of what is not the best are dropped."""
    trials = (*tuning.trials, trial)
    sign = -1 if tuning.monitor in ERRORS else 1
    ended = [one for one in trials if one.value is not None]
    best = max(ended, key=lambda one: sign * (one.value or 0), default=None)
    found = tuning.model_copy(update={"trials": trials, "best": None if best is None else best.number})
    if best is not None:
        settings = {**tuning.fixed, **best.settings}
        write_text(folder / BEST, model_class(tuning.model).Config(**settings).model_dump_json(indent=1))
    write_text(folder / RECORD, found.model_dump_json(indent=1))
    for one in trials:
        if best is None or one.number != best.number:
            (folder / f"trial-{one.number:03}" / WEIGHTS).unlink(missing_ok=True)
    return found
