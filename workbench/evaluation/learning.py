"""How trainings went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from workbench.training.run import RunCard

Number = float | None


class LearningCurve(BaseModel):
    """How one training went.

    Attributes:
        run: its name; ``model`` the name of its model.
        epochs: (E,) numbers of the epochs.
        loss: (E,) mean training loss; None for a model that is fitted at once.
        validation: by metric, (E,) its value, None in epochs without a validation.
        best: the epoch whose parameters are kept, 0 before there is one.
        planned: how many epochs it was to have at most.
        monitor: the metric it stops by.
        seconds: of the epochs so far.
        finished: whether the training is complete.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    model: str
    epochs: tuple[int, ...]
    loss: tuple[Number, ...]
    validation: dict[str, tuple[Number, ...]]
    best: int
    planned: int
    monitor: str
    seconds: float
    finished: bool

    @classmethod
    def of(cls, run: str, card: RunCard) -> LearningCurve:
        """The curve a run's card holds."""
        names = dict.fromkeys(name for epoch in card.history for name in epoch.validation)
        return cls(
            run=run,
            model=card.model,
            epochs=tuple(epoch.epoch for epoch in card.history),
            loss=tuple(epoch.loss for epoch in card.history),
            validation={name: tuple(epoch.validation.get(name) for epoch in card.history) for name in names},
            best=card.best_epoch,
            planned=card.config.get("epochs", len(card.history)),
            monitor=card.config.get("monitor", ""),
            seconds=sum(epoch.seconds for epoch in card.history),
            finished=card.finished,
        )

    @property
    def done(self) -> float:
        """Share (0..1) of the planned epochs that are done."""
        return 1.0 if self.finished else min(len(self.epochs) / max(self.planned, 1), 1.0)

    @property
    def remaining(self) -> Number:
        """Seconds until the last planned epoch if none is left out; None before the first."""
        if not self.epochs:
            return None
        return self.seconds / len(self.epochs) * max(self.planned - len(self.epochs), 0)

    def at_best(self, metric: str) -> Number:
        """A metric at the epoch that is kept."""
        values = dict(zip(self.epochs, self.validation.get(metric, ()), strict=False))
        return values.get(self.best)


class LearningCurves(BaseModel):
    """Trainings beside each other.

    Attributes:
        runs: their curves.
    """

    model_config = ConfigDict(frozen=True)

    runs: tuple[LearningCurve, ...]

    @classmethod
    def of(cls, cards: Mapping[str, RunCard]) -> LearningCurves:
        """The curves of runs, by their names."""
        return cls(runs=tuple(LearningCurve.of(name, card) for name, card in cards.items()))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The validation metrics of any of them; those that one stops by come first."""
        known = list(dict.fromkeys(name for run in self.runs for name in run.validation))
        watched = dict.fromkeys(run.monitor for run in self.runs if run.monitor in known)
        return tuple(dict.fromkeys([*watched, *known]))

    def rows(self) -> list[dict[str, object]]:
        """A row for each epoch of each run."""
        return [dict(self._head(run, place)) | _values(run, self.metrics, place) for run, place in self._places()]

    def _places(self) -> Iterable[tuple[LearningCurve, int]]:
        return ((run, place) for run in self.runs for place in range(len(run.epochs)))

    def _head(self, run: LearningCurve, place: int) -> dict[str, object]:
        epoch = run.epochs[place]
        return {"run": run.run, "model": run.model, "epoch": epoch, "kept": epoch == run.best, "loss": run.loss[place]}


def _values(run: LearningCurve, metrics: Iterable[str], place: int) -> dict[str, object]:
    return {name: run.validation[name][place] if name in run.validation else None for name in metrics}
