"""The page that compares runs: evaluated from it, then beside each other in figures that can be exported."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from workbench.data.dataset import Dataset
from workbench.evaluation.kept import kept


@pytest.fixture
def copied(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A home of its own, since evaluations are kept beside the runs."""
    shutil.copytree(prepared / "toy", tmp_path / "toy")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path / "toy"


def page(**query: str) -> AppTest:
    return at_page(opened(dataset="toy", **query), "better")


def test_runs_are_evaluated_when_asked_and_compared(copied: Path) -> None:
    app = page(runs_ranking="bpr,hasc")
    assert not app.exception and "Not evaluated yet" in shown(app)
    app.button("evaluate").click().run()
    assert not app.exception
    limit = time.monotonic() + 120
    while kept(copied / "runs" / "hasc", "full", "test", Dataset.open(copied).fingerprint) is None:
        assert time.monotonic() < limit, "the evaluation did not end in time"
        time.sleep(0.1)
    app = page(runs_ranking="bpr,hasc")
    assert not app.exception and not app.error
    assert "Not evaluated yet" not in shown(app)
    assert "has the best NDCG@10" in app.info[0].value.replace("\\", "")
    differing = next(one.value for one in app.dataframe if "bpr" in one.value and "hasc" in one.value)
    assert len(differing) > 0
    charts = len(app.get("plotly_chart"))
    assert charts >= 3

    app = page(runs_ranking="bpr,hasc,svdpp")
    assert not app.exception
    assert app.button("evaluate").label == "Evaluate 1 run"
    app = page(runs_ranking="bpr")
    assert not app.exception and "choose another run" in app.info[0].value.replace("\\", "")


def test_without_a_finished_run_the_way_to_one_is_shown(copied: Path) -> None:
    shutil.rmtree(copied / "runs")
    app = page()
    assert not app.exception and "No finished run" in app.info[0].value


@pytest.mark.usefixtures("home")
def test_runs_of_ranking_and_of_popularity_are_not_mixed() -> None:
    app = at_page(opened(dataset="cards", task="popularity"), "better")
    assert not app.exception
    assert app.multiselect[0].options == ["uhan"]
    app = at_page(opened(dataset="cards", task="ranking"), "better")
    assert (
        not app.exception
        and {"jifr", "acf"} <= set(app.multiselect[0].options)
        and "uhan" not in app.multiselect[0].options
    )
