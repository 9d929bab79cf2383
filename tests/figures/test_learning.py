from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.evaluation.learning import LearningCurve, LearningCurves
from workbench.figures.export import save
from workbench.figures.learning import SCALES, learning_figure, learning_plotly
from workbench.figures.runmarks import run_marks
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH


def curve(run: str, **changes: Any) -> LearningCurve:
    whole: dict[str, Any] = {
        "run": run, "model": "bpr", "epochs": (1, 2, 3), "loss": (0.7, 0.5, 0.4),
        "validation": {"AUC": (None, 0.6, 0.7)}, "best": 3, "planned": 5, "monitor": "AUC", "seconds": 1.0,
        "finished": False,
    }  # fmt: skip
    return LearningCurve.model_validate(whole | changes)


CURVES = LearningCurves(runs=(curve("one"), curve("<b>two</b>", best=2), curve("at once", loss=(None,) * 3)))


@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_paper_shows_every_value_and_marks_the_epoch_kept(width: float, theme: Any) -> None:
    figure = learning_figure(CURVES, "world", width=width, theme=theme)
    loss, metric = [axes for axes in figure.axes if axes.get_xlabel() == "epoch"]
    assert [np.asarray(line.get_ydata()).tolist() for line in loss.lines] == [[0.7, 0.5, 0.4]] * 2
    drawn = [(np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()) for line in metric.lines]
    assert drawn[:4] == [([2, 3], [0.6, 0.7]), ([3], [0.7]), ([2, 3], [0.6, 0.7]), ([2], [0.6])]
    assert figure.get_size_inches()[0] == width


def test_the_screen_shows_the_same_and_escapes_names() -> None:
    figure = learning_plotly(CURVES, "world")
    values = [list(trace.y) for trace in figure.data]
    assert values == [[0.7, 0.5, 0.4]] * 2 + [[0.6, 0.7]] * 3
    assert "<b>two" not in figure.data[1].name and "(kept)" in figure.data[3].hovertext[0]


def test_losses_of_different_models_are_said_not_to_compare() -> None:
    def words(curves: LearningCurves) -> str:
        return " ".join(text.get_text() for text in learning_figure(curves).texts)

    assert SCALES not in words(CURVES)
    assert SCALES in words(LearningCurves(runs=(curve("one"), curve("two", model="hasc"))))


def test_no_epoch_yet_and_one_alone_are_drawn(tmp_path: Any) -> None:
    none = curve("new", epochs=(), loss=(), validation={}, best=0)
    one = curve("once", epochs=(1,), loss=(None,), validation={"AUC": (0.6,)}, best=1)
    for curves in (LearningCurves(runs=(none,)), LearningCurves(runs=(one,))):
        save(learning_figure(curves), tmp_path / "one", ["png", "svg", "pdf"])
        save(learning_plotly(curves), tmp_path / "one", ["html"])


def test_twenty_runs_all_look_different() -> None:
    marks = run_marks([str(number) for number in range(20)])
    assert len({(mark.hue, mark.symbol, mark.dash) for mark in marks}) == 20
