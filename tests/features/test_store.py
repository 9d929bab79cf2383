"""The feature store."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.features.encoders.test_descriptor import picture
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.features.encoders import encoder_named
from workbench.features.encoders.descriptor import describe
from workbench.features.extraction import extract
from workbench.features.store import Features, check_name
from workbench.features.taste import image_and_user_vectors


@pytest.fixture
def world(tmp_path: Path) -> Dataset:
    pictures = {f"images/{k}.png": picture((40 * k, 200, 90), k % 2 == 0) for k in range(4)}
    files = {name: cv2.imencode(".png", image[..., ::-1])[1].tobytes() for name, image in pictures.items()}
    tables = {
        "items": pd.DataFrame({"item": [3, 1, 2, 0], "image": [f"images/{k}.png" for k in (3, 1, 2, 0)]}),
        "likes": pd.DataFrame({"user": [0, 0], "item": [1, 2], "split": ["train", "train"]}),
    }
    write_dataset(tmp_path / "world", DatasetCard(name="four"), tables, files)
    return Dataset.open(tmp_path / "world")


def described(world: Dataset) -> Features:
    made = extract(world, encoder_named("descriptor", world))
    assert made is not None
    return made


def test_rows_follow_the_codes_of_the_dataset(world: Dataset) -> None:
    made = described(world)
    vectors = Features.open(world.root, "descriptor").vectors(world)
    assert made.card.shape == vectors.shape and made.card.fingerprint == world.fingerprint
    for code, item in enumerate(world.items):
        expected = describe(picture((40 * int(item), 200, 90), int(item) % 2 == 0))
        np.testing.assert_allclose(vectors[code].numpy(), expected, atol=1e-3)


def test_features_of_other_tables_and_broken_cards_are_refused(world: Dataset) -> None:
    with pytest.raises(DataError, match="workbench features"):
        Features.open(world.root, "descriptor")
    made = described(world)
    card = json.loads((made.folder / "card.json").read_text())
    (made.folder / "card.json").write_text(json.dumps(card | {"fingerprint": "0"}))
    with pytest.raises(DataError, match="made for other tables"):
        Features.open(world.root, "descriptor").vectors(world)
    (made.folder / "card.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        Features.open(world.root, "descriptor")


def test_a_users_vector_is_the_mean_over_training_likes_alone(world: Dataset) -> None:
    described(world)
    images, users = image_and_user_vectors(world, "descriptor")
    np.testing.assert_allclose(users[0], images[[1, 2]].mean(0), atol=1e-6)


def test_names_are_plain_folder_names() -> None:
    assert check_name("dinov2-base_14.2") == "dinov2-base_14.2"
    for name in ("", "../up", ".hidden", "a/b", "a b"):
        with pytest.raises(DataError, match="cannot be a name of features"):
            check_name(name)


def test_the_remedy_names_the_encoder_and_the_frames(world: Dataset) -> None:
    with pytest.raises(DataError, match="--encoder convnet --of frames"):
        Features.open(world.root, "convnet-frames")
    with pytest.raises(DataError, match="--encoder convnet-14'"):
        Features.open(world.root, "convnet-14")
