"""Pinned views opened with what the app has open already, and drawn small."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from PIL import Image

from workbench.app import loading, sources
from workbench.app.sources import Source, Stamped
from workbench.figures.export import drawn_png
from workbench.figures.style import COLUMN_WIDTH, ThemeName
from workbench.views.view import View

if TYPE_CHECKING:
    from workbench.explain.explainer import Explainer
    from workbench.explain.explanation import Verdict
    from workbench.views.opened import Opener

SMALL: Final = 80
"""Dots per inch of a thumbnail."""
TALLEST: Final = 1.1
"""Height of a thumbnail over its width at most; what is below shows when the view is opened."""


def opener() -> Opener:
    """Opens views with the app's own explainers."""
    from workbench.views.opened import Opener

    return Opener(sources.folders(), _explainer, sources.run_folders)


def _explainer(folder: Path, run: Path) -> Explainer:
    return loading.explainer(Source(sources.stamp_data(folder), sources.stamp_run(run), sources.stamp_topics(folder)))


def state_of(view: View) -> tuple[Stamped, ...]:
    """What the files a view is drawn from look like: a thumbnail is good as long as this stays the same."""
    folder = sources.folders().get(view.dataset or "")
    if folder is None:
        return ()
    runs = sources.run_folders(folder)
    found = [sources.stamp_run(runs[name]) for name in (view.run, view.compare) if name and name in runs]
    return sources.stamp_data(folder), sources.stamp_topics(folder), *found


@st.cache_data(max_entries=256, show_spinner=False)
def drawn(text: str, stamps: tuple[Stamped, ...], theme: ThemeName) -> tuple[bytes, str, str, Verdict | None]:
    """The upper part of the first picture of a view as png, its question, its answer and its verdict.

    Args:
        text: the view.
        stamps: ``state_of`` the view.
        theme: of the picture.

    Raises:
        ValueError: the view cannot be opened, or what it shows is not there.
    """
    from workbench.views.pictures import shown

    opening = opener()
    opened = opening.open(View.parse(text))
    found = shown(opened, opening.second(opened))
    figure = found.pictures[0].draw(width=COLUMN_WIDTH, theme=theme)
    picture = Image.open(io.BytesIO(drawn_png(figure, SMALL)))
    top = picture.crop((0, 0, picture.width, min(picture.height, round(TALLEST * picture.width))))
    small = io.BytesIO()
    top.save(small, format="png")
    return small.getvalue(), found.title, found.sentence, found.verdict
