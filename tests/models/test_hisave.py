from __future__ import annotations

import pytest
import torch

from tests.models.popularity_cases import PopularityCase
from workbench.data.dataset import Dataset
from workbench.models.hisave import HisAve, HisAveConfig


class TestHisAve(PopularityCase):
    name = "hisave"


def test_is_the_mean_of_the_authors_training_posts(posts: Dataset) -> None:
    model = HisAve(HisAveConfig(), posts)
    model.fit(posts)
    table = posts.table("posts")
    learned = table[table["split"] == "train"]
    means = learned.groupby("user")["popularity"].mean()
    for code in range(len(posts.users)):
        wanted = means.get(posts.users.id(code), learned["popularity"].mean())
        assert float(model.means[code]) == pytest.approx(wanted, rel=1e-5)
    assert len(means) < len(posts.users)
    assert model.score_items(torch.arange(3)).shape == (3, len(posts.items))


def test_reads_no_modality() -> None:
    with pytest.raises(ValueError, match="modalities"):
        HisAveConfig(modalities=("words",))
