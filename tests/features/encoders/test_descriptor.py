from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.features.encoders import encoder_named
from workbench.features.encoders.descriptor import describe


def picture(colour: tuple[int, int, int], vertical: bool = True, size: int = 96) -> NDArray[np.uint8]:
    """Black and coloured stripes."""
    image = np.zeros((size, size, 3), np.uint8)
    image[(np.indices((size, size))[int(vertical)] // 12) % 2 == 0] = colour
    return image


def test_colour_and_shape_are_told_apart_and_size_is_not() -> None:
    red, blue = picture((220, 30, 30)), picture((30, 30, 220))
    turned = picture((220, 30, 30), vertical=False)
    base = describe(red)
    half = base.shape[0] - 8 * 8 * 8
    assert base.shape == (12 * 4 * 4 + 8 * 8 * 8,)
    for part in (base[:half], base[half:]):
        assert np.linalg.norm(part) == pytest.approx(1, abs=1e-5)
    colour = [float(describe(image)[:half] @ base[:half]) for image in (turned, blue)]
    shape = [float(describe(image)[half:] @ base[half:]) for image in (blue, turned)]
    assert colour[0] > 0.95 > colour[1] and shape[0] > 0.95 > shape[1]
    assert float(describe(red.repeat(2, 0).repeat(2, 1)) @ base) > 1.9


def test_the_encoder_gives_one_region(drawn: Dataset) -> None:
    encoder = encoder_named("descriptor", drawn)
    image = picture((220, 30, 30))
    encoded = encoder.encode([image, image[:50]])
    assert encoder.grid == (1, 1) and encoded.boxes is None
    np.testing.assert_array_equal(encoded.vectors[0], describe(image)[None])


def test_a_grid_gives_a_region_for_each_cell(drawn: Dataset) -> None:
    encoder = encoder_named("descriptor", drawn, grid=(2, 3))
    image = picture((220, 30, 30), size=90)
    found = encoder.encode([image, image[:1, :2]]).vectors
    assert encoder.grid == (2, 3) and found[0].shape == found[1].shape == (6, 704)
    np.testing.assert_array_equal(found[0][4], describe(image[45:, 30:60]))
    np.testing.assert_array_equal(found[1][3], describe(image[:1, :1]))
