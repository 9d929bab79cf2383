"""Import of Amazon reviews: ratings or reviews, and what is known of the products."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from workbench.data.catalogue import pictures_by_name, write_catalogue
from workbench.data.check import LISTED, column_faults, show
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.ratings import Report
from workbench.data.schema import Column, DatasetCard
from workbench.data.write import refuse_existing

NAME = "amazon"
HELP = (
    "Amazon reviews: ratings.csv or reviews.json (lines), meta.json (lines: asin, title, brand, categories), images/."
)
LICENCE = "Research use; cite McAuley et al., SIGIR 2015. Texts and images belong to their owners."

COLUMNS = "user,item,rating,timestamp"
NUMBERS = ("rating", "time")
REVIEW = {"user": "reviewerID", "item": "asin", "rating": "overall", "time": "unixReviewTime"}
"""What the lines of reviews call the columns."""


def import_amazon(
    source: Path,
    out: Path,
    minimum: int = 5,
    least: float = 1.0,
    columns: str = COLUMNS,
    name: str | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> Dataset:
    """Turn reviews into likes in time, and products into items with title, picture, brand and categories.

    Every review is a like, whatever its rating, unless ``least`` says otherwise. Of each path of categories the last,
    finest one is a value of the attribute "category"; the brand is one of "brand". The last like of a user is the test,
    the one before it validation.

    Args:
        source: folder with ratings.csv (no header) or reviews.json (reviewerID, asin, overall, unixReviewTime), with
            meta.json (asin, perhaps title, brand, categories, image), each line a JSON object and each file perhaps
            .gz, and images/ASIN.jpg.
        out: the dataset folder to write; must not exist or be empty.
        minimum: fewest likes of a user; users with fewer are left out.
        least: smallest rating that is a like.
        columns: what the cells of a row of ratings.csv are, in their order.
        name: name of the dataset; by default the source folder's name.
        seed: seed of the card.
        report: told how much is done and what is being done.

    Raises:
        DataError: the source has faults, or no like is left; nothing is written.
    """
    refuse_existing(out)
    tell = report or (lambda _share, _message: None)
    if not source.is_dir():
        raise DataError(f"There is no folder {source}; give the folder that holds ratings.csv or reviews.json.")
    tell(0.0, "reading the reviews")
    likes, file = _reviews(source, columns)
    tell(0.4, "reading the products")
    meta = _file(source, "meta.json")
    if meta is None:
        raise DataError.of([Fault("meta.json", None, None, f"is missing in {source}; add it.")])
    items, attributes = _products(meta)
    pictures = pictures_by_name(source, items["item"])
    items["image"] = items["image"].fillna(pictures) if "image" in items else pictures
    tell(0.7, "checking and writing")
    likes = likes[likes["rating"] >= least].drop(columns="rating").reset_index(drop=True)
    if likes.empty:
        raise DataError(f"No rating in {file} is {least:g} or more; lower --least.")
    card = DatasetCard(
        name=name or source.resolve().name,
        licence=LICENCE,
        provenance=f"imported from the Amazon reviews in {source.resolve().name}: ratings from {least:g} on, "
        f"users with {minimum} or more",
        seed=seed,
    )
    tables = {"items": items, "likes": likes} | ({} if attributes.empty else {"attributes": attributes})
    return write_catalogue(out, card, source, tables, {"items": meta.name, "likes": file}, minimum)


run = import_amazon


def _file(source: Path, name: str) -> Path | None:
    return next((path for path in (source / name, source / f"{name}.gz") if path.is_file()), None)


def _reviews(source: Path, columns: str) -> tuple[pd.DataFrame, str]:
    """User, item, rating and time of every review, and the file they stand in."""
    ratings, reviews = source / "ratings.csv", _file(source, "reviews.json")
    if ratings.is_file() and reviews is not None:
        raise DataError(f"{ratings.name} stands beside {reviews.name} in {source}; keep one of them.")
    if ratings.is_file():
        path, frame = ratings, _ratings(ratings, columns)
    elif reviews is not None:
        path = reviews
        rows = [{name: line.get(key) for name, key in REVIEW.items()} for line in _lines(reviews)]
        frame = pd.DataFrame(rows, columns=list(REVIEW))
    else:
        raise DataError.of([Fault("ratings.csv", None, None, f"is missing in {source}; add it, or reviews.json.")])
    if frame.empty:
        raise DataError.of([Fault(path.name, None, None, "has no rows; fill it.")])
    called = dict.fromkeys(REVIEW, "") | (REVIEW if path is reviews else {"time": "timestamp"})
    faults: list[Fault] = []
    for column in REVIEW:
        values, shown = frame[column], called[column] or column
        kind = Column(shown, "number" if column in NUMBERS else "id")
        if column in NUMBERS:
            numbers = pd.to_numeric(values, errors="coerce")
            values = values if (numbers.isna() & values.notna()).any() else numbers
        else:
            values = values.astype("str").where(values.notna())
        frame[column] = values
        faults += column_faults(path.name, kind, values)
    if faults:
        raise DataError.of(faults)
    return frame.assign(time=frame["time"].astype("int64")), path.name


def _ratings(path: Path, columns: str) -> pd.DataFrame:
    names = [name.strip() for name in columns.split(",")]
    if sorted(names) != sorted(COLUMNS.split(",")):
        raise DataError(f"--columns names '{columns}'; give {COLUMNS} in the order of the cells of a row.")
    uneven: list[csv.InvalidRow] = []

    def skip(row: csv.InvalidRow) -> str:
        uneven.append(row)
        return "skip"

    try:
        arrow = csv.read_csv(
            path,
            # One thread, so that rows are counted.
            read_options=csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=csv.ParseOptions(invalid_row_handler=skip),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError.of([Fault(path.name, None, None, f"is not readable as CSV ({reason}); correct it.")]) from error
    if uneven:
        said = "has {} cells, not 4; correct it."
        raise DataError.of(
            Fault(path.name, row.number, None, said.format(row.actual_columns)) for row in uneven[:LISTED]
        )
    frame: pd.DataFrame = arrow.to_pandas().rename(columns={"timestamp": "time"})
    return frame


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in the lines of a file.

    Raises:
        DataError: a line is none.
    """
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as file:
            for row, line in enumerate(file, 1):
                try:
                    found = json.loads(line)
                except json.JSONDecodeError:
                    found = None
                if not isinstance(found, dict):
                    fault = Fault(
                        path.name, row, None, "is no JSON object; write each line as one, with double quotes."
                    )
                    raise DataError.of([fault])
                yield found
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError.of([Fault(path.name, None, None, f"is not readable ({error}); repair it.")]) from error


