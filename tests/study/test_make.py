"""From two runs to a study: what raters see is frozen, tells no run, and is the same for the same seed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.study.design import check_name
from workbench.study.make import Settings, make, pictures
from workbench.study.questions import QUESTIONS, Place
from workbench.study.store import Study, StudyError
from workbench.training.run import Run

Contestant = tuple[Run, Explainer]
LEFT: dict[str, Place | None] = dict.fromkeys(QUESTIONS, "left")


@pytest.fixture(scope="module")
def runs(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Contestant, Contestant]:
    folder = tmp_path_factory.mktemp("runs")
    settings = {"device": "cpu", "epochs": 2}
    trained = [
        api.train("hasc", toy.root, folder / "red", warm_start=1, inputs=("base", "auxiliary"), **settings),  # type: ignore[arg-type]
        api.train("svdpp", toy.root, folder / "blue", seed=4, **settings),  # type: ignore[arg-type]
    ]
    first, second = ((run, api.explainer(run)) for run in trained)
    return first, second


def test_a_study_holds_what_the_runs_say(runs: tuple[Contestant, Contestant], tmp_path: Path) -> None:
    told: list[float] = []
    study = make(tmp_path, Settings("spring", persons=4, images=3), *runs, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
    design, data = study.design, runs[0][1].dataset
    assert (design.first.run, design.first.model, design.second.run, design.second.seed) == ("red", "hasc", "blue", 4)
    assert design.fingerprint == data.fingerprint and pictures(study) == data.root
    likes = data.history.lengths.tolist()
    shown = [study.case(number) for number in range(4)]
    assert [len(data.history.row(data.users.code(case.user))) for case in shown] == sorted(likes, reverse=True)[:4]
    for case in shown:
        user = data.users.code(case.user)
        for side, (_, explainer) in ((case.first, runs[0]), (case.second, runs[1])):
            best = explainer.recommend(user, 3)
            assert [picture.id for picture in side.images] == [one.item for one in best]
            whole = explainer.explain(user, data.items.code(best[0].item))
            assert side.explanation == whole.model_copy(update={"model": "", "run": ""})
        table = data.table("likes")
        mine = table[(table["user"] == case.user) & (table["split"] == "train")].sort_values("time")
        assert [picture.id for picture in case.liked] == mine["item"].tolist()[::-1][:8]
        assert case.liked[0].text
    again = make(tmp_path, Settings("summer", persons=4, images=3), *runs)
    assert [again.case(number) for number in range(4)] == shown


def test_any_persons_are_drawn_by_the_seed(runs: tuple[Contestant, Contestant], tmp_path: Path) -> None:
    drawn = {
        seed: [make(tmp_path, Settings(f"s{seed}-{n}", 6, 1, pick="random", seed=seed), *runs) for n in range(2)]
        for seed in (1, 2)
    }
    users = {seed: [[study.case(n).user for n in range(6)] for study in made] for seed, made in drawn.items()}
    assert users[1][0] == users[1][1] != users[2][0] and len(set(users[1][0])) == 6


@pytest.mark.parametrize("name", ["red-blue", "hasc", "my-svdpp-study", "Spring", "", "a/b", "x" * 41])
def test_a_name_that_tells_or_cannot_be_an_address_is_refused(
    name: str, runs: tuple[Contestant, Contestant], tmp_path: Path
) -> None:
    with pytest.raises(DataError):
        make(tmp_path, Settings(name, 2, 1), *runs)
    assert not list(tmp_path.iterdir())


def test_a_part_of_a_word_tells_nothing() -> None:
    check_name("predict-1", ["red"])
    check_name("congruent", ["gru"])


def test_what_cannot_be_compared_is_refused_before_anything_is_written(
    runs: tuple[Contestant, Contestant], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="two runs"):
        make(tmp_path, Settings("spring", 2, 1), runs[0], runs[0])
    with pytest.raises(DataError, match="ask for fewer"):
        make(tmp_path, Settings("spring", 4000, 1), *runs)
    with pytest.raises(StudyError, match="raters"):
        make(tmp_path, Settings("spring", 2, 1, raters=0), *runs)
    assert not list(tmp_path.glob("*"))


def test_a_run_named_as_the_words_of_an_explanation_is_refused(
    runs: tuple[Contestant, Contestant], tmp_path: Path
) -> None:
    (run, explainer), other = runs
    telling = Explainer(explainer.model, explainer.dataset, "because")
    with pytest.raises(DataError, match="another name"):
        make(tmp_path, Settings("spring", 2, 1), (run, telling), other)


def test_pictures_that_are_gone_are_told(runs: tuple[Contestant, Contestant], tmp_path: Path) -> None:
    study = make(tmp_path, Settings("spring", 2, 1), *runs)
    gone = Study(study.path, study.design.model_copy(update={"root": str(tmp_path / "gone")}))
    with pytest.raises(DataError, match="gone"):
        pictures(gone)


def test_by_command(
    runs: tuple[Contestant, Contestant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    paths = [str(run.path) for run, _ in runs]
    assert cli.run(["study", "new", *paths, "--name", "spring", "--persons", "2", "--raters", "1"]) == 0
    assert cli.run(["study", "new", *paths, "--name", "spring"]) == 1
    assert cli.run(["study", "results", "spring"]) == 1
    assert "still open" in capsys.readouterr().err
    study = Study.open(tmp_path / "studies", "spring")
    study.rate("Ann", 0, LEFT)
    out = tmp_path / "out"
    command = ["study", "results", "spring", "--close", "--out", str(out), "--format", "png,svg,pdf,html,json,csv"]
    assert cli.run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["judged"], found["cases"]) == (1, 2)
    stems = {f"study.{name}" for name in ("png", "svg", "pdf", "html", "json", "csv")}
    assert {path.name for path in out.iterdir()} == stems | {"answers.json", "answers.csv"}
    assert len(list(csv.DictReader((out / "answers.csv").open(encoding="utf-8")))) == 4
    assert "study spring" in (out / "study.svg").read_text(encoding="utf-8")
    assert cli.run(["study", "results", "spring", "--format", "gif"]) == 2
    assert cli.run(["study", "results", "spring"]) == 0
    assert "blue" in capsys.readouterr().out
