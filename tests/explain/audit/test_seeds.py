from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.explain.additive import Additive, Weighing
from tests.models.cases import prepared
from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.audit.seeds import seed_variance
from workbench.explain.explainer import Explainer

SETTINGS = {"warm_start": 1, "inputs": ("base", "auxiliary"), "epochs": 2, "device": "cpu"}


def named(explainer: Explainer, run: str) -> Explainer:
    explainer.run = run
    return explainer


def test_equal_trainings_have_no_variance_and_others_have(toy: Dataset) -> None:
    first, second = (named(Explainer(Weighing(toy).eval(), toy), name) for name in "ab")
    second.model.load_state_dict(first.model.state_dict())
    same = seed_variance([first, second], 12)
    assert same.pairs and same.tau == pytest.approx(1) and same.first == 1 and same.spread == pytest.approx(0, abs=1e-6)
    assert same.divergence == pytest.approx(0, abs=1e-6) and same.score_tau == pytest.approx(1)
    second.model.score.data = -second.model.score.data  # the opposite order of weights
    other = seed_variance([first, second], 12)
    assert other.tau == pytest.approx(-1) and other.first == 0 and 0 < other.divergence <= math.log(2)
    assert other.spread > 0 and 0 < other.chance < 1


def test_one_run_other_settings_and_nothing_weighed_are_refused(toy: Dataset) -> None:
    one, two = (named(Explainer(Weighing(toy).eval(), toy), name) for name in "ab")
    with pytest.raises(DataError, match="one run has no variance"):
        seed_variance([one])
    with pytest.raises(DataError, match="named twice"):
        seed_variance([one, named(two, "a")])
    with pytest.raises(DataError, match="differ in more than the seed"):
        seed_variance([one, named(Explainer(Additive(toy).eval(), toy), "c")])
    even = [named(Explainer(prepared("itemknn", toy, 1, {}), toy), name) for name in "ab"]
    with pytest.raises(DataError, match="weighs nothing"):
        seed_variance(even, 6)


def test_the_command_compares_trainings(toy: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [tmp_path / f"hasc-{seed}" for seed in (0, 1)]
    for seed, run in enumerate(runs):
        api.train("hasc", toy.root, run, seed=seed, **SETTINGS)  # type: ignore[arg-type]
    capsys.readouterr()
    assert cli.run(["seeds", *map(str, runs), "--pairs", "10"]) == 0
    assert "Kendall's tau between attentions" in capsys.readouterr().out
    assert cli.run(["seeds", str(runs[0])]) == 1
    assert "one run has no variance" in capsys.readouterr().err
