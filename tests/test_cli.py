from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from workbench import cli, demo
from workbench.app import sources
from workbench.commands import app
from workbench.data.dataset import Dataset
from workbench.data.postcards.world import build_world
from workbench.data.schema import DatasetCard
from workbench.data.sequences import Sequences
from workbench.data.write import write_dataset
from workbench.evaluation.evaluate import top_k
from workbench.features.topics import Topics
from workbench.training.run import Run

QUICK = ("--set", "inputs=base,auxiliary", "--set", "epochs=3", "--set", "warm_start=1", "--set", "batch=64")


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def trained(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "hasc"
    assert cli.run(["train", "hasc", "--data", str(toy.root), "--out", str(out), "--seed", "3", *QUICK]) == 0
    return out


def draw(folder: Path) -> Path:
    """A dataset of four pictures."""
    items = pd.DataFrame({"item": range(4), "image": [f"images/{number}.png" for number in range(4)]})
    likes = pd.DataFrame({"user": [1, 1, 2, 2], "item": range(4)})
    pixels = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3), np.uint8)
    files = {path: cv2.imencode(".png", image)[1].tobytes() for path, image in zip(items["image"], pixels, strict=True)}
    write_dataset(folder, DatasetCard(name="drawn"), {"items": items, "likes": likes}, files)
    return folder


def test_help_of_every_command_has_an_example(ask: Ask) -> None:
    names = ("import tables", "import smp", "demo", "check", "plant", "features", "topics", "models", "train")
    for name in (*names, "evaluate", "compare", "recommend", "explain", "app", "doctor"):
        answer = ask(*name.split(), "--help")
        assert answer.code == 0
        assert f"Example: workbench {name}" in " ".join(answer.out.split())


def test_models_as_json(ask: Ask) -> None:
    cards = {card["name"]: card for card in ask("models", "--json").json}
    assert {"name", "family", "paper", "needs", "evidence"} <= set(cards["hasc"])
    assert cards["hasc"]["evidence"] == ["uploads", "follows", "creator"]
    assert "2009" in cards["bpr"]["paper"]


def test_models_as_a_table(ask: Ask) -> None:
    answer = ask("models")
    assert answer.code == 0
    assert "hasc" in answer.out


