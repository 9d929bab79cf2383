"""Small studies, made without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.figures.made import make_explanation
from workbench.study.design import Case, Contender, Design, Picture, Side
from workbench.study.store import Study

Make = Callable[..., Study]
RUNS = ("hasc-large", "svdpp-small")


def make_design(name: str = "spring", **changes: object) -> Design:
    first, second = (Contender(run=run, model=run.split("-")[0], path=f"runs/{run}", seed=0) for run in RUNS)
    fields = {"name": name, "seed": 3, "dataset": "toy", "fingerprint": "3f9a", "root": "toy"} | changes
    return Design(first=first, second=second, **fields)  # type: ignore[arg-type]


def make_case(number: int = 0) -> Case:
    told = make_explanation(0).model_copy(update={"model": "", "run": ""})
    picture = Picture(id=number, label=f"image {number}", text="a red car")
    side = Side(images=(picture,), explanation=told)
    return Case(
        number=number, user=f"u{number}", user_label=f"Person {number}", liked=(picture,), first=side, second=side
    )


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(count: int = 4, **changes: object) -> Study:
        return Study.new(tmp_path, make_design(**changes), [make_case(number) for number in range(count)])  # type: ignore[arg-type]

    return write
