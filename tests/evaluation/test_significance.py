from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.evaluation.significance import compare


def test_agrees_with_the_tests_written_out() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 400))
    second += 0.02
    found = compare(first, second)
    gaps = first - second
    t = gaps.mean() / (gaps.std(ddof=1) / np.sqrt(400))
    assert found.difference == pytest.approx(gaps.mean())
    assert found.t_test == pytest.approx(2 * stats.t.sf(abs(t), 399))
    # Without ties or zeros the statistic of the signed ranks is normal to a good approximation at 400 pairs.
    ranks = stats.rankdata(np.abs(gaps))
    z = (ranks[gaps > 0].sum() - 400 * 401 / 4) / np.sqrt(400 * 401 * 801 / 24)
    assert found.wilcoxon == pytest.approx(2 * stats.norm.sf(abs(z)), rel=0.02)
    half = 1.96 * gaps.std() / np.sqrt(400)
    assert (found.low, found.high) == pytest.approx((gaps.mean() - half, gaps.mean() + half), abs=0.1 * half)


def test_same_seed_same_interval_and_wider_at_higher_confidence() -> None:
    first, second = np.random.default_rng(1).random((2, 50))
    found, wider = compare(first, second), compare(first, second, confidence=0.99)
    assert found == compare(first, second)
    assert wider.low < found.low < found.high < wider.high


def test_a_shift_far_above_the_noise_is_found() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(200)
    found = compare(base + 0.1 + 0.05 * rng.standard_normal(200), base)
    assert found.low > 0 and found.t_test < 1e-6 and found.wilcoxon < 1e-6


def test_a_model_does_not_differ_from_itself() -> None:
    values = np.random.default_rng(3).random(20)
    found = compare(values, values)
    assert (found.difference, found.low, found.high, found.t_test, found.wilcoxon) == (0.0, 0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0]), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_unpaired_values_are_refused(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="same dataset and split"):
        compare(first, second)
