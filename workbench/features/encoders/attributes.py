"""Attributes of images as regions: the semantic extraction network, taught by labels of the dataset's own images."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.attributes.finding import find
from workbench.features.attributes.labels import codes_to_learn_from, read_labels
from workbench.features.attributes.learning import teach
from workbench.features.attributes.maps import TAU, activation_maps, enlarged
from workbench.features.attributes.network import SemanticNetwork, Sight
from workbench.features.encoders.base import Encoded, Encoder, EncoderError, Grid, Picture, Report
from workbench.features.network import CHANNELS, MAP, edge_map
from workbench.features.pictures import read_picture
from workbench.features.store import FOLDER

HOME, CARD, WEIGHTS, NETWORK = ".encoders", "card.json", "weights.safetensors", "attributes"
TAUS = {"attributes": TAU, "attributes-tight": 0.5}
"""The least share of an activation map's maximum that a box covers, by the name of the encoder."""
METHOD = "2"
"""Changes with the network, the way it learns, or what is made of its maps."""
PICTURES = 5000
"""At most so many pictures are learnt from, drawn at random: their maps are kept in memory (55 kB each)."""


class AttributesCard(BaseModel):
    """How the network of a dataset came to be.

    Attributes:
        method: version of the network and its training.
        fingerprint: the dataset it was trained on.
        values: the values of each attribute it tells apart.
        narrow: attributes that do not apply to some images: whether they do is told from the picture.
        pictures: how many it learnt from or was examined with.
        held_out: ids of those it was examined with.
        quality: share of held-out images whose most probable value is one they have, by attribute; ``chance`` is that
            of the commonest value.
        seconds: time of the training steps.
    """

    model_config = ConfigDict(frozen=True)

    method: str
    fingerprint: str
    seed: int
    values: dict[str, tuple[str, ...]]
    narrow: tuple[str, ...]
    pictures: int
    held_out: tuple[int | str, ...]
    quality: dict[str, float]
    chance: dict[str, float]
    seconds: float


