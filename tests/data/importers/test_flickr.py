from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.flickr import import_flickr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Thirty images, uploaded in the reverse order of their ids; image i has i % 4 likes, image 7 no creator."""
    folder = tmp_path / "release"
    folder.mkdir()
    item = np.arange(30)
    creators = pd.array(item % 3, dtype="Int64")
    creators[7] = None
    items = pd.DataFrame({"item": item, "creator": creators, "text": "sky", "upload_rank": 30 - item})
    pairs = [(user, image) for image in item for user in range(image % 4)]
    likes = pd.DataFrame(pairs, columns=["user", "item"])
    likes["split"] = np.resize(["train", "test", "validation"], len(likes))
    items.to_parquet(folder / "items.parquet")
    likes.to_parquet(folder / "likes.parquet")
    return folder


def test_popularity_is_counted_over_all_likes(source: Path, tmp_path: Path) -> None:
    dataset = IMPORTERS["flickr"].run(source, tmp_path / "out", seed=1)
    posts = dataset.table("posts").set_index("item")
    assert posts["popularity"].to_dict() == {item: np.log2(item % 4 + 1) for item in range(30) if item != 7}
    assert (posts["user"] == posts.index % 3).all() and (posts["time"] == 30 - posts.index).all()
    assert posts["split"].value_counts().to_dict() == {"train": 20, "test": 6, "validation": 3}
    assert posts.query("split == 'train'")["time"].max() < posts.query("split != 'train'")["time"].min()
    assert dataset.table("likes")["split"].equals(pd.read_parquet(source / "likes.parquet")["split"])


def test_a_source_without_what_posts_need_is_refused(source: Path, tmp_path: Path) -> None:
    items = pd.read_parquet(source / "items.parquet").drop(columns="upload_rank")
    items.to_parquet(source / "items.parquet")
    with pytest.raises(DataError, match="items, column upload_rank: is missing; posts need it"):
        import_flickr(source, tmp_path / "out")
    with pytest.raises(DataError, match="There is no folder"):
        import_flickr(tmp_path / "absent", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_the_release_of_hasc(data_dir: Path, tmp_path: Path) -> None:
    dataset = import_flickr(data_dir / "flickr-fs", tmp_path / "out")
    posts = dataset.table("posts")
    assert len(posts) == 31_460
    # Likes of all splits make up the popularity.
    assert (2 ** posts["popularity"] - 1).sum().round() == 761_784
    assert posts["split"].value_counts().to_dict() == {"train": 22_022, "test": 6_292, "validation": 3_146}
