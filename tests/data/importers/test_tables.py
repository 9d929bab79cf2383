from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.worlds import write_toy
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.tables import import_tables


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """CSV with ids that are numbers for users and text for items (one file looks like numbers), and an image."""
    folder = tmp_path / "album"
    (folder / "pictures").mkdir(parents=True)
    cv2.imwrite(str(folder / "pictures/1.png"), np.zeros((4, 4, 3), np.uint8))
    (folder / "items.csv").write_text(
        'item,creator,image,text,views\n1,30,pictures/1.png,"two\nlines",5\nb2,,,,6\n07,10,,007,\n', encoding="utf-8"
    )
    (folder / "likes.csv").write_text(
        "user,item,time\n"
        + "".join(
            f"{user},{item},2024-01-0{day}\n" for user in (10, 20) for day, item in enumerate(("07", "1", "b2"), 1)
        )
    )
    pd.DataFrame({"follower": [10], "followee": [20]}).to_parquet(folder / "follows.parquet")
    return folder


def test_csv_and_parquet_are_read_together(source: Path, tmp_path: Path) -> None:
    dataset = import_tables(source, tmp_path / "out", name="Album", seed=3)
    assert (dataset.name, dataset.card.seed) == ("Album", 3)
    assert list(dataset.users) == [10, 20, 30] and list(dataset.items) == ["07", "1", "b2"]
    items = dataset.table("items")
    assert items["text"].fillna("").tolist() == ["two\nlines", "", "007"]
    assert items["views"].tolist()[:2] == [5, 6]
    assert dataset.creator.tolist() == [0, 2, -1]
    assert dataset.image_relative(1) == "pictures/1.png"
    assert (dataset.root / "pictures/1.png").read_bytes() == (source / "pictures/1.png").read_bytes()
    assert dataset.table("likes")["time"].iloc[1] == pd.Timestamp("2024-01-02")


def test_the_type_of_a_column_comes_from_all_its_rows(tmp_path: Path) -> None:
    """Long enough for a reader that infers types from the first megabyte to be wrong."""
    rows = 200_000
    items = "".join(f"{row},{'2.5' if row == rows - 1 else '3'}\n" for row in range(rows))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/items.csv").write_text("item,weight\n" + items)
    (tmp_path / "in/likes.csv").write_text("user,item\n1,5\n")
    weights = import_tables(tmp_path / "in", tmp_path / "out").table("items")["weight"]
    assert (weights.iloc[0], weights.iloc[-1]) == (3, 2.5)


@pytest.mark.parametrize("split", ["leave-one-out", "chronological"])
def test_likes_are_split_when_asked(source: Path, tmp_path: Path, split: str) -> None:
    dataset = IMPORTERS["tables"].run(source, tmp_path / "out", split=split)
    assert "split" not in Dataset.open(import_tables(source, tmp_path / "given").root).table("likes")
    likes = dataset.table("likes")
    # Of three likes in time, leave-one-out keeps the first; 80% rounded up is all three.
    wanted = ["train", "validation", "test"] if split == "leave-one-out" else ["train"] * 3
    assert likes["split"].tolist() == wanted * 2


def test_an_exported_dataset_is_imported_unchanged(tmp_path: Path) -> None:
    toy = Dataset.open(write_toy(tmp_path / "toy", seed=2))
    assert import_tables(toy.root, tmp_path / "copy", seed=2).fingerprint == toy.fingerprint


BROKEN = {
    "likes.csv, row 2, column item: '99' is not in items.csv": ("likes.csv", "user,item,time\n10,1,5\n20,99,6\n"),
    "likes.csv, column user: is missing": ("likes.csv", "person,item\n10,1\n"),
    "likes.csv, column item: occurs more than once": ("likes.csv", "user,item,item\n10,1,1\n"),
    "likes.csv, row 2, column time: 'soon' is not seconds": ("likes.csv", "user,item,time\n10,1,5\n20,1,soon\n"),
    "likes.csv, row 2: has 2 cells, not 3": ("likes.csv", "user,item,time\n10,1,5\n20,1\n"),
    "likes.csv: is not readable as CSV": ("likes.csv", ""),
    "likes.csv: is not UTF-8 in line 2": ("likes.csv", "user,item\n10,caf\udce9\n"),
    "likes.csv: has no rows": ("likes.csv", "user,item,time\n"),
    "follows.parquet, column follower: is not written as text like creator in items.csv": (
        "likes.csv",
        "user,item\nada,1\n",
    ),
    "users.csv, row 1, column user: is empty": ("users.csv", "user,name\n,Ada\n10,B\n20,C\n30,D\n"),
    "items.csv, row 1, column image: 'pictures/1.png' cannot be decoded": ("pictures/1.png", "no image"),
    "follows.csv: stands beside follows.parquet": ("follows.csv", "follower,followee\n10,20\n"),
    "follows.parquet: is not readable as Parquet": ("follows.parquet", "text"),
    "dataset.json: is not a dataset card": ("dataset.json", "[]"),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_source_is_explained_and_nothing_is_written(source: Path, tmp_path: Path, sentence: str) -> None:
    file, text = BROKEN[sentence]
    (source / file).write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DataError) as caught:
        import_tables(source, tmp_path / "out")
    assert any(str(fault).startswith(sentence) for fault in caught.value.faults)
    assert [path.name for path in tmp_path.iterdir()] == ["album"]


def test_a_split_needs_likes_and_a_chronological_one_times(source: Path, tmp_path: Path) -> None:
    (source / "likes.csv").write_text("user,item\n10,1\n")
    with pytest.raises(DataError, match="needs the column time"):
        import_tables(source, tmp_path / "out", split="chronological")
    (source / "likes.csv").unlink()
    (source / "posts.csv").write_text("item,user,time,popularity\n1,10,5,0.5\n")
    with pytest.raises(DataError, match="choose the split given"):
        import_tables(source, tmp_path / "out", split="leave-one-out")
    assert [path.name for path in tmp_path.iterdir()] == ["album"]
    assert len(import_tables(source, tmp_path / "out").likes()[0]) == 0


def test_a_full_target_and_a_missing_source_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not empty"):
        import_tables(source, source)
    with pytest.raises(DataError, match=r"no folder .*absent"):
        import_tables(tmp_path / "absent", tmp_path / "out")


def test_flickr_fs_has_the_counts_of_its_paper(data_dir: Path, tmp_path: Path) -> None:
    """Counts of the release of HASC (Wu et al., TKDE 2019)."""
    dataset = import_tables(data_dir / "flickr-fs", tmp_path / "flickr-fs")
    assert (len(dataset.users), len(dataset.items)) == (4_418, 31_460)
    assert [len(dataset.likes(split)[0]) for split in ("train", "validation", "test")] == [752_948, 4_418, 4_418]
    assert len(dataset.table("follows")) == 184_991
    # One pair is recorded twice.
    assert dataset.follows.values.numel() == 184_990
    assert "upload_rank" in dataset.table("items")
