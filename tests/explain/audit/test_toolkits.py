"""Measures against what two published toolkits tell of the same removals.

The numbers were told by Quantus 0.6.0 and ferret-xai 0.4.2, which need packages that do not go with ours. The scores of
``Weighing`` under gates stood in for the probability of a class, ten units for ten features or tokens; the order was
``ORDER``, given as the values 10, 9, ..., 1.
"""

from __future__ import annotations

import pytest
import torch

from tests.explain.additive import Weighing
from workbench.data.dataset import Dataset
from workbench.explain.attribution import attributions
from workbench.explain.audit.curves import CURVE, Erased, along, erase, measures
from workbench.explain.units import Units
from workbench.explain.verdict import kendall_tau

ORDER = (0, 4, 9, 6, 7, 3, 2, 8, 1, 5)
FLIPPED = (0.392088, 0.356863, 0.366866, 0.317335, 0.361253, 0.393894, 0.352856, 0.409902, 0.735191, 0.0)
"""``quantus.PixelFlipping(features_in_step=1, perturb_baseline=0.0, normalise=False, abs=False)``."""
COMPREHENSIVENESS = {1: 0.028553, 2: 0.063779, 5: 0.059388}
"""``AOPC_Comprehensiveness_Evaluation`` of ferret, by the number of tokens removed."""
SUFFICIENCY = {1: -0.654314, 2: -0.440785, 5: -0.144171}
"""``AOPC_Sufficiency_Evaluation`` of ferret, by the number of tokens kept."""
TAU = 0.2
"""``TauLOO_Evaluation`` of ferret."""


@pytest.fixture(scope="module")
def units(toy: Dataset) -> Units:
    found = Units.of(Weighing(toy).eval(), 3, 17)
    assert len(found) == len(ORDER)
    return found


@pytest.fixture(scope="module")
def erased(units: Units) -> Erased:
    return erase(units, {"some": torch.tensor(ORDER)})["some"]


def test_deletion_is_the_pixel_flipping_of_quantus(erased: Erased) -> None:
    assert [erased.without[k] for k in range(1, len(ORDER) + 1)] == pytest.approx(FLIPPED, abs=2e-6)
    gone, _ = along(erased, 1.0)
    assert gone == pytest.approx(FLIPPED[: len(CURVE)], abs=2e-6)
    assert measures(erased, 1.0, 5)["deletion_auc"] == pytest.approx(sum(FLIPPED[:-1]) / 9, abs=2e-6)


def test_comprehensiveness_and_sufficiency_are_those_of_ferret(erased: Erased) -> None:
    # Of ten units 1, 5 and 10 % are one each, which ferret would count once.
    counts = (1, 1, 1, 2, 5)
    found = measures(erased, 1.0, 5)
    assert found["comprehensiveness"] == pytest.approx(sum(COMPREHENSIVENESS[k] for k in counts) / 5, abs=2e-6)
    assert found["sufficiency"] == pytest.approx(sum(SUFFICIENCY[k] for k in counts) / 5, abs=2e-6)


def test_agreement_with_leave_one_out_is_that_of_ferret(units: Units) -> None:
    cost = attributions(units, ("leave_one_out",))["leave_one_out"]
    strength = [float(len(ORDER) - ORDER.index(unit)) for unit in range(len(ORDER))]
    assert kendall_tau(strength, cost.tolist()) == pytest.approx(TAU)
