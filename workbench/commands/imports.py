"""``workbench import``: a command for every importer, its options read from the importer's own signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from contextlib import nullcontext
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from workbench.commands.terminal import progress, screen

if TYPE_CHECKING:
    from workbench.data.importers import Importer


class ImportGroup(TyperGroup):
    """Looks the importers up when it is asked for them, since they bring pandas along."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the importers."""
        from workbench.data.importers import IMPORTERS

        return sorted(IMPORTERS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of an importer, None where there is none of that name."""
        from workbench.data.importers import IMPORTERS

        if cmd_name not in IMPORTERS:
            return None
        importer = IMPORTERS[cmd_name]
        single = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        example = f"Example: workbench import {cmd_name} SOURCE --out worlds/mine"
        single.command(name=cmd_name, help=importer.help, epilog=example)(command(importer))
        return typer.main.get_command(single)


def command(importer: Importer) -> Callable[..., None]:
    """A function for typer that runs an importer: source is its argument, all else are options.

    An argument ``report`` is no option: it is given what shows progress.
    """
    signature = inspect.signature(importer.run, eval_str=True)
    reports = "report" in signature.parameters

    def run(**options: Any) -> None:
        with progress("importing") if reports else nullcontext() as tell:
            dataset = importer.run(**options, **({"report": tell} if reports else {}))
        sizes = f"{len(dataset.users):,} users and {len(dataset.items):,} images"
        screen.print(f"{dataset.root}: {sizes} as '{dataset.name}'.")

    said = _said(inspect.getdoc(importer.run) or "")
    parameters = [
        _for_typer(parameter, said.get(name, ""))
        for name, parameter in signature.parameters.items()
        if name != "report"
    ]
    run.__dict__["__signature__"] = signature.replace(parameters=parameters, return_annotation=None)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _for_typer(parameter: inspect.Parameter, text: str) -> inspect.Parameter:
    if parameter.name == "source":
        kind: Any = typer.Argument(metavar="SOURCE", help=text, show_default=False)
    else:
        metavar = {Path: "PATH", str: "TEXT"}.get(parameter.annotation)
        name = parameter.name.replace("_", "-")
        switch = f"/--no-{name}" if parameter.annotation is bool else ""
        kind = typer.Option(f"--{name}{switch}", metavar=metavar, help=text)
    annotation = getitem(Annotated, (parameter.annotation, kind))
    return parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY)


def _said(docstring: str) -> dict[str, str]:
    """What the section Args of a docstring says of each argument."""
    found = re.search(r"^Args:\n(.*?)(?:^\S|\Z)", docstring, re.MULTILINE | re.DOTALL)
    entries = re.split(r"^ {4}(\w+): ", found.group(1) if found else "", flags=re.MULTILINE)[1:]
    return {name: " ".join(text.split()) for name, text in zip(entries[::2], entries[1::2], strict=True)}
