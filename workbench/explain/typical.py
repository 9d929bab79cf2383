"""What a model reads in the images it ranks best, over all users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.evaluation.evaluate import top_k
from workbench.explain.population import Population
from workbench.layers.evidence import ASPECTS
from workbench.models.base import Level

if TYPE_CHECKING:
    from workbench.explain.explainer import Explainer

TYPICAL = 10
"""How many of a user's best images are averaged over."""
USERS = 512
"""Users in a block."""


@torch.inference_mode()
def averaged(explainer: Explainer) -> Population:
    """Aspect importance of every user, averaged over her ten best images.

    Raises:
        DataError: the model has no level of aspects, or to some user no image is new.
    """
    data, n = explainer.dataset, len(explainer.dataset.users)
    attention, contribution = [], []
    for shape, level, _ in read_best(explainer):
        assert level.attention is not None and level.contribution is not None
        attention.append(level.attention.view(shape).mean(1))
        contribution.append(level.contribution.abs().view(shape).mean(1))
    return Population(
        users=tuple(data.users.id(code) for code in range(n)),
        labels=tuple(data.user_label(code) for code in range(n)),
        aspects=tuple(explainer.groups),
        aspect_labels=tuple(group.label for group in explainer.groups.values()),
        attention=torch.cat(attention).cpu().numpy(),
        contribution=torch.cat(contribution).cpu().numpy(),
        likes=data.history.lengths.numpy(),
    )


def read_best(explainer: Explainer) -> Iterator[tuple[tuple[int, int, int], Level, Tensor]]:
    """What a model reads in each user's ten best images, in blocks of users.

    Yields:
        (users, images of each, aspects), the level of aspects of these pairs laid end to end, and their own part.

    Raises:
        DataError: the model has no level of aspects, or to some user no image is new.
    """
    model, dataset, device = explainer.model, explainer.dataset, explainer.device
    nobody = torch.zeros(1, dtype=torch.int64, device=device)
    first = next(iter(model.read(nobody, nobody).levels), None)
    if model.task != "ranking" or first is None or first.name != ASPECTS or first.attention is None:
        raise DataError(f"{model.name} weighs no aspects against each other: choose a run with several evidence groups")
    n = len(dataset.users)
    k = min(TYPICAL, len(dataset.items) - int(explainer.known.lengths.max()))
    if k < 1:
        raise DataError(f"{dataset.root} has a user to whom no image is new, so there is nothing to average")
    for start in range(0, n, USERS):
        users = torch.arange(start, min(start + USERS, n), device=device)
        items, _ = top_k(model, users, k, exclude=explainer.known)
        reading = model.read(users.repeat_interleave(k), items.flatten().to(device))
        yield (len(users), k, len(explainer.groups)), reading.levels[0], reading.own
