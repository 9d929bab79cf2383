from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from workbench.data.check import check
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.catalogue import import_catalogue


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three pictured items and one without; user 9 has two items alone, user 4 bought item 2 twice."""
    folder = tmp_path / "shop"
    (folder / "images").mkdir(parents=True)
    for file in ("1.png", "2.jpg", "3.webp"):
        cv2.imwrite(str(folder / "images" / file), np.zeros((6, 6, 3), np.uint8))
    (folder / "interactions.csv").write_text(
        "user,item,time\n4,2,30\n4,1,10\n4,3,20\n4,2,5\n5,1,1\n5,4,2\n5,3,3\n9,1,1\n9,2,2\n"
    )
    (folder / "attributes.csv").write_text(
        "item,attribute,value\n1,collar,high\n1,colour,red\n1,colour,blue\n2,sole,flat\n"
    )
    return folder


def test_items_attributes_and_pictures_come_together(source: Path, tmp_path: Path) -> None:
    dataset = IMPORTERS["catalogue"].run(source, tmp_path / "out")
    assert check(dataset.root) == []
    assert list(dataset.items) == [1, 2, 3, 4] and list(dataset.users) == [4, 5] and dataset.name == "shop"
    assert [dataset.image_relative(code) for code in range(4)] == [
        "images/1.png",
        "images/2.jpg",
        "images/3.webp",
        None,
    ]
    assert (dataset.root / "images/3.webp").read_bytes() == (source / "images/3.webp").read_bytes()
    assert len(dataset.table("attributes")) == 4


def test_the_first_of_repeated_likes_counts_and_the_last_are_held_out(source: Path, tmp_path: Path) -> None:
    likes = import_catalogue(source, tmp_path / "out", minimum=2).table("likes")
    found = {(u, i): (t, s) for u, i, t, s in likes[["user", "item", "time", "split"]].itertuples(index=False)}
    assert found[4, 2] == (5, "train") and found[4, 1] == (10, "validation") and found[4, 3] == (20, "test")
    assert found[9, 1][1] == found[9, 2][1] == "train"


def test_a_table_of_items_names_pictures_and_may_be_parquet(source: Path, tmp_path: Path) -> None:
    pd.DataFrame(
        {"item": [1, 2, 3, 4], "image": [None, None, None, "images/1.png"], "name": ["a", "b", "c", "d"]}
    ).to_parquet(source / "items.parquet")
    dataset = import_catalogue(source, tmp_path / "out", name="Shop", seed=4)
    assert dataset.image_relative(3) == "images/1.png" and dataset.image_relative(0) == "images/1.png"
    assert (dataset.item_label(2), dataset.name, dataset.card.seed) == ("c", "Shop", 4)


BROKEN: dict[str, tuple[str, str | None]] = {
    "interactions.csv, column user: is missing": ("interactions.csv", "person,item\n4,1\n"),
    "interactions.csv: is missing in": ("interactions.csv", None),
    "attributes.csv: is missing in": ("attributes.csv", None),
    "attributes.csv, row 1, column value: is empty": ("attributes.csv", "item,attribute,value\n1,collar,\n"),
    "interactions.csv, row 1, column time: 'soon' is not seconds": ("interactions.csv", "user,item,time\n4,1,soon\n"),
    "attributes.csv, row 1, column item: '7' is not in items.csv": ("items.csv", "item\n1\n2\n3\n4\n"),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_source_is_explained_and_nothing_is_written(source: Path, tmp_path: Path, sentence: str) -> None:
    file, text = BROKEN[sentence]
    if text is None:
        (source / file).unlink()
    else:
        (source / file).write_text(text)
    if file == "items.csv":
        (source / "attributes.csv").write_text("item,attribute,value\n7,sole,flat\n")
    with pytest.raises(DataError) as caught:
        import_catalogue(source, tmp_path / "out")
    assert any(str(fault).startswith(sentence) for fault in caught.value.faults), caught.value
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_pictures_that_are_none_or_two_or_broken_are_refused(source: Path, tmp_path: Path) -> None:
    (source / "images/1.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"1\.jpg and images/1\.png are both of '1'"):
        import_catalogue(source, tmp_path / "out")
    (source / "images/1.png").unlink()
    with pytest.raises(DataError, match=r"'images/1\.jpg' cannot be decoded"):
        import_catalogue(source, tmp_path / "out")
    for path in (source / "images").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="has no picture of any item"):
        import_catalogue(source, tmp_path / "out")
    with pytest.raises(DataError, match="no folder"):
        import_catalogue(tmp_path / "absent", tmp_path / "out")


def test_users_with_too_few_likes_are_left_out_and_somebody_must_be_left(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lower --minimum"):
        import_catalogue(source, tmp_path / "out", minimum=4)
