"""A new life on the pictures of a dataset: whole, with copies of the images, themes from the types of regions."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.data.check import check
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.importers.entities import import_entities
from workbench.data.postcards.replant import replant, themes_of
from workbench.data.postcards.world import build_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build_world(tmp_path_factory.mktemp("worlds") / "tiny", "tiny")


def test_a_planted_dataset_is_whole(world: Dataset, tmp_path: Path) -> None:
    planted = replant(world, tmp_path / "out", seed=3)
    assert check(planted.root) == []
    # One user to four pictures, and at most a fifth of the 120 pictures each.
    assert (len(planted.users), len(planted.items)) == (30, 120)
    assert planted.table("likes").groupby("user").size().max() <= 24
    assert planted.name == "postcards-tiny-planted" and planted.card.seed == 3
    assert set(planted.table("causes")["source"]) == {"like", "post"}
    for code in (0, 60):
        ours, theirs = planted.image_path(code), world.image_path(code)
        assert ours is not None and theirs is not None and ours.read_bytes() == theirs.read_bytes()
    assert set(planted.table("frames")["image"]) == set(world.table("frames")["image"])
    assert replant(world, tmp_path / "again", seed=3).fingerprint == planted.fingerprint


def test_sizes_are_as_asked_and_what_cannot_be_planted_is_refused(world: Dataset, tmp_path: Path) -> None:
    planted = replant(world, tmp_path / "out", users=15, fewest_likes=8, most_likes=10)
    assert len(planted.users) == 15
    assert planted.table("likes").groupby("user").size().max() <= 10
    with pytest.raises(DataError, match="at least 12 users"):
        replant(world, tmp_path / "few", users=2)
    with pytest.raises(DataError, match="not empty"):
        replant(world, planted.root)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_pictures_need_labelled_regions_and_whole_images(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled regions to plant causes on"):
        replant(toy, tmp_path / "out")
    world = build_world(tmp_path / "world", "tiny")
    path = world.image_path(2)
    assert path is not None
    path.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"items\.parquet, row 3, column image: .* cannot be decoded"):
        replant(world, tmp_path / "out")


def test_the_theme_of_a_label_is_its_usual_type() -> None:
    rows = (
        [("dog", "animals")] * 20 + [("dog", "people")] + [("cart", "vehicles/scene")] * 20 + [("flute", "instruments")]
    )
    regions = pd.DataFrame(rows, columns=["label", "types"]).assign(item=range(len(rows)))
    # One picture of 42 is too few for a theme of its own.
    assert themes_of(regions) == {"dog": "animals", "cart": "vehicles", "flute": "other"}
    assert themes_of(regions.drop(columns="types")) == {}


def test_planting_on_photographs(data_dir: Path, tmp_path: Path) -> None:
    """Real photos with phrase boxes carry a planted life as well as drawn ones."""
    photos = import_entities(data_dir / "flickr8k", tmp_path / "photos")
    planted = replant(photos, tmp_path / "planted", users=300)
    causes = planted.table("causes")
    likes = causes[causes["source"] == "like"].merge(planted.table("users")[["user", "planted_aspect"]], on="user")
    assert (likes["aspect"] == likes["planted_aspect"]).mean() > 0.5
    seen = likes.dropna(subset=["label"])
    assert (seen["words"] != "").mean() > 0.5 and "attribute" not in causes
    assert set(likes["topic"].dropna()) == {
        *("people", "animals", "vehicles", "scene", "clothing", "bodyparts", "other"),
    }
