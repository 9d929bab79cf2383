"""The image descriptor and the feature store."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.features import descriptor
from workbench.features.store import Features
from workbench.features.taste import image_and_user_vectors


def picture(colour: tuple[int, int, int], vertical: bool = True, size: int = 96) -> NDArray[np.uint8]:
    """Black and coloured stripes."""
    image = np.zeros((size, size, 3), np.uint8)
    image[(np.indices((size, size))[int(vertical)] // 12) % 2 == 0] = colour
    return image


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


def test_colour_and_shape_are_told_apart_and_size_is_not() -> None:
    red, blue = picture((220, 30, 30)), picture((30, 30, 220))
    turned = picture((220, 30, 30), vertical=False)
    base = descriptor.describe(red)
    half = base.shape[0] - 8 * 8 * 8
    assert base.shape == (12 * 4 * 4 + 8 * 8 * 8,)
    for part in (base[:half], base[half:]):
        assert np.linalg.norm(part) == pytest.approx(1, abs=1e-5)
    colour = [float(descriptor.describe(image)[:half] @ base[:half]) for image in (turned, blue)]
    shape = [float(descriptor.describe(image)[half:] @ base[half:]) for image in (blue, turned)]
    assert colour[0] > 0.95 > colour[1] and shape[0] > 0.95 > shape[1]
    assert float(descriptor.describe(cv2.resize(red, (192, 192))) @ base) > 1.9


def test_rows_follow_the_codes_of_the_dataset(world: Dataset) -> None:
    made = descriptor.extract(world)
    vectors = Features.open(world.root, descriptor.NAME).vectors(world)
    assert made.card.shape == vectors.shape and made.card.fingerprint == world.fingerprint
    for code, item in enumerate(world.items):
        expected = descriptor.describe(picture((40 * int(item), 200, 90), int(item) % 2 == 0))
        np.testing.assert_allclose(vectors[code].numpy(), expected, atol=1e-3)


def test_features_of_other_tables_and_broken_cards_are_refused(world: Dataset) -> None:
    with pytest.raises(DataError, match="workbench features"):
        Features.open(world.root, "descriptor")
    made = descriptor.extract(world)
    card = json.loads((made.folder / "card.json").read_text())
    (made.folder / "card.json").write_text(json.dumps(card | {"fingerprint": "0"}))
    with pytest.raises(DataError, match="made for other tables"):
        Features.open(world.root, "descriptor").vectors(world)
    (made.folder / "card.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        Features.open(world.root, "descriptor")


def test_a_missing_picture_is_one_sentence(toy: Dataset) -> None:
    with pytest.raises(DataError, match="image 500 has no picture"):
        descriptor.extract(toy)


def test_a_users_vector_is_the_mean_over_training_likes_alone(world: Dataset) -> None:
    descriptor.extract(world)
    images, users = image_and_user_vectors(world, "descriptor")
    np.testing.assert_allclose(users[0], images[[1, 2]].mean(0), atol=1e-6)
