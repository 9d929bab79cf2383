"""The tables of a dataset as data, and the card beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION: Literal[1] = 1
CARD = "dataset.json"
SPLITS = ("train", "validation", "test")

Kind = Literal["id", "text", "number", "time", "path", "split"]


class DatasetCard(BaseModel):
    """What a dataset is, stored as ``dataset.json``.

    Attributes:
        name: short name shown in the app and in results.
        schema_version: version of the table layout.
        licence: terms of use of the data.
        provenance: where the data comes from and how it was made.
        seed: seed of every random choice about the data (generation, splits).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    schema_version: Literal[1] = SCHEMA_VERSION
    licence: str = ""
    provenance: str = ""
    seed: int = 0


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: name in the file.
        kind: ``id`` (all integers or all text), ``text``, ``number`` (finite), ``time`` (seconds since 1970 UTC or a
            timestamp), ``path`` (relative to the folder, forward slashes), ``split`` (one of ``SPLITS``).
        required: whether a table without the column is refused.
        nullable: whether single cells may be empty.
        of: for ids, the table whose rows the ids name.
        low: smallest allowed number.
        high: largest allowed number.
    """

    name: str
    kind: Kind
    required: bool = True
    nullable: bool = False
    of: str | None = None
    low: float = float("-inf")
    high: float = float("inf")


@dataclass(frozen=True)
class Table:
    """One table of a dataset, in the file ``<name>.parquet``.

    Attributes:
        name: name of the table.
        columns: the columns the workbench reads; files may hold more.
        key: columns whose values together may occur only once; empty where repetition does no harm.
        filled: whether the table must have rows when it is there.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    filled: bool = False

    @property
    def file(self) -> str:
        """Name of the file in the folder of a dataset."""
        return f"{self.name}.parquet"

    def __getitem__(self, column: str) -> Column:
        return next(known for known in self.columns if known.name == column)


def _optional(name: str, kind: Kind, of: str | None = None, nullable: bool = True) -> Column:
    return Column(name, kind, required=False, nullable=nullable, of=of)


BOX = ["x0", "y0", "x1", "y1"]
"""Columns of a box, fractions of width and height: left, top, right, bottom."""


def _box(required: bool) -> tuple[Column, ...]:
    return tuple(Column(name, "number", required=required, nullable=not required, low=0, high=1) for name in BOX)


_USER = Column("user", "id", of="users")
_ITEM = Column("item", "id", of="items")
_SPLIT = _optional("split", "split", nullable=False)

SCHEMA: dict[str, Table] = {
    table.name: table
    for table in (
        Table("users", (_USER, _optional("name", "text")), key=("user",), filled=True),
        Table(
            "items",
            (
                _ITEM,
                _optional("name", "text"),
                _optional("creator", "id", of="users"),
                _optional("image", "path"),
                _optional("text", "text"),
                _optional("time", "time"),
            ),
            key=("item",),
            filled=True,
        ),
        Table(
            "likes",
            (_USER, _ITEM, _optional("time", "time", nullable=False), _SPLIT),
            key=("user", "item"),
            filled=True,
        ),
        Table("follows", (Column("follower", "id", of="users"), Column("followee", "id", of="users"))),
        Table(
            "posts",
            (_ITEM, _USER, Column("time", "time"), Column("popularity", "number", low=0), _SPLIT),
            key=("item", "user"),
            filled=True,
        ),
        Table(
            "regions",
            (
                _ITEM,
                Column("region", "id", of="regions"),
                *_box(True),
                _optional("label", "text"),
                _optional("score", "number"),
            ),
            key=("item", "region"),
        ),
        Table(
            "attributes",
            (_ITEM, Column("attribute", "text"), Column("value", "text"), _optional("region", "id", of="regions")),
        ),
        Table(
            "frames",
            (_ITEM, Column("frame", "id", of="frames"), Column("image", "path"), _optional("time", "time")),
            key=("item", "frame"),
        ),
        Table(
            "causes",
            (
                _USER,
                _ITEM,
                Column("aspect", "text"),
                _optional("kind", "text"),
                _optional("element", "id"),
                *_box(False),
                _optional("words", "text"),
            ),
        ),
    )
}
"""Every table a dataset may have, by name."""
