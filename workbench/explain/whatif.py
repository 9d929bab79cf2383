"""What if? A user's evidence is edited, and the whole ranking is made again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.counterfactual import Counterfactual, Removed, drop_out
from workbench.explain.edits import Edit, Record
from workbench.explain.explainer import Explainer, Recommendation
from workbench.explain.explanation import Element, Frozen, Id
from workbench.explain.held import RemovalKind, held_scores


class Moved(Frozen):
    """An image whose place changed.

    Attributes:
        rank_before: 1 = best; ``rank_after`` after the edit.
        score_change: score after less score before.
    """

    item: Id
    rank_before: int
    rank_after: int
    score_change: float


class WhatIf(Frozen):
    """A ranking before and after an edit.

    Attributes:
        run: name of the run folder; ``dataset`` its dataset's name; ``fingerprint`` that dataset's fingerprint.
        moment: for a model of sequences, how many likes of the user had happened.
        removal: what stands in the place of what is left out, see ``workbench.explain.held``.
        edits: as text.
        before: the best images as they were; ``after`` as they would be.
        moved: those of both lists whose rank changed, by their new rank.
        explained: the image that was asked about, moved or not.
        pictured: label and picture of every image named above.
    """

    model: str
    run: str = ""
    dataset: str = ""
    fingerprint: str = ""
    user: Id
    user_label: str = ""
    moment: int | None = None
    removal: str = "deleted"
    edits: tuple[str, ...]
    before: tuple[Recommendation, ...]
    after: tuple[Recommendation, ...]
    moved: tuple[Moved, ...]
    explained: Moved | None = None
    pictured: tuple[Element, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each image of both lists, by its new rank, for a table."""
        changes = {one.item: one for one in self.moved}
        before, after = ({one.item: one.rank for one in ranked} for ranked in (self.before, self.after))
        found: list[dict[str, object]] = []
        for item in dict.fromkeys([*after, *before]):
            change = changes.get(item)
            found.append(
                {
                    "model": self.model,
                    "run": self.run,
                    "user": self.user,
                    "without": " ".join(self.edits),
                    "item": item,
                    "rank before": before.get(item) if change is None else change.rank_before,
                    "rank after": after.get(item) if change is None else change.rank_after,
                    "explained": self.explained is not None and item == self.explained.item,
                }
            )
        return found


@torch.inference_mode()
def what_if(
    explainer: Explainer,
    user: int,
    edits: Sequence[Edit],
    k: int = 10,
    moment: int | None = None,
    item: int | None = None,
    removal: str = "deleted",
) -> WhatIf:
    """Rank all images for a user (code) with and without the ``edits``.

    Args:
        explainer: of a ranking model.
        user: code.
        edits: of the evidence; several of one element count together, the smallest gate of each.
        k: how many of the best images are told.
        moment: for a model of sequences, how many likes of the user have happened.
        item: code of an image whose own change is told, too.
        removal: what stands in the place of what is left out: deleted, zeroed, mean or blurred, see
            ``workbench.explain.held``.

    Raises:
        DataError: the model ranks nothing, or has no such group, the user no such element or moment; there is no such
            removal, weights are to be held and the model has no exact shares, or a picture cannot be blurred.
    """
    if explainer.model.task != "ranking":
        raise DataError(
            f"{explainer.model.name} predicts popularity and ranks nothing: choose a run of a ranking model"
        )
    explainer.at(moment)
    race = explainer.race(user, -1, moment)
    assert race is not None
    before, after = (_scores(explainer, user, changes, moment, removal) for changes in ((), edits))
    old, new = (race(scores.unsqueeze(0))[0] for scores in (before, after))
    shown = min(k, int(old.isfinite().sum()))
    first, then = (scores.topk(shown).indices.tolist() for scores in (old, new))
    ids, named = explainer.dataset.items, list(dict.fromkeys([*then, *first]))

    def moved(code: int) -> Moved:
        ranks = [1 + int((scores > raw[code]).sum()) for scores, raw in ((old, before), (new, after))]
        change = float(after[code] - before[code])
        return Moved(item=ids.id(code), rank_before=ranks[0], rank_after=ranks[1], score_change=change)

    changes = [one for one in map(moved, named) if one.rank_before != one.rank_after]
    pictured = dict.fromkeys([*named, *([] if item is None else [item])])
    return WhatIf(
        model=explainer.model.name,
        run=explainer.run,
        dataset=explainer.dataset.name,
        fingerprint=explainer.dataset.fingerprint,
        user=explainer.dataset.users.id(user),
        user_label=explainer.dataset.user_label(user),
        moment=moment,
        removal=removal,
        edits=tuple(map(str, edits)),
        before=tuple(Recommendation(item=ids.id(i), rank=n, score=float(old[i])) for n, i in enumerate(first, 1)),
        after=tuple(Recommendation(item=ids.id(i), rank=n, score=float(new[i])) for n, i in enumerate(then, 1)),
        moved=tuple(sorted(changes, key=lambda one: one.rank_after)),
        explained=None if item is None else moved(item),
        pictured=tuple(explainer.names.element("image", code) for code in pictured),
    )


def smallest_change(
    explainer: Explainer,
    user: int,
    item: int,
    k: int = 10,
    moment: int | None = None,
    removal: RemovalKind = "deleted",
) -> tuple[Counterfactual, tuple[Edit, ...]]:
    """The smallest set found without which an image (code) is not among the first ``k`` for a user, and it as edits.

    Raises:
        DataError: the model predicts popularity, the model or the user has no such moment, or nothing can be removed
            like this.
    """
    explainer.at(moment)
    race = explainer.race(user, item, moment)
    if race is None:
        raise DataError(f"{explainer.model.name} ranks nothing, so no image drops out: choose a run of a ranking model")
    units = explainer.units(user, item, moment, removal=removal)

    def name(group: str, position: int) -> Removed:
        code = int(units.level(group).elements.values[position])
        element = explainer.names.element(explainer.groups[group].kind, code)
        return Removed(group=group, id=element.id, label=element.label)

    found, own = drop_out(units, race, name, k), explainer.dataset.items.id(item)
    sides = {group.name: group.side for group in units.groups}
    return found, tuple(
        Edit(group=one.group, id=one.id, item=own if sides[one.group] == "item" else None) for one in found.removed
    )


def _scores(explainer: Explainer, user: int, edits: Sequence[Edit], moment: int | None, removal: str) -> Tensor:
    record = Record(explainer, user, moment)
    gates = record.gates(edits)
    if removal not in ("deleted", "blurred") and edits:
        return held_scores(explainer.model, user, gates, removal)
    model = explainer.model
    if removal == "blurred" and edits:
        pictures = explainer.pictures
        codes, closed, gates = record.closed(gates, pictures.groups)
        if len(codes):
            model = model.twin()
            for blur, seen in pictures.encode(pictures.blurs(codes, closed)):
                model.repaint(blur.item, seen)
    return model.score_items(torch.tensor([user], device=explainer.device), gates)[0]
