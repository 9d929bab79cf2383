"""A network that tells its input again through a narrow middle."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

Activation = Literal["sigmoid", "tanh", "relu"]
ACTIVATIONS: dict[Activation, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


class AutoEncoder(nn.Module):
    """``encode`` to the middle and ``decode`` back, through the same hidden layers in reverse.

    Args:
        width: numbers of an input.
        hidden: widths of the layers between it and the middle.
        dim: width of the middle.
        activation: after each layer, the middle one included.
        bounded: whether inputs lie in [0, 1], so that the last layer ends in a sigmoid; else it is linear.
    """

    def __init__(self, width: int, hidden: Sequence[int], dim: int, activation: Activation, *, bounded: bool) -> None:
        super().__init__()
        sizes, kind = [width, *hidden, dim], ACTIVATIONS[activation]
        down = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), kind())]
        up = [part for a, b in pairwise(sizes[::-1]) for part in (nn.Linear(a, b), kind())]
        self.encoder = nn.Sequential(*down)
        self.decoder = nn.Sequential(*up[:-1], *([nn.Sigmoid()] if bounded else []))

    def encode(self, inputs: Tensor) -> Tensor:
        """The middle (n, dim) of ``inputs`` (n, width)."""
        middle: Tensor = self.encoder(inputs)
        return middle

    def decode(self, middle: Tensor) -> Tensor:
        """Inputs (n, width) told again from the ``middle`` (n, dim)."""
        told: Tensor = self.decoder(middle)
        return told

    def squares(self) -> Tensor:
        """Sum of squares of all weights, without the biases: a scalar."""
        weights = [part.weight for part in self.modules() if isinstance(part, nn.Linear)]
        total = weights[0].new_zeros(())
        for weight in weights:
            total = total + weight.square().sum()
        return total
