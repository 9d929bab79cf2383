"""How long an explanation takes: ``python -m benchmarks.forecast --run RUN [--run RUN ...] [--json]``.

For a popularity run a picture from outside is encoded, forecast and explained, with the removal of every region and
word; for a ranking run the best image of a user is explained. The floor is one scoring of the same pair.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.table import Row, as_json, markdown, median
from workbench import api
from workbench.explain.explainer import Explainer
from workbench.explain.popularity import forecast_picture
from workbench.features.pictures import read_picture

PAIRS = 30
TEXT = "In the garden, a large striped blue turtle and two red apples."


def questions(explainer: Explainer) -> list[Callable[[], object]]:
    """What is asked: one call for each of ``PAIRS`` users."""
    data = explainer.dataset
    users = torch.randperm(len(data.users), generator=torch.Generator().manual_seed(0))[:PAIRS].tolist()
    if explainer.model.task == "ranking":
        pairs = [(user, data.items.code(explainer.recommend(user, 1)[0].item)) for user in users]
        return [lambda pair=pair: explainer.explain(*pair) for pair in pairs]  # type: ignore[misc]
    path = next(path for path in map(data.image_path, range(len(data.items))) if path is not None)
    pixels = read_picture(path)
    return [lambda user=user: forecast_picture(explainer, user, pixels, TEXT) for user in users]  # type: ignore[misc]


def rows(run: Path) -> list[Row]:
    """Milliseconds for one run."""
    explainer = api.explainer(run)
    asked = questions(explainer)
    asked[0]()
    spent = []
    for question in asked:
        began = time.perf_counter()
        question()
        spent.append(1000 * (time.perf_counter() - began))
    once = 1000 * median(lambda: explainer.score(0, 0), 10)
    what = "explanation" if explainer.model.task == "ranking" else "forecast of an own picture"
    return [
        Row(f"{what}, {run.name}, median of {PAIRS}, ms", statistics.median(spent), once, "one score"),
        Row(f"{what}, {run.name}, slowest, ms", max(spent), once, "one score"),
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    found = [row for run in arguments.run for row in rows(run)]
    print(as_json(found) if arguments.json else markdown(found))


if __name__ == "__main__":
    main()
