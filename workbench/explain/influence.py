"""Planted truth for models that read whom users follow: is the strongest of them the one who caused the like?"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.explainer import Explainer
from workbench.explain.pointing_game import Marked, Marks, Weights, marks, pair_codes, part, planted_causes
from workbench.layers.evidence import Gates
from workbench.models.diffusion import Diffusing

FOLLOWS = "follows"
BLOCK = 512
"""Pairs read, or scored with one person less, at a time."""


def mark_friends(explainer: Explainer, split: str = "train", most: int = 400, seed: int = 0) -> list[Marks]:
    """Mark which of the people a user follows weighs most in a like that one of them is known to have caused.

    A weight below 0 counts as 0: who speaks against an image did not cause the like. Controls: random, uniform, and
    the followed person whom most users follow.

    Args:
        explainer: of a model that reads whom users follow, on a dataset with planted causes.
        split: of the likes.
        most: likes in which people are removed one by one; everything else uses every like.
        seed: which of the likes.

    Raises:
        DataError: nothing was planted, or the model does not read whom users follow.
    """
    group = _group(explainer)
    marked = _marked(explainer, group, split)
    chosen = torch.randperm(len(marked.users), generator=torch.Generator().manual_seed(seed))[:most]
    some = part(marked, chosen)
    followers = torch.bincount(explainer.dataset.follows.values, minlength=len(explainer.dataset.users))
    found = [marks(name, marked, weights.clip(0)) for name, weights in _read(explainer, group, marked).items()]
    found.append(marks("removal", some, _losses(explainer, group, some).clip(0)))
    controls = {
        "random": np.random.default_rng(seed).random(len(marked.inside)),
        "uniform": np.ones(len(marked.inside)),
        "most followed": followers[marked.sets.values].double().numpy(),
    }
    return found + [marks(name, marked, weights) for name, weights in controls.items()]


def _group(explainer: Explainer) -> str:
    """Name of the evidence group of the people a user follows."""
    for group in explainer.groups.values():
        if group.kind == "person" and group.side == "user" and group.table == FOLLOWS:
            return group.name
    raise DataError(
        f"{explainer.model.name} does not read whom users follow: choose a run of hasc, diffnet or diffnetpp"
    )


def _marked(explainer: Explainer, group: str, split: str) -> Marked:
    """The likes that a followed person caused, with all whom the user follows."""
    data = explainer.dataset
    causes = planted_causes(data, "like", split)
    causes = causes[(causes["aspect"] == FOLLOWS) & (causes["element_kind"] == "person")]
    users, items = pair_codes(data, causes)
    planted = torch.from_numpy(data.users.codes(causes["element"]))
    sets: Ragged = explainer.model.elements(group, users.to(explainer.device), items.to(explainer.device)).to("cpu")
    inside = (sets.values == planted[sets.rows]).double()
    marked = Marked(users, items, sets, inside.numpy(), None)
    kept = torch.zeros(len(users)).index_add_(0, sets.rows, inside.float()).nonzero().flatten()
    if not len(kept):
        raise DataError(f"{data.name} has no {split} likes that a followed person is known to have caused")
    return part(marked, kept)


@torch.inference_mode()
def _read(explainer: Explainer, group: str, marked: Marked) -> dict[str, Weights]:
    """What the model tells of the people followed, by name: attention, contribution, and those of the first hop."""
    parts: dict[str, list[Tensor]] = {}
    for users, items in _pairs(marked.users, marked.items, explainer.device):
        level = next(level for level in explainer.model.read(users, items).levels if level.name == group)
        told = {"attention": level.attention, "contribution": level.contribution}
        if isinstance(explainer.model, Diffusing):
            hop = explainer.model.diffusion(users, items)[0]
            place = _found(hop.people, level.elements, len(explainer.dataset.users))
            told["share, hop 1"] = hop.share[place]
            told["contribution, hop 1"] = None if hop.contribution is None else hop.contribution[place]
        for name, values in told.items():
            if values is not None:
                parts.setdefault(name, []).append(values.cpu())
    return {name: torch.cat(values).double().numpy() for name, values in parts.items()}


def _found(people: Ragged, wanted: Ragged, n: int) -> Tensor:
    """Where each of the ``wanted`` people stands in the same row of ``people``."""
    keys = people.rows * n + people.values
    order = keys.argsort()
    return order[torch.searchsorted(keys[order], wanted.rows * n + wanted.values)]


@torch.inference_mode()
def _losses(explainer: Explainer, group: str, marked: Marked) -> Weights:
    """What the score of each pair loses without each person: (elements,)."""
    model, device = explainer.model, explainer.device
    scores = torch.cat([model.score_pairs(*pairs).cpu() for pairs in _pairs(marked.users, marked.items, device)])
    rows, at = marked.sets.rows, 0
    without: list[Tensor] = []
    for users, items in _pairs(marked.users[rows], marked.items[rows], device):
        sets = model.elements(group, users, items)
        # The k-th row of a pair is the pair without its k-th person.
        gone = torch.arange(at, at + len(users)) - marked.sets.offsets[rows[at : at + len(users)]]
        gate = torch.ones(len(sets.values), device=device)
        gate[sets.offsets[:-1] + gone.to(device)] = 0
        without.append(model.score_pairs(users, items, Gates({group: gate})).cpu())
        at += len(users)
    lost: Weights = (scores[rows] - torch.cat(without)).double().numpy()
    return lost


def _pairs(users: Tensor, items: Tensor, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    parts = zip(torch.split(users, BLOCK), torch.split(items, BLOCK), strict=True)
    return [(some.to(device), wanted.to(device)) for some, wanted in parts]
