"""Planted truth for models of sequences: do words, regions, hours and topics point to what caused a like?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.sequences import Sequences
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen
from workbench.explain.pointing_game import (
    Marked,
    Marks,
    Weights,
    boxes_inside,
    pair_codes,
    part,
    places,
    planted_causes,
    total,
    with_controls,
    words_inside,
)
from workbench.explain.topics import interests, topics_of
from workbench.layers.contextual import SLOTS
from workbench.layers.evidence import Gates
from workbench.models.anternn import AnteRNN
from workbench.models.base import Level

BLOCK = 64
"""Users read at a time."""
OWN, NOISE = "own", "noise"
FACTORS = ("hour", "interval", "what")
"""What the weight of a like rests on, in the order of their codes."""


class HourMarks(Frozen):
    """Whether the hour of the week weighs more where it was a cause.

    Attributes:
        likes: how many likes were marked, the latest of every user; ``caused`` of them came from the user's own taste,
            which alone depends on the hour.
        auc: how often the share of the hour is larger for a like of these than for another one; 0.5 is chance.
        factors: mean share of what a like is, of its hour and of the time since.
    """

    likes: int
    caused: int
    auc: float
    factors: dict[str, float]


class TopicMarks(Frozen):
    """Whether the topic a user is most interested in is the planted one of what she likes next.

    Attributes:
        moments: held-out likes that came from the user's own taste.
        found: share of them whose planted theme is that of the strongest topic just before.
        commonest: the same where the commonest theme is always named, a control.
        topics: share of the images whose theme is that of their strongest topic: what the topics themselves lose.
    """

    moments: int
    found: float
    commonest: float
    topics: float


def mark_liked(explainer: Explainer, group: str) -> list[Marks]:
    """Mark which words, or regions, of past likes the model attends to, against those that caused the like.

    Args:
        explainer: of Ante-RNN on a dataset with planted causes.
        group: ``"words"`` or ``"regions"``.

    Raises:
        DataError: nothing was planted, or the model does not read them.
    """
    model = _ante(explainer, group)
    causes = planted_causes(explainer.dataset, "like", "train")
    column = causes["words" if group == "words" else "x0"]
    causes = causes[column.notna() & (column != "")]
    wanted = {pair: row for row, pair in enumerate(_pairs(*pair_codes(explainer.dataset, causes)))}
    codes, lengths, weights, rows = [], [], [], []
    for users in torch.split(torch.arange(len(explainer.dataset.users)), BLOCK):
        levels = _levels(model, users, torch.zeros_like(users), None)
        liked, level = levels["history"].elements, levels[group]
        assert level.parent is not None and level.attention is not None
        pairs = _pairs(users[liked.rows], liked.values)
        kept = torch.tensor([place for place, pair in enumerate(pairs) if pair in wanted], dtype=torch.int64)
        inner = torch.bincount(level.parent, minlength=len(pairs))
        parts = Ragged.from_lengths(inner, torch.arange(len(level.parent))).select(kept)
        codes.append(level.elements.values[parts.values])
        lengths.append(parts.lengths)
        weights.append(level.attention[parts.values])
        rows += [wanted[pairs[place]] for place in kept.tolist()]
    sets = Ragged.from_lengths(torch.cat(lengths), torch.cat(codes))
    return _marked(explainer, group, causes.iloc[rows], sets, torch.cat(weights).double().numpy())


def mark_recommended(explainer: Explainer, split: str = "test") -> list[Marks]:
    """Mark which words of the image liked next add most to its score, against those that caused the like.

    Raises:
        DataError: nothing was planted, or the words of an image are no evidence for its score.
    """
    model = _ante(explainer, "caption")
    causes = planted_causes(explainer.dataset, "like", split)
    causes = causes[causes["words"].notna() & (causes["words"] != "")]
    users, items = pair_codes(explainer.dataset, causes)
    level = _levels(model, users, items, _places(explainer, users, items))["caption"]
    assert level.contribution is not None
    added = level.contribution.clamp_min(0).double().numpy()
    return _marked(explainer, "words", causes, level.elements, added, "contribution")


def mark_hours(explainer: Explainer) -> HourMarks:
    """Compare the share of the hour in the weight of the latest likes that depended on it with that of the others.

    Raises:
        DataError: nothing was planted, or the model does not know the hour.
    """
    model, causes = _ante(explainer, "factors"), planted_causes(explainer.dataset, "like", "train")
    aspects = dict(zip(_pairs(*pair_codes(explainer.dataset, causes)), causes["aspect"], strict=True))
    users = torch.nonzero(explainer.dataset.history.lengths).flatten()
    levels = _levels(model, users, torch.zeros_like(users), None)
    liked, factors = levels["history"].elements, levels["factors"]
    assert factors.attention is not None and factors.parent is not None
    kinds = torch.div(factors.elements.values, SLOTS, rounding_mode="floor")
    shares = torch.zeros(len(liked.values), len(FACTORS)).index_put((factors.parent, kinds), factors.attention)
    told = np.array([aspects.get(pair, NOISE) for pair in _pairs(users[liked.rows], liked.values)])
    kept = (shares.sum(1) > 0).numpy() & (told != NOISE)
    caused = told[kept] == OWN
    if not caused.any() or caused.all():
        raise DataError(f"{explainer.dataset.root}: the hour caused all of the latest likes or none: nothing differs")
    weighed = shares.double().numpy()[kept]
    return HourMarks(
        likes=int(kept.sum()),
        caused=int(caused.sum()),
        auc=float(roc_auc_score(caused, weighed[:, FACTORS.index("hour")])),
        factors=dict(zip(FACTORS, weighed.mean(0).tolist(), strict=True)),
    )


def mark_topics(explainer: Explainer, split: str = "test") -> TopicMarks:
    """Name the theme of each user's strongest topic just before a like that her own taste caused.

    The theme of a topic is the commonest theme of the images whose strongest topic it is; that of an image is the one
    of its largest labelled region.

    Raises:
        DataError: nothing was planted, or there are no topics.
    """
    causes = planted_causes(explainer.dataset, "like", split)
    causes = causes[causes["aspect"] == OWN]
    themes, theta = _themes(explainer), topics_of(explainer).item_topics
    strongest = theta.argmax(1).numpy()
    known = (themes != "") & (theta.sum(1) > 0).numpy()
    of_topic = _commonest(pd.DataFrame({"topic": strongest[known], "theme": themes[known]}), "topic", "theme")
    users, items = pair_codes(explainer.dataset, causes)
    named, truth = [], []
    pairs = zip(users.tolist(), _places(explainer, users, items).tolist(), causes["topic"], strict=True)
    for user, place, theme in pairs:
        if place:
            named.append(of_topic.get(int(interests(explainer, user)[1][place - 1].argmax())))
            truth.append(theme)
    if not truth:
        raise DataError(f"{explainer.dataset.root} has no {split} likes that a user's own taste caused")
    return TopicMarks(
        moments=len(truth),
        found=float(np.mean([one == other for one, other in zip(named, truth, strict=True)])),
        commonest=float(pd.Series(truth).value_counts(normalize=True).iloc[0]),
        topics=float(np.mean(of_topic.reindex(strongest[known]).to_numpy() == themes[known])),
    )


def _ante(explainer: Explainer, group: str) -> AnteRNN:
    model = explainer.model
    if not isinstance(model, AnteRNN) or group not in explainer.groups:
        raise DataError(f"{model.name} as it was trained reads no {group}: choose a run of anternn that does")
    return model


def _levels(model: AnteRNN, users: Tensor, items: Tensor, until: Tensor | None) -> dict[str, Level]:
    with torch.inference_mode():
        return {level.name: level for level in model.read(users, items, Gates(until=until)).levels}


def _pairs(users: Tensor, items: Tensor) -> list[tuple[int, int]]:
    return list(zip(users.tolist(), items.tolist(), strict=True))


def _places(explainer: Explainer, users: Tensor, items: Tensor) -> Tensor:
    """(n,) how many likes each user had when she liked the image."""
    sets = Sequences.of(explainer.dataset).sets
    return torch.tensor([int((sets.row(user) == item).nonzero()[0]) for user, item in _pairs(users, items)])


def _themes(explainer: Explainer) -> NDArray[np.str_]:
    """(images,) the planted theme of the largest labelled region of each, empty where it is not known."""
    causes, regions = explainer.dataset.table("causes"), explainer.dataset.table("regions")
    of_label = _commonest(causes.dropna(subset=["topic", "label"]), "label", "topic")
    size = (regions["x1"] - regions["x0"]) * (regions["y1"] - regions["y0"])
    largest = regions.assign(size=size).sort_values("size").groupby("item")["label"].last()
    return np.array([str(of_label.get(largest.get(item), "")) for item in explainer.dataset.items])


def _commonest(table: pd.DataFrame, by: str, column: str) -> pd.Series:
    """The commonest value of a column for each value of another one."""
    found: pd.Series = table.groupby(by)[column].agg(lambda values: values.value_counts().index[0])
    return found


def _marked(
    explainer: Explainer,
    group: str,
    causes: pd.DataFrame,
    sets: Ragged,
    weights: Weights,
    method: str = "attention",
) -> list[Marks]:
    """Marks of the pairs of which some element is the cause."""
    model = explainer.model
    if group == "words":
        assert model.texts is not None
        inside = words_inside(model.texts, causes, sets)
    else:
        assert model.features is not None
        inside = boxes_inside(model.features, causes, sets)
    users, items = pair_codes(explainer.dataset, causes)
    marked = Marked(users, items, sets, inside, None)
    kept = torch.from_numpy(total(marked, inside) > 0).nonzero().flatten()
    return with_controls(part(marked, kept), weights[places(sets, kept)], method)
