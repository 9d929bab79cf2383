"""Commands that put explanations to the test: the audit of a run, and what if some evidence were missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.results import MomentOption
from workbench.commands.terminal import (
    JsonOption,
    RemovalOption,
    RunArgument,
    RunData,
    UserOption,
    log,
    progress,
    screen,
    table,
)

if TYPE_CHECKING:
    from workbench.explain.audit.result import Audit
    from workbench.explain.whatif import WhatIf


def audit(
    run: RunArgument,
    pairs: Annotated[int, typer.Option(min=2, metavar="N", help="Explanations to look into.")] = 200,
    k: Annotated[
        int, typer.Option("--k", min=1, metavar="K", help="Length of the list an image may drop out of.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    removal: RemovalOption = "deleted",
    processes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processes that share the work, each with one thread.")
    ] = 1,
    shard: Annotated[
        str,
        typer.Option(metavar="I/N", help="Look into every N-th part alone, from the I-th on, beside other processes."),
    ] = "0/1",
    data: RunData = None,
    as_json: JsonOption = False,
) -> None:
    """Measure whether the explanations of a run can be believed; what is there of the same audit is used again."""
    from workbench import api
    from workbench.explain.audit.run import Plan
    from workbench.explain.audit.run import audit as look
    from workbench.explain.audit.shared import shared
    from workbench.training.run import Run

    first, _, of = shard.partition("/")
    if not (first.isdecimal() and of.isdecimal() and int(first) < int(of)):
        raise typer.BadParameter(f"'{shard}' is not of the form I/N with I below N, such as 0/4", param_hint="--shard")
    if processes > 1 and shard != "0/1":
        raise typer.BadParameter("choose --processes or --shard", param_hint="--processes")
    opened, plan = Run.open(run), Plan(pairs, k, seed, removal)
    with progress(f"auditing {opened.name}") as tell:
        if processes > 1:
            found = shared(opened.path, data, plan, processes, tell)
        else:
            found = look(api.explainer(opened, data), opened.path, plan, tell, (int(first), int(of)))
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show_audit(found)


def _show_audit(found: Audit) -> None:
    out = f", {found.excluded} with fewer than two pieces of evidence left out" if found.excluded else ""
    screen.print(f"{found.model} on {found.dataset}: {found.pairs} explanations{out}; scores in {found.unit}")
    names = list(dict.fromkeys(name for values in found.methods.values() for name in values))
    for some in (names[:4], names[4:]):
        table(
            ("method", *(name.replace("_", " ") for name in some)),
            ((method, *(_number(values.get(name)) for name in some)) for method, values in found.methods.items()),
        )
    if found.within:
        table(
            ("comprehensiveness within", *(f"{level} ({one.pairs})" for level, one in found.within.items())),
            (
                (method, *(_number(one.methods[method]["comprehensiveness"]) for one in found.within.values()))
                for method in found.methods
            ),
        )
    if found.planted:
        table(
            ("planted causes", "likes or posts", "precision@1", "AUC", "pointing"),
            (
                (name, str(one.pairs), _number(one.precision_at_1), _number(one.auc), _number(one.pointing))
                for name, one in found.planted.items()
            ),
        )
        table(
            ("verdict", "likes or posts", "shown strongest is the cause", "chance"),
            ((badge, str(one.pairs), _number(one.right), _number(one.chance)) for badge, one in found.verdicts.items()),
        )
    screen.print(found.verdict)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def whatif(
    run: RunArgument,
    user: UserOption,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EDIT",
            help="Evidence to leave out, repeatable: GROUP (all of it), GROUP:ID, or GROUP:ID=GATE for a part, 0 to 1; "
            "GROUP:ID@ITEM for what belongs to one image; GROUP:ID~ID for several. In ids write %40 for @, %3D for =, "
            "%7E for ~, %25 for %.",
        ),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, metavar="K", help="How many images.")] = 10,
    moment: MomentOption = None,
    item: Annotated[str | None, typer.Option(metavar="I", help="Id of an image whose own change is told, too.")] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Keep this for the user: recommend and the app leave it out from now on, whatever the run.",
        ),
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget what was kept of this, without --drop all that was kept.")
    ] = False,
    removal: RemovalOption = "deleted",
    data: RunData = None,
    as_json: JsonOption = False,
) -> None:
    """Rank again as if some evidence had never been recorded, and show which images move."""
    from workbench import api
    from workbench.explain import preferences
    from workbench.explain.edits import parse_all
    from workbench.explain.whatif import what_if

    if keep and forget:
        raise typer.BadParameter("choose --keep or --forget", param_hint="--keep")
    if not drop and not forget:
        raise typer.BadParameter("say what to leave out with --drop GROUP:ID", param_hint="--drop")
    edits = parse_all(drop or ())
    explainer = api.explainer(run, data)
    dataset = explainer.dataset
    code = dataset.users.parse(user)
    if forget:
        left = preferences.forget(dataset.root, dataset.users.id(code), edits or None).of(dataset.users.id(code))
        log.print(f"Kept for {user}: {', '.join(map(str, left)) or 'nothing'}.")
    if not edits:
        return
    found = what_if(explainer, code, edits, k, moment, None if item is None else dataset.items.parse(item), removal)
    if keep:
        # After the ranking, so that what cannot be left out is not kept.
        kept = preferences.keep(dataset.root, dataset.users.id(code), edits).of(dataset.users.id(code))
        log.print(f"Kept for {user} in {dataset.root / preferences.FILE}: {', '.join(map(str, kept))}.")
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show_what_if(found)


def _show_what_if(found: WhatIf) -> None:
    screen.print(f"{found.model} for {found.user} without {', '.join(found.edits)}")
    pairs = zip(found.before, found.after, strict=True)
    table(("rank", "before", "after"), ((str(old.rank), str(old.item), str(new.item)) for old, new in pairs))
    rows = (
        (str(one.item), f"{one.rank_before} -> {one.rank_after}", f"{one.score_change:+.4f}") for one in found.moved
    )
    if found.moved:
        table(("image", "rank", "score"), rows)
    else:
        screen.print("None of these images moves.")
    if found.explained is not None:
        one = found.explained
        screen.print(f"image {one.item}: rank {one.rank_before} -> {one.rank_after}, score {one.score_change:+.4f}")
