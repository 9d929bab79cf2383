"""Which causes a run's exact shares find, and how little it takes to change its mind: ``python -m benchmarks.reasons``.

For likes whose cause was planted: how often the cause has the largest share, by the group it belongs to. For the best
images of users: how many pieces of evidence have to go until the image is none of the first ten. With ``--common``
instead: the same held-out likes for every run, caused by a creator, a followed person or an upload; a run that has no
evidence for a cause has not found it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor

from workbench import api
from workbench.explain.audit.pairs import held_out, moment_of, planted, planted_pairs, shown_pairs
from workbench.explain.counterfactual import Removed, drop_out
from workbench.explain.explainer import Explainer
from workbench.explain.pointing_game import pair_codes
from workbench.explain.units import Units

FIRST = 10
CAUSES = ("creator", "follows", "uploads")


def found(explainer: Explainer, count: int) -> dict[str, tuple[float, int]]:
    """By group of the planted cause: how often its share is the largest, and of how many likes."""
    hits: Counter[str] = Counter()
    likes: Counter[str] = Counter()
    for units, cause in planted_pairs(explainer, count, 0):
        if units.contribution is None:
            raise SystemExit(f"{explainer.model.name} has no exact shares: choose a run of an additive model.")
        group = units.place(int(cause.nonzero()[0]))[0]
        likes[group] += 1
        hits[group] += bool(cause[int(units.contribution.argmax())])
    return {group: (hits[group] / of, of) for group, of in likes.items()}


def of_all(explainer: Explainer, count: int) -> tuple[list[bool], list[bool]]:
    """For each of the same ``count`` likes: whether the cause is first by attention, and by exact shares."""
    causes = held_out(explainer.dataset, "ranking")
    causes = causes[causes["aspect"].isin(CAUSES)]
    attended: list[bool] = []
    added: list[bool] = []
    for row in np.random.default_rng(0).permutation(len(causes))[:count].tolist():
        cause = causes.iloc[[row]]
        users, items = pair_codes(explainer.dataset, cause)
        units = explainer.units(int(users[0]), int(items[0]), moment_of(explainer, int(users[0]), int(items[0])))
        mask = planted(explainer, units, cause)
        attended.append(_first(units.attention, mask))
        added.append(_first(units.contribution, mask))
    return attended, added


def _first(weights: Tensor | None, cause: Tensor) -> bool:
    """Whether what weighs most is the cause, among the units of (n,) both."""
    if weights is None or not len(cause):
        return False
    return bool(cause[int(weights.nan_to_num(-np.inf).argmax())])


def common(runs: list[Path], count: int) -> None:
    """Print how often each run names the cause, of the same likes, and how far it is from the first run."""
    print("| run | likes | cause first by attention | by exact shares | better of both, against the first: p |")
    print("| --- | ---: | ---: | ---: | ---: |")
    reference = None
    for run in runs:
        attended, added = of_all(api.explainer(run), count)
        best = np.array(max(attended, added, key=sum))
        reference = best if reference is None else reference
        only = int((best & ~reference).sum()), int((reference & ~best).sum())
        p = f"{binomtest(only[0], sum(only)).pvalue:.2g}" if sum(only) else ""
        print(f"| {run.name} | {len(best)} | {np.mean(attended):.3f} | {np.mean(added):.3f} | {p} |")


def sizes(explainer: Explainer, count: int) -> list[int]:
    """Sizes of the smallest sets without which an image is none of the first ten."""
    taken = []
    for user, item in shown_pairs(explainer, count, 0):
        known = explainer.known.row(user)

        def new(scores: Tensor, known: Tensor = known) -> Tensor:
            return scores.index_fill(1, known, -torch.inf)

        change = drop_out(
            Units.of(explainer.model, user, item), new, lambda group, i: Removed(group=group, id=i, label=str(i)), FIRST
        )
        if change.found:
            taken.append(len(change.removed))
    return taken


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--likes", type=int, default=400, help="likes with a planted cause")
    parser.add_argument("--images", type=int, default=40, help="images to drop")
    parser.add_argument("--common", action="store_true", help="the same likes for all runs")
    asked = parser.parse_args()
    if asked.common:
        common(asked.run, asked.likes)
        return
    print("| run | cause by group: first (of) | sets found | median size | quartiles |")
    print("| --- | --- | ---: | ---: | ---: |")
    for run in asked.run:
        explainer = api.explainer(run)
        causes = found(explainer, asked.likes)
        told = ", ".join(f"{group} {share:.2f} ({of})" for group, (share, of) in causes.items())
        taken = sizes(explainer, asked.images)
        low, middle, high = np.percentile(taken, [25, 50, 75]) if taken else (np.nan,) * 3
        print(f"| {run.name} | {told} | {len(taken)} of {asked.images} | {middle:g} | {low:g}-{high:g} |")


if __name__ == "__main__":
    main()
