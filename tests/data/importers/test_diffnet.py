from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.diffnet import import_diffnet
from workbench.features.store import Features

ROWS = {
    "yelp.train.rating": [(5, 20), (5, 3), (7, 3), (9, 20)],
    "yelp.val.rating": [(7, 20)],
    "yelp.test.rating": [(5, 11), (9, 3)],
    "yelp.links": [(5, 7), (7, 5), (9, 12)],
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Users 5, 7, 9 and 12, who likes nothing, and items 3, 11 and 20."""
    folder = tmp_path / "release"
    folder.mkdir()
    for file, rows in ROWS.items():
        (folder / file).write_text("".join(f"{one}\t{other}\t1\n" for one, other in rows))
    return folder


def pairs(dataset: Dataset, table: str, columns: list[str]) -> list[tuple[int, ...]]:
    return [tuple(row) for row in dataset.table(table)[columns].to_numpy().tolist()]


def test_each_file_is_a_split(source: Path, tmp_path: Path) -> None:
    dataset = IMPORTERS["diffnet"].run(source, tmp_path / "out")
    likes = dataset.table("likes")
    for split, file in (("train", "train"), ("validation", "val"), ("test", "test")):
        rows = likes[likes["split"] == split][["user", "item"]].to_numpy().tolist()
        assert [tuple(row) for row in rows] == ROWS[f"yelp.{file}.rating"]
    assert pairs(dataset, "follows", ["follower", "followee"]) == ROWS["yelp.links"]
    assert list(dataset.users) == [5, 7, 9, 12] and list(dataset.items) == [3, 11, 20]
    assert dataset.name == "yelp" and "first to second" in dataset.card.provenance


def test_links_in_both_directions(source: Path, tmp_path: Path) -> None:
    dataset = import_diffnet(source, tmp_path / "out", symmetric=True, name="both")
    assert pairs(dataset, "follows", ["follower", "followee"]) == [(5, 7), (7, 5), (9, 12), (12, 9)]
    assert dataset.name == "both" and "both directions" in dataset.card.provenance


@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
def test_features_of_items_are_those_of_their_ids(source: Path, tmp_path: Path, kind: str) -> None:
    matrix = (np.arange(25 * 4).reshape(25, 4) / 4).astype(kind)
    np.save(source / "vectors.npy", matrix)
    dataset = import_diffnet(source, tmp_path / "out", item_features=Path("vectors.npy"))
    features = Features.open(dataset.root, "release").check(dataset)
    np.testing.assert_allclose(features.vectors(dataset).numpy(), matrix[[3, 11, 20]].astype("float32"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        (np.zeros((20, 4)), r"has the shape \(20, 4\) and items are numbered up to 20"),
        (np.zeros(25), r"has the shape \(25,\)"),
        (np.full((25, 2), np.nan), "row 3: holds what is no number"),
        (np.array([{"a": 1}], dtype=object), "is not readable as a .npy matrix"),
    ],
)
def test_features_that_do_not_fit_are_refused(source: Path, tmp_path: Path, matrix: object, sentence: str) -> None:
    np.save(source / "vectors.npy", matrix, allow_pickle=True)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=sentence):
        import_diffnet(source, tmp_path / "out", item_features=source / "vectors.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("yelp.train.rating", "5\t3\t1\n5\tx\t1\n", "yelp.train.rating, row 2, column item: 'x' is not a whole number"),
        ("yelp.train.rating", "5\t3\t1\n5\t3\n", "yelp.train.rating, row 2: has 2 cells, not 3"),
        ("yelp.links", "5\t7\t0\n", "yelp.links, row 1, column value: '0' is not 1"),
        ("yelp.links", "", "yelp.links: has no rows"),
        ("yelp.test.rating", "9\t3\t1\n7\t3\t1\n", "yelp.test.rating, row 2, column item: '3' is liked by this user"),
        ("yelp.val.rating", None, "yelp.val.rating: is missing in"),
    ],
)
def test_faults_are_named(source: Path, tmp_path: Path, file: str, text: str | None, sentence: str) -> None:
    (source / file).unlink() if text is None else (source / file).write_text(text)
    with pytest.raises(DataError, match=sentence):
        import_diffnet(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_the_release_is_found_or_asked_for(source: Path, tmp_path: Path) -> None:
    (source / "flickr.train.rating").write_text("1\t1\t1\n")
    with pytest.raises(DataError, match="holds flickr, yelp; choose one with --release"):
        import_diffnet(source, tmp_path / "out")
    assert len(import_diffnet(source, tmp_path / "out", release="yelp").users) == 4
    with pytest.raises(DataError, match="has no file NAME.train.rating"):
        import_diffnet(tmp_path, tmp_path / "other")
    with pytest.raises(DataError, match="There is no folder"):
        import_diffnet(tmp_path / "absent", tmp_path / "other")


def test_the_release_of_diffnet(data_dir: Path, tmp_path: Path) -> None:
    folder = data_dir / "diffnet-flickr"
    if not folder.is_dir():
        pytest.skip(f"no release of DiffNet in {data_dir}")
    dataset = import_diffnet(folder, tmp_path / "out")
    assert (len(dataset.users), len(dataset.items)) == (8_358, 82_120)
    assert [len(dataset.likes(split)[0]) for split in ("train", "validation", "test")] == [282_444, 13_006, 32_365]
    assert len(dataset.follows.values) == 187_273
