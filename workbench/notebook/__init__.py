"""For notebooks: the demo in one line, menus that redraw a figure, and public objects that show themselves.

Under IPython, ``import workbench`` is enough for the last: a dataset, a run, an explanation or what an audit found,
named in the last line of a cell, is drawn as in the app.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, get_args

from workbench.notebook.choose import choose, follow

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset

__all__ = ["SIZE", "choose", "demo", "follow", "register"]

SIZE: Final = "WORKBENCH_NOTEBOOK_SIZE"
"""Environment variable with the size of the world that notebooks use; ``demo`` where it is not set."""

_SHOWN: Final = (
    ("workbench.data.dataset", "Dataset"),
    ("workbench.training.run", "Run"),
    ("workbench.explain.explainer", "Explainer"),
    ("workbench.explain.population", "Population"),
    ("builtins", "list"),
    ("pydantic.main", "BaseModel"),
)
"""Classes of public objects; what inherits from them is shown, too. Of lists those of recommendations."""


def demo() -> Dataset:
    """The demo world with its models, made on first use; the progress is printed.

    Raises:
        ValueError: the environment variable names no size.
    """
    from workbench.demo import Size, ensure, home

    size = os.environ.get(SIZE, "demo")
    if size not in get_args(Size):
        raise ValueError(f"{SIZE} is '{size}': set it to one of {', '.join(get_args(Size))}, or not at all")

    def tell(phase: str, share: float) -> None:
        sys.stdout.write(f"\r{phase:<40} {share:4.0%}")

    return ensure(home() / size, size, report=tell)  # type: ignore[arg-type]


def register(formatter: Any) -> None:
    """Let a display formatter of IPython show the public objects; nothing is imported before one is shown."""
    for module, name in _SHOWN:
        formatter.formatters["text/html"].for_type_by_name(module, name, _html)


def _html(shown: object) -> str | None:
    from workbench.notebook.display import html

    return html(shown)
