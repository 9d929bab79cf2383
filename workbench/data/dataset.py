"""A dataset folder, opened: tables with the file's own ids, and tensors with contiguous codes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.check import check_tables, show
from workbench.data.errors import DataError
from workbench.data.images import inside
from workbench.data.ragged import Ragged
from workbench.data.schema import SCHEMA, SPLITS, DatasetCard
from workbench.data.splits import leave_one_out, split_posts
from workbench.data.tables import read_folder, seconds

__all__ = ["Dataset", "DatasetCard", "IdMap"]


class IdMap:
    """Ids of a file, in ascending order, and their contiguous codes 0, 1, 2, ...

    Args:
        ids: ids, in any order and possibly repeated.
        noun: what the ids name, for error sentences: ``"user"`` or ``"item"``.
    """

    def __init__(self, ids: pd.Series | pd.Index, noun: str) -> None:
        values = pd.Index(ids).dropna().unique().sort_values()
        self._ids = values if pd.api.types.is_string_dtype(values) else values.astype(np.int64)
        self._noun = noun

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int | str]:
        return iter(self._ids.tolist())

    @property
    def numeric(self) -> bool:
        """Whether the ids are numbers."""
        return not pd.api.types.is_string_dtype(self._ids)

    def id(self, code: int) -> int | str:
        """The id behind a code."""
        value: int | str = self._ids[int(code)]
        return int(value) if self.numeric else str(value)

    def code(self, id: int | str) -> int:
        """The code of an id; raises a DataError where the dataset has no such id."""
        try:
            return int(self._ids.get_loc(id))
        except KeyError:
            return int(self.codes([id])[0])

    def codes(self, ids: Sequence[int | str] | NDArray[Any] | pd.Series | pd.Index) -> NDArray[np.int64]:
        """The codes (n,) of ids (n,); raises a DataError naming the first id the dataset does not have."""
        values: pd.Index = pd.Index(pd.Series(ids))
        codes: NDArray[np.int64] = self._ids.get_indexer(values).astype(np.int64)
        if (codes < 0).any():
            unknown = values[int(np.argmax(codes < 0))]
            raise DataError(
                f"There is no {self._noun} {show(unknown)} in this dataset; choose one of its {self._noun}s."
            )
        return codes

    def parse(self, text: str) -> int:
        """The code of an id typed as text; raises a DataError where the dataset has no such id."""
        if not self.numeric:
            return self.code(text)
        try:
            number = int(text)
        except ValueError:
            raise DataError(
                f"{self._noun.capitalize()} ids of this dataset are whole numbers, not {show(text)}."
            ) from None
        return self.code(number)


class Dataset:
    """A dataset whose tables have been checked.

    Attributes:
        root: its folder.
        card: what it is.
    """

    def __init__(self, root: Path, card: DatasetCard, tables: dict[str, pd.DataFrame]) -> None:
        self.root = root
        self.card = card
        self._tables = tables

    @classmethod
    def open(cls, folder: Path | str) -> Dataset:
        """Read the tables of a folder and check columns, types and references; images are not decoded.

        Raises:
            DataError: something is broken; its ``faults`` list all of it.
        """
        root = Path(folder)
        if not root.is_dir():
            raise DataError(f"There is no dataset folder at {root}; check the path or import data there.")
        card, tables, faults = read_folder(root)
        faults += check_tables(tables, unreadable={fault.file for fault in faults})
        if faults or card is None:
            raise DataError.of(faults)
        return cls(root, card, tables)

    @property
    def name(self) -> str:
        """Name of the dataset, from its card."""
        return self.card.name

    def has(self, table: str) -> bool:
        """Whether the dataset has a table."""
        return table in self._tables

    def table(self, name: str) -> pd.DataFrame:
        """A table with the file's own ids and row order; not to be changed.

        Raises:
            DataError: the dataset has no such table.
        """
        if name not in self._tables:
            raise DataError(f"The dataset {self.name} has no table {name}; it has {', '.join(self._tables)}.")
        return self._tables[name]

    @cached_property
    def fingerprint(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 over the card and the contents of the tables."""
        digest = hashlib.sha256(self.card.model_dump_json().encode())
        for name, frame in sorted(self._tables.items()):
            for column in sorted(frame.columns):
                values = frame[column]
                # Columns of lists and the like are not hashable; their printed form is.
                values = values.map(repr) if values.dtype == object else values
                digest.update(f"{name}.{column}:{len(values)}".encode())
                digest.update(pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def users(self) -> IdMap:
        """Everybody the table of users lists; without one, everybody any table names (nobody, for pictures alone)."""
        if self.has("users"):
            return IdMap(self.table("users")["user"], "user")
        named = [
            self._tables[name][column.name].dropna()
            for name, table in SCHEMA.items()
            if name in self._tables
            for column in table.columns
            if column.of == "users" and column.name in self._tables[name]
        ]
        known = [ids[ids != ""] for ids in named if len(ids)]
        return IdMap(pd.concat(known) if known else pd.Series(dtype="int64"), "user")

    @cached_property
    def items(self) -> IdMap:
        """Every item of the table of items."""
        return IdMap(self.table("items")["item"], "item")

    def likes(self, *splits: str) -> tuple[Tensor, Tensor]:
        """User and item codes (n,), (n,) of the likes of the given splits (all without any).

        Ordered by user, then as in the file. Where the table has no split, one like of every user is held out for
        the test and one for validation, drawn with the seed of the card.
        """
        wrong = set(splits) - set(SPLITS)
        if wrong:
            raise DataError(f"There is no split {show(min(wrong))}; choose among {', '.join(SPLITS)}.")
        users, items, codes, _ = self.coded_likes
        if not splits:
            return users, items
        keep = torch.isin(codes, torch.tensor([SPLITS.index(split) for split in splits]))
        return users[keep], items[keep]

    @cached_property
    def coded_likes(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """User codes, item codes, split (0 train, 1 validation, 2 test) and row of the table, (n,) each, of all likes.

        Ordered as those of ``likes``.
        """
        if not self.has("likes"):
            none = torch.empty(0, dtype=torch.int64)
            return none, none, none, none
        likes = self.table("likes")
        words = likes["split"] if "split" in likes else leave_one_out(likes, self.card.seed)
        users = torch.from_numpy(self.users.codes(likes["user"]))
        items = torch.from_numpy(self.items.codes(likes["item"]))
        splits = torch.from_numpy(pd.Index(SPLITS).get_indexer(pd.Index(words)).astype(np.int64))
        order = torch.argsort(users, stable=True)
        return users[order], items[order], splits[order], order

    def posts(self, *splits: str) -> tuple[Tensor, Tensor, Tensor]:
        """Users, items (codes) and popularity, each (n,), of the posts of the given splits (all without any), as filed.

        Where the table has no split, the first 70% in time are train; of the rest a third, drawn with the seed of the
        card, is validation and the others are test.
        """
        if not self.has("posts"):
            none = torch.empty(0, dtype=torch.int64)
            return none, none, torch.empty(0)
        posts = self.table("posts")
        if "split" in posts:
            words = posts["split"].to_numpy(str)
        else:
            words = split_posts(posts["time"].to_numpy(), np.random.default_rng(self.card.seed))
        posts = posts[np.isin(words, splits or SPLITS)]
        users = torch.from_numpy(self.users.codes(posts["user"]))
        items = torch.from_numpy(self.items.codes(posts["item"]))
        return users, items, torch.from_numpy(posts["popularity"].to_numpy("float32", copy=True))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """(items) the caption of each, empty where there is none."""
        texts = self._item_column("text")
        return ("",) * len(self.items) if texts is None else tuple(texts.fillna("").astype(str))

    @cached_property
    def history(self) -> Ragged:
        """Users -> items they liked in the train split."""
        return Ragged.from_pairs(*self.likes("train"), len(self.users))

    @cached_property
    def known(self) -> Ragged:
        """Users -> items they liked in any split."""
        return Ragged.from_pairs(*self.likes(), len(self.users))

    @cached_property
    def uploads(self) -> Ragged:
        """Users -> items they created."""
        items = torch.nonzero(self.creator >= 0).squeeze(1)
        return Ragged.from_pairs(self.creator[items], items, len(self.users))

    @cached_property
    def follows(self) -> Ragged:
        """Followers -> the people they follow, each once however often the table repeats it."""
        if not self.has("follows"):
            none = torch.empty(0, dtype=torch.int64)
            return Ragged.from_pairs(none, none, len(self.users))
        table = self.table("follows")[["follower", "followee"]].drop_duplicates()
        followers = torch.from_numpy(self.users.codes(table["follower"]))
        followees = torch.from_numpy(self.users.codes(table["followee"]))
        return Ragged.from_pairs(followers, followees, len(self.users))

    @cached_property
    def creator(self) -> Tensor:
        """(items,) code of the user who created the item, -1 where unknown."""
        creator = torch.full((len(self.items),), -1, dtype=torch.int64)
        creators = self._item_column("creator")
        if creators is not None:
            present = (creators.notna() & (creators != "")).to_numpy(bool)
            creator[torch.from_numpy(np.flatnonzero(present))] = torch.from_numpy(self.users.codes(creators[present]))
        return creator

    @cached_property
    def uploaded(self) -> Tensor:
        """(items,) seconds since 1970 at which each was uploaded: its own time, else its first post's; NaN without."""
        found = torch.full((len(self.items),), torch.nan, dtype=torch.float64)
        tables = [self.table("posts").sort_values("time", ascending=False)] if self.has("posts") else []
        tables += [self.table("items")] if "time" in self.table("items") else []
        for table in tables:
            timed = table[table["time"].notna()]
            found[torch.from_numpy(self.items.codes(timed["item"]))] = torch.from_numpy(seconds(timed["time"])).double()
        return found

    def user_label(self, code: int) -> str:
        """A user's name; without one ``user 12`` for a number and the id itself for text."""
        name = None if self._names is None else self._names.iloc[code]
        if isinstance(name, str) and name:
            return name
        known = self.users.id(code)
        return known if isinstance(known, str) else f"user {known}"

    def item_label(self, code: int) -> str:
        """An item's name; without one ``image 482``."""
        names = self._item_words.get("name")
        name = None if names is None else names[code]
        return name if isinstance(name, str) and name else f"image {self.items.id(code)}"

    def image_relative(self, code: int) -> str | None:
        """Path of an item's image, relative to the folder; None where it has none."""
        images = self._item_words.get("image")
        path = None if images is None else images[code]
        return path if isinstance(path, str) and path else None

    def image_path(self, code: int) -> Path | None:
        """The file of an item's image; None where it has none.

        Raises:
            DataError: the path leads out of the folder through a link.
        """
        relative = self.image_relative(code)
        if relative is None:
            return None
        path = inside(self.root, relative)
        if path is None:
            raise DataError(
                f"items.parquet, column image: {show(relative)} leads out of the folder; replace the link by the file."
            )
        return path

    @cached_property
    def _names(self) -> pd.Series | None:
        if not self.has("users") or "name" not in self.table("users"):
            return None
        return self.table("users").sort_values("user")["name"]

    @cached_property
    def _items_by_code(self) -> pd.DataFrame:
        return self.table("items").sort_values("item")

    @cached_property
    def _item_words(self) -> dict[str, list[object]]:
        """Names and images of the items by code, as lists, which are read one by one many times as fast."""
        return {name: self._items_by_code[name].tolist() for name in ("name", "image") if name in self._items_by_code}

    def _item_column(self, name: str) -> pd.Series | None:
        return self._items_by_code.get(name)
