"""Pictures that every figure is drawn with."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.figures import page


@pytest.fixture(autouse=True)
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plotly looks over what is handed to it."""
    monkeypatch.setattr(page, "CHECKED", True)


def draw_pictures(root: Path, count: int) -> None:
    """``count`` pictures of different shapes, with a circle that must stay round."""
    (root / "images").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    for number in range(count):
        height, width = [(240, 320), (320, 240), (256, 256)][number % 3]
        canvas = np.full((height, width, 3), rng.integers(120, 250, 3), np.uint8)
        colour = tuple(int(c) for c in rng.integers(0, 200, 3))
        cv2.circle(canvas, (width // 2, height // 2), 80, colour, -1, cv2.LINE_AA)
        cv2.imwrite(str(root / "images" / f"{number}.png"), canvas)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    draw_pictures(folder, 6)
    return folder
