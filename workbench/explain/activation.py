"""Does a map find the attribute, or only the thing that bears it? The value seen beside another one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.explain.attributes import attribute_map
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Id
from workbench.explain.heat import share_inside
from workbench.explain.regions import PlantedBox, planted_boxes
from workbench.features.attributes.maps import tight_box

Map = NDArray[np.float64]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Activation:
    """Where a network looks for one value of an attribute in one image.

    Attributes:
        map: (H, W), 0..1 from its least to its greatest activation; all 0 where nothing speaks for the value.
        box: around the largest part of it, x0, y0, x1, y1 as fractions.
        is_read: whether it is the value that the network reads in the image.
    """

    attribute: str
    value: str
    map: Map
    box: Box
    is_read: bool


@dataclass(frozen=True)
class Activations:
    """The maps of one value of an attribute of an image, or of two.

    Attributes:
        found: the value that is read, then another.
        causes: planted boxes.
    """

    run: str
    item: Id
    item_label: str
    image: str | None
    found: tuple[Activation, ...]
    causes: tuple[PlantedBox, ...] = ()

    @property
    def overlap(self) -> float | None:
        """How much of two maps lies at the same places, 0..1; None for one."""
        return overlap(self.found[0].map, self.found[1].map) if len(self.found) > 1 else None

    def inside(self, one: Activation) -> list[float]:
        """How much of a map lies in each planted box, 0..1; nothing of a map of zeros."""
        total = float(one.map.sum())
        return [share_inside(one.map / total, cause.box) if total else 0.0 for cause in self.causes]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each map."""
        rows = []
        for one in self.found:
            row: dict[str, Any] = {"run": self.run, "item": self.item, "attribute": one.attribute, "value": one.value}
            row |= {"is_read": one.is_read} | dict(zip(("x0", "y0", "x1", "y1"), one.box, strict=True))
            inside = self.inside(one)
            rows.append(row | {"in_planted_box": inside[0] if inside else None, "overlap": self.overlap})
        return rows

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """The rows, and the maps in steps of a thousandth."""
        maps = [np.round(one.map, 3).tolist() for one in self.found]
        return json.dumps({"image": self.image, "rows": self.rows(), "maps": maps}, indent=indent)


def values_of(explainer: Explainer, item: int, attribute: str) -> list[str]:
    """The values an attribute can have, the one the network reads in an image (code) first.

    Raises:
        DataError: the model reads no attributes, or the image does not show this one.
    """
    features = explainer.model.features
    known = {} if features is None else features.card.attributes
    if features is None or attribute not in known:
        raise DataError(
            f"{explainer.model.name} knows no attribute '{attribute}': it knows {', '.join(sorted(known)) or 'none'}"
        )
    rows = features.shown.iloc[features.sets.row(item).tolist()]
    read = rows[rows["attribute"] == attribute]["label"].tolist()
    if not read:
        raise DataError(f"{explainer.pictured(item)['item_label']} does not show the attribute '{attribute}'")
    return [read[0], *(value for value in known[attribute] if value != read[0])]


def activations(
    explainer: Explainer, item: int, attribute: str, other: str | None = None, user: int | None = None
) -> Activations:
    """The map of the value that is read in an image (code), and that of another value.

    Args:
        explainer: of a model that reads attributes.
        item: code.
        attribute: its name.
        other: the value beside it; the first of the others if left out.
        user: code of a user, the planted causes of whose like are given where they are known.

    Raises:
        DataError: the model reads no attributes, or there is no such attribute or value here, or no picture.
        EncoderError: the network that made the features is no longer there.
    """
    read, *rest = values_of(explainer, item, attribute)
    if other is not None and other not in rest:
        raise DataError(f"{attribute} has no other value '{other}' here: choose from {', '.join(rest)}")
    found = []
    for value in (read, *([other] if other is not None else rest[:1])):
        heat = attribute_map(explainer, item, attribute, value)
        box = tight_box(heat.astype(np.float32))
        found.append(Activation(attribute, value, heat, box, value == read))
    causes = () if user is None else planted_boxes(explainer.dataset, user, item, "like")
    return Activations(run=explainer.run, found=tuple(found), causes=causes, **explainer.pictured(item))


def overlap(first: Map, second: Map) -> float:
    """How much of two maps lies at the same places, 0..1: ``sum min(a, b)`` of both scaled to add up to 1.

    A map of zeros overlaps with nothing.
    """
    one, other = float(first.sum()), float(second.sum())
    if one <= 0 or other <= 0:
        return 0.0
    return float(np.minimum(first / one, second / other).sum())
