"""An audit, put together from its parts."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.data.errors import DataError
from workbench.explain.audit.curves import CURVE
from workbench.explain.audit.kept import digest
from workbench.explain.audit.look import CONTROLS, COURSES, MEASURES
from workbench.explain.audit.marks import marks
from workbench.explain.audit.reading import reading
from workbench.explain.audit.result import HIGHER, Audit, Curve, Fewer, Interval, Within
from workbench.explain.explainer import Explainer

if TYPE_CHECKING:
    from workbench.explain.audit.run import Plan


def whole(
    explainer: Explainer, plan: Plan, parts: Mapping[str, Sequence[pd.DataFrame]], few: Sequence[Fewer], pairs: int
) -> Audit:
    """The audit whose parts are known.

    Args:
        explainer: of the model.
        plan: see there.
        parts: rows of the explanations ``shown`` and of the ``planted`` causes.
        few: what was asked of fewer pairs.
        pairs: how many explanations were to be looked into.

    Raises:
        DataError: no explanation has two pieces of evidence.
    """
    began, table = time.process_time(), pd.concat(parts["shown"], ignore_index=True)
    if table.empty:
        raise DataError(
            f"no explanation of {explainer.model.name} has two pieces of evidence, so none can be right or wrong"
        )
    seconds = sum(one.seconds for one in few)
    seconds += sum(float(part.attrs["seconds"]) for kind in parts.values() for part in kind)
    methods = list(dict.fromkeys(table["method"]))
    nearby = {name: {"sensitivity": value} for one in few for name, value in one.sensitivity.items()}
    named = _named(table[table["level"].isna()])
    levels = {str(level): _named(part) for level, part in table.groupby("level", sort=False)}
    told: dict[str, Any] = {
        "model": explainer.model.name,
        "run": explainer.run,
        "dataset": explainer.dataset.name,
        "fingerprint": explainer.dataset.fingerprint,
        "parameters": digest(explainer.model.state_dict()),
        "seed": plan.seed,
        "pairs": len(named["random"]),
        "excluded": pairs - len(named["random"]),
        "k": plan.k,
        "removal": plan.removal,
        "unit": "standard deviations of popularity"
        if explainer.model.task == "popularity"
        else "standard deviations of the user's scores over all images",
        "controls": CONTROLS,
        "methods": {name: _means(named[name]) | nearby.get(name, {}) for name in methods},
        "intervals": _gains(named, plan.seed),
        "within": {
            level: Within(
                pairs=len(part["random"]),
                methods={name: _means(one) for name, one in part.items()},
                intervals=_gains(part, plan.seed),
            )
            for level, part in levels.items()
        },
        "shares": CURVE,
        "curves": {name: Curve(**{course: _course(named[name][course]) for course in COURSES}) for name in methods},
        "agreement": _agreement(named),
        "flatness": None if table["flatness"].isna().all() else float(named["random"]["flatness"].astype(float).mean()),
        "weights": next(one.weights for one in few if one.weights is not None),
        "randomisation": next((one.random for one in few if one.random is not None), None),
        **marks(parts["planted"]),
    }
    found = Audit(**told, verdict="", seconds=seconds + time.process_time() - began)
    return found.model_copy(update={"verdict": reading(found)})


def _named(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By method, its row of each pair."""
    return {str(name): part.set_index(["user", "item"]) for name, part in table.groupby("method", sort=False)}


def _means(part: pd.DataFrame) -> dict[str, float]:
    return {name: float(part[name].astype(float).mean()) for name in MEASURES if part[name].notna().any()}


def _course(listed: pd.Series[Any]) -> tuple[float, ...]:
    return tuple(np.stack(listed.to_list()).mean(0).tolist())


def _gains(named: Mapping[str, pd.DataFrame], seed: int) -> dict[str, dict[str, Interval]]:
    return {name: _intervals(part, named["random"], seed) for name, part in named.items() if name != "random"}


def _intervals(part: pd.DataFrame, control: pd.DataFrame, seed: int) -> dict[str, Interval]:
    """By how much a method is better than random orders of the same pairs: bootstrap over users, 2,000 samples."""
    generator, found = np.random.default_rng(seed), {}
    for name in MEASURES[:-1]:
        if not part[name].notna().any():
            continue
        sign = 1.0 if name in HIGHER else -1.0
        gaps = sign * (part[name].astype(float) - control[name].astype(float).reindex(part.index))
        by_user = gaps.groupby(level="user").agg(["sum", "count"]).to_numpy(np.float64)
        drawn = by_user[generator.integers(len(by_user), size=(2000, len(by_user)))].sum(1)
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
        found[name] = Interval(mean=float(gaps.mean()), low=float(low), high=float(high))
    return found


def _agreement(named: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    return {name: {str(other): float(tau) for other, tau in _taus(part).mean().items()} for name, part in named.items()}


def _taus(part: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([json.loads(text) for text in part["agreement"]])
