"""How well explanations find planted causes: on worlds whose causes are known, and against scipy and sklearn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from tests.models.cases import prepared
from tests.models.rewritten import tables_of
from workbench.data.dataset import Dataset
from workbench.data.write import write_dataset
from workbench.explain.audit import marks as marking
from workbench.explain.audit.pairs import planted, planted_pairs
from workbench.explain.audit.result import Calibrated, Planted
from workbench.explain.explainer import Explainer
from workbench.explain.units import Units

HASC: dict[str, Any] = {"inputs": ["base", "auxiliary"]}


@pytest.fixture(scope="module")
def caused(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The toy world, in which the cause of each held-out like is a known friend, upload or creator."""
    likes = toy.table("likes")
    held, rows = likes[likes["split"] != "train"], []
    for like in held.itertuples():
        user = toy.users.code(like.user)
        friends, uploads = toy.follows.row(user).tolist(), toy.uploads.row(user).tolist()
        aspect, element = ("creator", None) if not friends else ("follows", toy.users.id(friends[-1]))
        if not friends and uploads:
            aspect, element = "uploads", toy.items.id(uploads[0])
        rows.append({"source": "like", "user": like.user, "item": like.item, "aspect": aspect, "element": element})
    causes = pd.DataFrame(rows).assign(words=None, x0=np.nan, y0=np.nan, x1=np.nan, y1=np.nan)
    causes["element"] = causes["element"].astype("Int64").astype("string")
    folder = tmp_path_factory.mktemp("caused") / "toy"
    write_dataset(folder, toy.card, {**tables_of(toy), "causes": causes})
    return Dataset.open(folder)


def test_planted_units_are_those_the_causes_name(caused: Dataset) -> None:
    explainer = Explainer(prepared("hasc", caused, 1, HASC), caused)
    pairs = list(planted_pairs(explainer, 100, 0))
    assert len(pairs) > 30
    causes = caused.table("causes").set_index(["user", "item"])
    for units, mask in pairs:
        cause = causes.loc[(caused.users.id(units.user), caused.items.id(units.item))]
        (place,) = mask.nonzero().flatten().tolist()
        group, position = units.place(place)
        assert group == cause["aspect"]
        named = explainer.names.element(explainer.groups[group].kind, int(units.level(group).elements.values[position]))
        assert group == "creator" or str(named.id) == str(cause["element"])


def test_causes_of_training_likes_are_kept_apart_from_held_out_ones(caused: Dataset, tmp_path: Path) -> None:
    likes = caused.table("likes")
    learned = likes[likes["split"] == "train"].assign(aspect="creator", source="like")[
        ["source", "user", "item", "aspect"]
    ]
    causes = pd.concat([caused.table("causes"), learned], ignore_index=True)
    write_dataset(tmp_path / "toy", caused.card, {**tables_of(caused), "causes": causes})
    world = Dataset.open(tmp_path / "toy")
    explainer = Explainer(prepared("hasc", world, 1, HASC), world)
    split = likes.set_index(["user", "item"])["split"]
    for known in (True, False):
        found = [units for units, _ in planted_pairs(explainer, 20, 0, learned=known)]
        splits = {split[(world.users.id(units.user), world.items.id(units.item))] for units in found}
        assert found and splits <= ({"train"} if known else {"validation", "test"})


def test_how_often_a_cause_is_above_others_is_the_area_of_sklearn() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in (2, 9, 400):
        weights = torch.randint(0, 7, (size,), generator=generator).float()
        cause = torch.rand(size, generator=generator) < 0.3
        cause[:2] = torch.tensor([True, False])
        assert marking.above(weights, cause) == pytest.approx(roc_auc_score(cause, weights))
    assert marking.above(torch.tensor([2.0, 1.0, 1.0]), torch.tensor([False, True, False])) == 0.25


def _marks(explainer: Explainer) -> tuple[dict[str, Planted], dict[str, Calibrated]]:
    rows = [
        row for units, cause in planted_pairs(explainer, 30, 0) for row in marking.marked(explainer, units, cause, 0)
    ]
    found = marking.marks([pd.DataFrame(rows, columns=list(marking.COLUMNS))])
    return found["planted"], found["verdicts"]


