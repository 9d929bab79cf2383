"""Importers: each turns a source into a dataset folder, and is one file of this package.

The file states ``NAME`` (how the command line calls it), ``HELP`` (one sentence) and
``run(source, out, **options) -> Dataset``, which writes all of the dataset or nothing. An argument
``report`` is told of the progress of a long import: the share that is done, and what is being done.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from workbench.data.dataset import Dataset


@dataclass(frozen=True)
class Importer:
    """One way into the workbench.

    Attributes:
        name: how the command line calls it.
        help: what it reads, in one sentence.
        run: ``run(source, out, **options)``; raises a DataError, with nothing written, where the source is broken.
    """

    name: str
    help: str
    run: Callable[..., Dataset]


def _discover() -> dict[str, Importer]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.NAME: Importer(module.NAME, module.HELP, module.run) for module in modules}


IMPORTERS: dict[str, Importer] = _discover()
"""Every importer by its name."""
