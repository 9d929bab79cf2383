"""What attention is worth in every run that has an audit: python -m benchmarks.audits --data DATA [--runs DIR].

Reads the newest finished audit of each run (make them with ``workbench audit RUN``) and prints one table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.explain.audit.kept import newest, parameters_of
from workbench.explain.audit.reading import beats_chance
from workbench.explain.audit.result import Audit
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    arguments = parser.parse_args()
    print("| " + " | ".join(HEADS) + " |")
    print("| " + " | ".join("---" for _ in HEADS) + " |")
    for run in Run.all(arguments.runs or arguments.data / "runs"):
        found = newest(run.path, parameters_of(run.path), run.card.fingerprint)
        if found is not None:
            print(_row(found))


def _row(found: Audit) -> str:
    cells = [
        f"`{found.run}`",
        f"{found.pairs} ({found.excluded})",
        "-" if found.flatness is None else f"{found.flatness:.2f}",
        _gain(found, "attention", spread=True),
        *(_gain(found, method) for method in ("contribution", "leave_one_out", "shapley")),
        _planted(found),
        f"{found.seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


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
