from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.data.errors import DataError
from workbench.figures import thumbnails


def test_crop_is_central_and_undistorted(root: Path) -> None:
    pixels = thumbnails.thumbnail(root / "images" / "0.png", 120)
    assert pixels.shape == (120, 120, 3)
    circle = np.abs(pixels.astype(int) - pixels[0, 0]).sum(axis=2) > 60
    rows, columns = np.flatnonzero(circle.any(axis=1)), np.flatnonzero(circle.any(axis=0))
    assert abs(len(rows) - len(columns)) <= 1
    assert abs((rows[0] + rows[-1]) - (columns[0] + columns[-1])) <= 2


def test_colours_are_red_green_blue(tmp_path: Path) -> None:
    Image.new("RGB", (40, 60), (255, 0, 0)).save(tmp_path / "red.png")
    assert thumbnails.thumbnail(tmp_path / "red.png", 8)[4, 4].tolist() == [255, 0, 0]
    assert thumbnails.uri(thumbnails.thumbnail(tmp_path / "red.png", 8)).startswith("data:image/jpeg;base64,")


def test_a_whole_picture_keeps_its_shape_and_a_part_its_place(tmp_path: Path) -> None:
    half = np.zeros((60, 120, 3), np.uint8)
    half[:, 60:] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    whole = thumbnails.picture(tmp_path / "half.png", 40)
    assert whole.shape == (20, 40, 3)
    assert thumbnails.picture(tmp_path / "half.png", 400).shape == (60, 120, 3)
    assert thumbnails.cut(whole, (0.75, 0.0, 1.0, 0.5)).shape == (10, 10, 3)
    assert (
        thumbnails.cut(whole, (0.75, 0.0, 1.0, 0.5)).min() == 255 and thumbnails.cut(whole, (0, 0, 0.25, 1)).max() == 0
    )
    assert thumbnails.cut(whole, (1.0, 1.0, 1.0, 1.0)).shape == (1, 1, 3)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for colour, moment in (((255, 0, 0), 1), ((0, 0, 255), 2)):
        Image.new("RGB", (9, 9), colour).save(path)
        os.utime(path, (moment, moment))
        assert tuple(thumbnails.thumbnail(path, 3)[1, 1]) == colour


def test_too_many_pixels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (40, 60)).save(tmp_path / "large.png")
    monkeypatch.setattr(thumbnails, "MAX_PIXELS", 2000)
    with pytest.raises(DataError, match=r"large\.png"):
        thumbnails.thumbnail(tmp_path / "large.png", 16)


def test_broken_missing_and_outside_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no picture")
    with pytest.raises(DataError, match=r"broken\.png"):
        thumbnails.thumbnail(tmp_path / "broken.png", 16)
    with pytest.raises(DataError, match=r"gone\.png is missing"):
        thumbnails.thumbnail(tmp_path / "gone.png", 16)
    for image in ("../secret.png", "/etc/passwd"):
        with pytest.raises(DataError, match="leads out"):
            thumbnails.picture_path(tmp_path, image)
    assert thumbnails.picture_path(None, "a.png") is None and thumbnails.picture_path(tmp_path, None) is None
