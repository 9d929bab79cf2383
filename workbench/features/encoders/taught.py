"""What the encoders share that are taught on the pictures of a dataset itself: kept beside it, taught once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from filelock import FileLock
from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.features.encoders.base import EncoderError, Report
from workbench.features.network import CHANNELS, MAP, edge_map
from workbench.features.pictures import read_picture
from workbench.features.store import FOLDER

HOME, CARD, WEIGHTS = ".encoders", "card.json", "weights.safetensors"
PICTURES = 5000
"""At most so many pictures are learnt from, drawn at random: their maps are kept in memory (55 kB each)."""
LOOKING = 0.15
"""Share of the work that is looking at the pictures."""


class TaughtCard(BaseModel):
    """How the network of a dataset came to be.

    Attributes:
        method: version of the network and its training.
        fingerprint: the dataset it was trained on.
        pictures: how many it learnt from or was examined with.
        quality: share of what it was examined with that it tells right, by kind; ``chance`` is that of the commonest
            answer.
        seconds: time of the training steps.
    """

    model_config = ConfigDict(frozen=True)

    method: str
    fingerprint: str
    seed: int
    pictures: int
    quality: dict[str, float]
    chance: dict[str, float]
    seconds: float


Card = TypeVar("Card", bound=TaughtCard)
Weights = Mapping[str, Tensor]


def taught(
    dataset: Dataset, name: str, kind: type[Card], method: str, teach: Callable[[], tuple[Card, Weights]]
) -> tuple[Card, Weights]:
    """The card and the weights of the network ``name`` of a dataset, taught if that has not been done.

    Args:
        dataset: beside whose tables it is kept.
        name: of its folder.
        kind: of its card.
        method: version that is asked for; a network of another one, or of other tables, is taught again.
        teach: makes both.

    Raises:
        EncoderError: the weights that the card is about are missing or cannot be read.
    """
    home = dataset.root / FOLDER / HOME
    home.mkdir(parents=True, exist_ok=True)
    # Of several processes that share an extraction, one trains and the others wait for it.
    with FileLock(home / f".{name}.lock"):
        card = _read_card(home / name, kind)
        if card is None or (card.fingerprint, card.method) != (dataset.fingerprint, method):
            card, weights = teach()
            _write(home / name, card, weights)
        return card, _read_weights(home / name)


def version_of(method: str, network: nn.Module) -> str:
    """Changes with the method and with every weight of the network."""
    digest = hashlib.sha256()
    for key, tensor in sorted(network.state_dict().items()):
        digest.update(key.encode() + tensor.cpu().contiguous().numpy().tobytes())
    return f"{method}-{digest.hexdigest()[:8]}"


def drawn(dataset: Dataset, codes: Sequence[int]) -> list[int]:
    """The ``codes`` of images, or ``PICTURES`` of them drawn with the seed of the dataset."""
    if len(codes) <= PICTURES:
        return list(codes)
    return sorted(np.random.default_rng(dataset.card.seed).choice(codes, PICTURES, replace=False).tolist())


def maps_of(dataset: Dataset, codes: Sequence[int], report: Report) -> Tensor:
    """Edge maps (images, channels, side, side) of the pictures of images, at half precision."""
    maps = torch.empty((len(codes), CHANNELS, MAP, MAP), dtype=torch.float16)
    for number, path in enumerate(filter(None, map(dataset.image_path, codes))):
        maps[number] = torch.from_numpy(edge_map(read_picture(path)))
        report(LOOKING * number / len(codes), "looking at the images")
    return maps


def teaching(report: Report) -> Callable[[float], None]:
    """What a training that follows the looking tells its share, 0..1."""
    return lambda share: report(LOOKING + (1 - LOOKING) * share, "teaching the encoder")


def _write(folder: Path, card: TaughtCard, weights: Weights) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    save_file({key: tensor.cpu().contiguous() for key, tensor in weights.items()}, part / WEIGHTS)
    (part / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _read_card(folder: Path, kind: type[Card]) -> Card | None:
    """The card of a trained network; None where there is none that can be read."""
    try:
        return kind.model_validate_json((folder / CARD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _read_weights(folder: Path) -> Weights:
    file, remedy = folder / WEIGHTS, f"delete the folder {folder} and the encoder is taught again when it is next used"
    try:
        weights: Weights = load_file(file)
    except FileNotFoundError:
        raise EncoderError(f"{file} is missing beside its card: {remedy}") from None
    except SafetensorError as fault:
        raise EncoderError(f"{file} cannot be read ({fault}): {remedy}") from None
    return weights
