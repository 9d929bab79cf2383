"""The process of a job: ``python -m workbench.keeper RUN MODEL`` runs commands and writes down how they ended.

It holds the lock of the run folder as long as it lives, so that whoever looks knows whether it does.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from filelock import Timeout

from workbench.jobs.job import STOPPED, Job, lock_of, log_of

PATIENCE = 5.0
"""Seconds to wait for the lock, which those who look whether a job runs take for a moment."""


def keep(run: Path, model: str, commands: Sequence[Sequence[str]]) -> int:
    """Run the commands, as many as succeed, and write down how the last one ended; its exit code."""
    try:
        lock = lock_of(run).acquire(timeout=PATIENCE)
    except Timeout:
        sys.stderr.write(f"{run.name} is being trained already\n")
        return 1
    with lock:
        job = Job(model=model, commands=tuple(map(tuple, commands)), pid=os.getpid(), started=time.time())
        signal.signal(signal.SIGTERM, _interrupt)
        code, reason = STOPPED, ""
        job.save(run)
        try:
            code = _run(commands)
        except KeyboardInterrupt:
            code = STOPPED
        # Nothing may end this process without a trace of why.
        except BaseException as fault:  # noqa: BLE001
            code, reason = 1, f"{type(fault).__name__}: {fault}"
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stderr.flush()
        said = log_of(run, 1)
        if code not in (0, STOPPED):
            reason = reason or (said[0] if said else f"The command ended with code {code}.")
        job.model_copy(update={"ended": time.time(), "code": code, "reason": reason}).save(run)
    return code


def _run(commands: Sequence[Sequence[str]]) -> int:
    # Only now, since it takes a while, and whoever waits for the start has been told.
    from workbench.cli import run

    for command in commands:
        code = run(command)
        if code:
            return code
    return 0


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Read the commands from standard input: one in a line, its arguments divided by a zero."""
    lines = sys.stdin.buffer.read().decode().split("\n")
    raise SystemExit(keep(Path(sys.argv[1]), sys.argv[2], [line.split("\0") for line in lines if line]))


if __name__ == "__main__":
    main()
