"""Image features beside the tables: a memory-mapped float16 array and a card that says where it comes from."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError

FOLDER, CARD, ARRAY = "features", "card.json", "features.npy"


class FeatureCard(BaseModel):
    """Where a feature array comes from.

    Attributes:
        encoder: name of the encoder; ``version`` of it; ``preprocessing`` in words.
        shape: (images, d), the images in the order of the dataset's codes.
        fingerprint: the dataset the rows belong to.
    """

    model_config = ConfigDict(frozen=True)

    encoder: str
    version: str
    preprocessing: str
    shape: tuple[int, ...]
    fingerprint: str


class Features:
    """One feature array of a dataset, opened without being read into memory."""

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
                f"{root} has no image features '{name}': make them with 'workbench features {root} --encoder {name}'"
            ) from None
        except ValueError as fault:
            raise DataError(
                f"{folder / CARD} cannot be read ({str(fault).splitlines()[0]}): make the features again"
            ) from None

    @classmethod
    def write(cls, root: Path, name: str, card: FeatureCard, array: NDArray[np.float16]) -> Features:
        """Write an array and its card, whole or not at all, in place of older ones."""
        folder, part = root / FOLDER / name, root / FOLDER / f".{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        np.save(part / ARRAY, array, allow_pickle=False)
        (part / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        return cls(folder, card)

    def array(self) -> NDArray[np.float16]:
        """The memory-mapped array (images, d)."""
        loaded: NDArray[np.float16] = np.load(self.folder / ARRAY, mmap_mode="r", allow_pickle=False)
        return loaded

    def vectors(self, dataset: Dataset) -> Tensor:
        """Float32 vectors (images, d) of the dataset's images, by code.

        Raises:
            DataError: the features belong to another state of the dataset.
        """
        if self.card.fingerprint != dataset.fingerprint:
            raise DataError(
                f"{self.folder} was made for other tables than {dataset.root} has now: make it again with "
                f"'workbench features {dataset.root} --encoder {self.card.encoder}'"
            )
        return torch.from_numpy(np.asarray(self.array(), dtype=np.float32))
