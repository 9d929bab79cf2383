"""What a line drawn on a picture picks out: the regions whose centre lies inside, and what muting them edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Element, Frozen, Id
from workbench.explain.heat import boxes_of
from workbench.features.pictures import blurred, read_picture, soft
from workbench.layers.evidence import EvidenceGroup

Outline = Sequence[tuple[float, float]]
"""Corners x, y of a closed line, in fractions of the picture's width and height."""


class Masked(Frozen):
    """A picture of which parts count less than recorded, or nothing.

    Attributes:
        image: the picture.
        regions: those parts, with boxes.
        gates: how much of each counts, from 0 for nothing to below 1.
        total: parts that the picture has.
    """

    image: Element
    regions: tuple[Element, ...]
    gates: tuple[float, ...]
    total: int


def can_be_drawn_on(group: EvidenceGroup) -> bool:
    """Whether the elements of a group have a place in a picture."""
    return group.kind in ("region", "attribute")


def regions_of(explainer: Explainer, group: EvidenceGroup, item: int) -> list[Element]:
    """All regions of an image (code) that a group knows; empty where it has none."""
    features = explainer.model.features
    if features is None or not can_be_drawn_on(group):
        return []
    owner = explainer.dataset.items.id(item)
    named = (explainer.names.element(group.kind, row) for row in features.sets.row(item).tolist())
    return [element.model_copy(update={"of": owner}) for element in named if element.box is not None]


def enclosed(regions: Sequence[Element], outline: Outline) -> list[Element]:
    """The regions whose centre lies inside a closed line or on it."""
    line = np.array(outline, np.float32).reshape(-1, 1, 2)
    if len(line) < 3:
        return []
    return [region for region in regions if cv2.pointPolygonTest(line, _centre(region), False) >= 0]


def picked(regions: Sequence[Element], selection: Mapping[str, Any]) -> list[Element]:
    """The regions that a selection on a picture picks, in their own order.

    Args:
        regions: of the picture.
        selection: as plotly tells it, in fractions of the picture: ``box`` with two ``x`` and two ``y`` each, ``lasso``
            with many, else ``points`` whose ``customdata`` are ids of regions.
    """
    outlines: list[Outline] = []
    for box in selection.get("box", ()):
        (left, right), (top, bottom) = box["x"][:2], box["y"][:2]
        outlines.append([(left, top), (right, top), (right, bottom), (left, bottom)])
    outlines += [list(zip(lasso["x"], lasso["y"], strict=True)) for lasso in selection.get("lasso", ())]
    if outlines:
        inside = {region.id for outline in outlines for region in enclosed(regions, outline)}
    else:
        named = {_plain(point.get("customdata")) for point in selection.get("points", ())}
        inside = {region.id for region in regions if str(region.id) in named}
    return [region for region in regions if region.id in inside]


def muted(held: Sequence[Edit], changes: Sequence[Edit]) -> list[Edit]:
    """Edits after some regions were picked: these are left out, or brought back where all of them are out already.

    Args:
        held: what is edited so far.
        changes: an edit that leaves out each of the regions.
    """
    places = {edit.place for edit in changes}
    out = {edit.place for edit in held if edit.gate == 0}
    others = [edit for edit in held if edit.place not in places]
    return others if places <= out else [*others, *changes]


def masked(explainer: Explainer, edits: Sequence[Edit]) -> tuple[Masked, ...]:
    """The pictures that edits of their parts name, one by one; an edit of all pictures alike names none."""
    shown = dict[tuple[str, int], tuple[Sequence[Element], dict[str, float]]]()
    for edit in edits:
        group = explainer.groups[edit.group]
        if edit.item is None or not can_be_drawn_on(group):
            continue
        place = group.name, explainer.dataset.items.parse(str(edit.item))
        if place not in shown:
            shown[place] = regions_of(explainer, group, place[1]), {}
        every, closed = shown[place]
        for region in every:
            if edit.id is None or str(edit.id) == str(region.id):
                closed[str(region.id)] = min(edit.gate, closed.get(str(region.id), 1.0))
    found = []
    for (_, code), (every, closed) in shown.items():
        regions = tuple(region for region in every if closed.get(str(region.id), 1.0) < 1)
        image = explainer.names.element("image", code)
        less = tuple(closed[str(region.id)] for region in regions)
        found.append(Masked(image=image, regions=regions, gates=less, total=len(every)))
    return tuple(mask for mask in found if mask.regions)


def picture(
    explainer: Explainer, item: int, regions: Sequence[Element], gone: Sequence[Id], *, blur: bool
) -> NDArray[np.uint8]:
    """The picture (height, width, 3) of an image (code), out of focus in the regions ``gone`` (ids) if they ``blur``.

    Raises:
        DataError: there is no picture, or it cannot be read.
    """
    path = explainer.dataset.image_path(item)
    if path is None:
        raise DataError(f"{explainer.dataset.item_label(item)} has no picture to draw on")
    pixels = read_picture(path)
    if not blur:
        return pixels
    gates = [0.0 if region.id in gone else 1.0 for region in regions]
    return blurred(pixels, soft(pixels), boxes_of(regions).astype(np.float32), gates)


def _centre(region: Element) -> tuple[float, float]:
    assert region.box is not None
    x0, y0, x1, y1 = region.box
    return (x0 + x1) / 2, (y0 + y1) / 2


def _plain(custom: Any) -> str:
    """What plotly hands back of a point's own data, alone or in a list."""
    return str(custom[0]) if isinstance(custom, list | tuple) and custom else str(custom)
