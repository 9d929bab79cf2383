"""Features beside the tables: one memory-mapped float16 row for each region of each image, and where it comes from."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.schema import BOX

FOLDER, CARD, ARRAY, LENGTHS, REGIONS = "features", "card.json", "features.npy", "lengths.npy", "regions.parquet"
WHOLE = (1, 1)
"""The grid of features that describe whole images."""
FRAMES = "-frames"
"""How the names of features of frames end unless told otherwise."""
BLOCK = 1024
"""Images whose regions are averaged at a time."""


class FeatureCard(BaseModel):
    """Where a feature array comes from.

    Attributes:
        encoder: name of the encoder, as ``workbench features --encoder`` takes it; ``version`` of it;
            ``preprocessing`` in words.
        shape: (regions of all images, d), the images in the order of the dataset's codes.
        fingerprint: the dataset the rows belong to.
        of: whether a region is a part of an image or a frame of a reel (a picture without a reel is its only frame).
        grid: (rows, columns) where every image has the same regular grid of regions, row by row; None where the boxes
            are listed one by one.
        missing: images without a picture, which have no regions.
        quality: how well the encoder does what it was trained for on this dataset, on held-out images, 0..1.
        attributes: where regions are what shows an attribute, the attributes and the values each can have.
    """

    model_config = ConfigDict(frozen=True)

    encoder: str
    version: str
    preprocessing: str
    shape: tuple[int, int]
    fingerprint: str
    of: Literal["images", "frames"] = "images"
    grid: tuple[int, int] | None = WHOLE
    missing: int = 0
    quality: Mapping[str, float] = {}
    attributes: Mapping[str, tuple[str, ...]] = {}


def grid_boxes(rows: int, columns: int) -> NDArray[np.float32]:
    """Boxes (rows * columns, 4) of a regular grid: x0, y0, x1, y1 as fractions, row by row."""
    y, x = np.divmod(np.arange(rows * columns), columns)
    boxes = np.stack([x / columns, y / rows, (x + 1) / columns, (y + 1) / rows], 1)
    return boxes.astype(np.float32)


def check_name(name: str) -> str:
    """A name that features can have.

    Raises:
        DataError: it is not a plain folder name.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", name):
        raise DataError(f"'{name}' cannot be a name of features: use letters, digits, '.', '-' and '_'")
    return name


def _options(name: str) -> str:
    """The options that make the features which ``workbench features`` calls ``name`` unless told otherwise."""
    return f"--encoder {name.removesuffix(FRAMES)} --of frames" if name.endswith(FRAMES) else f"--encoder {name}"


def _instead(root: Path, name: str) -> str:
    """The features of the same kind as ``name`` that are there, as the end of a sentence."""
    every = (card.parent.name for card in (root / FOLDER).glob(f"*/{CARD}"))
    there = sorted(one for one in every if one.endswith(FRAMES) == name.endswith(FRAMES) and not one.startswith("."))
    return f", or choose others with --set features={'|'.join(there)}" if there else ""


def _write_rows(path: Path, shape: tuple[int, int], blocks: Iterable[NDArray[np.float16]]) -> None:
    """Write blocks of rows as one ``.npy`` file without holding all of them."""
    with path.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, "<f2").tobytes())


def check_made_for(dataset: Dataset, folder: Path, fingerprint: str, command: str) -> None:
    """Refuse what was made beside the tables of a dataset for another state of them.

    Raises:
        DataError: the ``fingerprint`` is another one; the ``command`` makes the ``folder`` again.
    """
    if fingerprint != dataset.fingerprint:
        raise DataError(
            f"{folder} was made for other tables than {dataset.root} has now: make it again with '{command}'"
        )


