"""Import of the posts of the Social Media Prediction challenge (ACM Multimedia 2017) with the texts UHAN added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from workbench.data.check import check_images, column_faults, listed
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.nouns import WORD
from workbench.data.schema import SCHEMA, Column, DatasetCard
from workbench.data.splits import split_posts
from workbench.data.text_tables import number_ids, read_lines
from workbench.data.write import images_of, refuse_existing, write_dataset

NAME = "smp"
HELP = "Flickr posts with popularity of the SMP challenge (MM 2017), with the titles and descriptions of UHAN."
LICENCE = (
    "For participants in the SMP challenge, research only; cite Wu et al. 2017 (SMP) and Zhang et al. 2018 (UHAN)."
)

TEXTS, DATA, LABELS, URLS, ZONES = "data.json", "train_data.txt", "train_label.txt", "train_url.txt", "TimeZone.txt"
FIELDS = 11
"""Of a line of ``train_data.txt``: pid uid postdate commentcount haspeople titlelen deslen tagcount avgview groupcount
avgmembercount."""
FEWEST_WORDS = 5
NOT_ASCII = r"[^\x00-\x7f]"


class _Text(BaseModel):
    """One line of ``data.json``, as far as it is used."""

    url: str
    title: str | None = ""
    desc: str | None = ""


def import_smp(
    source: Path, out: Path, clean: bool = True, text_only: bool = True, name: str = "smp", seed: int = 0
) -> Dataset:
    """Join texts, posts and labels on their URL and write users, items, posts and the images that are there.

    The text of an item is its title, `` #desc: `` and its description. Its user is the last but one component of the
    URL, the item itself the last. ``popularity`` is the label as it stands in the file, which is log2 of the views per
    day already; ``time`` is the date of the post in seconds, ``utc_offset`` of the users their time zone in hours. Of
    the other columns, those that count comments, views and groups are outcomes of a post and are left out, and so are
    the lengths of the text. The first 70% of the posts in time are train; of the rest a third at random is validation,
    the others are test.

    Args:
        source: folder with data.json, train_data.txt, train_label.txt, train_url.txt, perhaps TimeZone.txt, and images
            in img/train/USER/POST.jpg.
        out: the dataset folder to write; must not exist or be empty.
        clean: drop posts whose text has a character outside ASCII or fewer than 5 words of 2 letters or more, as UHAN
            does; the mark ``desc`` between title and description counts as one of them.
        text_only: keep posts without an image file, with their text alone; otherwise they are dropped.
        name: name of the dataset.
        seed: seed of the split.

    Raises:
        DataError: the source has faults, or no post is left; nothing is written.
    """
    refuse_existing(out)
    posts = _identified(_joined(source))
    kept = _clean(posts["text"]) if clean else np.ones(len(posts), bool)
    there = np.array([(source / path).is_file() for path in posts["image"]], bool)
    posts["image"] = posts["image"].where(kept & there)
    faults = column_faults(TEXTS, SCHEMA["items"]["image"], posts["image"])
    faults += check_images(source, {"items": posts[["image"]]}, {"items": TEXTS})
    if faults:
        raise DataError.of(faults)
    posts = posts[kept if text_only else kept & there]
    if posts.empty:
        raise DataError(f"No post of {source} is left to import; try --no-clean or --text-only.")
    posts = posts.assign(split=split_posts(posts["time"].to_numpy(), seed))
    tables = {
        "users": _users(source, posts),
        "items": posts.rename(columns={"user": "creator"})[["item", "creator", "image", "text", "time"]],
        "posts": posts[["item", "user", "time", "popularity", "split"]],
    }
    number_ids(tables, tuple(tables))
    provenance = f"imported from the SMP challenge's files in {source.resolve().name}, clean={clean}, seed {seed}"
    card = DatasetCard(name=name, licence=LICENCE, provenance=provenance, seed=seed)
    write_dataset(out, card, tables, images_of(tables, source))
    return Dataset.open(out)


run = import_smp


def _joined(source: Path) -> pd.DataFrame:
    """Every post of ``data.json``: url, text, raw_user, time, popularity."""
    texts, posts = _texts(source), _posts(source)
    faults = [
        *listed(TEXTS, "url", texts["url"], texts["url"].duplicated().to_numpy(), "repeats an earlier URL; keep one."),
        *listed(URLS, "url", posts["url"], posts["url"].duplicated().to_numpy(), "repeats an earlier URL; keep one."),
        *listed(TEXTS, "url", texts["url"], ~texts["url"].isin(posts["url"]).to_numpy(), f"is not in {URLS}; add it."),
    ]
    if faults:
        raise DataError.of(faults)
    return texts.merge(posts, on="url", how="left")


def _texts(source: Path) -> pd.DataFrame:
    """Url and text of each line of ``data.json``."""
    rows: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for number, line in enumerate(read_lines(source / TEXTS), 1):
        try:
            entry = _Text.model_validate_json(line)
            rows.append((entry.url, f"{entry.title or ''} #desc: {(entry.desc or '').strip()}"))
        except ValidationError as error:
            first = error.errors()[0]
            reason = ": ".join([*map(str, first["loc"]), first["msg"]])
            faults.append(Fault(TEXTS, number, None, f"is no post ({reason}); correct it."))
    if faults:
        raise DataError.of(faults)
    return pd.DataFrame(rows, columns=["url", "text"])


def _posts(source: Path) -> pd.DataFrame:
    """What the three files in step say of each post: url, raw_user, time, popularity."""
    urls, data, labels = (read_lines(source / file) for file in (URLS, DATA, LABELS))
    if not len(urls) == len(data) == len(labels):
        raise DataError(
            f"{DATA}, {LABELS} and {URLS} have {len(data):,}, {len(labels):,} and {len(urls):,} lines; "
            "they must have one for each post, in the same order."
        )
    fields = [line.split() for line in data]
    faults = [
        Fault(DATA, row, None, f"has {len(values)} fields, not {FIELDS}; correct it.")
        for row, values in enumerate(fields, 1)
        if len(values) != FIELDS
    ]
    if faults:
        raise DataError.of(faults)
    posts = pd.DataFrame({"url": urls, "raw_user": [values[1] for values in fields]}, dtype="str")
    posts["time"] = _numbers(DATA, "postdate", [values[2] for values in fields])
    posts["popularity"] = _numbers(LABELS, "label", labels)
    return posts


def _numbers(file: str, column: str, texts: list[str]) -> pd.Series:
    """Numbers from 0 on, read from text."""
    written = pd.Series(texts, dtype="str")
    numbers = pd.to_numeric(written, errors="coerce")
    faults = column_faults(file, Column(column, "number", low=0), written if numbers.isna().any() else numbers)
    if faults:
        raise DataError.of(faults)
    return numbers


def _identified(posts: pd.DataFrame) -> pd.DataFrame:
    """The posts with the user and the item that their URL names, and where their image would be."""
    parts = [url.rstrip("/").split("/") for url in posts["url"]]
    user, item = (pd.Series(["", *part][-which] for part in parts) for which in (2, 1))
    nameless, repeated = ((user == "") | (item == "")).to_numpy(), item.duplicated().to_numpy()
    faults = [
        *listed(TEXTS, "url", posts["url"], nameless, "names no user and post; it must end in USER/POST."),
        *listed(TEXTS, "url", posts["url"], repeated & ~nameless, "names the post of an earlier URL; keep one."),
    ]
    if faults:
        raise DataError.of(faults)
    return posts.assign(user=user, item=item, image="img/train/" + user + "/" + item + ".jpg")


def _clean(text: pd.Series) -> NDArray[np.bool_]:
    """(posts,) whether a text is English enough: ASCII alone, and at least ``FEWEST_WORDS`` words."""
    clean = ~text.str.contains(NOT_ASCII) & (text.str.count(WORD) >= FEWEST_WORDS)
    return clean.to_numpy(bool)


def _users(source: Path, posts: pd.DataFrame) -> pd.DataFrame:
    """The users of the posts, with their time zone where the source has a file of them."""
    users = posts.drop_duplicates("user")[["user", "raw_user"]].sort_values("user")
    if (source / ZONES).is_file():
        lines = [line.split() for line in read_lines(source / ZONES) if line.strip()]
        # "+08:00": the first three characters are the hours.
        zones = {user: pd.to_numeric(zone[:3]) for user, zone in (line for line in lines if len(line) == 2)}
        users["utc_offset"] = users["raw_user"].map(zones).astype("Int64")
    return users.drop(columns="raw_user")
