"""Work in the background when the app ends."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import count
from threading import Event

import pytest

from workbench.app import background
from workbench.app.background import Background


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_ends_with_its_next_report_when_the_app_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ending, done = Event(), Background()
    monkeypatch.setattr(background, "_ending", ending)
    monkeypatch.setattr(background, "_running", set())

    def work() -> None:
        for number in count():
            done.tell(f"step {number}", 0.5)
            time.sleep(0.01)

    done.begin("starting", work)
    assert done.is_running
    background._end()
    assert ending.is_set() and not done.is_running
    assert done.phase.startswith("step")


COMPUTING = """
import time, torch
from workbench.app.background import Background
job = Background()
def work():
    while True:
        for _ in range(3):
            torch.randn(600, 600) @ torch.randn(600, 600)
        job.tell("computing", 0.5)
job.begin("starting", work)
time.sleep(0.5)
"""


def test_an_interpreter_that_ends_while_something_is_computed_ends_in_peace() -> None:
    ended = subprocess.run([sys.executable, "-c", COMPUTING], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0 and "terminate" not in ended.stderr
