"""Which pairs an audit looks at: explanations people are shown, and likes whose cause is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from workbench.data.dataset import Dataset, IdMap
from workbench.data.ragged import Ragged
from workbench.data.schema import BOX
from workbench.evaluation.evaluate import top_k
from workbench.explain.audit.together import read_pairs
from workbench.explain.explainer import Explainer
from workbench.explain.held import RemovalKind
from workbench.explain.pointing_game import boxes_inside, pair_codes, words_inside
from workbench.explain.units import Units
from workbench.layers.evidence import EvidenceGroup
from workbench.models.moments import MomentModel

SHOWN = 10
"""An audited image is one of so many best ones of its user."""
TOGETHER = 32
"""Pairs, or users, a model reads together."""


def shown_pairs(explainer: Explainer, count: int, seed: int) -> list[tuple[int, int]]:
    """User and image codes of explanations people would see: one of the best ten images of users drawn at random.

    Every user comes once before any comes again. Of a popularity model they are held-out posts.
    """
    generator, data = np.random.default_rng(seed), explainer.dataset
    if explainer.model.task == "popularity":
        users, items, _ = data.posts("test")
        chosen = generator.permutation(len(users))[:count]
        return list(zip(users[chosen].tolist(), items[chosen].tolist(), strict=True))
    people = data.history.lengths.nonzero().flatten().numpy()
    rounds = [generator.permutation(people) for _ in range(-(-count // max(len(people), 1)))]
    users = torch.from_numpy(np.concatenate(rounds)[:count] if rounds else people)
    with torch.inference_mode():
        best, _ = top_k(explainer.model, users, SHOWN, explainer.known, TOGETHER)
    told = [row[row >= 0] for row in best]
    return [(user, int(row[int(generator.integers(len(row)))])) for user, row in zip(users.tolist(), told, strict=True)]


def spreads(explainer: Explainer, users: Sequence[int]) -> list[float]:
    """The standard deviations in which scores are told: of each user's over all images, or of all popularity known."""
    if explainer.model.task == "popularity":
        return [max(float(explainer.dataset.posts("train")[2].double().std()), 1e-12)] * len(users)
    if not users:
        return []
    codes = torch.tensor(list(users), device=explainer.device)
    with torch.inference_mode():
        parts = [explainer.model.score_items(part).double().std(1) for part in torch.split(codes, TOGETHER)]
    return [max(float(one), 1e-12) for part in parts for one in part]


def planted_pairs(
    explainer: Explainer, count: int, seed: int, removal: RemovalKind = "deleted", *, learned: bool = False
) -> Iterator[tuple[Units, Tensor]]:
    """Held-out likes (posts) whose cause is among the evidence of the model, and (n,) which of their units it is.

    ``learned`` takes those of the train split instead, on which rules may be chosen that held-out ones shall judge.

    Likes of the validation split are added, since the test alone has one for each user. A cause without a unit, or with
    all of them, says nothing and is passed over.
    """
    data = explainer.dataset
    if not data.has("causes") or "source" not in data.table("causes"):
        return
    if not any(_told_of(group) for group in explainer.groups.values()):
        return
    causes = held_out(data, explainer.model.task, learned=learned)
    order = np.random.default_rng(seed).permutation(len(causes))
    users, items = pair_codes(data, causes)
    found = 0
    for rows in np.array_split(order, range(TOGETHER, len(order), TOGETHER)):
        pairs = [(int(users[row]), int(items[row])) for row in rows]
        read = read_pairs(explainer, [(*pair, moment_of(explainer, *pair)) for pair in pairs], removal)
        for row, units in zip(rows, read, strict=True):
            if found >= count:
                return
            mask = planted(explainer, units, causes.iloc[[row]])
            if 0 < int(mask.sum()) < len(units):
                found += 1
                yield units, mask


def planted(explainer: Explainer, units: Units, cause: pd.DataFrame) -> Tensor:
    """(n,) which units the ``cause``, a table of one row, names."""
    parts = []
    for group in units.groups:
        sets = units.level(group.name).elements.to("cpu")
        told = _told_of(group)
        marks = np.zeros(len(sets.values)) if told is None else told(explainer, sets, cause)
        parts.append(torch.from_numpy(np.asarray(marks, dtype=np.float64)) > 0.5)
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.bool)


