from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset

CARD = DatasetCard(name="small", licence="CC0", provenance="by hand", seed=4)
TABLES = {
    "items": pd.DataFrame({"item": [3, 1], "creator": [7.0, None], "colour": pd.Categorical(["red", "blue"])}),
    "likes": pd.DataFrame({"user": [7, 8], "item": [1, 3]}),
}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    copied = tmp_path / "note.txt"
    copied.write_text("copied")
    write_dataset(tmp_path / "new" / "small", CARD, TABLES, {"a/b.bin": b"bytes", "c.txt": copied})
    dataset = Dataset.open(tmp_path / "new" / "small")
    assert dataset.card == CARD
    pd.testing.assert_frame_equal(dataset.table("likes"), TABLES["likes"])
    assert dataset.table("items")["colour"].tolist() == ["red", "blue"]
    assert dataset.creator.tolist() == [-1, 0]
    assert (dataset.root / "a/b.bin").read_bytes() == b"bytes"
    assert (dataset.root / "c.txt").read_text() == "copied"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["small"]


def test_an_empty_folder_is_filled_and_a_full_one_refused(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    write_dataset(tmp_path / "small", CARD, TABLES)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="already exists and is not empty; choose another folder"):
        write_dataset(tmp_path / "small", CARD, TABLES)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("tables", "files", "sentence"),
    [
        ({"likes": TABLES["likes"]}, {}, "items.parquet: is missing"),
        ({**TABLES, "friends": TABLES["likes"]}, {}, "no table friends"),
        (TABLES, {"../escaped.txt": b""}, "outside the dataset folder"),
    ],
)
def test_nothing_is_left_where_writing_fails(
    tmp_path: Path, tables: dict[str, pd.DataFrame], files: dict[str, Path | bytes], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        write_dataset(tmp_path / "small", CARD, tables, files)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_a_copy_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_dataset(tmp_path / "small", CARD, TABLES, {"a.jpg": tmp_path / "absent.jpg"})
    assert list(tmp_path.iterdir()) == []
