"""How well explanations find the planted causes, and what verdicts foretell of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from workbench.explain.audit.look import weights_of
from workbench.explain.audit.result import Calibrated, Planted
from workbench.explain.explainer import Explainer
from workbench.explain.units import Units

COLUMNS = ("name", "is_badge", "right", "above", "pointed", "chance")


def marked(explainer: Explainer, units: Units, cause: Tensor, seed: int) -> list[dict[str, Any]]:
    """A row for each method, and one for the verdict, of a pair whose cause (n,) is known."""
    boxed = torch.cat([torch.full((units.sizes[g.name],), g.kind == "region") for g in units.groups])
    weighed, rows = weights_of(units, seed + units.user), []
    chance = float(cause.double().mean())
    for name, weights in weighed.items():
        points = bool((cause & boxed).any())
        rows.append(
            {
                "name": name,
                "is_badge": False,
                "right": _hit(weights, cause),
                "above": float(roc_auc_score(cause.numpy(), weights.double().numpy())),
                "pointed": _hit(weights[boxed], cause[boxed]) if points else None,
                "chance": chance,
            }
        )
    shown = weighed.get("attention", weighed.get("contribution"))
    if shown is not None:
        verdict = explainer.explain(units.user, units.item, units.until, removal=units.removal).verdict
        rows.append({"name": verdict.badge, "is_badge": True, "right": _hit(shown, cause), "chance": chance})
    return rows


def marks(tables: Sequence[pd.DataFrame]) -> tuple[dict[str, Planted], dict[str, Calibrated]]:
    """By method, how well it finds the known causes, and by badge, how often what is shown strongest is the cause."""
    rows = pd.concat(tables, ignore_index=True)
    if rows.empty:
        return {}, {}
    badges = rows["is_badge"].astype(bool)
    planted = {
        str(name): Planted(
            pairs=len(part),
            precision_at_1=float(part["right"].astype(float).mean()),
            auc=float(part["above"].astype(float).mean()),
            pointing=float(part["pointed"].astype(float).mean()) if part["pointed"].notna().any() else None,
        )
        for name, part in rows[~badges].groupby("name", sort=False)
    }
    verdicts = {
        str(name): Calibrated(
            pairs=len(part),
            right=float(part["right"].astype(float).mean()),
            chance=float(part["chance"].astype(float).mean()),
        )
        for name, part in rows[badges].groupby("name", sort=False)
    }
    return planted, verdicts


def _hit(weights: Tensor, cause: Tensor) -> float:
    """Whether the strongest unit is a cause; of several that tie, the share that is."""
    return float(cause[weights >= weights.max()].double().mean())
