"""Elements of evidence in the dataset's own ids and words."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.dates import hour_text
from workbench.explain.explanation import Element
from workbench.features.store import Features
from workbench.layers.contextual import SLOTS
from workbench.models.base import Recommender


def factor_label(code: int) -> str:
    """What weighs a like: its hour of the week, the time since, or what it is, in the order of their codes."""
    kind, slot = divmod(code, SLOTS)
    if kind == 2:
        return "what it is"
    if slot == SLOTS - 1:
        return "any hour, over a week before" if kind == 0 else "over a week before"
    if kind == 0:
        return hour_text(slot)
    return "within the hour" if slot == 0 else f"{slot} h before" if slot < 48 else f"{slot // 24} days before"


def hop_label(hop: int) -> str:
    """Whose taste arrives over so many steps along the people followed."""
    return "own state" if hop == 0 else "people followed" if hop == 1 else f"people {hop} steps away"


class Names:
    """Names the elements a model reads on a dataset.

    Args:
        model: says where codes of regions, words and topics point to.
        dataset: ids, labels and pictures.
    """

    def __init__(self, model: Recommender, dataset: Dataset) -> None:
        self.model, self.dataset = model, dataset

    @cached_property
    def _frames(self) -> dict[tuple[int, int | str], str]:
        """Pictures of the frames of reels, by image code and frame."""
        if not self.dataset.has("frames"):
            return {}
        table = self.dataset.table("frames")
        codes = self.dataset.items.codes(table["item"])
        return dict(zip(zip(codes.tolist(), table["frame"].tolist(), strict=True), table["image"], strict=True))

    def element(self, kind: str, code: int) -> Element:
        """An element without numbers yet."""
        data = self.dataset
        if kind == "image":
            picture = data.image_relative(code)
            return Element(kind=kind, id=data.items.id(code), label=data.item_label(code), image=picture)
        if kind == "person":
            return Element(kind=kind, id=data.users.id(code), label=data.user_label(code))
        if kind == "region" and self.model.features is not None:
            return self._region(code)
        if kind == "frame" and self.model.features is not None:
            return self.frame(self.model.features, code)
        if kind == "attribute" and self.model.features is not None:
            return self._attribute(code)
        if kind == "word" and self.model.texts is not None:
            place, token = self.model.texts.token(code)
            return Element(kind=kind, id=place, label=token.word, span=(token.start, token.end))
        if kind == "topic" and self.model.topics is not None:
            return Element(kind=kind, id=code, label=self.model.topics.names[code])
        if kind == "hop":
            return Element(kind=kind, id=code, label=hop_label(code))
        if kind == "hour":
            return Element(kind=kind, id=code, label=factor_label(code))
        group = self.model.evidence[code]
        return Element(kind=kind, id=group.name, label=group.label)

    def named(self, kind: str, codes: Tensor, id: str) -> Tensor:
        """(n,) which of the elements ``codes`` (n,) have an id; a word is named by itself, too, wherever it stands."""
        nothing = torch.zeros_like(codes, dtype=torch.bool)
        if kind in {"image", "person"}:
            try:
                return codes == (self.dataset.items if kind == "image" else self.dataset.users).parse(id)
            except DataError:
                return nothing
        if kind in {"topic", "hop", "hour"}:
            return codes == int(id) if id.isdecimal() else nothing
        if kind == "word" and self.model.texts is not None:
            vocabulary = self.model.texts.vocabulary
            if id.isdecimal():
                nothing = codes % vocabulary.longest == int(id)
            word = self._word_codes.get(id.casefold())
            return nothing if word is None else nothing | (self._written.to(codes.device)[codes] == word)
        numbers, distinct = self._attributes if kind == "attribute" else self._regions
        return numbers.to(codes.device)[codes] == distinct[id] if id in distinct else nothing

    @cached_property
    def _word_codes(self) -> dict[str, int]:
        """Codes of the words of the vocabulary."""
        assert self.model.texts is not None
        return {word.casefold(): code for code, word in enumerate(self.model.texts.vocabulary.words, 1)}

    @cached_property
    def _written(self) -> Tensor:
        """(images * longest,) vocabulary code of the word at each place of each text."""
        assert self.model.texts is not None
        return self.model.texts.codes().flatten()

    @cached_property
    def _regions(self) -> tuple[Tensor, dict[str, int]]:
        """Ids of the regions or frames of the features, by row, as numbers, and the number of each id as text."""
        assert self.model.features is not None
        return _numbered(np.array(self.model.features.region_ids, dtype=object))

    @cached_property
    def _attributes(self) -> tuple[Tensor, dict[str, int]]:
        """The same of the attributes that regions show."""
        assert self.model.features is not None
        return _numbered(self.model.features.shown["attribute"].to_numpy(dtype=object))

    def _attribute(self, code: int) -> Element:
        features = self.model.features
        assert features is not None
        shown = features.shown.iloc[code]
        box = (float(shown["x0"]), float(shown["y0"]), float(shown["x1"]), float(shown["y1"]))
        label = f"{shown['attribute']}: {shown['label']}"
        return Element(kind="attribute", id=shown["attribute"], label=label, box=box, confidence=float(shown["score"]))

    def frame(self, features: Features, code: int) -> Element:
        """A frame, by its row in ``features``; a picture without a reel is its own only frame."""
        item, number = features.image_of(code), features.region_ids[code]
        image = self._frames.get((item, number))
        if image is None:
            return Element(kind="frame", id=number, label="the picture", image=self.dataset.image_relative(item))
        return Element(kind="frame", id=number, label=f"frame {number}", image=image)

    def _region(self, code: int) -> Element:
        features = self.model.features
        assert features is not None
        number = features.region_ids[code]
        x0, y0, x1, y1 = (float(edge) for edge in features.boxes[code])
        box = (x0, y0, x1, y1)
        if features.card.of == "frames":
            picture = self._frames.get((features.image_of(code), number))
            return Element(kind="frame", id=number, label=f"frame {number}", image=picture, box=box)
        return Element(kind="region", id=number, label=f"region {int(number) + 1}", box=box)


def _numbered(ids: NDArray[np.object_]) -> tuple[Tensor, dict[str, int]]:
    numbers, distinct = pd.factorize(ids)
    return torch.from_numpy(numbers), {str(id): number for number, id in enumerate(distinct)}
