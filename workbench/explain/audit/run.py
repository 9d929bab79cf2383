"""The audit of a run: pairs are looked into one by one, in parts that are kept, and put together."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.errors import DataError
from workbench.explain.audit.attention import other_weights
from workbench.explain.audit.curves import CURVE
from workbench.explain.audit.kept import FOLDER, RESULT, digest, key, write_part
from workbench.explain.audit.look import COLUMNS, CONTROLS, COURSES, MEASURES, looked
from workbench.explain.audit.marks import COLUMNS as MARKS
from workbench.explain.audit.marks import marked, marks
from workbench.explain.audit.pairs import planted_pairs, shown_pairs, spread
from workbench.explain.audit.randomise import randomise
from workbench.explain.audit.reading import reading
from workbench.explain.audit.result import HIGHER, Audit, Curve, Fewer, Interval, Weighing, Within
from workbench.explain.audit.sensitivity import sensitivity
from workbench.explain.explainer import Explainer
from workbench.explain.held import RemovalKind
from workbench.explain.units import Units
from workbench.training.run import write_text

Report = Callable[[float, str], None]
"""Told how much of an audit is done, 0..1, and what is being done."""
PART = 20
"""Pairs of a part: an audit that was stopped loses at most so many."""
DEEPER, DEEPEST = 40, 10
"""Pairs for the randomised parameters, and for the search for other weights."""
FEWER = {
    "weights": "trying other attention",
    "nearby": "asking with a little less evidence",
    "random": "making parameters random",
}
"""What is asked of fewer pairs, by what is said meanwhile."""


@dataclass(frozen=True)
class Plan:
    """What an audit looks at.

    Attributes:
        pairs: explanations to look into, and as many planted ones.
        k: length of the list an image may drop out of.
        seed: of all that is drawn.
        removal: what stands in the place of what is removed: deleted, zeroed or mean, see ``workbench.explain.held``.
    """

    pairs: int = 200
    k: int = 10
    seed: int = 0
    removal: RemovalKind = "deleted"


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
        DataError: the model has no evidence, or none that can be removed as planned, or no pair has two pieces of it.
    """
    tell, folder = report or (lambda _share, _message: None), home(explainer, folder, plan)
    if (folder / RESULT).is_file():
        return Audit.model_validate_json((folder / RESULT).read_text(encoding="utf-8"))
    work(explainer, folder, plan, tell, shard)
    pairs = len(shown_pairs(explainer, plan.pairs, plan.seed))
    missing = [path for path in _parts(folder, pairs) if not path.is_file()]
    if missing:
        raise DataError(f"{folder} lacks {len(missing)} parts of other shards: audit again when they are done")
    return _together(explainer, plan, folder, tell, pairs)


def home(explainer: Explainer, folder: Path, plan: Plan) -> Path:
    """Where in a folder, for a run its own, the audit of a plan is kept."""
    return folder / FOLDER / key(explainer, plan)


def work(explainer: Explainer, folder: Path, plan: Plan, tell: Report, shard: tuple[int, int]) -> None:
    """Make the parts of a shard that are not there: explanations people are shown, and likes whose cause is known.

    Args:
        explainer: see ``audit``; ``folder`` that of the one audit.
        folder: see above.
        plan: see above.
        tell: told about the progress.
        shard: (this one, how many).

    Raises:
        DataError: the model has no evidence, or none that can be removed as planned.
    """
    if not explainer.groups:
        raise DataError(f"{explainer.model.name} reads no evidence, so it has no explanations to audit")
    if plan.removal == "blurred":
        explainer.pictures.check(group for group in explainer.groups.values() if group.within is None)
    folder.mkdir(parents=True, exist_ok=True)
    pairs, causes = shown_pairs(explainer, plan.pairs, plan.seed), None
    paths = _parts(folder, len(pairs))
    for number in range(shard[0], len(paths), shard[1]):
        path, began = paths[number], time.process_time()
        if path.is_file():
            continue
        kind, _, part = path.stem.partition("-")
        done, first, rows = 0.95 * number / len(paths), PART * int(part), []
        if kind in FEWER:
            tell(done, FEWER[kind])
            found = _fewer(explainer, pairs, plan, kind)
            write_text(path, found.model_copy(update={"seconds": time.process_time() - began}).model_dump_json())
            continue
        if kind == "shown":
            for place in range(first, min(first + PART, len(pairs))):
                tell(done, f"removing evidence of {len(pairs)} explanations")
                rows += looked(explainer, *pairs[place], plan.k, plan.seed, plan.removal)
            table = pd.DataFrame(rows, columns=list(COLUMNS))
        else:
            causes = causes or list(planted_pairs(explainer, plan.pairs, plan.seed, plan.removal))
            tell(done, "marking planted causes")
            for units, cause in causes[first : first + PART]:
                rows += marked(explainer, units, cause, plan.seed)
            table = pd.DataFrame(rows, columns=list(MARKS))
        table.attrs["seconds"] = time.process_time() - began
        write_part(path, table)


