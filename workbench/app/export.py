"""The export menu: every format of an explanation, written when it is asked for."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from workbench.app.state import View
from workbench.explain.explanation import Explanation
from workbench.figures.export import FORMATS, export_explanation

WORDS = {
    "png": "picture",
    "svg": "drawing to edit",
    "pdf": "page for a paper",
    "html": "page to touch, works offline",
    "json": "all numbers",
    "csv": "table",
}


def export_menu(explanation: Explanation, root: Path, view: View) -> None:
    """A menu that downloads the explanation; ``view`` is the recipe that goes with it."""
    stem = f"why-{explanation.run}-{explanation.user}-{explanation.item}"
    with st.popover("Export", icon=":material/download:"):
        for name in FORMATS:
            _button(f"{name} · {WORDS[name]}", f"{stem}.{name}", _content(explanation, root, name))
        _button("zip · all of these, with the view", f"{stem}.zip", lambda: archive(explanation, root, FORMATS, view))
        st.caption("The view: the same text gives the same picture everywhere.")
        st.code(str(view), language=None, wrap_lines=True)


def _button(label: str, file: str, content: Callable[[], bytes]) -> None:
    st.download_button(
        label, content, file, key=f"download-{Path(file).suffix}", on_click="ignore", type="tertiary", width="stretch"
    )


def _content(explanation: Explanation, root: Path, name: str) -> Callable[[], bytes]:
    def write() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            (path,) = export_explanation(explanation, root, Path(folder), [name])
            return path.read_bytes()

    return write


def archive(explanation: Explanation, root: Path, formats: Sequence[str], view: View) -> bytes:
    """A zip file of the formats and the view as ``view.txt``."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in export_explanation(explanation, root, Path(folder), formats):
            bundle.write(path, path.name)
        bundle.writestr("view.txt", f"{view}\n")
    return buffer.getvalue()
