"""Import of a MovieLens release of GroupLens: every rating is a like, with its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.data.check import column_faults, listed, table_faults
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.images import image_faults
from workbench.data.ratings import Report, read_ratings
from workbench.data.schema import Column, DatasetCard, Table
from workbench.data.splits import chronological
from workbench.data.text_tables import read_csv
from workbench.data.write import refuse_existing, write_dataset

NAME = "movielens"
HELP = "A MovieLens release of GroupLens (ratings, movies, links), perhaps with posters/ and overviews.csv."
LICENCE = (
    "Research use, no commercial use without permission of GroupLens; cite Harper & Konstan, TiiS 2015. "
    "Posters and overviews belong to their owners."
)

MOVIE = Column("movieId", "number")
TABLES = (
    Table("movies", (MOVIE, Column("title", "text"), Column("genres", "text", nullable=True)), filled=True),
    Table("links", (MOVIE, *(Column(name, "number", nullable=True) for name in ("imdbId", "tmdbId")))),
    Table("overviews", (MOVIE, Column("overview", "text", nullable=True))),
)
POSTERS = "posters"
NO_GENRES = "(no genres listed)"
YEAR = r"\((\d{4})(?:[-–]\d{0,4})?\)\s*$"


def import_movielens(
    source: Path,
    out: Path,
    minimum: int = 20,
    least: float = 0.5,
    complete: bool = False,
    name: str | None = None,
    report: Report | None = None,
) -> Dataset:
    """Turn ratings into likes in time, and movies into items with title, overview, poster, year and genres.

    Every rating is a like, whatever its value (Liu et al., Ante-RNN), unless ``least`` says otherwise. The first 80% of
    a user's likes in time are train, of which the last tenth validation, and the others test; the earlier row comes
    first where times are equal. The text of a movie is its overview, and its title where it has none. The genres are in
    the table of attributes; further columns of the items are ``year`` (of the title), ``imdb`` and ``tmdb``.

    Args:
        source: folder with ratings.csv and movies.csv (or ratings.dat and movies.dat), perhaps links.csv,
            overviews.csv (movieId, overview) and posters/MOVIEID.jpg.
        out: the dataset folder to write; must not exist or be empty.
        minimum: fewest likes of a user, counted before --complete drops movies; users with fewer are left out.
        least: smallest rating that is a like.
        complete: keep only movies with both a poster and an overview.
        name: name of the dataset; by default the source folder's name.
        report: told how much is done and what is being done.

    Raises:
        DataError: the source has faults, or no like is left; nothing is written.
    """
    refuse_existing(out)
    tell = report or (lambda _share, _message: None)
    if not source.is_dir():
        raise DataError(f"There is no folder {source}; give the folder that holds ratings.csv and movies.csv.")
    movies = every = _movies(source)
    if complete:
        movies = every[every["poster"].notna() & every["overview"].notna()]
        if movies.empty:
            raise DataError(
                f"No movie of {source} has both posters/MOVIEID.jpg and a row in overviews.csv; "
                "add them or import without --complete."
            )
    posters = source / POSTERS
    files = movies["poster"].dropna()
    faults = [Fault(f"{POSTERS}/{file}", None, None, reason) for file, reason in image_faults(posters, files).items()]
    if faults:
        raise DataError.of(faults)
    path = _file(source, "ratings")
    ratings = read_ratings(
        path, every["item"].to_numpy(), _unknown(source), lambda share, message: tell(share / 2, message)
    )
    kept = _liked(ratings, minimum, least) & ratings["item"].isin(movies["item"]).to_numpy()
    if not kept.any():
        raise DataError(f"No like of {source} is left to import; lower --minimum or --least, or drop --complete.")
    likes = ratings.loc[kept, ["user", "item", "time"]].reset_index(drop=True)
    del ratings
    tell(0.5, "splitting the likes in time")
    likes["split"] = chronological(likes)
    tell(0.6, "writing")
    tables = {
        "users": pd.DataFrame({"user": np.unique(likes["user"])}),
        "items": _items(movies),
        "likes": likes,
        "attributes": _genres(movies),
    }
    provenance = (
        f"imported from the MovieLens release in {source.resolve().name}: ratings from {least:g} on, users with "
        f"{minimum} or more" + (", movies with poster and overview" if complete else "")
    )
    card = DatasetCard(name=name or source.resolve().name, licence=LICENCE, provenance=provenance)
    write_dataset(out, card, tables, {f"images/{file}": posters / file for file in files})
    del likes, tables
    tell(0.9, "opening")
    return Dataset.open(out)


run = import_movielens


def _file(source: Path, table: str) -> Path:
    """The file of a table: CSV, or the ``.dat`` of the releases before 2014."""
    old = source / f"{table}.dat"
    return old if old.is_file() and not (source / f"{table}.csv").is_file() else source / f"{table}.csv"


def _movies(source: Path) -> pd.DataFrame:
    """Every movie: item, title, genres, poster (file name), overview, and ids of its links."""
    frames = _read(source)
    movies = frames["movies"].rename(columns={"movieId": "item"})
    folder = source / POSTERS
    there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    files = movies["item"].astype("str") + ".jpg"
    movies["poster"] = files.where(files.isin(there))
    overview = pd.Series(None, index=movies.index, dtype="str")
    if "overviews" in frames:
        overview = movies["item"].map(frames["overviews"].set_index("movieId")["overview"]).astype("str")
    movies["overview"] = overview.where(overview.str.strip() != "")
    if "links" in frames:
        links = frames["links"].set_index("movieId")
        for column in ("imdb", "tmdb"):
            movies[column] = movies["item"].map(links[f"{column}Id"]).astype("Int64")
    return movies


def _read(source: Path) -> dict[str, pd.DataFrame]:
    """The movies, and the tables beside them that the source has."""
    frames: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    for table in TABLES:
        path = _file(source, table.name)
        if not path.is_file():
            if table.filled:
                faults.append(Fault(path.name, None, None, f"is missing in {source}; add it."))
            continue
        try:
            frame = _read_dat(path) if path.suffix == ".dat" else read_csv(path, table)
        except DataError as error:
            faults += error.faults
            continue
        found = table_faults(table, path.name, frame) or list(_id_faults(table, path.name, frame))
        if not found and "movies" in frames:
            ids = frame["movieId"]
            wrong = ~ids.isin(frames["movies"]["movieId"]).to_numpy(bool)
            found += listed(path.name, "movieId", ids, wrong, _unknown(source))
        faults += found
        if not found:
            frames[table.name] = frame
    if faults:
        raise DataError.of(faults)
    return frames


def _unknown(source: Path) -> str:
    return f"is not in {_file(source, 'movies').name}; add the movie there or remove the row."


def _id_faults(table: Table, file: str, frame: pd.DataFrame) -> Iterator[Fault]:
    for column in table.columns:
        if column.kind == "number":
            yield from column_faults(file, replace(column, kind="id", nullable=True), frame[column.name])
    repeated = frame["movieId"].duplicated().to_numpy(bool)
    yield from listed(file, "movieId", frame["movieId"], repeated, "repeats an earlier movie; keep one.")


def _read_dat(path: Path) -> pd.DataFrame:
    """The movies of an old release: ``MOVIE::TITLE::GENRES``, in Latin-1 (1M) or UTF-8 (10M)."""
    content = path.read_bytes()
    try:
        written = content.decode("utf-8")
    except UnicodeDecodeError:
        written = content.decode("latin-1")
    lines = [line.rstrip("\r").split("::") for line in written.rstrip("\n").split("\n")]
    faults = [
        Fault(path.name, row, None, f"has {len(cells)} cells, not 3; correct it.")
        for row, cells in enumerate(lines, 1)
        if len(cells) != 3
    ]
    if faults:
        raise DataError.of(faults)
    frame = pd.DataFrame(lines, columns=["movieId", "title", "genres"], dtype="str")
    numbers = pd.to_numeric(frame["movieId"], errors="coerce")
    return frame if numbers.isna().any() else frame.assign(movieId=numbers)


def _liked(ratings: pd.DataFrame, minimum: int, least: float) -> NDArray[np.bool_]:
    """(ratings,) which are likes, of users with enough of them."""
    liked = (ratings["rating"] >= least).to_numpy()
    counts = ratings["user"][liked].value_counts()
    return np.asarray(liked & ratings["user"].isin(counts.index[counts >= minimum]).to_numpy())


def _items(movies: pd.DataFrame) -> pd.DataFrame:
    items = movies.drop(columns=["genres", "overview", "poster"]).rename(columns={"title": "name"})
    year = pd.to_numeric(items["name"].str.extract(YEAR)[0]).astype("Int64")
    text = movies["overview"].fillna(items["name"])
    return items.assign(text=text, image="images/" + movies["poster"], year=year)


def _genres(movies: pd.DataFrame) -> pd.DataFrame:
    genres = movies.set_index("item")["genres"].dropna().str.split("|").explode().astype("str")
    genres = genres[~genres.isin(["", NO_GENRES])]
    return pd.DataFrame({"item": genres.index, "attribute": "genre", "value": genres.to_numpy()})
