"""Other weights, brought about by gates: they are those asked for, and are found exactly where they change nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from scipy.spatial.distance import jensenshannon

from tests.explain.additive import Additive, Weighing
from tests.models.cases import prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.explain.audit.attention import _case, _gates, divergence, other_weights
from workbench.explain.units import Units
from workbench.layers.evidence import Gates


def test_gates_make_a_softmax_weigh_as_asked(toy: Dataset) -> None:
    model = Weighing(toy).eval()
    units = Units.of(model, 3, 17)
    case = _case("history", units, 1.0, 0)
    assert case is not None and bool(case.shown.all())
    wanted = torch.softmax(torch.randn(5, len(units), generator=torch.Generator().manual_seed(3)), 1)
    rows = _gates(case, wanted)
    assert rows.min() >= 0 and rows.max() <= 1
    pair = torch.full((5,), 3), torch.full((5,), 17)
    got = model.read(*pair, Gates({"history": rows.flatten()})).levels[0].attention
    torch.testing.assert_close(got.view(5, -1).detach(), wanted, atol=1e-5, rtol=1e-4)


def test_weights_that_matter_cannot_be_others_and_useless_ones_can(toy: Dataset) -> None:
    (matter,) = other_weights([Units.of(Weighing(toy).eval(), 3, 17)], [1.0])
    (idle,) = other_weights([Units.of(Weighing(toy, useless=True).eval(), 3, 17)], [1.0])
    assert idle.permuted == pytest.approx(0, abs=1e-5) and matter.permuted > 0.1
    assert idle.divergence > 0.5 * math.log(2)
    assert matter.divergence < idle.divergence <= math.log(2) + 1e-6


def test_what_an_adversary_weighs_leaves_the_score_as_it_is(toy: Dataset) -> None:
    strict, loose = (
        next(iter(other_weights([Units.of(Weighing(toy).eval(), 3, 17)], [1.0], tolerance=tolerance))).divergence
        for tolerance in (0.001, 1.0)
    )
    assert strict < loose


def test_levels_whose_gates_do_more_than_weigh_are_left_out(toy: Dataset) -> None:
    def fixed(share: torch.Tensor) -> torch.Tensor:
        return torch.arange(1.0, len(share) + 1) / sum(range(len(share) + 1))

    assert list(other_weights([Units.of(Additive(toy, fixed).eval(), 3, 17)], [1.0])) == []


@pytest.mark.parametrize("name", ["hasc", "acf"])
def test_attention_models_can_be_asked(name: str, toy: Dataset, tmp_path: Any) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "toy")
    config = {"inputs": ["base", "auxiliary"]} if name == "hasc" else {"dim": 8, "hidden": 8}
    found = list(other_weights([Units.of(prepared(name, world, 2, config), 4, 30)], [1.0], permutations=5))
    assert {one.group for one in found} == ({"uploads", "follows"} if name == "hasc" else {"history"})
    assert all(0 <= one.flatness <= 1 for one in found)


@pytest.mark.parametrize("name", ["hasc", "acf"])
def test_pairs_asked_together_find_what_each_finds_alone(name: str, toy: Dataset, tmp_path: Any) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "toy")
    config = {"inputs": ["base", "auxiliary"]} if name == "hasc" else {"dim": 8}
    model = prepared(name, world, 2, config)
    pairs = [Units.of(model, user, item) for user, item in ((4, 30), (0, 3), (7, 12), (9, 1))]
    spreads = [1.0, 0.3, 0.5, 2.0]
    alone = [one for pair in zip(pairs, spreads, strict=True) for one in other_weights([pair[0]], [pair[1]])]
    together = list(other_weights(pairs, spreads))
    assert len(together) == len(alone) > 2
    for group in {one.group for one in alone}:
        told = zip(*([one for one in some if one.group == group] for some in (together, alone)), strict=True)
        for one, other in told:
            assert one.model_dump() == pytest.approx(other.model_dump(), abs=2e-3)


def test_the_divergence_is_that_of_scipy() -> None:
    one, other = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.1, 0.1, 0.8])
    assert float(divergence(one, other)) == pytest.approx(jensenshannon(one, other) ** 2, abs=1e-6)