def held_out(data: Dataset, task: str, *, learned: bool = False) -> pd.DataFrame:
    """Causes of the likes (posts) that are not learned from."""
    causes = data.table("causes")
    causes = causes[causes["source"] == ("post" if task == "popularity" else "like")]
    if task == "popularity":
        users, items, _ = data.posts("train" if learned else "test")
    else:
        users, items = data.likes(*(("train",) if learned else ("validation", "test")))
    mine, wanted = pair_codes(data, causes)
    held = set((users * len(data.items) + items).tolist())
    return causes[[pair in held for pair in (mine * len(data.items) + wanted).tolist()]]


def moment_of(explainer: Explainer, user: int, item: int) -> int | None:
    """For a model of sequences, how many likes the user had when she liked the image; None where she had none."""
    if not isinstance(explainer.model, MomentModel):
        return None
    before = (explainer.model.sequences.likes.sets.row(user) == item).nonzero()
    return int(before[0]) or None if len(before) else None


Told = Callable[[Explainer, Ragged, pd.DataFrame], Any]
"""Marks (elements,) the elements of one set, 0..1, that a cause names."""


def _is(aspect: str, ids: Callable[[Dataset], IdMap]) -> Told:
    """Marks the element that a cause of one aspect names by its id."""

    def told(explainer: Explainer, sets: Ragged, cause: pd.DataFrame) -> Any:
        row = cause.iloc[0]
        if row["aspect"] != aspect or pd.isna(row["element"]):
            return np.zeros(len(sets.values))
        return (sets.values == ids(explainer.dataset).parse(str(row["element"]))).numpy()

    return told


def _creator(explainer: Explainer, sets: Ragged, cause: pd.DataFrame) -> Any:
    return np.full(len(sets.values), cause.iloc[0]["aspect"] == "creator")


def _region(explainer: Explainer, sets: Ragged, cause: pd.DataFrame) -> Any:
    features = explainer.model.features
    if features is None or cause[BOX].isna().to_numpy().any():
        return np.zeros(len(sets.values))
    return boxes_inside(features, cause, sets)


def _word(explainer: Explainer, sets: Ragged, cause: pd.DataFrame) -> Any:
    texts, words = explainer.model.texts, cause.iloc[0]["words"]
    if texts is None or not isinstance(words, str) or not words:
        return np.zeros(len(sets.values))
    return words_inside(texts, cause, sets)


def _attribute(explainer: Explainer, sets: Ragged, cause: pd.DataFrame) -> Any:
    wanted = cause.iloc[0].get("attribute")
    if not isinstance(wanted, str) or not wanted:
        return np.zeros(len(sets.values))
    label = wanted.replace("=", ": ")
    return np.array([explainer.names.element("attribute", code).label == label for code in sets.values.tolist()])


def _frame(explainer: Explainer, sets: Ragged, cause: pd.DataFrame) -> Any:
    wanted = cause.iloc[0].get("frame")
    if pd.isna(wanted):
        return np.zeros(len(sets.values))
    named = [str(explainer.names.element("frame", code).id) for code in sets.values.tolist()]
    return np.array([name == str(wanted).removesuffix(".0") for name in named])


NAMED: Mapping[str, Told] = {
    "uploads": _is("uploads", lambda data: data.items),
    "follows": _is("follows", lambda data: data.users),
    "creator": _creator,
    "admired": _is("creator", lambda data: data.users),
    "region": _region,
    "word": _word,
    "attribute": _attribute,
    "frame": _frame,
}
"""By the name of a group, else by the kind of its elements, what a cause says of them."""


def _told_of(group: EvidenceGroup) -> Told | None:
    """What a cause says of a group: by its name, else by its kind where it belongs to the image, not to liked ones."""
    return NAMED.get(group.name, NAMED.get(group.kind) if group.side == "item" else None)
