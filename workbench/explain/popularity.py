"""How popular a post will be, how far off that may be, and why; for posts of a dataset and pictures from outside."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.explain.explainer import POSTS, Explainer
from workbench.explain.explanation import Explanation, Frozen
from workbench.explain.regions import RegionMap, region_map
from workbench.features.encoders import open_encoder
from workbench.features.store import Features
from workbench.models.popularity import PopularityModel

OWN_PICTURE = "your picture"


class Forecast(Frozen):
    """What a model says of the popularity of a post.

    Attributes:
        explanation: why; its score is the prediction.
        map: where the model looks; None for a model without attention over regions.
        score: predicted log2(views a day + 1); ``views`` the views a day that means.
        low: lower end of the interval: 80% of the validation posts were predicted this closely.
        high: upper end.
        known: the recorded popularity of a post of the dataset by this user.
    """

    explanation: Explanation
    map: RegionMap | None
    score: float
    low: float
    high: float
    views: float
    known: float | None = None


def forecast(explainer: Explainer, user: int, item: int) -> Forecast:
    """The popularity of an image of the dataset if a user (both codes) posted it with its caption.

    Raises:
        DataError: the model predicts no popularity.
    """
    _popularity_model(explainer)
    users, items, popularity = explainer.dataset.posts()
    known = popularity[(users == user) & (items == item)]
    return _forecast(explainer, user, item, float(known[0]) if len(known) else None)


def forecast_picture(explainer: Explainer, user: int, pixels: NDArray[np.uint8], text: str) -> Forecast:
    """The popularity of a picture from outside if a user (code) posted it with the caption ``text``.

    Args:
        explainer: of a popularity model.
        user: code of who would post it.
        pixels: (height, width, 3) RGB.
        text: the caption; words the model does not know are not read.

    Raises:
        DataError: the model predicts no popularity, or the encoder of its features cannot be opened.
    """
    return _forecast(_Guest(explainer, pixels, text), user, 0, None)


@torch.inference_mode()
def image_shares(explainer: Explainer) -> NDArray[np.float64]:
    """(posts,) the weight of the image beside the caption in every test post, of those that have both.

    Raises:
        DataError: the model does not weigh images against captions.
    """
    model = _popularity_model(explainer)
    users, items, _ = explainer.dataset.posts("test")
    if len(model.aspects) < 2 or not len(users):
        raise DataError(f"{model.name} on {explainer.dataset.name} weighs no images against captions")
    sets = [model.elements(group.name, users, items).lengths > 0 for group in model.aspects]
    whole = torch.stack(sets).all(0)
    place = [group.name for group in model.aspects].index("regions")
    parts = []
    for u, i in zip(torch.split(users[whole], POSTS), torch.split(items[whole], POSTS), strict=True):
        level = model.read(u.to(model.device), i.to(model.device)).levels[0]
        if level.attention is None:
            raise DataError(f"{model.name} weighs no images against captions: choose a run of a model that does")
        parts.append(level.attention.view(len(u), -1)[:, place].cpu())
    return torch.cat(parts).double().numpy()


def _forecast(explainer: Explainer, user: int, item: int, known: float | None) -> Forecast:
    explanation = explainer.explain(user, item)
    error = explainer.usual_error
    looks = explainer.look(user, item) is not None
    return Forecast(
        explanation=explanation,
        map=region_map(explainer, user, item) if looks else None,
        score=explanation.score,
        low=max(explanation.score - error, min(explanation.score, 0.0)),
        high=explanation.score + error,
        views=max(2**explanation.score - 1, 0.0),
        known=known,
    )


def _popularity_model(explainer: Explainer) -> PopularityModel:
    if not isinstance(explainer.model, PopularityModel):
        raise DataError(f"{explainer.model.name} predicts no popularity: choose a run of a popularity model, like uhan")
    return explainer.model


class _Guest(Explainer):
    """An explainer of one picture that no dataset holds, as image code 0."""

    of_dataset = False

    def __init__(self, host: Explainer, pixels: NDArray[np.uint8], text: str) -> None:
        model, features, vectors = _popularity_model(host), None, torch.empty(0, 0)
        if model.features is not None:
            encoded = open_encoder(host.dataset, model.features.folder.name).encode([pixels])
            vectors = torch.from_numpy(encoded.vectors[0].astype(np.float16))
            boxes = None if encoded.boxes is None else encoded.boxes[0]
            features = Features.of_pictures(model.features.card, [len(vectors)], boxes)
        sets = features.sets if features is not None else host.known.select(torch.empty(0, dtype=torch.int64))
        whole = None
        if model.whole is not None:
            encoder = open_encoder(host.dataset, model.whole.folder.name)
            whole = torch.from_numpy(encoder.encode([pixels]).vectors[0])
        super().__init__(model.with_pictures(features, vectors, sets, [text], whole), host.dataset, host.run)
        self.host = host

    @cached_property
    def usual_error(self) -> float:
        """That of the model over the posts of its dataset."""
        return self.host.usual_error

    def pictured(self, item: int) -> dict[str, Any]:
        """The picture has no id."""
        return {"item": OWN_PICTURE, "item_label": OWN_PICTURE, "image": None}
