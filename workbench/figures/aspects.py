"""Aspect bars: own taste and every aspect of one explanation, attention beside contribution."""

from __future__ import annotations

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import By, Explanation
from workbench.figures.levels import view_aspects
from workbench.figures.page import compose, compose_plotly
from workbench.figures.panels import Panels
from workbench.figures.style import FULL_WIDTH, ThemeName, colour_of, theme_named


def aspects_figure(
    explanation: Explanation, *, by: By | None = None, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """Aspect bars on paper.

    Args:
        by: what orders the aspects; None takes contribution where the model is additive, else attention.
        width: inches.
    """
    return compose([Panels(view_aspects(explanation, by), None, colour_of("own"))], width, theme_named(theme))


def aspects_plotly(explanation: Explanation, *, by: By | None = None, theme: ThemeName = "light") -> go.Figure:
    """Aspect bars on the screen; clicking a bar gives the aspect's name as custom data."""
    return compose_plotly([Panels(view_aspects(explanation, by), None, colour_of("own"))], theme_named(theme))
