from __future__ import annotations

import numpy as np
import pytest

from workbench.explain import heat
from workbench.explain.explanation import Element
from workbench.features.store import grid_boxes

BOXES = np.array([[0.1, 0.2, 0.5, 0.6], [0.4, 0.4, 0.9, 1.0], [0.0, 0.0, 1.0, 1.0]])


def test_boxes_spread_their_weight_evenly_and_add_up() -> None:
    weights, shape = np.array([0.5, 0.3, 0.2]), (20, 10)
    slow = np.zeros(shape)
    for (x0, y0, x1, y1), weight in zip(BOXES, weights, strict=True):
        inside = [
            (row, column)
            for row in range(20)
            for column in range(10)
            if x0 * 10 < column + 1 - 1e-9 and column < x1 * 10 - 1e-9 and y0 * 20 < row + 1 and row < y1 * 20 - 1e-9
        ]
        for row, column in inside:
            slow[row, column] += weight / len(inside)
    np.testing.assert_allclose(heat.attention_map(BOXES, weights, shape), slow, atol=1e-12)


@pytest.mark.parametrize("shape", [(7, 7), (70, 105), (3, 200)])
def test_attention_adds_up_to_one_and_is_never_negative(shape: tuple[int, int]) -> None:
    weights = np.random.default_rng(0).dirichlet(np.full(49, 0.05))
    for boxes, values in ((grid_boxes(7, 7), weights), (BOXES, weights[:3] + 0.1)):
        found = heat.attention_map(boxes, values, shape)
        assert found.shape == shape and found.sum() == pytest.approx(1) and found.min() >= 0


def test_a_grid_keeps_its_order_and_even_weights_stay_even() -> None:
    weights = np.full((3, 4), 0.02)
    weights[1, 2] = 0.78
    found = heat.attention_map(grid_boxes(3, 4), weights.ravel(), (30, 80))
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert (row // 10, column // 20) == (1, 2)
    assert np.ptp(heat.attention_map(grid_boxes(3, 4), np.full(12, 1 / 12), (30, 80))) < 1e-9
    exact = heat.attention_map(grid_boxes(3, 4), weights.ravel(), (3, 4))
    np.testing.assert_allclose(exact, weights / weights.sum(), atol=1e-9)


def test_the_largest_change_of_overlapping_boxes_counts() -> None:
    found = heat.removal_map(BOXES, [-0.5, 0.2, 0.1], (10, 10))
    assert found[5, 4] == -0.5 and found[8, 8] == 0.2 and found[0, 9] == 0.1
    smooth = heat.removal_map(grid_boxes(2, 2), [-1.0, 1.0, 1.0, -1.0], (20, 20))
    assert smooth.min() == -1 and smooth.max() == 1
    assert heat.removal_map(BOXES[:1], [3.0], (10, 10))[9, 9] == 0


def test_grids_are_told_from_other_boxes() -> None:
    assert heat.grid_of(grid_boxes(7, 7)) == (7, 7)
    assert heat.grid_of(grid_boxes(3, 5)) == (3, 5)
    assert heat.grid_of([[0, 0, 1, 1]]) == (1, 1)
    assert heat.grid_of(grid_boxes(2, 2)[::-1]) is None
    assert heat.grid_of(BOXES) is None and heat.grid_of([]) is None and heat.grid_of([[0.2, 0.2, 0.2, 0.4]]) is None


def test_how_much_lies_inside_a_box_and_where_the_peak_is() -> None:
    found = heat.attention_map(BOXES[:2], [0.75, 0.25], (100, 100))
    assert heat.share_inside(found, BOXES[0]) == pytest.approx(0.75 + 0.25 * (10 * 20) / (50 * 60))
    assert heat.share_inside(found, (0, 0, 1, 1)) == pytest.approx(1)
    assert heat.area(BOXES[0]) == pytest.approx(0.16)
    one = heat.attention_map(BOXES[:1], [1.0], (100, 100))
    assert heat.peak(one) == pytest.approx((0.3, 0.4))


def test_boxes_outside_the_picture_and_without_width_hold_a_pixel() -> None:
    found = heat.attention_map([[0.999, 0.999, 1.2, 1.3], [0.5, 0.5, 0.5, 0.5]], [0.5, 0.5], (10, 10))
    assert found[9, 9] == pytest.approx(0.5) and found[5, 5] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("boxes", "weights"),
    [([], []), (BOXES, [1.0, 2.0]), (BOXES, [0.0, 0.0, 0.0]), (BOXES, [1, -1, 1]), (BOXES, [1, np.nan, 1])],
)
def test_what_is_no_attention_is_refused(boxes: object, weights: object) -> None:
    with pytest.raises(ValueError, match=r"map needs|must not be negative"):
        heat.attention_map(boxes, weights, (4, 4))  # type: ignore[arg-type]


def test_a_region_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        heat.boxes_of([Element(kind="region", id=1, label="region 1")])
