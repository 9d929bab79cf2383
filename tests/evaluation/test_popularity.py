from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import Tensor

from tests.evaluation.dummy import Table
from tests.models.popularity_cases import posts_world
from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.popularity import evaluate_posts, metrics, predictions, rank_correlation
from workbench.evaluation.significance import compare
from workbench.training.run import Run


@pytest.fixture(scope="module")
def posts(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return posts_world(toy, tmp_path_factory.mktemp("posts") / "toy")


@pytest.fixture(scope="module")
def run(posts: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return api.train("hisave", posts.root, tmp_path_factory.mktemp("runs") / "hisave", device="cpu")


class Forecasts(Table):
    name = "forecasts"
    task = "popularity"


def model_of(posts: Dataset, seed: int = 0, levels: int | None = None) -> Forecasts:
    generator = torch.Generator().manual_seed(seed)
    scores: Tensor = torch.rand(len(posts.users), len(posts.items), generator=generator) * 6
    return Forecasts(posts, scores if levels is None else (scores * levels).round() / levels)


@pytest.mark.parametrize("levels", [None, 3, 1])
def test_rank_correlation_is_that_of_scipy(levels: int | None) -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 300))
    other = other + one
    if levels is not None:
        one, other = np.round(one * levels), np.round(other * levels)
    assert rank_correlation(one, other) == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)
    counts = rng.integers(0, 4, size=300)
    drawn = np.repeat(one, counts), np.repeat(other, counts)
    assert rank_correlation(one, other, counts) == pytest.approx(stats.spearmanr(*drawn).statistic, abs=1e-12)


def test_what_is_all_equal_has_no_order() -> None:
    assert rank_correlation(np.ones(5), np.arange(5.0)) == 0.0
    assert rank_correlation(np.ones(1), np.ones(1)) == 0.0


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("levels", [None, 1])
def test_metrics_are_those_of_a_plain_table(posts: Dataset, split: str, levels: int | None) -> None:
    model = model_of(posts, levels=levels)
    table = posts.table("posts")
    table = table[table["split"] == split]
    truth = table["popularity"].to_numpy()
    predicted = model.scores.numpy()[posts.users.codes(table["user"]), posts.items.codes(table["item"])]
    wanted = {
        "MSE": np.mean((truth - predicted) ** 2),
        "MAE": np.mean(np.abs(truth - predicted)),
        "Spearman": stats.spearmanr(truth, predicted).statistic,
    }
    found = evaluate_posts(model, posts, split=split)  # type: ignore[arg-type]
    assert {name: value.mean for name, value in found.metrics.items()} == pytest.approx(wanted, rel=1e-5)
    assert (found.protocol, found.posts, found.users) == ("posts", len(table), table["user"].nunique())
    errors = np.abs(truth - predicted)
    assert found.metrics["MAE"].sd == pytest.approx(errors.std(ddof=1) / np.sqrt(len(errors)), rel=1e-5)
    np.testing.assert_allclose(found.per_user["MAE"], errors, rtol=1e-5)
    assert found.user_codes.tolist() == posts.users.codes(table["user"]).tolist()
    quick = metrics(predictions(model, posts, split))  # type: ignore[arg-type]
    assert quick == pytest.approx(wanted, rel=1e-5)


def test_spread_of_the_rank_correlation_is_that_of_samples_of_posts(posts: Dataset) -> None:
    model = model_of(posts)
    found = evaluate_posts(model, posts)
    again = evaluate_posts(model, posts)
    part = predictions(model, posts)
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(2000):
        some = rng.integers(len(part.truth), size=len(part.truth))
        drawn.append(stats.spearmanr(part.truth[some], part.predicted[some]).statistic)
    assert found.metrics["Spearman"].sd == pytest.approx(np.std(drawn), rel=0.15)
    assert found.metrics == again.metrics and found.groups == again.groups


