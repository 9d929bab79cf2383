"""Where an image shows an attribute: activation maps, their boxes, and what lies in a box."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

BINS, SAMPLES = 7, 2
"""A box is pooled to 7 x 7 bins, each the mean of 2 x 2 points."""
TAU = 0.2
"""A box covers what is at least this share of the maximum, the usual threshold of class activation maps."""
CLOSE = 1e-6
"""Shares nearer to the threshold than this count as on it, so that rounding decides nothing."""

Heat = NDArray[np.float32]


def activation_maps(scores: Tensor, branch: Tensor) -> Tensor:
    """``ReLU(sum_c w_c A_c)``, ``w_c = mean over positions of d score / d A_c`` (Selvaraju et al. 2017), (n, h, w).

    Args:
        scores: (n,) a score, before any softmax, that was computed from ``branch``, of each image on its own.
        branch: (n, channels, h, w) A, which gradients are recorded for.
    """
    (slope,) = torch.autograd.grad(scores.sum(), branch, retain_graph=True)
    return (slope.mean((2, 3), keepdim=True) * branch).sum(1).relu().detach()


def enlarged(maps: Tensor, size: tuple[int, int]) -> Heat:
    """Maps (n, h, w) at the (height, width) of a picture, bilinear, each stretched to 0..1; one that is flat is 0."""
    large = functional.interpolate(maps.unsqueeze(1), size, mode="bilinear", align_corners=False).squeeze(1)
    low, high = large.amin((1, 2), keepdim=True), large.amax((1, 2), keepdim=True)
    stretched = torch.where(high > low, (large - low) / (high - low).clamp_min(1e-30), torch.zeros_like(large))
    found: Heat = stretched.cpu().numpy()
    return found


def tight_box(heat: Heat, tau: float = TAU) -> tuple[float, float, float, float]:
    """The tight box x0, y0, x1, y1, as fractions, of the largest connected part of a map (h, w) >= ``tau`` x maximum.

    Pixels that touch at a corner are connected. Of parts of equal area the one whose box begins highest counts, then
    the one that begins furthest left. A map of zeros shows nothing in particular: its box is the whole image.
    """
    height, width = heat.shape
    top = float(heat.max())
    if top <= 0:
        return 0.0, 0.0, 1.0, 1.0
    mask = (heat >= (tau - CLOSE) * top).astype(np.uint8)
    _, _, parts, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    x, y, w, h, _ = min(parts[1:].tolist(), key=lambda part: (-part[4], part[1], part[0]))
    return x / width, y / height, (x + w) / width, (y + h) / height


def roi_align(maps: Tensor, boxes: Tensor, owners: Tensor, bins: int = BINS, samples: int = SAMPLES) -> Tensor:
    """ROI-align (He et al. 2017): (m, channels, bins, bins) of m boxes, by bilinear samples at exact places.

    The centre of the cell in row r, column c of a map lies at ``((c + 0.5) / w, (r + 0.5) / h)``; beyond the outermost
    centres a map goes on as it is there.

    Args:
        maps: (n, channels, h, w).
        boxes: (m, 4) x0, y0, x1, y1 as fractions.
        owners: (m,) the map each box lies in.
        bins: rows and columns a box is cut into; ``samples`` rows and columns of points averaged in each.
        samples: see above.
    """
    points = (torch.arange(bins * samples, device=maps.device, dtype=maps.dtype) + 0.5) / (bins * samples)
    x = boxes[:, 0:1] + points * (boxes[:, 2:3] - boxes[:, 0:1])
    y = boxes[:, 1:2] + points * (boxes[:, 3:4] - boxes[:, 1:2])
    shape = (len(boxes), bins * samples, bins * samples)
    grid = torch.stack([x.unsqueeze(1).expand(shape), y.unsqueeze(2).expand(shape)], -1) * 2 - 1
    sampled = functional.grid_sample(
        maps.index_select(0, owners), grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return functional.avg_pool2d(sampled, samples)
