"""The axes that marks stand on, and the numbers beside marks: on paper and on the screen."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from workbench.figures.page import Area, Canvas, Pair
from workbench.figures.style import SCREEN_SMALL, SMALL
from workbench.figures.text import decimals, markup, plain, text_width, wrap


def frame_axis(axes: Axes, area: Area, title: str, width: float) -> None:
    """The line of numbers under axes ``width`` inches wide, with a title of at most two lines."""
    parts = [title] if text_width(title, SMALL) <= width else title.replace(" (", "\n(").split("\n")
    words = "\n".join(plain(line) for part in parts for line in wrap(part, width, SMALL, 3 - len(parts)))
    axes.set_xlabel(words, fontsize=SMALL, color=area.theme.muted, labelpad=1.5)
    axes.spines["bottom"].set(visible=True, color=area.theme.line, linewidth=0.6)
    axes.tick_params(axis="x", length=2, width=0.6, pad=1.5, labelsize=SMALL)
    axes.tick_params(axis="x", color=area.theme.line, labelcolor=area.theme.muted)


def number_axis(axes: Axes, largest: float) -> None:
    """Few round numbers on the axis, with the decimals that ``largest`` needs."""
    low, high = axes.get_xlim()
    places = decimals([largest])
    values = [v for v in MaxNLocator(nbins=3, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= v <= high]
    axes.set_xticks(values, [f"{v:.{places}f}".rstrip("0").rstrip(".").replace("-", "−") for v in values])


def write_absent(axes: Axes, area: Area, words: str) -> None:
    """What stands instead of marks that there are none of."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=SMALL)
    axes.texts[-1].set_color(area.theme.muted)


def write_beside(axes: Axes, x: float, row: float, text: str, area: Area, shift: int) -> None:
    """A number beside the end of a mark, ``shift`` points away: to the left of it where that is negative."""
    axes.annotate(
        text,
        (x, row),
        xytext=(shift, -0.4),
        textcoords="offset points",
        ha="left" if shift > 0 else "right",
        va="center",
        fontsize=SMALL,
        color=area.theme.muted,
    )


def _title(text: str) -> dict[str, Any]:
    return {"text": markup(text), "font": {"size": SCREEN_SMALL}, "standoff": 4}


def titled_axis(title: str) -> dict[str, Any]:
    """Settings of an axis on the screen with a title and few numbers."""
    ticks = {
        "showticklabels": True,
        "nticks": 4,
        "tickangle": 0,
        "tickformat": "~f",
        "tickfont": {"size": SCREEN_SMALL},
    }
    return {"title": _title(title)} | ticks


def zero_line(canvas: Canvas, at: Pair, limits: list[float], *, ticks: bool = True) -> None:
    """The limits of an axis on the screen, and the line at its zero."""
    axis = "xaxis" + at.x[1:]
    line = {"zeroline": True, "zerolinecolor": canvas.theme.muted, "zerolinewidth": 1}
    frame = {"showline": True, "linecolor": canvas.theme.line, "tickcolor": canvas.theme.line}
    frame |= {"ticks": "outside" if ticks else "", "showticklabels": ticks}
    canvas.figure.update_layout({axis: {"range": limits} | line | frame})


def note_beside(canvas: Canvas, at: Pair, x: float, y: float, text: str, shift: int) -> None:
    """A number beside the end of a mark on the screen, ``shift`` pixels away."""
    canvas.figure.add_annotation(
        x=x, y=y, xref=at.x, yref=at.y, text=text, showarrow=False, xshift=shift,
        xanchor="left" if shift > 0 else "right", font={"size": SCREEN_SMALL, "color": canvas.theme.muted},
    )  # fmt: skip
