"""Planted truth: do explanations name what the demo world knows to be the cause?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.explain.typical import read_best

OWN = "own"


@dataclass(frozen=True)
class Recovery:
    """For how many users the planted main aspect is the one an explanation puts first.

    Attributes:
        aspect: the planted main aspect of the users counted.
        users: how many there are.
        attention: share of them whose most attended aspect it is; None for own taste, which no attention weighs.
        contribution: share of them to whose scores it adds most, own taste being among the candidates.
    """

    aspect: str
    users: int
    attention: float | None
    contribution: float


@torch.inference_mode()
def main_aspects(explainer: Explainer) -> list[Recovery]:
    """Mark attention and contribution of the aspects, averaged over each user's ten best images.

    By attention one of the three recorded aspects can come first, so guessing finds a third of the users to whom one of
    them was planted; by contribution own taste competes as well, and guessing finds a quarter.

    Args:
        explainer: of a model with several evidence groups, on a dataset whose users carry ``planted_aspect``.

    Raises:
        DataError: nothing was planted in the dataset, or the model weighs no aspects.
    """
    data, groups = explainer.dataset, tuple(explainer.groups)
    if not data.has("users") or "planted_aspect" not in data.table("users"):
        raise DataError(f"{data.root} has no planted main aspects: make a world that has with 'workbench demo'")
    table = data.table("users").set_index("user")["planted_aspect"]
    planted = np.array([table[user] for user in data.users])
    first_attended, first_added = [], []
    for shape, level, own in read_best(explainer):
        assert level.attention is not None and level.contribution is not None
        parts = torch.cat([own.view(shape[:2]).unsqueeze(-1), level.contribution.view(shape)], -1)
        first_attended.append(level.attention.view(shape).mean(1).argmax(1))
        first_added.append(parts.mean(1).argmax(1))
    attended, added = (torch.cat(found).cpu().numpy() for found in (first_attended, first_added))
    by_attention: NDArray[np.bool_] = np.array(groups)[attended] == planted
    by_contribution: NDArray[np.bool_] = np.array((OWN, *groups))[added] == planted
    return [
        Recovery(
            aspect=aspect,
            users=int((planted == aspect).sum()),
            attention=None if aspect == OWN else float(by_attention[planted == aspect].mean()),
            contribution=float(by_contribution[planted == aspect].mean()),
        )
        for aspect in (OWN, *groups)
        if (planted == aspect).any()
    ]
