"""The command that trains a model."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import ValidationError

from workbench.commands.terminal import Lines, StoppedError, Tell, progress, screen

if TYPE_CHECKING:
    from workbench.models.base import ModelConfig
    from workbench.training.loop import Progress


@dataclass
class EpochReport:
    """Passes the end of every epoch on to a progress bar.

    Attributes:
        model: name of the model.
        tell: the bar.
    """

    model: str
    tell: Tell

    def __call__(self, progress: Progress) -> None:
        """Say which epoch ended, its loss and its validation."""
        epoch = progress.epoch
        metrics = "".join(f", {name} {value:.4f}" for name, value in epoch.validation.items())
        loss = "" if epoch.loss is None else f", loss {epoch.loss:.4f}"
        message = f"{self.model}: epoch {epoch.epoch} of {progress.epochs}{loss}{metrics}"
        self.tell(epoch.epoch / progress.epochs, message)


def train(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model; see 'workbench models'.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Run folder to write.")],
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Dataset folder; with --resume by default the run's own.")
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Hyperparameters, a .json or .toml file.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One hyperparameter, over those of FILE; lists as a,b,c."),
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    devices: Annotated[int, typer.Option(min=1, metavar="N", help="Processes, one on each device.")] = 1,
    precision: Annotated[
        Literal["32-true", "bf16-mixed", "16-mixed"], typer.Option(help="Precision of the arithmetic.")
    ] = "32-true",
    seed: Annotated[int, typer.Option(help="Seed of all that is random.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last complete epoch of RUN.")] = False,
) -> None:
    """Train a model on a dataset into a run folder."""
    from workbench import api
    from workbench.training.run import Run

    if resume and (config or settings):
        raise typer.BadParameter("a resumed run keeps its hyperparameters; leave --config and --set out")
    if data is None and not resume:
        raise typer.BadParameter("say which dataset to train on with --data DATA")
    values = values_of(model, config, settings or ())
    folder = data or Run.open(out).open_dataset().root
    try:
        with progress(f"training {model}") if devices == 1 else nullcontext(Lines(f"training {model}")) as tell:
            run = api.train(
                model,
                folder,
                out,
                seed=seed,
                device=device,
                devices=devices,
                precision=precision,
                resume=resume,
                report=EpochReport(model, tell),
                **values,
            )
    except KeyboardInterrupt:
        again = f"workbench train {model} --data {folder} --out {out} --resume"
        raise StoppedError(f"Stopped; go on from the last complete epoch with: {again}") from None
    card = run.card
    metrics = ", ".join(f"{name} {value:.4f}" for name, value in card.metrics.items())
    screen.print(f"{out}: best epoch {card.best_epoch} of {len(card.history)}, validation {metrics}")


def values_of(model: str, file: Path | None, settings: Sequence[str]) -> dict[str, Any]:
    """The hyperparameters given, of the types the model wants.

    Raises:
        BadParameter: there is no such model, file or hyperparameter, or a value is wrong.
    """
    from workbench.models import model_class

    try:
        kind = model_class(model).Config
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="MODEL") from None
    values = _read(file) if file else {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise typer.BadParameter(f"'{setting}' is not of the form key=value", param_hint="--set")
        values[name] = _value(kind, name, text)
    try:
        return kind(**values).model_dump(include=set(values))
    except ValidationError as fault:
        raise typer.BadParameter(_wrong(model, kind, fault)) from None


def _value(kind: type[ModelConfig], name: str, text: str) -> object:
    """A hyperparameter as typed: ``none`` where it may be left open, a list where it is one, else as it stands."""
    field = kind.model_fields.get(name)
    if field is None:
        return text
    if text == "none" and NoneType in get_args(field.annotation):
        return None
    if get_origin(field.annotation) in (tuple, list):
        return text.split(",") if text else []
    return text


def _wrong(model: str, kind: type[ModelConfig], fault: ValidationError) -> str:
    """The first fault of the hyperparameters, in one sentence."""
    first = fault.errors()[0]
    if not first["loc"]:
        return f"{model}: {first['msg'].removeprefix('Value error, ')}"
    name = str(first["loc"][0])
    if name not in kind.model_fields:
        return f"{model} has no hyperparameter '{name}'; it has {', '.join(sorted(kind.model_fields))}"
    return f"{name}={first['input']} is wrong for {model}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _read(file: Path) -> dict[str, Any]:
    """The hyperparameters in a file.

    Raises:
        BadParameter: it is not there, or is neither JSON nor TOML with names at its top.
    """
    try:
        text = file.read_text(encoding="utf-8")
        values = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as fault:
        raise typer.BadParameter(f"{file} cannot be read ({fault})", param_hint="--config") from None
    if not isinstance(values, dict):
        raise typer.BadParameter(f"{file} must hold hyperparameters by name", param_hint="--config")
    return values
