"""Audits: what they find on models whose truth is known, what is kept, shards, the command, every ranking model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from tests.explain.additive import Additive
from tests.models.cases import LATE, prepared
from tests.models.rewritten import rewrite, tables_of
from tests.worlds import write_toy
from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.audit import run as room
from workbench.explain.audit.curves import along, erase
from workbench.explain.audit.kept import newest, parameters_of
from workbench.explain.audit.look import weights_of
from workbench.explain.audit.pairs import shown_pairs, spreads
from workbench.explain.audit.randomise import randomise
from workbench.explain.audit.reading import calibration, reading
from workbench.explain.audit.result import Audit, Calibrated, Interval
from workbench.explain.audit.run import Plan, audit
from workbench.explain.audit.sensitivity import RADIUS
from workbench.explain.audit.together import read_again
from workbench.explain.explainer import Explainer
from workbench.explain.units import Units
from workbench.layers.evidence import Gates
from workbench.models import registry
from workbench.training.run import Run

PLAN = Plan(pairs=24, k=5)
SETTINGS: dict[str, dict[str, Any]] = {"hasc": {"inputs": ["base", "auxiliary"]}, "anternn": {"dim": 8, "rare": 1}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.open(write_toy(tmp_path_factory.mktemp("worlds") / "toy"))


@pytest.fixture(scope="module")
def run(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = {"epochs": 3, "batch": 64, "inputs": ["base", "auxiliary"]}
    return api.train("hasc", data.root, tmp_path_factory.mktemp("runs") / "hasc", device="cpu", **config)


@pytest.fixture(scope="module")
def found(run: Run) -> Audit:
    return audit(api.explainer(run), run.path, PLAN)


def additive_audit(data: Dataset, folder: Path, model: Additive) -> Audit:
    return audit(Explainer(model.eval(), data, "additive"), folder, PLAN)


def test_the_perfect_explainer_of_a_sum_is_seen_and_a_false_one_too(data: Dataset, tmp_path: Path) -> None:
    true = additive_audit(data, tmp_path / "true", Additive(data, lambda share: share.clamp_min(0) + 1e-9))
    false = additive_audit(data, tmp_path / "false", Additive(data, lambda share: (-share).clamp_min(0) + 1e-9))
    best = max(one["comprehensiveness"] for one in true.methods.values())
    assert true.methods["contribution"]["comprehensiveness"] == pytest.approx(best, abs=1e-5)
    assert true.methods["contribution"]["infidelity"] < 1e-6 < 0.3 < true.methods["random"]["infidelity"]
    assert true.methods["contribution"]["sensitivity"] <= RADIUS < 0.5 < true.methods["random"]["sensitivity"]
    assert true.intervals["attention"]["comprehensiveness"].low > 0
    assert false.intervals["attention"]["comprehensiveness"].high < 0
    assert "need more than chance" in true.verdict and "worse than random orders" in false.verdict
    assert abs(true.intervals["uniform"]["comprehensiveness"].mean) < 0.5 * best


def test_an_audit_says_what_it_looked_at(found: Audit) -> None:
    assert found.pairs + found.excluded == PLAN.pairs and found.controls == ("random", "uniform")
    assert set(found.methods) == {
        "attention", "contribution", "integrated_gradients", "gradient_x_gate", "leave_one_out", "shapley", "random",
        "uniform",
    }  # fmt: skip
    wanted = {
        "comprehensiveness", "sufficiency", "deletion_auc", "insertion_auc", "pos_at_k", "neg_at_k", "infidelity",
        "sparsity", "sensitivity",
    }  # fmt: skip
    assert all(wanted <= set(one) for one in found.methods.values())
    assert found.randomisation is not None and found.randomisation.cascade
    assert found.verdict == reading(found)
    assert Audit.model_validate_json(found.model_dump_json()) == found


def test_curves_are_means_over_the_pairs_and_their_own_means_the_measures(run: Run, found: Audit) -> None:
    explainer, courses = api.explainer(run), []
    for user, item in shown_pairs(explainer, PLAN.pairs, PLAN.seed):
        units = Units.of(explainer.model, user, item)
        if len(units) > 1:
            order = weights_of(units, PLAN.seed)["attention"].argsort(descending=True, stable=True)
            courses.append(along(erase(units, {"one": order})["one"], spreads(explainer, [user])[0]))
    curve = found.curves["attention"]
    assert np.allclose([curve.deletion, curve.insertion], np.mean(courses, axis=0), atol=1e-4)
    assert len(found.shares) == len(curve.deletion) and set(found.curves) == set(found.methods)
    for name, one in found.curves.items():
        assert np.mean(one.deletion) == pytest.approx(found.methods[name]["deletion_auc"], abs=1e-6)
        assert np.mean(one.insertion) == pytest.approx(found.methods[name]["insertion_auc"], abs=1e-6)


def test_within_a_level_its_units_go_while_all_others_stay(run: Run, found: Audit) -> None:
    explainer, costs = api.explainer(run), dict[str, list[float]]()
    model, few = explainer.model, (0.01, 0.05, 0.1, 0.2, 0.5)
    for user, item in shown_pairs(explainer, PLAN.pairs, PLAN.seed):
        units = Units.of(model, user, item)
        for group, size in units.sizes.items():
            if not 1 < size < len(units):
                continue
            weights = weights_of(units, PLAN.seed)["leave_one_out"][units.places[group]]
            order, scores = weights.argsort(descending=True, stable=True), []
            for share in few:
                gate = torch.ones(size)
                gate[order[: max(1, int(np.ceil(share * size - 1e-9)))]] = 0
                scores.append(
                    float(model.score_pairs(torch.tensor([user]), torch.tensor([item]), Gates({group: gate})).detach())
                )
            unit = spreads(explainer, [user])[0]
            costs.setdefault(group, []).append(float(units.score - np.mean(scores)) / unit)
    assert set(found.within) == set(costs) and len(costs) > 1
    for group, one in found.within.items():
        assert one.pairs == len(costs[group])
        assert one.methods["leave_one_out"]["comprehensiveness"] == pytest.approx(np.mean(costs[group]), abs=1e-4)
        gain = one.methods["leave_one_out"]["comprehensiveness"] - one.methods["random"]["comprehensiveness"]
        assert one.intervals["leave_one_out"]["comprehensiveness"].mean == pytest.approx(gain, abs=1e-6)
        assert set(one.methods["random"]) == {"comprehensiveness", "sufficiency"}


def test_the_newest_audit_is_found_unless_weights_or_data_changed(run: Run, found: Audit, tmp_path: Path) -> None:
    parameters = parameters_of(run.path)
    assert newest(run.path, parameters, found.fingerprint) == found
    assert newest(run.path, "other", found.fingerprint) is None
    assert newest(run.path, parameters, "other") is None
    folder = tmp_path / "audit" / "old"
    folder.mkdir(parents=True)
    (folder / "audit.json").write_text('{"schema_version": 1}', encoding="utf-8")
    assert newest(tmp_path, parameters, found.fingerprint) is None


def test_agreement_is_the_mean_kendall_tau_of_scipy(run: Run, found: Audit) -> None:
    explainer, taus = api.explainer(run), []
    for user, item in shown_pairs(explainer, PLAN.pairs, PLAN.seed):
        units = Units.of(explainer.model, user, item)
        if len(units) > 1:
            one = weights_of(units, PLAN.seed)
            tau = kendalltau(one["attention"], one["leave_one_out"]).statistic
            taus.append(0.0 if np.isnan(tau) else tau)
    assert found.agreement["attention"]["leave_one_out"] == pytest.approx(np.mean(taus), abs=1e-6)
    assert found.agreement["attention"]["attention"] == pytest.approx(1.0)


def test_audited_images_are_ones_their_users_are_shown(run: Run) -> None:
    explainer = api.explainer(run)
    pairs = shown_pairs(explainer, 50, 0)
    assert len({user for user, _ in pairs[:40]}) == 40
    for user, item in pairs[:10]:
        assert explainer.dataset.items.id(item) in [one.item for one in explainer.recommend(user, 10)]
    scores = explainer.model.score_items(torch.tensor([3])).detach()
    assert spreads(explainer, [3])[0] == pytest.approx(float(scores.std()), rel=1e-5)


def test_what_was_audited_is_used_again_and_interrupted_audits_go_on(
    run: Run, found: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    look = room.looked

    def counted(explainer: Explainer, units: Units, *rest: Any) -> Any:
        looked.append(units.user)
        return look(explainer, units, *rest)

    monkeypatch.setattr(room, "looked", counted)
    explainer = api.explainer(run)
    assert audit(explainer, run.path, PLAN) == found and not looked
    with pytest.raises(DataError, match="lacks 3 parts of other shards"):
        audit(explainer, tmp_path, PLAN, shard=(0, 2))
    first = len(looked)
    again = audit(explainer, tmp_path, PLAN)
    assert len(looked) == PLAN.pairs and first == 4
    assert again.model_copy(update={"seconds": found.seconds}) == found


def test_shuffled_parameters_change_attention_and_come_back(data: Dataset) -> None:
    explainer = Explainer(prepared("hasc", data, 1, SETTINGS["hasc"]), data)
    pairs = [Units.of(explainer.model, user, item) for user, item in shown_pairs(explainer, 10, 0)]
    before = {name: value.clone() for name, value in explainer.model.state_dict().items()}
    result = randomise([units for units in pairs if len(units) > 2], [1.0] * 10)
    assert result is not None
    assert result.cascade[-1].agreement < 0.5
    assert result.alone["bias"] == pytest.approx(1.0)
    after = explainer.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize("name", ["hasc", "acf", "sasrec"])
def test_pairs_read_together_are_those_read_alone(name: str, data: Dataset, tmp_path: Path) -> None:
    world = rewrite(data, tables_of(data), tmp_path / "toy")
    model = prepared(name, world, 1, SETTINGS.get(name, {}))
    pairs = [Units.of(model, user, item) for user, item in ((4, 30), (0, 3), (7, 12), (9, 1))]
    for one, other in zip(read_again(pairs), pairs, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-5) and one.sizes == other.sizes
        for mine, theirs in ((one.attention, other.attention), (one.contribution, other.contribution)):
            assert (mine is None) == (theirs is None)
            if mine is not None and theirs is not None:
                torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_verdicts_that_tell_right_from_wrong_are_read_so_and_others_are_not(found: Audit) -> None:
    def told(low: float, high: float) -> str:
        verdicts = {"supported": Calibrated(pairs=90, right=0.5, low=0.4, high=0.6, chance=0.1)}
        gap = Interval(mean=(low + high) / 2, low=low, high=high)
        return calibration(found.model_copy(update={"verdicts": verdicts, "separation": gap}))

    assert "tells right from wrong" in told(0.1, 0.3) and "90 supported explanations 50% [40%, 60%]" in told(0.1, 0.3)
    assert "cannot be seen" in told(-0.1, 0.3)
    assert "something else than the cause" in told(-0.3, -0.1)
    assert calibration(found) == ""


def test_a_model_without_evidence_cannot_be_audited(data: Dataset, tmp_path: Path) -> None:
    explainer = Explainer(prepared("bpr", data, 1, {}), data)
    with pytest.raises(DataError, match="bpr reads no evidence"):
        audit(explainer, tmp_path, PLAN)


def test_the_command_prints_the_fields_that_are_promised(
    run: Run, found: Audit, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["audit", str(run.path), "--pairs", str(PLAN.pairs), "--k", str(PLAN.k)]
    assert cli.run([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {
        "model",
        "dataset",
        "pairs",
        "controls",
        "methods",
        "agreement",
        "randomisation",
        "planted",
        "verdict",
    } <= set(printed)
    assert cli.run(command) == 0
    assert "comprehensiveness" in capsys.readouterr().out
    assert cli.run(["audit", str(run.path), "--shard", "3/2"]) == 2


@pytest.mark.parametrize(
    "name", sorted(name for name, kind in registry().items() if kind.task == "ranking" and kind.evidence)
)
def test_every_ranking_model_with_evidence_can_be_looked_into(name: str, toy: Dataset, tmp_path: Path) -> None:
    world = rewrite(toy, tables_of(toy), tmp_path / "toy")
    model = prepared(name, world, 1, SETTINGS.get(name, {}))
    model.start_epoch(LATE)
    explainer = Explainer(model, world)
    if not explainer.groups:
        pytest.skip(f"{name} reads no evidence with its default settings here")
    rows = room.looked(explainer, explainer.units(4, 30), 1.0, PLAN.k, PLAN.seed)
    assert {row["method"] for row in rows} >= {"leave_one_out", "shapley", "random", "uniform"}
    assert all(np.isfinite(row["comprehensiveness"]) for row in rows)
