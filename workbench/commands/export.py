"""Command that exports views: their pictures and numbers in one zip, or as one page to read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workbench.commands.terminal import progress, screen

if TYPE_CHECKING:
    from workbench.views.collection import Collection, Shelf


def export(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The zip; with the ending .html a page to read instead.")],
    views: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="VIEW...", help="What to export, as the address of the app or its export menu gives it."
        ),
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--views", metavar="FILE", help="A file with a view in every line.")
    ] = None,
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="A collection pinned in the app, with its notes.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="DATA", help="Dataset folder that views may name, repeatable; those at home are known."),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="F,F,...", help="Any of png, svg, pdf, html, json, csv.")
    ] = "png,pdf,svg,json,csv",
    width: Annotated[
        Literal["column", "page"], typer.Option(help="Of one column, or of a whole page of a paper.")
    ] = "page",
    theme: Annotated[Literal["light", "dark"], typer.Option(help="Of the pictures.")] = "light",
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes that draw; as many as there are cores, up to 4.")
    ] = None,
) -> None:
    """Write the pictures and numbers of views into one zip with a manifest, or as one page to read."""
    from workbench import demo
    from workbench.views.bundle import bundle, names, views_of
    from workbench.views.collection import Shelf
    from workbench.views.opened import Opener
    from workbench.views.report import report
    from workbench.views.view import View

    wanted, title = [(View.parse(_query(text)), "") for text in views or ()], out.stem
    if listed is not None:
        wanted += [(view, "") for view in views_of(listed.read_text(encoding="utf-8"))]
    if collection is not None:
        kept = _collection(Shelf(demo.home()), collection)
        wanted, title = [*wanted, *zip(kept.views, kept.notes, strict=True)], kept.name
    asked, notes = [view for view, _ in wanted], [note for _, note in wanted]
    folders = {folder.name: folder for folder in [*demo.datasets(), *(folder.resolve() for folder in data or ())]}
    opener = Opener(folders)
    with progress(f"exporting {len(wanted)} views") as tell:
        if out.suffix == ".html":
            page = report(asked, opener, title=title, notes=notes, width=width, theme=theme, tell=tell)
            content = page.encode("utf-8")
        else:
            workers = workers or min(os.cpu_count() or 1, 4)
            content = bundle(
                asked, opener, names(formats), notes=notes, width=width, theme=theme, workers=workers,
                report=tell,
            )  # fmt: skip
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    screen.print(f"{out}: {len(wanted)} views, {len(content):,} bytes.")


def _collection(shelf: Shelf, name: str) -> Collection:
    if name not in shelf.names():
        known = ", ".join(shelf.names())
        remedy = f"choose one of {known}" if known else "pin a view in the app first, or give views in its place"
        raise typer.BadParameter(f"there is no collection {name!r}: {remedy}", param_hint="--collection")
    return shelf.read(name)


def _query(text: str) -> str:
    """A view, also where it was copied with the address of the app before it."""
    return text.split("://", 1)[1].partition("/")[2] if "://" in text else text
