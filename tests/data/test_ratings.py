from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.data import ratings
from workbench.data.errors import DataError
from workbench.data.ratings import read_ratings

HEADER = "userId,movieId,rating,timestamp\n"
MOVIES = np.arange(1, 1001)
ROWS = [(user, movie, 0.5 + movie % 9 / 2, 1_500_000_000 + 7 * movie) for user in (3, 1) for movie in range(900, 0, -7)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of some ten rows."""
    monkeypatch.setattr(ratings, "BLOCK", 256)


def read(path: Path, lines: list[str]) -> tuple[list[tuple[float, ...]], list[float]]:
    path.write_text((HEADER if path.suffix == ".csv" else "") + "\n".join(lines) + "\n", encoding="utf-8")
    shares: list[float] = []
    frame = read_ratings(path, MOVIES, "is unknown.", lambda share, _message: shares.append(share))
    assert frame.dtypes.astype(str).to_dict() == {
        "user": "int32",
        "item": "int32",
        "rating": "float32",
        "time": "int64",
    }
    return [tuple(row) for row in frame.itertuples(index=False)], shares


@pytest.mark.parametrize(("name", "mark"), [("ratings.csv", ","), ("ratings.dat", "::")])
def test_blocks_join_in_the_order_of_the_file(tmp_path: Path, name: str, mark: str) -> None:
    rows, shares = read(tmp_path / name, [mark.join(map(str, row)) for row in ROWS])
    assert rows == ROWS
    assert len(shares) > 10 and shares == sorted(shares) and shares[-1] <= 1


BROKEN = {
    "ratings.csv, row 100, column rating: 'good' is not a number; correct it.": "1,1000,good,5",
    "ratings.csv, row 100, column rating: 'nan' is not a number; correct it.": "1,1000,nan,5",
    "ratings.csv, row 100, column userId: '1.5' is not a whole number; correct it.": "1.5,1000,3,5",
    "ratings.csv, row 100, column userId: '9999999999' is not a whole number; correct it.": "9999999999,1000,3,5",
    "ratings.csv, row 100, column timestamp: '' is not a whole number; correct it.": "1,1000,3,",
    "ratings.csv, row 100, column movieId: '1001' is unknown.": "1,1001,3,5",
    "ratings.csv, row 100: has 3 cells, not 4; correct it.": "1,1000,3",
    "ratings.csv, row 100, column movieId: '900' is rated by this user before; keep one.": "3,900,3,5",
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_fault_in_a_later_block_is_named_by_its_row(tmp_path: Path, sentence: str) -> None:
    lines = [",".join(map(str, row)) for row in ROWS]
    with pytest.raises(DataError) as caught:
        read(tmp_path / "ratings.csv", [*lines[:99], BROKEN[sentence], *lines[99:]])
    assert str(caught.value) == sentence


def test_a_row_of_an_old_file_is_counted_without_a_header(tmp_path: Path) -> None:
    lines = ["::".join(map(str, row)) for row in ROWS]
    with pytest.raises(DataError, match=r"^ratings\.dat, row 100: has 3 cells, not 4; correct it\.$"):
        read(tmp_path / "ratings.dat", [*lines[:99], "1::1000::3", *lines[99:]])


def test_whole_numbers_may_be_written_as_fractions(tmp_path: Path) -> None:
    assert read(tmp_path / "ratings.csv", ["1.0,2,3,4.0", "2,1,4.5,5"])[0] == [(1, 2, 3, 4), (2, 1, 4.5, 5)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not readable (Empty CSV file); correct it."),
        (HEADER.encode(), "has no rows; fill it."),
        (b"userId,movieId,time\n1,2,3\n", "column rating: is missing; ratings need it."),
        (HEADER.encode() + b"1,2,3,4\xe9\n", "invalid UTF8"),
    ],
)
def test_a_file_that_is_no_table_of_ratings_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_ratings(path, MOVIES, "is unknown.", lambda _share, _message: None)
    assert sentence in str(caught.value) and str(caught.value).startswith("ratings.csv")
