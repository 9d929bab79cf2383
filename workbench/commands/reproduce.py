"""The command that reproduces a table of a paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workbench.commands.terminal import JsonOption, StoppedError, progress, screen, table
from workbench.evaluation.tables import TABLES

if TYPE_CHECKING:
    from workbench.evaluation.reproduction import ClaimResult, Reproduction, RowResult, Value
    from workbench.evaluation.tables import PaperTable


def reproduce(
    name: Annotated[str, typer.Argument(metavar="TABLE", help=f"Which table: {' or '.join(TABLES)}.")],
    data: Annotated[Path, typer.Option(metavar="DATA", help="Dataset folder to train and test on.")],
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Trainings of each row.")] = 3,
    rows: Annotated[
        str | None,
        typer.Option(metavar="ROW,ROW,...", help="Some of the rows, by the keys in docs/reproduce.md; by default all."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One hyperparameter for all rows that have it; lists as a,b,c or a,."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder that keeps the runs; the same command goes on with what it lacks."),
    ] = None,
    latex: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables there, to be set with booktabs.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw rows, the paper's and ours, there: png, svg or pdf.")
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train the rows of a paper's table, show our numbers beside the printed ones, and test what the paper claims."""
    from workbench.reproduce import ReproductionError
    from workbench.reproduce import reproduce as run

    _check_figure(figure)
    keys = None if rows is None else [key.strip() for key in rows.split(",")]
    try:
        with progress(f"reproducing {name}") as tell:
            found = run(
                name,
                data,
                seeds=seeds,
                rows=keys,
                settings=_values(settings or ()),
                out=out,
                device=device,
                report=tell,
            )
    except ReproductionError as fault:
        raise typer.BadParameter(str(fault)) from None
    except KeyboardInterrupt:
        kept = "the same command goes on" if out else "with --out DIR the runs would have been kept"
        raise StoppedError(f"Stopped; {kept}.") from None
    if latex is not None:
        from workbench.evaluation.latex import latex as written
        from workbench.training.run import write_text

        latex.parent.mkdir(parents=True, exist_ok=True)
        write_text(latex, written(found, TABLES[name]))
    if figure is not None:
        from workbench.figures.export import save
        from workbench.figures.reproduction import reproduction_figure

        drawn = reproduction_figure(found, TABLES[name].metrics[:2])
        save(drawn, figure.with_suffix(""), [figure.suffix[1:]], title=found.title, origin=found.dataset)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show(found, TABLES[name])


def _check_figure(figure: Path | None) -> None:
    """Refuse a picture that could not be written hours later."""
    if figure is not None and figure.suffix not in {".png", ".svg", ".pdf"}:
        raise typer.BadParameter(f"'{figure}' does not end in .png, .svg or .pdf", param_hint="--figure")


def _values(settings: list[str] | tuple[()]) -> dict[str, str | list[str]]:
    """The hyperparameters given, as text; a comma makes a list."""
    values: dict[str, str | list[str]] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise typer.BadParameter(f"'{setting}' is not of the form key=value", param_hint="--set")
        values[name] = [part for part in text.split(",") if part] if "," in text else text
    return values


def _show(found: Reproduction, paper: PaperTable) -> None:
    seeds = max(row.seeds for row in found.rows)
    screen.print(f"{found.title}\nOurs: {found.dataset}, mean±standard deviation over {seeds} seed{'s' * (seeds > 1)}")
    datasets = list(dict.fromkeys(name for row in paper.rows for name in row.published))
    printed = " / ".join(paper.metrics)
    table(
        ("row", *(f"{name} {printed}" for name in datasets), *(f"ours {metric}" for metric in paper.metrics)),
        (
            (
                row.row,
                *(_printed(row, dataset, paper) for dataset in datasets),
                *(_value(row.metrics[metric], paper.decimals) for metric in paper.metrics),
            )
            for row in found.rows
        ),
    )
    for mark in paper.protocols:
        further = [metric for metric in paper.measured(mark).values() if metric in paper.further]
        table(
            ("ours", *further),
            ((row.row, *(_value(row.metrics[metric], paper.decimals) for metric in further)) for row in found.rows),
        )
    if found.rows and found.rows[0].groups:
        table(
            (f"{paper.main} by {'likes' if paper.task == 'ranking' else 'posts'} in training", *_spans(found)),
            (
                (row.row, *(_value(group.metrics[paper.main], paper.decimals) for group in row.groups))
                for row in found.rows
            ),
        )
    for claim in found.claims:
        screen.print(_claim(claim, paper.decimals))
    screen.print("\n" * bool(found.claims) + f"{found.protocol}\n{found.note}")


def _spans(found: Reproduction) -> list[str]:
    """The groups of users, by how many likes (posts) they have."""
    return [f"{group.fewest}-{group.most}" for group in found.rows[0].groups]


def _claim(claim: ClaimResult, decimals: int) -> str:
    """What became of a claim, in one line."""
    difference, low, high = (_number(value, decimals, "+") for value in (claim.difference, claim.low, claim.high))
    p = f"p {_number(claim.p, 3)}" if claim.p >= 0.001 else "p < .001"
    published = ", ".join(_number(value, decimals, "+") for value in (claim.published or {}).values())
    rows = f"{claim.better} better than {claim.worse}, {claim.metric}"
    ours = f"{claim.verdict:9}  {rows}: {difference} [{low}, {high}], {p}"
    return f"{ours}; published {published}" if published else ours


def _printed(row: RowResult, dataset: str, paper: PaperTable) -> str:
    """What the paper prints of a row for one of its datasets."""
    if row.published is None:
        return "figure only" if row.source == "figure" else "not there"
    return " / ".join(_number(row.published[dataset][metric], paper.decimals) for metric in paper.metrics)


def _value(value: Value, decimals: int) -> str:
    spread = "" if value.sd is None else f"±{_number(value.sd, decimals)}"
    return f"{_number(value.mean, decimals)}{spread}"


def _number(value: float, decimals: int, sign: str = "") -> str:
    """A number as papers print it, without a 0 before the point."""
    return f"{value:{sign}.{decimals}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.{decimals}f}"
