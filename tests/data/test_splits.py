from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from workbench.data.errors import DataError
from workbench.data.splits import chronological, leave_one_out, split_posts


@pytest.fixture
def likes() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    counts = np.arange(1, 31)
    users = rng.permutation(np.repeat(100 + counts, counts))
    times = rng.permutation(len(users))
    return pd.DataFrame(
        {"user": users, "item": np.arange(len(users)), "time": times}, index=rng.permutation(len(users))
    )


def words_in_time(likes: pd.DataFrame, split: pd.Series) -> list[list[str]]:
    """The splits of every user's likes, in time."""
    ordered = likes.assign(split=split).sort_values("time")
    return [list(group) for _, group in ordered.groupby("user")["split"]]


def test_leave_one_out_holds_out_the_last_likes(likes: pd.DataFrame) -> None:
    for words in words_in_time(likes, leave_one_out(likes, seed=0)):
        held_out = ["validation", "test"] if len(words) >= 3 else []
        assert words == ["train"] * (len(words) - len(held_out)) + held_out


def test_leave_one_out_takes_the_later_row_where_times_are_equal() -> None:
    likes = pd.DataFrame({"user": [1, 1, 1], "item": [7, 8, 9], "time": [5, 5, 5]})
    assert list(leave_one_out(likes, seed=0)) == ["train", "validation", "test"]


def test_leave_one_out_without_times_is_random_by_seed(likes: pd.DataFrame) -> None:
    without = likes.drop(columns="time")
    first, again, other = (leave_one_out(without, seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
    counts = without.assign(split=first).groupby("user")["split"].value_counts().unstack(fill_value=0)
    enough = counts.sum(axis=1) >= 3
    assert (counts.loc[enough, ["validation", "test"]] == 1).all(axis=None)
    assert (counts.loc[~enough, ["validation", "test"]] == 0).all(axis=None)


def test_leave_one_out_without_times_draws_every_position_alike() -> None:
    likes = pd.DataFrame({"user": np.repeat(np.arange(2000), 4), "item": np.tile(np.arange(4), 2000)})
    split = leave_one_out(likes, seed=0)
    shares = likes.assign(test=split == "test").groupby("item")["test"].mean()
    # Four standard deviations of a share of 1/4 over 2,000 users.
    assert shares.sub(0.25).abs().max() < 4 * math.sqrt(0.25 * 0.75 / 2000)


def test_chronological_cuts_every_user_in_time(likes: pd.DataFrame) -> None:
    for words in words_in_time(likes, chronological(likes, train=0.8, validation=0.1)):
        first = -(-len(words) * 8 // 10)
        held_out = first // 10
        assert words == ["train"] * (first - held_out) + ["validation"] * held_out + ["test"] * (len(words) - first)


def test_chronological_names_the_missing_column(likes: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="column time in likes"):
        chronological(likes.drop(columns="time"))


def test_chronological_refuses_a_share_outside_its_range(likes: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"train=1\.5"):
        chronological(likes, train=1.5)


def test_posts_are_cut_in_time_and_the_rest_is_drawn() -> None:
    times = np.random.default_rng(5).permutation(1000)
    split = split_posts(times, 0)
    assert set(split[times < 700]) == {"train"}
    late = split[times >= 700]
    assert ((late == "validation").sum(), (late == "test").sum()) == (100, 200)
    # The validation posts are spread over the rest, not its first third.
    assert (split[times >= 850] == "validation").sum() == pytest.approx(50, abs=25)
    assert (split_posts(times, 0) == split).all() and (split_posts(times, 1) != split).any()
    assert (split_posts(times, np.random.default_rng(0)) == split).all()
