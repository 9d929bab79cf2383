from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features import extraction
from workbench.features.encoders import Encoded, Encoder, Picture
from workbench.features.extraction import default_name, extract
from workbench.features.pictures import read_picture
from workbench.features.store import Features


class Means(Encoder):
    """Mean colours of the four quarters; as many boxes as the picture is red, if boxes are asked for."""

    def __init__(self, boxes: bool = False) -> None:
        self.name, self.version, self.preprocessing = "means", "1", "none"
        self.grid = None if boxes else (2, 2)
        self.seen = 0

    @classmethod
    def open(cls, *_: Any) -> Means:
        return cls()

    def encode(self, images: Sequence[Picture]) -> Encoded:
        self.seen += len(images)
        vectors = [quarters(image) for image in images]
        if self.grid:
            return Encoded(vectors)
        some = [1 + int(image.mean()) % 3 for image in images]
        vectors = [vector[:count] for vector, count in zip(vectors, some, strict=True)]
        boxes = [np.tile(np.array([0, 0, 0.5, 1], np.float32), (count, 1)) for count in some]
        labels = [["red"] * count for count in some]
        return Encoded(vectors, boxes, labels, [np.full(count, 0.5, np.float32) for count in some])


def quarters(image: Picture) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = [half for strip in np.array_split(image, 2, 0) for half in np.array_split(strip, 2, 1)]
    return np.stack([row.mean((0, 1)) for row in rows]).astype(np.float32)


@pytest.fixture
def world(drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A copy of the drawn world whose work is cut into parts of eight images."""
    monkeypatch.setattr(extraction, "PART", 8)
    shutil.copytree(drawn.root, tmp_path / "copy", ignore=shutil.ignore_patterns("features"))
    return Dataset.open(tmp_path / "copy")


def expected(dataset: Dataset, code: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    path = dataset.image_path(code)
    return np.empty((0, 3), np.float32) if path is None else quarters(read_picture(path))


def check(made: Features, dataset: Dataset) -> None:
    for code in range(len(dataset.items)):
        rows = made.tensor()[made.sets.row(code)].float().numpy()
        np.testing.assert_allclose(rows, expected(dataset, code), rtol=1e-3)


def test_all_regions_of_all_images_are_there(world: Dataset) -> None:
    told: list[float] = []
    made = extract(world, Means(), batch=3, report=lambda share, _: told.append(share))
    assert made is not None
    check(made, world)
    assert made.card.grid == (2, 2) and made.card.missing == 1 and made.card.shape == (39 * 4, 3)
    assert made.sets.lengths[7] == 0
    assert told == sorted(told) and told[-1] == 1
    assert [path.name for path in (world.root / "features").iterdir() if path.is_dir()] == ["means"]


def test_an_interrupted_run_goes_on_where_it_stopped(world: Dataset) -> None:
    class Tired(Means):
        def encode(self, images: Sequence[Picture]) -> Encoded:
            if self.seen > 18:
                raise KeyboardInterrupt
            return super().encode(images)

    with pytest.raises(KeyboardInterrupt):
        extract(world, Tired(), batch=4)
    with pytest.raises(DataError, match="no image features 'means'"):
        Features.open(world.root, "means")
    fresh = Means()
    made = extract(world, fresh, batch=4)
    assert made is not None
    check(made, world)
    assert fresh.seen == 39 - 15, "two parts, one of them with the image without picture, were there"


def test_shards_share_the_work_and_the_last_one_puts_it_together(world: Dataset) -> None:
    encoders = [Means(), Means(), Means()]
    assert extract(world, encoders[2], shard=(2, 3)) is None
    assert extract(world, encoders[0], shard=(0, 3)) is None
    made = extract(world, encoders[1], shard=(1, 3))
    assert made is not None
    check(made, world)
    assert [encoder.seen for encoder in encoders] == [15, 16, 8]


def test_parts_of_other_settings_are_refused(world: Dataset) -> None:
    assert extract(world, Means(), "mine", shard=(0, 2)) is None
    with pytest.raises(DataError, match="parts made with another encoder"):
        extract(world, Means(boxes=True), "mine")


def test_boxes_labels_and_scores_are_kept(world: Dataset) -> None:
    made = extract(world, Means(boxes=True))
    assert made is not None
    table = made.regions(world)
    assert list(table) == ["item", "region", "x0", "y0", "x1", "y1", "label", "score"]
    assert len(table) == made.card.shape[0] == len(made.boxes)
    lengths = made.sets.lengths.tolist()
    assert table["region"].tolist() == [number for length in lengths for number in range(length)]
    assert table["item"].tolist() == [
        item for item, length in zip(world.items, lengths, strict=True) for _ in range(length)
    ]
    assert set(table["label"]) == {"red"} and set(table["score"]) == {0.5}


def test_frames_have_one_row_each_in_the_order_of_time(world: Dataset) -> None:
    made = extract(world, Means(), of="frames")
    assert made is not None and made.folder.name == "means-frames" and made.card.of == "frames"
    lengths = [2 if code == 3 else 0 if code == 7 else 1 for code in range(40)]
    assert made.sets.lengths.tolist() == lengths
    rows = made.tensor()[made.sets.row(3)].float().numpy()
    reel = np.stack([expected(world, 4).mean(0), expected(world, 5).mean(0)])
    np.testing.assert_allclose(rows, reel, rtol=1e-3)
    table = made.regions(world)
    assert table[table["item"] == 3]["region"].tolist() == [20, 21]
    assert (table[["x0", "y0", "x1", "y1"]].to_numpy() == [0, 0, 1, 1]).all()


def test_datasets_without_pictures_and_broken_ones_are_refused(toy: Dataset, world: Dataset) -> None:
    with pytest.raises(DataError, match="no image has a picture"):
        extract(toy, Means())
    (world.root / "images" / "9.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"9\.png cannot be decoded"):
        extract(world, Means())
    (world.root / "images" / "9.png").unlink()
    with pytest.raises(DataError, match=r"9\.png is missing"):
        extract(world, Means())


@pytest.mark.parametrize(
    ("encoder", "of", "grid", "name"),
    [
        ("convnet", "images", None, "convnet"),
        ("convnet", "images", (14, 14), "convnet-14"),
        ("convnet", "frames", None, "convnet-frames"),
        ("facebook/dinov2-base", "images", (4, 7), "dinov2-base-4x7"),
        ("/models/my model.v2/", "images", None, "my-model.v2"),
    ],
)
def test_default_names_are_safe(encoder: str, of: Any, grid: Any, name: str) -> None:
    assert default_name(encoder, of, grid) == name


def test_frames_named_by_text_are_kept(world: Dataset) -> None:
    root = world.root
    table = pd.DataFrame({"item": [3, 3], "frame": ["b", "a"], "image": ["images/5.png", "images/4.png"]})
    table.to_parquet(root / "frames.parquet", index=False)
    dataset = Dataset.open(root)
    made = extract(dataset, Means(), of="frames")
    assert made is not None
    table = made.regions(dataset)
    assert table[table["item"] == 3]["region"].tolist() == ["b", "a"]
    assert set(table[table["item"] != 3]["region"]) == {"0"}
