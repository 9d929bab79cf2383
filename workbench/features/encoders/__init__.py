"""The registry of encoders: every module of this folder that defines a named one is found, none is listed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path

from workbench.data.dataset import Dataset
from workbench.features.encoders.base import Encoded, Encoder, EncoderError, Grid, Picture, Report, device_named
from workbench.features.encoders.pretrained import open_pretrained
from workbench.features.store import Features

__all__ = ["Encoded", "Encoder", "EncoderError", "Grid", "Picture", "encoder_named", "open_encoder", "registry"]


@cache
def registry() -> dict[str, type[Encoder]]:
    """The encoders that need no download, by name."""
    found: dict[str, type[Encoder]] = {}
    for module in pkgutil.iter_modules(__path__):
        for member in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if inspect.isclass(member) and issubclass(member, Encoder):
                found |= dict.fromkeys(member.names, member)
    return dict(sorted(found.items()))


def encoder_named(
    name: str, dataset: Dataset, *, grid: Grid | None = None, device: str = "cpu", report: Report | None = None
) -> Encoder:
    """An encoder for the pictures of ``dataset``; one that learns is trained on it on first use.

    Args:
        name: one of the ``registry``, the folder of a model of transformers, or its name on the hub (``owner/model``).
        grid: what to pool the regions to; None for the encoder's own.
        device: auto, cpu, cuda, cuda:1, ...
        report: told of a training.

    Raises:
        EncoderError: there is no such encoder or device, or it cannot be had for this dataset.
    """
    if name in registry():
        return registry()[name].open(name, dataset, grid, device_named(device), report)
    if Path(name).is_dir() or "/" in name:
        return open_pretrained(name, grid, device_named(device))
    raise EncoderError(
        f"there is no encoder '{name}'; choose {', '.join(registry())}, the folder of a model, or its hub name"
    )


def open_encoder(dataset: Dataset, name: str, device: str = "cpu") -> Encoder:
    """The encoder that made the features called ``name``, to encode a new picture as the others were.

    Raises:
        DataError: the features have not been made, or belong to other tables.
        EncoderError: the encoder cannot be had, or is no longer the one that made them.
    """
    features = Features.open(dataset.root, name).check(dataset)
    card = features.card
    # Frames are averaged over their regions, so their card does not say what grid the encoder had.
    encoder = encoder_named(card.encoder, dataset, grid=card.grid if card.of == "images" else None, device=device)
    if encoder.version != card.version:
        raise EncoderError(
            f"{features.folder} was made by version {card.version} of {card.encoder}, which is {encoder.version} now: "
            f"make it again with '{features.command(dataset.root)}'"
        )
    return encoder
