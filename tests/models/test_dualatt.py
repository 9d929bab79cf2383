from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.models.popularity_cases import PopularityCase, codes_of, regions_of, softmax, word_states
from workbench.data.dataset import Dataset
from workbench.models.dualatt import DualAtt, DualAttConfig


class TestDualAtt(PopularityCase):
    name = "dualatt"
    config = PopularityCase.DEEP


class TestWithoutWords(PopularityCase):
    name = "dualatt"
    config = PopularityCase.DEEP | {"modalities": ("regions",)}


class TestWithoutRegions(PopularityCase):
    name = "dualatt"
    config = PopularityCase.DEEP | {"modalities": ("words",)}


def attend(model: DualAtt, modality: str, parts: list[Tensor], u: Tensor) -> Tensor:
    key, guide, out = (model.get_parameter(f"{modality}_{name}.weight") for name in ("key", "guide", "out"))
    memory = torch.tanh(guide @ u)
    weights = softmax([(out[0] @ (torch.tanh(key @ part) * memory)).item() for part in parts])
    return torch.stack([a * part for a, part in zip(weights, parts, strict=True)]).sum(0)


def test_agrees_with_the_definition(posts: Dataset) -> None:
    torch.manual_seed(1)
    model = DualAtt(DualAttConfig(**PopularityCase.DEEP), posts).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    hidden, last = model.head[0], model.head[2]
    for user, item in ((0, 0), (1, 3), (2, 4), (3, 17), (4, 40), (5, 119)):
        u, joint = model.u.weight[user], torch.ones(8)
        regions = regions_of(model, posts, item)
        states = word_states(model.lstm.lstm, [model.w.weight[code] for code in codes_of(model, posts, item)])
        if regions:
            joint = joint * torch.tanh(model.project.weight @ attend(model, "regions", regions, u))
        if states:
            joint = joint * attend(model, "words", states, u)
        wanted = last.weight[0] @ torch.relu(hidden.weight @ joint + hidden.bias) + last.bias[0]
        found = model.score_pairs(torch.tensor([user]), torch.tensor([item])).item()
        assert found == pytest.approx(wanted.item(), abs=1e-4)