def test_a_method_that_knows_the_cause_finds_it_always(caused: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer(prepared("hasc", caused, 1, HASC), caused)
    causes = caused.table("causes").set_index(["user", "item"], drop=False)

    def told(units: Units, seed: int) -> dict[str, torch.Tensor]:
        row = causes.loc[[(caused.users.id(units.user), caused.items.id(units.item))]]
        knows = planted(explainer, units, row).float()
        drawn = torch.rand(len(units), generator=torch.Generator().manual_seed(seed))
        even = torch.ones(len(units))
        return {"knows": knows, "errs": 1 - knows, "random": drawn, "uniform": even, "leave_one_out": knows}

    monkeypatch.setattr(marking, "weights_of", told)
    marks, _ = _marks(explainer)
    assert marks["knows"].precision_at_1 == 1 and marks["knows"].auc == 1
    assert marks["errs"].precision_at_1 == 0 and marks["errs"].auc == 0
    assert 0 < marks["uniform"].precision_at_1 < 1 and marks["uniform"].auc == 0.5
    assert marks["random"].precision_at_1 < 0.5 and 0.3 < marks["random"].auc < 0.7


def test_verdicts_are_marked_by_what_is_shown_strongest(caused: Dataset) -> None:
    explainer = Explainer(prepared("hasc", caused, 1, HASC), caused)
    marks, verdicts = _marks(explainer)
    pairs = list(planted_pairs(explainer, 30, 0))
    assert sum(one.pairs for one in verdicts.values()) == len(pairs) == marks["attention"].pairs
    right = sum(one.pairs * one.right for one in verdicts.values()) / len(pairs)
    assert right == pytest.approx(marks["attention"].precision_at_1)
    badges = [explainer.explain(units.user, units.item).verdict.badge for units, _ in pairs]
    assert {badge: badges.count(badge) for badge in badges} == {name: one.pairs for name, one in verdicts.items()}


def test_a_level_is_searched_for_the_cause_alone(caused: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit of another level may stand above the cause: within its own level the cause still comes first."""
    explainer = Explainer(prepared("hasc", caused, 1, HASC), caused)
    causes = caused.table("causes").set_index(["user", "item"], drop=False)

    def told(units: Units, seed: int) -> dict[str, torch.Tensor]:
        row = causes.loc[[(caused.users.id(units.user), caused.items.id(units.item))]]
        cause = planted(explainer, units, row)
        level, _ = units.place(int(cause.nonzero()[0]))
        elsewhere = torch.ones(len(units))
        elsewhere[units.places[level]] = 0
        return {"elsewhere": cause.float() + 2 * elsewhere, "leave_one_out": cause.float()}

    monkeypatch.setattr(marking, "weights_of", told)
    rows = [
        row for units, cause in planted_pairs(explainer, 30, 0) for row in marking.marked(explainer, units, cause, 0)
    ]
    found = marking.marks([pd.DataFrame(rows, columns=list(marking.COLUMNS))])
    assert found["planted"]["elsewhere"].precision_at_1 == 0
    assert set(found["levels"]) == {"follows", "uploads"}
    for level in found["levels"].values():
        assert level["elsewhere"].pairs > 0 and level["elsewhere"].precision_at_1 == level["elsewhere"].auc == 1


@pytest.mark.parametrize(("right", "n"), [(0, 7), (3, 10), (26, 117), (40, 40)])
def test_the_interval_of_a_share_is_wilsons(right: int, n: int) -> None:
    wanted = binomtest(right, n).proportion_ci(method="wilson")
    assert marking.wilson(right / n, n) == pytest.approx((wanted.low, wanted.high), abs=1e-4)


def test_the_difference_of_two_shares_has_newcombes_interval() -> None:
    """56 of 70 against 48 of 80: the first example of Newcombe (1998), Table II, method 10."""
    some, others = (
        pd.DataFrame({"right": [1.0] * right + [0.0] * (n - right), "chance": 0.1}) for right, n in ((56, 70), (48, 80))
    )
    found = marking.separation(some, others)
    assert found is not None and found.mean == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert marking.separation(some, others.iloc[:0]) is None
