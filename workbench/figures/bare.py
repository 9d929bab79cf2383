"""Axes that do what is seen and no more: most axes of a figure have no ticks and no name, and limits of their own."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, YAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch


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

    def draw(self, renderer: RendererBase, *args: Any, **options: Any) -> None:
        """Where nothing is written, nobody asks where it would stand."""
        written = self.label.get_text() or len(self.get_majorticklocs()) or len(self.get_minorticklocs())
        if written or not self.get_visible():
            super().draw(renderer, *args, **options)
            return
        renderer.open_group("matplotlib.axis", gid=self.get_gid())
        renderer.close_group("matplotlib.axis")
        self.stale = False


class _Across(_Bare, XAxis):
    pass


class _Down(_Bare, YAxis):
    pass


class BareAxes(Axes):
    """Axes as matplotlib makes them, but for the ticks that nobody sees, and limits that nobody asks for."""

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

    @property
    def _fits(self) -> bool:
        """Whether what is drawn moves the limits."""
        return bool(self.get_autoscalex_on() or self.get_autoscaley_on())

    def _update_patch_limits(self, patch: Patch) -> None:
        if self._fits:
            super()._update_patch_limits(patch)  # type: ignore[misc]

    def _update_line_limits(self, line: Line2D) -> None:
        if self._fits:
            super()._update_line_limits(line)  # type: ignore[misc]
