"""How a method of explanation is marked in every picture of audits: one hue, one shape and one kind of line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workbench.figures.style import BADGES, Theme, seen_on


@dataclass(frozen=True)
class Mark:
    """What tells a row or a line from others.

    Attributes:
        label: what it is called.
        hue: its colour.
        marker: shape on paper; ``symbol`` the same on the screen.
        line: kind of line on paper; ``dash`` the same on the screen.
        control: whether it explains nothing: hollow, and called so.
        short: what it is called where there is little room; "" for the label.
    """

    label: str
    hue: str
    marker: str
    symbol: str
    line: Any = "-"
    dash: str = "solid"
    control: bool = False
    short: str = ""

    @property
    def head(self) -> str:
        """The shortest name."""
        return self.short or self.label

    @property
    def name(self) -> str:
        """The label, with what a control is."""
        return f"{self.label} (control)" if self.control else self.label

    def colour(self, theme: Theme) -> str:
        """The hue, as far as it can be seen on the page."""
        return seen_on(self.hue, theme)

    def face(self, theme: Theme) -> str:
        """What fills the shape: nothing where it is hollow."""
        return theme.background if self.control else self.colour(theme)


METHOD_MARKS: Final[Mapping[str, Mark]] = {
    "attention": Mark("attention", "#0072B2", "o", "circle"),
    "contribution": Mark("contribution", "#009E73", "s", "square", short="contrib."),
    "integrated_gradients": Mark(
        "integrated gradients", "#D55E00", "D", "diamond", (0, (5, 1.5)), "dash", short="int. grad."
    ),
    "gradient_x_gate": Mark(
        "gradient x gate", "#CC79A7", "v", "triangle-down", (0, (3, 1, 1, 1)), "dashdot", short="grad. x gate"
    ),
    "leave_one_out": Mark("leave one out", "#E69F00", "^", "triangle-up"),
    "shapley": Mark("Shapley values", "#56B4E9", "P", "cross", (0, (5, 1.5)), "dash", short="Shapley"),
    "random": Mark("random order", "#7F7F7F", "X", "x", (0, (1, 1.5)), "dot", control=True, short="random"),
    "uniform": Mark("table order", "#7F7F7F", "p", "pentagon", (0, (1, 1.5)), "dot", control=True),
}
"""Hues of Okabe and Ito; a shape of its own tells each method without them."""


HOLLOW: Final = "Hollow: controls, which explain nothing."


def badge_mark(badge: str, pairs: int) -> Mark:
    """The mark of the explanations with one verdict."""
    sign, hue = BADGES[badge]
    return Mark(f"{sign} {badge} ({pairs:,})", hue, "o", "circle")
