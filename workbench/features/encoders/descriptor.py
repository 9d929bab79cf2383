"""A colour and shape descriptor: no network, no weights, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.features.encoders.base import Encoded, Encoder, Grid, Picture, Report
from workbench.features.store import WHOLE

BINS = (12, 4, 4)
DIRECTIONS, GRID = 8, 8


def describe(image: Picture) -> NDArray[np.float32]:
    """Descriptor (704,) of an RGB image (height, width, 3): half colour, half shape, each of unit length.

    Colour is the square root of a 12 x 4 x 4 histogram over hue, saturation and value; shape is the strength of the
    brightness gradient by 8 directions in 8 x 8 cells, as in histograms of oriented gradients (Dalal and Triggs 2005).
    """
    small = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    colour = np.sqrt(cv2.calcHist([hsv], [0, 1, 2], None, list(BINS), [0, 180, 0, 256, 0, 256]).ravel())
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    strength, angle = cv2.cartToPolar(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    direction = np.minimum(angle * (DIRECTIONS / (2 * np.pi)), DIRECTIONS - 1).astype(int)
    layers = [np.where(direction == k, strength, 0) for k in range(DIRECTIONS)]
    shape = np.sqrt(cv2.resize(np.stack(layers, -1), (GRID, GRID), interpolation=cv2.INTER_AREA)).ravel()
    parts = [part / max(float(np.linalg.norm(part)), 1e-12) for part in (colour, shape)]
    joined: NDArray[np.float32] = np.concatenate(parts).astype(np.float32)
    return joined


def cells(image: Picture, grid: Grid) -> list[Picture]:
    """The image cut into ``grid`` rows and columns, row by row; each cell has a pixel at least."""
    rows, columns = (np.linspace(0, size, parts + 1) for size, parts in zip(image.shape[:2], grid, strict=True))

    def part(edges: NDArray[np.float64], k: int) -> slice:
        start = min(int(edges[k]), int(edges[-1]) - 1)
        return slice(start, max(int(edges[k + 1]), start + 1))

    return [image[part(rows, r), part(columns, c)] for r in range(grid[0]) for c in range(grid[1])]


class Descriptor(Encoder):
    """One vector for each whole image, or for each cell of a grid over it."""

    names = ("descriptor",)
    name = "descriptor"
    version = "1"
    preprocessing = (
        "each region to 64 x 64; colour histogram 12 x 4 x 4 (HSV), gradients by 8 directions in 8 x 8 cells"
    )
    grid: Grid

    def __init__(self, grid: Grid = WHOLE) -> None:
        self.grid = grid

    @classmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> Descriptor:
        """The descriptor, which runs on the processor wherever it is asked for."""
        return cls(grid or WHOLE)

    def encode(self, images: Sequence[Picture]) -> Encoded:
        """One region each, or as many as the grid has cells."""
        return Encoded([np.stack([describe(cell) for cell in cells(image, self.grid)]) for image in images])
