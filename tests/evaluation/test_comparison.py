from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.worlds import write_toy
from workbench import api
from workbench.data.dataset import Dataset
from workbench.evaluation.comparison import compare_runs, holm, learned_from
from workbench.evaluation.kept import keep, kept
from workbench.evaluation.result import Evaluation
from workbench.evaluation.significance import compare, mean_interval
from workbench.training.run import Run

RNG = np.random.default_rng(3)
CODES = np.repeat(np.arange(30), 2)


def evaluation(model: str, values: np.ndarray, metric: str = "MRR", codes: np.ndarray = CODES) -> Evaluation:
    return Evaluation(
        model=model, dataset="d", protocol="next", candidates=9.0, draws=1, seed=0, split="test",
        users=len(np.unique(codes)), moments=len(codes), metrics={}, groups=(), coverage={}, seconds=1.0,
        user_codes=codes, per_user={metric: values},
    )  # fmt: skip


def test_an_interval_is_that_of_the_comparison_with_nothing() -> None:
    values = RNG.random(60)
    found = mean_interval(values, CODES, resamples=999, seed=4)
    against = compare(values, np.zeros(60), users=CODES, resamples=999, seed=4)
    assert (found.mean, found.low, found.high) == (against.difference, against.low, against.high)
    assert found.low is not None and found.high is not None and found.low < values.mean() < found.high
    # Values of one user are drawn together: for equal ones the interval is that of half as many values.
    wide = mean_interval(np.repeat(values[:30], 2), CODES, seed=1)
    reference = stats.bootstrap(
        (values[:30],), np.mean, n_resamples=1999, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (wide.low, wide.high) == pytest.approx((reference.low, reference.high))


def test_one_user_has_no_interval_and_none_no_mean() -> None:
    assert mean_interval([0.5, 0.7], [1, 1]).model_dump() == {"mean": pytest.approx(0.6), "low": None, "high": None}
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([])


def test_holm_is_the_definition() -> None:
    values = [0.01, 0.04, 0.03, 0.005]
    assert holm(values) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def test_every_run_is_tested_against_the_best_over_the_same_users() -> None:
    base, lead = RNG.random(60), 0.2 + 0.01 * RNG.random(60)
    found = {"good": evaluation("a", base + lead), "bad": evaluation("b", base), "chance": evaluation("c", base[::-1])}
    configs: dict[str, dict[str, object]] = {"good": {"dim": 8}, "bad": {"dim": 8, "std": 0.1}, "chance": {"dim": 9}}
    counts = np.arange(30) // 6
    result = compare_runs(found, configs, counts, "MRR")
    assert result.best == "good" and [pair.run for pair in result.pairs] == ["bad", "chance"]
    bad = result.pairs[0]
    assert bad.tested.difference == pytest.approx(-lead.mean()) and bad.adjusted < 1e-6
    assert bad.tested == compare(base, base + lead, users=CODES, resamples=1999)
    assert [(group.fewest, group.most, group.users) for group in result.groups] == [(n, n, 6) for n in range(5)]
    inside = counts[CODES] == 2
    assert result.groups[2].values[1] == mean_interval(base[inside], CODES[inside])
    assert result.settings == {"dim": (8, 8, 9), "std": (None, 0.1, None)}
    assert result.setting_rows()[1] == {"hyperparameter": "std", "good": "–", "bad": "0.1", "chance": "–"}
    assert len(result.metric_rows()) == 3 and len(result.group_rows()) == 15 and len(result.pair_rows()) == 2
    assert type(result).model_validate_json(result.model_dump_json()).pairs == result.pairs


def test_of_errors_the_smallest_is_the_best() -> None:
    found = {"one": evaluation("a", RNG.random(60) + 1, "MSE"), "two": evaluation("b", RNG.random(60), "MSE")}
    assert compare_runs(found, {"one": {}, "two": {}}, np.arange(30), "MSE").best == "two"


def test_runs_of_other_users_are_not_compared() -> None:
    found = {"one": evaluation("a", RNG.random(60)), "two": evaluation("b", RNG.random(60), codes=CODES[::-1].copy())}
    with pytest.raises(ValueError, match="two was measured on other users than one"):
        compare_runs(found, {"one": {}, "two": {}}, np.arange(30), "MRR")
    with pytest.raises(ValueError, match="has no values of AUC"):
        compare_runs({"one": found["one"]}, {"one": {}}, np.arange(30), "AUC")
    with pytest.raises(ValueError, match="evaluate one first"):
        compare_runs({}, {}, np.arange(30), "MRR")


def test_an_evaluation_is_kept_until_weights_or_data_change(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("kept")
    toy = Dataset.open(write_toy(home / "toy"))
    run = home / "toy" / "runs" / "bpr"
    api.train("bpr", toy.root, run, device="cpu", epochs=2, dim=4)
    found = api.evaluate(run)
    assert kept(run, "full", "test", toy.fingerprint) is None
    keep(run, found, toy.fingerprint)
    again = kept(run, "full", "test", toy.fingerprint)
    assert again is not None and again.model_dump() == found.model_dump()
    assert np.array_equal(again.user_codes, found.user_codes)
    assert all(np.array_equal(again.per_user[name], values) for name, values in found.per_user.items())
    assert kept(run, "full", "validation", toy.fingerprint) is None and kept(run, "full", "test", "other") is None
    result = compare_runs({"bpr": again}, {"bpr": Run.open(run).card.config}, learned_from(toy, "likes"), "NDCG@10")
    assert result.pairs == () and [g.fewest for g in result.groups] == [group.fewest for group in found.groups]
    for group, other in zip(result.groups, found.groups, strict=True):
        assert group.values[0].mean == pytest.approx(other.metrics["NDCG@10"].mean)
    values = run / "evaluations" / "full-test.parquet"
    values.write_bytes(values.read_bytes()[:20])
    assert kept(run, "full", "test", toy.fingerprint) is None
    keep(run, found, toy.fingerprint)
    weights = run / "weights.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert kept(run, "full", "test", toy.fingerprint) is None


def test_runs_are_compared_by_their_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("compared")
    toy = Dataset.open(write_toy(home / "toy"))
    runs = [toy.root / "runs" / name for name in ("bpr", "popularity")]
    for run in runs:
        options = {"epochs": 2, "dim": 4} if run.name == "bpr" else {}
        api.train(run.name, toy.root, run, device="cpu", **options)
    told: list[str] = []
    found = api.compare(runs, metric="AUC", report=lambda _, what: told.append(what))
    assert told == ["evaluating bpr", "evaluating popularity"]
    assert found.runs == ("bpr", "popularity") and found.metric == "AUC" and found.protocol == "full"
    each = [api.evaluate(run) for run in runs]
    assert [one.mean for one in found.metrics["AUC"]] == pytest.approx([one.metrics["AUC"].mean for one in each])
    best, other = sorted(each, key=lambda one: -one.metrics["AUC"].mean)
    expected = compare(other.per_user["AUC"], best.per_user["AUC"], users=best.user_codes, resamples=1999)
    assert found.pairs[0].tested == expected
    # What was evaluated is kept, also for a metric that is not among the usual ones.
    assert all(kept(run, "full", "test", toy.fingerprint) is not None for run in runs)
    assert api.compare(runs).metric == "NDCG@10"
    assert set(api.compare(runs, metric="CappedRecall@3").metrics) == {"CappedRecall@3"}
    with pytest.raises(ValueError, match="told apart by the names"):
        api.compare([runs[0], runs[0]])
