"""The network: one trunk, and for every attribute a branch with a head over its values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.features.network import DIM, ConvNet

BRANCH = 48
"""Channels of a branch."""


@dataclass(frozen=True)
class Sight:
    """What the network makes of n edge maps.

    Attributes:
        trunk: (n, 64, 14, 14), shared by all attributes.
        branches: (n, channels, 14, 14) last map of each branch, by attribute.
        logits: (n, values) by attribute.
        applies: (n, attributes) logits of whether an image can have the attribute.
    """

    trunk: Tensor
    branches: Mapping[str, Tensor]
    logits: Mapping[str, Tensor]
    applies: Tensor


class SemanticNetwork(nn.Module):
    """Edge maps (n, 35, 28, 28) to the values of attributes.

    A branch is a 3 x 3 convolution with batch normalisation and ReLU. Its head scores every position, and an image by
    the logarithm of the mean of their exponentials: a smooth maximum (Pinheiro and Collobert 2015), since things are
    small and a mean would drown them. So it can be taught by what whole images show (Hou et al. 2019).

    Args:
        values: the values of each attribute, by its name.
    """

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.names = tuple(values)
        self.trunk = ConvNet()
        self.branch = nn.ModuleList(
            nn.Sequential(nn.Conv2d(DIM, BRANCH, 3, padding=1, bias=False), nn.BatchNorm2d(BRANCH), nn.ReLU())
            for _ in values
        )
        self.head = nn.ModuleList(nn.Linear(BRANCH, len(found)) for found in values.values())
        self.applies = nn.Linear(DIM, len(values))
        self.reading = nn.ModuleList(nn.Linear(DIM, len(found)) for found in values.values())

    def forward(self, maps: Tensor, track: bool = False) -> Sight:
        """All that is seen in edge maps (n, 35, 28, 28); ``track`` records gradients from the branches on."""
        trunk: Tensor = self.trunk(maps)
        branches = {name: branch(trunk) for name, branch in zip(self.names, self.branch, strict=True)}
        if track:
            branches = {name: branch.detach().requires_grad_() for name, branch in branches.items()}
        logits = {name: self.score(name, branches[name]) for name in self.names}
        return Sight(trunk, branches, logits, self.applies(trunk.mean((2, 3))))

    def coordinates(self, pooled: Tensor) -> Tensor:
        """What attributes look like (n, attributes, d) by the shared map in their boxes (n, attributes, 64).

        The d numbers are a coordinate for each value of each attribute, 0 for those of the other attributes.
        """
        parts = [reading(x) for reading, x in zip(self.reading, pooled.unbind(1), strict=True)]
        return torch.stack(
            [
                torch.cat([part if k == own else torch.zeros_like(part) for k, part in enumerate(parts)], 1)
                for own in range(len(parts))
            ],
            1,
        )

    def score(self, attribute: str, branch: Tensor) -> Tensor:
        """Logits (n, values) of the maps (n, channels, h, w) of one branch."""
        everywhere: Tensor = self.head[self.names.index(attribute)](branch.flatten(2).transpose(1, 2))
        return everywhere.logsumexp(1) - math.log(everywhere.shape[1])


def seeded(values: Mapping[str, Sequence[str]], seed: int) -> SemanticNetwork:
    """An untaught network, the same again for a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SemanticNetwork(values)