def test_groups_are_by_the_authors_training_posts(posts: Dataset) -> None:
    found = evaluate_posts(model_of(posts), posts, groups=3)
    table = posts.table("posts")
    learned = table[table["split"] == "train"]["user"].value_counts()
    held = table[table["split"] == "test"]
    counts = held["user"].map(learned).fillna(0).to_numpy()
    assert 2 <= len(found.groups) <= 3
    assert found.groups[0].fewest == counts.min() and found.groups[-1].most == counts.max()
    for group in found.groups:
        inside = (counts >= group.fewest) & (counts <= group.most)
        assert group.users == held["user"][inside].nunique()
        assert group.metrics["MSE"].mean == pytest.approx(found.per_user["MSE"][inside].mean())
    assert sum(group.users for group in found.groups) == found.users
    assert evaluate_posts(model_of(posts), posts, groups=0).groups == ()


def test_two_models_are_compared_post_by_post(posts: Dataset) -> None:
    one, other = (evaluate_posts(model_of(posts, seed), posts) for seed in (0, 1))
    found = compare(one.per_user["MSE"], other.per_user["MSE"])
    assert found.pairs == one.posts
    assert found.difference == pytest.approx(one.metrics["MSE"].mean - other.metrics["MSE"].mean)
    assert found.t_test == pytest.approx(stats.ttest_rel(one.per_user["MSE"], other.per_user["MSE"]).pvalue)


def test_faults_are_one_sentence(posts: Dataset, toy: Dataset) -> None:
    with pytest.raises(ValueError, match=r"no posts in its test split; fill the column split of posts\.parquet\.$"):
        evaluate_posts(model_of(toy), toy)
    broken = model_of(posts)
    broken.scores[:] = torch.nan
    with pytest.raises(ValueError, match="learning_rate"):
        predictions(broken, posts)


def test_validation_of_a_training_is_on_the_validation_posts(run: Run, posts: Dataset) -> None:
    found = evaluate_posts(run.model(posts), posts, split="validation")
    assert run.card.metrics == pytest.approx({name: value.mean for name, value in found.metrics.items()})


def test_api_measures_every_run_by_its_task(run: Run, posts: Dataset) -> None:
    assert api.evaluate(run).metrics == evaluate_posts(run.model(posts), posts).metrics
    assert api.evaluate(run.path, data=posts.root, split="validation").split == "validation"
    with pytest.raises(ValueError, match="predicts popularity and ranks nothing"):
        api.evaluate(run, "full")
    bpr = api.train("bpr", posts.root, run.path.with_name("bpr"), device="cpu", epochs=1, monitor="AUC")
    with pytest.raises(ValueError, match="There is no protocol 'posts'"):
        api.evaluate(bpr, "posts")
    assert api.evaluate(bpr).metrics == evaluate(bpr.model(posts), posts).metrics


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.run([str(argument) for argument in arguments])
    return (code, *capsys.readouterr())


def test_the_command_prints_the_metrics(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(capsys, "evaluate", run.path, "--json")
    found = json.loads(out)
    assert code == 0
    assert {"model", "dataset", "protocol", "users", "metrics", "groups", "seconds"} <= set(found)
    assert (found["model"], found["protocol"]) == ("hisave", "posts")
    assert set(found["metrics"]) == {"MSE", "MAE", "Spearman"} and found["metrics"]["MSE"].keys() == {"mean", "sd"}
    code, out, _ = ask(capsys, "evaluate", run.path, "--split", "validation")
    assert code == 0 and "posts of" in out and "Spearman" in out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [(("--k", "5"), 2, "has no cut-offs"), (("--protocol", "full"), 1, "ranks nothing")],
)
def test_options_of_rankings_are_refused(
    run: Run, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], code: int, said: str
) -> None:
    found, out, err = ask(capsys, "evaluate", run.path, *options)
    assert found == code and out == "" and said in " ".join(err.split())


def test_a_popularity_run_recommends_nothing(run: Run, posts: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capsys, "recommend", run.path, "--user", posts.users.id(0))
    assert code == 1 and out == ""
    assert "ranks nothing" in err and len(err.strip().splitlines()) == 1


def test_errors_of_a_perfect_forecast_are_zero(posts: Dataset) -> None:
    table: pd.DataFrame = posts.table("posts")
    scores = torch.zeros(len(posts.users), len(posts.items))
    scores[posts.users.codes(table["user"]), posts.items.codes(table["item"])] = torch.tensor(
        table["popularity"].to_numpy("float32")
    )
    found = metrics(predictions(Forecasts(posts, scores), posts))
    assert found == {"MSE": 0.0, "MAE": 0.0, "Spearman": pytest.approx(1.0)}
