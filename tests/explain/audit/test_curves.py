"""Erasure measures: by hand, on models whose truth is known, and against Captum where it has the same measure."""

from __future__ import annotations

import math

import pytest
import torch
from captum.metrics import infidelity as captum_infidelity

from tests.explain.additive import Additive, Weighing
from workbench.data.dataset import Dataset
from workbench.explain.audit.curves import CURVE, FEW, count, erase, infidelity, measures, sparsity
from workbench.explain.explainer import Explainer
from workbench.explain.units import Units

USER, ITEM = 3, 17


@pytest.fixture(scope="module")
def units(toy: Dataset) -> Units:
    return Units.of(Additive(toy).eval(), USER, ITEM)


def test_a_share_is_at_least_one_unit_and_rounds_up() -> None:
    assert [count(q, 10) for q in (0.01, 0.1, 0.11, 0.5, 0.9)] == [1, 1, 2, 5, 9]
    assert count(0.3, 10) == 3


def test_measures_are_those_computed_by_hand(units: Units, toy: Dataset) -> None:
    share = units.contribution
    assert share is not None
    share = share.detach()
    order = torch.randperm(len(units), generator=torch.Generator().manual_seed(4))
    race = Explainer(units.model, toy).race(USER, ITEM)
    found = measures(erase(units, {"some": order}, race)["some"], 2.0, 5)
    n, total = len(units), float(share.sum())

    def without(k: int) -> float:
        return total - float(share[order[:k]].sum())

    def only(k: int) -> float:
        return float(share[order[:k]].sum())

    few, curve = [math.ceil(q * n) for q in FEW], [math.ceil(round(q * n, 6)) for q in CURVE]
    assert found["comprehensiveness"] == pytest.approx(sum(total - without(k) for k in few) / len(few) / 2, abs=1e-5)
    assert found["sufficiency"] == pytest.approx(sum(total - only(k) for k in few) / len(few) / 2, abs=1e-5)
    assert found["deletion_auc"] == pytest.approx(sum(map(without, curve)) / len(curve) / 2, abs=1e-5)
    assert found["insertion_auc"] == pytest.approx(sum(map(only, curve)) / len(curve) / 2, abs=1e-5)

    def rank(gone: torch.Tensor) -> int:
        kept = [i for i in range(n) if i not in gone.tolist()]
        history = toy.history.row(USER)[kept]
        scores = units.model.weight[history].sum(0).detach()  # type: ignore[index,union-attr]
        seen = {*toy.history.row(USER).tolist(), *toy.uploads.row(USER).tolist()} - {ITEM}
        return 1 + sum(float(s) > float(scores[ITEM]) for i, s in enumerate(scores) if i not in seen)

    steps = [k for k in curve if k < n]
    assert found["pos_at_k"] == pytest.approx(sum(rank(order[:k]) <= 5 for k in steps) / len(steps))
    assert found["neg_at_k"] == pytest.approx(sum(rank(order[n - k :]) <= 5 for k in steps) / len(steps))


def test_a_perfect_explainer_has_the_best_value_of_all_orders(units: Units) -> None:
    share = units.contribution
    assert share is not None
    generator = torch.Generator().manual_seed(0)
    orders = {f"{k}": torch.randperm(len(units), generator=generator) for k in range(200)}
    orders |= {"perfect": share.argsort(descending=True), "reversed": share.argsort()}
    told = {name: measures(one, 1.0, 5) for name, one in erase(units, orders).items()}
    for name, best in (("comprehensiveness", max), ("insertion_auc", max), ("sufficiency", min), ("deletion_auc", min)):
        values = {key: one[name] for key, one in told.items()}
        assert values["perfect"] == pytest.approx(best(values.values()), abs=1e-5), name
        random = [value for key, value in values.items() if key.isdecimal()]
        assert abs(values["perfect"] - sum(random) / len(random)) > 0.5, name


def test_a_perfect_explainer_drops_an_image_from_the_list_soonest(toy: Dataset) -> None:
    """All other images score 0, so that the rank depends on what the evidence adds to this one alone."""
    model = Additive(toy).eval()
    with torch.no_grad():
        model.weight[:, torch.arange(model.n_items) != ITEM] = 0
    units = Units.of(model, USER, ITEM)
    share = units.contribution
    assert share is not None and share.sum() > 0 and (share > 0).any() and (share < 0).any()
    generator = torch.Generator().manual_seed(0)
    orders = {f"{k}": torch.randperm(len(units), generator=generator) for k in range(200)}
    orders |= {"perfect": share.argsort(descending=True), "reversed": share.argsort()}
    race = Explainer(model, toy).race(USER, ITEM)
    told = {name: measures(one, 1.0, 5) for name, one in erase(units, orders, race).items()}
    for name, best, worst in (("pos_at_k", min, max), ("neg_at_k", max, min)):
        values = [one[name] for one in told.values()]
        assert told["perfect"][name] == best(values) and told["reversed"][name] == worst(values), name
        assert abs(told["perfect"][name] - sum(values) / len(values)) > 0.1, name


def test_exact_shares_foretell_every_removal_and_random_ones_do_not(units: Units) -> None:
    share = units.contribution
    assert share is not None
    noise = torch.randn(len(units), generator=torch.Generator().manual_seed(1))
    found = infidelity(units, {"exact": share, "scaled": 7 * share, "noise": noise})
    assert found["exact"] < 1e-8 and found["scaled"] < 1e-8
    assert found["noise"] > 0.3


def test_infidelity_is_captums_over_the_size_of_the_costs(toy: Dataset) -> None:
    units = Units.of(Weighing(toy).eval(), USER, ITEM)
    weights = torch.rand(len(units), generator=torch.Generator().manual_seed(2))
    gone = (torch.rand(40, len(units), generator=torch.Generator().manual_seed(0)) < 0.25).float()
    theirs = captum_infidelity(
        lambda rows: units.pair(rows).detach(),
        lambda inputs: (gone, inputs - gone),
        torch.ones(1, len(units)),
        weights.unsqueeze(0),
        n_perturb_samples=40,
        normalize=True,
    )
    cost = units.score - units.pair(1 - gone).detach()
    ours = infidelity(units, {"some": weights})["some"] * float((cost**2).mean())
    assert ours == pytest.approx(float(theirs[0]), rel=1e-4)


def test_sparsity_runs_from_even_to_one_unit_alone() -> None:
    assert sparsity(torch.ones(8)) == pytest.approx(0, abs=1e-9)
    assert sparsity(torch.tensor([0.0, -5.0, 0.0, 0.0])) == pytest.approx(0.75)
    assert sparsity(torch.zeros(4)) == 0


def test_equal_questions_are_asked_once(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    pair = Units.pair

    def counted(self: Units, rows: torch.Tensor) -> torch.Tensor:
        asked.append(len(rows))
        return pair(self, rows)

    monkeypatch.setattr(Units, "pair", counted)
    order = torch.arange(len(units))
    erase(units, {"one": order})
    once = asked[-1]
    erase(units, {"one": order, "again": order.clone()})
    assert asked[-1] == once