class Features:
    """The features of a dataset, opened without being read into memory."""

    def __init__(self, folder: Path, card: FeatureCard) -> None:
        self.folder, self.card = folder, card

    @classmethod
    def open(cls, root: Path, name: str) -> Features:
        """The features called ``name`` of the dataset in ``root``.

        Raises:
            DataError: they have not been made, or their card cannot be read.
        """
        folder = root / FOLDER / name
        try:
            return cls(folder, FeatureCard.model_validate_json((folder / CARD).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise DataError(
                f"{root} has no image features '{name}': make them with 'workbench features {root} {_options(name)}'"
                f"{_instead(root, name)}"
            ) from None
        except ValueError as fault:
            raise DataError(
                f"{folder / CARD} cannot be read ({str(fault).splitlines()[0]}): make the features again"
            ) from None

    @classmethod
    def write(
        cls,
        root: Path,
        name: str,
        card: FeatureCard,
        array: NDArray[np.float16] | Iterable[NDArray[np.float16]],
        lengths: NDArray[np.int64] | None = None,
        regions: pd.DataFrame | None = None,
    ) -> Features:
        """Write an array and its card, whole or not at all, in place of older ones.

        Args:
            root: folder of the dataset.
            name: how models will ask for the features.
            card: where they come from.
            array: (regions of all images, d), whole or in consecutive blocks of rows.
            lengths: (images,) regions of each image; one each if left out.
            regions: columns region, x0, y0, x1, y1, [label], [score], [attribute], a row for each row of ``array``;
                where the card names no grid.

        Raises:
            DataError: ``name`` is not a plain folder name.
        """
        check_name(name)
        folder, part = root / FOLDER / name, root / FOLDER / f".{name}.whole"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write_rows(part / ARRAY, card.shape, [array] if isinstance(array, np.ndarray) else array)
        np.save(part / LENGTHS, np.ones(card.shape[0], np.int64) if lengths is None else lengths, allow_pickle=False)
        if regions is not None:
            regions.to_parquet(part / REGIONS, index=False)
        (part / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        return cls(folder, card)

    @classmethod
    def of_pictures(cls, card: FeatureCard, lengths: Sequence[int], boxes: NDArray[np.float32] | None) -> Features:
        """What names the regions of pictures no dataset holds, encoded as ``card`` says; there is no array on disk.

        Args:
            card: of the features the pictures were encoded like.
            lengths: (pictures,) how many regions each has.
            boxes: (regions of all pictures, 4); None where the card names a grid.
        """
        rows = sum(lengths)
        features = cls(Path(), card.model_copy(update={"shape": (rows, card.shape[1])}))
        features.sets = Ragged.from_lengths(torch.tensor(lengths, dtype=torch.int64), torch.arange(rows))
        if boxes is not None:
            features.boxes = boxes
        return features

    def check(self, dataset: Dataset) -> Features:
        """These features, if they belong to the ``dataset`` as it is now.

        Raises:
            DataError: they belong to another state of it.
        """
        check_made_for(dataset, self.folder, self.card.fingerprint, self.command(dataset.root))
        return self

    def command(self, root: Path) -> str:
        """The command that makes these features of the dataset in ``root`` again."""
        card = self.card
        grid = f" --grid {card.grid[0]}x{card.grid[1]}" if card.grid not in (None, WHOLE) else ""
        frames = " --of frames" if card.of == "frames" else ""
        return f"workbench features {root} --encoder {card.encoder}{grid}{frames} --name {self.folder.name}"

    def array(self) -> NDArray[np.float16]:
        """The memory-mapped array (regions of all images, d)."""
        # Copy-on-write, because torch warns of arrays that it could not write to.
        loaded: NDArray[np.float16] = np.load(self.folder / ARRAY, mmap_mode="c", allow_pickle=False)
        return loaded

    def tensor(self) -> Tensor:
        """The array (regions of all images, d) as a float16 tensor over the same mapped memory."""
        return torch.from_numpy(self.array())

    @cached_property
    def sets(self) -> Ragged:
        """Images -> rows of the array."""
        lengths = torch.from_numpy(np.load(self.folder / LENGTHS, allow_pickle=False))
        return Ragged.from_lengths(lengths, torch.arange(self.card.shape[0]))

    def image_of(self, row: int) -> int:
        """Code of the image that a row of the array belongs to."""
        return int(torch.searchsorted(self.sets.offsets, row, right=True)) - 1

    @cached_property
    def boxes(self) -> NDArray[np.float32]:
        """(regions of all images, 4) x0, y0, x1, y1 as fractions of width and height."""
        if self.card.grid is not None:
            one = grid_boxes(*self.card.grid)
            return np.tile(one, (self.card.shape[0] // len(one), 1))
        table = pd.read_parquet(self.folder / REGIONS, columns=BOX)
        return table.to_numpy(np.float32)

    @cached_property
    def shown(self) -> pd.DataFrame:
        """What each region shows, where regions show attributes: attribute, label (its value), score, boxes, by row.

        Raises:
            DataError: these are no features of attributes.
        """
        if not self.card.attributes:
            raise DataError(
                f"{self.folder} holds no attributes: make features of them with "
                f"'workbench features {self.folder.parent.parent} --encoder attributes'"
            )
        return pd.read_parquet(self.folder / REGIONS, columns=["attribute", "label", "score", *BOX])

    def regions(self, dataset: Dataset) -> pd.DataFrame:
        """The regions in the layout of the dataset's own table: item, region, x0, y0, x1, y1, [label], [score]."""
        sets = self.sets
        ids = np.array(list(dataset.items), dtype=object)[sets.rows.numpy()]
        table = pd.DataFrame(self.boxes, columns=BOX)
        table.insert(0, "item", pd.Series(ids).infer_objects())
        table.insert(1, "region", (sets.values - sets.offsets[sets.rows]).numpy())
        if self.card.grid is None:
            listed = pd.read_parquet(self.folder / REGIONS)
            for name in listed.columns:
                table[name] = listed[name]
        return table

    @cached_property
    def region_ids(self) -> list[int | str]:
        """(regions of all images) the number of each region in its image, or the id of each frame."""
        sets = self.sets
        if self.card.of == "frames":
            frames: list[int | str] = pd.read_parquet(self.folder / REGIONS, columns=["region"])["region"].tolist()
            return frames
        numbers: list[int | str] = (sets.values - sets.offsets[sets.rows]).tolist()
        return numbers

    def vectors(self, dataset: Dataset) -> Tensor:
        """Float32 vectors (images, d) of the dataset's images, by code: the mean over each image's regions.

        An image without regions has the vector 0.

        Raises:
            DataError: the features belong to another state of the dataset.
        """
        sets = self.check(dataset).sets
        if self.card.grid == WHOLE and not self.card.missing:
            return torch.from_numpy(np.asarray(self.array(), dtype=np.float32))
        rows, parts = self.tensor(), []
        for start in range(0, len(sets), BLOCK):
            offsets = sets.offsets[start : start + BLOCK + 1]
            block = rows[int(offsets[0]) : int(offsets[-1])].float()
            bags = offsets - offsets[0]
            places = torch.arange(len(block))
            parts.append(functional.embedding_bag(places, block, bags, mode="mean", include_last_offset=True))
        return torch.cat(parts)
