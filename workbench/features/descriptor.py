"""A colour and shape descriptor of whole images: no network, no weights, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.store import FeatureCard, Features

NAME = "descriptor"
BINS = (12, 4, 4)
DIRECTIONS, GRID = 8, 8


def describe(image: NDArray[np.uint8]) -> NDArray[np.float32]:
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


def extract(dataset: Dataset, report: Callable[[float], None] | None = None) -> Features:
    """Describe every image of a dataset and keep the result beside its tables.

    Raises:
        DataError: an image is missing from the table or from the disk, or cannot be decoded.
    """
    rows = []
    for code in range(len(dataset.items)):
        rows.append(describe(_read(dataset, code)))
        if report and code % 50 == 0:
            report(code / len(dataset.items))
    array = np.stack(rows).astype(np.float16)
    card = FeatureCard(
        encoder=NAME,
        version="1",
        preprocessing="64 x 64; colour histogram 12 x 4 x 4 (HSV), gradients by 8 directions in 8 x 8 cells",
        shape=array.shape,
        fingerprint=dataset.fingerprint,
    )
    return Features.write(dataset.root, NAME, card, array)


def _read(dataset: Dataset, code: int) -> NDArray[np.uint8]:
    path: Path | None = dataset.image_path(code)
    if path is None:
        raise DataError(f"items.parquet: image {dataset.items.id(code)} has no picture, so it cannot be described")
    decoded = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    if decoded is None:
        raise DataError(f"{path} is not an image that can be decoded: replace the file")
    return decoded.astype(np.uint8)
