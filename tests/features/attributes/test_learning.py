from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from workbench.features.attributes.finding import FINE, find
from workbench.features.attributes.labels import Labels
from workbench.features.attributes.learning import RIDGE, teach_readings
from workbench.features.attributes.maps import activation_maps, enlarged, roi_align, tight_box
from workbench.features.attributes.network import SemanticNetwork, seeded

VALUES = {"colour": ("blue", "red"), "thing": ("boat", "cat", "flower")}


@pytest.fixture(scope="module")
def network() -> SemanticNetwork:
    return seeded(VALUES, 3).eval()


@pytest.fixture(scope="module")
def maps() -> torch.Tensor:
    return torch.rand(30, 35, 28, 28, generator=torch.Generator().manual_seed(1))


def test_what_is_found_is_what_the_parts_say_one_by_one(network: SemanticNetwork, maps: torch.Tensor) -> None:
    found = find(network, maps[:3], tau=0.4)
    for image in range(3):
        seen = network(maps[image : image + 1], track=True)
        for place, name in enumerate(VALUES):
            number = int(seen.logits[name].argmax())
            assert int(found.numbers[name][image]) == number
            share = float(seen.logits[name].detach().softmax(1)[0, number])
            assert float(found.shares[name][image]) == pytest.approx(share, abs=1e-5)
            heat = enlarged(activation_maps(seen.logits[name][:, number], seen.branches[name]), FINE)[0]
            box = tight_box(heat, 0.4)
            assert found.boxes[image, place].tolist() == pytest.approx(box, abs=1e-6)
            pooled = roi_align(seen.trunk.detach(), torch.tensor([box]), torch.tensor([0])).mean((2, 3))[0]
            torch.testing.assert_close(found.pooled[image, place], pooled, atol=1e-4, rtol=1e-3)


def test_readings_are_logistic_regressions_shifted_and_scaled(maps: torch.Tensor) -> None:
    """Against scikit-learn, with images of two values given to it once for each, at half the weight."""
    network = seeded(VALUES, 3).eval()
    generator = torch.Generator().manual_seed(4)
    pooled = find(network, maps).pooled
    first = (pooled[:, 1, :3] + 0.1 * torch.randn(30, 3, generator=generator)).argmax(1)
    target = torch.nn.functional.one_hot(first, 3).float()
    target[:6] = (target[:6] + target[:6].roll(1, 1)) / 2
    target[9] = 0
    colours = torch.nn.functional.one_hot(torch.arange(30) % 2, 2).float()
    labels = Labels(VALUES, {"colour": colours, "thing": target}, torch.ones(30, 2, dtype=torch.int64))
    teach_readings(network, maps, labels, torch.arange(30))
    found = network.coordinates(pooled).detach()
    assert found.shape == (30, 2, 5) and not found[:, 0, 2:].any() and not found[:, 1, :2].any()
    own = found[:, 1, 2:]
    torch.testing.assert_close(own.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    assert float(own.var(0, correction=0).mean()) == pytest.approx(1, abs=1e-3)
    rows, values = target.nonzero(as_tuple=True)
    x = pooled[:, 1].double().numpy()
    known = target.sum(1).numpy() > 0
    z = (x - x[known].mean(0)) / x[known].std(0)
    peer = LogisticRegression(C=1 / (2 * RIDGE * known.sum()), max_iter=10_000, tol=1e-10)
    peer.fit(z[rows.numpy()], values.numpy(), sample_weight=target[rows, values].numpy())
    scores = z @ peer.coef_.T + peer.intercept_
    scores = scores - scores.mean(0)
    scores = scores / np.sqrt((scores**2).mean())
    assert np.corrcoef(own.numpy().ravel(), scores.ravel())[0, 1] > 0.999
