from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from workbench import cli
from workbench.data.check import check
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.movielens import import_movielens

DEVELOPMENT = Path(os.environ.get("WORKBENCH_DATA", Path(__file__).resolve().parents[3] / "../shared/data")).resolve()

TITLES = {
    1: "Toy Story (1995)",
    2: '"Usual Suspects, The (1995)"',
    4: "Star Wars: Episode IV (1977)",
    7: "Paterson",
    8: "Death Note: Desu nôto (2006–2007)",
    12: "Nobody's (2001)",
}
GENRES = {1: "Animation|Children", 2: "Crime", 4: "Action|Sci-Fi", 7: "(no genres listed)", 8: "", 12: "Drama"}
MOVIES = "movieId,title,genres\n" + "".join(f"{movie},{TITLES[movie]},{GENRES[movie]}\n" for movie in TITLES)
LINKS = "movieId,imdbId,tmdbId\n1,0114709,862.0\n2,0114814,\n"
OVERVIEWS = 'movieId,overview\n1,"Woody, a doll,\nis jealous."\n2,\n4,A farm boy leaves.\n8,A notebook kills.\n'
POSTERS = (1, 2, 4, 12)
# Users 5, 6 and 9 rate 5, 5 and 3 movies; 6 rates all in one second, 5 backwards in time.
RATINGS = [(5, movie, 1 + movie / 4, 100 - movie) for movie in (1, 2, 4, 7, 8)]
RATINGS += [(6, movie, 0.5 if movie > 4 else 4.0, 50) for movie in (8, 1, 7, 4, 2)]
RATINGS += [(9, movie, 5.0, movie) for movie in (1, 2, 7)]


def write(source: Path, file: str, text: str, encoding: str = "utf-8") -> None:
    (source / file).parent.mkdir(parents=True, exist_ok=True)
    (source / file).write_text(text, encoding=encoding)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A release of six movies, one of them rated by nobody, with posters of some and overviews of some."""
    folder = tmp_path / "ml-tiny"
    write(
        folder,
        "ratings.csv",
        "userId,movieId,rating,timestamp\n" + "".join(f"{u},{m},{r},{t}\n" for u, m, r, t in RATINGS),
    )
    write(folder, "movies.csv", MOVIES)
    write(folder, "links.csv", LINKS)
    write(folder, "overviews.csv", OVERVIEWS)
    (folder / "posters").mkdir()
    for movie in POSTERS:
        cv2.imwrite(str(folder / f"posters/{movie}.jpg"), np.full((12, 8, 3), movie, np.uint8))
    return folder


def splits_of(likes: pd.DataFrame) -> dict[int, list[str]]:
    """The splits of each user's likes in time, gathered one like at a time."""
    splits: dict[int, list[str]] = defaultdict(list)
    ordered = likes.sort_values("time", kind="stable")
    for user, split in zip(ordered["user"].tolist(), ordered["split"].tolist(), strict=True):
        splits[user].append(split)
    return splits


def test_ratings_are_likes_in_time_and_movies_are_items(source: Path, tmp_path: Path) -> None:
    dataset = IMPORTERS["movielens"].run(source, tmp_path / "out", minimum=4)
    assert check(dataset.root) == [] and dataset.name == "ml-tiny"
    likes = dataset.table("likes")
    kept = [(user, movie, time) for user, movie, _, time in RATINGS if user != 9]
    assert list(likes[["user", "item", "time"]].itertuples(index=False, name=None)) == kept
    assert list(dataset.users) == [5, 6]
    assert likes.loc[likes["split"] == "test", ["user", "item"]].to_numpy().tolist() == [[5, 1], [6, 2]]
    items = dataset.table("items").set_index("item")
    assert list(dataset.items) == list(TITLES)
    assert dataset.item_label(dataset.items.code(2)) == "Usual Suspects, The (1995)"
    assert items["text"].to_dict() == {
        1: "Woody, a doll,\nis jealous.",
        2: "Usual Suspects, The (1995)",
        4: "A farm boy leaves.",
        7: "Paterson",
        8: "A notebook kills.",
        12: "Nobody's (2001)",
    }
    assert items["year"].dropna().to_dict() == {1: 1995, 2: 1995, 4: 1977, 8: 2006, 12: 2001}
    assert items["imdb"].dropna().to_dict() == {1: 114709, 2: 114814} and items["tmdb"].dropna().to_dict() == {1: 862}
    assert items["image"].dropna().to_dict() == {movie: f"images/{movie}.jpg" for movie in POSTERS}
    assert (dataset.root / "images/4.jpg").read_bytes() == (source / "posters/4.jpg").read_bytes()
    genres = dataset.table("attributes")
    assert set(genres["attribute"]) == {"genre"}
    assert genres.groupby("item")["value"].agg("|".join).to_dict() == {
        movie: genre for movie, genre in GENRES.items() if movie not in (7, 8)
    }


