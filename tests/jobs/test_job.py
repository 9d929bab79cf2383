"""Trainings in processes of their own: started, stopped, resumed, killed and removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worlds import write_toy
from workbench.data.dataset import Dataset
from workbench.jobs import job as jobs
from workbench.jobs.settings import resuming, training
from workbench.training.run import Run


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("data") / "toy")


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def epochs(run: Path) -> int:
    return len(Run.open(run).card.history) if (run / "card.json").is_file() else 0


def begin(data: Path, run: Path, **settings: object) -> None:
    told = {name: str(value) for name, value in settings.items()}
    jobs.start(run, "bpr", [training("bpr", data, run, told, "cpu", 0)])


def begin_long(data: Path, run: Path) -> None:
    """A training that ends only when it is ended."""
    begin(data, run, epochs=1_000_000, patience=1_000_000)
    until(lambda: epochs(run) > 2)


def test_a_training_runs_by_itself_and_ends(toy: Path, tmp_path: Path) -> None:
    run = tmp_path / "bpr"
    begin(toy, run, epochs=2)
    assert jobs.state_of(run) in {"running", "finished"}
    until(lambda: not jobs.is_running(run))
    assert jobs.state_of(run) == "finished" and jobs.reason_of(run) == ""
    card = Run.open(run).card
    assert card.finished and [epoch.epoch for epoch in card.history] == [1, 2]
    assert "best epoch" in jobs.log_of(run)[-1]
    assert jobs.names(tmp_path) == ["bpr"]


def test_it_outlives_the_process_that_started_it(toy: Path, tmp_path: Path) -> None:
    run = tmp_path / "bpr"
    code = (
        "from pathlib import Path; from tests.jobs.test_job import begin; import os, sys;"
        "begin(Path(sys.argv[1]), Path(sys.argv[2]), epochs=1_000_000, patience=1_000_000); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(toy), str(run)], check=False)
    assert ended.returncode == -signal.SIGKILL
    until(lambda: epochs(run) > 2)
    assert jobs.state_of(run) == "running"
    jobs.stop(run)
    until(lambda: not jobs.is_running(run))
    assert jobs.state_of(run) == "stopped"


def test_a_stopped_training_goes_on_to_the_result_of_one_that_was_not(toy: Path, tmp_path: Path) -> None:
    run, straight = tmp_path / "stopped", tmp_path / "straight"
    settings = {"epochs": 300, "patience": 300}
    begin(toy, run, **settings)
    until(lambda: epochs(run) > 2)
    jobs.stop(run)
    until(lambda: not jobs.is_running(run))
    done = Run.open(run).card
    assert jobs.state_of(run) == "stopped" and not done.finished and len(done.history) < 300
    jobs.start(run, "bpr", [resuming("bpr", toy, run, "cpu")])
    begin(toy, straight, **settings)
    until(lambda: not jobs.is_running(run) and not jobs.is_running(straight))
    assert jobs.state_of(run) == jobs.state_of(straight) == "finished"
    card, other = Run.open(run).card, Run.open(straight).card
    assert len(card.history) == 300 and card.metrics == other.metrics
    data = Dataset.open(toy)
    for one, two in zip(
        Run.open(run).model(data).parameters(), Run.open(straight).model(data).parameters(), strict=True
    ):
        assert one.equal(two)


def test_two_cannot_be_at_work_in_one_folder(toy: Path, tmp_path: Path) -> None:
    run = tmp_path / "bpr"
    begin_long(toy, run)
    with pytest.raises(jobs.JobError, match="bpr is being trained already"):
        begin(toy, run)
    with pytest.raises(jobs.JobError, match="stop it before you delete"):
        jobs.delete(tmp_path, "bpr")
    assert epochs(run) > 2
    jobs.stop(run)
    until(lambda: not jobs.is_running(run))
    with pytest.raises(jobs.JobError, match="nothing to stop"):
        jobs.stop(run)
    jobs.delete(tmp_path, "bpr")
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_killed_is_said_to_be_broken_off_and_can_go_on(toy: Path, tmp_path: Path) -> None:
    run = tmp_path / "bpr"
    begin_long(toy, run)
    found = jobs.job_of(run)
    assert found is not None and os.getpgid(found.pid) == found.pid != os.getpgid(0)
    jobs.stop(run, at_once=True)
    until(lambda: not jobs.is_running(run))
    assert jobs.state_of(run) == "broken off" and "killed" in jobs.reason_of(run)
    done = epochs(run)
    jobs.start(run, "bpr", [resuming("bpr", toy, run, "cpu")])
    until(lambda: epochs(run) > done + 1)
    assert [epoch.epoch for epoch in Run.open(run).card.history] == list(range(1, epochs(run) + 1))
    jobs.stop(run)
    until(lambda: not jobs.is_running(run))


def test_one_that_fails_says_why(toy: Path, tmp_path: Path) -> None:
    run = tmp_path / "bpr"
    begin(tmp_path / "absent", run)
    until(lambda: not jobs.is_running(run))
    assert jobs.state_of(run) == "failed"
    assert "There is no dataset folder at" in jobs.reason_of(run)
    assert jobs.names(tmp_path) == ["bpr"] and not (run / "card.json").exists()


def test_the_commands_stop_at_the_first_that_fails(toy: Path, tmp_path: Path) -> None:
    run = tmp_path / "bpr"
    jobs.start(run, "bpr", [["check", str(tmp_path)], training("bpr", toy, run, {"epochs": "1"}, "cpu", 0)])
    until(lambda: not jobs.is_running(run))
    assert jobs.state_of(run) == "failed" and not (run / "card.json").exists()


@pytest.mark.parametrize("name", ["..", ".", "", "../outside", "absent", "link", "photos"])
def test_only_a_run_in_the_folder_itself_is_removed(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    for run in (tmp_path / "outside", folder / "photos"):
        run.mkdir(parents=True)
        (run / "kept.txt").touch()
    (tmp_path / "outside" / "card.json").touch()
    (folder / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(jobs.JobError):
        jobs.delete(folder, name)
    assert (tmp_path / "outside" / "kept.txt").is_file() and (folder / "photos" / "kept.txt").is_file()


def test_a_run_of_the_command_line_has_no_job(tmp_path: Path) -> None:
    assert jobs.state_of(tmp_path) is None and jobs.job_of(tmp_path) is None and jobs.log_of(tmp_path) == []
    assert not jobs.is_running(tmp_path)
