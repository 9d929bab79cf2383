"""The elements of any level as rows: people followed, history, words, hours, hops."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import By, EvidenceLevel
from workbench.figures.levels import view_level
from workbench.figures.page import compose, compose_plotly
from workbench.figures.panels import Panels
from workbench.figures.style import FULL_WIDTH, ThemeName, colour_of, theme_named


def elements_figure(
    level: EvidenceLevel,
    rank: int | None,
    root: Path | None = None,
    *,
    heading: str | None = None,
    top: int = 10,
    by: By | None = None,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The strongest elements of a level on paper.

    Args:
        rank: rank of the explained image with everything present; None where nothing is ranked.
        root: folder of the dataset, None to draw without pictures.
        heading: what a person calls the level; None takes its name.
        top: how many elements are shown.
        by: what orders them; None takes contribution where the model is additive, else attention.
        width: inches.
    """
    view = view_level(level, rank, top, by, heading)
    return compose([Panels(view, root, colour_of(level.name, level.kind))], width, theme_named(theme))


def elements_plotly(
    level: EvidenceLevel,
    rank: int | None,
    root: Path | None = None,
    *,
    heading: str | None = None,
    top: int = 10,
    by: By | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; clicking a mark gives the element's id as custom data."""
    view = view_level(level, rank, top, by, heading)
    return compose_plotly([Panels(view, root, colour_of(level.name, level.kind))], theme_named(theme))
