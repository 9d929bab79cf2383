"""Tables of papers, on tiny worlds: their data, the trainings, what is kept, the claims, the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.models.popularity_cases import posts_world
from tests.models.rewritten import add_features, add_topics
from tests.models.sequence_cases import random_sequences, write_sequences
from tests.worlds import write_toy
from workbench import api, cli
from workbench import reproduce as room
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.evaluation.reproduction import Reproduction
from workbench.evaluation.tables import SECONDS, TABLES, PaperTable
from workbench.models import model_class
from workbench.models.base import ERRORS
from workbench.reproduce import ReproductionError, reproduce
from workbench.training.run import CARD, Run

ROWS = ("att-att", "avg", "ucf")
QUICK: dict[str, Any] = {"epochs": 3, "dim": 4, "batch": 64}
QUICK_NEXT: dict[str, Any] = {"epochs": 1, "dim": 4, "batch": 300, "rare": 1}
QUICK_POSTS: dict[str, Any] = {"epochs": 2, "dim": 4, "steps": 2, "features": "even", "rare": 1}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The toy world with the features ACF reads."""
    data = Dataset.open(write_toy(tmp_path_factory.mktemp("worlds") / "toy"))
    return add_features(data, "convnet", (2, 2))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def acf(world: Dataset, kept: Path) -> Reproduction:
    return reproduce("acf", world.root, seeds=2, rows=ROWS, settings=QUICK, out=kept, device="cpu")


