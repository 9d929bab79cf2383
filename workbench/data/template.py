"""A small dataset to begin one's own with: tables as CSV, drawn images, and words that explain each column."""

from __future__ import annotations

import io
import shutil
import uuid
import zipfile
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.data.postcards.pictures import Pictures
from workbench.data.postcards.plant import plant
from workbench.data.postcards.scene import CATEGORIES
from workbench.data.postcards.studio import Postcard, postcard, some_kinds
from workbench.data.postcards.world import pictures_of
from workbench.data.schema import CARD, DatasetCard
from workbench.data.write import refuse_existing

USERS, IMAGES, LIKES, PIXELS, SEED = 16, 40, (8, 12), 128, 7
TABLES: Final = {
    "users": ["user", "name"],
    "items": ["item", "name", "creator", "image", "text", "time"],
    "likes": ["user", "item", "time"],
    "follows": ["follower", "followee"],
}
"""The columns of each table of the template."""
README: Final = """A dataset for the explainability workbench
==========================================

Put your own rows into these files and keep the names of files and columns. Only items.csv and likes.csv are needed;
leave a file or an optional column out where you have nothing to write into it. Files are UTF-8 text with a header;
an empty cell means that nothing is known. Ids are whole numbers or text, the same in every table.

items.csv    one row for each image
  item       its id
  name       optional: what it is called
  creator    optional: id of the user who made or uploaded it
  image      optional: path of its file below this folder, with forward slashes (JPEG, PNG, WebP or BMP)
  text       optional: its caption
  time       optional: when it was uploaded, in seconds since 1970 (UTC) or as 2024-05-01 12:00:00

likes.csv    one row for each image that somebody liked; nobody likes the same one twice
  user       who
  item       what
  time       optional: when; models that read likes in their order need it
  split      optional, not used here: train, validation or test; otherwise two likes of each user are held out

users.csv    optional: one row for each user; without it, everybody named in the other tables
  user       her id
  name       optional: what she is called

follows.csv  optional: who follows whom; models of social influence read it
  follower   who follows
  followee   who is followed

images/      the files that the column image of items.csv names

More tables (posts with popularity, regions, attributes, frames of reels) are described in docs/own-data.md.

Check it, make a dataset of it, train on it:
  workbench check THIS_FOLDER
  workbench import tables THIS_FOLDER --out ~/.workbench/mine
  workbench train bpr --data ~/.workbench/mine --out ~/.workbench/mine/runs/bpr
or open the page "Your data" of the app and give it the zip of this folder.

The rows and drawings in it are made up by a program and free to use (CC0-1.0).
"""


def template() -> dict[str, bytes]:
    """The files of the template, by their path in its folder; always the same."""
    cards = [postcard(SEED, number, some_kinds(2), PIXELS, 0) for number in range(IMAGES)]
    tables = _tables(cards)
    card = DatasetCard(
        name="template", licence="CC0-1.0", provenance="The template of the workbench: drawn and made up.", seed=SEED
    )
    files = {f"{name}.csv": tables[name][columns].to_csv(index=False).encode() for name, columns in TABLES.items()}
    files |= {"README.txt": README.encode(), CARD: (card.model_dump_json(indent=2) + "\n").encode()}
    pictures = {str(path): card.jpeg for path, card in zip(tables["items"]["image"], cards, strict=True)}
    return files | {path: jpeg for path, jpeg in pictures.items() if jpeg is not None}


def _tables(cards: list[Postcard]) -> dict[str, pd.DataFrame]:
    made = pictures_of(cards)
    pictures = Pictures(made.items, made.regions, CATEGORIES)
    tables = plant(pictures, SEED, USERS, *LIKES)
    items = tables["items"]
    return tables | {"items": items.assign(name=items["title"])}


def template_zip() -> bytes:
    """The template as a zip whose folder is called ``my-data``; always the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in template().items():
            # The date of the entry is fixed, as that of the first day a zip can tell.
            archive.writestr(zipfile.ZipInfo(f"my-data/{path}"), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_template(folder: Path) -> None:
    """Write the template into a new folder.

    Raises:
        DataError: the folder is taken.
    """
    refuse_existing(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.partial"
    try:
        for path, content in template().items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            (temporary / path).write_bytes(content)
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
