"""Does an explanation stay as it is where hardly anything changed?"""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.explain.audit.look import weights_at
from workbench.explain.audit.together import read_under
from workbench.explain.units import Units

RADIUS = 0.02
"""How much of each unit may be missing."""
DRAWS = 5
"""Of how many neighbours the one that changes most is told."""


def sensitivity(units: Units, radius: float = RADIUS, draws: int = DRAWS, seed: int = 0) -> dict[str, float]:
    """How much an explanation changes at most, as a share of its size, where a little of the evidence is missing.

    Max-sensitivity (Yeh et al. 2019, Definition 2): ``max over d of |e(1 - d) - e(1)| / |e(1)|``, Euclidean, with d
    drawn evenly from [0, radius] for each unit: gates know no more than all of an element, so half of the usual ball
    is left. Values in proportion to their gates have ``radius`` at most. Lower is better, but what never changes, such
    as uniform weights, has 0 and explains nothing; random weights are drawn anew.

    Args:
        units: of one pair.
        radius: see above.
        draws: how many neighbours.
        seed: of these, and of all that methods draw.

    Returns:
        By method, see ``weights_of``.
    """
    opened = neighbours(len(units), radius, draws, seed).to(units.model.device)
    found = weights_at(units, opened, read_under(units, opened), seed)
    return {name: _furthest(weights[0], weights[1:]) for name, weights in found.items()}


def neighbours(n: int, radius: float, draws: int, seed: int) -> Tensor:
    """Gates (1 + draws, n): all open, then each closed by up to ``radius``."""
    gone = torch.rand(draws, n, generator=torch.Generator().manual_seed(seed))
    return torch.cat([torch.ones(1, n), 1 - radius * gone])


def _furthest(weights: Tensor, others: Tensor) -> float:
    size = float(weights.norm())
    return float((others - weights).norm(dim=1).max()) / (size or 1.0)
