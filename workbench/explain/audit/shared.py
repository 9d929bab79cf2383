"""An audit whose parts several processes make, one thread each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from workbench.data.dataset import Dataset
from workbench.explain.audit.result import Audit
from workbench.explain.audit.run import Plan, Report, audit, home, silent, work
from workbench.explain.explainer import Explainer
from workbench.training.run import Run


def shared(run: Path, data: Path | None, plan: Plan, processes: int, report: Report | None = None) -> Audit:
    """Audit a run in ``processes`` of one thread each, this one among them; what is there of it is used again.

    Args:
        run: its folder, which keeps the audit.
        data: dataset folder, where it is not where the run's card says.
        plan: what is looked at.
        processes: how many.
        report: told about the progress of this process, then of the last steps, which it does alone.

    Raises:
        DataError: see ``audit``.
    """
    with ProcessPoolExecutor(max(1, processes - 1), get_context("spawn")) as pool:
        jobs = [pool.submit(_shard, run, data, plan, (number, processes)) for number in range(1, processes)]
        with _one_thread():
            explainer = _explainer(run, data)
            work(explainer, home(explainer, run, plan), plan, report or silent, (0, processes))
        for job in jobs:
            job.result()
    return audit(explainer, run, plan, report)


def _shard(run: Path, data: Path | None, plan: Plan, shard: tuple[int, int]) -> None:
    with _one_thread():
        explainer = _explainer(run, data)
        work(explainer, home(explainer, run, plan), plan, silent, shard)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Threads of torch, and of the linear algebra of numpy, which waits for work by spinning: one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


def _explainer(run: Path, data: Path | None) -> Explainer:
    return Explainer.open(Run.open(run), None if data is None else Dataset.open(data))
