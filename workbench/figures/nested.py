"""Parts inside elements: where a model looks in the images of a history, one heat scale for all of them."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.explanation import EvidenceLevel
from workbench.figures.levels import strongest_by
from workbench.figures.looks import Scale, Seen, pixels_at
from workbench.figures.matrix import MAPS, Matrix
from workbench.figures.page import compose, compose_plotly
from workbench.figures.style import FULL_WIDTH, Theme, ThemeName, theme_named
from workbench.figures.text import weight_text

TOP = 5
"""How many images are shown."""


def nested(level: EvidenceLevel, whole: EvidenceLevel, root: Path | None, theme: Theme, top: int = TOP) -> Matrix:
    """The block of the ``top`` strongest images of ``whole``, each under the heat of its parts in ``level``."""
    parts = {element.id: tuple(r for r in level.elements if r.of == element.id) for element in whole.elements}
    shown = [element for element in whole.top(len(whole.elements), strongest_by(whole)) if parts[element.id]][:top]
    cells = tuple(Seen(pixels_at(root, element.image, theme), parts[element.id]) for element in shown)
    weights = [[] if e.attention is None else [f"attention {weight_text(e.attention)}"] for e in shown]
    notes = tuple((*weight, *["no preference"] * seen.is_flat) for weight, seen in zip(weights, cells, strict=True))
    hidden = len(whole.elements) - len(shown)
    label = level.label or level.name
    return Matrix(
        heading=label[:1].upper() + label[1:],
        note=f"{len(shown)} images, … {hidden:,} more" if hidden else "",
        rows=(),
        columns=tuple(element.model_copy(update={"kind": "title"}) for element in shown),
        cells=(cells,),
        notes=(notes,),
        scale=Scale.of(cells),
        look=MAPS,
        root=root,
    )


def nested_figure(
    level: EvidenceLevel,
    whole: EvidenceLevel,
    root: Path | None = None,
    *,
    top: int = TOP,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """Regions over the images they are parts of, on paper.

    Args:
        level: the regions; each says of which image it is, and in each image their attention adds up to 1.
        whole: the level of these images.
        root: folder of the dataset, None to draw over neutral tiles.
        top: how many images, the strongest of those with regions.
        width: inches.
    """
    colours = theme_named(theme)
    return compose([nested(level, whole, root, colours, top)], width, colours)


def nested_plotly(
    level: EvidenceLevel,
    whole: EvidenceLevel,
    root: Path | None = None,
    *,
    top: int = TOP,
    theme: ThemeName = "light",
) -> go.Figure:
    """The same on the screen; a click on an image gives its place, e.g. ``0,2``."""
    colours = theme_named(theme)
    return compose_plotly([nested(level, whole, root, colours, top)], colours)
