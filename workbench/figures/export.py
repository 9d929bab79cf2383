"""Files to take away: png, svg and pdf for papers, one html page to touch, json and csv to compute with."""

from __future__ import annotations

import csv
import html
import io
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import matplotlib as mpl
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workbench import __version__
from workbench.explain.explanation import Explanation
from workbench.figures.card import card_figure, card_plotly, explained, question
from workbench.figures.embedded import PACKED, packed_pictures
from workbench.figures.fonts import found_fonts, small_fonts
from workbench.figures.looks import Pixels
from workbench.figures.style import ThemeName, theme_named

if TYPE_CHECKING:
    from workbench.explain.popularity import Forecast

PAPER_FORMATS: Final = ("png", "svg", "pdf")
FORMATS: Final = (*PAPER_FORMATS, "html", "json", "csv")
EXPORT_DPI: Final = 300
_SETTINGS: Final[dict[Any, Any]] = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "workbench"}
# matplotlib's settings are global and app sessions are threads.
_LOCK: Final = RLock()

_COLUMNS: Final = ("attention", "contribution", "removal", "rank_without")


@runtime_checkable
class Numbers(Protocol):
    """What a figure is drawn from, to take away as json and csv."""

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """All of it."""

    def rows(self) -> list[dict[str, object]]:
        """The rows of its table, all with the same columns."""


def save(
    subject: Figure | go.Figure | Explanation | Forecast | Numbers,
    stem: Path,
    formats: Sequence[str],
    *,
    title: str = "",
    origin: str = "",
    theme: ThemeName = "light",
) -> list[Path]:
    """Write one subject as ``stem.<format>`` for every format; equal subjects give equal bytes.

    Args:
        subject: a matplotlib figure (png, svg, pdf), a plotly figure (html), an explanation, a forecast or
            other numbers (json, csv).
        stem: path without suffix; its folder is made when it is missing.
        title: title of the document.
        origin: what goes into the document's metadata, e.g. run and dataset.
        theme: what surrounds a plotly figure on its page.

    Raises:
        ValueError: a format is unknown or not one of this subject.
    """
    check_formats(formats)
    writers = _writers(subject, title, origin, theme)
    if refused := [name for name in formats if name not in writers]:
        kind = type(subject).__module__.split(".")[0] + " " + type(subject).__name__
        raise ValueError(f"A {kind} cannot be written as {', '.join(refused)}: choose from {', '.join(writers)}.")
    return [_write(stem.with_name(f"{stem.name}.{name}"), writers[name]()) for name in formats]


def export_explanation(
    subject: Explanation | Forecast,
    dataset_root: Path | None,
    out_dir: Path,
    formats: Sequence[str],
    *,
    picture: Pixels | None = None,
    theme: ThemeName = "light",
) -> list[Path]:
    """Write ``explanation.<format>`` into ``out_dir``: the card as a picture or a page, the numbers as data.

    A forecast is written as ``forecast.<format>``, its card with the dial, its json with the explanation inside.

    Args:
        subject: an explanation, or a forecast of popularity.
        dataset_root: folder the images are relative to, None to draw neutral tiles.
        picture: (height, width, 3) RGB of an explained picture that is in no dataset.

    Raises:
        ValueError: a format is unknown.
    """
    check_formats(formats)
    explanation = explained(subject)
    stem = out_dir / ("explanation" if subject is explanation else "forecast")
    title = question(explanation)
    origin = f"run {explanation.run}, dataset {explanation.dataset} {explanation.fingerprint}, workbench {__version__}"
    paths = []
    for name in formats:
        shown: Figure | go.Figure | Explanation | Forecast = subject
        if name in PAPER_FORMATS:
            shown = card_figure(subject, dataset_root, picture=picture, theme=theme)
        elif name == "html":
            shown = card_plotly(subject, dataset_root, picture=picture, theme=theme)
        paths += save(shown, stem, [name], title=title, origin=origin, theme=theme)
    return paths


def check_formats(formats: Sequence[str]) -> None:
    """Refuse formats that nothing can be written as.

    Raises:
        ValueError: one sentence naming them and the known ones.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ValueError(f"Unknown export format {', '.join(map(repr, unknown))}: choose from {', '.join(FORMATS)}.")


def _writers(
    subject: Figure | go.Figure | Explanation | Forecast | Numbers, title: str, origin: str, theme: ThemeName
) -> Mapping[str, Callable[[], bytes]]:
    if isinstance(subject, Figure):
        return {
            "png": lambda: _pixels(subject, {"Title": title, "Description": origin, "Software": "workbench"}),
            "svg": lambda: _paper(subject, "svg", {"Title": title, "Description": origin, "Date": None}),
            "pdf": lambda: _paper(subject, "pdf", {"Title": title, "Subject": origin, "CreationDate": None}),
        }
    if isinstance(subject, go.Figure):
        return {"html": lambda: _page(subject, title, origin, theme).encode("utf-8")}
    if isinstance(subject, Numbers):
        return {
            "json": lambda: subject.model_dump_json(indent=1).encode("utf-8"),
            "csv": lambda: _rows(subject.rows()).encode("utf-8"),
        }
    return {
        "json": lambda: subject.model_dump_json(indent=1).encode("utf-8"),
        "csv": lambda: _table(explained(subject)).encode("utf-8"),
    }


def drawn_png(figure: Figure, dpi: float) -> bytes:
    """A figure as png for a page, at a resolution of its own and without words about it."""
    buffer = io.BytesIO()
    with _LOCK:
        figure.savefig(buffer, format="png", dpi=dpi, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def _paper(figure: Figure, name: str, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with _LOCK, mpl.rc_context(_SETTINGS), small_fonts(), found_fonts(), packed_pictures():
        figure.savefig(buffer, format=name, dpi=EXPORT_DPI, metadata=metadata, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def _pixels(figure: Figure, metadata: dict[str, str]) -> bytes:
    """A figure as png in red, green and blue, since nothing shines through it: half the time of matplotlib's writer."""
    buffer, words = io.BytesIO(), PngInfo()
    for name, text in metadata.items():
        words.add_itxt(name, text)
    with _LOCK, found_fonts():
        before = figure.dpi
        figure.dpi = EXPORT_DPI
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        figure.dpi = before
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    picture = Image.frombuffer("RGBA", pixels.shape[1::-1], pixels, "raw", "RGBA", 0, 1).convert("RGB")
    picture.save(buffer, "png", dpi=(EXPORT_DPI, EXPORT_DPI), pnginfo=words, **PACKED)
    return buffer.getvalue()


def _page(figure: go.Figure, title: str, origin: str, theme: ThemeName) -> str:
    body = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        div_id="figure",
        config={"displaylogo": False, "displayModeBar": False, "responsive": True},
    )
    colours = theme_named(theme)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="description" content="{html.escape(origin)}">\n'
        f"<style>body {{margin: 1rem auto; max-width: 60rem; background: {colours.background};}}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _rows(rows: Sequence[dict[str, object]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _table(explanation: Explanation) -> str:
    elements = [(level.name, element) for level in explanation.levels for element in level.elements]
    methods = sorted({method for _, element in elements for method in element.attributions})
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    attributions = [f"attribution {method}" for method in methods]
    writer.writerow(["model", "run", "user", "item", "level", "kind", "id", "label", *_COLUMNS, *attributions])
    for level, element in elements:
        numbers = [getattr(element, name) for name in _COLUMNS]
        head = [explanation.model, explanation.run, explanation.user, explanation.item]
        values = [element.attributions.get(method) for method in methods]
        writer.writerow([*head, level, element.kind, element.id, element.label, *numbers, *values])
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path
