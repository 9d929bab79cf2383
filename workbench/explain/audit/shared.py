"""An audit whose parts several processes make, one thread each."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch

from workbench.data.dataset import Dataset
from workbench.explain.audit.result import Audit
from workbench.explain.audit.run import Plan, Report, audit, home, work
from workbench.explain.explainer import Explainer
from workbench.training.run import Run


def shared(run: Path, data: Path | None, plan: Plan, processes: int, report: Report | None = None) -> Audit:
    """Audit a run in ``processes`` of one thread each; what is there of the same audit is used again.

    Args:
        run: its folder, which keeps the audit.
        data: dataset folder, where it is not where the run's card says.
        plan: what is looked at.
        processes: how many.
        report: told about the progress: how many are done, then of the last steps, which one process does.

    Raises:
        DataError: see ``audit``.
    """
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        jobs = [pool.submit(_shard, run, data, plan, (number, processes)) for number in range(processes)]
        for number, job in enumerate(jobs):
            if report is not None:
                report(0.8 * number / processes, f"{processes} processes are removing evidence")
            job.result()
    return audit(_explainer(run, data), run, plan, report)


def _shard(run: Path, data: Path | None, plan: Plan, shard: tuple[int, int]) -> None:
    torch.set_num_threads(1)
    explainer = _explainer(run, data)
    work(explainer, home(explainer, run, plan), plan, lambda _share, _message: None, shard)


def _explainer(run: Path, data: Path | None) -> Explainer:
    return Explainer.open(Run.open(run), None if data is None else Dataset.open(data))
