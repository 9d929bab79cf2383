"""What is kept between two images of a user: the same explanations, fewer questions to the model, a limit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.models.cases import prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.explain.explainer import Explainer
from workbench.explain.kept import Kept

SETTINGS = {"hasc": {"inputs": ["base", "auxiliary"]}, "anternn": {"dim": 8, "rare": 1, "output": "content"}}


@pytest.mark.parametrize("name", ["hasc", "acf", "anternn", "diffnetpp", "bpr"])
def test_explanations_are_those_of_an_explainer_that_keeps_nothing(
    name: str, toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "toy")
    model = prepared(name, world, 1, SETTINGS.get(name, {}))
    plain, keeps = Explainer(model, world), Explainer(model, world, kept=Kept(10**6))
    asked: list[int] = []
    score_items = model.score_items
    monkeypatch.setattr(model, "score_items", lambda *given: asked.append(1) or score_items(*given))
    moments = (None, 2) if name == "anternn" else (None,)
    for moment in moments:
        for user, item in [(5, 17), (5, 40), (0, 17), (5, 17)]:
            assert keeps.explain(user, item, moment) == plain.explain(user, item, moment)
    asked.clear()
    plain.explain(5, 41)
    often = len(asked)
    asked.clear()
    keeps.explain(5, 41)
    keeps.recommend(5)
    assert often > 0
    # ACF looks at other liked images for another image, so those whose regions it shows are others.
    assert len(asked) < often if name == "acf" else not asked


def test_the_oldest_answers_go_first_and_long_ones_are_not_kept() -> None:
    kept, made = Kept(10), []

    def make(name: str, size: int) -> torch.Tensor:
        return kept.of(name, lambda: made.append(name) or torch.zeros(size))

    for name in ("a", "b", "a", "c", "b", "a"):
        make(name, 4)
    # With room for two, c drove out b, the older one of a and b, and b then a.
    assert made == ["a", "b", "c", "b", "a"]
    make("long", 11)
    make("long", 11)
    assert made[-2:] == ["long", "long"]
