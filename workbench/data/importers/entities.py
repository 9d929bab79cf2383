"""Import of photos with captions and boxes of the things their phrases name, as in Flickr30k Entities.

The source has no people: the dataset is pictures alone, for ``workbench plant`` to plant a social life on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workbench.data.check import check_images, check_tables, listed, table_faults
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError, Fault
from workbench.data.nouns import head_noun
from workbench.data.schema import Column, DatasetCard, Table
from workbench.data.text_tables import number_ids, read_csv
from workbench.data.write import images_of, refuse_existing, write_dataset

NAME = "entities"
HELP = "Photos with captions and phrase boxes, as in Flickr30k Entities: pictures to plant a social life on."
LICENCE = (
    "Research and education only; photos belong to their owners on Flickr. "
    "Cite Hodosh et al. 2013 (Flickr8k), Young et al. 2014 (Flickr30k) and Plummer et al. 2015 (Flickr30k Entities)."
)

SOURCE = (
    Table("images", (Column("file", "path"), Column("flickr_id", "id")), filled=True),
    Table("captions", (Column("file", "path"), Column("caption", "number"), Column("text", "text"))),
    Table(
        "boxes",
        (
            Column("flickr_id", "id"),
            Column("entity", "number", low=0),
            *(Column(f"{side}_n", "number", low=0, high=1) for side in ("xmin", "ymin", "xmax", "ymax")),
        ),
        filled=True,
    ),
    Table(
        "phrases",
        (
            Column("flickr_id", "id"),
            Column("entity", "number", low=0),
            Column("types", "text"),
            Column("phrase", "text"),
        ),
    ),
)
CORNERS = {"xmin_n": "x0", "ymin_n": "y0", "xmax_n": "x1", "ymax_n": "y1"}
ENTITY = ["flickr_id", "entity"]


def import_entities(source: Path, out: Path, captions: int = 1, name: str | None = None) -> Dataset:
    """Turn photos with captions and phrase boxes into a dataset of pictures: items, and regions with labels.

    Regions are numbered from 0 in each photo. Their label is the head noun that most of the entity's phrases have, in
    the singular; it is empty where none names a thing. Further columns: ``entity``, the number in the source, and
    ``types``, the type most of the phrases have (``people``, ``animals``, ...).

    Args:
        source: folder with ``images.csv`` (file, flickr_id), ``captions.csv`` (file, caption, text), ``boxes.csv``
            (flickr_id, entity, xmin_n, ymin_n, xmax_n, ymax_n as fractions), ``phrases.csv`` (flickr_id, entity, types,
            phrase) and the photos in ``images/``.
        out: the dataset folder to write; must not exist or be empty.
        captions: how many captions of a photo make up its text, the first ones in order.
        name: name of the dataset; by default the source folder's name.

    Raises:
        DataError: the source has faults (all of them listed) or ``captions`` is below 1; nothing is written.
    """
    refuse_existing(out)
    if captions < 1:
        raise DataError(f"A photo needs a text, and {captions} captions make none; ask for 1 or more.")
    images, written, boxes, phrases = _read(source)
    texts = _texts(written, captions)
    items = pd.DataFrame(
        {
            "item": images["flickr_id"],
            "image": "images/" + images["file"],
            "text": images["file"].map(texts).fillna(""),
        }
    )
    tables = {"items": items, "regions": _regions(boxes, phrases)}
    number_ids(tables, ("items", "regions"))
    files = {"items": "images.csv", "regions": "boxes.csv"}
    faults = check_tables(tables, files) + check_images(source, tables, files)
    if faults:
        raise DataError.of(faults)
    card = DatasetCard(
        name=name or source.resolve().name,
        licence=LICENCE,
        provenance=f"imported from the photos, captions and phrase boxes in {source.resolve().name}",
    )
    write_dataset(out, card, tables, images_of(tables, source))
    return Dataset.open(out)


run = import_entities


def _read(source: Path) -> Sequence[pd.DataFrame]:
    """The four tables of the source, without phrases that stand for nothing to be seen (entity 0)."""
    frames: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    for table in SOURCE:
        path = source / f"{table.name}.csv"
        if not path.is_file():
            faults.append(Fault(path.name, None, None, f"is missing in {source}; add it."))
            continue
        try:
            frames[table.name] = read_csv(path, table)
            faults += table_faults(table, path.name, frames[table.name])
        except DataError as error:
            faults += error.faults
    if not faults:
        for name, key in (("captions", "file"), ("boxes", "flickr_id"), ("phrases", "flickr_id")):
            ids = frames[name][key]
            wrong = ~ids.isin(frames["images"][key]).to_numpy(bool)
            faults += listed(f"{name}.csv", key, ids, wrong, "is not in images.csv; add it there or remove the row.")
    if faults:
        raise DataError.of(faults)
    frames["phrases"] = frames["phrases"].query("entity > 0")
    return [frames[table.name] for table in SOURCE]


def _texts(captions: pd.DataFrame, count: int) -> pd.Series:
    """The text of each photo by its file: its first ``count`` captions, each a sentence with a full stop."""
    ordered = captions.sort_values(["file", "caption"], kind="stable")
    sentences = ordered["text"].str.rstrip(" .") + "."
    return sentences[ordered.groupby("file").cumcount() < count].groupby(ordered["file"]).agg(" ".join)


def _regions(boxes: pd.DataFrame, phrases: pd.DataFrame) -> pd.DataFrame:
    """One region for each box, in their order."""
    heads = {phrase: head_noun(phrase) for phrase in phrases["phrase"].unique()}
    named = phrases.assign(label=phrases["phrase"].map(heads))
    regions = boxes.merge(_usual(named[named["label"] != ""], "label"), on=ENTITY, how="left")
    regions = regions.merge(_usual(named, "types"), on=ENTITY, how="left")
    regions.insert(1, "region", regions.groupby("flickr_id").cumcount())
    return regions.rename(columns={"flickr_id": "item", **CORNERS})


def _usual(phrases: pd.DataFrame, column: str) -> pd.DataFrame:
    """The most frequent value of each entity, the one that comes first where several are."""
    counts = phrases.groupby([*ENTITY, column], sort=False).size().reset_index(name="count")
    ordered = counts.sort_values("count", ascending=False, kind="stable")
    return ordered.drop_duplicates(ENTITY)[[*ENTITY, column]]
