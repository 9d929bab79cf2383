"""Do verdicts tell right from wrong? python -m benchmarks.verdicts --data DATA [--runs DIR] [--likes N].

Thresholds of the rules are tried on training likes (posts) with a known cause, and what they are worth is told on
held-out ones, which no threshold has seen. A rule is worth how well its verdict (supported, partly, anything else)
ranks explanations that are right above those that are wrong: the area under the curve of each run, averaged over runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from workbench import api
from workbench.explain.attribution import attributions
from workbench.explain.audit.marks import calibrated, graded, separation, shown_of
from workbench.explain.audit.pairs import planted_pairs
from workbench.explain.units import Units
from workbench.explain.verdict import RULES, Rules
from workbench.training.run import Run

TRIED = {"flat": (0.95, 0.98, 0.995, 1.01), "clear": (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)}
"""Thresholds that are tried together, see ``Rules``."""
FEWEST = 5
"""Right, and wrong, explanations below which a run says nothing of a rule."""
RANKS = {"supported": 2, "partly": 1}


@dataclass(frozen=True, eq=False)
class Case:
    """An explanation whose cause is known: units, cost of each, whether the first is the cause, and chance."""

    units: Units
    cost: Tensor
    right: float
    chance: float


def main() -> None:
    """Choose on training likes, and report on held-out ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--likes", type=int, default=300, help="training and held-out likes of each run, at most")
    arguments = parser.parse_args()
    learned, held = {}, {}
    for run in Run.all(arguments.runs or arguments.data / "runs"):
        found = [list(cases(run, arguments.likes, learned=known)) for known in (True, False)]
        if all(found):
            learned[run.name], held[run.name] = found
            print(f"{run.name}: {len(found[0])} training, {len(found[1])} held-out", flush=True)
    tried = [Rules(flat=flat, clear=clear) for flat, clear in product(TRIED["flat"], TRIED["clear"])]
    best = max(tried, key=lambda rules: worth(learned, rules))
    named = {"before margins": Rules(clear=1.0), "in use": RULES, "best on training likes": best}
    print("\n| rules | " + " | ".join(TRIED) + " | training likes | held-out likes |")
    print("| --- |" + " --- |" * (len(TRIED) + 2))
    for name, rules in named.items():
        numbers = [str(asdict(rules)[key]) for key in TRIED]
        print(f"| {name} | {' | '.join(numbers)} | {worth(learned, rules):.3f} | {worth(held, rules):.3f} |")
    print("\n| run | verdict | held-out | right [95 %] | chance | supported less others [95 %] |")
    print("| --- | --- | ---: | --- | ---: | --- |")
    for name, some in held.items():
        print("\n".join(rows(name, some)))


def cases(run: Run, count: int, *, learned: bool) -> Iterator[Case]:
    """Explanations of training, or held-out, likes (posts) whose cause is among the units of what the run shows."""
    explainer = api.explainer(run)
    if not explainer.groups:
        return
    for units, cause in planted_pairs(explainer, count, 0, learned=learned):
        shown = shown_of(units)
        if shown is None:
            return
        cost = attributions(units, ("leave_one_out",))["leave_one_out"].cpu()
        right = float(cause[shown >= shown.max()].double().mean())
        yield Case(units, cost, right, float(cause.double().mean()))


def worth(found: dict[str, list[Case]], rules: Rules) -> float:
    """The area under the curve of each run, averaged over those with enough right and wrong explanations."""
    areas = []
    for some in found.values():
        right = np.array([case.right > 0.5 for case in some])
        if min(right.sum(), (~right).sum()) >= FEWEST:
            ranks = [RANKS.get(graded(case.units, case.cost, rules).badge, 0) for case in some]
            areas.append(roc_auc_score(right, ranks))
    return float(np.mean(areas))


def rows(run: str, some: Sequence[Case]) -> Iterator[str]:
    """A row of the table for each verdict of a run."""
    table = pd.DataFrame(
        [{"badge": graded(case.units, case.cost).badge, "right": case.right, "chance": case.chance} for case in some]
    )
    for badge, part in table.groupby("badge"):
        one, others = calibrated(part), table[table["badge"] != badge]
        gap = separation(part, others) if badge == "supported" else None
        told = "" if gap is None else f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}]"
        share = f"{one.right:.2f} [{one.low:.2f}, {one.high:.2f}]"
        yield f"| `{run}` | {badge} | {one.pairs} | {share} | {one.chance:.2f} | {told} |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
