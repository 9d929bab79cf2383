from __future__ import annotations

import pytest
import torch

from tests.models.popularity_cases import PopularityCase, codes_of, regions_of, word_states
from workbench.data.dataset import Dataset
from workbench.models.dmf import DMF, DMFConfig


class TestDMF(PopularityCase):
    name = "dmf"
    config = PopularityCase.DEEP


class TestWithoutWords(PopularityCase):
    name = "dmf"
    config = PopularityCase.DEEP | {"modalities": ("regions",)}


class TestWithoutRegions(PopularityCase):
    name = "dmf"
    config = PopularityCase.DEEP | {"modalities": ("words",)}


def test_agrees_with_the_definition(posts: Dataset) -> None:
    torch.manual_seed(1)
    model = DMF(DMFConfig(**PopularityCase.DEEP), posts).eval()
    hidden, last = model.head[0], model.head[2]
    for item in (0, 3, 4, 17, 40, 119):
        regions = regions_of(model, posts, item) or [torch.zeros(8)]
        states = word_states(model.lstm.lstm, [model.w.weight[code] for code in codes_of(model, posts, item)])
        joined = torch.cat([torch.stack(regions).mean(0), states[-1] if states else torch.zeros(8)])
        wanted = last.weight[0] @ torch.relu(hidden.weight @ joined + hidden.bias) + last.bias[0]
        assert model.score_pairs(torch.tensor([1]), torch.tensor([item])).item() == pytest.approx(
            wanted.item(), abs=1e-5
        )