def test_the_first_likes_in_time_are_learned_from(source: Path, tmp_path: Path) -> None:
    rows = [(user, movie, 3, 7 * movie % 11) for user in range(1, 4) for movie in range(20, 0, -1)]
    write(source, "movies.csv", "movieId,title,genres\n" + "".join(f"{movie},M,G\n" for movie in range(1, 21)))
    write(
        source,
        "ratings.csv",
        "userId,movieId,rating,timestamp\n" + "".join(f"{u},{m},{r},{t}\n" for u, m, r, t in rows),
    )
    likes = import_movielens(source, tmp_path / "out").table("likes")
    wanted = ["train"] * 15 + ["validation"] + ["test"] * 4
    assert splits_of(likes) == dict.fromkeys((1, 2, 3), wanted)


def test_complete_keeps_movies_with_poster_and_overview_and_their_users(source: Path, tmp_path: Path) -> None:
    dataset = import_movielens(source, tmp_path / "out", minimum=3, complete=True, name="both")
    assert list(dataset.items) == [1, 4] and list(dataset.users) == [5, 6, 9] and dataset.name == "both"
    likes = dataset.table("likes")[["user", "item"]].to_numpy().tolist()
    assert likes == [[5, 1], [5, 4], [6, 1], [6, 4], [9, 1]]
    assert {path.name for path in (dataset.root / "images").iterdir()} == {"1.jpg", "4.jpg"}


def test_least_drops_low_ratings_before_likes_are_counted(source: Path, tmp_path: Path) -> None:
    dataset = import_movielens(source, tmp_path / "out", minimum=3, least=1.5)
    wanted = [[user, movie] for user, movie, rating, _ in RATINGS if rating >= 1.5]
    assert dataset.table("likes")[["user", "item"]].to_numpy().tolist() == wanted
    with pytest.raises(DataError, match="No like of .*ml-tiny is left to import; lower --minimum or --least"):
        import_movielens(source, tmp_path / "none", minimum=6)


def test_ratings_and_movies_alone_are_enough(source: Path, tmp_path: Path) -> None:
    for file in ("links.csv", "overviews.csv", *(f"posters/{movie}.jpg" for movie in POSTERS)):
        (source / file).unlink()
    (source / "posters").rmdir()
    dataset = import_movielens(source, tmp_path / "out", minimum=3)
    assert check(dataset.root) == [] and dataset.image_path(0) is None
    assert list(dataset.texts) == [dataset.item_label(code) for code in range(len(TITLES))]
    with pytest.raises(DataError, match=r"No movie of .* has both posters/MOVIEID\.jpg and a row in overviews\.csv"):
        import_movielens(source, tmp_path / "both", complete=True)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_the_old_files_make_the_same_dataset(source: Path, tmp_path: Path, encoding: str) -> None:
    write(source, "movies.csv", MOVIES.replace("–", "-"))
    new = import_movielens(source, tmp_path / "new", minimum=3)
    titles = {movie: title.strip('"').replace("–", "-") for movie, title in TITLES.items()}
    lines = "".join(f"{movie}::{titles[movie]}::{GENRES[movie]}\n" for movie in titles)
    write(source, "movies.dat", lines, encoding)
    write(source, "ratings.dat", "".join(f"{u}::{m}::{r}::{t}\n" for u, m, r, t in RATINGS))
    (source / "movies.csv").unlink()
    (source / "ratings.csv").unlink()
    assert import_movielens(source, tmp_path / "old", minimum=3).fingerprint == new.fingerprint


