"""The training loop: early stopping, faults in one sentence, several processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.training.loop import Progress, Training, TrainingError, train
from workbench.training.run import Run, RunError

FAST: dict[str, Any] = {"epochs": 6, "batch": 64, "learning_rate": 0.02}


def test_stops_early_and_keeps_the_best_epoch(toy: Dataset, tmp_path: Path) -> None:
    values = iter([0.1, 0.4, 0.3, 0.2, 0.1, 0.9])

    def validate(_model: object, _data: object) -> dict[str, float]:
        return {"NDCG@5": next(values)}

    seen: list[Progress] = []
    training = Training("bpr", toy.root, tmp_path / "run", FAST | {"patience": 2}, device="cpu")
    run = train(training, validate, seen.append)
    assert [p.best for p in seen] == [True, True, False, False]
    assert run.card.best_epoch == 2 and run.card.metrics == {"NDCG@5": 0.4} and run.card.finished
    assert len(run.card.history) == 4 and all(epoch.loss > 0 for epoch in run.card.history)
    best = Training("bpr", toy.root, tmp_path / "two", FAST | {"epochs": 2}, device="cpu")
    values = iter([0.1, 0.4])
    again = train(best, validate)
    users = torch.arange(5)
    torch.testing.assert_close(again.model(toy).score_items(users), run.model(toy).score_items(users), rtol=0, atol=0)


def test_a_loss_that_is_not_finite_stops_with_a_sentence(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="with a lower rate, for instance --set learning_rate="):
        api.train("bpr", toy.root, tmp_path / "run", device="cpu", **FAST | {"learning_rate": 1e30})


def test_taken_folder_missing_run_unknown_model_and_option(toy: Dataset, tmp_path: Path) -> None:
    api.train("bpr", toy.root, tmp_path / "run", device="cpu", **FAST)
    with pytest.raises(TrainingError, match="holds a run already"):
        api.train("bpr", toy.root, tmp_path / "run", device="cpu", **FAST)
    with pytest.raises(TrainingError, match="no run to resume"):
        api.train("bpr", toy.root, tmp_path / "none", device="cpu", resume=True)
    with pytest.raises(ValueError, match="there is no model 'bprr'"):
        api.train("bprr", toy.root, tmp_path / "x", device="cpu")
    with pytest.raises(ValueError, match="learningrate"):
        api.train("bpr", toy.root, tmp_path / "x", device="cpu", learningrate=1)
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_device_is_one_sentence(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no CUDA device is visible"):
        api.train("bpr", toy.root, tmp_path / "run", device="cuda", **FAST)


def test_resuming_a_finished_run_changes_nothing(toy: Dataset, tmp_path: Path) -> None:
    run = api.train("bpr", toy.root, tmp_path / "run", device="cpu", **FAST)
    again = api.train("bpr", toy.root, tmp_path / "run", device="cpu", resume=True)
    assert again.card == run.card and len(again.card.history) == 6


def test_run_refuses_other_data_and_broken_cards(toy: Dataset, tmp_path: Path) -> None:
    run = api.train("bpr", toy.root, tmp_path / "run", device="cpu", **FAST)
    card = json.loads((run.path / "card.json").read_text())
    (run.path / "card.json").write_text(json.dumps(card | {"fingerprint": "0" * 16}))
    with pytest.raises(RunError, match="with fingerprint 0000000000000000"):
        Run.open(run.path).model(toy)
    (run.path / "card.json").write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        Run.open(run.path)
    with pytest.raises(RunError, match="holds no run"):
        Run.open(tmp_path)


def test_two_processes_train_to_the_quality_of_one(toy: Dataset, tmp_path: Path) -> None:
    options = {
        "epochs": 15,
        "batch": 64,
        "learning_rate": 0.02,
        "warm_start": 3,
        "inputs": ("base", "auxiliary"),
        "patience": 99,
    }
    curves = []
    for devices in (1, 2):
        run = api.train("hasc", toy.root, tmp_path / f"run{devices}", seed=2, device="cpu", devices=devices, **options)
        curves.append([epoch.loss for epoch in run.card.history])
    assert len(curves[0]) == len(curves[1]) == 15
    assert curves[0][-1] < 0.7 * curves[0][0]
    assert curves[1][-1] == pytest.approx(curves[0][-1], rel=0.15)


def test_a_model_that_cannot_be_built_leaves_no_run_behind(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="workbench features"):
        api.train("vbpr", toy.root, tmp_path / "run", device="cpu", epochs=1)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match="learns from the table posts"):
        api.train("uhan", toy.root, tmp_path / "run", device="cpu", epochs=1)
    assert not (tmp_path / "run").exists()