def _products(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The items of the products and their attributes.

    Raises:
        DataError: a line is no product; the first that are not are listed.
    """
    items: list[dict[str, Any]] = []
    attributes: list[tuple[str, str, str]] = []
    faults: list[Fault] = []
    for row, line in enumerate(_lines(path), 1):
        asin, wrong = line.get("asin"), _wrong(line)
        if wrong is not None:
            faults.append(Fault(path.name, row, wrong, f"{show(line.get(wrong))} {_WANTED[wrong]}"))
            if len(faults) == LISTED:
                break
            continue
        items.append({"item": asin, "name": line.get("title"), "text": line.get("title"), "image": line.get("image")})
        paths = line.get("categories") or []
        attributes += [(str(asin), "category", names[-1]) for names in paths if names]
        if line.get("brand"):
            attributes.append((str(asin), "brand", line["brand"]))
    if faults:
        raise DataError.of(faults)
    frame = pd.DataFrame(items, columns=["item", "name", "text", "image"], dtype="str")
    known = pd.DataFrame(attributes, columns=["item", "attribute", "value"], dtype="str").drop_duplicates()
    return frame, known.reset_index(drop=True)


_WANTED = {
    "asin": "is no id; every product needs one, as text.",
    "title": "is no text; write it as text or leave it out.",
    "brand": "is no text; write it as text or leave it out.",
    "image": "is no path; give the path of one file below the folder, or leave it out.",
    "categories": 'is no list of paths of categories; write it as [["Clothing", "Shoes"], ...].',
}


def _wrong(line: Mapping[str, Any]) -> str | None:
    """The first field of a product that is not as it should be."""
    if not isinstance(line.get("asin"), str) or not line["asin"]:
        return "asin"
    for name in ("title", "brand", "image"):
        if line.get(name) is not None and not isinstance(line[name], str):
            return name
    paths = line.get("categories")
    listed = paths is None or (
        isinstance(paths, list)
        and all(isinstance(names, list) and all(isinstance(one, str) for one in names) for names in paths)
    )
    return None if listed else "categories"
