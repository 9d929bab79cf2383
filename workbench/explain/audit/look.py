"""What one explanation of an audit is worth, method by method."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.explain.attribution import METHODS, STEPWISE, attributed
from workbench.explain.audit.curves import FEW, along, chance, costs, erase, infidelity, measures, removals, sparsity
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import flatness
from workbench.explain.units import Units
from workbench.explain.verdict import kendall_tau

CONTROLS = ("random", "uniform")
DRAWS = 3
"""Random orders the control is averaged over."""
MOST = 600
"""Scores that the Shapley values of one pair may take: with many units, fewer orders of arrival."""
MEASURES = (
    "comprehensiveness",
    "sufficiency",
    "deletion_auc",
    "insertion_auc",
    "pos_at_k",
    "neg_at_k",
    "infidelity",
    "sparsity",
)
COURSES = ("deletion", "insertion")
COLUMNS = ("user", "item", "units", "method", "level", *MEASURES, *COURSES, "flatness", "agreement")


def weights_of(units: Units, seed: int) -> dict[str, Tensor]:
    """By method, how much of the score each unit is said to carry (n,), the controls last.

    Attention says nothing of the sign, so it is ranked as it is. What a method cannot tell is left out.
    """
    whole = torch.ones(1, len(units), device=units.model.device)
    return {name: weights[0] for name, weights in weights_at(units, whole, [units], seed).items()}


def weights_at(units: Units, opened: Tensor, read: Sequence[Units], seed: int) -> dict[str, Tensor]:
    """The same (R, n) where the units are recorded as far as ``opened`` (R, n) says.

    Args:
        units: of one pair.
        opened: gates.
        read: the pair as its model reads it under each row of these.
        seed: of all that is drawn; random weights are drawn anew for each row.
    """
    n, generator = len(units), torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    attention, contribution = [one.attention for one in read], [one.contribution for one in read]
    if units.attention is not None:
        found["attention"] = torch.stack([one for one in attention if one is not None])
    if units.contribution is not None:
        found["contribution"] = torch.stack([one for one in contribution if one is not None])
    orders = max(3, min(25, MOST // max(n, 1)))
    methods = tuple(METHODS) if units.has_slope else STEPWISE
    found |= attributed(units, opened, methods, seed, orders)
    found["random"] = torch.rand(len(opened), n, generator=generator)
    found["uniform"] = torch.full((len(opened), n), 1 / max(n, 1))
    return {name: weights.detach().cpu() for name, weights in found.items()}


def looked(explainer: Explainer, units: Units, unit: float, k: int, seed: int) -> list[dict[str, Any]]:
    """A row for each method of one pair; none where there is nothing to compare.

    Where the evidence has several levels, a row for each method within each of them follows: its units go and come
    while all others stay, and there are no ranks.

    Args:
        explainer: of the model.
        units: of the pair.
        unit: standard deviation of scores, in which they are told.
        k: length of the list the image may drop out of.
        seed: of all that is drawn.
    """
    n, user, item = len(units), units.user, units.item
    if n < 2:
        return []
    weights = weights_of(units, seed)
    generator = torch.Generator().manual_seed(seed + user)
    orders, race = _orders(weights, generator), explainer.race(user, item)
    inside = {
        group.name: _orders({name: one[units.places[group.name]] for name, one in weights.items()}, generator)
        for group in units.groups
        if 1 < units.sizes[group.name] < n
    }
    asked = [removals(units, there, FEW, level) for level, there in inside.items()]
    asked += [removals(units, orders)] if race is None else []
    units.ask(torch.cat([1 - chance(n, seed=seed), *asked]).to(units.model.device))
    erased = erase(units, orders, race)
    told = _averaged({name: measures(one, unit, k) for name, one in erased.items()})
    curves = {name: dict(zip(COURSES, along(one, unit), strict=True)) for name, one in erased.items()}
    courses = _averaged(curves)
    wrong = infidelity(units, weights, seed=seed)
    even = None if units.attention is None else flatness(units.attention.tolist())
    listed = {name: one.tolist() for name, one in weights.items()}
    taus = {name: {other: kendall_tau(one, two) for other, two in listed.items()} for name, one in listed.items()}
    rows: list[dict[str, Any]] = [
        {"user": user, "item": item, "units": n, "method": name, **told[name], "infidelity": wrong[name],
         "sparsity": sparsity(one), **courses[name], "flatness": even,
         "agreement": json.dumps(taus[name])}
        for name, one in weights.items()
    ]  # fmt: skip
    for level, there in inside.items():
        some = erase(units, there, shares=FEW, level=level)
        found = _averaged({name: costs(one, unit) for name, one in some.items()})
        rows += [
            {"user": user, "item": item, "units": units.sizes[level], "method": name, "level": level} | found[name]
            for name in weights
        ]
    return rows


def _orders(weights: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """Positions (n,) of the units by method, strongest first, and several random ones."""
    n = len(weights["random"])
    orders = {name: one.argsort(descending=True, stable=True) for name, one in weights.items() if name != "random"}
    return orders | {_drawn(draw): torch.randperm(n, generator=generator) for draw in range(DRAWS)}


def _averaged(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is told of each method, of random orders the mean over those drawn."""
    drawn = [told[_drawn(draw)] for draw in range(DRAWS)]
    return told | {"random": {name: np.mean([one[name] for one in drawn], axis=0).tolist() for name in drawn[0]}}


def _drawn(draw: int) -> str:
    return f"random {draw}"
