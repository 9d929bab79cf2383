"""Attributes of images: what a user sees in one image, what she likes in all of them, and where an image shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen, Id
from workbench.features.encoders import open_encoder
from workbench.features.encoders.attributes import AttributeEncoder
from workbench.features.pictures import read_picture
from workbench.models.saers import SAERS

USERS = 64
"""Users whose attributes of all images are weighed at a time."""

Box = tuple[float, float, float, float]


class AttributeView(Frozen):
    """One attribute of an image, for one user.

    Attributes:
        attribute: its name; ``value`` what it was read as, with ``confidence`` 0..1.
        box: where the image shows it, x0, y0, x1, y1 as fractions of width and height.
        attention: its weight among the attributes of the image.
        contribution: its exact share of the score.
        liking: how the user takes to it as the image shows it, 0..1; not a weight, and not a share of the score.
        removal: change of the score without it; ``rank_without`` the rank of the image then.
    """

    attribute: str
    value: str
    confidence: float
    box: Box
    attention: float
    contribution: float
    liking: float
    removal: float
    rank_without: int | None


class AttributeTaste(Frozen):
    """What one value of an attribute means to a user, averaged over the images of the catalogue that show it.

    Attributes:
        images: how many show it, as the network reads them.
        liking: mean liking score, 0..1; ``attention`` and ``contribution`` are means, too.
    """

    attribute: str
    value: str
    images: int
    liking: float
    attention: float
    contribution: float


class AttributeProfile(Frozen):
    """A user's taste in attributes.

    Attributes:
        rows: by attribute, in the order of the model, the value liked most first.
    """

    user: Id
    user_label: str
    rows: tuple[AttributeTaste, ...]

    def row(self, attribute: str, value: str) -> AttributeTaste:
        """The row of one value.

        Raises:
            KeyError: no image shows it.
        """
        for row in self.rows:
            if (row.attribute, row.value) == (attribute, value):
                return row
        raise KeyError(f"no image shows {attribute}: {value}")


def attribute_view(explainer: Explainer, user: int, item: int) -> tuple[AttributeView, ...]:
    """The attributes of an image for a user, both given as codes, in the order of the model.

    Raises:
        DataError: the model reads no attributes.
    """
    model = _reader(explainer)
    level = explainer.explain(user, item).level("attributes")
    pair = torch.tensor([user], device=explainer.device), torch.tensor([item], device=explainer.device)
    with torch.inference_mode():
        liking = model.liking(*pair).tolist()
    rows = model.elements("attributes", *pair).values.tolist()
    shown = model.features.shown.iloc[rows]
    return tuple(
        AttributeView(
            attribute=attribute,
            value=value,
            confidence=float(score),
            box=_box(element.box),
            attention=element.attention or 0.0,
            contribution=element.contribution or 0.0,
            liking=liked,
            removal=element.removal or 0.0,
            rank_without=element.rank_without,
        )
        for element, liked, attribute, value, score in zip(
            level.elements, liking, shown["attribute"], shown["label"], shown["score"], strict=True
        )
    )


def attribute_profile(explainer: Explainer, user: int) -> AttributeProfile:
    """A user's (code) taste in attributes over the whole catalogue.

    Raises:
        DataError: the model reads no attributes.
    """
    return attribute_profiles(explainer, [user])[0]


def attribute_profiles(explainer: Explainer, users: Sequence[int]) -> tuple[AttributeProfile, ...]:
    """The tastes of several users (codes), all images weighed for all of them together.

    Raises:
        DataError: the model reads no attributes.
    """
    model, data = _reader(explainer), explainer.dataset
    shown = model.features.shown
    groups = shown.groupby(["attribute", "label"], sort=True).ngroup().to_numpy()
    kinds = shown[["attribute", "label"]].drop_duplicates().sort_values(["attribute", "label"])
    counts = np.bincount(groups, minlength=len(kinds))
    named = list(zip(kinds["attribute"], kinds["label"], counts.tolist(), strict=True))
    profiles = []
    for user, means in zip(users, _means(model, users, torch.tensor(groups), counts), strict=True):
        rows = [
            AttributeTaste(attribute=a, value=v, images=n, liking=liking, attention=weight, contribution=share)
            for (a, v, n), (liking, weight, share) in zip(named, means.T.tolist(), strict=True)
        ]
        rows.sort(key=lambda row: (row.attribute, -row.liking))
        profiles.append(AttributeProfile(user=data.users.id(user), user_label=data.user_label(user), rows=tuple(rows)))
    return tuple(profiles)


def attribute_map(explainer: Explainer, item: int, attribute: str, value: str | None = None) -> NDArray[np.float64]:
    """Where an image (code) shows an attribute: its activation map (H, W), 0..1, of the size of the picture.

    Args:
        value: the value to look for; the one the network reads by default.

    Raises:
        DataError: the model reads no attributes, there is no such attribute or value, or the image has no picture.
        EncoderError: the network that made the features is no longer there.
    """
    model, data = _reader(explainer), explainer.dataset
    path = data.image_path(item)
    if path is None:
        raise DataError(f"{data.item_label(item)} has no picture, so there is nowhere to look for {attribute}")
    encoder = open_encoder(data, model.config.features)
    assert isinstance(encoder, AttributeEncoder)
    return encoder.activation_map(read_picture(path), attribute, value)


def _reader(explainer: Explainer) -> SAERS:
    model = explainer.model
    if not isinstance(model, SAERS):
        raise DataError(f"{model.name} reads no attributes: choose a run of the model saers")
    return model


def _box(box: Box | None) -> Box:
    assert box is not None
    return box


@torch.inference_mode()
def _means(
    model: SAERS, users: Sequence[int], groups: Tensor, counts: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """For each user the means (3, values) of liking, attention and contribution by attribute value."""
    groups, sizes = groups.to(model.device), torch.from_numpy(counts).to(model.device)
    for part in torch.tensor(users, device=model.device).split(USERS):  # type: ignore[no-untyped-call]
        weights, appeal = model.everything(part)
        numbers = torch.stack([appeal.sigmoid(), weights, weights * appeal], 1).double()
        sums = numbers.new_zeros(len(part), 3, len(counts)).index_add(2, groups, numbers)
        yield from (sums / sizes).cpu().numpy()
