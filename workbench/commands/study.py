"""Commands about studies: people compare the explanations of two runs, which the app shows them side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workbench.commands.terminal import JsonOption, RunData, log, progress, screen, table

if TYPE_CHECKING:
    from workbench.study.results import Results
    from workbench.study.store import Study

study = typer.Typer(rich_markup_mode="markdown", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the study.")]


@study.command(epilog="Example: workbench study new runs/hasc runs/svdpp --name spring --persons 30")
def new(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder to compare with, of the same dataset.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What raters know it by; must not tell the runs.")],
    persons: Annotated[int, typer.Option(min=1, metavar="N", help="Users to compare for.")] = 20,
    images: Annotated[int, typer.Option(min=1, metavar="K", help="Images each run recommends.")] = 5,
    raters: Annotated[int, typer.Option(min=1, max=99, metavar="N", help="People who rate each case.")] = 3,
    pick: Annotated[
        Literal["active", "random"], typer.Option(help="Users with the most likes, as in the paper, or any.")
    ] = "active",
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    verdicts: Annotated[bool, typer.Option(help="Show raters the verdict of each explanation.")] = True,
    data: RunData = None,
) -> None:
    """Make a study of two runs; people take part on the page Study of the app, without knowing which run is which."""
    from workbench import api, demo
    from workbench.study.make import Settings, make
    from workbench.study.store import FOLDER
    from workbench.training.run import Run

    runs = [Run.open(path) for path in (first, second)]
    settings = Settings(name, persons, images, raters, pick, seed, verdicts)
    with progress("explaining") as tell:
        one, other = ((run, api.explainer(run, data)) for run in runs)
        made = make(demo.home() / FOLDER, settings, one, other, tell)
    screen.print(f"{made.path}: {made.count()} cases for {raters} raters each")
    screen.print("Take part with 'workbench app', on the page Study.")


@study.command(epilog="Example: workbench study results spring --out figures --format pdf,csv")
def results(
    name: NameArgument,
    close: Annotated[bool, typer.Option("--close", help="Take no more answers from now on.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for study.FORMAT and answers.FORMAT.")] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="F,F,...", help="Any of png, svg, pdf, html, json, csv.")
    ] = "pdf,json,csv",
    as_json: JsonOption = False,
) -> None:
    """Show what a study found, once all of its cases have their raters or it was closed."""
    from workbench import demo
    from workbench.figures.export import check_formats
    from workbench.study.results import results as evaluate
    from workbench.study.store import FOLDER, Study

    chosen = [one.strip() for one in formats.split(",")]
    try:
        check_formats(chosen)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--format") from None
    opened = Study.open(demo.home() / FOLDER, name)
    if close:
        opened.close()
    found = evaluate(opened)
    paths = [] if out is None else _write(opened, found, out, chosen)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show(found)
    for path in paths:
        log.print(str(path))


def _write(opened: Study, found: Results, out: Path, formats: list[str]) -> list[Path]:
    """The chart with its numbers, and the raw answers."""
    from workbench.figures.export import PAPER_FORMATS, save
    from workbench.figures.study import study_figure, study_plotly
    from workbench.study.results import origin, raw

    written = []
    for name in formats:
        subject = study_figure(found) if name in PAPER_FORMATS else study_plotly(found) if name == "html" else found
        written += save(subject, out / "study", [name], title=f"Study {found.study}", origin=origin(found))
    tables = [name for name in formats if name in ("json", "csv")]
    return [*written, *save(raw(opened), out / "answers", tables)]


def _show(found: Results) -> None:
    from workbench.study.questions import CHOICES

    screen.print(
        f"{found.study}: {found.judged} of {found.cases} cases judged by {found.raters} raters each, "
        f"{found.people} people"
    )
    table(
        ("question", *(found.named(choice) for choice in CHOICES), "no majority", "kappa", "p"),
        (
            (
                one.question,
                *(str(one.majority[choice]) for choice in CHOICES),
                str(one.undecided),
                "-" if one.kappa is None else f"{one.kappa:.2f}",
                "-" if one.p_value is None else f"{one.p_value:.3f}",
            )
            for one in found.questions
        ),
    )
    if found.left is not None:
        screen.print(f"Of the answers for one side, {found.left:.0%} chose the left one.")
