"""The workbench's own encoder: a small network that learns from the labelled regions of the dataset itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.features.cells import codes_to_learn_from, read_cells
from workbench.features.encoders.base import Encoded, Encoder, EncoderError, Grid, Picture, Report
from workbench.features.encoders.taught import TaughtCard, Weights, drawn, maps_of, taught, teaching, version_of
from workbench.features.learning import learn
from workbench.features.network import GRID, ConvNet, edge_map

GRIDS: dict[str, Grid] = {"convnet": (7, 7), "convnet-14": GRID}
METHOD = "1"
"""Changes with the network or the way it learns."""


class ConvNetCard(TaughtCard):
    """How the network of a dataset came to be; its quality is told by kind of word, of cells of held-out pictures.

    Attributes:
        words: the words it learnt, by kind.
    """

    words: dict[str, list[str]]


class ConvNetEncoder(Encoder):
    """64 numbers for each cell of a 14 x 14 grid, or their means over a coarser one."""

    names = tuple(GRIDS)
    preprocessing = "224 x 224; colours and edges by 8 directions at two scales on a 28 x 28 map"

    def __init__(self, name: str, network: ConvNet, grid: Grid, card: ConvNetCard, device: torch.device) -> None:
        self.name, self.grid, self.card, self.quality = name, grid, card, card.quality
        self._network, self._device = network.to(device).eval(), device
        self.version = version_of(card.method, network)

    @classmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> ConvNetEncoder:
        """The network of the dataset, trained on its labelled regions if that has not been done."""
        grid = grid or GRIDS[name]
        if grid[0] > GRID[0] or grid[1] > GRID[1]:
            raise EncoderError(f"the encoder '{name}' has {GRID[0]} x {GRID[1]} cells: ask for no finer --grid")
        told = report or (lambda _share, _message: None)
        card, weights = taught(dataset, "convnet", ConvNetCard, METHOD, lambda: _train(dataset, device, told))
        network = ConvNet()
        network.load_state_dict(weights)
        return cls(name, network, grid, card, device)

    @torch.inference_mode()
    def encode(self, images: Sequence[Picture]) -> Encoded:
        """A region for each cell of the grid, row by row."""
        maps = torch.from_numpy(np.stack([edge_map(image) for image in images])).float()
        cells: Tensor = self._network(maps.to(self._device))
        if self.grid != GRID:
            cells = functional.adaptive_avg_pool2d(cells, self.grid)
        return Encoded(list(cells.flatten(2).transpose(1, 2).cpu().numpy()))


def _train(dataset: Dataset, device: torch.device, report: Report) -> tuple[ConvNetCard, Weights]:
    """Learn from the pictures that have labelled regions."""
    codes = drawn(dataset, codes_to_learn_from(dataset))
    cells, seed = read_cells(dataset, codes, *GRID), dataset.card.seed
    learnt = learn(maps_of(dataset, codes, report), cells, seed, device, teaching(report))
    card = ConvNetCard(
        method=METHOD,
        fingerprint=dataset.fingerprint,
        seed=seed,
        words={kind: list(words) for kind, words in cells.words.items()},
        pictures=len(codes),
        quality=dict(learnt.quality),
        chance=dict(learnt.chance),
        seconds=learnt.seconds,
    )
    return card, learnt.network.state_dict()
