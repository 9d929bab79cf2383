"""All images ranked twice for one user: as recorded, and with some of her evidence left out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.edits import Edit, Record
from workbench.explain.explainer import Explainer
from workbench.explain.held import RemovalKind, held_scores, lost


class Question(NamedTuple):
    """What is asked: arguments of ``what_if``."""

    explainer: Explainer
    user: int
    edits: Sequence[Edit]
    moment: int | None = None
    removal: str = "deleted"


@dataclass(frozen=True, eq=False)
class Reranked:
    """All images before and after some edits.

    Attributes:
        asked: the question.
        before: (images,) scores as recorded; ``after`` with the edits.
        old: the same without what is out of the race; ``new`` with the edits.
    """

    asked: Question
    before: Tensor
    after: Tensor
    old: Tensor
    new: Tensor

    @classmethod
    @torch.inference_mode()
    def of(cls, asked: Question) -> Reranked:
        """Both rankings of a question.

        Raises:
            DataError: see ``workbench.explain.whatif.what_if``.
        """
        explainer = asked.explainer
        if explainer.model.task != "ranking":
            raise DataError(
                f"{explainer.model.name} predicts popularity and ranks nothing: choose a run of a ranking model"
            )
        explainer.at(asked.moment)
        race = explainer.race(asked.user, -1, asked.moment)
        assert race is not None
        before, after = (_scores(asked._replace(edits=edits)) for edits in ((), asked.edits))
        old, new = (race(scores.unsqueeze(0))[0] for scores in (before, after))
        return cls(asked, before, after, old, new)

    def ranks(self, code: int) -> tuple[int, int]:
        """Rank of an image before and after, 1 = best."""
        pairs = (self.old, self.before), (self.new, self.after)
        before, after = (1 + int((scores > raw[code]).sum()) for scores, raw in pairs)
        return before, after

    def change(self, code: int) -> float:
        """Score of an image after less score before."""
        return float(self.after[code] - self.before[code])


def _scores(asked: Question) -> Tensor:
    """(images,) scores of all images."""
    explainer, user, removal = asked.explainer, asked.user, asked.removal
    record, model = Record(explainer, user, asked.moment), explainer.model
    gates = record.gates(asked.edits)
    if removal not in ("deleted", "blurred") and asked.edits:
        return held_scores(model, user, gates, removal)
    if removal == "blurred" and asked.edits:
        pictures = explainer.pictures
        codes, closed, gates = record.closed(gates, pictures.groups)
        if len(codes):
            model = model.twin()
            for blur, seen in pictures.encode(pictures.blurs(codes, closed)):
                model.repaint(blur.item, seen)
    return model.score_items(torch.tensor([user], device=explainer.device), gates)[0]


@torch.inference_mode()
def possible_removals(explainer: Explainer) -> tuple[RemovalKind, ...]:
    """What may stand in the place of anything that is left out, see ``workbench.explain.held``; deleted always may."""
    model = explainer.model
    one = torch.zeros(1, dtype=torch.int64, device=explainer.device)
    levels = [level for level in model.read(one, one).levels if level.name in explainer.groups]
    found: list[RemovalKind] = ["deleted"]
    shared: tuple[RemovalKind, ...] = ("zeroed", "mean")
    for kind in shared:
        with suppress(DataError):
            for level in levels:
                lost(model, level, kind)
            found.append(kind)
    with suppress(DataError):
        if any(explainer.pictures.groups) and explainer.dataset.image_path(0) is not None:
            found.append("blurred")
    return tuple(found)
