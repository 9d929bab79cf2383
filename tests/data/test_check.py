from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from workbench.data.check import LISTED, check, check_tables
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.images import MAX_PIXELS
from workbench.data.schema import CARD, DatasetCard
from workbench.data.write import write_dataset

Tables = dict[str, pd.DataFrame]


def jpeg(size: int = 64) -> bytes:
    picture = np.random.default_rng(0).integers(0, 255, (size, size, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


def sound_tables() -> Tables:
    box = {"x0": 0.1, "y0": 0.1, "x1": 0.5, "y1": 0.5}
    return {
        "users": pd.DataFrame({"user": [1, 2, 3], "name": ["Ada", "Bo", None]}),
        "items": pd.DataFrame(
            {"item": ["a", "b", "c"], "creator": pd.array([1, None, 3], "Int64"), "image": ["i/a.jpg", "i/b.png", None]}
        ),
        "likes": pd.DataFrame(
            {"user": [1, 1, 2], "item": ["a", "b", "a"], "time": [1, 2, 3], "split": ["train", "test", "train"]}
        ),
        "follows": pd.DataFrame({"follower": [1, 2], "followee": [2, 3]}),
        "posts": pd.DataFrame({"item": ["a", "b"], "user": [1, 3], "time": [1.0, 2.0], "popularity": [0.0, 4.5]}),
        "regions": pd.DataFrame({"item": ["a", "a"], "region": [0, 1], **box}),
        "attributes": pd.DataFrame(
            {"item": ["a", "b"], "attribute": "colour", "value": "red", "region": pd.array([1, None], "Int64")}
        ),
        "frames": pd.DataFrame({"item": ["c", "c"], "frame": [0, 1], "image": ["i/a.jpg", "i/b.png"]}),
    }


@pytest.fixture
def world(tmp_path: Path) -> Path:
    files: dict[str, Path | bytes] = {"i/a.jpg": jpeg(), "i/b.png": bytes(cv2.imencode(".png", np.zeros((8, 8)))[1])}
    write_dataset(tmp_path / "world", DatasetCard(name="world"), sound_tables(), files)
    return tmp_path / "world"


def test_a_sound_dataset_has_no_faults(world: Path) -> None:
    assert check(world) == []


def put(table: str, column: str, values: Any) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table] = tables[table].assign(**{column: values})

    return change


def drop(table: str, column: str) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table] = tables[table].drop(columns=column)

    return change


def repeat(table: str, row: int) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table] = pd.concat([tables[table], tables[table].iloc[[row]]], ignore_index=True)

    return change


def cut(table: str, rows: int) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table] = tables[table].head(rows)

    return change


