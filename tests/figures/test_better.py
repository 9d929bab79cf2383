from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.evaluation.comparison import RunComparison, compare_runs
from workbench.evaluation.result import Evaluation
from workbench.figures import better
from workbench.figures.export import save
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH


def comparison(runs: int) -> RunComparison:
    rng, found = np.random.default_rng(0), {}
    for number in range(runs):
        values = {name: rng.random(40) + number / 10 for name in ("HR@5", "NDCG@5", "HR@10", "NDCG@10", "AUC")}
        found[f"<i>run {number}</i>"] = Evaluation(
            model="bpr", dataset="d", protocol="full", candidates=9.0, draws=1, seed=0, split="test", users=40,
            metrics={}, groups=(), coverage={}, seconds=1.0, user_codes=np.arange(40), per_user=values,
        )  # fmt: skip
    return compare_runs(found, {name: {} for name in found}, np.arange(40), "NDCG@10")


@pytest.mark.parametrize("name", ["metrics", "differences", "groups"])
@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_drawn_on_paper_and_on_the_screen(name: str, width: float, theme: Any, tmp_path: Any) -> None:
    found = comparison(3)
    figure = getattr(better, f"{name}_figure")(found, width=width, theme=theme)
    assert figure.get_size_inches()[0] == width
    save(figure, tmp_path / name, ["png", "svg", "pdf"])
    screen = getattr(better, f"{name}_plotly")(found, theme=theme)
    assert all("<i>run" not in str(note.text) for note in screen.layout.annotations)


def test_the_main_metric_stands_beside_others_of_its_cut_off() -> None:
    words = [note.text.replace("<br>", " ") for note in better.metrics_plotly(comparison(2)).layout.annotations]
    titles = [text.split(" (")[0] for text in words if text.endswith("(higher is better)")]
    assert titles == ["NDCG@10", "HR@10", "AUC"]


def test_the_numbers_drawn_are_those_of_the_comparison() -> None:
    found = comparison(3)
    drawn = [trace.x for trace in better.differences_plotly(found).data if trace.hovertext]
    assert list(drawn[0]) == [pair.tested.difference for pair in found.pairs]
    assert list(drawn[1]) == [pair.adjusted for pair in found.pairs]


def test_one_run_has_no_difference() -> None:
    with pytest.raises(ValueError, match="choose another one beside it"):
        better.differences_figure(comparison(1))
