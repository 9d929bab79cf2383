"""Worlds shared by the tests of models."""

from __future__ import annotations

import pytest

from tests.models.popularity_cases import posts_world
from workbench.data.dataset import Dataset


@pytest.fixture(scope="session")
def posts(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The toy world with posts, captions and regions; treat it as read-only."""
    return posts_world(toy, tmp_path_factory.mktemp("posts") / "toy")
