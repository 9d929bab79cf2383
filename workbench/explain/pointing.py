"""Do maps over images and words find the planted cause? The pointing game, energy in the box, and their controls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.schema import BOX
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen
from workbench.explain.removal import Subject, removals
from workbench.features.words import tokens
from workbench.layers.evidence import Gates

Weights = NDArray[np.float64]


class Marks(Frozen):
    """How well one way of weighing finds the planted causes.

    Attributes:
        method: attention, removal, or a control: random, uniform, centre.
        pairs: how many user-image pairs (or posts) were marked.
        pointing: share of them whose strongest element is the cause; ties count by the share of tied elements that are.
        error: standard error of that share.
        energy: mean share of the weight that lies on the cause.
    """

    method: str
    pairs: int
    pointing: float
    error: float
    energy: float


@dataclass(frozen=True)
class Marked:
    """Elements of some pairs, and which of them are the cause.

    Attributes:
        users: (n,) codes; ``items`` (n,).
        sets: n sets of element codes.
        inside: (elements,) share of each element that the cause covers, 0..1.
        central: (elements,) 1 for the elements nearest to the middle of the image, else 0; None for words.
    """

    users: Tensor
    items: Tensor
    sets: Ragged
    inside: Weights
    central: Weights | None


def mark_regions(explainer: Explainer, most: int = 400, seed: int = 0) -> list[Marks]:
    """Mark where a model looks, and what its predictions lose with each region, against planted boxes.

    For a ranking model the pairs are training likes with a planted box: the images its users' histories hold. For a
    popularity model they are test posts.

    Args:
        explainer: of a model that looks into images, on a dataset with planted boxes.
        most: pairs whose regions are removed one by one; attention and controls use every pair.
        seed: which of the pairs.

    Raises:
        DataError: nothing was planted, or the model does not look into images.
    """
    marked = _regions(explainer, _causes(explainer))
    with torch.inference_mode():
        level = explainer.model.region_map(marked.users, marked.items)
    assert level is not None and level.attention is not None and marked.central is not None
    chosen = torch.randperm(len(marked.users), generator=torch.Generator().manual_seed(seed))[:most]
    some = _part(marked, chosen)
    return [
        *_attention_and_controls(marked, level.attention.double().numpy(), marked.central),
        _marks("removal", some, region_removals(explainer, some.users, some.items, some.sets)),
        _marks(
            f"attention, the same {len(chosen)}", some, level.attention.double().numpy()[_rows(marked.sets, chosen)]
        ),
    ]


def mark_words(explainer: Explainer) -> list[Marks]:
    """Mark which words of the test posts a popularity model attends to, and which it loses most without.

    Raises:
        DataError: nothing was planted in words, or the model reads none.
    """
    model, causes = explainer.model, _causes(explainer)
    if model.texts is None or "words" not in causes:
        raise DataError(f"{model.name} on {explainer.dataset.name}: there are no words with a planted cause to mark")
    causes = causes.dropna(subset=["words"])
    causes = causes[causes["words"] != ""]
    users, items = _codes(explainer, causes)
    sets = model.elements("words", users, items)
    named = [{token.word for token in tokens(text)} for text in causes["words"]]
    inside = np.array(
        [
            float(model.texts.token(code)[1].word in named[row])
            for row, code in zip(sets.rows.tolist(), sets.values.tolist(), strict=True)
        ]
    )
    marked = Marked(users, items, sets, inside, None)
    kept = torch.from_numpy(_sum(marked, inside) > 0).nonzero().flatten()
    marked = _part(marked, kept)
    with torch.inference_mode():
        levels = model.read(marked.users, marked.items).levels
        level = next(level for level in levels if level.name == "words")
    found = [] if level.attention is None else _attention_and_controls(marked, level.attention.double().numpy(), None)
    return [*found, _marks("removal", marked, _removed(explainer, marked.users, marked.items, "words"))]


def region_removals(explainer: Explainer, users: Tensor, items: Tensor, sets: Ragged) -> Weights:
    """What is lost without each region of each pair: (elements,) sizes of the change.

    For a popularity model the change of the prediction; for one that reads histories the mean change of the scores of
    the user's ten best images when the region of the image in her history is removed.
    """
    model = explainer.model
    if model.task == "popularity":
        return _removed(explainer, users, items, "regions")
    parts = []
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        best = torch.tensor([explainer.dataset.items.code(found.item) for found in explainer.recommend(user)])
        one = torch.tensor([user])
        everything = model.elements("regions", one, one).values
        assert model.features is not None
        place = torch.isin(everything, model.features.sets.row(item)).nonzero().flatten()
        rows = len(place) + 1
        gate = torch.ones(rows, len(everything))
        gate[torch.arange(1, rows), place] = 0
        with torch.inference_mode():
            scores = model.score_items(one.expand(rows), Gates({"regions": gate.flatten()}))[:, best]
        parts.append((scores[1:] - scores[:1]).abs().mean(1))
    return torch.cat(parts).double().numpy()


def _removed(explainer: Explainer, users: Tensor, items: Tensor, group: str) -> Weights:
    """Size of the change of each pair's prediction without each element of a group."""
    model, parts = explainer.model, []
    nothing = {name: torch.empty(0, dtype=torch.int64) for name in explainer.groups}
    for user, item in zip(users.unsqueeze(1), items.unsqueeze(1), strict=True):
        every = torch.arange(len(model.elements(group, user, item).values))
        with torch.inference_mode():
            subject = Subject(int(user), int(item), model.score_pairs(user, item)[0], None, lambda scores: scores)
            found = removals(model, explainer.groups, subject, nothing | {group: every})
        parts.append(found[group].change.abs())
    return torch.cat(parts).double().numpy()


