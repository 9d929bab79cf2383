"""The chart of a study: for every question, how many cases each run won (after Figure 10 of the Ante-RNN paper)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.explain.explanation import Explanation
from workbench.figures.marks import HATCH, SCREEN_HATCH
from workbench.figures.page import Area, Canvas, compose, compose_plotly
from workbench.figures.panels import HEAD, SCREEN_HEAD, draw_heading, plot_heading
from workbench.figures.parts import parts
from workbench.figures.style import (
    BASE,
    COLUMN_WIDTH,
    FLAT_GREY,
    FULL_WIDTH,
    POSITIVE,
    SCREEN_BASE,
    SCREEN_SMALL,
    SMALL,
    Theme,
    ThemeName,
    colour_of,
    ink_on,
    mix,
    theme_named,
)
from workbench.figures.text import fit, markup, shorten, text_width, wrap, wrap_markup
from workbench.study.results import QuestionResult, Results

Part = Literal["first", "tie", "second", "undecided"]
PARTS: Final[tuple[Part, ...]] = ("first", "tie", "second", "undecided")
HEADING: Final = "Preferred run"
ROW, LABEL, BAR = 0.4, 0.1, 0.19
"""Inches of a question, down to the middle of its words, and of its bar."""
LEGEND, LINE, GAP = 0.16, 0.12, 0.05
SCREEN_ROW, SCREEN_BAR = 58, 26
SCREEN_LEGEND, SCREEN_LINE = 24, 16
SHORT: Final = 92


@dataclass(frozen=True)
class Outcome:
    """One bar for each question, parted by the majority of the cases: first run, no difference, second run, none."""

    results: Results

    @property
    def _note(self) -> str:
        found = self.results
        return f"{found.judged:,} of {found.cases:,} cases judged, {found.raters} raters a case"

    @property
    def _names(self) -> dict[Part, str]:
        named = self.results.named
        return {"first": named("first"), "tie": named("tie"), "second": named("second"), "undecided": "no majority"}

    @property
    def _key(self) -> str:
        found = self.results
        words = (
            "A case is won by what more than half of its raters say; kappa: their agreement beyond chance (Fleiss); "
        )
        words += "p: sign test between the runs."
        if found.left is not None:
            words += f" Of the answers for one side, {found.left:.0%} chose the left one."
        return words

    def _numbers(self, one: QuestionResult) -> str:
        kappa = "not defined" if one.kappa is None else f"{one.kappa:.2f}".replace("-", "−")
        test = "" if one.p_value is None else f" · p {'< 0.001' if one.p_value < 0.001 else f'{one.p_value:.3f}'}"
        return f"kappa {kappa}{test}"

    def _across(self, width: float) -> int:
        return 4 if width > FULL_WIDTH / 2 else 2

    def height(self, width: float) -> float:
        """Inches on paper ``width`` inches wide."""
        rows = -(-len(PARTS) // self._across(width))
        words = LINE * len(wrap(self._key, width, SMALL, 4))
        return HEAD + rows * LEGEND + GAP + ROW * len(self.results.questions) + GAP + words

    def draw(self, area: Area) -> None:
        """Legend, bars, key."""
        draw_heading(area, HEADING, colour_of("own"), self._note)
        axes, across, theme = area.inches(), self._across(area.width), area.theme
        each = area.width / across
        for place, (part, name) in enumerate(self._names.items()):
            x, y = (place % across) * each, HEAD + (place // across + 0.5) * LEGEND
            axes.add_patch(Rectangle((x, y - 0.05), 0.18, 0.1, **_fill(part, theme)))
            area.write(x + 0.24, y, fit(name, each - 0.3, SMALL), SMALL)
        top = HEAD + -(-len(PARTS) // across) * LEGEND + GAP
        for row, one in enumerate(self.results.questions):
            self._draw_row(area, one, top + row * ROW)
        for line, words in enumerate(wrap(self._key, area.width, SMALL, 4)):
            y = top + ROW * len(self.results.questions) + GAP + (line + 0.5) * LINE
            area.write(0, y, words, SMALL, color=theme.muted)

    def _draw_row(self, area: Area, one: QuestionResult, top: float) -> None:
        axes, theme = area.inches(), area.theme
        numbers = self._numbers(one)
        room = area.width - text_width(numbers, SMALL) - 0.1
        area.write(0, top + LABEL, fit(one.aspect, room, BASE, "bold"), BASE, weight="bold")
        area.write(area.width, top + LABEL, numbers, SMALL, ha="right", color=theme.muted)
        left = 0.0
        for part in PARTS:
            wide = one.share(part) * area.width
            if not wide:
                continue
            axes.add_patch(Rectangle((left, top + 0.18), wide, BAR, **_fill(part, theme)))
            words = f"{one.share(part):.0%}"
            if text_width(words, SMALL) + 0.08 <= wide:
                face = _face(part, theme)
                box = {"facecolor": face, "edgecolor": "none", "pad": 1.0}
                middle = (left + wide / 2, top + 0.18 + BAR / 2)
                area.write(*middle, words, SMALL, ha="center", color=ink_on(face), bbox=box)
            left += wide
        if not one.judged:
            area.write(0, top + 0.18 + BAR / 2, "no case has been judged", SMALL, color=theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        words = SCREEN_LINE * wrap_markup(self._key, SHORT, 4)[1]
        return SCREEN_HEAD + SCREEN_LEGEND + SCREEN_ROW * len(self.results.questions) + words + 8

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same to touch: hover tells the counts."""
        plot_heading(canvas, top, HEADING, colour_of("own"), self._note)
        theme, questions = canvas.theme, self.results.questions
        upper = top + SCREEN_HEAD + SCREEN_LEGEND
        height = SCREEN_ROW * len(questions)
        at = canvas.axes(0, 1, upper, height, {"range": [0, 1]}, {"range": [height, 0]})
        middles = [row * SCREEN_ROW + 36 for row in range(len(questions))]
        for part, name in self._names.items():
            face = _face(part, theme)
            canvas.figure.add_trace(
                go.Bar(
                    x=[one.share(part) for one in questions], y=middles, orientation="h", width=SCREEN_BAR,
                    base=[_before(one, part) for one in questions], xaxis=at.x, yaxis=at.y, showlegend=True,
                    name=markup(shorten(name, 24)), marker=_screen_fill(part, theme), hoverinfo="text",
                    hovertext=[self._hover(one, part, name) for one in questions],
                    text=[f"{one.share(part):.0%}" if one.share(part) >= 0.06 else "" for one in questions],
                    textposition="inside", insidetextanchor="middle", textangle=0,
                    textfont={"size": SCREEN_SMALL, "color": ink_on(face)},
                )
            )  # fmt: skip
        for row, one in enumerate(questions):
            y = upper + row * SCREEN_ROW + 12
            canvas.write(0, y, f"<b>{markup(one.aspect)}</b>", SCREEN_BASE)
            canvas.write(1, y, markup(self._numbers(one)), SCREEN_SMALL, xanchor="right", color=theme.muted)
            if not one.judged:
                canvas.write(0, y + 24, "no case has been judged", SCREEN_SMALL, color=theme.muted)
        words, lines = wrap_markup(self._key, SHORT, 4)
        canvas.write(0, top + self.pixels() - SCREEN_LINE * lines / 2, words, SCREEN_SMALL, color=theme.muted)
        legend = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "middle", "font": {"size": SCREEN_SMALL}}
        legend |= {"y": canvas.y(top + SCREEN_HEAD + SCREEN_LEGEND / 2), "traceorder": "normal"}
        canvas.figure.update_layout(showlegend=True, legend=legend, barmode="overlay")

    def _hover(self, one: QuestionResult, part: Part, name: str) -> str:
        count = one.undecided if part == "undecided" else one.majority[part]
        said = "" if part == "undecided" else f"<br>single answers: {one.answers[part]:,}"
        return f"<b>{markup(name)}</b><br>{markup(one.text)}<br>{count:,} of {one.judged:,} cases{said}"


