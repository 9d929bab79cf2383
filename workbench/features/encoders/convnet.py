"""The workbench's own encoder: a small network that learns from the labelled regions of the dataset itself."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from pydantic import BaseModel, ConfigDict
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.features.cells import codes_to_learn_from, read_cells
from workbench.features.encoders.base import Encoded, Encoder, EncoderError, Grid, Picture, Report
from workbench.features.learning import learn
from workbench.features.network import CHANNELS, GRID, MAP, ConvNet, edge_map
from workbench.features.pictures import read_picture
from workbench.features.store import FOLDER

HOME, CARD, WEIGHTS = ".encoders", "card.json", "weights.safetensors"
GRIDS: dict[str, Grid] = {"convnet": (7, 7), "convnet-14": GRID}
METHOD = "1"
"""Changes with the network or the way it learns."""
PICTURES = 5000
"""At most so many pictures are learnt from, drawn at random: their maps are kept in memory (55 kB each)."""


class ConvNetCard(BaseModel):
    """How the network of a dataset came to be.

    Attributes:
        method: version of the network and its training.
        fingerprint: the dataset it was trained on.
        words: the words it learnt, by kind.
        pictures: how many it learnt from or was examined with.
        quality: share of the cells of held-out pictures that are told right, by kind of word; ``chance`` is that of
            the commonest word.
        seconds: time of the training steps.
    """

    model_config = ConfigDict(frozen=True)

    method: str
    fingerprint: str
    seed: int
    words: dict[str, list[str]]
    pictures: int
    quality: dict[str, float]
    chance: dict[str, float]
    seconds: float


class ConvNetEncoder(Encoder):
    """64 numbers for each cell of a 14 x 14 grid, or their means over a coarser one."""

    names = tuple(GRIDS)
    preprocessing = "224 x 224; colours and edges by 8 directions at two scales on a 28 x 28 map"

    def __init__(self, name: str, network: ConvNet, grid: Grid, card: ConvNetCard, device: torch.device) -> None:
        self.name, self.grid, self.card, self.quality = name, grid, card, card.quality
        self._network, self._device = network.to(device).eval(), device
        digest = hashlib.sha256()
        for key, tensor in sorted(network.state_dict().items()):
            digest.update(key.encode() + tensor.cpu().contiguous().numpy().tobytes())
        self.version = f"{card.method}-{digest.hexdigest()[:8]}"

    @classmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> ConvNetEncoder:
        """The network of the dataset, trained on its labelled regions if that has not been done."""
        grid = grid or GRIDS[name]
        if grid[0] > GRID[0] or grid[1] > GRID[1]:
            raise EncoderError(f"the encoder '{name}' has {GRID[0]} x {GRID[1]} cells: ask for no finer --grid")
        home = dataset.root / FOLDER / HOME
        home.mkdir(parents=True, exist_ok=True)
        # Of several processes that share an extraction, one trains and the others wait for it.
        with FileLock(home / ".convnet.lock"):
            card = _read_card(home / "convnet")
            if card is None or (card.fingerprint, card.method) != (dataset.fingerprint, METHOD):
                card = _train(dataset, home / "convnet", device, report or (lambda _share, _message: None))
        network = ConvNet()
        network.load_state_dict(load_file(home / "convnet" / WEIGHTS))
        return cls(name, network, grid, card, device)

    @torch.inference_mode()
    def encode(self, images: Sequence[Picture]) -> Encoded:
        """A region for each cell of the grid, row by row."""
        maps = torch.from_numpy(np.stack([edge_map(image) for image in images])).float()
        cells: Tensor = self._network(maps.to(self._device))
        if self.grid != GRID:
            cells = functional.adaptive_avg_pool2d(cells, self.grid)
        return Encoded(list(cells.flatten(2).transpose(1, 2).cpu().numpy()))


def _train(dataset: Dataset, folder: Path, device: torch.device, report: Report) -> ConvNetCard:
    """Learn from the pictures that have labelled regions and keep the result in ``folder``."""
    seed = dataset.card.seed
    codes = codes_to_learn_from(dataset)
    if len(codes) > PICTURES:
        codes = sorted(np.random.default_rng(seed).choice(codes, PICTURES, replace=False).tolist())
    cells = read_cells(dataset, codes, *GRID)
    maps = torch.empty((len(codes), CHANNELS, MAP, MAP), dtype=torch.float16)
    for number, path in enumerate(filter(None, map(dataset.image_path, codes))):
        maps[number] = torch.from_numpy(edge_map(read_picture(path)))
        report(0.15 * number / len(codes), "looking at the images")
    learnt = learn(maps, cells, seed, device, lambda share: report(0.15 + 0.85 * share, "teaching the encoder"))
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
    part = folder.with_name(".convnet.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    save_file({key: tensor.cpu().contiguous() for key, tensor in learnt.network.state_dict().items()}, part / WEIGHTS)
    (part / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return card


def _read_card(folder: Path) -> ConvNetCard | None:
    """The card of a trained network; None where there is none that can be read."""
    try:
        return ConvNetCard.model_validate_json((folder / CARD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
