"""The explanation card: image, sentence, verdict, aspects, and the elements behind the strongest aspects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from workbench import __version__
from workbench.explain.explanation import Element, Explanation
from workbench.figures import icons
from workbench.figures.dial import Dial
from workbench.figures.icons import WHOLE_PIXELS
from workbench.figures.looks import Pixels
from workbench.figures.page import Area, Block, Canvas, compose, compose_plotly
from workbench.figures.parts import parts
from workbench.figures.style import (
    BADGES,
    BASE,
    FULL_WIDTH,
    HEADING,
    SCREEN_BASE,
    SCREEN_SMALL,
    SCREEN_TITLE,
    SMALL,
    TITLE,
    Theme,
    ThemeName,
    theme_named,
)
from workbench.figures.text import decimals, fit, markup, shorten, signed_text, text_width, wrap, wrap_markup
from workbench.figures.thumbnails import shrunk

if TYPE_CHECKING:
    from workbench.explain.popularity import Forecast

PICTURE: Final = 1.45
SCREEN_PICTURE: Final = 190
SCREEN_TEXT_LEFT: Final = 0.24
SCREEN_LINE_LENGTH: Final = 72


def question(explanation: Explanation) -> str:
    """What the explanation answers."""
    if explanation.task == "popularity":
        return f"How popular is {explanation.item_label} by {explanation.user_label}?"
    return f"Why {explanation.item_label} for {explanation.user_label}?"


def _facts(explanation: Explanation) -> str:
    score = signed_text(explanation.score, decimals([explanation.score])).removeprefix("+")
    if explanation.rank is None:
        return f"predicted log2(views a day + 1) {score} · model {explanation.model}"
    return (
        f"score {score} · rank {explanation.rank:,} of {explanation.candidates:,} candidates · "
        f"model {explanation.model}"
    )


def _picture(explanation: Explanation) -> Element:
    return Element(kind="image", id=explanation.item, label=explanation.item_label, image=explanation.image)


@dataclass(frozen=True)
class Head:
    """The image with title, facts, sentence and verdict beside it."""

    explanation: Explanation
    root: Path | None
    picture: Pixels | None = None

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return PICTURE

    def draw(self, area: Area) -> None:
        """Image at the left, words at the right."""
        explanation, theme = self.explanation, area.theme
        half = PICTURE / 2
        if self.picture is None:
            icons.draw_square(area.inches(), _picture(explanation), self.root, half, half, half, theme)
        else:
            icons.draw_pixels(area.inches(), self.picture, half, half, half, theme.line)
        left = PICTURE + 0.16
        room = area.width - left
        area.write(left, 0.1, fit(question(explanation), room, TITLE, "bold"), TITLE, weight="bold")
        area.write(left, 0.29, fit(_facts(explanation), room, BASE), BASE, color=theme.muted)
        for i, line in enumerate(wrap(explanation.sentence, room, HEADING, 4)):
            area.write(left, 0.51 + 0.145 * i, line, HEADING)
        self._draw_badge(area, left, PICTURE - 0.27)

    def _draw_badge(self, area: Area, left: float, top: float) -> None:
        verdict = self.explanation.verdict
        sign, fill = BADGES[verdict.badge]
        words = f"{sign} {verdict.badge}"
        width = text_width(words, BASE, "bold") + 0.16
        pill = FancyBboxPatch((left + 0.04, top - 0.045), width - 0.08, 0.09, boxstyle="round,pad=0.04", facecolor=fill)
        pill.set_edgecolor("none")
        area.inches().add_patch(pill)
        area.write(left + 0.08, top, words, BASE, weight="bold", color="white")
        room = area.width - left - width - 0.1
        for i, line in enumerate(wrap(verdict.reason, room, BASE, 3)):
            area.write(left + width + 0.1, top + 0.13 * i, line, BASE, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return SCREEN_PICTURE

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same words beside the same image."""
        explanation = self.explanation
        height = SCREEN_PICTURE
        at = canvas.axes(0, SCREEN_TEXT_LEFT - 0.02, top, height, {"range": [0, 1]}, {"range": [1, 0]})
        if self.picture is None:
            icons.plot_icons(canvas, at, [_picture(explanation)], self.root, [0.5], [0.5], 150, (1.0, 1.0))
        else:
            icons.plot_pixels(canvas, at, self.picture, 0.5, 0.5, (1.0, 1.0))
        title = shorten(question(explanation), 48)
        canvas.write(SCREEN_TEXT_LEFT, top + 14, f"<b>{markup(title)}</b>", SCREEN_TITLE)
        canvas.write(SCREEN_TEXT_LEFT, top + 40, markup(_facts(explanation)), color=canvas.theme.muted)
        sentence, _ = wrap_markup(explanation.sentence, SCREEN_LINE_LENGTH, 4)
        canvas.write(SCREEN_TEXT_LEFT, top + 58, sentence, SCREEN_BASE + 1, yanchor="top")
        sign, fill = BADGES[explanation.verdict.badge]
        badge = f"<b>{sign} {explanation.verdict.badge}</b>"
        canvas.write(SCREEN_TEXT_LEFT, top + 142, badge, color="white", bgcolor=fill, borderpad=4)
        reason, _ = wrap_markup(explanation.verdict.reason, SCREEN_LINE_LENGTH, 2)
        canvas.write(SCREEN_TEXT_LEFT, top + 158, reason, SCREEN_SMALL, yanchor="top", color=canvas.theme.muted)