def study_figure(results: Results, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Shares of the cases that each run won, by question, on paper.

    Args:
        results: of a study.
        width: inches.
    """
    return compose([Outcome(results)], width, theme_named(theme))


def study_plotly(results: Results, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([Outcome(results)], theme_named(theme))


def blind_figure(
    explanation: Explanation,
    root: Path | None = None,
    *,
    top: int = 4,
    width: float = COLUMN_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The evidence of an explanation without a word of which model it is of, narrow enough for one of two sides.

    Args:
        explanation: what is shown.
        root: folder of the dataset, None to draw without pictures.
        top: elements of the strongest aspect.
        width: inches.
    """
    colours = theme_named(theme)
    return compose(parts(explanation, root, None, colours, 1, top), width, colours)


def _before(one: QuestionResult, part: Part) -> float:
    """Where a part of a bar begins."""
    return sum(one.share(other) for other in PARTS[: PARTS.index(part)])


def _face(part: Part, theme: Theme) -> str:
    faces: Mapping[Part, str] = {
        "first": POSITIVE,
        "tie": FLAT_GREY,
        "second": mix(POSITIVE, theme.background, 0.25),
        "undecided": theme.background,
    }
    return faces[part]


def _fill(part: Part, theme: Theme) -> dict[str, Any]:
    fill: dict[str, Any] = {
        "facecolor": _face(part, theme),
        "edgecolor": theme.text,
        "linewidth": 0.4,
        "clip_on": False,
    }
    return fill | ({"hatch": HATCH, "hatchcolor": POSITIVE} if part == "second" else {})


def _screen_fill(part: Part, theme: Theme) -> dict[str, Any]:
    fill: dict[str, Any] = {"color": _face(part, theme), "line": {"color": theme.text, "width": 0.6}}
    pattern = {"shape": SCREEN_HATCH, "fgcolor": POSITIVE, "size": 6, "solidity": 0.25, "fillmode": "overlay"}
    return fill | ({"pattern": pattern} if part == "second" else {})
