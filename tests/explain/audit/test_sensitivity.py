"""Sensitivity: by hand, against Captum, on a model whose truth is known, under every removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from captum.metrics import sensitivity_max

from tests.explain.additive import Additive, Weighing
from tests.models.cases import prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.explain.attribution import METHODS, attributed
from workbench.explain.audit.sensitivity import RADIUS, neighbours, sensitivity
from workbench.explain.audit.together import read_under
from workbench.explain.units import Units
from workbench.layers.evidence import Gates

USER, ITEM = 3, 17


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("world") / "toy")


def captums(explained: Callable[[torch.Tensor], torch.Tensor], opened: torch.Tensor) -> float:
    """The library's measure of what is ``explained`` under the first row of gates, the others being its neighbours."""
    found = sensitivity_max(
        lambda rows: (explained(rows[0] if isinstance(rows, tuple) else rows),),
        opened[:1],
        perturb_func=lambda _: opened[1:],
        n_perturb_samples=len(opened) - 1,
    )
    return float(found[0])


def test_neighbours_lack_at_most_the_radius() -> None:
    gates = neighbours(1000, 0.1, 3, 0)
    assert torch.equal(gates[0], torch.ones(1000))
    assert 0.9 <= gates.min() < 0.901 and 0.999 < gates[1:].max() <= 1
    assert not torch.equal(gates[1], gates[2])


@pytest.mark.parametrize("method", METHODS)
def test_of_attributions_it_is_captums(method: str, world: Dataset) -> None:
    units = Units.of(Weighing(world).eval(), USER, ITEM)
    opened = neighbours(len(units), 0.3, 6, 4)

    @torch.enable_grad()
    def explained(rows: torch.Tensor) -> torch.Tensor:
        return attributed(units, rows, (method,), 4)[method]

    found = sensitivity(units, 0.3, 6, 4)[method]
    assert found == pytest.approx(captums(explained, opened), rel=1e-4) and found > 0.05


def test_of_attention_it_is_captums(world: Dataset) -> None:
    model = prepared("hasc", world, 2, {"inputs": ["base", "auxiliary"]})
    units = Units.of(model, 4, 30)
    opened = neighbours(len(units), 0.3, 6, 0)

    def attention(rows: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.as_tensor(one.attention) for one in read_under(units, rows)])

    assert sensitivity(units, 0.3, 6)["attention"] == pytest.approx(captums(attention, opened), rel=1e-4)


def test_of_a_softmax_it_is_that_computed_by_hand(world: Dataset) -> None:
    model = Weighing(world).eval()
    units = Units.of(model, USER, ITEM)
    sets = world.history.row(USER)
    strength = model.score.detach()[sets].exp()
    whole, worst = strength / strength.sum(), 0.0
    for gates in neighbours(len(units), 0.1, 4, 9)[1:]:
        weighed = gates * strength
        changed = gates.max() * weighed / weighed.sum() - whole
        worst = max(worst, float(changed.square().sum().sqrt() / whole.square().sum().sqrt()))
    assert sensitivity(units, 0.1, 4, 9)["attention"] == pytest.approx(worst, rel=1e-4)


def test_exact_shares_of_a_sum_change_no_more_than_the_evidence_and_random_ones_do(world: Dataset) -> None:
    found = sensitivity(Units.of(Additive(world).eval(), USER, ITEM))
    for method in ("contribution", *METHODS):
        assert 0 < found[method] <= RADIUS + 1e-4, method
    assert found["random"] > 0.5 and found["uniform"] == 0


@pytest.mark.parametrize("name", ["acf", "hasc", "sasrec"])
def test_under_gates_a_pair_is_read_as_its_model_reads_it(name: str, world: Dataset) -> None:
    settings: dict[str, Any] = {"inputs": ["base", "auxiliary"]} if name == "hasc" else {"dim": 8}
    units = Units.of(prepared(name, world, 2, settings), 4, 30)
    rows = neighbours(len(units), 0.5, 2, 1)
    for gates, read in zip(rows, read_under(units, rows), strict=True):
        elements = {group: gates[place] for group, place in units.places.items()}
        alone = units.model.read(torch.tensor([4]), torch.tensor([30]), Gates(elements))
        assert read.score == pytest.approx(float(alone.scores[0]), abs=1e-5)
        assert read.score == pytest.approx(float(units.pair(gates.unsqueeze(0))[0]), abs=1e-5)


def test_with_weights_held_each_unit_loses_its_part_of_what_is_missing(world: Dataset) -> None:
    units = Units.of(Weighing(world).eval(), USER, ITEM, removal="zeroed")
    share = torch.as_tensor(units.contribution).detach()
    lost = (1 - neighbours(len(units), 0.1, 5, 0)[1:]) * share
    wanted = float(lost.norm(dim=1).max() / share.norm())
    for method in METHODS:
        assert sensitivity(units, 0.1)[method] == pytest.approx(wanted, rel=1e-3), method
