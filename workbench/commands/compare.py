"""Command that puts trained runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workbench.commands.terminal import JsonOption, RunData, progress, screen, table

if TYPE_CHECKING:
    from workbench.evaluation.comparison import RunComparison
    from workbench.evaluation.significance import Interval


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Runs of one dataset.")],
    protocol: Annotated[
        Literal["full", "sampled", "paper", "next", "next-new"] | None,
        typer.Option(help="As of workbench evaluate; the usual one of the first run if left out."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(metavar="METRIC", help="What is tested, as Recall@20; else NDCG@10, NDCG@20 or MSE.")
    ] = None,
    data: RunData = None,
    as_json: JsonOption = False,
) -> None:
    """Put runs side by side: metrics with intervals, paired tests against the best, users with few and many likes."""
    from workbench import api
    from workbench.training.run import Run

    opened = [Run.open(run) for run in runs]
    with progress("comparing") as tell:
        found = api.compare(opened, protocol, metric=metric, data=data, report=tell)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
        return
    _show(found)
    for run in opened:
        if not run.card.finished:
            told = f"workbench train {run.card.model} --data DATA --out {run.path} --resume"
            screen.print(f"{run.name} was not trained to its end; it goes on with: {told}")


def _show(found: RunComparison) -> None:
    screen.print(f"{found.sentence}\n{found.dataset}: {found.count:,} {found.unit}, {found.protocol} protocol")
    table(
        ("metric", *found.runs),
        ((name, *map(_interval, values)) for name, values in found.metrics.items()),
    )
    if found.pairs:
        table(
            (f"{found.metric}, against {found.best}", "difference [95 %]", "p (Holm)", "p", "p (Wilcoxon)"),
            (
                (
                    pair.run,
                    f"{pair.tested.difference:+.4f} [{pair.tested.low:+.4f}, {pair.tested.high:+.4f}]",
                    *(f"{value:.2g}" for value in (pair.adjusted, pair.tested.t_test, pair.tested.wilcoxon)),
                )
                for pair in found.pairs
            ),
        )
    what = "posts" if found.unit == "posts" else "likes"
    table(
        (f"{found.metric} of users by {what} in training", "users", *found.runs),
        ((f"{g.fewest:,}-{g.most:,}", f"{g.users:,}", *map(_interval, g.values)) for g in found.groups),
    )
    if found.settings:
        rows = found.setting_rows()
        table(rows[0], ([str(value) for value in row.values()] for row in rows))


def _interval(value: Interval) -> str:
    return f"{value.mean:.4f}" if value.low is None else f"{value.mean:.4f} [{value.low:.4f}, {value.high:.4f}]"
