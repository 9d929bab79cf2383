"""Mark a run's maps against planted causes: ``python -m benchmarks.pointing --run RUN [--run RUN ...] [--json]``.

For every run the pointing game and the energy inside the planted box (docs/regions.md), by attention and by removal,
beside random, uniform and centre controls; for models that read captions also by words. For Ante-RNN the words and
regions of past likes, the words of the image liked next, hours and topics (docs/words.md).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from workbench import api
from workbench.explain.moment_marks import mark_hours, mark_liked, mark_recommended, mark_topics
from workbench.explain.pointing import mark_regions, mark_words
from workbench.models.anternn import AnteRNN


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="run folder; may be repeated")
    parser.add_argument("--data", type=Path, help="dataset folder, where it is not where the run's card says")
    parser.add_argument("--most", type=int, default=400, help="pairs whose regions are removed one by one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found, further = [], []
    for run in arguments.run:
        explainer = api.explainer(run, arguments.data)
        marks = []
        if isinstance(explainer.model, AnteRNN):
            read = [name for name in ("words", "regions") if name in explainer.groups]
            marks += [(f"{name} of past likes", mark) for name in read for mark in mark_liked(explainer, name)]
            if "caption" in explainer.groups:
                marks += [("words of the next image", mark) for mark in mark_recommended(explainer)]
            if "factors" in explainer.groups:
                further.append({"run": run.name, "of": "hours", **mark_hours(explainer).model_dump()})
            if "topics" in explainer.groups:
                further.append({"run": run.name, "of": "topics", **mark_topics(explainer).model_dump()})
        elif explainer.model.features is not None:
            marks += [("regions", mark) for mark in mark_regions(explainer, arguments.most)]
        if explainer.model.texts is not None and explainer.model.task == "popularity":
            marks += [("words", mark) for mark in mark_words(explainer)]
        found += [{"run": run.name, "of": what, **mark.model_dump()} for what, mark in marks]
    if arguments.json:
        print(json.dumps(found + further, indent=1))
        return
    print(pd.DataFrame(found).round(3).to_string(index=False))
    for line in further:
        print(line)


if __name__ == "__main__":
    main()
