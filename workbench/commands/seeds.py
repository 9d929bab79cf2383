"""Command that compares the attention of trainings with different seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.terminal import JsonOption, RunData, screen, table


def seeds(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Runs that differ in their seed alone.")],
    pairs: Annotated[int, typer.Option(min=2, metavar="N", help="Explanations to look into.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
    data: RunData = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how much of a model's attention is chance: how it differs between trainings with different seeds."""
    from workbench import api
    from workbench.explain.audit.seeds import seed_variance

    found = seed_variance([api.explainer(run, data) for run in runs], pairs, seed)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
        return
    out = f", {found.excluded} with fewer than two pieces of evidence left out" if found.excluded else ""
    screen.print(f"{', '.join(found.runs)}: {found.pairs} explanations{out}")
    told = {
        "Kendall's tau between attentions": found.tau,
        "the same unit strongest": found.first,
        "  by chance": found.chance,
        "Jensen-Shannon divergence (0 to 0.69)": found.divergence,
        "spread of a unit, in even shares": found.spread,
        "Kendall's tau between scores": found.score_tau,
    }
    table(("measure", "value"), ((name, f"{value:.3f}") for name, value in told.items()))
