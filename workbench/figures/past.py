"""What a picture of a history in time shows: the last images, their weights, what each weight is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workbench.explain.dates import clock_text, day_text
from workbench.explain.explanation import FLAT, Element, EvidenceLevel, Id, flatness
from workbench.figures.levels import NO_WEIGHTS
from workbench.figures.style import FLAT_GREY, Theme, colour_of
from workbench.figures.text import removal_text

FACTORS: Final = 3
"""How many hues and hatches factors have before they repeat."""


@dataclass(frozen=True)
class Part:
    """One factor of the weight of an image.

    Attributes:
        left: where its part of the bar begins, 0..1; ``share`` how long it is.
        place: its place among the factors, which gives hue and hatch.
    """

    element: Element
    left: float
    share: float
    place: int

    def face(self, theme: Theme) -> str:
        """Hue of its part."""
        return (colour_of("history"), FLAT_GREY, theme.background)[self.place % FACTORS]


@dataclass(frozen=True)
class Past:
    """The images of a history and what is known of them.

    Attributes:
        history: all images, in time; ``shown`` the last of them.
        factors: what the weight of an image is made of, by the id of the image.
        rank: rank of the explained image.
    """

    history: EvidenceLevel
    shown: tuple[Element, ...]
    factors: Mapping[Id, tuple[Element, ...]]
    rank: int | None

    @property
    def weighed(self) -> list[Element]:
        """The images the model could weigh."""
        return [element for element in self.history.elements if element.attention]

    @property
    def is_flat(self) -> bool:
        """Whether the weights show no preference among the images that have one."""
        # Images outside the window weigh nothing by rule, which is no preference for the others.
        spread = flatness([element.attention or 0.0 for element in self.weighed])
        return spread is not None and spread >= FLAT

    @property
    def colour(self) -> str:
        """Hue of the weights."""
        return FLAT_GREY if self.is_flat else colour_of("history")

    @property
    def has_weights(self) -> bool:
        """Whether the model weighs the images."""
        return any(element.attention is not None for element in self.history.elements)

    def is_outside(self, element: Element) -> bool:
        """Whether an image lies outside what the model could weigh."""
        return element.attention == 0

    @property
    def note(self) -> str:
        """The words beside the heading."""
        parts = ["no preference"] if self.is_flat else []
        if len(self.shown) < len(self.history.elements):
            parts.append(f"the last {len(self.shown)} of {len(self.history.elements):,}, from old to new")
        elif len(self.shown) > 1:
            parts.append("from old to new")
        return " · ".join(parts)

    @property
    def key(self) -> str:
        """What the marks are."""
        weighed, total = len(self.weighed), len(self.history.elements)
        inside = f"the {weighed} in the window add up to 1" if weighed < total else "adds up to 1"
        parts = [f"attention ({inside})" if self.has_weights else NO_WEIGHTS]
        if self.deep:
            parts.append("thin bar: what each weight is made of")
        if self.has_removal:
            parts.append("tick: rank without it")
        if any(element.time is not None for element in self.shown):
            parts.append("times in UTC")
        return " · ".join(parts)

    @property
    def has_removal(self) -> bool:
        """Whether any shown image has been removed to see what happens."""
        return any(removal_text(element, self.rank) for element in self.shown)

    @property
    def deep(self) -> int:
        """How many factors the weights have."""
        return max((len(self.parts(element)) for element in self.shown), default=0)

    def parts(self, element: Element) -> list[Part]:
        """The factors of the weight of an image, side by side; none where it has no weight."""
        found: list[Part] = []
        left = 0.0
        for place, factor in enumerate(self.factors.get(element.id, ()) if element.attention else ()):
            share = factor.attention or 0.0
            found.append(Part(factor, left, share, place))
            left += share
        return found

    @property
    def lines(self) -> list[str]:
        """What the lines under a picture are, from top to bottom."""
        times = ["day", "clock"] if any(e.time is not None for e in self.shown) else ["label"]
        parts = ["made of", *(f"factor {i}" for i in range(self.deep))] if self.deep else [""]
        removal = ["without it"] if self.has_removal else []
        return [*times, *(["attention", *parts] if self.has_weights else []), *removal]

    @property
    def named(self) -> list[tuple[int, str]]:
        """The lines that are named at the left."""
        return [(i, name) for i, name in enumerate(self.lines) if name in {"attention", "made of", "without it"}]

    def when(self, element: Element, line: str) -> str:
        """What stands in one of the first lines under an image."""
        if line == "label":
            return element.label
        if element.time is None:
            return ""
        return day_text(element.time) if line == "day" else clock_text(element.time)
