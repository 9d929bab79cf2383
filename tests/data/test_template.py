"""The template: the same each time, sound, explained column by column, and enough to train on."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from workbench import api
from workbench.cli import run
from workbench.data.errors import DataError
from workbench.data.importers.tables import findings, import_tables, is_source
from workbench.data.template import README, TABLES, template, template_zip, write_template


def test_it_is_the_same_each_time_as_folder_and_as_zip(tmp_path: Path) -> None:
    write_template(tmp_path / "a")
    files = {path.relative_to(tmp_path / "a").as_posix(): path for path in (tmp_path / "a").rglob("*.*")}
    assert {name: path.read_bytes() for name, path in files.items()} == template()
    assert template_zip() == template_zip()
    with zipfile.ZipFile(io.BytesIO(template_zip())) as archive:
        assert {name.removeprefix("my-data/") for name in archive.namelist()} == set(template())


def test_every_column_is_explained() -> None:
    for name, columns in TABLES.items():
        assert list(pd.read_csv(io.BytesIO(template()[f"{name}.csv"]))) == columns
        section = README.partition(f"\n{name}.csv")[2].partition("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines()[1:] if line][: len(columns)] == columns


def test_it_passes_the_check_is_imported_and_trained(tmp_path: Path) -> None:
    assert run(["template", str(tmp_path / "a")]) == 0
    assert is_source(tmp_path / "a") and findings(tmp_path / "a", "a")[2] == []
    assert run(["check", str(tmp_path / "a")]) == 0
    data = import_tables(tmp_path / "a", tmp_path / "data", "leave-one-out")
    assert not is_source(data.root)
    assert data.has("follows") and len(data.users) == 16 and len(data.items) == 40
    trained = api.train("hasc", data.root, tmp_path / "run", device="cpu", epochs=1, warm_start=1, inputs=("base",))
    assert len(trained.card.history) == 1


def test_a_fault_fails_the_check_by_file_row_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_template(tmp_path / "a")
    with (tmp_path / "a" / "follows.csv").open("a") as file:
        file.write("nobody,otto\n")
    assert run(["check", str(tmp_path / "a")]) == 1
    assert "follows.csv, row " in capsys.readouterr().out


def test_a_taken_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(DataError):
        write_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
