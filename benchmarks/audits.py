"""What attention is worth in every run that has an audit: python -m benchmarks.audits --data DATA [--json].

Reads the newest finished audit of each run (make them with ``workbench audit RUN``) and prints four tables: measures,
sensitivity of each method, planted causes found within each level, and how often each verdict is right; with
``--json`` the last three as numbers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from workbench.explain.audit.kept import newest, parameters_of
from workbench.explain.audit.reading import beats_chance
from workbench.explain.audit.result import Audit
from workbench.explain.audit.tables import calibration_table, planted_table
from workbench.explain.explanation import Badge
from workbench.training.run import Run

HEADS = (
    "run",
    "pairs (left out)",
    "flatness",
    "gain of attention [95 %]",
    "of exact shares",
    "of leave-one-out",
    "of Shapley values",
    "planted cause first: attention, best method, chance",
    "s",
)
METHODS = (
    "attention",
    "contribution",
    "integrated_gradients",
    "gradient_x_gate",
    "leave_one_out",
    "shapley",
    "random",
    "uniform",
)
"""Columns of the table of sensitivity."""
LEVELS = ("run", "level", "n", "cause first within it: attention", "best method", "chance")
VERDICTS = ("run", "verdict", "n", "right [95 %]", "chance", "supported less others [95 %]")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--json", action="store_true", help="print all but the measures as JSON, and nothing else")
    arguments = parser.parse_args()
    runs = Run.all(arguments.runs or arguments.data / "runs")
    newest_of = (newest(run.path, parameters_of(run.path), run.card.fingerprint) for run in runs)
    audits = [found for found in newest_of if found is not None]
    if arguments.json:
        causes = [row for found in audits for row in planted_table(found).rows() if row["kind"] == "method"]
        sensitivity = {found.run: _sensitivity(found) for found in audits}
        told = {"causes": causes, "verdicts": calibration_table(audits).rows(), "sensitivity": sensitivity}
        print(json.dumps(told, indent=1))
        return
    _print(HEADS, map(_cells, audits))
    _print(("run", *(name.replace("_", " ") for name in METHODS)), map(_sensitive, audits))
    _print(LEVELS, (cells for found in audits for cells in _levels(found)))
    _print(VERDICTS, (cells for found in audits for cells in _verdicts(found)))


def _print(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    for cells in (heads, ["---"] * len(heads), *rows):
        print(f"| {' | '.join(cells)} |")
    print()


def _sensitivity(found: Audit) -> dict[str, float]:
    return {name: told["sensitivity"] for name, told in found.methods.items() if "sensitivity" in told}


def _sensitive(found: Audit) -> list[str]:
    told = _sensitivity(found)
    return [f"`{found.run}`", *(f"{told[name]:.2f}" if name in told else "-" for name in METHODS)]


def _levels(found: Audit) -> Iterator[list[str]]:
    for level, told in found.levels.items():
        best = max((name for name in told if name not in found.controls), key=lambda name: told[name].precision_at_1)
        attention = f"{told['attention'].precision_at_1:.2f}" if "attention" in told else "-"
        names = (f"{told[best].precision_at_1:.2f} ({best.replace('_', ' ')})", f"{told['uniform'].precision_at_1:.2f}")
        yield [f"`{found.run}`", level, str(told[best].pairs), attention, *names]


def _verdicts(found: Audit) -> Iterator[list[str]]:
    for badge in get_args(Badge):
        if badge in found.verdicts:
            one, gap = found.verdicts[badge], found.separation if badge == "supported" else None
            apart = "" if gap is None else f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}]"
            share = f"{one.right:.2f} [{one.low:.2f}, {one.high:.2f}]"
            yield [f"`{found.run}`", badge, str(one.pairs), share, f"{one.chance:.2f}", apart]


def _cells(found: Audit) -> list[str]:
    return [
        f"`{found.run}`",
        f"{found.pairs} ({found.excluded})",
        "-" if found.flatness is None else f"{found.flatness:.2f}",
        _gain(found, "attention", spread=True),
        *(_gain(found, method) for method in ("contribution", "leave_one_out", "shapley")),
        _planted(found),
        f"{found.seconds:.0f}",
    ]


def _gain(found: Audit, method: str, *, spread: bool = False) -> str:
    if method not in found.intervals:
        return "-"
    gap = found.intervals[method]["comprehensiveness"]
    text = f"{gap.mean:+.2f}" + (f" [{gap.low:+.2f}, {gap.high:+.2f}]" if spread else "")
    return f"**{text}**" if spread and beats_chance(found, method) else text


def _planted(found: Audit) -> str:
    if not found.planted:
        return "-"
    told = {name: one.precision_at_1 for name, one in found.planted.items() if name not in found.controls}
    best = max(told, key=lambda name: told[name])
    attention = f"{told['attention']:.2f}" if "attention" in told else "-"
    chance = found.planted["uniform"].precision_at_1
    return f"{attention}, {told[best]:.2f} ({best.replace('_', ' ')}), {chance:.2f} (n = {found.planted[best].pairs})"


if __name__ == "__main__":
    main()
