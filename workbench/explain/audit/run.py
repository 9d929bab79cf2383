"""The audit of a run: pairs are looked into one by one, in parts that are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.audit.attention import other_weights
from workbench.explain.audit.kept import FOLDER, RESULT, key, write_part
from workbench.explain.audit.look import COLUMNS, looked
from workbench.explain.audit.marks import COLUMNS as MARKS
from workbench.explain.audit.marks import marked
from workbench.explain.audit.pairs import planted_pairs, shown_pairs, spreads
from workbench.explain.audit.randomise import randomise
from workbench.explain.audit.result import Audit, Fewer, Weighing
from workbench.explain.audit.sensitivity import sensitivity
from workbench.explain.audit.together import read_pairs
from workbench.explain.audit.whole import whole
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
KINDS, FEWER = ("shown", "planted"), ("weights", "nearby", "random")
"""Parts of the pairs, and what is asked of fewer of them."""
SAID = {
    "shown": "removing evidence of explanations",
    "planted": "marking planted causes",
    "weights": "trying other attention",
    "nearby": "asking with a little less evidence",
    "random": "making parameters random",
}
"""What is said meanwhile."""


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
    tell, folder = report or silent, home(explainer, folder, plan)
    if (folder / RESULT).is_file():
        return Audit.model_validate_json((folder / RESULT).read_text(encoding="utf-8"))
    pairs = work(explainer, folder, plan, tell, shard)
    paths = _parts(folder, len(pairs))
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise DataError(f"{folder} lacks {len(missing)} parts of other shards: audit again when they are done")
    tables = {kind: [pd.read_parquet(path) for path in paths if path.stem.startswith(kind)] for kind in KINDS}
    few = [Fewer.model_validate_json(path.read_text(encoding="utf-8")) for path in paths if path.suffix == ".json"]
    found = whole(explainer, plan, tables, few, len(pairs))
    write_text(folder / RESULT, found.model_dump_json(indent=1))
    tell(1.0, "done")
    return found


def silent(share: float, message: str) -> None:
    """Tell nobody."""


def home(explainer: Explainer, folder: Path, plan: Plan) -> Path:
    """Where in a folder, for a run its own, the audit of a plan is kept."""
    return folder / FOLDER / key(explainer, plan)


def work(explainer: Explainer, folder: Path, plan: Plan, tell: Report, shard: tuple[int, int]) -> list[tuple[int, int]]:
    """Make the parts of a shard that are not there: explanations people are shown, and likes whose cause is known.

    Args:
        explainer: see ``audit``; ``folder`` that of the one audit.
        folder: see above.
        plan: see above.
        tell: told about the progress.
        shard: (this one, how many).

    Returns:
        The pairs of all shards, user and image codes.

    Raises:
        DataError: the model has no evidence, or none that can be removed as planned.
    """
    if not explainer.groups:
        raise DataError(f"{explainer.model.name} reads no evidence, so it has no explanations to audit")
    if plan.removal == "blurred":
        explainer.pictures.check(group for group in explainer.groups.values() if group.within is None)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = shown_pairs(explainer, plan.pairs, plan.seed)
    causes = _Causes(explainer, plan)
    paths = _parts(folder, len(pairs))
    for number in range(shard[0], len(paths), shard[1]):
        path, began = paths[number], time.process_time()
        if path.is_file():
            continue
        kind, _, part = path.stem.partition("-")
        some = slice(PART * int(part), PART * (int(part) + 1))
        tell(0.95 * number / len(paths), SAID[kind])
        if kind in FEWER:
            few = _fewer(explainer, pairs, plan, kind)
            write_text(path, few.model_copy(update={"seconds": time.process_time() - began}).model_dump_json())
            continue
        if kind == "shown":
            table = pd.DataFrame(_shown(explainer, pairs[some], plan), columns=list(COLUMNS))
        else:
            rows = [row for pair in causes.part(some) for row in marked(explainer, *pair, plan.seed)]
            table = pd.DataFrame(rows, columns=list(MARKS))
        table.attrs["seconds"] = time.process_time() - began
        write_part(path, table)
    return pairs


def _shown(explainer: Explainer, pairs: Sequence[tuple[int, int]], plan: Plan) -> list[dict[str, Any]]:
    """A part of the explanations people are shown."""
    read = read_pairs(explainer, [(*pair, None) for pair in pairs], plan.removal)
    told = zip(read, spreads(explainer, [user for user, _ in pairs]), strict=True)
    return [row for units, unit in told for row in looked(explainer, units, unit, plan.k, plan.seed)]


class _Causes:
    """The likes (posts) whose cause is known, found as far as they are asked for."""

    def __init__(self, explainer: Explainer, plan: Plan) -> None:
        self._rest = planted_pairs(explainer, plan.pairs, plan.seed, plan.removal)
        self._found: list[tuple[Units, Tensor]] = []

    def part(self, some: slice) -> list[tuple[Units, Tensor]]:
        self._found += islice(self._rest, max(0, some.stop - len(self._found)))
        return self._found[some]


def _parts(folder: Path, pairs: int) -> list[Path]:
    """The files of all parts: as many of planted causes as of explanations shown, beside what is asked of fewer."""
    count = -(-pairs // PART)
    tables = [folder / f"{kind}-{n:03}.parquet" for kind in KINDS for n in range(count)]
    return [*(folder / f"{kind}-000.json" for kind in FEWER), *tables]


def _fewer(explainer: Explainer, pairs: Sequence[tuple[int, int]], plan: Plan, kind: str) -> Fewer:
    """What is asked of the first pairs alone."""
    count = DEEPER if kind == "random" else DEEPEST
    read = read_pairs(explainer, [(*pair, None) for pair in pairs[:DEEPER]], plan.removal)
    chosen = [units for units in read if len(units) > 1][:count]
    if kind == "nearby":
        return Fewer(sensitivity=_sensitivities(chosen, plan))
    told = spreads(explainer, [units.user for units in chosen])
    if kind == "random":
        return Fewer(random=randomise(chosen, told, plan.seed))
    return Fewer(weights=_weighings([replace(units, removal="deleted") for units in chosen], told, plan.seed))


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
