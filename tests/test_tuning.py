"""The search for hyperparameters, on the toy world: draws, bounds, resuming, what is kept, the command."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worlds import write_toy
from workbench import api, cli, tuning
from workbench.data.dataset import Dataset
from workbench.training.run import WEIGHTS, Run
from workbench.tuning import BEST, RECORD, Range, Tuning, TuningError, tune

QUICK: dict[str, Any] = {"epochs": 2, "dim": 4, "batch": 64}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.open(write_toy(tmp_path_factory.mktemp("worlds") / "toy"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tuned") / "bpr"


@pytest.fixture(scope="module")
def found(world: Dataset, folder: Path) -> Tuning:
    return tune("bpr", world.root, folder, fixed=QUICK, trials=4, device="cpu")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that are trained from here on."""
    names: list[str] = []
    train = api.train

    def noted(model: str, data: Path, out: Path, **options: Any) -> Run:
        names.append(out.name)
        return train(model, data, out, **options)

    monkeypatch.setattr(api, "train", noted)
    return names


def test_ranges_are_drawn_within_their_ends_and_on_the_right_scale() -> None:
    generator = np.random.default_rng(0)
    wide = np.array([Range(1e-4, 1e-1).draw(generator) for _ in range(2000)])
    assert wide.min() >= 1e-4 and wide.max() <= 1e-1
    assert np.median(wide) == pytest.approx(math.sqrt(1e-4 * 1e-1), rel=0.2)
    narrow = np.array([Range(0.1, 0.5).draw(generator) for _ in range(2000)])
    assert narrow.mean() == pytest.approx(0.3, rel=0.05)
    whole = [Range(1, 3).draw(generator) for _ in range(100)]
    assert set(whole) == {1, 2, 3} and all(isinstance(number, int) for number in whole)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(TuningError, match="write the smaller number first"):
        Range(2, 1)


def test_the_first_trial_has_the_settings_as_they_are(found: Tuning) -> None:
    assert found.trials[0].settings == {}
    assert [trial.number for trial in found.trials] == [0, 1, 2, 3]
    assert all(set(trial.settings) == {"learning_rate", "regularisation"} for trial in found.trials[1:])


def test_the_best_trial_is_the_best_on_validation_and_alone_keeps_its_weights(found: Tuning, folder: Path) -> None:
    values = [trial.value for trial in found.trials]
    assert found.best == int(np.argmax(np.array(values, dtype=float)))
    for trial in found.trials:
        run = Run.open(folder / f"trial-{trial.number:03}")
        assert run.card.metrics[found.monitor] == trial.value
        assert (run.path / WEIGHTS).is_file() == (trial.number == found.best)


def test_the_best_settings_train_the_same_run(found: Tuning, folder: Path, world: Dataset, tmp_path: Path) -> None:
    assert found.best is not None
    again = api.train("bpr", world.root, tmp_path / "run", device="cpu", **json.loads((folder / BEST).read_text()))
    assert again.card.metrics[found.monitor] == found.trials[found.best].value


def test_a_search_goes_on_with_what_it_lacks(found: Tuning, folder: Path, world: Dataset, trained: list[str]) -> None:
    longer = tune("bpr", world.root, folder, fixed=QUICK, trials=6, device="cpu")
    assert trained == ["trial-004", "trial-005"]
    assert longer.trials[:4] == found.trials
    assert Tuning.model_validate_json((folder / RECORD).read_text()) == longer


def test_another_search_in_the_folder_is_refused(found: Tuning, folder: Path, world: Dataset) -> None:
    for options in ({"seed": 1}, {"fixed": {**QUICK, "dim": 5}}, {"space": {"learning_rate": (0.1, 0.2)}}):
        with pytest.raises(TuningError, match="holds a search of other settings, data or space"):
            tune("bpr", world.root, folder, **{"fixed": QUICK, "trials": 4, "device": "cpu", **options})


