"""What if? A user's evidence is edited, and the whole ranking is made again."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from workbench.data.dataset import IdMap
from workbench.data.errors import DataError
from workbench.explain.counterfactual import Counterfactual, Removed, drop_out
from workbench.explain.drawn import Masked, masked
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer, Recommendation
from workbench.explain.explanation import Element, Frozen, Id
from workbench.explain.held import RemovalKind
from workbench.explain.reranked import Question, Reranked


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
        masks: the pictures of which the edits leave out parts.
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
    masks: tuple[Masked, ...] = ()

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


class Both(Frozen):
    """The same edits asked of two runs, or of two users, told for the same images.

    Attributes:
        names: of the two sides.
        first: one answer; ``second`` the other one.
        moves: what becomes of each image that is among the best of either before or after, on both sides; the best of
            the first after its edits come first, then those of the second.
    """

    names: tuple[str, str]
    first: WhatIf
    second: WhatIf
    moves: tuple[tuple[Moved, Moved], ...]

    def rows(self) -> list[dict[str, object]]:
        """A row for each image and side."""
        return [
            {
                "item": one.item,
                "of": name,
                "without": " ".join(side.edits),
                "rank before": one.rank_before,
                "rank after": one.rank_after,
                "score change": one.score_change,
            }
            for pair in self.moves
            for name, side, one in zip(self.names, (self.first, self.second), pair, strict=True)
        ]


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
    return _told(Reranked.of(Question(explainer, user, edits, moment, removal)), k, item)


def both(first: Question, second: Question, k: int = 10, item: int | None = None) -> Both:
    """Two questions about the images of one dataset, with the same images told of each.

    Raises:
        DataError: as ``what_if``.
    """
    ranked = Reranked.of(first), Reranked.of(second)
    told = _told(ranked[0], k, item), _told(ranked[1], k, item)
    items = dict.fromkeys(one.item for listed in ("after", "before") for side in told for one in getattr(side, listed))
    codes = [first.explainer.dataset.items.code(one) for one in items]
    by_user, by_run = told[0].user != told[1].user, told[0].run != told[1].run
    names = [
        " · ".join([*([one.run] if by_run or not by_user else []), *([one.user_label] if by_user else [])])
        for one in told
    ]
    return Both(
        names=(names[0], names[1]),
        first=told[0],
        second=told[1],
        moves=tuple((_moved(ranked[0], code), _moved(ranked[1], code)) for code in codes),
    )


def _moved(ranked: Reranked, code: int) -> Moved:
    item = ranked.asked.explainer.dataset.items.id(code)
    before, after = ranked.ranks(code)
    return Moved(item=item, rank_before=before, rank_after=after, score_change=ranked.change(code))


def _told(ranked: Reranked, k: int, item: int | None) -> WhatIf:
    """The best ``k`` of both rankings, and an image (code) that was asked about."""
    explainer, user = ranked.asked.explainer, ranked.asked.user
    shown = min(k, int(ranked.old.isfinite().sum()))
    first, then = (scores.topk(shown).indices.tolist() for scores in (ranked.old, ranked.new))
    ids, named = explainer.dataset.items, list(dict.fromkeys([*then, *first]))
    changes = [one for code in named if (one := _moved(ranked, code)).rank_before != one.rank_after]
    pictured = dict.fromkeys([*named, *([] if item is None else [item])])
    return WhatIf(
        model=explainer.model.name,
        run=explainer.run,
        dataset=explainer.dataset.name,
        fingerprint=explainer.dataset.fingerprint,
        user=explainer.dataset.users.id(user),
        user_label=explainer.dataset.user_label(user),
        moment=ranked.asked.moment,
        removal=ranked.asked.removal,
        edits=tuple(map(str, ranked.asked.edits)),
        before=_listed(ranked.old, first, ids),
        after=_listed(ranked.new, then, ids),
        moved=tuple(sorted(changes, key=lambda one: one.rank_after)),
        explained=None if item is None else _moved(ranked, item),
        pictured=tuple(explainer.names.element("image", code) for code in pictured),
        masks=masked(explainer, ranked.asked.edits),
    )


def _listed(scores: Tensor, codes: Sequence[int], ids: IdMap) -> tuple[Recommendation, ...]:
    return tuple(Recommendation(item=ids.id(i), rank=n, score=float(scores[i])) for n, i in enumerate(codes, 1))


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
