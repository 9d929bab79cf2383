from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.data.check import check
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.entities import import_entities


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two photos: 70 shows a dog twice as one entity and an unnamed thing, 9 a man whom most phrases call so."""
    folder = tmp_path / "album"
    (folder / "images").mkdir(parents=True)
    for file in ("a.png", "b.png"):
        cv2.imwrite(str(folder / "images" / file), np.zeros((8, 8, 3), np.uint8))
    (folder / "images.csv").write_text("file,flickr_id\na.png,70\nb.png,9\n")
    (folder / "captions.csv").write_text(
        "file,caption,text\na.png,1,It plays .\na.png,0,Two dogs run\na.png,2,Dogs .\nb.png,0,A tall man waves .\n"
    )
    (folder / "boxes.csv").write_text(
        "flickr_id,entity,xmin_n,ymin_n,xmax_n,ymax_n\n"
        "70,31,0.1,0.2,0.5,0.9\n9,5,0,0,1,1\n70,31,0.5,0.2,1.0,0.9\n70,32,0.4,0.4,0.6,0.6\n"
    )
    (folder / "phrases.csv").write_text(
        "flickr_id,caption,entity,types,phrase\n"
        "70,0,31,animals,Two dogs\n70,1,32,other,it\n70,1,0,notvisual,the day\n"
        "9,0,5,people,A tall man\n9,1,5,clothing,a suit\n9,2,5,people,the men\n"
    )
    return folder


def test_pictures_without_people(source: Path, tmp_path: Path) -> None:
    dataset = IMPORTERS["entities"].run(source, tmp_path / "out")
    assert check(dataset.root) == []
    assert dataset.name == "album" and "Plummer" in dataset.card.licence
    assert list(dataset.items) == [9, 70] and len(dataset.users) == 0
    assert not dataset.has("likes") and not dataset.has("posts")
    assert len(dataset.history) == 0 and dataset.creator.tolist() == [-1, -1]
    items = dataset.table("items").set_index("item")
    assert items["text"].to_dict() == {70: "Two dogs run.", 9: "A tall man waves."}
    assert (dataset.root / items.at[9, "image"]).read_bytes() == (source / "images/b.png").read_bytes()


def test_a_region_bears_the_usual_noun_of_its_phrases(source: Path, tmp_path: Path) -> None:
    regions = import_entities(source, tmp_path / "out").table("regions")
    assert list(zip(regions["item"], regions["region"], regions["entity"], strict=True)) == [
        *((70, 0, 31), (9, 0, 5), (70, 1, 31), (70, 2, 32))
    ]
    assert regions["label"].fillna("").tolist() == ["dog", "man", "dog", ""]
    assert regions["types"].tolist() == ["animals", "people", "animals", "other"]
    assert regions[["x0", "y0", "x1", "y1"]].iloc[2].tolist() == [0.5, 0.2, 1.0, 0.9]


def test_the_text_has_as_many_captions_as_asked(source: Path, tmp_path: Path) -> None:
    items = import_entities(source, tmp_path / "out", captions=2, name="Two").table("items")
    assert items["text"].tolist() == ["Two dogs run. It plays.", "A tall man waves."]
    with pytest.raises(DataError, match="ask for 1 or more"):
        import_entities(source, tmp_path / "none", captions=0)


BROKEN = {
    "images.csv, row 2, column file: '../b.png' may leave": ("images.csv", "file,flickr_id\na.png,70\n../b.png,9\n"),
    "images.csv, row 2, column item: '70' repeats the item": ("images.csv", "file,flickr_id\na.png,70\nb.png,70\n"),
    "images.csv, row 2, column image: 'images/c.png' is missing": (
        "images.csv",
        "file,flickr_id\na.png,70\nc.png,9\n",
    ),
    "captions.csv, row 1, column file: 'z.png' is not in images.csv": (
        "captions.csv",
        "file,caption,text\nz.png,0,A dog\n",
    ),
    "captions.csv, column text: is missing": ("captions.csv", "file,caption\na.png,0\n"),
    "boxes.csv, row 1, column flickr_id: '8' is not in images.csv": (
        "boxes.csv",
        "flickr_id,entity,xmin_n,ymin_n,xmax_n,ymax_n\n8,31,0.1,0.2,0.5,0.9\n",
    ),
    "boxes.csv, row 1, column xmax_n: '1.5' is out of range": (
        "boxes.csv",
        "flickr_id,entity,xmin_n,ymin_n,xmax_n,ymax_n\n70,31,0.1,0.2,1.5,0.9\n",
    ),
    "boxes.csv, row 1, column x0: '0.5' is not below x1": (
        "boxes.csv",
        "flickr_id,entity,xmin_n,ymin_n,xmax_n,ymax_n\n70,31,0.5,0.2,0.5,0.9\n",
    ),
    "phrases.csv: is not readable as CSV": ("phrases.csv", ""),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_source_is_explained_and_nothing_is_written(source: Path, tmp_path: Path, sentence: str) -> None:
    file, text = BROKEN[sentence]
    (source / file).write_text(text)
    if file == "images.csv":
        for name in ("captions.csv", "boxes.csv", "phrases.csv"):
            lines = (source / name).read_text().splitlines(keepends=True)
            kept = [line for line in lines[1:] if line.startswith(("a.png", "70"))]
            (source / name).write_text("".join(lines[:1] + kept))
    with pytest.raises(DataError) as caught:
        import_entities(source, tmp_path / "out")
    assert any(str(fault).startswith(sentence) for fault in caught.value.faults), caught.value
    assert [path.name for path in tmp_path.iterdir()] == ["album"]


def test_a_missing_file_is_named(source: Path, tmp_path: Path) -> None:
    (source / "boxes.csv").unlink()
    with pytest.raises(DataError, match=r"boxes\.csv: is missing in .*album; add it"):
        import_entities(source, tmp_path / "out")


def test_the_photos_of_flickr8k(data_dir: Path, tmp_path: Path) -> None:
    dataset = import_entities(data_dir / "flickr8k", tmp_path / "photos")
    assert (len(dataset.items), len(dataset.table("regions"))) == (2_500, 16_574)
    labels = dataset.table("regions")["label"]
    assert labels.isna().mean() < 0.05
    assert set(labels.value_counts().head(4).index) == {"dog", "person", "man", "boy"}
