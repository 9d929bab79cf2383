from __future__ import annotations

import numpy as np
import pytest
import torch

from workbench.features.attributes.maps import activation_maps, enlarged, roi_align, tight_box
from workbench.features.attributes.network import seeded

VALUES = {"colour": ("blue", "red"), "thing": ("boat", "cat", "flower")}


def bilinear(plane: np.ndarray, x: float, y: float) -> float:
    """The value at a place given in cells, the centre of the first being 0, held beyond the outermost centres."""
    height, width = plane.shape
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, top = int(x), int(y)
    right, low = min(left + 1, width - 1), min(top + 1, height - 1)
    across, down = x - left, y - top
    upper = (1 - across) * plane[top, left] + across * plane[top, right]
    lower = (1 - across) * plane[low, left] + across * plane[low, right]
    return float((1 - down) * upper + down * lower)


def test_roi_align_is_the_mean_of_bilinear_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, 2, 5, 8, generator=generator)
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.21, 0.4, 0.55, 0.93], [0.9, 0.05, 1.0, 0.07]])
    owners = torch.tensor([2, 0, 2])
    found = roi_align(maps, boxes, owners, bins=3, samples=2)
    for k, ((x0, y0, x1, y1), owner) in enumerate(zip(boxes.tolist(), owners.tolist(), strict=True)):
        for channel in range(2):
            plane = maps[owner, channel].double().numpy()
            for row in range(3):
                for column in range(3):
                    points = [
                        bilinear(
                            plane,
                            (x0 + (x1 - x0) * (column + (b + 0.5) / 2) / 3) * 8 - 0.5,
                            (y0 + (y1 - y0) * (row + (a + 0.5) / 2) / 3) * 5 - 0.5,
                        )
                        for a in range(2)
                        for b in range(2)
                    ]
                    assert float(found[k, channel, row, column]) == pytest.approx(np.mean(points), abs=1e-4)


def test_roi_align_of_a_slope_is_its_value_in_the_middle() -> None:
    ramp = torch.arange(10.0).expand(1, 1, 10, 10)
    middle = roi_align(ramp, torch.tensor([[0.2, 0.3, 0.6, 0.7]]), torch.tensor([0])).mean()
    assert float(middle) == pytest.approx(0.4 * 10 - 0.5, abs=1e-5)


def test_activation_maps_are_those_of_slopes_by_finite_differences() -> None:
    network = seeded(VALUES, 3).eval().double()
    maps = torch.rand(2, 35, 28, 28, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    seen = network(maps, track=True)
    logits, branch = seen.logits["thing"], seen.branches["thing"]
    found = activation_maps(logits[:, 1], branch)
    _, channels, height, width = branch.shape
    still = branch.detach()
    for image in range(2):
        weights = np.zeros(channels)
        for channel in range(channels):
            # The mean slope over positions is the slope of moving the whole channel, divided by its positions.
            step = torch.zeros_like(still[:1])
            step[0, channel] = 1e-5
            here = still[image : image + 1]
            rise = network.score("thing", here + step)[0, 1] - network.score("thing", here - step)[0, 1]
            weights[channel] = float(rise.detach()) / 2e-5 / (height * width)
        expected = np.maximum((weights[:, None, None] * still[image].numpy()).sum(0), 0)
        np.testing.assert_allclose(found[image].numpy(), expected, atol=1e-9)


def test_maps_belong_to_the_value_and_do_not_depend_on_the_batch() -> None:
    network = seeded(VALUES, 3).eval()
    maps = torch.rand(3, 35, 28, 28, generator=torch.Generator().manual_seed(1))
    seen, alone = network(maps, track=True), network(maps[1:2], track=True)
    first, second = (activation_maps(seen.logits["thing"][:, value], seen.branches["thing"]) for value in (0, 1))
    assert not torch.allclose(first, second)
    single = activation_maps(alone.logits["thing"][:, 0], alone.branches["thing"])
    torch.testing.assert_close(single[0], first[1], atol=1e-6, rtol=1e-4)


def test_the_slope_is_that_of_the_logit_even_where_a_probability_is_flat() -> None:
    network = seeded(VALUES, 3).eval()
    with torch.no_grad():
        network.head[1].bias[0] = 100.0
    seen = network(torch.rand(1, 35, 28, 28, generator=torch.Generator().manual_seed(1)), track=True)
    assert float(seen.logits["thing"].detach().softmax(1)[0, 0]) == 1.0
    assert activation_maps(seen.logits["thing"][:, 0].clone(), seen.branches["thing"]).isfinite().all()
    slope = torch.autograd.grad(seen.logits["thing"][0, 0], seen.branches["thing"])[0]
    assert slope.abs().max() > 0


def test_enlarged_maps_are_stretched_from_0_to_1_and_flat_ones_are_0() -> None:
    maps = torch.tensor([[[1.0, 3.0], [2.0, 1.0]], [[4.0, 4.0], [4.0, 4.0]]])
    large = enlarged(maps, (8, 6))
    assert large.shape == (2, 8, 6) and large[0].min() == 0 and large[0].max() == 1
    assert np.unravel_index(large[0].argmax(), (8, 6))[0] < 4 and not large[1].any()


BLOBS = {
    "one": ([(2, 3, 5, 7)], (3 / 10, 2 / 10, 7 / 10, 5 / 10)),
    "the larger": ([(0, 0, 1, 2), (5, 5, 8, 9)], (0.5, 0.5, 0.9, 0.8)),
    "of equal ones the higher": ([(6, 0, 8, 2), (1, 6, 3, 8)], (0.6, 0.1, 0.8, 0.3)),
    "of equal ones beside each other the left": ([(1, 6, 3, 8), (1, 1, 3, 3)], (0.1, 0.1, 0.3, 0.3)),
    "corners touch": ([(0, 0, 2, 2), (2, 2, 4, 4), (6, 6, 8, 9)], (0.0, 0.0, 0.4, 0.4)),
}


@pytest.mark.parametrize("name", BLOBS)
def test_a_box_is_that_of_the_largest_part(name: str) -> None:
    blobs, box = BLOBS[name]
    heat = np.full((10, 10), 0.1, np.float32)
    for y0, x0, y1, x1 in blobs:
        heat[y0:y1, x0:x1] = 1
    assert tight_box(heat) == pytest.approx(box)


def test_the_threshold_is_a_share_of_the_maximum() -> None:
    heat = np.zeros((10, 10), np.float32)
    heat[2:8, 2:8], heat[4:6, 4:6] = 0.6, 3.0
    assert tight_box(heat, 0.2) == pytest.approx((0.2, 0.2, 0.8, 0.8))
    assert tight_box(heat, 0.5) == pytest.approx((0.4, 0.4, 0.6, 0.6))
    assert tight_box(np.zeros((10, 10), np.float32)) == (0.0, 0.0, 1.0, 1.0)
