from __future__ import annotations

import pytest

from workbench.evaluation.learning import LearningCurve, LearningCurves
from workbench.training.run import Epoch, RunCard


def card(values: dict[int, float], **changes: object) -> RunCard:
    history = tuple(
        Epoch(epoch=e, loss=1 / e, validation={"AUC": values[e], "MRR": e} if e in values else {}, seconds=2.0)
        for e in range(1, 5)
    )
    whole = {"model": "bpr", "config": {"epochs": 10, "monitor": "AUC"}, "dataset": "d", "path": "..", "seed": 0}
    return RunCard.model_validate(whole | {"fingerprint": "f", "history": history, "best_epoch": 2} | changes)


def test_a_curve_tells_what_the_card_tells() -> None:
    curve = LearningCurve.of("mine", card({2: 0.7, 4: 0.6}))
    assert curve.epochs == (1, 2, 3, 4) and list(curve.loss) == [1.0, 0.5, pytest.approx(1 / 3), 0.25]
    assert curve.validation == {"AUC": (None, 0.7, None, 0.6), "MRR": (None, 2.0, None, 4.0)}
    assert curve.at_best("AUC") == 0.7 and curve.at_best("HR@5") is None
    assert curve.done == 0.4 and curve.remaining == 12.0
    assert LearningCurve.of("mine", card({}, finished=True)).done == 1.0
    assert LearningCurve.of("mine", card({}, history=())).remaining is None


def test_the_table_has_a_row_for_each_epoch_with_the_metrics_of_all() -> None:
    other = card({}, history=(Epoch(epoch=1, validation={"MSE": 2.0}, seconds=1.0),), model="svr", best_epoch=1)
    curves = LearningCurves.of({"one": card({2: 0.7}), "two": other})
    assert curves.metrics == ("AUC", "MRR", "MSE")
    rows = curves.rows()
    assert len(rows) == 5 and {tuple(row) for row in rows} == {tuple(rows[0])}
    assert rows[1] == {
        "run": "one", "model": "bpr", "epoch": 2, "kept": True, "loss": 0.5, "AUC": 0.7, "MRR": 2.0, "MSE": None
    }  # fmt: skip
    assert rows[-1]["MSE"] == 2.0 and rows[-1]["loss"] is None
