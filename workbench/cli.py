"""The ``workbench`` command: its commands put together, and the one place where errors become sentences."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from typer.exceptions import TyperException

import workbench
from workbench.commands import (
    app,
    audits,
    compare,
    data,
    doctor,
    export,
    models,
    reproduce,
    results,
    seeds,
    study,
    topics,
    training,
    tune,
)
from workbench.commands.imports import ImportGroup
from workbench.commands.terminal import StoppedError, log, screen

STOPPED = 130
"""Exit code after Ctrl-C."""

cli = typer.Typer(
    help="Explain recommendations of social images, and measure whether the explanation can be believed.",
    epilog="Example: workbench demo && workbench app",
    rich_markup_mode="markdown",
    add_completion=False,
)
cli.command(epilog="Example: workbench demo --size tiny --out worlds/tiny")(data.demo)
cli.add_typer(
    typer.Typer(cls=ImportGroup, rich_markup_mode="markdown"),
    name="import",
    help="Turn a source into a dataset folder.",
    epilog="Example: workbench import tables my-tables --out worlds/mine",
)
cli.command(epilog="Example: workbench check worlds/tiny")(data.check)
cli.command(epilog="Example: workbench template my-data")(data.template)
cli.command(epilog="Example: workbench plant worlds/photos --out worlds/planted --users 300")(data.plant)
cli.command(epilog="Example: workbench features worlds/tiny --encoder descriptor")(data.features)
cli.command(epilog="Example: workbench topics worlds/tiny --topics 20")(topics.topics)
cli.command(epilog="Example: workbench models --json")(models.models)
cli.command(epilog="Example: workbench train hasc --data worlds/tiny --out runs/hasc --set dim=32 --set epochs=50")(
    training.train
)
cli.command(epilog="Example: workbench tune bpr --data worlds/tiny --out tuned/bpr --search learning_rate=0.001..0.05")(
    tune.tune
)
cli.command(epilog="Example: workbench evaluate runs/hasc --protocol sampled --k 5,10 --json")(results.evaluate)
cli.command(epilog="Example: workbench compare runs/hasc runs/bpr --protocol full --metric NDCG@10")(compare.compare)
cli.command(epilog="Example: workbench recommend runs/hasc --user 12 --k 5")(results.recommend)
cli.command(epilog="Example: workbench explain runs/hasc --user 12 --item 482 --out why --format pdf,json")(
    results.explain
)
cli.command(epilog="Example: workbench audit runs/hasc --pairs 200 --json")(audits.audit)
cli.command(epilog="Example: workbench seeds runs/hasc-0 runs/hasc-1 runs/hasc-2")(seeds.seeds)
cli.command(epilog="Example: workbench whatif runs/hasc --user 12 --drop follows:7 --drop uploads:482")(audits.whatif)
cli.command(epilog="Example: workbench export --collection pinned --out figures.zip --format pdf,csv --width column")(
    export.export
)
cli.command(epilog="Example: workbench reproduce acf --data worlds/tiny --rows avg,att-att --out runs/acf-table")(
    reproduce.reproduce
)
cli.add_typer(
    study.study, name="study", help="Let people compare the explanations of two runs without knowing which is which.",
    epilog="Example: workbench study results spring",
)  # fmt: skip
cli.command(epilog="Example: workbench app --data worlds/tiny --port 8600")(app.app)
cli.command(epilog="Example: workbench doctor")(doctor.doctor)


@dataclass
class Settings:
    """What the options before the command say.

    Attributes:
        debug: whether errors show where they were raised.
    """

    debug: bool = False


def _show_version(asked: bool) -> None:
    if asked:
        screen.print(f"workbench {workbench.__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="WORKBENCH_DEBUG", help="Show where an error was raised.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj.debug = debug


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by the user."""
    settings = Settings()
    try:
        command = typer.main.get_command(cli)
        code = command.main(list(arguments), prog_name="workbench", standalone_mode=False, obj=settings)
    except TyperException as fault:
        context = getattr(fault, "ctx", None)
        log.print(
            f"{fault.format_message().rstrip('.')}. See '{context.command_path if context else 'workbench'} --help'."
        )
        return fault.exit_code
    except StoppedError as stopped:
        log.print(str(stopped))
        return STOPPED
    except Exception as fault:
        if settings.debug:
            raise
        log.print(_sentence(fault))
        return 1
    if code == STOPPED:
        log.print("Stopped.")
    return code if isinstance(code, int) else 0


def _sentence(fault: Exception) -> str:
    """What went wrong, for a person: errors the workbench raises on purpose are sentences already."""
    if isinstance(fault, OSError) and fault.strerror:
        return f"{fault.filename or 'The system'}: {fault.strerror}."
    if isinstance(fault, RuntimeError):
        from workbench.training.loop import TrainingError

        if isinstance(fault, TrainingError):
            return str(fault)
    elif isinstance(fault, ValueError):
        return str(fault)
    return f"The workbench failed ({type(fault).__name__}: {fault}); run it as 'workbench --debug ...' to see where."


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:] or ["--help"]))
