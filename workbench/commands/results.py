"""Commands about a trained run: how good it is, what it recommends, why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workbench.commands.terminal import (
    JsonOption,
    RemovalOption,
    RunArgument,
    RunData,
    UserOption,
    log,
    numbers,
    progress,
    screen,
    table,
)

if TYPE_CHECKING:
    from workbench.evaluation.result import Evaluation
    from workbench.explain.edits import Edit
    from workbench.explain.explainer import Explainer

MomentOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="For a model of sequences: after how many likes of the user; those of the train split if left out.",
    ),
]


def evaluate(
    run: RunArgument,
    data: RunData = None,
    protocol: Annotated[
        Literal["full", "sampled", "paper", "next", "next-new", "frames"] | None,
        typer.Option(
            help="Rank held-out images against all, against 100 drawn ones, or as the model's paper does; or each as "
            "the user's next like, among all images (next) or those new to her (next-new); or rank the frames of "
            "items liked for one of them (frames). Models of sequences do next if none is chosen, others full."
        ),
    ] = None,
    k: Annotated[
        str | None, typer.Option("--k", metavar="K,K,...", help="Cut-offs of the metrics of a ranking; else 5,10,20.")
    ] = None,
    split: Annotated[
        Literal["test", "validation", "all"],
        typer.Option(help="Which likes or posts are marked; all for the protocol frames, which no model learns from."),
    ] = "test",
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure how well a run ranks the images its users liked, or predicts the popularity of posts, it never saw."""
    ks = {} if k is None else {"ks": numbers(k, "--k")}
    from workbench import api
    from workbench.models import model_class
    from workbench.training.run import Run

    opened = Run.open(run)
    if k is not None and model_class(opened.card.model).task == "popularity":
        raise typer.BadParameter(f"{opened.card.model} predicts popularity, which has no cut-offs", param_hint="--k")
    if split == "all" and protocol != "frames":
        raise typer.BadParameter("only the protocol frames marks the likes of all splits", param_hint="--split")
    with progress(f"evaluating {opened.name}") as tell:
        found = api.evaluate(
            opened,
            protocol,
            data=data,
            split=split,
            seed=seed,
            progress=lambda done, of: tell(done / of),
            **ks,
        )
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show(found)


def _show(found: Evaluation) -> None:
    done = f"{found.users:,} users, {found.candidates:,.0f} images ranked for each ({found.protocol} protocol)"
    if found.posts:
        done = f"{found.posts:,} posts of {found.users:,} authors"
    if found.moments:
        done = f"{found.moments:,} likes of {done}"
    if found.pairs:
        done = f"{found.pairs:,} likes of {found.users:,} users, {found.candidates:.1f} frames ranked for each"
    screen.print(f"{found.model} on {found.dataset}, {found.split} split: {done}, {found.seconds:.1f} s")
    rows = (
        (
            name,
            f"{value.mean:.4f}",
            "-" if value.sd is None else f"{value.sd:.4f}",
            *(f"{control[name]:.4f}" for control in found.controls.values()),
        )
        for name, value in found.metrics.items()
    )
    table(("metric", "mean", "standard error", *found.controls), rows)


def recommend(
    run: RunArgument,
    user: UserOption,
    data: RunData = None,
    k: Annotated[int, typer.Option("--k", min=1, metavar="K", help="How many images.")] = 10,
    moment: MomentOption = None,
    preferences: Annotated[
        bool, typer.Option(help="Leave out what was kept for the user with workbench whatif --keep, or in the app.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Show the images a run ranks best for a user, without those she liked in training, or up to a moment."""
    from workbench import api

    explainer = api.explainer(run, data)
    code = explainer.dataset.users.parse(user)
    best = explainer.recommend(code, k, moment)
    without = _kept(explainer, code, moment) if preferences else []
    if without:
        from workbench.explain.whatif import what_if

        best = list(what_if(explainer, code, without, k, moment).after)
    if as_json:
        answer = {
            "model": explainer.model.name,
            "user": explainer.dataset.users.id(code),
            "moment": moment,
            "without": [str(edit) for edit in without],
            "items": [image.model_dump() for image in best],
        }
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        table(("rank", "image", "score"), ((str(b.rank), str(b.item), f"{b.score:.4f}") for b in best))


def _kept(explainer: Explainer, user: int, moment: int | None) -> list[Edit]:
    """The preferences of a user (code) that a run can follow; it is said which, and why others are not followed."""
    from workbench.explain.edits import applicable
    from workbench.explain.preferences import load

    dataset = explainer.dataset
    edits = load(dataset.root).of(dataset.users.id(user))
    fit, idle = applicable(explainer, user, edits, moment) if edits else ([], [])
    for reason in idle:
        log.print(f"A preference is not followed: {reason}.")
    if fit:
        log.print(f"Without {', '.join(map(str, fit))}, as was kept for the user; --no-preferences shows all.")
    return fit


def explain(
    run: RunArgument,
    user: UserOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files explanation.FORMAT.")],
    item: Annotated[
        str | None, typer.Option(metavar="I", help="Id of the image; by default the best recommended one.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="F,F,...", help="Any of png, svg, pdf, html, json, csv.")
    ] = "png,html,json",
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METHOD",
            help="Attribution to tell beside the rest, repeatable: integrated_gradients, gradient_x_gate, "
            "leave_one_out or shapley.",
        ),
    ] = None,
    moment: MomentOption = None,
    removal: RemovalOption = "deleted",
    data: RunData = None,
) -> None:
    """Explain one image for one user, and write the explanation as pictures, a page and data."""
    from workbench import api
    from workbench.figures.export import check_formats, export_explanation

    names = [name.strip() for name in formats.split(",")]
    try:
        check_formats(names)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--format") from None
    explainer = api.explainer(run, data)
    dataset = explainer.dataset
    code = dataset.users.parse(user)
    if item is None:
        best = explainer.recommend(code, 1, moment)[0].item
        log.print(f"No --item given: explaining image {best}, the best for user {user}.")
        image = dataset.items.code(best)
    else:
        image = dataset.items.parse(item)
    found = explainer.explain(code, image, moment, method or (), removal)
    paths = export_explanation(found, dataset.root, out, names)
    if found.rank is None:
        screen.print(f"{found.item_label} posted by {found.user_label}: log2(views a day + 1) = {found.score:.2f}")
    else:
        screen.print(f"{found.item_label} for {found.user_label}: rank {found.rank:,} of {found.candidates:,}")
    screen.print(found.sentence)
    screen.print(f"{found.verdict.badge.capitalize()}: {found.verdict.reason}")
    for path in paths:
        screen.print(str(path))
