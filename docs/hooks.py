"""What MkDocs does besides: the navigation, the pages made from other files, links as they are in the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click

from workbench.cli import cli
from workbench.models import registry

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

ORDER = {
    "Home": ["index.md"],
    "Gallery": ["gallery/index.md"],
    "How to": [
        *("first-explanation.md", "own-data.md", "importers.md", "features.md", "attributes.md", "topics.md"),
        *("training.md", "tuning.md", "reproduce.md", "whatif.md", "audit.md", "exports.md", "study.md", "outside.md"),
    ],
    "How to read it": ["evidence.md", "regions.md", "words.md", "frames.md"],
    "Models": ["models/index.md"],
    "Notebooks": ["notebooks/index.md"],
    "Measurements": ["benchmarks.md", "postcards.md"],
    "Reference": ["commands.md"],
    "Contributing": ["contributing.md"],
}
"""Sections and their first pages. Models, notebooks and the reference are followed by all of their pages, How to by
every page that no section names."""

FOLDERS = {"Models": "models", "Notebooks": "notebooks", "Reference": "reference"}
ELSEWHERE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
"""Files of the repository that are pages of the site under another name."""

_LINK = re.compile(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made from other files, then the navigation over all that there are."""
    for name, content in _made():
        if name not in files.src_uris:
            files.append(File.generated(config, name, content=content))
    config.nav = _navigation(sorted(file.src_uri for file in files.documentation_pages()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that hold in the repository into links that hold on the site."""
    folder = posixpath.dirname(_origin(page.file.src_uri))
    here = posixpath.dirname(page.file.src_uri) or "."

    def on_site(link: re.Match[str]) -> str:
        target = _place(posixpath.normpath(posixpath.join(folder, link[1])))
        return link[0] if target is None else f"]({posixpath.relpath(target, here)}{link[2] or ''})"

    return _LINK.sub(on_site, markdown)


def _origin(page: str) -> str:
    """Where a page comes from, relative to the root of the repository."""
    for source, name in ELSEWHERE.items():
        if page == name:
            return source
    return page if page.startswith("notebooks/") else f"docs/{page}"


def _place(source: str) -> str | None:
    """Where a file of the repository is on the site, None if it is not there."""
    if source in ELSEWHERE:
        return ELSEWHERE[source]
    if source.startswith("docs/"):
        return source.removeprefix("docs/")
    if source == "notebooks":
        return "notebooks/index.md"
    return re.sub(r"\.ipynb$", ".md", source) if source.startswith("notebooks/") else None


def _navigation(pages: list[str]) -> list[Any]:
    named = {page for section in ORDER.values() for page in section}
    sections = {title: [page for page in first if page in pages] for title, first in ORDER.items()}
    for title, folder in FOLDERS.items():
        sections[title] += [page for page in pages if page.startswith(f"{folder}/") and page not in named]
    sections["How to"] += [page for page in pages if "/" not in page and page not in named]
    return [{title: found[0] if found == ORDER[title][:1] else found} for title, found in sections.items() if found]


def _made() -> Iterator[tuple[str, str]]:
    for source, name in ELSEWHERE.items():
        yield name, (ROOT / source).read_text(encoding="utf-8")
    yield "commands.md", _commands()
    yield "models/index.md", _models()
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    yield "notebooks/index.md", _shelf(notebooks)
    for stem, notebook in notebooks.items():
        yield f"notebooks/{stem}.md", _text(stem, notebook)


def _commands() -> str:
    command = typer.main.get_command(cli)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="workbench"), name="workbench")
    return text.replace("# `workbench`", "# Commands", 1)


def _models() -> str:
    rows = [
        "# Models",
        "",
        "Each page states the idea, the equation, the evidence, and what an explanation of the model means and does",
        "not mean.",
        "",
        "| model | predicts | paper | evidence it reads |",
        "| --- | --- | --- | --- |",
    ]
    for name, model in sorted(registry().items()):
        link = f"[`{name}`]({name}.md)" if (DOCS / "models" / f"{name}.md").is_file() else f"`{name}`"
        evidence = ", ".join(f"`{group.name}`" for group in model.evidence) or "none"
        paper = model.paper
        rows.append(f"| {link} | {model.task} | {paper.authors}, {paper.year}, {paper.title} | {evidence} |")
    return "\n".join(rows) + "\n"


def _shelf(notebooks: dict[str, Any]) -> str:
    lines = [
        "# Notebooks",
        "",
        "Each tells one story from the demo and runs on a processor in under a minute and a half. Open them with",
        "`jupyter lab notebooks`; `make notebooks` runs them all. Here they stand without their figures, which are",
        "those of the [gallery](../docs/gallery/index.md).",
        "",
    ]
    for stem, notebook in notebooks.items():
        title, _, rest = notebook.cells[0].source.partition("\n")
        story = rest.strip().split("\n\n")[0].replace("\n", " ")
        lines += [f"**[{stem[:2]} {title.lstrip('# ')}]({stem}.ipynb)**: {story}", ""]
    return "\n".join(lines)


def _text(stem: str, notebook: Any) -> str:
    cells = (
        cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```" for cell in notebook.cells
    )
    return "\n\n".join([*cells, f"This is `notebooks/{stem}.ipynb`."]) + "\n"
