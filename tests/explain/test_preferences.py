"""What is kept for a user: whole or not at all, of the latest word, and followed by the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain import preferences
from workbench.explain.edits import Edit
from workbench.explain.whatif import what_if

USER = 4
CONFIG: dict[str, Any] = {"inputs": ["base", "auxiliary"], "epochs": 2, "batch": 64}


def edits(*texts: str) -> list[Edit]:
    return [Edit.parse(text) for text in texts]


def test_what_is_kept_is_loaded_and_forgotten(tmp_path: Path) -> None:
    assert preferences.load(tmp_path).users == {}
    preferences.keep(tmp_path, 7, edits("follows:bea", "uploads=0.5"))
    preferences.keep(tmp_path, "8", edits("creator"))
    # The later word on an element counts.
    preferences.keep(tmp_path, 7, edits("uploads=0.25"))
    assert preferences.load(tmp_path).of(7) == tuple(edits("follows:bea", "uploads=0.25"))
    assert preferences.forget(tmp_path, 7, edits("uploads")).of("7") == tuple(edits("follows:bea"))
    assert preferences.forget(tmp_path, 7).users == {"8": ("creator",)}
    assert [path.name for path in tmp_path.iterdir()] == [preferences.FILE]
    assert json.loads((tmp_path / preferences.FILE).read_text(encoding="utf-8"))["schema_version"] == 1


@pytest.mark.parametrize(
    "text", ["{", '{"schema_version": 2, "users": {}}', '{"users": {"1": ["follows:"]}}', '{"users": {}, "more": 1}']
)
def test_a_broken_file_is_one_sentence_and_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / preferences.FILE
    path.write_text(text, encoding="utf-8")
    for ask in (lambda: preferences.load(tmp_path), lambda: preferences.keep(tmp_path, 1, edits("follows"))):
        with pytest.raises(DataError, match="preferences.json cannot be read") as caught:
            ask()
        assert "\n" not in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preferences.keep(tmp_path, 1, edits("follows:bea"))

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        preferences.keep(tmp_path, 1, edits("uploads"))
    assert preferences.load(tmp_path).of(1) == tuple(edits("follows:bea"))


def test_the_commands_keep_and_follow_them(
    toy: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The dataset is shared by all tests: its folder is not written to.
    monkeypatch.setattr(preferences, "FILE", str(tmp_path / "preferences.json"))
    run = str(tmp_path / "run")
    api.train("hasc", toy.root, tmp_path / "run", device="cpu", **CONFIG)
    explainer = api.explainer(run)
    user, friend = str(toy.users.id(USER)), f"follows:{toy.users.id(int(toy.follows.row(USER)[0]))}"

    def recommended(*options: str) -> list[Any]:
        assert cli.run(["recommend", run, "--user", user, "--json", *options]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["without"] == ([] if "--no-preferences" in options else kept)
        return [one["item"] for one in answer["items"]]

    kept: list[str] = []
    plain = recommended()
    assert cli.run(["whatif", run, "--user", user, "--drop", friend, "--drop", "uploads", "--keep"]) == 0
    assert "Kept for" in capsys.readouterr().err
    # Another run may read no such group: that is said, and the rest followed.
    preferences.keep(toy.root, user, edits("topics:3"))
    kept = [friend, "uploads"]
    after = [one.item for one in what_if(explainer, USER, edits(*kept)).after]
    assert recommended() == after and recommended("--no-preferences") == plain
    assert cli.run(["recommend", run, "--user", user]) == 0
    said = capsys.readouterr().err
    assert "not followed: hasc reads no group 'topics'" in said and f"Without {friend}, uploads" in said
    assert cli.run(["whatif", run, "--user", user, "--forget"]) == 0
    kept = []
    assert recommended() == plain
    assert cli.run(["whatif", run, "--user", user, "--drop", "uploads", "--keep", "--forget"]) == 2


def test_what_cannot_be_left_out_is_not_kept(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preferences, "FILE", str(tmp_path / "preferences.json"))
    api.train("bpr", toy.root, tmp_path / "run", device="cpu", epochs=1, batch=64)
    user = str(toy.users.id(USER))
    assert cli.run(["whatif", str(tmp_path / "run"), "--user", user, "--drop", "follows", "--keep"]) == 1
    assert "reads no group 'follows'" in capsys.readouterr().err and not (tmp_path / "preferences.json").exists()
