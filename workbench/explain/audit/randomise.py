"""Does the attention depend on what was learned? Parameters are made random, part after part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from workbench.explain.audit.curves import erase, measures
from workbench.explain.audit.result import Cascade, Randomisation
from workbench.explain.audit.together import read_again
from workbench.explain.units import Units
from workbench.explain.verdict import kendall_tau
from workbench.models.base import Recommender


def randomise(pairs: Sequence[Units], spreads: Sequence[float], seed: int = 0) -> Randomisation | None:
    """Cascading randomisation (Adebayo et al. 2018) of the model of some pairs, told in the agreement of attention.

    A part is a module or parameter of the model as it names them; the cascade begins with the one registered last, as a
    rule nearest the output. The numbers of a part are shuffled, so that it keeps its scale and loses what it knows.
    The model comes back as it was.

    Args:
        pairs: units of pairs, all of one model.
        spreads: of each pair, a standard deviation of scores.
        seed: of the shuffles.

    Returns:
        None where the model weighs nothing, or has no parameters.
    """
    told = [(units, units.attention) for units in pairs]
    before = [(units, weights) for units, weights in told if weights is not None]
    if not before:
        return None
    model = before[0][0].model
    parts = _parts(model)
    if not parts:
        return None
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    generator = torch.Generator().manual_seed(seed)
    try:
        alone = {}
        for part in parts:
            _shuffle(model, parts[part], generator)
            alone[part] = _agreement(before)
            model.load_state_dict(kept)
        cascade = []
        for part in reversed(parts):
            _shuffle(model, parts[part], generator)
            cascade.append(Cascade(step=part, agreement=_agreement(before)))
        now = read_again(pairs)
        left = float(np.mean([_above_chance(units, spread, seed) for units, spread in zip(now, spreads, strict=True)]))
    finally:
        model.load_state_dict(kept)
    return Randomisation(pairs=len(before), cascade=tuple(cascade), alone=alone, comprehensiveness=left)


def _parts(model: Recommender) -> dict[str, list[str]]:
    """Names of the learned parameters, by the part of the model they belong to."""
    parts: dict[str, list[str]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.numel() > 1:
            parts.setdefault(name.partition(".")[0], []).append(name)
    return parts


@torch.no_grad()
def _shuffle(model: Recommender, names: Sequence[str], generator: torch.Generator) -> None:
    for name in names:
        parameter = model.get_parameter(name)
        order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
        parameter.copy_(parameter.flatten()[order].view_as(parameter))


def _agreement(before: Sequence[tuple[Units, Tensor]]) -> float:
    found = []
    for units, (_, weights) in zip(read_again([units for units, _ in before]), before, strict=True):
        now = units.attention
        found.append(0.0 if now is None else kendall_tau(weights.tolist(), now.tolist()))
    return float(np.mean(found))


def _above_chance(now: Units, spread: float, seed: int) -> float:
    """By how much removal in the order of the attention costs more than in a random order."""
    weights = now.attention
    assert weights is not None
    generator = torch.Generator().manual_seed(seed)
    orders = {
        "attention": weights.argsort(descending=True, stable=True),
        "random": torch.randperm(len(weights), generator=generator),
    }
    erased = erase(now, orders)
    costs = {name: measures(one, spread, 1)["comprehensiveness"] for name, one in erased.items()}
    return costs["attention"] - costs["random"]
