"""Raters that run in processes of their own, which start fast since this imports little."""

from __future__ import annotations

from pathlib import Path

from workbench.study.questions import QUESTIONS, Place
from workbench.study.store import FullError, Study

LEFT: dict[str, Place | None] = dict.fromkeys(QUESTIONS, "left")


def rate_all(path: Path, rater: str) -> None:
    """One rater who goes on until nothing is left for her."""
    study = Study.open(path.parent, path.stem)
    while (found := study.next(rater)) is not None:
        try:
            study.rate(rater, found[0], LEFT)
        except FullError:
            continue
