"""The one interface of everything that turns pictures into region vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.dataset import Dataset

Grid = tuple[int, int]
"""Rows and columns."""
Picture = NDArray[np.uint8]
"""(height, width, 3) RGB."""
Report = Callable[[float, str], None]
"""Told how much of the work is done, 0..1, and what is being done."""


class EncoderError(ValueError):
    """An encoder that cannot be had, in one sentence with the remedy."""


@dataclass(frozen=True)
class Encoded:
    """What an encoder makes of n pictures; each list has one entry for each of them.

    Attributes:
        vectors: (regions, d) float32.
        boxes: (regions, 4) x0, y0, x1, y1 as fractions of width and height; None where the encoder has a grid.
        labels: a word for each region; None where the encoder does not name what it sees.
        scores: (regions,) confidence, 0..1, beside the labels.
        attributes: the attribute each region shows, its label being the value; None where regions show no attributes.
    """

    vectors: Sequence[NDArray[np.float32]]
    boxes: Sequence[NDArray[np.float32]] | None = None
    labels: Sequence[Sequence[str]] | None = None
    scores: Sequence[NDArray[np.float32]] | None = None
    attributes: Sequence[Sequence[str]] | None = None


class Encoder(ABC):
    """Turns pictures of any size into vectors of their regions.

    Attributes:
        names: what ``workbench features --encoder`` calls it; empty for those found by a path or a hub name.
        name: the one of ``names``, or the path or hub name, this one was opened with.
        version: changes whenever the same picture would get other vectors.
        preprocessing: what happens to a picture first, in words.
        grid: (rows, columns) of its regions, row by row; None where it finds boxes of its own.
        quality: how well it does what it was trained for here, on images held out of its training, 0..1.
        attributes: the values of each attribute, where its regions are what shows an attribute.
    """

    names: ClassVar[tuple[str, ...]] = ()
    name: str
    version: str
    preprocessing: str
    grid: Grid | None
    quality: Mapping[str, float] = {}
    attributes: Mapping[str, tuple[str, ...]] = {}

    @classmethod
    @abstractmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> Encoder:
        """The encoder ``name`` for the pictures of ``dataset``, trained first if it has to be.

        Args:
            grid: what to pool the regions to; None for the encoder's own.
            device: where it computes.
            report: told of a training.

        Raises:
            EncoderError: it cannot be had, or has no such grid.
        """

    @abstractmethod
    def encode(self, images: Sequence[Picture]) -> Encoded:
        """The regions of ``images``; the result of one does not depend on the others."""


def device_named(name: str) -> torch.device:
    """The device called ``name``: auto, cpu, cuda, cuda:1, ...

    Raises:
        EncoderError: no such device is visible.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        raise EncoderError(f"there is no device '{name}' here: use --device cpu") from None
    return torch.device(name)
