"""What models that diffuse over a social graph tell of how far their answer was carried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, Gates


@dataclass(frozen=True)
class Hop:
    """What reached R users in k steps along the people they follow.

    Attributes:
        people: R sets of user codes, each person once; the user herself where a circle leads back to her.
        share: (elements,) the weight with which each person's own vector h^0 enters the user's state after this hop;
            adds up to 1 within a row, or to 0 where nobody is reached. Under gates in between, less. Where the state
            of a hop is not such a sum (dense layers), the weights of the paths, products of row averages.
        contribution: (elements,) exact share of the score; None where the model does not add up.
    """

    people: Ragged
    share: Tensor
    contribution: Tensor | None


@runtime_checkable
class Diffusing(Protocol):
    """A model whose user vector is made by hops along the social graph."""

    def diffusion(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> tuple[Hop, ...]:
        """Hops 1 to K for the pairs ``users`` (R,) x ``items`` (R,)."""
        ...

    def hop_states(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """(R, K + 1, D) the state of ``users`` (R,) after hop 0 (her own vector) to K."""
        ...
