"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.worlds import write_toy
from workbench.data.dataset import Dataset


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A small social dataset; treat it as read-only."""
    return Dataset.open(write_toy(tmp_path_factory.mktemp("worlds") / "toy"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of development data; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[1] / "../shared/data"
    path = Path(os.environ.get("WORKBENCH_DATA", beside)).resolve()
    if not path.is_dir():
        pytest.skip(f"no development data at {path}; set WORKBENCH_DATA to the folder that holds it")
    return path
