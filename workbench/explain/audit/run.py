"""The audit of a run: pairs are looked into one by one, in parts that are kept, and put together."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.attribution import METHODS, STEPWISE, attributions, has_slope
from workbench.explain.audit.attention import other_weights
from workbench.explain.audit.curves import CURVE, along, erase, infidelity, measures, sparsity
from workbench.explain.audit.kept import FOLDER, RESULT, digest, key, write_part
from workbench.explain.audit.pairs import planted_pairs, shown_pairs, spread
from workbench.explain.audit.randomise import randomise
from workbench.explain.audit.reading import reading
from workbench.explain.audit.result import HIGHER, Audit, Calibrated, Curve, Interval, Planted, Weighing
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import flatness
from workbench.explain.units import Units
from workbench.explain.verdict import kendall_tau
from workbench.training.run import write_text

Report = Callable[[float, str], None]
"""Told how much of an audit is done, 0..1, and what is being done."""
CONTROLS = ("random", "uniform")
PART = 20
"""Pairs of a part: an audit that was stopped loses at most so many."""
DRAWS = 3
"""Random orders the control is averaged over."""
MOST = 600
"""Scores that the Shapley values of one pair may take: with many units, fewer orders of arrival."""
DEEPER, DEEPEST = 40, 10
"""Pairs for the randomised parameters, and for the search for other weights."""


@dataclass(frozen=True)
class Plan:
    """What an audit looks at.

    Attributes:
        pairs: explanations to look into, and as many planted ones.
        k: length of the list an image may drop out of.
        seed: of all that is drawn.
    """

    pairs: int = 200
    k: int = 10
    seed: int = 0


def audit(
    explainer: Explainer,
    folder: Path,
    plan: Plan = Plan(),
    report: Report | None = None,
    shard: tuple[int, int] = (0, 1),
) -> Audit:
    """Audit the explanations of a model; what is there of the same audit is used again.

    Args:
        explainer: of a run, or of a model from outside.
        folder: keeps the audit, in ``audit/KEY``; for a run its own.
        plan: see there.
        report: told about the progress.
        shard: (this one, how many): several processes may share the pairs; the last to end puts them together.

    Raises:
        DataError: the model has no evidence, or no pair has two pieces of it.
    """
    tell, folder = report or (lambda _share, _message: None), folder / FOLDER / key(explainer, plan)
    if (folder / RESULT).is_file():
        return Audit.model_validate_json((folder / RESULT).read_text(encoding="utf-8"))
    if not explainer.groups:
        raise DataError(f"{explainer.model.name} reads no evidence, so it has no explanations to audit")
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    pairs = shown_pairs(explainer, plan.pairs, plan.seed)
    for number in range(shard[0], -(-len(pairs) // PART), shard[1]):
        path = folder / f"part-{number:03}.parquet"
        if not path.is_file():
            write_part(path, _part(explainer, plan, pairs, number, tell))
    missing = [n for n in range(-(-len(pairs) // PART)) if not (folder / f"part-{n:03}.parquet").is_file()]
    if missing:
        raise DataError(f"{folder} lacks {len(missing)} parts of other shards: audit again when they are done")
    table = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet"))], ignore_index=True)
    return _together(explainer, plan, pairs, table, folder, tell, began)


_MEASURES = (
    "comprehensiveness",
    "sufficiency",
    "deletion_auc",
    "insertion_auc",
    "pos_at_k",
    "neg_at_k",
    "infidelity",
    "sparsity",
)
_COURSES = ("deletion", "insertion")
_COLUMNS = ["user", "item", "units", "method", *_MEASURES, *_COURSES, "flatness", "agreement"]


def _part(
    explainer: Explainer, plan: Plan, pairs: Sequence[tuple[int, int]], number: int, tell: Report
) -> pd.DataFrame:
    """The rows of one part, told pair by pair."""
    rows: list[dict[str, Any]] = []
    for place in range(number * PART, min((number + 1) * PART, len(pairs))):
        tell(0.6 * place / len(pairs), f"removing evidence of {len(pairs)} explanations")
        rows += _looked(explainer, *pairs[place], plan)
    return pd.DataFrame(rows, columns=_COLUMNS)


def weights_of(units: Units, seed: int) -> dict[str, Tensor]:
    """By method, how much of the score each unit is said to carry (n,), the controls last.

    Attention says nothing of the sign, so it is ranked as it is. What a method cannot tell is left out.
    """
    n, generator = len(units), torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    if units.attention is not None:
        found["attention"] = units.attention
    if units.contribution is not None:
        found["contribution"] = units.contribution
    orders = max(3, min(25, MOST // max(n, 1)))
    methods = tuple(METHODS) if has_slope(units) else STEPWISE
    found |= attributions(units, methods, seed, orders)
    found["random"] = torch.rand(n, generator=generator)
    found["uniform"] = torch.full((n,), 1 / max(n, 1))
    return {name: weights.detach().cpu() for name, weights in found.items()}


def _looked(explainer: Explainer, user: int, item: int, plan: Plan) -> list[dict[str, Any]]:
    """A row for each method of one pair; none where there is nothing to compare."""
    units = Units.of(explainer.model, user, item)
    n = len(units)
    if n < 2:
        return []
    weights, unit = weights_of(units, plan.seed), spread(explainer, user)
    orders = {name: one.argsort(descending=True, stable=True) for name, one in weights.items()}
    generator = torch.Generator().manual_seed(plan.seed + user)
    draws = {f"random {draw}": torch.randperm(n, generator=generator) for draw in range(DRAWS)}
    erased = erase(units, orders | draws, explainer.race(user, item))
    told = {name: measures(one, unit, plan.k) for name, one in erased.items()}
    told["random"] = {name: float(np.mean([told[draw][name] for draw in draws])) for name in told["random"]}
    courses = {name: along(one, unit) for name, one in erased.items()}
    courses["random"] = tuple(np.mean([courses[draw] for draw in draws], axis=0).tolist())
    wrong = infidelity(units, weights, seed=plan.seed)
    even = None if units.attention is None else flatness(units.attention.tolist())
    listed = {name: one.tolist() for name, one in weights.items()}
    taus = {name: {other: kendall_tau(one, two) for other, two in listed.items()} for name, one in listed.items()}
    return [
        {"user": user, "item": item, "units": n, "method": name, **told[name], "infidelity": wrong[name],
         "sparsity": sparsity(one), **dict(zip(_COURSES, courses[name], strict=True)), "flatness": even,
         "agreement": json.dumps(taus[name])}
        for name, one in weights.items()
    ]  # fmt: skip


def _together(
    explainer: Explainer,
    plan: Plan,
    pairs: Sequence[tuple[int, int]],
    table: pd.DataFrame,
    folder: Path,
    tell: Report,
    began: float,
) -> Audit:
    """The audit, from its parts and what is asked of fewer pairs."""
    if table.empty:
        raise DataError(
            f"no explanation of {explainer.model.name} has two pieces of evidence, so none can be right or wrong"
        )
    looked = [Units.of(explainer.model, user, item) for user, item in pairs[:DEEPER]]
    looked = [units for units in looked if len(units) > 1]
    unit = [spread(explainer, units.user) for units in looked]
    tell(0.6, "making parameters random")
    randomisation = randomise(looked, unit, plan.seed)
    tell(0.7, "trying other attention")
    weights = _weighings(looked[:DEEPEST], unit[:DEEPEST], plan.seed)
    tell(0.85, "marking planted causes")
    planted, verdicts = _planted(explainer, plan)
    methods = list(dict.fromkeys(table["method"]))
    named = {str(name): part.set_index(["user", "item"]) for name, part in table.groupby("method", sort=False)}
    told: dict[str, Any] = {
        "model": explainer.model.name,
        "run": explainer.run,
        "dataset": explainer.dataset.name,
        "fingerprint": explainer.dataset.fingerprint,
        "parameters": digest(explainer.model.state_dict()),
        "seed": plan.seed,
        "pairs": len(named["random"]),
        "excluded": len(pairs) - len(named["random"]),
        "k": plan.k,
        "unit": "standard deviations of popularity"
        if explainer.model.task == "popularity"
        else "standard deviations of the user's scores over all images",
        "controls": CONTROLS,
        "methods": {name: _means(named[name]) for name in methods},
        "intervals": {
            name: _intervals(named[name], named["random"], plan.seed) for name in methods if name != "random"
        },
        "shares": CURVE,
        "curves": {name: Curve(**{course: _course(named[name][course]) for course in _COURSES}) for name in methods},
        "agreement": _agreement(named),
        "flatness": None if table["flatness"].isna().all() else float(named["random"]["flatness"].astype(float).mean()),
        "weights": weights,
        "randomisation": randomisation,
        "planted": planted,
        "verdicts": verdicts,
    }
    found = Audit(**told, verdict="", seconds=time.perf_counter() - began)
    found = found.model_copy(update={"verdict": reading(found)})
    write_text(folder / RESULT, found.model_dump_json(indent=1))
    tell(1.0, "done")
    return found


def _means(part: pd.DataFrame) -> dict[str, float]:
    return {name: float(part[name].astype(float).mean()) for name in _MEASURES if part[name].notna().any()}


def _course(listed: pd.Series[Any]) -> tuple[float, ...]:
    return tuple(np.stack(listed.to_list()).mean(0).tolist())


def _intervals(part: pd.DataFrame, control: pd.DataFrame, seed: int) -> dict[str, Interval]:
    """By how much a method is better than random orders of the same pairs: bootstrap over users, 2,000 samples."""
    generator, found = np.random.default_rng(seed), {}
    for name in _MEASURES[:-1]:
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


def _weighings(looked: Sequence[Units], spreads: Sequence[float], seed: int) -> dict[str, Weighing]:
    found: dict[str, list[Any]] = {}
    for units, unit in zip(looked, spreads, strict=True):
        for one in other_weights(units, unit, seed=seed):
            found.setdefault(one.group, []).append(one)
    return {
        group: Weighing(
            pairs=len(ones),
            flatness=float(np.mean([one.flatness for one in ones])),
            permuted=float(np.median([one.permuted for one in ones])),
            divergence=float(np.mean([one.divergence for one in ones])),
        )
        for group, ones in found.items()
    }


def _planted(explainer: Explainer, plan: Plan) -> tuple[dict[str, Planted], dict[str, Calibrated]]:
    """How well each method finds the known causes of held-out likes or posts, and each verdict foretells it."""
    first: dict[str, list[float]] = {}
    above: dict[str, list[float]] = {}
    pointed: dict[str, list[float]] = {}
    judged: dict[str, list[tuple[float, float]]] = {}
    for units, cause in planted_pairs(explainer, plan.pairs, plan.seed):
        boxed = torch.cat([torch.full((units.sizes[g.name],), g.kind == "region") for g in units.groups])
        weighed = weights_of(units, plan.seed + units.user)
        for name, weights in weighed.items():
            first.setdefault(name, []).append(_hit(weights, cause))
            above.setdefault(name, []).append(float(roc_auc_score(cause.numpy(), weights.double().numpy())))
            if (cause & boxed).any():
                pointed.setdefault(name, []).append(_hit(weights[boxed], cause[boxed]))
        shown = weighed.get("attention", weighed.get("contribution"))
        if shown is not None:
            badge = explainer.explain(units.user, units.item, units.until).verdict.badge
            judged.setdefault(badge, []).append((_hit(shown, cause), float(cause.double().mean())))
    marks = {
        name: Planted(
            pairs=len(hits),
            precision_at_1=float(np.mean(hits)),
            auc=float(np.mean(above[name])),
            pointing=float(np.mean(pointed[name])) if name in pointed else None,
        )
        for name, hits in first.items()
    }
    verdicts = {
        badge: Calibrated(
            pairs=len(ones), right=float(np.mean([hit for hit, _ in ones])), chance=float(np.mean([c for _, c in ones]))
        )
        for badge, ones in judged.items()
    }
    return marks, verdicts


def _hit(weights: Tensor, cause: Tensor) -> float:
    """Whether the strongest unit is a cause; of several that tie, the share that is."""
    return float(cause[weights >= weights.max()].double().mean())
