"""The registry: every module of this folder that defines a named model is found, none is listed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from workbench.models.base import Recommender


@cache
def registry() -> dict[str, type[Recommender]]:
    """All models by name."""
    found: dict[str, type[Recommender]] = {}
    for module in pkgutil.iter_modules(__path__):
        for member in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if inspect.isclass(member) and issubclass(member, Recommender) and not inspect.isabstract(member):
                found[member.name] = member
    return dict(sorted(found.items()))


def model_class(name: str) -> type[Recommender]:
    """The model called ``name``.

    Raises:
        ValueError: no such model.
    """
    try:
        return registry()[name]
    except KeyError:
        raise ValueError(f"there is no model '{name}'; choose one of {', '.join(registry())}") from None
