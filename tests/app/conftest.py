"""A prepared home: a world without pictures that ranking models have seen, and one with pictures and topics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.visiting import APP, address, browser, visit
from tests.worlds import write_toy
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.postcards.world import build_world
from workbench.features.encoders import encoder_named
from workbench.features.extraction import extract
from workbench.features.topics import fit_topics

__all__ = ["APP", "address", "browser", "visit"]

MODELS: dict[str, dict[str, Any]] = {
    "bpr": {},
    "svdpp": {},
    "hasc": {"warm_start": 1, "inputs": ("base", "auxiliary")},
    "gru": {"dim": 8},
}
LOOKING: dict[str, dict[str, Any]] = {
    "acf": {"dim": 8, "hidden": 8},
    "uhan": {"dim": 8, "steps": 4, "features": "convnet"},
}
"""The models that look into pictures."""
READING: dict[str, Any] = {"dim": 8, "words": "embedding", "identity": True, "output": "content"}
TIMED: dict[str, dict[str, Any]] = {"gru": {"dim": 8}, "anternn": READING}
"""The models that read likes in the order of time."""
FRAMED: dict[str, dict[str, Any]] = {
    "jifr": {"dim": 8, "visual_dim": 8},
    "jifr-na": {"dim": 8, "visual_dim": 8, "attention": False},
}
"""The runs of a model that reads frames."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder; treat it as read-only."""
    home = tmp_path_factory.mktemp("home")
    toy, cards = home / "toy", home / "cards"
    write_toy(toy)
    build_world(cards, "tiny", 7)
    world = Dataset.open(cards)
    extract(world, encoder_named("convnet", world), "convnet")
    extract(world, encoder_named("convnet", world), "convnet-frames", of="frames")
    fit_topics(world, topics=4, sweeps=10)
    for folder, models in ((toy, MODELS), (cards, {"hasc": MODELS["hasc"]} | LOOKING | TIMED)):
        for model, settings in models.items():
            api.train(model, folder, folder / "runs" / model, device="cpu", epochs=2, **settings)
    for run, settings in FRAMED.items():
        api.train("jifr", cards, cards / "runs" / run, device="cpu", epochs=2, **settings)
    return home


@pytest.fixture
def home(prepared: Path) -> Iterator[Path]:
    """The prepared home as the one the app finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(prepared))
        for name in [name for name in os.environ if name.startswith("WORKBENCH_APP_")]:
            patch.delenv(name)
        yield prepared
