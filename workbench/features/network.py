"""A small network from pictures to the cells of a grid."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SIZE, MAP, CHANNELS = 224, 28, 35
GRID = (14, 14)
"""Rows and columns of cells the network makes of its map."""
WIDTH, DIM = 64, 64
DIRECTIONS = np.arange(8, dtype=np.float32) * np.float32(np.pi / 4)
Plane = NDArray[np.float32]
AXES = np.cos(DIRECTIONS), np.sin(DIRECTIONS)
OPPONENT = np.array([[0.3, 0.6, 0.1], [0.5, -0.5, 0], [0.25, 0.25, -0.5]], np.float32)
"""Rows: brightness, red against green, yellow against blue."""


def edge_map(image: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Map (35, 28, 28) of an RGB picture: 3 colours, and the strength of edges in 8 directions at two scales.

    A first layer that need not be learnt, as in hybrid networks over fixed filters (Oyallon, Belilovsky and Zagoruyko
    2017), so that a thousand pictures are enough for the layers above it.
    """
    square = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    fine = square @ OPPONENT.T
    coarse = cv2.resize(fine, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA)
    layers = [cv2.resize(fine, (MAP, MAP), interpolation=cv2.INTER_AREA)]
    for plane in (fine[..., 0], *(coarse[..., k] for k in range(3))):
        slopes = cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)
        across, down = (np.asarray(slope, np.float32) for slope in slopes)
        # One direction after the other: numpy is slow with a last axis as short as 8.
        edges = (_rise(across, down, x, y) for x, y in zip(*AXES, strict=True))
        means = [cv2.resize(edge, (MAP, MAP), interpolation=cv2.INTER_AREA) for edge in edges]
        layers.append(np.sqrt(np.stack(means, -1)))
    joined: NDArray[np.float16] = np.concatenate(layers, -1).transpose(2, 0, 1).astype(np.float16)
    return joined


def _rise(across: Plane, down: Plane, x: np.float32, y: np.float32) -> Plane:
    """How much a plane with these slopes rises towards (x, y), 0 where it falls."""
    edge: Plane = across * x
    edge += down * y
    np.maximum(edge, 0, out=edge)
    return edge


class _Block(nn.Module):
    """A wide filter for each channel, then the channels mixed, added to the input (as in ConvNeXt, Liu et al. 2022)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 5, padding=2, groups=WIDTH, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.Conv2d(WIDTH, 2 * WIDTH, 1),
            nn.GELU(),
            nn.Conv2d(2 * WIDTH, WIDTH, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.body(x)
        return x + mixed


class ConvNet(nn.Module):
    """Edge maps (n, 35, 28, 28) to cells (n, 64, 14, 14).

    Each of the 64 numbers has mean 0 and variance 1 over the cells of the training images.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(CHANNELS, affine=False),
            nn.Conv2d(CHANNELS, WIDTH // 2, 3, padding=1, bias=False),
            nn.BatchNorm2d(WIDTH // 2),
            nn.ReLU(),
            nn.Conv2d(WIDTH // 2, WIDTH, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
            *(_Block() for _ in range(3)),
            nn.Conv2d(WIDTH, DIM, 1, bias=False),
            nn.BatchNorm2d(DIM, affine=False),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Cells of edge maps."""
        cells: Tensor = self.body(maps.contiguous(memory_format=torch.channels_last))
        return cells
