"""The page that trains: a training started, watched, stopped, resumed and deleted from it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from tests.worlds import write_toy
from workbench.jobs import job as jobs
from workbench.training.run import Run


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own with one dataset; whatever is at work there is ended afterwards."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("WORKBENCH_APP_")]:
        monkeypatch.delenv(name)
    folder = write_toy(tmp_path / "toy")
    yield folder
    for run in (folder / "runs").glob("*"):
        if jobs.is_running(run):
            jobs.stop(run, at_once=True)
            until(lambda run=run: not jobs.is_running(run))  # type: ignore[misc]


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def page(**query: str) -> AppTest:
    return at_page(opened(dataset="toy", **query), "train")


def begin(app: AppTest, name: str, epochs: int) -> AppTest:
    app.number_input("set-bpr-epochs").set_value(epochs)
    app.number_input("set-bpr-patience").set_value(epochs)
    app.text_input("run-bpr").set_value(name)
    return next(button for button in app.button if button.label == "Start training").click().run()


def epochs(run: Path) -> int:
    return len(Run.open(run).card.history) if (run / "card.json").is_file() else 0


def test_a_training_is_started_watched_stopped_resumed_and_deleted(toy: Path) -> None:
    app = page()
    assert not app.exception and "None yet" in shown(app)
    app = begin(app, "mine", 1_000_000)
    assert not app.exception and not app.error
    run = toy / "runs" / "mine"
    assert jobs.state_of(run) == "running"
    until(lambda: epochs(run) > 2)

    # A page opened anew, as after a reload or by somebody else, finds it at work.
    app = page()
    assert "running" in shown(app) and "mine" in app.dataframe[0].value["run"].tolist()
    assert app.dataframe[0].value["epochs"][0] > 2
    app.button("stop").click().run()
    assert not app.exception
    until(lambda: not jobs.is_running(run))
    app = page()
    assert app.dataframe[0].value["state"].tolist() == ["stopped"]
    assert app.dataframe[0].value["best"].str.fullmatch(r"\S+ 0\.\d{4}").all() and "Started 20" in shown(app)
    done = epochs(run)

    app.button("resume").click().run()
    assert not app.exception and not app.error
    until(lambda: epochs(run) > done)
    app = page()
    assert app.dataframe[0].value["state"].tolist() == ["running"]
    assert not any(button.key == "delete" for button in app.button)
    app.button("stop").click().run()
    until(lambda: not jobs.is_running(run))

    app = page(job="mine")
    app.button("delete").click().run()
    assert not app.exception and not app.error
    assert not run.exists() and "None yet" in shown(app)


def test_a_failure_is_told_with_its_reason_and_can_be_tried_again(toy: Path) -> None:
    run = toy / "runs" / "bad"
    jobs.start(run, "bpr", [["train", "bpr", "--data", str(toy / "absent"), "--out", str(run)]])
    until(lambda: not jobs.is_running(run))
    app = page()
    assert not app.exception
    assert "There is no dataset folder" in app.error[0].value.replace("\\", "")
    assert app.button("resume").label == "Try again"


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "a b"])
def test_a_name_that_is_none_is_refused(toy: Path, name: str) -> None:
    app = begin(page(), name, 1)
    assert "name of a run is made of" in app.error[0].value
    assert not (toy / "runs").exists()


def test_a_run_is_not_overwritten_and_a_wrong_value_is_named(toy: Path) -> None:
    (toy / "runs" / "bpr").mkdir(parents=True)
    app = page()
    assert app.text_input("run-bpr").value == "bpr-2"
    assert "There is a run bpr already" in begin(app, "bpr", 1).error[0].value.replace("\\", "")
    app = page(model="hasc")
    app.multiselect("set-hasc-aspects").set_value([])
    app = next(button for button in app.button if button.label == "Start training").click().run()
    assert "aspects" in app.error[0].value and "choose another value" in app.error[0].value
    assert not (toy / "runs" / "hasc").exists()


def test_a_model_whose_needs_are_not_met_says_so(toy: Path) -> None:
    app = page(model="acf")
    assert not app.exception
    assert "acf needs images" in app.info[0].value.replace("\\", "")
    assert not any(button.label == "Start training" for button in app.button)
    assert "acf (lacks)" in app.selectbox("pick-model").options and "hasc" in app.selectbox("pick-model").options


@pytest.mark.usefixtures("home")
def test_finished_runs_show_how_they_learned() -> None:
    app = at_page(opened(dataset="cards", job="uhan"), "train")
    assert not app.exception
    assert {"hasc", "uhan", "gru"} <= set(app.dataframe[0].value["run"])
    assert set(app.dataframe[0].value["state"]) == {"finished"}
    assert "uhan" in shown(app) and len(app.get("plotly_chart")) == 1
