"""A training in a process of its own, and what is kept of it beside its run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

FILE, LOCK, LOG = "job.json", "job.lock", "job.log"
CARD = "card.json"
"""The card of a run; its module is not imported here, since torch would come along."""
STOPPED = 130
"""Exit code of a command that was stopped."""
BEGIN = 30.0
"""Seconds within which a started process says that it lives."""
TAIL = 64 * 1024
"""Bytes of a log that are read from its end."""

State = Literal["running", "finished", "stopped", "failed", "broken off"]
_PROBE = Lock()


class JobError(ValueError):
    """A job that cannot be started, stopped or removed, in one sentence with the remedy."""


class Job(BaseModel):
    """A training, as its process writes it down.

    Attributes:
        model: name of the model.
        commands: arguments of ``workbench``, one command after the other.
        pid: id of the process, which leads a group of its own.
        started: when it began, in seconds since 1970; ``ended`` when it ended, None while it goes on.
        code: exit code of the last command.
        reason: why it failed, in a sentence.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    commands: tuple[tuple[str, ...], ...]
    pid: int
    started: float
    ended: float | None = None
    code: int | None = None
    reason: str = ""

    def save(self, run: Path) -> None:
        """Write it into a run folder, whole or not at all."""
        temporary = run / f".{FILE}.part"
        temporary.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        temporary.replace(run / FILE)


def job_of(run: Path) -> Job | None:
    """The last job of a run folder; None where no process of ours has trained it."""
    try:
        return Job.model_validate_json((run / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


def lock_of(run: Path) -> FileLock:
    """What the process of a job holds while it lives; the system lets go of it however the process ends."""
    return FileLock(run / LOCK)


def is_running(run: Path) -> bool:
    """Whether a process is at work in a run folder."""
    if not (run / LOCK).exists():
        return False
    with _PROBE:
        try:
            with lock_of(run).acquire(timeout=0):
                return False
        except Timeout:
            return True


def state_of(run: Path) -> State | None:
    """How the last job of a run stands; None where there is none."""
    # Asked first: a process that ends in between has written down how.
    running, job = is_running(run), job_of(run)
    if job is None or running:
        return "running" if running else None
    if job.ended is None:
        return "broken off"
    if job.code == 0:
        return "finished"
    return "stopped" if job.code == STOPPED else "failed"


def reason_of(run: Path) -> str:
    """Why the last job of a run is no longer at work although it did not finish; "" where there is nothing to say."""
    state, job = state_of(run), job_of(run)
    if state == "broken off":
        return "The process ended without a word: it was killed, or the machine was switched off or ran out of memory."
    return job.reason if state == "failed" and job else ""


def log_of(run: Path, lines: int = 20) -> list[str]:
    """The last lines of a job's log, the oldest first."""
    try:
        with (run / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def start(run: Path, model: str, commands: Sequence[Sequence[str]]) -> None:
    """Run commands of ``workbench`` one after the other in a process that outlives this one.

    Args:
        run: folder of the run that they make or go on with.
        model: name of the model that is trained.
        commands: arguments of each command.

    Raises:
        JobError: a process is at work there already, or none could be started.
    """
    if is_running(run):
        raise JobError(f"{run.name} is being trained already: wait for it, or stop it first.")
    try:
        run.mkdir(parents=True, exist_ok=True)
        with (run / LOG).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "workbench.keeper", str(run), model],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as fault:
        raise JobError(f"{run} cannot be trained in ({fault.strerror}): choose another folder of runs.") from None
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as told:
        told.write("\n".join("\0".join(command) for command in commands).encode())
    _await(run, process)


def _await(run: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has written its job down."""
    until = time.monotonic() + BEGIN
    while time.monotonic() < until:
        job = job_of(run)
        if job is not None and job.pid == process.pid:
            return
        if process.poll() is not None:
            said = log_of(run, 1)
            raise JobError(f"{run.name} could not be started ({said[0] if said else 'its process ended'}): try again.")
        time.sleep(0.02)
    process.kill()
    raise JobError(f"{run.name} was not started within {BEGIN:.0f} seconds: try again when the machine is less busy.")


def stop(run: Path, *, at_once: bool = False) -> None:
    """End the process at work in a run folder; what its last checkpoint holds is kept.

    Args:
        run: the folder.
        at_once: do not let it end its step and say so.

    Raises:
        JobError: no process is at work there.
    """
    job = job_of(run)
    if job is None or not is_running(run):
        raise JobError(f"{run.name} is not being trained: there is nothing to stop.")
    with suppress(ProcessLookupError):
        if at_once:
            os.killpg(job.pid, signal.SIGKILL)
        else:
            os.kill(job.pid, signal.SIGTERM)


def delete(folder: Path, name: str) -> None:
    """Remove a run with all that is kept beside it.

    Args:
        folder: of the runs.
        name: of the run's folder.

    Raises:
        JobError: it is being trained, is no run, or is not a folder in ``folder`` itself.
    """
    run = folder / name
    if Path(name).name != name or name in {"", ".", ".."} or run.is_symlink() or not run.is_dir():
        raise JobError(f"There is no run {name!r} in {folder}: choose one of its own folders.")
    if not any((run / file).is_file() for file in (CARD, FILE, LOCK)):
        raise JobError(f"{run} holds no run, so it is left alone: remove it by hand.")
    try:
        with lock_of(run).acquire(timeout=0):
            # Out of sight at once, and never found half removed.
            gone = run.rename(folder / f".{name}.{uuid.uuid4().hex}.deleted")
    except Timeout:
        raise JobError(f"{name} is being trained: stop it before you delete it.") from None
    shutil.rmtree(gone)


def names(folder: Path) -> list[str]:
    """Names of the folders that hold a run or a job."""
    found = {path.parent.name for file in (CARD, FILE) for path in folder.glob(f"*/{file}")}
    return sorted(name for name in found if not name.startswith("."))