def _parts(folder: Path, pairs: int) -> list[Path]:
    """The files of all parts: as many of planted causes as of explanations shown, beside what is asked of fewer."""
    count = -(-pairs // PART)
    tables = [folder / f"{kind}-{n:03}.parquet" for kind in ("shown", "planted") for n in range(count)]
    return [*(folder / f"{kind}-000.json" for kind in FEWER), *tables]


def _read(folder: Path, kind: str) -> list[pd.DataFrame]:
    return [pd.read_parquet(path) for path in sorted(folder.glob(f"{kind}-*.parquet"))]


def _together(
    explainer: Explainer,
    plan: Plan,
    folder: Path,
    tell: Report,
    pairs: int,
) -> Audit:
    """The audit, from its parts and what is asked of fewer pairs."""
    shown, causes = (_read(folder, kind) for kind in ("shown", "planted"))
    table = pd.concat(shown, ignore_index=True)
    if table.empty:
        raise DataError(
            f"no explanation of {explainer.model.name} has two pieces of evidence, so none can be right or wrong"
        )
    few = [Fewer.model_validate_json((folder / f"{kind}-000.json").read_text(encoding="utf-8")) for kind in FEWER]
    began = time.process_time()
    known = marks(causes)
    seconds = sum(one.seconds for one in few) + sum(float(part.attrs["seconds"]) for part in (*shown, *causes))
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
        **known,
    }
    found = Audit(**told, verdict="", seconds=seconds + time.process_time() - began)
    found = found.model_copy(update={"verdict": reading(found)})
    write_text(folder / RESULT, found.model_dump_json(indent=1))
    tell(1.0, "done")
    return found


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


def _fewer(explainer: Explainer, pairs: Sequence[tuple[int, int]], plan: Plan, kind: str) -> Fewer:
    """What is asked of the first pairs alone."""
    count = DEEPER if kind == "random" else DEEPEST
    read = [explainer.units(user, item, removal=plan.removal) for user, item in pairs[:DEEPER]]
    chosen = [units for units in read if len(units) > 1][:count]
    spreads = [spread(explainer, units.user) for units in chosen]
    if kind == "random":
        return Fewer(random=randomise(chosen, spreads, plan.seed))
    if kind == "nearby":
        return Fewer(sensitivity=_sensitivities(chosen, plan))
    return Fewer(weights=_weighings([replace(units, removal="deleted") for units in chosen], spreads, plan.seed))


def _sensitivities(looked: Sequence[Units], plan: Plan) -> dict[str, float]:
    """Means over the pairs; none where every fainter picture would have to be encoded for every method."""
    if plan.removal == "blurred":
        return {}
    means = pd.DataFrame([sensitivity(units, seed=plan.seed) for units in looked]).mean()
    return {str(name): float(mean) for name, mean in means.items()}


def _weighings(looked: Sequence[Units], spreads: Sequence[float], seed: int) -> dict[str, Weighing]:
    found: dict[str, list[Any]] = {}
    for one in other_weights(looked, spreads, seed=seed):
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
