"""The command that searches for the hyperparameters of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from workbench.commands.terminal import JsonOption, StoppedError, progress, screen, table
from workbench.commands.training import values_of

if TYPE_CHECKING:
    from workbench.models.base import ModelConfig
    from workbench.tuning import Range, Tuning


def tune(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model; see 'workbench models'.")],
    data: Annotated[Path, typer.Option(metavar="DATA", help="Dataset folder to train and validate on.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the search; the same command goes on with it.")],
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="KEY=VALUES",
            help="A hyperparameter to search: a list as 16,32,64, or a range as 0.001..0.05 (logarithmic where its "
            "ends are ten times apart). By default rate, regulariser, dropout, neighbours, where the model has them.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="One hyperparameter for all trials, or, where it is searched, for the first; lists as a,b,c.",
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, metavar="N", help="Trainings; the first one has the settings as they are.")
    ] = 20,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, metavar="M", help="Time after which no training goes on.")
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the draws and of every training.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Train a model with many settings and write down the best of them on validation, for 'train --config'."""
    from workbench.models import model_class
    from workbench.tuning import TuningError
    from workbench.tuning import tune as run

    fixed = values_of(model, None, settings or ())
    kind = model_class(model).Config
    space = None if search is None else dict(_searched(model, kind, text) for text in search)
    try:
        with progress(f"tuning {model}") as tell:
            found = run(
                model,
                data,
                out,
                space=space,
                fixed=fixed,
                trials=trials,
                minutes=minutes,
                seed=seed,
                device=device,
                report=tell,
            )
    except TuningError as fault:
        raise typer.BadParameter(str(fault)) from None
    except KeyboardInterrupt:
        raise StoppedError("Stopped; the same command goes on from the last complete epoch.") from None
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show(found, out)


def _searched(model: str, kind: type[ModelConfig], text: str) -> tuple[str, Range | list[Any]]:
    """A hyperparameter and what is tried of it, every value checked.

    Raises:
        BadParameter: it is not of the form, or the model cannot have such values.
    """
    from workbench.tuning import Range, TuningError

    name, equals, listed = text.partition("=")
    if not equals or not listed:
        raise typer.BadParameter(f"'{text}' is not of the form key=a,b,c or key=low..high", param_hint="--search")
    if ".." not in listed:
        return name, [values_of(model, None, [f"{name}={value}"])[name] for value in listed.split(",")]
    ends = [values_of(model, None, [f"{name}={end}"])[name] for end in listed.split("..", 1)]
    if not all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends):
        raise typer.BadParameter(f"{name} of {model} is no number: list its values", param_hint="--search")
    try:
        return name, Range(*ends)
    except TuningError as fault:
        raise typer.BadParameter(str(fault), param_hint="--search") from None


def _show(found: Tuning, out: Path) -> None:
    names = sorted({name for trial in found.trials for name in trial.settings})
    table(
        ("trial", *names, found.monitor, "best epoch", "s"),
        (
            (
                f"{trial.number}{' *' * (trial.number == found.best)}",
                *(str(trial.settings.get(name, "")) for name in names),
                trial.fault or f"{trial.value:.4f}",
                str(trial.best_epoch),
                f"{trial.seconds:.0f}",
            )
            for trial in found.trials
        ),
    )
    left = found.planned - len(found.trials)
    screen.print(f"{left} trials are left; the same command goes on.\n" * (left > 0), end="")
    screen.print(
        f"The best settings (*): workbench train {found.model} --config {out / 'best.json'} --data ... --out ..."
    )