def test_lists_are_tried_without_repetition_and_end_the_search(world: Dataset, tmp_path: Path) -> None:
    grid = tune(
        "itemknn", world.root, tmp_path, space={"neighbours": (2, 3), "shrink": (0.0, 1.0)}, trials=50, device="cpu"
    )
    tried = [tuple(sorted(trial.settings.items())) for trial in grid.trials[1:]]
    assert len(tried) == len(set(tried)) == 4


def test_time_ends_a_search_within_an_epoch_and_it_goes_on_where_it_was(
    world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr(tuning.time, "monotonic", lambda: next(clock))
    longer = {**QUICK, "epochs": 6}
    with pytest.raises(TuningError, match="give the search more time"):
        tune("bpr", world.root, tmp_path, fixed=longer, trials=3, minutes=3 / 60, device="cpu")
    assert 0 < len(Run.open(tmp_path / "trial-000").card.history) < 6
    monkeypatch.undo()
    resumed = tune("bpr", world.root, tmp_path, fixed=longer, trials=3, device="cpu")
    whole = tune("bpr", world.root, tmp_path / "whole", fixed=longer, trials=3, device="cpu")
    assert [trial.value for trial in resumed.trials] == [trial.value for trial in whole.trials]


def test_a_loss_that_is_not_finite_is_a_finding_not_an_end(world: Dataset, tmp_path: Path) -> None:
    found = tune(
        "bpr",
        world.root,
        tmp_path,
        space={"learning_rate": (1e36,)},
        fixed={**QUICK, "epochs": 8},
        trials=2,
        device="cpu",
    )
    assert found.best == 0
    assert found.trials[1].value is None and "learning_rate" in found.trials[1].fault


def test_what_is_set_and_searched_is_where_the_search_starts(world: Dataset, tmp_path: Path) -> None:
    found = tune("bpr", world.root, tmp_path, space={"dim": (2, 3)}, fixed={**QUICK, "dim": 5}, trials=3, device="cpu")
    dims = [Run.open(tmp_path / f"trial-{trial.number:03d}").config().dim for trial in found.trials]
    assert dims[0] == 5 and sorted(dims[1:]) == [2, 3]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"space": {"depth": (1, 2)}}, "bpr has no hyperparameter 'depth'"),
        ({"space": {"batch": (0.5,)}, "fixed": {}}, "batch=0.5 is wrong for bpr"),
        ({"trials": 0}, "a search without trials"),
    ],
)
def test_faults_are_one_sentence(world: Dataset, tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TuningError, match=sentence):
        tune("bpr", world.root, tmp_path / "none", **{"fixed": QUICK, "trials": 2, "device": "cpu", **options})
    assert not (tmp_path / "none").exists()


def test_the_command_prints_json_and_shows_the_best(
    world: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "tune",
        "bpr",
        "--data",
        str(world.root),
        "--out",
        str(tmp_path / "t"),
        "--device",
        "cpu",
        "--trials",
        "3",
    ]
    command += [
        "--set",
        "epochs=1",
        "--set",
        "batch=64",
        "--search",
        "dim=2..5",
        "--search",
        "regularisation=0.001,0.1",
    ]
    assert cli.run([*command, "--json"]) == 0
    printed = Tuning.model_validate_json(capsys.readouterr().out)
    assert len(printed.trials) == 3 and printed.fixed == {"epochs": 1, "batch": 64}
    assert all(2 <= trial.settings["dim"] <= 5 for trial in printed.trials[1:])
    assert cli.run(command) == 0
    assert f"--config {tmp_path / 't' / BEST}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "search", ["dim", "dim=", "dim=5..2", "dim=a..b", "item_bias=true..false", "depth=1,2", "learning_rate=fast"]
)
def test_the_command_refuses_what_cannot_be_searched(
    world: Dataset, tmp_path: Path, search: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["tune", "bpr", "--data", str(world.root), "--out", str(tmp_path / "t"), "--search", search]
    assert cli.run(command) == 2
    assert "tune" in capsys.readouterr().err