class AttributeEncoder(Encoder):
    """One region for each attribute that applies to a picture: where the picture shows its most probable value.

    A region is described by coordinates, one for each value of each attribute: the network's shared map within the box
    (ROI-align, 7 x 7, averaged), read by a linear layer that was taught to tell the values of the attribute.
    """

    names = tuple(TAUS)
    preprocessing = "224 x 224; colours and edges by 8 directions at two scales on a 28 x 28 map"
    grid = None

    def __init__(self, name: str, network: SemanticNetwork, card: AttributesCard, device: torch.device) -> None:
        self.name, self.card, self.quality, self.attributes = name, card, card.quality, card.values
        # What is taught no more needs no gradient; those of maps go through the heads alone.
        self.network: SemanticNetwork = network.to(device).eval().requires_grad_(False)
        self.tau, self._device = TAUS[name], device
        digest = hashlib.sha256()
        for key, tensor in sorted(network.state_dict().items()):
            digest.update(key.encode() + tensor.cpu().contiguous().numpy().tobytes())
        self.version = f"{card.method}-{digest.hexdigest()[:8]}"

    @classmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> AttributeEncoder:
        """The network of the dataset, trained on the labels of its images if that has not been done."""
        if grid is not None:
            raise EncoderError(f"the encoder '{name}' finds boxes of its own: leave out --grid")
        home = dataset.root / FOLDER / HOME
        home.mkdir(parents=True, exist_ok=True)
        # Of several processes that share an extraction, one trains and the others wait for it.
        with FileLock(home / f".{NETWORK}.lock"):
            card = _read_card(home / NETWORK)
            if card is None or (card.fingerprint, card.method) != (dataset.fingerprint, METHOD):
                card = _train(dataset, home / NETWORK, device, report or (lambda _share, _message: None))
        network = SemanticNetwork(card.values)
        network.load_state_dict(load_file(home / NETWORK / WEIGHTS))
        return cls(name, network, card, device)

    def look(self, images: Sequence[Picture]) -> Sight:
        """What the network makes of pictures; the maps of its branches record gradients."""
        seen: Sight = self.network(self._maps(images), track=True)
        return seen

    def encode(self, images: Sequence[Picture]) -> Encoded:
        """A region for each attribute that applies, in alphabetical order."""
        found = find(self.network, self._maps(images), self.tau)
        with torch.inference_mode():
            vectors = self.network.coordinates(found.pooled).cpu().numpy()
        scores = torch.stack(list(found.shares.values()), 1).numpy()
        values = [
            [known[number] for known, number in zip(self.attributes.values(), numbers, strict=True)]
            for numbers in torch.stack(list(found.numbers.values()), 1).tolist()
        ]
        kept, every = self._applies(found.applies), range(len(images))
        return Encoded(
            vectors=[vectors[k][kept[k]] for k in every],
            boxes=[found.boxes[k][kept[k]] for k in every],
            labels=[list(compress(values[k], kept[k])) for k in every],
            scores=[scores[k][kept[k]] for k in every],
            attributes=[list(compress(self.attributes, kept[k])) for k in every],
        )

    def activation_map(self, image: Picture, attribute: str, value: str | None = None) -> NDArray[np.float64]:
        """Where a picture shows a value of an attribute, the most probable one by default: (height, width), 0..1.

        Raises:
            DataError: the network knows no such attribute or value.
        """
        if attribute not in self.attributes:
            known = ", ".join(self.attributes)
            raise DataError(f"the network knows no attribute '{attribute}': choose among {known}")
        known_values = self.attributes[attribute]
        if value is not None and value not in known_values:
            raise DataError(f"the network knows no {attribute} '{value}': choose among {', '.join(known_values)}")
        with torch.enable_grad():
            seen = self.look([image])
            logits = seen.logits[attribute]
            number = int(logits.argmax()) if value is None else known_values.index(value)
            maps = activation_maps(logits[:, number], seen.branches[attribute])
        height, width = image.shape[:2]
        found: NDArray[np.float64] = enlarged(maps, (height, width))[0].astype(np.float64)
        return found

    def _maps(self, images: Sequence[Picture]) -> Tensor:
        return torch.from_numpy(np.stack([edge_map(image) for image in images])).float().to(self._device)

    def _applies(self, logits: Tensor) -> NDArray[np.bool_]:
        """(images, attributes) whether an attribute applies; those found on all kinds of images always do."""
        always = torch.tensor([name not in self.card.narrow for name in self.attributes], device=logits.device)
        kept: NDArray[np.bool_] = ((logits > 0) | always).cpu().numpy()
        return kept


def _train(dataset: Dataset, folder: Path, device: torch.device, report: Report) -> AttributesCard:
    """Learn from the pictures whose attributes are known and keep the result in ``folder``."""
    seed = dataset.card.seed
    codes = codes_to_learn_from(dataset)
    if len(codes) > PICTURES:
        codes = sorted(np.random.default_rng(seed).choice(codes, PICTURES, replace=False).tolist())
    labels = read_labels(dataset, codes)
    maps = torch.empty((len(codes), CHANNELS, MAP, MAP), dtype=torch.float16)
    for number, path in enumerate(filter(None, map(dataset.image_path, codes))):
        maps[number] = torch.from_numpy(edge_map(read_picture(path)))
        report(0.15 * number / len(codes), "looking at the images")
    taught = teach(maps, labels, seed, device, lambda share: report(0.15 + 0.85 * share, "teaching the encoder"))
    narrow = (labels.applies == 0).any(0).tolist()
    card = AttributesCard(
        method=METHOD,
        fingerprint=dataset.fingerprint,
        seed=seed,
        values=dict(labels.values),
        narrow=tuple(name for name, is_narrow in zip(labels.values, narrow, strict=True) if is_narrow),
        pictures=len(codes),
        held_out=tuple(dataset.items.id(codes[place]) for place in sorted(taught.held_out.tolist())),
        quality=dict(taught.quality),
        chance=dict(taught.chance),
        seconds=taught.seconds,
    )
    _write(folder, card, taught.network.state_dict())
    return card


def _write(folder: Path, card: AttributesCard, weights: Mapping[str, Tensor]) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    save_file({key: tensor.cpu().contiguous() for key, tensor in weights.items()}, part / WEIGHTS)
    (part / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _read_card(folder: Path) -> AttributesCard | None:
    """The card of a trained network; None where there is none that can be read."""
    try:
        return AttributesCard.model_validate_json((folder / CARD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
