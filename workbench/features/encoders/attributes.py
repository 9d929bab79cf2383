"""Attributes of images as regions: the semantic extraction network, taught by labels of the dataset's own images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.attributes.finding import find
from workbench.features.attributes.labels import codes_to_learn_from, read_labels
from workbench.features.attributes.learning import teach
from workbench.features.attributes.maps import TAU, activation_maps, enlarged
from workbench.features.attributes.network import SemanticNetwork, Sight
from workbench.features.encoders.base import Encoded, Encoder, EncoderError, Grid, Picture, Report
from workbench.features.encoders.taught import TaughtCard, Weights, drawn, maps_of, taught, teaching, version_of
from workbench.features.network import edge_map

TAUS = {"attributes": TAU, "attributes-tight": 0.5}
"""The least share of an activation map's maximum that a box covers, by the name of the encoder."""
METHOD = "2"
"""Changes with the network, the way it learns, or what is made of its maps."""


class AttributesCard(TaughtCard):
    """How the network of a dataset came to be; its quality is told by attribute.

    Attributes:
        values: the values of each attribute it tells apart.
        narrow: attributes that do not apply to some images: whether they do is told from the picture.
        held_out: ids of those it was examined with, each right where its most probable value is one it has.
    """

    values: dict[str, tuple[str, ...]]
    narrow: tuple[str, ...]
    held_out: tuple[int | str, ...]


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
        self.version = version_of(card.method, network)

    @classmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> AttributeEncoder:
        """The network of the dataset, trained on the labels of its images if that has not been done."""
        if grid is not None:
            raise EncoderError(f"the encoder '{name}' finds boxes of its own: leave out --grid")
        told = report or (lambda _share, _message: None)
        card, weights = taught(dataset, "attributes", AttributesCard, METHOD, lambda: _train(dataset, device, told))
        network = SemanticNetwork(card.values)
        network.load_state_dict(weights)
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


def _train(dataset: Dataset, device: torch.device, report: Report) -> tuple[AttributesCard, Weights]:
    """Learn from the pictures whose attributes are known."""
    codes = drawn(dataset, codes_to_learn_from(dataset))
    labels, seed = read_labels(dataset, codes), dataset.card.seed
    learnt = teach(maps_of(dataset, codes, report), labels, seed, device, teaching(report))
    narrow = (labels.applies == 0).any(0).tolist()
    card = AttributesCard(
        method=METHOD,
        fingerprint=dataset.fingerprint,
        seed=seed,
        values=dict(labels.values),
        narrow=tuple(name for name, is_narrow in zip(labels.values, narrow, strict=True) if is_narrow),
        pictures=len(codes),
        held_out=tuple(dataset.items.id(codes[place]) for place in sorted(learnt.held_out.tolist())),
        quality=dict(learnt.quality),
        chance=dict(learnt.chance),
        seconds=learnt.seconds,
    )
    return card, learnt.network.state_dict()
