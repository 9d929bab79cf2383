"""Views as one page to read anywhere: pictures, sentences, verdicts and notes, nothing fetched from elsewhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Final

from matplotlib.figure import Figure
from PIL import Image

from workbench import __version__
from workbench.explain.explanation import Verdict
from workbench.figures.export import drawn_png
from workbench.figures.style import BADGES, ThemeName
from workbench.views.bundle import WIDTHS, Report, Width, command
from workbench.views.opened import Opened, Opener
from workbench.views.pictures import Picture, Shown, shown
from workbench.views.view import View

LARGEST: Final = 6_000_000
"""Bytes of a report at most."""
RESOLUTIONS: Final = (160, 120, 90, 70, 50)
"""Dots per inch of its pictures, the first with which the report is small enough."""
COLOURS: Final = 128
_STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 'Source Sans Pro', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; color: #1F2328;
  background: #FFFFFF; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 3rem; border-top: 1px solid #C9CED6; padding-top: 1rem; }
figure { margin: 1.2rem 0; } figcaption, .facts { color: #5F6670; font-size: .9rem; }
img { max-width: 100%; height: auto; } .answer { font-size: 1.15rem; font-weight: 600; }
.badge { color: #FFFFFF; border-radius: 4px; padding: .1rem .5rem; font-weight: 600; white-space: nowrap; }
.note { border-left: 4px solid #0072B2; padding: .2rem 1rem; white-space: pre-wrap; }
code { font-size: .8rem; overflow-wrap: anywhere; } nav li { margin: .2rem 0; }
"""


class ReportError(ValueError):
    """A report that cannot be made, in one sentence with the remedy."""


def report(
    views: Sequence[View],
    opener: Opener,
    *,
    title: str = "Explanations",
    notes: Sequence[str] | None = None,
    width: Width = "page",
    theme: ThemeName = "light",
    largest: int = LARGEST,
    tell: Report | None = None,
) -> str:
    """One self-contained page of HTML with every picture of some views.

    Args:
        views: what is shown, in this order.
        opener: opens them.
        title: of the page.
        notes: what a person wrote about each view.
        width: of the pictures.
        theme: of the pictures; the page itself is light, for paper.
        largest: bytes at most: the pictures become coarser until it fits.
        tell: told about the progress.

    Raises:
        ReportError: there is no view, or it does not fit even with coarse pictures.
        ValueError: a view cannot be opened.
        DataError: a dataset or a run does not have what a view shows.
    """
    if not views:
        raise ReportError("There is nothing to report: pin at least one view.")
    parts: list[tuple[View, Opened, Shown, list[tuple[Picture, Figure]]]] = []
    for number, view in enumerate(views):
        if tell is not None:
            tell(number / len(views), str(view))
        opened = opener.open(view)
        found = shown(opened, opener.second(opened))
        figures = [(one, one.draw(width=WIDTHS[width], theme=theme)) for one in found.pictures]
        parts.append((view, opened, found, figures))
    written = list(notes or [""] * len(views))
    for dpi in RESOLUTIONS:
        page = _page(title, parts, written, dpi)
        if len(page.encode("utf-8")) <= largest:
            return page
    raise ReportError(
        f"{len(views)} views do not fit into {largest:,} bytes: take some of them out, or export them as a zip."
    )


def _page(
    title: str,
    parts: Sequence[tuple[View, Opened, Shown, list[tuple[Picture, Figure]]]],
    notes: Sequence[str],
    dpi: int,
) -> str:
    contents = "\n".join(
        f'<li><a href="#view-{number}">{html.escape(found.title)}</a></li>'
        for number, (_, _, found, _) in enumerate(parts, 1)
    )
    sections = "\n".join(
        _section(number, *part, note, dpi) for number, (part, note) in enumerate(zip(parts, notes, strict=True), 1)
    )
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        f'<p class="facts">{len(parts)} views · workbench {__version__}</p>\n<nav aria-label="Contents">\n'
        f"<ol>\n{contents}\n</ol>\n</nav>\n<main>\n{sections}\n</main>\n</body>\n</html>\n"
    )


def _section(
    number: int,
    view: View,
    opened: Opened,
    found: Shown,
    figures: Sequence[tuple[Picture, Figure]],
    note: str,
    dpi: int,
) -> str:
    data, explainer = opened.dataset, opened.explainer
    lines = [f'<section id="view-{number}">', f"<h2>{html.escape(found.title)}</h2>"]
    if found.sentence != found.title:
        lines.append(f'<p class="answer">{html.escape(found.sentence)}</p>')
    if found.verdict is not None:
        lines.append(f"<p>{_badge(found.verdict)} {html.escape(found.verdict.reason)}</p>")
    if note:
        lines.append(f'<p class="note">{html.escape(note)}</p>')
    for picture, figure in figures:
        lines.append(
            f'<figure><img src="{_png(figure, dpi)}" alt="{html.escape(picture.title)}">'
            f"<figcaption>{html.escape(picture.title)}</figcaption></figure>"
        )
    facts = f"run {explainer.run} ({explainer.model.name}, seed {opened.seed}) · dataset {data.name} "
    lines.append(f'<p class="facts">{html.escape(facts + data.fingerprint)}<br>')
    lines.append(f"<code>{html.escape(command(view))}</code></p>\n</section>")
    return "\n".join(lines)


def _badge(verdict: Verdict) -> str:
    sign, colour = BADGES[verdict.badge]
    return f'<span class="badge" style="background:{colour}">{sign} {html.escape(verdict.badge)}</span>'


def _png(figure: Figure, dpi: int) -> str:
    """A figure as a data address, in few colours, since drawings have few."""
    picture = Image.open(io.BytesIO(drawn_png(figure, dpi))).convert("RGB").quantize(COLOURS)
    small = io.BytesIO()
    picture.save(small, format="png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(small.getvalue()).decode("ascii")
