"""Likes in the order of time, against tables sorted by hand and the calendar of the standard library."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import DatasetCard
from workbench.data.sequences import Sequences, hour_of_week, week
from workbench.data.splits import chronological
from workbench.data.write import write_dataset


def world(folder: Path, likes: pd.DataFrame) -> Dataset:
    tables = {"items": pd.DataFrame({"item": sorted(set(likes["item"]))}), "likes": likes}
    write_dataset(folder, DatasetCard(name="small"), tables)
    return Dataset.open(folder)


def likes_of(*rows: tuple[object, int, object, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user", "item", "time", "split"])


def test_the_order_is_that_of_the_table_sorted_by_hand(toy: Dataset) -> None:
    found, table = Sequences.of(toy), toy.table("likes")
    for user in range(len(toy.users)):
        mine = [row for row in table.to_dict("records") if row["user"] == toy.users.id(user)]
        mine.sort(key=lambda row: row["time"])
        assert [toy.items.id(item) for item in found.sets.row(user)] == [row["item"] for row in mine]
        place = slice(int(found.sets.offsets[user]), int(found.sets.offsets[user + 1]))
        assert found.times[place].tolist() == [row["time"] for row in mine]
        splits = [row["split"] for row in mine]
        assert int(found.learned[user]) == splits.count("train")
        assert int(found.validated[user]) == splits.count("train") + splits.count("validation")


def test_equal_times_keep_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [("b", 3, 5, "train"), ("a", 9, 7, "train"), ("b", 1, 5, "train"), ("b", 2, 4, "train"), ("b", 0, 5, "test")]
    found = Sequences.of(world(tmp_path / "w", likes_of(*rows)))
    assert found.sets.offsets.tolist() == [0, 1, 5]
    # Codes of the items 0, 1, 2, 3, 9 are 0 to 4.
    assert found.sets.values.tolist() == [4, 2, 3, 1, 0]
    assert found.times.tolist() == [7, 4, 5, 5, 5]
    assert (found.learned.tolist(), found.validated.tolist()) == ([1, 3], [1, 3])


def test_a_user_without_likes_has_an_empty_sequence(tmp_path: Path) -> None:
    tables = {
        "users": pd.DataFrame({"user": [1, 2, 3]}),
        "items": pd.DataFrame({"item": [5, 6]}),
        "likes": likes_of((3, 6, 2, "train"), (1, 5, 1, "train")),
    }
    write_dataset(tmp_path / "w", DatasetCard(name="small"), tables)
    found = Sequences.of(Dataset.open(tmp_path / "w"))
    assert found.sets.lengths.tolist() == [1, 0, 1]
    assert found.learned.tolist() == [1, 0, 1] and found.validated.tolist() == [1, 0, 1]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_timestamps_are_seconds_of_universal_time(tmp_path: Path, unit: str, zone: str | None) -> None:
    """Of a zone that changed its clocks in between; without a zone times are taken for universal ones."""
    utc = [datetime(2023, 11, 5, 5, 30, tzinfo=UTC) + timedelta(hours=hours) for hours in (2, 0, 1, -8000)]
    stamps = pd.Series(pd.DatetimeIndex(utc).tz_convert(zone)).dt.as_unit(unit)
    rows = pd.DataFrame({"user": 1, "item": [10, 20, 30, 40], "time": stamps, "split": "train"})
    found = Sequences.of(world(tmp_path / "w", rows))
    assert found.sets.values.tolist() == [3, 1, 2, 0]
    assert found.times.tolist() == sorted(int(moment.timestamp()) for moment in utc)


def test_numbers_with_fractions_and_before_1970_are_rounded_down(tmp_path: Path) -> None:
    times = [1.9, -0.5, 1_700_000_000.25]
    rows = pd.DataFrame({"user": 1, "item": [1, 2, 3], "time": times, "split": "train"})
    found = Sequences.of(world(tmp_path / "w", rows))
    assert found.times.tolist() == [-1, 1, 1_700_000_000]


@pytest.mark.parametrize("stamps", [False, True])
def test_splits_may_divide_a_second(tmp_path: Path, stamps: bool) -> None:
    """The likes of a second are in the order of its fractions, as the splits are that were made from them."""
    times: pd.Series = pd.Series([10.9, 10.1, 10.5, 9.0, 10.2])
    rows = pd.DataFrame(
        {"user": 1, "item": [1, 2, 3, 4, 5], "time": pd.to_datetime(times, unit="s") if stamps else times}
    )
    held = Sequences.of(world(tmp_path / "one", rows))
    assert held.sets.values.tolist() == [3, 1, 4, 2, 0] and int(held.learned[0]) == 3
    cut = Sequences.of(world(tmp_path / "cut", rows.assign(split=chronological(rows, 0.6, 0.4))))
    assert (int(cut.learned[0]), int(cut.validated[0])) == (2, 3)


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        (("train", "test", "train"), "user 42 has a train like after a test one"),
        (("train", "test", "validation"), "user 42 has a validation like after a test one"),
        (("validation", "train", "test"), "user 42 has a train like after a validation one"),
    ],
)
def test_splits_out_of_order_are_refused_with_the_user(tmp_path: Path, splits: tuple[str, ...], said: str) -> None:
    fine = [(7, item, item, split) for item, split in enumerate(("train", "validation", "test"))]
    wrong = [(42, item, item, split) for item, split in enumerate(splits)]
    with pytest.raises(DataError, match=f"{said}; models of sequences need splits in the order of time"):
        Sequences.of(world(tmp_path / "w", likes_of(*fine, *wrong)))


def test_the_last_split_of_a_user_does_not_meet_the_first_of_the_next(tmp_path: Path) -> None:
    rows = [(user, item, item, split) for user in (1, 2) for item, split in enumerate(("train", "test"))]
    assert Sequences.of(world(tmp_path / "w", likes_of(*rows))).learned.tolist() == [1, 1]


def test_likes_without_times_are_refused(tmp_path: Path) -> None:
    dataset = world(tmp_path / "w", likes_of((1, 1, 1, "train")).drop(columns="time"))
    with pytest.raises(DataError, match=r"no times of likes: add the column time to likes\.parquet"):
        Sequences.of(dataset)


def test_hours_and_weeks_are_those_of_the_calendar() -> None:
    rng = np.random.default_rng(0)
    moments = [datetime(1900, 1, 1, tzinfo=UTC) + timedelta(seconds=int(s)) for s in rng.integers(0, 6 * 10**9, 500)]
    moments += [datetime(2024, 1, 1, tzinfo=UTC), datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)]
    times = torch.tensor([int(moment.timestamp()) for moment in moments])
    assert hour_of_week(times).tolist() == [24 * moment.weekday() + moment.hour for moment in moments]
    mondays = [moment.date() - timedelta(days=moment.weekday()) for moment in moments]
    assert week(times).tolist() == [(monday - date(1969, 12, 29)).days // 7 for monday in mondays]
    assert hour_of_week(times[-2:]).tolist() == [0, 167] and week(times[-2:]).diff().item() == -1