@pytest.fixture(scope="module")
def posts(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return posts_world(toy, tmp_path_factory.mktemp("posts") / "toy")


@pytest.fixture(scope="module")
def uhan(posts: Dataset) -> Reproduction:
    return reproduce("uhan", posts.root, seeds=2, rows=("hisave", "uhan"), settings=QUICK_POSTS, device="cpu")


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """30 users with 5 to 14 likes in time, the last three of each the test; images with features and topics."""
    liked = [random_sequences(1, 25, 5 + user % 10, seed=user)[0] for user in range(30)]
    return add_topics(add_features(write_sequences(tmp_path_factory.mktemp("next") / "world", liked, items=25)))


@pytest.fixture(scope="module")
def kept_next(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept-next")


@pytest.fixture(scope="module")
def ante(sequences: Dataset, kept_next: Path) -> Reproduction:
    return reproduce("ante-rnn", sequences.root, seeds=1, settings=QUICK_NEXT, out=kept_next, device="cpu")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that are trained from here on."""
    names: list[str] = []

    def train(model: str, data: Path, out: Path, **options: Any) -> Run:
        names.append(out.name)
        return real(model, data, out, **options)

    real = api.train
    monkeypatch.setattr(api, "train", train)
    return names


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_tables_agree_with_themselves(table: PaperTable) -> None:
    keys = [row.key for row in table.rows]
    assert len(set(keys)) == len(keys) == len({row.label for row in table.rows})
    assert table.main in table.metrics
    shown = {*table.metrics, *table.further} - {SECONDS}
    assert sorted(shown) == sorted(name for mark in table.protocols for name in table.measured(mark).values())
    assert {metric for claim in table.claims for metric in claim.metrics} <= set(shown)
    assert all(set(table.metrics) <= values.keys() for row in table.rows for values in row.published.values())
    assert {row.key for row in table.rows if row.published} == {row.key for row in table.rows if row.source == "table"}
    for sizes in (table.full, table.small):
        configs = [model_class(row.model).Config(**{**sizes[row.model], **row.settings}) for row in table.rows]
        assert len(
            {(row.model, config.model_dump_json()) for row, config in zip(table.rows, configs, strict=True)}
        ) == len(keys)
    assert {model_class(row.model).task for row in table.rows} == {table.task}


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_printed_values_agree_with_what_the_papers_claim_of_them(table: PaperTable) -> None:
    compared = 0
    for claim in table.claims:
        better, worse = table.row(claim.better).published, table.row(claim.worse).published
        for dataset in better.keys() & worse.keys():
            for metric in better[dataset].keys() & set(claim.metrics):
                gap = better[dataset][metric] - worse[dataset][metric]
                assert gap < 0 if metric in ERRORS else gap > 0, (claim, dataset, metric)
                compared += 1
    # Seconds of a training have no users over whom a claim could be tested.
    assert compared or SECONDS in table.metrics or sum(bool(row.published) for row in table.rows) < 2


def test_rows_have_the_published_values_and_ours(acf: Reproduction, world: Dataset, kept: Path) -> None:
    assert [row.key for row in acf.rows] == ["avg", "att-att", "ucf"]
    average, attention, neighbours = acf.rows
    assert average.published == {
        "Pinterest": {"HR@100": 0.3195, "NDCG@100": 0.0812},
        "Vine": {"HR@100": 0.6054, "NDCG@100": 0.182},
    }
    assert (neighbours.published, neighbours.source) == (None, "figure")
    assert (average.seeds, attention.seeds, neighbours.seeds) == (2, 2, 1)
    found = [api.evaluate(kept / f"att-att-{seed}", "full", ks=(100,)).metrics["NDCG@100"].mean for seed in (0, 1)]
    assert attention.ours == attention.metrics["NDCG@100"]
    assert attention.ours.mean == pytest.approx(np.mean(found))
    assert attention.ours.sd == pytest.approx(abs(found[0] - found[1]) / np.sqrt(2))
    assert neighbours.ours.sd is None
    assert set(attention.metrics) == {"HR@100", "NDCG@100", "HR@5", "NDCG@5", "HR@10", "NDCG@10", "AUC"}


def test_small_data_get_small_settings_and_the_note_says_so(acf: Reproduction, world: Dataset) -> None:
    settings = acf.rows[1].settings
    assert (settings["hidden"], settings["dim"], settings["epochs"]) == (32, 4, 3)
    likes = len(world.likes("train")[0])
    assert f"{likes} training likes, fewer than 50,000" in acf.note
    assert "dim=4" in acf.note


def test_enough_data_get_the_sizes_of_the_paper(world: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ENOUGH", 10)
    found = reproduce("acf", world.root, seeds=1, rows=["avg"], settings={"epochs": 1}, device="cpu")
    assert (found.rows[0].settings["dim"], found.rows[0].settings["batch"]) == (128, 512)
    assert "the paper's sizes" in found.note


def test_claims_are_tested_over_users_whose_values_are_averaged_over_seeds(acf: Reproduction, kept: Path) -> None:
    claims = {(claim.better, claim.worse, claim.metric): claim for claim in acf.claims}
    assert {pair[:2] for pair in claims} == {("ATT / ATT", "AVG / -"), ("ATT / ATT", "UCF")}
    claim = claims["ATT / ATT", "AVG / -", "NDCG@100"]
    values = {
        row: np.mean([api.evaluate(kept / f"{row}-{seed}", ks=(100,)).per_user["NDCG@100"] for seed in (0, 1)], axis=0)
        for row in ("att-att", "avg")
    }
    test = stats.ttest_rel(values["att-att"], values["avg"])
    assert claim.p == pytest.approx(test.pvalue)
    assert claim.difference == pytest.approx((values["att-att"] - values["avg"]).mean())
    assert claim.low <= claim.difference <= claim.high
    assert claim.pairs == len(values["avg"])
    decided = "holds" if claim.difference > 0 else "reversed"
    assert claim.verdict == (decided if test.pvalue < 0.05 else "undecided")
    assert claim.published == {"Pinterest": 0.0043, "Vine": 0.0083}
    assert claims["ATT / ATT", "UCF", "HR@100"].published is None


def test_errors_count_the_other_way_round(uhan: Reproduction) -> None:
    average, attention = uhan.rows
    assert (average.seeds, attention.seeds) == (1, 2)
    assert set(attention.metrics) == {"MSE", "MAE", "Spearman"}
    assert uhan.metric == "MSE"
    by_metric = {claim.metric: claim for claim in uhan.claims}
    assert set(by_metric) == {"MSE", "MAE"}
    for metric, claim in by_metric.items():
        assert claim.difference == pytest.approx(average.metrics[metric].mean - attention.metrics[metric].mean)
    assert by_metric["MSE"].published == {"Flickr179K": 1.824}


def test_every_row_of_a_table_of_sequences_has_the_metrics_of_both_protocols(
    ante: Reproduction, kept_next: Path
) -> None:
    assert [row.key for row in ante.rows] == [row.key for row in TABLES["ante-rnn"].rows]
    rows = {row.key: row for row in ante.rows}
    for key in ("bpr", "iarn", "anternn-content"):
        for mark, protocol in (("", "next"), (" new", "next-new")):
            found = api.evaluate(kept_next / f"{key}-0", protocol).metrics
            for metric in ("Recall@5", "NDCG@10", "Recall@20", "NDCG@20"):
                assert rows[key].metrics[metric + mark].mean == pytest.approx(found[metric].mean), (key, metric)
        assert rows[key].ours == rows[key].metrics["Recall@20"]
        assert rows[key].metrics["Recall@20 new"].mean > rows[key].metrics["Recall@20"].mean
    assert rows["anternn-content"].published is None and len(rows["anternn"].published or {}) == 2


def test_claims_of_moments_are_tested_over_users(ante: Reproduction, sequences: Dataset, kept_next: Path) -> None:
    settings = {name: value for name, value in QUICK_NEXT.items() if name != "rare"}
    options: dict[str, Any] = {"settings": settings, "out": kept_next, "device": "cpu"}
    both = reproduce("ante-rnn", sequences.root, seeds=2, rows=("gru", "mvrnn", "ctr"), **options)
    assert [row.seeds for row in both.rows] == [1, 2, 2]
    claims = {(claim.better, claim.worse, claim.metric): claim for claim in both.claims}
    assert {metric for *_, metric in claims} == {"Recall@20", "Recall@20 new"}
    claim, values = claims["MV-RNN", "GRU", "Recall@20 new"], {}
    for row in ("mvrnn", "gru"):
        found = [api.evaluate(kept_next / f"{row}-{seed}", "next-new") for seed in (0, 1)]
        values[row] = np.mean([one.per_user["Recall@20"] for one in found], axis=0)
    gaps, users = values["mvrnn"] - values["gru"], found[0].user_codes
    assert (claim.pairs, len(gaps)) == (30, 90)
    # All have as many moments, so that the test is the plain one of their means.
    means = [gaps[users == user].mean() for user in range(30)]
    assert claim.difference == pytest.approx(gaps.mean())
    assert claim.p == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert claim.published is None
    assert claims["MV-RNN", "GRU", "Recall@20"].published == {"MovieLens": 0.064, "Pinterest": 0.077}


def test_seconds_of_a_training_are_those_its_epochs_took(
    ante: Reproduction, sequences: Dataset, kept_next: Path
) -> None:
    options: dict[str, Any] = {"settings": QUICK_NEXT, "out": kept_next, "device": "cpu"}
    found = reproduce("ante-rnn-runtime", sequences.root, seeds=1, rows=("gru", "anternn"), **options)
    for row in found.rows:
        spent = sum(epoch.seconds for epoch in Run.open(kept_next / f"{row.key}-0").card.history)
        assert row.ours.mean == pytest.approx(spent) and spent > 0
        assert row.published is not None and row.published["MovieLens"][SECONDS] > 3000
        assert row.metrics["Recall@20"] == next(one for one in ante.rows if one.key == row.key).metrics["Recall@20"]


def test_every_combination_of_attentions_is_a_row(sequences: Dataset) -> None:
    table = TABLES["ante-rnn-attention"]
    found = reproduce(table.name, sequences.root, seeds=1, settings=QUICK_NEXT, device="cpu")
    chosen = {
        row.row: tuple(row.settings[name] for name in ("topical", "contextual", "time_of_week", "interval"))
        for row in found.rows
    }
    assert chosen["None"][:2] == (False, False) and chosen["T"][:2] == (True, False)
    assert chosen["C-Tw"] == (False, True, False, True) and chosen["C-dt"] == (False, True, True, False)
    assert chosen["C"] == (False, True, True, True) and chosen["T+C"] == (True, True, True, True)
    assert chosen["T+C-Tw"] == (True, True, False, True) and chosen["T+C-dt"] == (True, True, True, False)
    assert len(found.claims) == 2 * len(table.claims)


def test_finished_runs_are_used_again(acf: Reproduction, world: Dataset, kept: Path, trained: list[str]) -> None:
    again = reproduce("acf", world.root, seeds=2, rows=ROWS, settings=QUICK, out=kept, device="cpu")
    assert again == acf
    assert trained == []
    more = reproduce("acf", world.root, seeds=3, rows=("avg", "ucf"), settings=QUICK, out=kept, device="cpu")
    assert trained == ["avg-2"]
    assert [row.seeds for row in more.rows] == [3, 1]


def test_an_interrupted_reproduction_goes_on(
    acf: Reproduction, world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: list[str]
) -> None:
    def interrupt(share: float, message: str) -> None:
        if "ATT / ATT, seed 0" in message and "epoch 2" in message:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"seeds": 1, "rows": ("avg", "att-att"), "settings": QUICK, "device": "cpu"}
    with pytest.raises(KeyboardInterrupt):
        reproduce("acf", world.root, out=tmp_path, report=interrupt, **options)
    assert not Run.open(tmp_path / "att-att-0").card.finished
    trained.clear()
    told: list[tuple[float, str]] = []
    found = reproduce("acf", world.root, out=tmp_path, report=lambda *said: told.append(said), **options)
    assert trained == ["att-att-0"]
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1
    assert found == reproduce("acf", world.root, **options)


def test_runs_made_before_a_hyperparameter_existed_count_as_having_its_default(
    acf: Reproduction, world: Dataset, kept: Path, tmp_path: Path, trained: list[str]
) -> None:
    shutil.copytree(kept / "avg-0", tmp_path / "avg-0")
    card = json.loads((tmp_path / "avg-0" / CARD).read_text())
    del card["config"]["inputs"]
    (tmp_path / "avg-0" / CARD).write_text(json.dumps(card))
    reproduce("acf", world.root, seeds=1, rows=["avg"], settings=QUICK, out=tmp_path, device="cpu")
    assert trained == []


def test_other_runs_in_the_folder_are_refused(
    acf: Reproduction, world: Dataset, kept: Path, trained: list[str]
) -> None:
    with pytest.raises(ReproductionError, match="avg-0 holds a run of other settings"):
        reproduce("acf", world.root, rows=ROWS, settings={**QUICK, "dim": 5}, out=kept)
    assert trained == []


@pytest.mark.parametrize(("table", "rows"), [("acf", ("ucf", "att-att")), ("uhan", None)])
def test_what_is_missing_is_said_before_anything_is_trained(
    posts: Dataset, table: str, rows: tuple[str, ...] | None, trained: list[str]
) -> None:
    with pytest.raises(DataError, match="workbench features .* --encoder convnet"):
        reproduce(table, posts.root, rows=rows)
    assert trained == []


def test_a_dataset_without_posts_is_refused(world: Dataset) -> None:
    with pytest.raises(DataError, match="has no train posts"):
        reproduce("uhan", world.root, rows=["hisave"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"table": "bert"}, "there is no table 'bert'; choose one of hasc, acf, acf-inputs, uhan"),
        ({"rows": ["avg", "att"]}, "has no row 'att'; it has avg, att-avg"),
        ({"seeds": 0}, "0 seeds"),
        ({"settings": {"dimm": 3}}, "no row asked for has a hyperparameter 'dimm'"),
        ({"settings": {"items": "learned"}}, "'items' is what makes the row avg"),
        (
            {"table": "ante-rnn", "rows": ["gru-blocks"], "settings": {"dim": 4}},
            "'dim' is what makes the row gru-blocks",
        ),
        ({"settings": {"dim": "wide"}}, "row avg: dim=wide is wrong"),
        (
            {"settings": {"epochs": 2}, "rows": ["deephybrid"]},
            "row deephybrid: factor_epochs=20 is wrong: 20 of 2 epochs",
        ),
    ],
)
def test_wrong_requests_are_one_sentence(world: Dataset, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReproductionError) as caught:
        reproduce(**{"table": "acf", "data": world.root, **options})
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_command_as_json(
    acf: Reproduction, world: Dataset, kept: Path, capsys: pytest.CaptureFixture[str], trained: list[str]
) -> None:
    chosen = ("--rows", ",".join(ROWS), "--out", str(kept), "--device", "cpu", "--json")
    settings = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
    assert cli.run(["reproduce", "acf", "--data", str(world.root), "--seeds", "2", *chosen, *settings]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"table", "rows", "protocol", "note"} <= set(found)
    assert {"row", "published", "ours", "seeds"} <= set(found["rows"][0])
    assert set(found["rows"][0]["ours"]) == {"mean", "sd"}
    assert found["rows"] == json.loads(acf.model_dump_json())["rows"]
    assert trained == []


def test_command_as_a_table(posts: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("--set", "features=even", "--set", "rare=1", "--set", "c=0.1,1")
    assert cli.run(["reproduce", "uhan", "--data", str(posts.root), "--rows", "hisave,svr", *settings]) == 0
    shown = capsys.readouterr().out
    assert "4.070 / 1.575" in shown
    assert "SVR better than HisAve, MSE" in shown
    assert "published +.877" in shown
    assert "fewer than 50,000" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("bert",), 2, "there is no table 'bert'"),
        (("acf", "--rows", "avg,nothing"), 2, "has no row 'nothing'"),
        (("acf", "--set", "dim"), 2, "not of the form key=value"),
        (("acf", "--set", "dimm=3"), 2, "hyperparameter 'dimm'"),
        (("acf", "--rows", "cbf", "--set", "features=none"), 1, "has no image features 'none'"),
    ],
)
def test_errors_of_the_command(
    world: Dataset, arguments: tuple[str, ...], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["reproduce", *arguments, "--data", str(world.root)]) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_the_command_says_how_to_go_on(
    world: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, report: Any, **options: Any) -> Run:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "train", interrupted)
    command = ["reproduce", "acf", "--data", str(world.root), "--rows", "avg"]
    assert cli.run([*command, "--out", str(tmp_path)]) == cli.STOPPED
    assert "the same command goes on" in capsys.readouterr().err
    assert cli.run(command) == cli.STOPPED
    assert "--out DIR" in capsys.readouterr().err


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["reproduce", "--help"]) == 0
    assert "Example: workbench reproduce acf" in " ".join(capsys.readouterr().out.split())
