from __future__ import annotations

import gzip
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.data.check import check
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.amazon import import_amazon

PRODUCTS = [
    {"asin": "B1", "title": "A shirt", "brand": "Acme", "categories": [["Clothing", "Shirts"], ["Sale"]]},
    {"asin": "B2", "title": "A shoe", "imUrl": "http://none", "image": "images/b2.png"},
    {"asin": "B3"},
]
REVIEWS = [
    {"reviewerID": "A", "asin": asin, "overall": stars, "unixReviewTime": time, "reviewText": "good"}
    for asin, stars, time in (("B1", 5, 30), ("B2", 4.0, 10), ("B3", 1, 20), ("B1", 2, 40))
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "fashion"
    (folder / "images").mkdir(parents=True)
    for file in ("B1.jpg", "b2.png"):
        cv2.imwrite(str(folder / "images" / file), np.zeros((6, 6, 3), np.uint8))
    (folder / "meta.json").write_text("".join(json.dumps(line) + "\n" for line in PRODUCTS))
    (folder / "ratings.csv").write_text("A,B1,5.0,30\nA,B2,4.0,10\nA,B3,1.0,20\nA,B1,2.0,40\n")
    return folder


def test_ratings_and_reviews_say_the_same(source: Path, tmp_path: Path) -> None:
    first = IMPORTERS["amazon"].run(source, tmp_path / "ratings", minimum=3)
    (source / "ratings.csv").unlink()
    with gzip.open(source / "reviews.json.gz", "wt") as file:
        file.write("\n".join(json.dumps(line) for line in REVIEWS))
    second = import_amazon(source, tmp_path / "reviews", minimum=3)
    assert first.fingerprint == second.fingerprint
    assert check(first.root) == []
    likes = first.table("likes").set_index("item")
    assert likes["time"].to_dict() == {"B1": 30, "B2": 10, "B3": 20}
    assert likes["split"].to_dict() == {"B2": "train", "B3": "validation", "B1": "test"}
    assert [first.image_relative(code) for code in range(3)] == ["images/B1.jpg", "images/b2.png", None]
    assert [first.item_label(code) for code in range(3)] == ["A shirt", "A shoe", "image B3"]
    attributes = first.table("attributes")[["item", "attribute", "value"]].to_numpy().tolist()
    assert attributes == [["B1", "category", "Shirts"], ["B1", "category", "Sale"], ["B1", "brand", "Acme"]]


def test_ratings_count_from_the_least_on_in_any_order_of_columns(source: Path, tmp_path: Path) -> None:
    (source / "ratings.csv").write_text("B1,A,5.0,30\nB2,A,4.0,10\nB3,A,1.0,20\n")
    told: list[float] = []
    dataset = import_amazon(
        source, tmp_path / "out", minimum=2, least=4, columns="item, user, rating, timestamp",
        report=lambda share, _: told.append(share),
    )  # fmt: skip
    assert len(dataset.table("likes")) == 2 and len(dataset.items) == 3 and told == sorted(told)
    with pytest.raises(DataError, match="--columns names 'item,user'"):
        import_amazon(source, tmp_path / "other", columns="item,user")
    with pytest.raises(DataError, match="lower --least"):
        import_amazon(source, tmp_path / "other", least=6, columns="item,user,rating,timestamp")


BROKEN = {
    "ratings.csv, row 1, column rating: 'rating' is not a number": ("ratings.csv", "user,item,rating,timestamp\n"),
    "ratings.csv, row 1: has 3 cells, not 4": ("ratings.csv", "A,B1,5.0\n"),
    "ratings.csv, row 1, column user: is empty": ("ratings.csv", ",B1,5.0,3\n"),
    "ratings.csv, row 1, column item: 'B9' is not in meta.json": ("ratings.csv", "A,B9,5.0,3\n"),
    "meta.json, row 1: is no JSON object": ("meta.json", "{'asin': 'B1'}\n"),
    "meta.json, row 2, column asin: 'None' is no id": ("meta.json", '{"asin": "B1"}\n{"title": "x"}\n'),
    "meta.json, row 1, column categories: ": ("meta.json", '{"asin": "B1", "categories": ["x"]}\n'),
    "meta.json, row 2, column item: 'B1' repeats": ("meta.json", '{"asin": "B1"}\n{"asin": "B1"}\n'),
    "meta.json, row 1, column image: '../x.jpg' may leave": ("meta.json", '{"asin": "B1", "image": "../x.jpg"}\n'),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_source_is_explained_and_nothing_is_written(source: Path, tmp_path: Path, sentence: str) -> None:
    file, text = BROKEN[sentence]
    (source / file).write_text(text)
    with pytest.raises(DataError) as caught:
        import_amazon(source, tmp_path / "out")
    assert any(str(fault).startswith(sentence) for fault in caught.value.faults), caught.value
    assert [path.name for path in tmp_path.iterdir()] == ["fashion"]


def test_missing_and_doubled_files_are_named(source: Path, tmp_path: Path) -> None:
    (source / "reviews.json").write_text("{}\n")
    with pytest.raises(DataError, match="stands beside"):
        import_amazon(source, tmp_path / "out")
    (source / "ratings.csv").unlink()
    with pytest.raises(DataError, match=r"reviews\.json, row 1, column reviewerID: is empty"):
        import_amazon(source, tmp_path / "out")
    (source / "reviews.json").unlink()
    with pytest.raises(DataError, match=r"ratings\.csv: is missing"):
        import_amazon(source, tmp_path / "out")
