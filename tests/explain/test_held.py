"""Removals that hold weights: against a hand-made softmax, against exact shares, and refused where nothing is exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.explain.additive import Additive, Weighing
from tests.models.cases import prepared
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.attribution import attributions
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.units import Units
from workbench.explain.whatif import what_if

USER, ITEM = 3, 11


@pytest.fixture
def world(toy: Dataset, tmp_path: Path) -> Dataset:
    return rewrite(toy, tables_of(toy), tmp_path / "toy")


def of(model: Weighing, removal: str) -> Units:
    return Units.of(model.eval(), USER, ITEM, removal=removal)


def test_each_removal_is_what_it_says(toy: Dataset) -> None:
    model = Weighing(toy)
    liked = model.history(torch.tensor([USER])).values
    values = model.weight[liked, ITEM].detach().double().numpy()
    weights = model.score[liked].detach().double().softmax(0).numpy()
    score = weights @ values
    rows = 1 - torch.eye(len(liked))
    without = [np.delete(weights, k) @ np.delete(values, k) / (1 - weights[k]) for k in range(len(liked))]
    wanted = {
        "deleted": without,
        "zeroed": score - weights * values,
        "mean": score - weights * (values - values.mean()),
    }
    for removal, scores in wanted.items():
        units = of(model, removal)
        assert units.pair(rows).detach().numpy() == pytest.approx(np.array(scores), abs=1e-4)
        # What the pair scores is what the whole catalogue holds for it.
        there = torch.cat(list(units.catalogue(rows)))[:, ITEM]
        assert there.detach().numpy() == pytest.approx(np.array(scores), abs=1e-4)


def test_where_everything_adds_up_zeroing_is_deleting(toy: Dataset) -> None:
    explainer = Explainer(Additive(toy).eval(), toy)
    one, other = explainer.explain(USER, ITEM), explainer.explain(USER, ITEM, removal="zeroed")
    for a, b in zip(one.level("history").elements, other.level("history").elements, strict=True):
        assert a.removal == pytest.approx(b.removal, abs=1e-4) and a.rank_without == b.rank_without
    assert (one.removal, other.removal) == ("deleted", "zeroed")


@pytest.mark.parametrize("name", ["hasc", "acf", "diffnetpp", "jifr"])
def test_a_zeroed_element_costs_its_exact_share(name: str, world: Dataset) -> None:
    settings = {"inputs": ["base", "auxiliary"]} if name == "hasc" else {}
    explainer = Explainer(prepared(name, world, 1, settings), world)
    units = Units.of(explainer.model, 4, 30, removal="zeroed")
    shares = units.contribution
    assert shares is not None and shares.abs().max() > 0
    values = attributions(units, ("leave_one_out", "shapley", "integrated_gradients"))
    for found in values.values():
        torch.testing.assert_close(found, shares.detach(), atol=1e-4, rtol=1e-3)


def test_ranking_again_with_weights_held_is_the_change_an_explanation_tells(world: Dataset) -> None:
    explainer = Explainer(prepared("hasc", world, 1, {"inputs": ["base", "auxiliary"]}), world)
    users = [u for u in range(len(world.users)) if len(world.uploads.row(u)) > 1 and len(world.follows.row(u)) > 1]
    user = users[0]
    item = world.items.code(explainer.recommend(user, 1)[0].item)
    for removal in ("zeroed", "mean"):
        told = explainer.explain(user, item, removal=removal)
        for group in ("uploads", "follows"):
            for element in told.level(group).elements:
                found = what_if(explainer, user, [Edit(group=group, id=element.id)], item=item, removal=removal)
                assert found.removal == removal and found.explained is not None
                assert found.explained.score_change == pytest.approx(element.removal, abs=1e-5)
                assert found.explained.rank_after == element.rank_without
        whole = {element.id: element for element in told.level("aspects").elements}["follows"]
        found = what_if(explainer, user, [Edit(group="follows")], item=item, removal=removal)
        assert found.explained is not None
        assert found.explained.score_change == pytest.approx(whole.removal, abs=1e-5)
        own = [Edit(group="creator", item=world.items.id(item))]
        creator = {element.id: element for element in told.level("aspects").elements}["creator"]
        found = what_if(explainer, user, own, item=item, removal=removal)
        assert found.explained is not None
        assert found.explained.score_change == pytest.approx(creator.removal, abs=1e-5)


def test_a_model_without_exact_shares_refuses(world: Dataset) -> None:
    model = prepared("sasrec", world, 1, {})
    units = Units.of(model, 4, 30, removal="zeroed")
    with pytest.raises(DataError, match="sasrec has no exact shares of the score for history"):
        units.pair(torch.ones(1, len(units)))
    with pytest.raises(DataError, match="there is no removal 'hidden'"):
        of(Weighing(world), "hidden").pair(torch.ones(1, 1))
