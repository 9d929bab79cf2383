"""Explanations of the toy world against scoring again without each piece of evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.models.cases import LATE, prepared
from tests.models.rewritten import rewrite, tables_of, without
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Explanation
from workbench.explain.shown import DEEP
from workbench.layers.evidence import ASPECTS
from workbench.models import registry

# Wide networks of random weights answer rounding with a thousandth of a score.
SETTINGS: dict[str, dict[str, Any]] = {"hasc": {"inputs": ["base", "auxiliary"]}, "anternn": {"dim": 8, "rare": 1}}


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("world") / "toy")


def explainer_of(name: str, world: Dataset) -> Explainer:
    return Explainer(prepared(name, world, 1, SETTINGS.get(name, {})), world, "a-run")


IN_TABLES = {"history", "uploads", "follows", "creator", "regions"}
"""Evidence that is a row of a table or of the features; what else there is, the tests of its model delete."""
RANKING = sorted(name for name, kind in registry().items() if kind.task == "ranking")


@pytest.fixture(scope="module", params=RANKING)
def explainer(request: pytest.FixtureRequest, world: Dataset) -> Explainer:
    return explainer_of(request.param, world)


def rank_of(explainer: Explainer, user: int, item: int, scores: torch.Tensor) -> int:
    data = explainer.dataset
    seen = {*data.history.row(user).tolist(), *data.uploads.row(user).tolist()} - {item}
    return 1 + sum(float(s) > float(scores[item]) for i, s in enumerate(scores.tolist()) if i not in seen and i != item)


@pytest.mark.parametrize(("user", "item"), [(0, 40), (5, 17), (20, 77)])
def test_numbers_add_up_and_speak_the_datasets_ids(explainer: Explainer, world: Dataset, user: int, item: int) -> None:
    explanation = explainer.explain(user, item)
    scores = explainer.model.score_items(torch.tensor([user]))[0].detach()
    assert explanation.score == pytest.approx(float(scores[item]), rel=1e-5, abs=1e-4)
    assert explanation.rank == rank_of(explainer, user, item, scores)
    assert explanation.user == world.users.id(user) and explanation.item == world.items.id(item)
    if any(e.contribution is not None for level in explanation.levels for e in level.elements):
        below = [e for n in explanation.levels if n.name != ASPECTS and not n.within for e in n.elements]
        parts = explanation.levels[0].elements if explanation.levels[0].name == ASPECTS else below
        total = explanation.own + sum(e.contribution or 0 for e in parts)
        assert total == pytest.approx(explanation.score, rel=1e-5, abs=1e-4)
    for level in explanation.levels:
        if level.name == ASPECTS:
            assert [e.id for e in level.elements] == [g.name for g in explainer.model.aspects]
            continue
        group = explainer.groups[level.name]
        codes = explainer.model.elements(level.name, torch.tensor([user]), torch.tensor([item])).values.tolist()
        # Of what is inside other elements only that of the strongest is shown.
        if group.kind in ("image", "person") and group.within is None:
            ids = world.items if group.kind == "image" else world.users
            assert [e.id for e in level.elements] == [ids.id(code) for code in codes]


def test_removal_is_what_a_smaller_dataset_gives(explainer: Explainer, world: Dataset, tmp_path: Path) -> None:
    user, item = 5, 17
    explanation = explainer.explain(user, item)
    for number, level in enumerate(explanation.levels):
        if level.name not in IN_TABLES or not level.elements:
            continue
        element, group = level.elements[0], explainer.groups[level.name]
        code = int(explainer.model.elements(level.name, torch.tensor([user]), torch.tensor([item])).values[0])
        if level.within:
            assert explainer.model.features is not None and element.of is not None
            code = int(explainer.model.features.sets.row(world.items.code(element.of))[int(element.id)])
        smaller = without(world, group, user, item, code, tmp_path / str(number))
        model = type(explainer.model)(explainer.model.config, smaller)
        model.load_state_dict(explainer.model.state_dict())
        model.start_epoch(LATE)
        score = float(model.eval().score_pairs(torch.tensor([user]), torch.tensor([item])).detach())
        assert element.removal == pytest.approx(score - explanation.score, abs=1e-4, rel=1e-6), level.name
        if level.name == "follows":
            assert element.rank_without == rank_of(
                explainer, user, item, model.score_items(torch.tensor([user]))[0].detach()
            )


def test_removals_do_not_depend_on_the_batch(world: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = explainer_of("hasc", world)
    whole = explainer.explain(0, 40)
    for place in ("units", "removal"):
        monkeypatch.setattr(f"workbench.explain.{place}.BUDGET", 2 * len(world.items))
    split = explainer.explain(0, 40)
    for one, other in zip(whole.levels, split.levels, strict=True):
        for a, b in zip(one.elements, other.elements, strict=True):
            assert a.removal == pytest.approx(b.removal, abs=1e-5) and a.rank_without == b.rank_without


def test_regions_of_the_images_looked_at_most_are_shown(world: Dataset) -> None:
    explanation = explainer_of("acf", world).explain(0, 40)
    history, regions = explanation.level("history"), explanation.level("regions")
    assert regions.within == "history" and len(history.elements) > DEEP
    assert {e.of for e in regions.elements} == {e.id for e in history.top(DEEP, "attention")}
    for parent in {e.of for e in regions.elements}:
        parts = [e for e in regions.elements if e.of == parent]
        assert sum(e.attention or 0 for e in parts) == pytest.approx(1, abs=1e-5)
        assert [e.box for e in parts] == [(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1)]


def test_a_user_without_evidence_cannot_be_judged(world: Dataset) -> None:
    explanation = explainer_of("hasc", world).explain(len(world.users) - 1, len(world.items) - 1)
    assert explanation.verdict.badge == "cannot be judged"
    assert all(not level.elements for level in explanation.levels if level.name != ASPECTS)
    assert explanation.score == pytest.approx(explanation.own)


def test_recommendations_are_the_best_images_not_yet_liked(explainer: Explainer, world: Dataset) -> None:
    scores = explainer.model.score_items(torch.tensor([7]))[0].detach()
    seen = torch.cat([world.history.row(7), world.uploads.row(7)])
    best = explainer.recommend(7, 5)
    expected = torch.topk(scores.index_fill(0, seen, -torch.inf), 5)
    assert [r.item for r in best] == [world.items.id(i) for i in expected.indices.tolist()]
    assert [r.rank for r in best] == [1, 2, 3, 4, 5]
    assert explainer.explain(7, world.items.code(best[2].item)).rank == 3
    with pytest.raises(DataError, match="ask for 1 to"):
        explainer.recommend(7, 0)


def test_population_is_the_mean_over_each_users_best_images(world: Dataset) -> None:
    explainer = explainer_of("hasc", world)
    population = explainer.population()
    assert population.aspects == ("uploads", "follows", "creator")
    for user in (0, 9, len(world.users) - 1):
        best = [explainer.explain(user, world.items.code(r.item)).level(ASPECTS) for r in explainer.recommend(user, 10)]
        for row, name in ((population.attention, "attention"), (population.contribution, "contribution")):
            expected = np.mean([[abs(getattr(e, name)) for e in level.elements] for level in best], axis=0)
            np.testing.assert_allclose(row[user], expected, atol=1e-5)
    with pytest.raises(DataError, match="weighs no aspects"):
        explainer_of("bpr", world).population()
    for name in ("mlam", "iarn", "anternn"):
        with pytest.raises(DataError, match="weighs no aspects"):
            explainer_of(name, world).population()


def test_explanations_survive_json_and_cannot_be_changed(explainer: Explainer) -> None:
    explanation = explainer.explain(0, 40)
    assert Explanation.model_validate_json(explanation.model_dump_json()) == explanation
    with pytest.raises(ValueError, match="frozen"):
        explanation.score = 1.0  # type: ignore[misc]
