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


def of_users(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of 60 users with 1 to 12 moments each, in a mixed order; who has many differs more."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 13, size=60)
    users = rng.permutation(np.repeat(np.arange(60), sizes))
    gap = 0.02 * (sizes - 4) + 0.3 * rng.standard_normal(60)
    second = rng.random(users.size)
    return second + gap[users] + 0.1 * rng.standard_normal(users.size), second, users


def test_moments_of_a_user_are_no_evidence_of_their_own() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random((2, 80))
    once = compare(first, second)
    assert compare(first, second, users=rng.permutation(80)).t_test == pytest.approx(once.t_test)
    often = compare(np.repeat(first, 9), np.repeat(second, 9), users=np.repeat(np.arange(80), 9))
    assert often.model_dump() == pytest.approx(once.model_dump())
    assert compare(np.repeat(first, 9), np.repeat(second, 9)).t_test < often.t_test


def test_users_with_several_moments_agree_with_sums_written_out() -> None:
    first, second, users = of_users(5)
    found, gaps = compare(first, second, users=users), first - second
    assert (found.pairs, found.difference) == (60, pytest.approx(gaps.mean()))
    left = [sum(gap - gaps.mean() for gap, user in zip(gaps, users, strict=True) if user == who) for who in range(60)]
    error = np.sqrt(60 / 59 * sum(total**2 for total in left)) / gaps.size
    assert found.t_test == pytest.approx(2 * stats.t.sf(abs(gaps.mean() / error), 59))
    means = [gaps[users == who].mean() for who in range(60)]
    assert found.wilcoxon == pytest.approx(stats.wilcoxon(means).pvalue)


def test_the_interval_is_that_of_drawing_users_with_all_their_moments() -> None:
    first, second, users = of_users(6)
    gaps, rng = first - second, np.random.default_rng(0)
    mine = [gaps[users == who] for who in range(60)]
    drawn = [np.concatenate([mine[who] for who in rng.integers(60, size=60)]).mean() for _ in range(4000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    found = compare(first, second, users=users)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * (high - low))


def test_moments_of_one_user_are_refused() -> None:
    with pytest.raises(ValueError, match="of 1 users"):
        compare([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], users=[7, 7, 7])


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0]), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_unpaired_values_are_refused(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="same dataset and split"):
        compare(first, second)
