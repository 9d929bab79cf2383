"""Regions removed in the picture itself: they are blurred, and the picture is encoded again as all others were.

A feature taken out of a set leaves a model with a picture that has a hole no picture has. Here the encoder sees a whole
picture, out of focus in places, so whatever lies around a region and was told with it changes as well. What a blur
leaves, its colours above all, stays recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.encoders import Encoded, Encoder, Picture, open_encoder
from workbench.features.pictures import blurred, read_picture, soft
from workbench.features.store import Features
from workbench.layers.evidence import EvidenceGroup
from workbench.models.base import Recommender

AT_ONCE, PIXELS = 64, 1 << 25
"""Pictures, and pixels of them, that are encoded together: 100 MB."""
KEPT = 2048
"""Blurred pictures whose features are kept for the questions that follow."""
HELD = 32_000_000
"""Numbers of these features, at most: 64 MB."""
SAME = 0.02
"""How far the features of a picture may be from those on disk, in them or of them, and count as the same."""

Seen = Sequence[Tensor]
"""What each of the features a model reads says of a picture: (regions, d) float16."""


class Blur(NamedTuple):
    """An image (code) and the gates of its regions: 0 blurs one, 1 leaves it as it is."""

    item: int
    gates: tuple[float, ...]


class _Part(NamedTuple):
    """A picture (code) whose file was changed last at some nanosecond, blurred or as it is."""

    changed: int
    item: int
    blur: Blur | None = None


class Pictures:
    """The pictures behind the regions that a model reads.

    Attributes:
        groups: names of the evidence groups that can be blurred.

    Raises:
        DataError: the model reads no regions of pictures, or ones that an encoder would look for anew.
    """

    def __init__(self, model: Recommender, dataset: Dataset) -> None:
        self.model, self.dataset = model, dataset
        self.groups = tuple(group.name for group in model.active_evidence if group.kind in ("region", "attribute"))
        if not self.groups or model.features is None or model.features.card.of != "images":
            raise DataError(f"{model.name} reads no regions of images, so nothing can be blurred: choose deleted")
        self.features: Features = model.features
        self._known, self._held = dict[_Part, Seen](), 0
        if self.features.card.grid is None and not self.features.card.attributes:
            raise DataError(
                f"the encoder of {self.features.folder} looks for other regions in a blurred picture, so none can be "
                "told from what it was: choose deleted"
            )

    def check(self, units: Iterable[EvidenceGroup]) -> None:
        """Refuse to remove the elements of some groups where none of them is a region.

        Raises:
            DataError: so it is.
        """
        if not any(group.name in self.groups for group in units):
            raise DataError(
                f"the regions {self.model.name} reads lie inside other evidence, which is asked about as a whole here, "
                "so none is blurred: choose deleted"
            )

    @cached_property
    def _encoders(self) -> list[Encoder]:
        # Some find their regions by gradients, which a network made in inference mode has none of.
        with torch.inference_mode(False):
            return [open_encoder(self.dataset, features.folder.name) for features in self.model.sights]

    @cached_property
    def _arrays(self) -> list[Tensor]:
        return [features.tensor() for features in self.model.sights]

    def stored(self, item: int) -> Seen:
        """What the features on disk say of an image (code)."""
        return [rows[features.sets.row(item)] for features, rows in zip(self.model.sights, self._arrays, strict=True)]

    def blurs(self, codes: Tensor, gates: Tensor) -> tuple[Blur, ...]:
        """The pictures in which some of the regions ``codes`` (n,), with gates (n,), are closed."""
        offsets, found = self.features.sets.offsets, dict[int, list[float]]()
        closed = (gates < 1).nonzero().flatten()
        rows = codes[closed].cpu()
        items = (torch.searchsorted(offsets, rows, right=True) - 1).tolist()
        for item, row, gate in zip(items, rows.tolist(), gates[closed].tolist(), strict=True):
            first, end = offsets[item : item + 2].tolist()
            own = found.setdefault(item, [1.0] * (end - first))
            own[row - first] = min(own[row - first], gate)
        return tuple(Blur(item, tuple(own)) for item, own in sorted(found.items()))

    def encode(self, blurs: Iterable[Blur]) -> Iterator[tuple[Blur, Seen]]:
        """What the model's features would say of pictures with regions blurred; batch by batch.

        The picture as it is goes along the first time, to see that it is the one the features were made of. What was
        asked lately is kept until a picture changes.

        Raises:
            DataError: there is no picture, it is not the one the features were made of, or the encoder finds other
                regions in the blurred one.
            EncoderError: the encoder cannot be had.
        """
        asked: dict[int, list[Blur]] = {}
        for blur in blurs:
            asked.setdefault(blur.item, []).append(blur)
        batch, pixels = list[tuple[_Part, Picture]](), 0
        for item, wanted in asked.items():
            path = self._path(item)
            changed = path.stat().st_ctime_ns
            known = {part: self._known.get(part) for part in (_Part(changed, item, blur) for blur in (None, *wanted))}
            yield from ((part.blur, seen) for part, seen in known.items() if part.blur and seen is not None)
            parts = [part for part, seen in known.items() if seen is None]
            if not parts:
                continue
            picture, boxes = read_picture(path), self.features.boxes[self.features.sets.row(item).numpy()]
            out_of_focus = soft(picture)
            for part in parts:
                shown = picture if part.blur is None else blurred(picture, out_of_focus, boxes, part.blur.gates)
                batch.append((part, shown))
                pixels += picture.shape[0] * picture.shape[1]
                if len(batch) == AT_ONCE or pixels >= PIXELS:
                    yield from self._flushed(batch)
                    batch, pixels = [], 0
        if batch:
            yield from self._flushed(batch)

    def _path(self, item: int) -> Path:
        path = self.dataset.image_path(item)
        if path is None or not path.is_file():
            name = self.dataset.item_label(item)
            raise DataError(f"{name} has no picture in {self.dataset.root} that could be blurred: choose deleted")
        return path

    def _flushed(self, batch: Sequence[tuple[_Part, Picture]]) -> Iterator[tuple[Blur, Seen]]:
        encoders, pictures = self._encoders, [picture for _, picture in batch]
        with torch.inference_mode(False), torch.enable_grad():
            seen = [encoder.encode(pictures) for encoder in encoders]
        for place, (part, _) in enumerate(batch):
            found = [torch.from_numpy(np.asarray(one.vectors[place], np.float16)) for one in seen]
            self._check(part, found, seen, place)
            self._keep(part, found)
            if part.blur is not None:
                yield part.blur, found

    def _keep(self, part: _Part, found: Seen) -> None:
        """What was seen of a blurred picture; of one as it is, that it was compared."""
        if len(self._known) >= KEPT or self._held >= HELD:
            self._known, self._held = {}, 0
        self._known[part] = [] if part.blur is None else found
        self._held += sum(one.numel() for one in self._known[part])

    def _check(self, part: _Part, found: Seen, seen: Sequence[Encoded], place: int) -> None:
        """Refuse what is no longer the picture, or no longer the same regions."""
        item, is_original = part.item, part.blur is None
        stored = self.stored(item)
        shapes = all(one.shape == other.shape for one, other in zip(found, stored, strict=True))
        attributes = seen[0].attributes
        if shapes and attributes is not None:
            known = self.features.shown["attribute"].to_numpy()[self.features.sets.row(item).numpy()]
            shapes = list(attributes[place]) == known.tolist()
        name = self.dataset.item_label(item)
        if not shapes and not is_original:
            raise DataError(f"blurred like this, {name} shows other attributes, not to be compared: choose deleted")
        if is_original and not (shapes and all(map(_is_close, found, stored))):
            raise DataError(
                f"{self.dataset.image_path(item)} is not the picture that {self.features.folder} was made of: make the "
                f"features again with '{self.features.command(self.dataset.root)}'"
            )


def _is_close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.float(), other.float(), atol=SAME, rtol=SAME)


class Painter:
    """A twin of a model whose pictures are blurred for as long as a question takes."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures, self.model = pictures, pictures.model.twin()
        self._known: dict[Blur, Seen] = {}

    def prepare(self, blurs: Iterable[Blur]) -> None:
        """Encode, all together, those of some pictures that were not asked for before."""
        asked = dict.fromkeys(blurs)
        if len(self._known) + len(asked) > KEPT:
            self._known = {}
        self._known |= dict(self.pictures.encode(blur for blur in asked if blur not in self._known))

    @contextmanager
    def painted(self, blurs: Sequence[Blur]) -> Iterator[Recommender]:
        """The twin, as it reads pictures with regions blurred; after that as it was."""
        try:
            for blur in blurs:
                self.model.repaint(blur.item, self._known[blur])
            yield self.model
        finally:
            for blur in blurs:
                self.model.repaint(blur.item, self.pictures.stored(blur.item))