def test_topics_are_learned_and_named(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    folder = shutil.copytree(toy.root, tmp_path / "toy")
    answer = ask("topics", folder, "--topics", 3, "--sweeps", 20, "--least", 50)
    assert answer.code == 0, answer.err
    assert "3 topics of" in answer.out and "harbour" in answer.out
    named = ask("topics", folder, "--rename", "2=storms at sea", "--json").json
    assert [topic["name"] for topic in named["found"]][2] == "storms at sea"
    assert sum(topic["share"] for topic in named["found"]) == pytest.approx(1)
    again = ask("topics", folder, "--rename", "2=", "--json").json
    assert again["found"][2]["name"] == ", ".join(list(again["found"][2]["words"])[:4])


def test_topics_that_are_there_are_spared_unless_told(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    folder = shutil.copytree(toy.root, tmp_path / "toy")
    learn = ("topics", folder, "--sweeps", 5, "--least", 50, "--topics")
    assert ask(*learn, 3).code == 0
    refused = ask(*learn, 4)
    assert refused.code == 1 and "--again" in refused.err and "--name" in refused.err
    assert ask(*learn, 4, "--name", "others").code == 0
    assert len(Topics.open(folder)) == 3
    assert ask(*learn, 4, "--again").code == 0
    assert len(Topics.open(folder)) == 4


def test_topics_that_cannot_be_named_are_refused_in_a_sentence(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    folder = shutil.copytree(toy.root, tmp_path / "toy")
    missing = ask("topics", folder, "--rename", "2=sea")
    assert missing.code == 1 and f"workbench topics {folder}" in missing.err
    assert ask("topics", folder, "--rename", "sea").code == 2


def test_train_writes_the_run_it_was_asked_for(trained: Path, toy: Dataset) -> None:
    card = Run.open(trained).card
    assert card.finished
    assert card.seed == 3
    assert card.fingerprint == toy.fingerprint
    assert card.config["inputs"] == ["base", "auxiliary"]
    assert card.config["epochs"] == 3


@pytest.mark.parametrize(("suffix", "text"), [("json", '{"dim": 4, "epochs": 9}'), ("toml", "dim = 4\nepochs = 9\n")])
def test_settings_win_over_the_file(ask: Ask, toy: Dataset, tmp_path: Path, suffix: str, text: str) -> None:
    file = tmp_path / f"config.{suffix}"
    file.write_text(text)
    out = tmp_path / "run"
    answer = ask("train", "bpr", "--data", toy.root, "--out", out, "--config", file, "--set", "epochs=2")
    assert answer.code == 0, answer.err
    assert str(out) in answer.out
    config = Run.open(out).card.config
    assert (config["dim"], config["epochs"]) == (4, 2)


def test_evaluate_as_json(ask: Ask, trained: Path) -> None:
    found = ask("evaluate", trained, "--protocol", "sampled", "--k", "3,7", "--json").json
    assert (found["model"], found["dataset"], found["protocol"], found["users"]) == ("hasc", "toy", "sampled", 40)
    assert set(found["metrics"]["HR@3"]) == {"mean", "sd"}
    assert found["metrics"]["NDCG@7"]["mean"] >= found["metrics"]["NDCG@3"]["mean"]
    assert len(found["groups"]) > 1
    assert found["seconds"] > 0


def test_runs_beside_each_other(ask: Ask, toy: Dataset, trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "popularity"
    assert ask("train", "popularity", "--data", toy.root, "--out", other).code == 0
    found = ask("compare", trained, other, "--metric", "AUC", "--json").json
    assert found["runs"] == ["hasc", "popularity"] and found["pairs"][0]["tested"]["pairs"] == found["users"]
    shown = ask("compare", trained, other, "--protocol", "sampled").out
    assert "NDCG@10, against" in shown and "in training" in shown and "dim" in shown
    assert ask("compare", trained, trained).code == 1
    broken_off = shutil.copytree(trained, tmp_path / "broken-off")
    card = json.loads((broken_off / "card.json").read_text())
    (broken_off / "card.json").write_text(json.dumps(card | {"finished": False}))
    told = ask("compare", broken_off, other).out
    assert "broken-off was not trained to its end" in told and "--resume" in told and "--resume" not in shown


def test_evaluate_as_a_table(ask: Ask, trained: Path) -> None:
    answer = ask("evaluate", trained, "--split", "validation")
    assert answer.code == 0
    assert "validation" in answer.out
    assert "NDCG@10" in answer.out


def test_recommend_speaks_the_ids_of_the_dataset(ask: Ask, trained: Path, toy: Dataset) -> None:
    answer = ask("recommend", trained, "--user", 1003, "--k", 4, "--json").json
    codes, scores = top_k(Run.open(trained).model(toy), torch.tensor([1]), 4, exclude=toy.history)
    assert (answer["model"], answer["user"]) == ("hasc", 1003)
    assert [image["item"] for image in answer["items"]] == [toy.items.id(code) for code in codes[0].tolist()]
    assert [image["rank"] for image in answer["items"]] == [1, 2, 3, 4]
    assert [image["score"] for image in answer["items"]] == pytest.approx(scores[0].tolist())


def test_a_moment_is_a_number_of_likes(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    run, likes = tmp_path / "gru", Sequences.of(toy).sets.row(1)
    assert ask("train", "gru", "--data", toy.root, "--out", run, "--set", "epochs=1").code == 0
    early = ask("recommend", run, "--user", 1003, "--k", 3, "--moment", 2, "--json").json
    late = ask("recommend", run, "--user", 1003, "--k", 3, "--json").json
    assert (early["moment"], late["moment"]) == (2, None)
    assert [image["score"] for image in early["items"]] != [image["score"] for image in late["items"]]
    out = ("--out", tmp_path / "why", "--format", "json")
    answer = ask("explain", run, "--user", 1003, "--moment", 2, *out)
    assert answer.code == 0, answer.err
    found = json.loads((tmp_path / "why" / "explanation.json").read_text())
    assert found["moment"] == 2 and found["item"] == early["items"][0]["item"]
    history = next(level for level in found["levels"] if level["name"] == "history")
    assert [element["id"] for element in history["elements"]] == [toy.items.id(code) for code in likes[:2].tolist()]
    beyond = ask("explain", run, "--user", 1003, "--moment", len(likes) + 1, *out)
    assert beyond.code == 1 and f"from 1 to {len(likes)}" in " ".join(beyond.err.split())


def test_a_model_without_moments_refuses_one(ask: Ask, trained: Path) -> None:
    answer = ask("recommend", trained, "--user", 1003, "--moment", 2)
    assert answer.code == 1 and "hasc does not read likes in the order of time" in " ".join(answer.err.split())


def test_explain_writes_every_format(ask: Ask, trained: Path, tmp_path: Path) -> None:
    answer = ask(
        "explain", trained, "--user", 1003, "--item", 500, "--out", tmp_path, "--format", "png,svg,pdf,html,json,csv"
    )
    assert answer.code == 0, answer.err
    assert {path.name for path in tmp_path.iterdir()} == {
        f"explanation.{suffix}" for suffix in ("png", "svg", "pdf", "html", "json", "csv")
    }
    found = json.loads((tmp_path / "explanation.json").read_text())
    assert (found["user"], found["item"]) == (1003, 500)
    assert found["verdict"]["badge"].capitalize() in answer.out


def test_explain_chooses_the_best_image_and_says_so(ask: Ask, trained: Path, tmp_path: Path) -> None:
    best = ask("recommend", trained, "--user", 1003, "--json").json["items"][0]["item"]
    answer = ask("explain", trained, "--user", 1003, "--out", tmp_path, "--format", "json")
    assert f"image {best}" in answer.err
    assert json.loads((tmp_path / "explanation.json").read_text())["rank"] == 1


def test_import_and_check(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "imported"
    answer = ask("import", "tables", toy.root, "--out", out, "--split", "chronological", "--name", "second")
    assert answer.code == 0, answer.err
    assert Dataset.open(out).name == "second"
    assert ask("check", out).code == 0


def test_check_names_every_fault(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    for name in ("items", "likes"):
        toy.table(name).to_parquet(tmp_path / f"{name}.parquet")
    likes = toy.table("likes").assign(item=lambda table: table["item"].where(table.index != 6, 99))
    likes.to_parquet(tmp_path / "likes.parquet")
    (tmp_path / "dataset.json").write_text(toy.card.model_dump_json())
    answer = ask("check", tmp_path)
    assert answer.code == 1
    assert "likes.parquet, row 7, column item" in answer.out
    assert "1 fault." in answer.err


def test_plant_makes_a_dataset_with_causes(ask: Ask, tmp_path: Path) -> None:
    world = build_world(tmp_path / "world", "tiny")
    answer = ask("plant", world.root, "--out", tmp_path / "out", "--users", 20, "--most-likes", 12, "--seed", 5)
    assert answer.code == 0, answer.err
    assert "20 users and 120 images" in answer.out
    planted = Dataset.open(tmp_path / "out")
    assert planted.card.seed == 5 and planted.has("causes")
    assert ask("train", "bpr", "--data", planted.root, "--out", tmp_path / "run", "--set", "epochs=1").code == 0


def test_features_describes_the_images(ask: Ask, tmp_path: Path) -> None:
    folder = draw(tmp_path / "drawn")
    answer = ask("features", folder, "--encoder", "descriptor")
    assert answer.code == 0, answer.err
    assert "4 images" in answer.out
    assert (folder / "features" / "descriptor" / "card.json").is_file()


def test_demo_makes_world_and_runs(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {run: (model, {**settings, "epochs": 1}) for run, (model, settings) in demo.SHOWN.items()}
    monkeypatch.setattr(demo, "SHOWN", shown)
    answer = ask("demo", "--size", "tiny", "--out", tmp_path / "world")
    assert answer.code == 0, answer.err
    assert "40 users" in answer.out
    assert [run.name for run in Run.all(tmp_path / "world" / "runs")] == sorted(demo.SHOWN)


def test_app_starts_streamlit_with_its_folders(
    ask: Ask, toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr("streamlit.web.cli.main", calls.append)
    for name in (app.DATA, app.RUNS):
        monkeypatch.setenv(name, "")
    assert ask("app", "--data", toy.root, "--runs", tmp_path, "--port", 8600).code == 0
    (arguments,) = calls
    assert arguments[0] == "run"
    assert Path(arguments[1]).is_file()
    assert arguments[-2:] == ["--server.port", "8600"]
    assert (os.environ[app.DATA], os.environ[app.RUNS]) == (str(toy.root.resolve()), str(tmp_path.resolve()))


def test_the_app_reads_what_the_command_sets() -> None:

    assert (app.DATA, app.RUNS) == (sources.DATA, sources.RUNS)


def test_doctor_looks_at_everything(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "not-made-yet"))
    answer = ask("doctor")
    assert answer.code == 0, answer.err
    for what in ("python", "torch", "processor", "home folder", "free disk", "workbench demo"):
        assert what in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("recommend", "{run}", "--user", "12"), 1, "There is no user '12' in this dataset"),
        (("recommend", "{run}", "--user", "bob"), 1, "whole numbers, not 'bob'"),
        (("explain", "{run}", "--user", "1003", "--item", "1", "--out", "{tmp}"), 1, "There is no item"),
        (("explain", "{run}", "--user", "1003", "--out", "{tmp}", "--format", "gif"), 2, "'gif'"),
        (("evaluate", "{tmp}/none"), 1, "holds no run"),
        (("evaluate", "{run}", "--k", "five"), 2, "'five' is no list of whole numbers"),
        (("evaluate", "{run}", "--protocol", "mine"), 2, "'mine'"),
        (("evaluate", "{run}", "--data", "{drawn}"), 1, "was trained on 'toy'"),
        (("check", "{tmp}/none"), 1, "has 3 faults"),
        (("features", "{drawn}", "--encoder", "crystal-ball"), 2, "'crystal-ball'"),
        (("plant", "{drawn}", "--out", "{tmp}/x"), 1, "has no labelled regions"),
        (("import", "nothing", "a", "--out", "b"), 2, "No such command 'nothing'"),
        (("import", "tables", "{tmp}/none", "--out", "{tmp}/b"), 1, "There is no folder"),
        (("train", "oracle", "--data", "{toy}", "--out", "{tmp}/x"), 2, "there is no model 'oracle'"),
        (("train", "bpr", "--out", "{tmp}/x"), 2, "--data DATA"),
        (("train", "bpr", "--data", "{toy}", "--out", "{run}"), 1, "holds a run already"),
        (("train", "bpr", "--data", "{toy}", "--out", "{tmp}/x", "--set", "dimm=3"), 2, "no hyperparameter 'dimm'"),
        (("train", "bpr", "--data", "{toy}", "--out", "{tmp}/x", "--set", "dim=abc"), 2, "dim=abc is wrong for bpr"),
        (("train", "bpr", "--data", "{toy}", "--out", "{tmp}/x", "--set", "dim"), 2, "not of the form key=value"),
        (("train", "bpr", "--data", "{toy}", "--out", "{tmp}/x", "--config", "{tmp}/none.json"), 2, "cannot be read"),
        (("train", "bpr", "--out", "{run}", "--resume", "--set", "dim=3"), 2, "keeps its hyperparameters"),
        (("train", "bpr", "--out", "{tmp}/x", "--resume"), 1, "holds no run"),
        (("app", "--data", "{tmp}/none"), 2, "there is no folder"),
        (("fortune",), 2, "No such command 'fortune'"),
        (("train", "--fast"), 2, "No such option: --fast"),
    ],
)
def test_errors_are_one_sentence(
    ask: Ask, trained: Path, toy: Dataset, tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    names = {"run": trained, "toy": toy.root, "tmp": tmp_path}
    if "{drawn}" in arguments:
        names["drawn"] = draw(tmp_path / "drawn")
    answer = ask(*(argument.format(**names) for argument in arguments))
    assert answer.code == code
    assert sentence in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert "Traceback" not in answer.err


def test_faults_of_the_program_show_where_when_asked(ask: Ask, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(Run, "open", break_down)
    answer = ask("evaluate", trained)
    assert answer.code == 1
    assert "KeyError: 'gone'" in answer.err
    assert "--debug" in answer.err
    with pytest.raises(KeyError):
        ask("--debug", "evaluate", trained)
    monkeypatch.setenv("WORKBENCH_DEBUG", "1")
    with pytest.raises(KeyError):
        ask("evaluate", trained)


def test_an_interrupted_training_says_how_to_go_on_and_goes_on(ask: Ask, toy: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = ["--set", "epochs=100000", "--set", "patience=100000"]
    # A shell's background jobs ignore Ctrl-C and hand that down; this process must not.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{heed}; from workbench.cli import main; main()"
    command = ["-c", start, "train", "bpr", "--data", str(toy.root), "--out", str(out), *settings]
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (out / "weights.safetensors").is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"workbench train bpr --data {toy.root} --out {out} --resume" in said
    run = Run.open(out)
    done = len(run.card.history)
    run.save_card(config={**run.card.config, "epochs": done + 2})
    assert ask("train", "bpr", "--out", out, "--resume").code == 0
    card = Run.open(out).card
    assert card.finished
    assert [epoch.epoch for epoch in card.history] == list(range(1, done + 3))


def test_a_hyperparameter_may_be_left_open_and_faults_of_several_are_one_sentence(ask: Ask, toy: Dataset) -> None:
    from workbench.commands.training import values_of

    assert values_of("uhan", None, ["steps=none", "modalities=words"]) == {"steps": None, "modalities": ("words",)}
    answer = ask("train", "acf", "--data", toy.root, "--out", "never", "--set", "items=average")
    assert answer.code == 2 and "nothing reads the components" in answer.err
