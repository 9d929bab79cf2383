"""How well explanations find the planted causes, and what verdicts foretell of that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from scipy.stats import binomtest
from torch import Tensor

from workbench.explain.audit.look import weights_of
from workbench.explain.audit.result import Calibrated, Interval, Planted
from workbench.explain.explainer import Explainer
from workbench.explain.shown import LATEST
from workbench.explain.units import Units
from workbench.explain.verdict import RULES, Grade, Rules, grade, pooled
from workbench.layers.evidence import ASPECTS
from workbench.models.moments import MomentModel

COLUMNS = ("name", "kind", "level", "right", "above", "pointed", "chance")
SUPPORTED = "supported"


def marked(explainer: Explainer, units: Units, cause: Tensor, seed: int) -> list[dict[str, Any]]:
    """What each method, and the verdict, makes of a pair whose cause (n,) is known.

    A row for each method over all evidence, one over each level that holds a cause and something else, and one for the
    badge of the verdict.
    """
    boxed = torch.cat([torch.full((units.sizes[g.name],), g.kind == "region") for g in units.groups])
    points = bool((cause & boxed).any())
    weighed, rows = weights_of(units, seed + units.user), []
    for name, weights in weighed.items():
        pointed = _hit(weights[boxed], cause[boxed]) if points else None
        rows.append({"name": name, "kind": "method", "pointed": pointed} | _found(weights, cause))
        for level, span in units.places.items():
            if 0 < int(cause[span].sum()) < units.sizes[level]:
                rows.append({"name": name, "kind": "level", "level": level} | _found(weights[span], cause[span]))
    shown = shown_of(units)
    if shown is not None:
        badge = graded(units, weighed["leave_one_out"]).badge
        chance = float(cause.double().mean())
        rows.append({"name": badge, "kind": "badge", "right": _hit(shown, cause), "chance": chance})
    return rows


def shown_of(units: Units) -> Tensor | None:
    """(n,) how strongly a picture shows each unit: its attention, or the size of its exact share; None of neither."""
    if units.attention is not None:
        return units.attention.cpu()
    return None if units.contribution is None else units.contribution.detach().abs().cpu()


def graded(units: Units, cost: Tensor, rules: Rules = RULES) -> Grade:
    """What the rules of verdicts make of a pair, without the words of an explanation.

    Args:
        units: of the pair.
        cost: (n,) what the score loses without each unit.
        rules: other thresholds than the usual ones.
    """
    told = torch.ones(len(units), dtype=torch.bool)
    if isinstance(units.model, MomentModel) and "history" in units.places:
        span = units.places["history"]
        told[span.start : max(span.start, span.stop - LATEST)] = False
    shown = shown_of(units)
    seen = torch.zeros(len(units)) if shown is None else shown
    return grade(
        seen[told].tolist(),
        cost.cpu()[told].tolist(),
        float(units.reading.own[0]),
        _shares(units, told),
        predicts=units.model.task == "popularity",
        rules=rules,
    )


def _shares(units: Units, told: Tensor) -> list[float]:
    aspects = next((level for level in units.reading.levels if level.name == ASPECTS), None)
    whole: dict[str, float] = {}
    if aspects is not None and aspects.contribution is not None:
        names = [units.model.evidence[place].name for place in aspects.elements.values.tolist()]
        whole = dict(zip(names, aspects.contribution.tolist(), strict=True))
    each = {name: units.level(name).contribution for name in units.places}
    return pooled(
        {name: [] if one is None else one.cpu()[told[units.places[name]]].tolist() for name, one in each.items()}, whole
    )


def marks(tables: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """What causes tell, by the fields of ``Audit``: ``planted``, ``levels``, ``verdicts`` and ``separation``."""
    rows = pd.concat(tables, ignore_index=True)
    by_kind = {str(kind): part for kind, part in rows.groupby("kind")}
    nothing = rows.iloc[:0]
    levels = by_kind.get("level", nothing).groupby("level", sort=False)
    badges = by_kind.get("badge", nothing)
    return {
        "planted": _planted(by_kind.get("method", nothing)),
        "levels": {str(level): _planted(part) for level, part in levels},
        "verdicts": {str(badge): calibrated(part) for badge, part in badges.groupby("name", sort=False)},
        "separation": separation(badges[badges["name"] == SUPPORTED], badges[badges["name"] != SUPPORTED]),
    }


def _planted(rows: pd.DataFrame) -> dict[str, Planted]:
    return {
        str(name): Planted(
            pairs=len(part),
            precision_at_1=float(part["right"].astype(float).mean()),
            auc=float(part["above"].astype(float).mean()),
            pointing=float(part["pointed"].astype(float).mean()) if part["pointed"].notna().any() else None,
        )
        for name, part in rows.groupby("name", sort=False)
    }


def calibrated(rows: pd.DataFrame) -> Calibrated:
    """How often the explanations in ``rows`` (``right``, ``chance``) are right, with its Wilson interval."""
    right = float(rows["right"].astype(float).mean())
    low, high = wilson(right, len(rows))
    chance = float(rows["chance"].astype(float).mean())
    return Calibrated(pairs=len(rows), right=right, low=low, high=high, chance=chance)


def separation(some: pd.DataFrame, others: pd.DataFrame) -> Interval | None:
    """By how much more often ``some`` explanations are right than ``others``; None where there are none of either.

    The interval is Newcombe's (1998, method 10), made of the two Wilson intervals.
    """
    if some.empty or others.empty:
        return None
    one, other = calibrated(some), calibrated(others)
    gap = one.right - other.right
    return Interval(
        mean=gap,
        low=gap - math.hypot(one.right - one.low, other.high - other.right),
        high=gap + math.hypot(one.high - one.right, other.right - other.low),
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``n`` (Wilson 1927)."""
    found = binomtest(round(share * n), n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def _found(weights: Tensor, cause: Tensor) -> dict[str, Any]:
    return {
        "right": _hit(weights, cause),
        "above": above(weights, cause),
        "chance": float(cause.double().mean()),
    }


def above(weights: Tensor, cause: Tensor) -> float:
    """How often a unit of the cause is above another one, ties counting half: the area under the ROC curve.

    By hand, because the library that has it checks its input for longer than a question to most models takes.
    """
    gaps = weights[cause].unsqueeze(1) - weights[~cause]
    return float(((gaps > 0).double() + 0.5 * (gaps == 0)).mean())


def _hit(weights: Tensor, cause: Tensor) -> float:
    """Whether the strongest unit is a cause; of several that tie, the share that is."""
    return float(cause[weights >= weights.max()].double().mean())
