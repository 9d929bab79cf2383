import tracemalloc

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.layers import ridge
from workbench.layers.ridge import ImageRegression, left_out


def likes(users: int, items: int) -> NDArray[np.float64]:
    return (np.random.default_rng(0).random((users, items)) < 0.3).astype(np.float64)


def regression(table: NDArray[np.float64], strength: float = 2.0) -> ImageRegression:
    rows, columns = (torch.from_numpy(part) for part in np.nonzero(table))
    return ImageRegression(Ragged.from_pairs(rows, columns, len(table)), table.shape[1], strength)


def one_by_one(table: NDArray[np.float64], strength: float = 2.0) -> NDArray[np.float64]:
    """Every image regressed on the others, by solving its normal equations."""
    n = table.shape[1]
    found = np.zeros((n, n))
    for image in range(n):
        others = np.delete(np.arange(n), image)
        x = table[:, others]
        found[others, image] = np.linalg.solve(x.T @ x + strength * np.eye(n - 1), x.T @ table[:, image])
    return found


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_weights_are_those_of_every_regression_by_itself(shape: tuple[int, int]) -> None:
    table = likes(*shape)
    found = np.concatenate([block for _, block in regression(table).columns()], 1)
    np.testing.assert_allclose(found, one_by_one(table), atol=1e-5)


def test_largest_weights_are_those_and_nothing_else_is_held() -> None:
    """What is kept of a block must not keep the block."""
    table = likes(40, 9 * ridge.BLOCK)
    found = regression(table)
    weights = np.concatenate([block for _, block in found.columns()], 1)
    tracemalloc.start()
    rows, columns, largest = (part.numpy() for part in found.largest(3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * weights.nbytes / 9
    np.testing.assert_array_equal(weights[rows, columns], largest)
    np.fill_diagonal(weights, -np.inf)
    expected = np.sort(weights, 0)[-3:]
    for image in range(0, len(weights), 97):
        np.testing.assert_array_equal(np.sort(largest[columns == image]), expected[:, image])


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_a_left_out_like_gives_the_weights_of_a_regression_without_it(shape: tuple[int, int]) -> None:
    table = likes(*shape)
    every = Ragged.from_lengths(torch.full((shape[0],), shape[1]), torch.arange(shape[1]).repeat(shape[0]))
    (found,) = regression(table).leverage(every)
    leverage = found.numpy().reshape(shape)
    before = one_by_one(table)
    for user, image in ((0, int(np.nonzero(table[0])[0][1])), (5, int(np.nonzero(table[5])[0][0]))):
        smaller = table.copy()
        smaller[user, image] = 0
        others = np.delete(np.arange(shape[1]), image)
        found = left_out(
            torch.from_numpy(before[others, image]),
            torch.tensor(leverage[user, image]),
            torch.from_numpy(leverage[user, others]),
        )
        np.testing.assert_allclose(found.numpy(), one_by_one(smaller)[others, image], atol=1e-5)
        assert np.abs(found.numpy() - before[others, image]).max() > 1e-3


def test_largest_weights_of_each_image_and_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "BLOCK", 4)
    table = likes(12, 30)
    dense = one_by_one(table)
    near, image, weight = regression(table).largest(5)
    np.testing.assert_allclose(dense[near, image], weight, atol=1e-5)
    for code in range(30):
        others = np.delete(dense[:, code], code)
        assert sorted(weight[image == code].tolist()) == pytest.approx(np.sort(others)[-5:].tolist(), abs=1e-5)
    near, image, weight = regression(table).above(40)
    assert 20 <= len(weight) <= 40
    np.testing.assert_allclose(dense[near, image], weight, atol=1e-5)
    assert (dense > weight.min().item() + 1e-5).sum() < len(weight)
    assert len(regression(table).above(10_000)[2]) == (dense > 1e-6).sum()


def test_too_many_users_and_images_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "LARGEST", 10)
    with pytest.raises(DataError, match="square table of 12 users or images, more than 10"):
        regression(likes(12, 30))
