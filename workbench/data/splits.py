"""Which likes and posts a model learns from, is tuned on and is tested with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.data.schema import SPLITS


def leave_one_out(likes: pd.DataFrame, seed: int) -> pd.Series:
    """Hold out one like of every user for the test and one for validation.

    With a ``time`` column the last like is the test and the one before it validation (the later row, where times are
    equal); without, both are drawn at random. Users with fewer than three likes keep all in train.

    Args:
        likes: table with ``user`` and perhaps ``time``, one row per like.
        seed: seed of the draw.

    Returns:
        The split of every row, with the index of ``likes``.
    """
    keys = _time_order(likes) if "time" in likes else np.random.default_rng(seed).permutation(len(likes))
    position, count = _position_of_user(likes, keys)
    from_end = count - 1 - position
    enough = count >= 3
    return _as_series(likes, validation=enough & (from_end == 1), test=enough & (from_end == 0))


def chronological(likes: pd.DataFrame, train: float = 0.8, validation: float = 0.1) -> pd.Series:
    """Cut every user's likes in time: the first part to learn from, the rest to test with.

    Args:
        likes: table with ``user`` and ``time``, one row per like.
        train: share of a user's likes in the first part, rounded up.
        validation: share of the first part, its latest likes, held out for validation, rounded down.

    Returns:
        The split of every row, with the index of ``likes``.

    Raises:
        DataError: there is no ``time`` column, or a share lies outside 0 to 1.
    """
    if "time" not in likes:
        raise DataError("A chronological split needs the column time in likes; add it or choose leave-one-out.")
    if not (0 < train <= 1 and 0 <= validation < 1):
        raise DataError(f"The shares train={train} and validation={validation} must lie between 0 and 1.")
    position, count = _position_of_user(likes, _time_order(likes))
    # The tiny slack keeps a product such as 0.7 * 10 = 7.000000000000001 from being taken for more than 7.
    first = np.ceil(train * count - 1e-9).astype(np.int64)
    learn = first - np.floor(validation * first + 1e-9).astype(np.int64)
    return _as_series(likes, validation=(position >= learn) & (position < first), test=position >= first)


def split_posts(time: NDArray[np.generic], seed: int | np.random.Generator) -> NDArray[np.str_]:
    """Cut posts in time: the first 70% to learn from; of the rest, a third at random validation, the others test.

    The split of UHAN (Zhang et al., WWW 2018).

    Args:
        time: (posts,) when each was posted; the earlier row comes first where times are equal.
        seed: seed of the draw, or the generator to draw from.

    Returns:
        (posts,) the split of each.
    """
    split = np.full(len(time), "train", dtype="<U10")
    late = np.random.default_rng(seed).permutation(np.argsort(time, kind="stable")[round(0.7 * len(time)) :])
    cut = round(len(late) / 3)
    split[late[:cut]] = "validation"
    split[late[cut:]] = "test"
    return split


def _time_order(likes: pd.DataFrame) -> NDArray[np.int64]:
    order = likes["time"].argsort(kind="stable").to_numpy()
    rank = np.empty(len(likes), np.int64)
    rank[order] = np.arange(len(likes))
    return rank


def _position_of_user(likes: pd.DataFrame, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The place of every row among its user's rows in ascending ``keys``, and how many rows the user has."""
    users, _ = pd.factorize(likes["user"])
    order = np.lexsort((keys, users))
    counts = np.bincount(users)
    starts = np.cumsum(counts) - counts
    position = np.empty(len(likes), np.int64)
    position[order] = np.arange(len(likes)) - starts[users[order]]
    return position, counts[users]


def _as_series(likes: pd.DataFrame, validation: NDArray[np.bool_], test: NDArray[np.bool_]) -> pd.Series:
    # Taken by number, since an array of fixed-length words of 27 million likes has gigabytes.
    words = pd.array(SPLITS, dtype="str").take(validation + np.int8(2) * test)
    return pd.Series(words, index=likes.index, name="split")
