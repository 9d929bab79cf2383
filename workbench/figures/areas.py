"""Areas of topics stacked over time, and the places in and beside them where names can stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from workbench.explain.dates import WEEK
from workbench.figures.style import FLAT_GREY, colour_of, ink_on, mix
from workbench.figures.text import shorten

if TYPE_CHECKING:
    from workbench.explain.timeline import TopicRiver

Curve = NDArray[np.float64]

STEPS: Final = 400
"""Places across the axis where names are tried."""
LONGEST: Final = 60
"""Characters of a name."""


@dataclass(frozen=True)
class Layer:
    """One area.

    Attributes:
        name: its number and name; ``short`` its number alone.
        colour: its hue; ``use`` how many areas before it have the same, which gives its hatch.
        low: (W + 1,) its lower edge, ``high`` its upper, each week's at its Monday and the last again at its end.
    """

    name: str
    short: str
    colour: str
    use: int
    low: Curve
    high: Curve

    @property
    def pattern(self) -> str:
        """Colour of its hatch."""
        return mix(ink_on(self.colour), self.colour, 0.45)

    @property
    def share(self) -> Curve:
        """(W + 1,) how thick it is."""
        return self.high - self.low


@dataclass(frozen=True)
class Areas:
    """The areas of a river: topics in their order from below, all others in grey above."""

    river: TopicRiver

    def __post_init__(self) -> None:
        river = self.river
        shape = {len(river.weeks), len(river.shares), len(river.rest)}
        if len(shape) > 1 or any(len(row) != len(river.topics) for row in river.shares):
            raise ValueError(
                f"a river of {len(river.topics)} topics and {len(river.weeks)} weeks needs as many shares: "
                "give one row for each week, one share for each topic"
            )

    @cached_property
    def seconds(self) -> Curve:
        """(W + 1,) the Mondays and the end of the last week."""
        weeks = self.river.weeks
        return np.array([*weeks, weeks[-1] + WEEK], dtype=np.float64)

    @cached_property
    def layers(self) -> list[Layer]:
        """Topics in their order, then the rest."""
        river = self.river
        rows = [list(column) for column in zip(*river.shares, strict=True)] or [[] for _ in river.topics]
        rows.append(list(river.rest))
        edges = np.vstack([np.zeros(len(self.seconds)), np.cumsum([[*row, row[-1]] for row in rows], axis=0)])
        layers: list[Layer] = []
        for i, (number, name) in enumerate(zip(river.topics, river.names, strict=True)):
            colour = colour_of("topics", number=number)
            use = sum(layer.colour == colour for layer in layers)
            layers.append(
                Layer(shorten(f"#{number} {name}", LONGEST), f"#{number}", colour, use, edges[i], edges[i + 1])
            )
        layers.append(Layer("other topics", "other", FLAT_GREY, 0, edges[-2], edges[-1]))
        return [layer for layer in layers if layer.share.max() > 0]

    @property
    def span(self) -> tuple[float, float]:
        """First and last moment of the axis, in seconds."""
        ends = [self.seconds[0], self.seconds[-1]]
        marked = [] if self.river.moment is None else [float(self.river.moment)]
        return min(*ends, *marked), max(*ends, *marked)

    def placed(self, layer: Layer, width: float, height: float) -> tuple[float, float] | None:
        """Middle of the roomiest place in an area for a name of some ``width`` and ``height``; None where none is.

        All are fractions: of the axis across, of 1 upwards.
        """
        first, last = self.span
        at = np.linspace(0, 1, STEPS)
        over = (self.seconds - first) / (last - first)
        # Outside the weeks there is no area.
        low, high = (np.interp(at, over, edge, 0, 0) for edge in (layer.low, layer.high))
        if self.river.moment is not None:
            high[np.abs(at - (self.river.moment - first) / (last - first)) < 1.5 / STEPS] = -1
        window = int(np.ceil(width * STEPS)) + 2
        if window >= STEPS:
            return None
        floor = np.lib.stride_tricks.sliding_window_view(low, window).max(axis=1)
        ceiling = np.lib.stride_tricks.sliding_window_view(high, window).min(axis=1)
        # Among equally roomy places the one nearest the middle.
        middles = at[: len(floor)] + (window - 1) / STEPS / 2
        best = int((ceiling - floor - 0.02 * np.abs(middles - 0.5)).argmax())
        if ceiling[best] - floor[best] < height:
            return None
        return float(middles[best]), float(floor[best] + ceiling[best]) / 2


def apart(places: list[float], distance: float, least: float, most: float) -> list[float]:
    """Places moved as little as needed to keep a ``distance`` between them, in order of size, within bounds."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = [0.0] * len(places)
    last = least - distance / 2
    for i in order:
        last = found[i] = max(places[i], last + distance)
    last = most + distance / 2
    for i in reversed(order):
        last = found[i] = min(found[i], last - distance)
    return found
