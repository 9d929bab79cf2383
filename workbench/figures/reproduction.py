"""A reproduced table as a picture: how far every row lies from the first, in the paper and here."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.evaluation.reproduction import Reproduction, RowResult
from workbench.figures.axis import frame_axis, number_axis
from workbench.figures.page import DPI, PAPER_MARGIN, Area
from workbench.figures.style import BASE, FULL_WIDTH, HEADING, POSITIVE, SMALL, Theme, ThemeName, theme_named
from workbench.figures.text import fit, text_width, wrap

ROW: Final = 0.19
LINE: Final = 0.14
FOOT: Final = 0.42
LEGEND: Final = 0.18
NUMBER: Final = 0.36
"""Inches beside a panel for our own values."""
NAMES: Final = 1.7
"""Inches for the names of rows at most."""
PAPERS: Final = (("D", "#CC79A7"), ("s", "#E69F00"), ("^", "#009E73"))
"""Mark and hue of each dataset of the paper."""


def reproduction_figure(
    found: Reproduction, metrics: tuple[str, ...], *, width: float = FULL_WIDTH, theme: ThemeName = "light"
) -> Figure:
    """Rows of dots, one panel for each metric: the change of every row against the first, in per cent.

    Data are not the paper's, so what can be compared are differences between rows. Ours have the standard deviation
    over seeds, and their values stand beside them.

    Args:
        found: with one row at least.
        metrics: those shown, two or three fit a page.
        width: inches.
        theme: light or dark.
    """
    colours, inner = theme_named(theme), width - 2 * PAPER_MARGIN
    title = wrap(found.title, inner, HEADING, 3)
    datasets = list(dict.fromkeys(name for row in found.rows for name in row.published or ()))
    top = LINE * len(title) + 0.06
    tall = ROW * len(found.rows)
    total = top + LINE + tall + FOOT + LEGEND
    figure = Figure(figsize=(width, total + 2 * PAPER_MARGIN), dpi=DPI, facecolor=colours.background)
    area = Area(figure, PAPER_MARGIN, PAPER_MARGIN, inner, total, colours)
    for place, line in enumerate(title):
        area.write(0, LINE * (place + 0.5), line, HEADING, weight="bold")
    names = min(NAMES, max(text_width(row.row, BASE) for row in found.rows) + 0.08)
    each = (inner - names) / len(metrics)
    for place, row in enumerate(found.rows):
        area.write(0, top + LINE + ROW * (place + 0.5), fit(row.row, names - 0.06, BASE))
    for place, metric in enumerate(metrics):
        left = names + place * each
        area.write(left, top + LINE / 2, metric, BASE, weight="bold")
        axes = area.axes(left + 0.05, top + LINE, each - NUMBER - 0.1, tall)
        _panel(axes, found.rows, metric, datasets, colours)
        frame_axis(axes, area, f"change against {found.rows[0].row} (%)", each - NUMBER - 0.1)
        for number, row in enumerate(found.rows):
            y = top + LINE + ROW * (number + 0.5)
            area.write(left + each - NUMBER, y, f"{row.metrics[metric].mean:.3f}", SMALL, color=colours.muted)
    _legend(area, total - LEGEND / 2, [f"paper, {name}" for name in datasets], found.dataset)
    return figure


def _panel(axes: Axes, rows: tuple[RowResult, ...], metric: str, datasets: list[str], theme: Theme) -> None:
    """The dots of one metric."""
    axes.axvline(0, color=theme.muted, linewidth=0.6)
    first, shown = rows[0], [0.0]
    for number, row in enumerate(rows):
        axes.axhline(number, color=theme.line, linewidth=0.3, zorder=0)
        for name, (marker, hue) in zip(datasets, PAPERS, strict=False):
            if row.published and first.published and {name} <= row.published.keys() & first.published.keys():
                change = _change(row.published[name][metric], first.published[name][metric])
                shown.append(change)
                axes.plot(
                    change, number, marker=marker, markersize=4, markerfacecolor="none", markeredgecolor=hue,
                    markeredgewidth=1.0, zorder=2,
                )  # fmt: skip
        base, ours = first.metrics[metric].mean, row.metrics[metric]
        change, spread = _change(ours.mean, base), 100 * (ours.sd or 0) / base if base else 0.0
        shown += [change - spread, change + spread]
        axes.plot([change - spread, change + spread], [number, number], color=POSITIVE, linewidth=1.2, zorder=3)
        axes.plot(change, number, marker="o", markersize=4, color=POSITIVE, zorder=4)
    room = 0.06 * max(max(shown) - min(shown), 1.0)
    axes.set(xlim=(min(shown) - room, max(shown) + room), ylim=(len(rows) - 0.5, -0.5))
    number_axis(axes, max(abs(value) for value in shown) or 1.0)


def _change(value: float, base: float) -> float:
    """By how many per cent a value lies above its base; 0 where there is none."""
    return 100 * (value / base - 1) if base else 0.0


def _legend(area: Area, y: float, papers: list[str], ours: str) -> None:
    axes, x = area.inches(), 0.06
    marks = [("o", POSITIVE, POSITIVE, f"ours, {ours}")]
    marks += [(marker, hue, "none", name) for name, (marker, hue) in zip(papers, PAPERS, strict=False)]
    for marker, hue, face, name in marks:
        axes.plot(x, y, marker=marker, markersize=4, markeredgecolor=hue, markerfacecolor=face, linestyle="none")
        area.write(x + 0.1, y, name, SMALL)
        x += text_width(name, SMALL) + 0.32
