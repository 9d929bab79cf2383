"""Axes that make ticks when some are asked for: most axes of a figure have none, and matplotlib makes four of each."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, YAxis


class _Bare(Axis):
    """An axis whose lists of ticks are empty until the first tick has a place."""

    def reset_ticks(self) -> None:
        self.majorTicks: list[Tick] = []
        self.minorTicks: list[Tick] = []

    def get_major_ticks(self, numticks: int | None = None) -> list[Tick]:
        made = len(self.majorTicks)
        found: list[Tick] = super().get_major_ticks(numticks)
        for tick in self.majorTicks[made:]:
            tick.set_clip_path(self.axes.patch)
        return found


class _Across(_Bare, XAxis):
    pass


class _Down(_Bare, YAxis):
    pass


class BareAxes(Axes):
    """Axes as matplotlib makes them, but for the ticks that nobody sees."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # A spine takes its place when it is asked for it, as ticks do where there are any.
        for spine in self.spines.values():
            spine.get_position()

    def _init_axis(self) -> None:
        places: dict[str, Any] = {"xaxis": (_Across, ("bottom", "top")), "yaxis": (_Down, ("left", "right"))}
        for name, (kind, sides) in places.items():
            axis = kind(self, clear=False)
            setattr(self, name, axis)
            for side in sides:
                self.spines[side].register_axis(axis)