def _causes(explainer: Explainer) -> pd.DataFrame:
    data = explainer.dataset
    if not data.has("causes") or not {"source", "x0"} <= set(data.table("causes")):
        raise DataError(f"{data.root} has no planted causes: make a world that has with 'workbench demo' or 'plant'")
    causes = data.table("causes")
    if explainer.model.task == "popularity":
        users, items, _ = data.posts("test")
        return _only(explainer, causes[causes["source"] == "post"], users, items)
    return _only(explainer, causes[causes["source"] == "like"], *data.likes("train"))


def _only(explainer: Explainer, causes: pd.DataFrame, users: Tensor, items: Tensor) -> pd.DataFrame:
    """The causes of some pairs of codes."""
    n = len(explainer.dataset.items)
    mine = explainer.dataset.users.codes(causes["user"]) * n + explainer.dataset.items.codes(causes["item"])
    return causes[np.isin(mine, (users * n + items).numpy())]


def _codes(explainer: Explainer, causes: pd.DataFrame) -> tuple[Tensor, Tensor]:
    data = explainer.dataset
    return torch.from_numpy(data.users.codes(causes["user"])), torch.from_numpy(data.items.codes(causes["item"]))


def _regions(explainer: Explainer, causes: pd.DataFrame) -> Marked:
    """The regions of the causes' images, and how much of each lies in the planted box."""
    features = explainer.model.features
    causes = causes.dropna(subset=["x0"])
    users, items = _codes(explainer, causes)
    if features is None or not len(users):
        raise DataError(
            f"{explainer.model.name} on {explainer.dataset.name}: there are no regions with a planted cause"
        )
    sets = features.sets.select(items)
    box = causes[BOX].to_numpy(np.float64)[sets.rows.numpy()]
    region = features.boxes[sets.values.numpy()].astype(np.float64)
    low, high = np.maximum(box[:, :2], region[:, :2]), np.minimum(box[:, 2:], region[:, 2:])
    size = np.prod(region[:, 2:] - region[:, :2], axis=1)
    inside = np.prod((high - low).clip(0), axis=1) / np.maximum(size, 1e-12)
    away = np.abs((region[:, :2] + region[:, 2:]) / 2 - 0.5).max(1).round(6)
    nearest = np.minimum.reduceat(away, sets.offsets[:-1].numpy())[sets.rows.numpy()]
    return Marked(users, items, sets, inside, (away <= nearest).astype(np.float64))


def _attention_and_controls(marked: Marked, attention: Weights, central: Weights | None) -> list[Marks]:
    uniform = np.ones_like(attention)
    random = np.random.default_rng(0).random(len(attention))
    controls = [("random", random), ("uniform", uniform)] + ([] if central is None else [("centre", central)])
    return [_marks("attention", marked, attention), *(_marks(name, marked, weights) for name, weights in controls)]


def _marks(method: str, marked: Marked, weights: Weights) -> Marks:
    """Pointing and energy of non-negative ``weights`` (elements,). An element counts as hit by the share inside."""
    rows, starts = marked.sets.rows.numpy(), marked.sets.offsets[:-1].numpy()
    top = weights >= np.maximum.reduceat(weights, starts)[rows]
    hits = _sum(marked, top * (marked.inside > 0.5)) / np.maximum(_sum(marked, top.astype(float)), 1)
    total = np.maximum(_sum(marked, weights), 1e-300)
    energy = _sum(marked, weights * marked.inside) / total
    n = len(hits)
    return Marks(
        method=method,
        pairs=n,
        pointing=float(hits.mean()),
        error=float(hits.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0,
        energy=float(energy.mean()),
    )


def _sum(marked: Marked, values: Weights) -> Weights:
    sums: Weights = np.bincount(marked.sets.rows.numpy(), weights=values, minlength=len(marked.sets)).astype(np.float64)
    return sums


def _rows(sets: Ragged, chosen: Tensor) -> NDArray[np.int64]:
    """Places of the elements of the ``chosen`` rows."""
    return Ragged(sets.offsets, torch.arange(len(sets.values))).select(chosen).values.numpy()


def _part(marked: Marked, chosen: Tensor) -> Marked:
    places = _rows(marked.sets, chosen)
    central = None if marked.central is None else marked.central[places]
    return Marked(
        marked.users[chosen], marked.items[chosen], marked.sets.select(chosen), marked.inside[places], central
    )