def rated(*rows: str) -> str:
    return "\n".join(["userId,movieId,rating,timestamp", *rows, ""])


BROKEN = {
    "ratings.csv, row 2, column movieId: '99' is not in movies.csv; add the movie there or remove the row.": (
        "ratings.csv",
        rated("1,1,3,5", "1,99,3,6"),
    ),
    "ratings.csv, row 2, column movieId: '1' is rated by this user before; keep one.": (
        "ratings.csv",
        rated("1,1,3,5", "1,1,4,6"),
    ),
    "ratings.csv, row 1, column rating: 'high' is not a number; correct it.": ("ratings.csv", rated("1,1,high,5")),
    "ratings.csv, column timestamp: is missing; ratings need it.": ("ratings.csv", "userId,movieId,rating\n1,1,2\n"),
    "movies.csv, column genres: is missing; movies needs it.": ("movies.csv", "movieId,title\n1,A\n"),
    "movies.csv, row 1, column movieId: 'x' is not a number; correct it.": (
        "movies.csv",
        "movieId,title,genres\nx,A,B\n",
    ),
    "movies.csv, row 1, column movieId: '1.5' is no id": ("movies.csv", "movieId,title,genres\n1.5,A,B\n"),
    "movies.csv, row 2, column movieId: '1' repeats an earlier movie; keep one.": (
        "movies.csv",
        "movieId,title,genres\n1,A,B\n1,C,D\n",
    ),
    "movies.csv: is not UTF-8 in line 2": ("movies.csv", "movieId,title,genres\n1,caf\udce9,B\n"),
    "links.csv, row 1, column tmdbId: '8.5' is no id": ("links.csv", "movieId,imdbId,tmdbId\n1,2,8.5\n"),
    "overviews.csv, row 1, column movieId: '99' is not in movies.csv": ("overviews.csv", "movieId,overview\n99,A\n"),
    "posters/1.jpg: cannot be decoded (": ("posters/1.jpg", "no picture"),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_source_is_explained_and_nothing_is_written(source: Path, tmp_path: Path, sentence: str) -> None:
    file, text = BROKEN[sentence]
    (source / file).write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DataError) as caught:
        import_movielens(source, tmp_path / "out", minimum=1)
    assert sentence in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["ml-tiny"]


def test_what_is_missing_is_named(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder .*none; give the folder that holds ratings.csv"):
        import_movielens(tmp_path / "none", tmp_path / "out")
    (source / "ratings.csv").unlink()
    with pytest.raises(DataError, match=r"ratings\.csv: is missing in .*ml-tiny; add it"):
        import_movielens(source, tmp_path / "out")
    (source / "movies.csv").unlink()
    with pytest.raises(DataError, match=r"movies\.csv: is missing in .*ml-tiny; add it"):
        import_movielens(source, tmp_path / "out")
    write(source, "movies.dat", "1::Toy Story\n")
    with pytest.raises(DataError, match=r"movies\.dat, row 1: has 2 cells, not 3; correct it"):
        import_movielens(source, tmp_path / "out")


def test_the_command_shows_progress(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["import", "movielens", str(source), "--out", str(tmp_path / "out"), "--minimum", "4"]) == 0
    answer = capsys.readouterr()
    assert "2 users and 6 images as 'ml-tiny'" in " ".join(answer.out.split())
    assert "reading the ratings" in answer.err
    assert cli.run(["import", "movielens", "--help"]) == 0
    assert "--report" not in capsys.readouterr().out


def test_the_small_release_with_posters_and_overviews(tmp_path: Path) -> None:
    source = DEVELOPMENT / "movielens"
    if not source.is_dir():
        pytest.skip("The development data are not here; name their folder in WORKBENCH_DATA.")
    dataset = import_movielens(source, tmp_path / "out", complete=True)
    likes = dataset.table("likes")
    assert (len(dataset.users), len(dataset.items), len(likes)) == (610, 4150, 69573)
    assert likes["item"].nunique() == 4145
    assert all(dataset.texts) and all(dataset.image_relative(code) for code in range(len(dataset.items)))
    assert dataset.item_label(dataset.items.code(1)) == "Toy Story (1995)"
