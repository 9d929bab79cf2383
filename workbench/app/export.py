"""The export menu: every format of an explanation, written when it is asked for."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.explain.explanation import Explanation
from workbench.figures.card import explained
from workbench.figures.export import FORMATS, PAPER_FORMATS, Numbers, export_explanation, save
from workbench.figures.looks import Pixels
from workbench.views.view import View

if TYPE_CHECKING:
    from workbench.explain.popularity import Forecast

WORDS = {
    "png": "picture",
    "svg": "drawing to edit",
    "pdf": "page for a paper",
    "html": "page to touch, works offline",
    "json": "all numbers",
    "csv": "table",
}


def export_menu(subject: Explanation | Forecast, root: Path, view: View, picture: Pixels | None = None) -> None:
    """A menu that downloads an explanation or a forecast.

    Args:
        subject: what is exported.
        root: folder of the dataset.
        view: the recipe that goes with it.
        picture: (height, width, 3) RGB of an explained picture that is in no dataset.
    """
    explanation = explained(subject)
    stem = "-".join(
        str(part).replace(" ", "-") for part in (view.page, explanation.run, explanation.user, explanation.item)
    )
    with st.popover("Export", icon=":material/download:"):
        for name in FORMATS:
            _button(f"{name} · {WORDS[name]}", f"{stem}.{name}", _content(subject, root, name, picture), f".{name}")
        every = partial(archive, subject, root, FORMATS, view, picture)
        _button("zip · all of these, with the view", f"{stem}.zip", every, ".zip")
        st.caption("The view: the same text gives the same picture everywhere.")
        st.code(str(view), language=None, wrap_lines=True)


def figure_menu(
    draw: Callable[[], Figure],
    stem: str,
    origin: str,
    screen: Callable[[], go.Figure] | None = None,
    numbers: Numbers | Explanation | None = None,
) -> None:
    """A menu that downloads one figure.

    Args:
        draw: draws it on paper.
        stem: name of the files; one for each figure of a page.
        origin: run and dataset, for the files' metadata.
        screen: draws it to touch.
        numbers: what it is drawn from.
    """
    written: dict[str, Callable[[], Figure | go.Figure | Numbers | Explanation]] = dict.fromkeys(PAPER_FORMATS, draw)
    written |= {} if screen is None else {"html": screen}
    written |= {} if numbers is None else {name: lambda: numbers for name in ("json", "csv")}
    with st.popover("Export figure", icon=":material/download:", type="tertiary", key=f"export-{stem}"):
        for name, subject in written.items():
            content = partial(_figure, subject, stem, name, origin)
            _button(f"{name} · {WORDS[name]}", f"{stem}.{name}", content, f"{stem}.{name}")


def _figure(draw: Callable[[], Figure | go.Figure | Numbers | Explanation], stem: str, name: str, origin: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(draw(), Path(folder) / stem, [name], title=stem.replace("-", " "), origin=origin)
        return path.read_bytes()


def _button(label: str, file: str, content: Callable[[], bytes], key: str) -> None:
    st.download_button(label, content, file, key=f"download-{key}", on_click="ignore", type="tertiary", width="stretch")


def _content(subject: Explanation | Forecast, root: Path, name: str, picture: Pixels | None) -> Callable[[], bytes]:
    def write() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            (path,) = export_explanation(subject, root, Path(folder), [name], picture=picture)
            return path.read_bytes()

    return write


def archive(
    subject: Explanation | Forecast, root: Path, formats: Sequence[str], view: View, picture: Pixels | None = None
) -> bytes:
    """A zip file of the formats and the view as ``view.txt``."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in export_explanation(subject, root, Path(folder), formats, picture=picture):
            bundle.write(path, path.name)
        bundle.writestr("view.txt", f"{view}\n")
    return buffer.getvalue()
