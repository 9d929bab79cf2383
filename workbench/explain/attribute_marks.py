"""Does a model of attributes find what was planted: the value that was liked, and the thing that bears it?"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.schema import BOX
from workbench.explain.attribute_reading import liked_value, written
from workbench.explain.attributes import attribute_profiles
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen
from workbench.explain.pointing_game import Marked, Marks, marks, pair_codes, planted_causes, with_controls
from workbench.features.attributes.labels import THING
from workbench.features.store import Features
from workbench.layers.evidence import Gates


class BoxMarks(Frozen):
    """How well one attribute is read and found, over all images whose regions bear labels.

    Attributes:
        images: how many show the attribute.
        read: share of them that bear the value read, somewhere.
        pointing: among those, share whose box has its middle in a region that bears the value; ``centre`` the same for
            the middle of the picture, ``chance`` for a place anywhere in it.
        covers: mean share of the picture that the boxes cover.
    """

    attribute: str
    images: int
    read: float
    pointing: float
    centre: float
    chance: float
    covers: float


class TasteMarks(Frozen):
    """Whether profiles put first what users were made to like.

    Attributes:
        method: liking, attention or contribution, or the control: how many images show a value.
        users: how many have a planted value that some image shows.
        first: share of them whose planted value comes first among those of its attribute; ``chance`` that of guessing.
        auc: chance that the planted value stands above another one of its attribute; 0.5 is guessing.
        error: standard error of ``auc``.
    """

    method: str
    users: int
    first: float
    chance: float
    auc: float
    error: float


def mark_attributes(
    explainer: Explainer,
    of: Literal["value", "thing"] = "value",
    split: Literal["train", "validation", "test"] = "train",
) -> list[Marks]:
    """Mark which attribute of a liked image is weighed most against the one the like was planted for.

    A like was planted for a thing, and many for a value it bears besides. Only likes count whose image is read as
    showing it, since no weight could be put on it otherwise. Contribution, liking and removal are marked by what speaks
    for the image.

    Args:
        explainer: of a model that reads attributes, on a dataset with planted causes.
        of: the value insisted on (the likes that have one), or the thing looked for.
        split: of the likes.

    Raises:
        DataError: nothing was planted, the model reads no attributes, or reads none that was planted.
    """
    model, features = explainer.model, _features(explainer)
    causes = planted_causes(explainer.dataset, "like", split)
    column = "attribute" if of == "value" else "label"
    if column not in causes or causes[column].isna().all():
        raise DataError(f"{explainer.dataset.root} has no likes planted for a {of}: make a world that has them")
    causes = causes.dropna(subset=[column])
    users, items = pair_codes(explainer.dataset, causes)
    sets = features.sets.select(items)
    shown = _labels(features)[sets.values.numpy()]
    wanted = causes["attribute"].map(written) if of == "value" else f"{THING}: " + causes["label"].astype(str)
    borne = (shown == wanted.to_numpy(object)[sets.rows.numpy()]).astype(np.float64)
    kept = np.bincount(sets.rows.numpy(), weights=borne, minlength=len(sets)) > 0
    if not kept.any():
        raise DataError(f"no image of {explainer.dataset.root} is read as showing the {of} its like was planted for")
    chosen = torch.from_numpy(kept.nonzero()[0])
    users, items = users[chosen], items[chosen]
    marked = Marked(users, items, sets.select(chosen), borne[kept[sets.rows.numpy()]], None)
    with torch.inference_mode():
        level = next(level for level in model.read(users, items).levels if level.name == "attributes")
        assert level.attention is not None and level.contribution is not None
        appeal = model.liking(users, items)  # type: ignore[operator]
        lost = _lost(explainer, users, items, marked.sets)
    numbers = {"contribution": level.contribution.clamp_min(0), "liking": appeal, "removal": lost.clamp_min(0)}
    found = with_controls(marked, level.attention.double().numpy())
    return found + [marks(name, marked, weights.double().numpy()) for name, weights in numbers.items()]


def mark_boxes(explainer: Explainer) -> list[BoxMarks]:
    """Mark, by attribute, the values read and their boxes against the labels of regions.

    Raises:
        DataError: the model reads no attributes, or regions have no labels.
    """
    features, data = _features(explainer), explainer.dataset
    truth = _borne(explainer)
    table = features.shown.assign(item=features.sets.rows.numpy())
    rows = table.reset_index(names="row").merge(
        truth, left_on=["item", "attribute", "label"], right_on=["code", "attribute", "value"], suffixes=("", "_true")
    )
    x, y = (rows["x0"] + rows["x1"]) / 2, (rows["y0"] + rows["y1"]) / 2
    hits = pd.DataFrame(
        {
            "row": rows["row"],
            "pointing": _holds(rows, x, y),
            "centre": _holds(rows, 0.5, 0.5),
            "chance": (rows["x1_true"] - rows["x0_true"]) * (rows["y1_true"] - rows["y0_true"]),
        }
    )
    best = hits.groupby("row").max()
    known = table[table["item"].isin(truth["code"])]
    found = []
    for attribute, part in known.groupby("attribute", sort=True):
        borne = best[best.index.isin(part.index)].mean()
        size = (part["x1"] - part["x0"]) * (part["y1"] - part["y0"])
        share = float(part.index.isin(best.index).mean())
        numbers = {name: float(borne[name]) if share else 0.0 for name in ("pointing", "centre", "chance")}
        found.append(
            BoxMarks(attribute=str(attribute), images=len(part), read=share, covers=float(size.mean()), **numbers)
        )
    if not found:
        raise DataError(f"no image of {data.root} has both attributes and labels of regions")
    return found


def mark_tastes(explainer: Explainer) -> list[TasteMarks]:
    """Mark users' profiles against the value each was made to like.

    Raises:
        DataError: the model reads no attributes, or users have no planted value.
    """
    data = explainer.dataset
    _features(explainer)
    wanted = {code: liked for code in range(len(data.users)) if (liked := liked_value(data, code)) is not None}
    if not wanted:
        raise DataError(f"{data.root} has no planted tastes in attributes: make a world that has with 'workbench demo'")
    places: dict[str, list[tuple[float, float, float]]] = {}
    profiles = attribute_profiles(explainer, list(wanted))
    for liked, profile in zip(wanted.values(), profiles, strict=True):
        attribute = liked.partition(": ")[0]
        rows = [row for row in profile.rows if row.attribute == attribute]
        at = next((i for i, row in enumerate(rows) if f"{row.attribute}: {row.value}" == liked), None)
        if at is None or len(rows) < 2:
            continue
        for name in ("liking", "attention", "contribution", "images"):
            values = np.array([float(getattr(row, name)) for row in rows])
            others = np.delete(values, at)
            above = float(((values[at] > others) + 0.5 * (values[at] == others)).mean())
            places.setdefault(name, []).append((float(values[at] >= values.max()), 1 / len(rows), above))
    if not places:
        raise DataError(f"no image of {data.root} is read as bearing a value that a user was made to like")
    return [_taste("most frequent" if name == "images" else name, np.array(found)) for name, found in places.items()]


def _taste(method: str, found: NDArray[np.float64]) -> TasteMarks:
    first, chance, auc = found.mean(0).tolist()
    error = float(found[:, 2].std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else 0.0
    return TasteMarks(method=method, users=len(found), first=first, chance=chance, auc=auc, error=error)


def _features(explainer: Explainer) -> Features:
    features = explainer.model.features
    if "attributes" not in explainer.groups or features is None or not features.card.attributes:
        raise DataError(f"{explainer.model.name} reads no attributes: choose a run of the model saers")
    return features


def _labels(features: Features) -> NDArray[np.object_]:
    """(rows of features,) what each shows, as "pattern: striped"."""
    shown = features.shown
    return (shown["attribute"].astype(str) + ": " + shown["label"].astype(str)).to_numpy(object)


def _borne(explainer: Explainer) -> pd.DataFrame:
    """What regions bear: code of the image, attribute, value, and the region's box."""
    data = explainer.dataset
    if not data.has("regions") or "label" not in data.table("regions"):
        raise DataError(f"{data.root} labels no regions, so nothing is known of where attributes are")
    regions = data.table("regions")[["item", "region", "label", *BOX]]
    parts = [regions.rename(columns={"label": "value"}).assign(attribute=THING)]
    if data.has("attributes") and "region" in data.table("attributes"):
        told = data.table("attributes").dropna(subset=["region"])
        parts.append(told.merge(regions.drop(columns="label"), on=["item", "region"]))
    truth = pd.concat(parts, ignore_index=True).dropna(subset=["value"])
    return truth.assign(code=data.items.codes(truth["item"]))[["code", "attribute", "value", *BOX]]


def _holds(rows: pd.DataFrame, x: pd.Series | float, y: pd.Series | float) -> pd.Series:
    """Whether the true boxes of rows hold a place."""
    across = (rows["x0_true"] <= x) & (x <= rows["x1_true"])
    return across & (rows["y0_true"] <= y) & (y <= rows["y1_true"])


def _lost(explainer: Explainer, users: Tensor, items: Tensor, sets: Ragged) -> Tensor:
    """(elements,) what the score of each pair loses without each of its attributes."""
    model = explainer.model
    every = model.score_pairs(users, items)
    rows = sets.rows
    wide = sets.select(rows)
    gate = torch.ones(len(wide.values))
    first = torch.arange(len(rows)) - sets.offsets[:-1].index_select(0, rows)
    gate[wide.offsets[:-1] + first] = 0
    without = model.score_pairs(users.index_select(0, rows), items.index_select(0, rows), Gates({"attributes": gate}))
    return every.index_select(0, rows) - without
