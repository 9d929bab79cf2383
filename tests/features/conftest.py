"""A small drawn world with labelled regions, attributes and reels, and the network taught on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from workbench.data.dataset import Dataset
from workbench.data.postcards.draw import render
from workbench.data.postcards.scene import compose
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset

KINDS = ("boat", "cat", "flower")
PICTURES = 40


def write_drawn(folder: Path) -> Path:
    """Forty pictures of one or two things; picture 3 is a reel of two frames, picture 7 has no file."""
    generator = np.random.default_rng(1)
    scenes = [compose(generator, generator.choice(KINDS, 1 + k % 2, replace=False).tolist()) for k in range(PICTURES)]
    images = [f"images/{k}.png" if k != 7 else None for k in range(PICTURES)]
    files = {
        path: cv2.imencode(".png", render(scene)[..., ::-1])[1].tobytes()
        for path, scene in zip(images, scenes, strict=True)
        if path
    }
    things = [(k, number, thing) for k, scene in enumerate(scenes) for number, thing in enumerate(scene.things)]
    tables = {
        "items": pd.DataFrame({"item": range(PICTURES), "image": images}),
        "likes": pd.DataFrame({"user": [0, 0, 1], "item": [0, 1, 2], "split": "train"}),
        "regions": pd.DataFrame(
            [(k, number, *thing.box, thing.label) for k, number, thing in things],
            columns=["item", "region", "x0", "y0", "x1", "y1", "label"],
        ),
        "attributes": pd.DataFrame(
            [(k, "colour", thing.colour, number) for k, number, thing in things],
            columns=["item", "attribute", "value", "region"],
        ),
        "frames": pd.DataFrame(
            {"item": 3, "frame": [21, 20], "image": ["images/5.png", "images/4.png"], "time": [1.0, 0.0]}
        ),
    }
    write_dataset(folder, DatasetCard(name="drawn", seed=3), tables, files)
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The drawn world; tests may add features to it, under names of their own."""
    return Dataset.open(write_drawn(tmp_path_factory.mktemp("features") / "drawn"))
