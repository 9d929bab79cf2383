"""Attributions over gates: against exact shares, against permutations counted out, for every model."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import torch

from tests.explain.additive import Additive, Weighing
from tests.models.cases import prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.attribution import METHODS, attributions, by_level, gap
from workbench.explain.explainer import Explainer
from workbench.explain.units import Units
from workbench.layers.evidence import ASPECTS
from workbench.layers.steps import Steps
from workbench.models.anternn import AnteRNN

SETTINGS: dict[str, dict[str, Any]] = {"hasc": {"inputs": ["base", "auxiliary"]}, "acf": {"dim": 8, "hidden": 8}}
MODELS = ("hasc", "acf", "svdpp", "itemknn", "ucf", "sasrec", "gru")


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("world") / "toy")


@pytest.fixture(params=MODELS)
def units(request: pytest.FixtureRequest, world: Dataset) -> Units:
    return Units.of(prepared(request.param, world, 2, SETTINGS.get(request.param, {})), 4, 30)


def test_every_method_finds_the_exact_shares_of_a_sum(world: Dataset) -> None:
    units = Units.of(Additive(world).eval(), 3, 17)
    exact = units.contribution
    assert exact is not None and len(units) > 3
    for method, values in attributions(units, tuple(METHODS)).items():
        torch.testing.assert_close(values, exact.detach(), msg=method, atol=1e-5, rtol=1e-4)


def test_complete_methods_add_up(units: Units) -> None:
    found = attributions(units, ("integrated_gradients", "shapley"))
    ends = torch.stack([torch.ones(len(units)), torch.zeros(len(units))])
    all_of_it, _ = units.pair(ends).tolist()
    assert gap(units, found["shapley"]) < 1e-4 * (1 + abs(all_of_it))
    sizes = float(found["integrated_gradients"].abs().sum())
    assert gap(units, found["integrated_gradients"]) <= 0.011 * sizes + 1e-5


def test_leave_one_out_is_scoring_again_without_each_unit(units: Units) -> None:
    found = attributions(units, ("leave_one_out",))["leave_one_out"]
    for unit in range(len(units)):
        row = torch.ones(1, len(units))
        row[0, unit] = 0
        assert float(found[unit]) == pytest.approx(units.score - float(units.pair(row)[0]), abs=2e-5, rel=1e-3)


def test_shapley_values_come_near_those_counted_out(world: Dataset) -> None:
    model = Weighing(world).eval()
    user = int((world.history.lengths == world.history.lengths.clamp_min(3).min()).nonzero()[0])
    units = Units.of(model, user, 11)
    n = len(units)
    assert n <= 6
    exact = torch.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        rows = torch.tril(torch.ones(n + 1, n), -1)
        place = torch.empty(n, dtype=torch.int64)
        place[list(order)] = torch.arange(n)
        scores = units.pair(rows[:, place]).detach()
        exact[list(order)] += scores[1:] - scores[:-1]
    found = attributions(units, ("shapley",), orders=400)["shapley"]
    torch.testing.assert_close(found, exact / len(orders), atol=0.08, rtol=0.1)


def test_shapley_depends_on_its_seed_alone(world: Dataset) -> None:
    units = Units.of(Weighing(world).eval(), 3, 11)
    torch.manual_seed(1)
    first = attributions(units, ("shapley",), seed=5)["shapley"]
    torch.manual_seed(2)
    state = torch.get_rng_state()
    torch.testing.assert_close(attributions(units, ("shapley",), seed=5)["shapley"], first)
    assert torch.equal(torch.get_rng_state(), state)


def test_levels_hold_their_elements_and_aspects_their_sums(world: Dataset) -> None:
    explainer = Explainer(prepared("hasc", world, 2, SETTINGS["hasc"]), world)
    found = explainer.explain(4, 30, methods=("integrated_gradients", "leave_one_out"))
    for element in found.level(ASPECTS).elements:
        below = found.level(str(element.id)).elements
        total = sum(e.attributions["integrated_gradients"] for e in below)
        assert element.attributions["integrated_gradients"] == pytest.approx(total, abs=1e-5)
        assert element.removal is not None
        assert element.attributions["leave_one_out"] == pytest.approx(-element.removal, abs=1e-4)
    plain = explainer.explain(4, 30)
    assert all(not e.attributions for level in plain.levels for e in level.elements)


def test_parts_of_other_elements_share_what_their_group_is_worth(world: Dataset) -> None:
    model = prepared("acf", world, 2, SETTINGS["acf"])
    values = by_level(model, 4, 30, None, ("integrated_gradients",))["regions"]["integrated_gradients"]
    inside = Units.of(model, 4, 30, within="regions")
    assert len(values) == len(inside) > len(Units.of(model, 4, 30))
    assert gap(inside, values) < 0.02 * (1 + abs(inside.score))


def test_an_unknown_method_is_refused(world: Dataset) -> None:
    with pytest.raises(DataError, match="choose among integrated_gradients"):
        attributions(Units.of(Additive(world).eval(), 3, 17), ("lime",))


def test_rows_that_differ_in_the_image_alone_are_walked_along_once(
    world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = prepared("anternn", world, 1, {"dim": 8, "rare": 1, "modalities": ["words"], "output": "content"})
    units = Units.of(model, 4, 30)
    likes, words = units.sizes["history"], units.sizes["caption"]
    rows = torch.ones(1 + likes + words, len(units))
    rows[1 : likes + 1, units.places["history"]] -= torch.eye(likes)
    rows[likes + 1 :, units.places["caption"]] -= torch.eye(words)
    alone = torch.cat([units.pair(row.unsqueeze(0)) for row in rows])
    walked, walk = list[int](), type(model).walk

    def counted(self: AnteRNN, steps: Steps, *rest: Any) -> torch.Tensor:
        walked.append(len(steps.items))
        return walk(self, steps, *rest)

    monkeypatch.setattr(type(model), "walk", counted)
    torch.testing.assert_close(units.pair(rows), alone, atol=1e-5, rtol=1e-4)
    assert walked == [1 + likes] and words > 1


def test_what_methods_ask_without_slopes_is_scored_in_one_question(
    world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = prepared("hasc", world, 2, SETTINGS["hasc"])
    units, asked, score = Units.of(model, 4, 30), list[tuple[int, bool]](), type(model).score_pairs
    alone = {name: METHODS[name](units, torch.ones(1, len(units)), 0, 3)[0] for name in METHODS}

    def counted(self: Any, users: torch.Tensor, *rest: Any) -> torch.Tensor:
        found = score(self, users, *rest)
        asked.append((len(users), found.requires_grad))
        return found

    monkeypatch.setattr(type(model), "score_pairs", counted)
    found = attributions(units, tuple(METHODS), orders=3)
    assert [rows for rows, sloped in asked if not sloped] and sum(not sloped for _, sloped in asked) == 1
    for name, values in found.items():
        torch.testing.assert_close(values, alone[name].detach(), msg=name, atol=1e-6, rtol=1e-5)
