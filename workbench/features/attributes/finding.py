"""Which value of each attribute pictures show, where, and what the shared map holds there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.features.attributes.maps import TAU, activation_maps, enlarged, roi_align, tight_box
from workbench.features.attributes.network import SemanticNetwork, Sight

FINE = (112, 112)
"""Height and width at which boxes are drawn around maps: eight pixels for each cell."""


@dataclass(frozen=True)
class Found:
    """The most probable value of each attribute in n pictures.

    Attributes:
        numbers: (n,) of the value, by attribute; ``shares`` (n,) its probability.
        boxes: (n, attributes, 4) where it is shown.
        pooled: (n, attributes, 64) mean of the shared map in the box, by ROI-align.
        applies: (n, attributes) logits of whether a picture can have the attribute.
    """

    numbers: Mapping[str, Tensor]
    shares: Mapping[str, Tensor]
    boxes: NDArray[np.float32]
    pooled: Tensor
    applies: Tensor


def find(network: SemanticNetwork, maps: Tensor, tau: float = TAU) -> Found:
    """What a network in the mode of evaluation finds in edge maps (n, 35, 28, 28)."""
    with torch.enable_grad():
        seen = network(maps, track=True)
        best = {name: logits.detach().softmax(1).max(1) for name, logits in seen.logits.items()}
        heats = [
            enlarged(activation_maps(_of(seen, name, found.indices), seen.branches[name]), FINE)
            for name, found in best.items()
        ]
    boxes = np.array([[tight_box(heat[k], tau) for heat in heats] for k in range(len(maps))], np.float32)
    with torch.no_grad():
        owners = torch.arange(len(maps), device=maps.device).repeat_interleave(len(heats))
        places = torch.from_numpy(boxes).flatten(0, 1).to(maps.device)
        pooled = roi_align(seen.trunk, places, owners).mean((2, 3)).view(len(maps), len(heats), -1)
    return Found(
        numbers={name: found.indices.cpu() for name, found in best.items()},
        shares={name: found.values.cpu() for name, found in best.items()},
        boxes=boxes,
        pooled=pooled,
        applies=seen.applies.detach(),
    )


def _of(seen: Sight, name: str, numbers: Tensor) -> Tensor:
    """Logits (n,) of one value of an attribute for each picture."""
    return seen.logits[name].gather(1, numbers.unsqueeze(1)).squeeze(1)
