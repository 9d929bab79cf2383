"""Explain recommendations of social images, and measure whether the explanation can be believed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Dataset": "workbench.data.dataset",
    "Explanation": "workbench.explain.explanation",
    "Run": "workbench.training.run",
    "build_world": "workbench.data.postcards.world",
    "evaluate": "workbench.api",
    "explainer": "workbench.api",
    "train": "workbench.api",
}
__all__ = ["Dataset", "Explanation", "Run", "__version__", "build_world", "evaluate", "explainer", "train"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import workbench` costs nothing."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'workbench' has no attribute '{name}'; it offers {', '.join(__all__)}")


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    import_module("workbench.notebook").register(_shell.display_formatter)
