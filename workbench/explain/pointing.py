"""Do maps over images and words find the planted cause?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.explainer import Explainer
from workbench.explain.pointing_game import (
    Marked,
    Marks,
    Weights,
    boxes_inside,
    marks,
    pair_codes,
    part,
    places,
    planted_causes,
    total,
    with_controls,
    words_inside,
)
from workbench.explain.removal import Subject, removals
from workbench.layers.evidence import Gates


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
    some = part(marked, chosen)
    return [
        *with_controls(marked, level.attention.double().numpy()),
        marks("removal", some, region_removals(explainer, some.users, some.items, some.sets)),
        marks(
            f"attention, the same {len(chosen)}", some, level.attention.double().numpy()[places(marked.sets, chosen)]
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
    users, items = pair_codes(explainer.dataset, causes)
    sets = model.elements("words", users, items)
    inside = words_inside(model.texts, causes, sets)
    marked = Marked(users, items, sets, inside, None)
    kept = torch.from_numpy(total(marked, inside) > 0).nonzero().flatten()
    marked = part(marked, kept)
    with torch.inference_mode():
        levels = model.read(marked.users, marked.items).levels
        level = next(level for level in levels if level.name == "words")
    found = [] if level.attention is None else with_controls(marked, level.attention.double().numpy())
    return [*found, marks("removal", marked, _removed(explainer, marked.users, marked.items, "words"))]


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
        with torch.inference_mode():
            reading = model.read(user, item)
            every = torch.arange(len(next(level for level in reading.levels if level.name == group).elements.values))
            subject = Subject(int(user), int(item), reading.scores[0], None, lambda scores: scores, reading)
            found = removals(model, explainer.groups, subject, nothing | {group: every})
        parts.append(found[group].change.abs())
    return torch.cat(parts).double().numpy()


def _causes(explainer: Explainer) -> pd.DataFrame:
    if explainer.model.task == "popularity":
        return planted_causes(explainer.dataset, "post", "test")
    return planted_causes(explainer.dataset, "like", "train")


def _regions(explainer: Explainer, causes: pd.DataFrame) -> Marked:
    """The regions of the causes' images, and how much of each lies in the planted box."""
    features = explainer.model.features
    causes = causes.dropna(subset=["x0"])
    users, items = pair_codes(explainer.dataset, causes)
    if features is None or not len(users):
        raise DataError(
            f"{explainer.model.name} on {explainer.dataset.name}: there are no regions with a planted cause"
        )
    sets = features.sets.select(items)
    inside, region = boxes_inside(features, causes, sets), features.boxes[sets.values.numpy()].astype(np.float64)
    away = np.abs((region[:, :2] + region[:, 2:]) / 2 - 0.5).max(1).round(6)
    nearest = np.minimum.reduceat(away, sets.offsets[:-1].numpy())[sets.rows.numpy()]
    return Marked(users, items, sets, inside, (away <= nearest).astype(np.float64))