BROKEN = {
    "column missing": (drop("likes", "user"), "likes.parquet, column user: is missing"),
    "popularity missing": (drop("posts", "popularity"), "posts.parquet, column popularity: is missing"),
    "no likes": (cut("likes", 0), "likes.parquet: has no rows"),
    "id not whole": (put("likes", "user", [1, 1.5, 2]), "likes.parquet, row 2, column user: '1.5' is no id"),
    "id of truth": (put("follows", "follower", [True, False]), "follows.parquet, column follower: holds bool"),
    "id as text": (
        put("likes", "user", ["1", "1", "2"]),
        "likes.parquet, column user: is not written as numbers like user in",
    ),
    "id empty": (put("likes", "user", [1, None, 2]), "likes.parquet, row 2, column user: is empty"),
    "id blank": (put("likes", "item", ["a", "", "a"]), "likes.parquet, row 2, column item: '' is empty"),
    "text as number": (put("users", "name", [1, 2, 3]), "users.parquet, column name: holds int64"),
    "number as word": (
        put("posts", "popularity", ["1", "many"]),
        "posts.parquet, row 2, column popularity: 'many' is not a number",
    ),
    "number as text": (put("posts", "popularity", ["1", "2"]), "posts.parquet, column popularity: holds str"),
    "number empty": (put("posts", "popularity", [1.0, None]), "posts.parquet, row 2, column popularity: is empty"),
    "number infinite": (
        put("posts", "popularity", [np.inf, 1.0]),
        "posts.parquet, row 1, column popularity: 'inf' is not a finite",
    ),
    "number negative": (
        put("posts", "popularity", [1.0, -2.0]),
        "posts.parquet, row 2, column popularity: '-2.0' is out of range; it must be 0 or more",
    ),
    "time as word": (
        put("likes", "time", ["1", "2", "late"]),
        "likes.parquet, row 3, column time: 'late' is not seconds",
    ),
    "time empty": (put("likes", "time", [1, None, 2]), "likes.parquet, row 2, column time: is empty"),
    "split word": (
        put("likes", "split", ["train", "dev", "test"]),
        "likes.parquet, row 2, column split: 'dev' is no split",
    ),
    "split empty": (put("likes", "split", ["train", None, "test"]), "likes.parquet, row 2, column split: is empty"),
    "item unknown": (
        put("likes", "item", ["a", "b", "z"]),
        "likes.parquet, row 3, column item: 'z' is not in items.parquet",
    ),
    "user unknown": (put("likes", "user", [1, 9, 2]), "likes.parquet, row 2, column user: '9' is not in users.parquet"),
    "creator unknown": (
        put("items", "creator", [1, 2, 8]),
        "items.parquet, row 3, column creator: '8' is not in users",
    ),
    "followee unknown": (
        put("follows", "followee", [7, 3]),
        "follows.parquet, row 1, column followee: '7' is not in users",
    ),
    "region unknown": (
        put("attributes", "region", [1, 0]),
        "attributes.parquet, row 2, column region: '0' is not a region",
    ),
    "like twice": (
        put("likes", "item", ["a", "a", "a"]),
        "likes.parquet, row 2, column item: 'a' repeats the user and item",
    ),
    "user twice": (repeat("users", 1), "users.parquet, row 4, column user: '2' repeats the user of"),
    "box outside": (
        put("regions", "x1", [0.5, 1.2]),
        "regions.parquet, row 2, column x1: '1.2' is out of range; it must be",
    ),
    "box turned": (put("regions", "y0", [0.1, 0.9]), "regions.parquet, row 2, column y0: '0.9' is not below y1"),
    "path absolute": (
        put("items", "image", ["/etc/a.jpg", None, None]),
        "items.parquet, row 1, column image: '/etc/a.jpg' may",
    ),
    "path upwards": (
        put("items", "image", [None, "i/../../a.jpg", None]),
        "items.parquet, row 2, column image: 'i/../../a.jpg'",
    ),
    "path of a drive": (
        put("items", "image", [None, None, "C:a.jpg"]),
        "items.parquet, row 3, column image: 'C:a.jpg' may",
    ),
    "path backwards": (
        put("frames", "image", ["i\\a.jpg", "i/b.png"]),
        "frames.parquet, row 1, column image: 'i\\\\a.jpg' may",
    ),
    "image missing": (
        put("items", "image", ["i/a.jpg", "i/x.png", None]),
        "items.parquet, row 2, column image: 'i/x.png' is missing",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_named_by_file_row_and_column_and_nothing_else_is_blamed(world: Path, name: str) -> None:
    change, sentence = BROKEN[name]
    tables = sound_tables()
    change(tables)
    for table, frame in tables.items():
        frame.to_parquet(world / f"{table}.parquet")
    faults = [str(fault) for fault in check(world)]
    assert len(faults) == 1 and faults[0].startswith(sentence) and faults[0].endswith(".") and ";" in faults[0]
    if name != "image missing":  # Opening does not look at images.
        with pytest.raises(DataError) as caught:
            Dataset.open(world)
        assert [str(fault) for fault in caught.value.faults] == faults


def test_all_faults_are_listed_even_in_one_column() -> None:
    tables = sound_tables()
    tables["likes"] = pd.DataFrame(
        {"user": [1, None, 1, 9], "item": ["a", "b", "a", "z"], "split": ["train", "train", "dev", "test"]}
    )
    found = {(fault.row, fault.column) for fault in check_tables(tables)}
    assert found == {(2, "user"), (3, "item"), (4, "user"), (4, "item"), (3, "split")}


def test_a_listing_is_capped_and_counted() -> None:
    tables = sound_tables()
    tables["likes"] = pd.DataFrame({"user": [1] * 1000, "item": [f"x{row}" for row in range(1000)]})
    faults = check_tables(tables)
    assert [fault.row for fault in faults] == [*range(1, LISTED + 1), None]
    assert "980 more rows up to row 1000" in faults[-1].message


def test_users_need_no_table() -> None:
    tables = sound_tables()
    del tables["users"]
    tables["likes"] = tables["likes"].assign(user=[50, 51, 52])
    assert check_tables(tables) == []


def test_gaps_and_long_ids_are_sound() -> None:
    tables = sound_tables()
    tables["users"] = pd.DataFrame({"user": [1, 2, 3, 2**60 + 1]})
    tables["items"] = tables["items"].assign(creator=pd.array([None, 2**60 + 1, None], "Int64"))
    assert check_tables(tables) == []


def test_required_tables() -> None:
    tables = sound_tables()
    faults = check_tables({"users": tables["users"]})
    assert [fault.file for fault in faults] == ["items.parquet", "likes.parquet"]
    assert [fault.file for fault in check_tables({"items": tables["items"]})] == ["likes.parquet"]
    for name in ("likes", "posts", "regions"):
        assert check_tables({"items": tables["items"], name: tables[name], "users": tables["users"]}) == []


def breaking(data: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_bytes(data)

    return change


def png_header(width: int, height: int) -> bytes:
    """A PNG file of one pixel whose header promises more."""
    whole = bytes(cv2.imencode(".png", np.zeros((1, 1)))[1])
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + whole[24:29]
    return whole[:12] + header + zlib.crc32(header).to_bytes(4, "big") + whole[33:]


def link_outside(path: Path) -> None:
    outside = path.parents[2] / "outside.jpg"
    outside.write_bytes(jpeg())
    path.unlink()
    path.symlink_to(outside)


@pytest.mark.parametrize(
    ("break_file", "reason"),
    [
        (breaking(jpeg()[:-200]), "cannot be decoded"),
        (breaking(jpeg()[:100]), "cannot be decoded"),
        (breaking(b""), "cannot be decoded"),
        (breaking(b"GIF89a nonsense"), "cannot be decoded"),
        (breaking(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "cannot be decoded"),
        (breaking(png_header(9_000, 9_000)), f"has 9000 x 9000 pixels, more than {MAX_PIXELS:,}"),
        (breaking(png_header(60_000, 60_000)), "pixels"),
        (breaking(png_header(16, 16)), "cannot be decoded"),
        (link_outside, "leads out of the folder"),
    ],
)
def test_a_broken_image_is_found(world: Path, break_file: Callable[[Path], None], reason: str) -> None:
    break_file(world / "i/a.jpg")
    faults = check(world)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [
        ("items.parquet", 1, "image"),
        ("frames.parquet", 1, "image"),
    ]
    assert all(fault.message.startswith("'i/a.jpg'") and reason in fault.message for fault in faults)


def test_a_broken_file_is_named_and_not_called_missing(world: Path) -> None:
    (world / "likes.parquet").write_bytes((world / "likes.parquet").read_bytes()[:-20])
    (world / "posts.parquet").unlink()
    faults = check(world)
    assert [fault.file for fault in faults] == ["likes.parquet"]
    assert "not readable as Parquet" in faults[0].message


@pytest.mark.parametrize(
    ("card", "reason"), [("{", "not a dataset card"), ('{"name": "x", "schema_version": 9}', "schema_version")]
)
def test_a_broken_card_is_named(world: Path, card: str, reason: str) -> None:
    (world / CARD).write_text(card)
    faults = check(world)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [(CARD, None, None)]
    assert reason in faults[0].message


def test_an_empty_folder_lacks_card_items_and_likes(tmp_path: Path) -> None:
    assert [fault.file for fault in check(tmp_path)] == [CARD, "items.parquet", "likes.parquet"]


def test_a_fault_reads_as_a_sentence() -> None:
    assert (
        str(Fault("likes.parquet", 3, "item", "is empty; fill it."))
        == "likes.parquet, row 3, column item: is empty; fill it."
    )