@dataclass(frozen=True)
class Foot:
    """Where the explanation comes from: run, dataset with fingerprint, version."""

    explanation: Explanation

    @property
    def _words(self) -> str:
        e = self.explanation
        return f"run {e.run} · dataset {e.dataset} ({e.fingerprint}) · workbench {__version__}"

    def height(self, width: float) -> float:
        """Inches on paper, the same for every width."""
        return 0.16

    def draw(self, area: Area) -> None:
        """One line in small type under a rule."""
        area.inches().axhline(0.01, color=area.theme.line, linewidth=0.6)
        area.write(0, 0.11, fit(self._words, area.width, SMALL), SMALL, color=area.theme.muted)

    def pixels(self) -> float:
        """Pixels on the screen."""
        return 20

    def plot(self, canvas: Canvas, top: float) -> None:
        """The same line on the screen."""
        canvas.write(0, top + 12, markup(self._words), SCREEN_SMALL, color=canvas.theme.muted)


def explained(subject: Explanation | Forecast) -> Explanation:
    """The explanation itself, or that of a forecast."""
    return subject if isinstance(subject, Explanation) else subject.explanation


def _blocks(
    subject: Explanation | Forecast, root: Path | None, picture: Pixels | None, aspects: int, top: int, theme: Theme
) -> list[Block]:
    explanation = explained(subject)
    dial = [] if isinstance(subject, Explanation) else [Dial(subject)]
    details = parts(explanation, root, picture, theme, aspects, top)
    beside = None if picture is None else shrunk(picture, WHOLE_PIXELS)
    return [Head(explanation, root, beside), *dial, *details, Foot(explanation)]


def card_figure(
    subject: Explanation | Forecast,
    root: Path | None = None,
    *,
    picture: Pixels | None = None,
    aspects: int = 2,
    top: int = 8,
    width: float = FULL_WIDTH,
    theme: ThemeName = "light",
) -> Figure:
    """The whole explanation on one page; for a forecast of popularity with its dial.

    Args:
        subject: an explanation or a forecast.
        root: folder of the dataset, None to draw neutral tiles instead of pictures.
        picture: (height, width, 3) RGB of an explained picture that is in no dataset.
        aspects: for how many of the strongest aspects the elements are shown.
        top: how many elements of each.
        width: inches; made for the full width of a page.
    """
    colours = theme_named(theme)
    return compose(_blocks(subject, root, picture, aspects, top, colours), width, colours, gap=0.16)


def card_plotly(
    subject: Explanation | Forecast,
    root: Path | None = None,
    *,
    picture: Pixels | None = None,
    aspects: int = 2,
    top: int = 8,
    theme: ThemeName = "light",
) -> go.Figure:
    """The whole explanation on the screen, pictures embedded."""
    colours = theme_named(theme)
    return compose_plotly(_blocks(subject, root, picture, aspects, top, colours), colours)
