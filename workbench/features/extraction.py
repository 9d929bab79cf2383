"""The features of a whole dataset: in parts that survive an interruption and can be shared by several processes."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from filelock import FileLock
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.images import inside
from workbench.data.schema import BOX
from workbench.features.encoders.base import Encoder, Grid, Picture, Report
from workbench.features.pictures import read_picture
from workbench.features.store import FOLDER, FRAMES, FeatureCard, Features, check_name

Of = Literal["images", "frames"]
Part = dict[str, NDArray[np.generic]]
PART = 256
"""Images in a part."""
BATCH = 16
SETTINGS = "settings.json"
WHOLE_BOX = np.array([[0, 0, 1, 1]], np.float32)


@dataclass(frozen=True)
class Shot:
    """One picture to encode: its place among the images of a part, its file, the id of the frame."""

    place: int
    path: Path
    frame: int | str = 0


@dataclass
class _Rows:
    """The rows of a part as they come."""

    images: int
    vectors: list[NDArray[np.float16]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    columns: dict[str, list[NDArray[np.generic]]] = field(default_factory=dict)

    def add(self, place: int, vectors: NDArray[np.float32], **columns: NDArray[np.generic]) -> None:
        self.vectors.append(vectors.astype(np.float16))
        self.places += [place] * len(vectors)
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(values)

    def arrays(self) -> Part:
        part: Part = {"lengths": np.bincount(np.array(self.places, np.int64), minlength=self.images)}
        if self.vectors:
            part["vectors"] = np.concatenate(self.vectors)
            part |= {name: np.concatenate(values) for name, values in self.columns.items()}
        return part


def default_name(encoder: str, of: Of = "images", grid: Grid | None = None) -> str:
    """What features are called unless told otherwise: the encoder without its folder, the grid asked for, the kind."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(encoder).name).lstrip(".-") or "features"
    cells = "" if grid is None else f"-{grid[0]}" if grid[0] == grid[1] else f"-{grid[0]}x{grid[1]}"
    return plain + cells + (FRAMES if of == "frames" else "")


def extract(
    dataset: Dataset,
    encoder: Encoder,
    name: str | None = None,
    *,
    of: Of = "images",
    batch: int = BATCH,
    shard: tuple[int, int] = (0, 1),
    report: Report | None = None,
) -> Features | None:
    """Encode the pictures of a dataset and keep the result beside its tables.

    The work is cut into parts; those that an earlier call with the same settings has finished are kept. Whoever finds
    all of them there puts them together.

    Args:
        name: what the features will be called; by default ``default_name``.
        of: one row for each region of an image, or one, the mean over its regions, for each frame of its reel.
        batch: pictures encoded at a time.
        shard: (k, n): do only every n-th part, from the k-th.
        report: told how much is done of this shard, and how fast.

    Returns:
        The features, or None while other shards are still at work.

    Raises:
        DataError: no image has a picture, one cannot be read, or there are parts made with other settings.
    """
    name = check_name(name or default_name(encoder.name, of))
    count = len(dataset.items)
    if not any(dataset.image_relative(code) for code in range(count)) and not (of == "frames" and _frames(dataset)):
        raise DataError(f"{dataset.root / 'items.parquet'}: no image has a picture, so there is nothing to encode")
    card = _card(dataset, encoder, of)
    folder = _parts_folder(dataset.root / FOLDER, name, card)
    numbers = range(shard[0], -(-count // PART), shard[1])
    frames = _frames(dataset) if of == "frames" else {}
    speed = _Speed(report, len(numbers) * PART)
    for number in numbers:
        codes = range(number * PART, min(number * PART + PART, count))
        if not _part(folder, number).is_file():
            rows = _encode(encoder, _shots(dataset, codes, of, frames), batch, of, len(codes), speed)
            _write_part(_part(folder, number), rows.arrays())
        speed.done(codes)
    return _assemble(dataset, name, card, folder)


@dataclass
class _Speed:
    """Tells how much is done and how many pictures a second."""

    report: Report | None
    total: int
    images: int = 0
    pictures: int = 0
    began: float = field(default_factory=time.perf_counter)

    def seen(self, pictures: int, place: int) -> None:
        """``pictures`` more were encoded, up to the image at ``place`` of the part."""
        self.pictures += pictures
        self._tell(self.images + place)

    def done(self, codes: range) -> None:
        """A part is complete."""
        self.images += len(codes)
        self._tell(self.images)

    def _tell(self, images: int) -> None:
        if self.report:
            rate = self.pictures / max(time.perf_counter() - self.began, 1e-6)
            self.report(min(images / self.total, 1.0), f"encoding, {rate:,.0f} a second")


def _card(dataset: Dataset, encoder: Encoder, of: Of) -> FeatureCard:
    return FeatureCard(
        encoder=encoder.name,
        version=encoder.version,
        preprocessing=encoder.preprocessing,
        shape=(0, 0),
        fingerprint=dataset.fingerprint,
        of=of,
        grid=encoder.grid if of == "images" else None,
        quality=dict(encoder.quality),
        attributes=dict(encoder.attributes) if of == "images" else {},
    )


def _parts_folder(home: Path, name: str, card: FeatureCard) -> Path:
    """The folder of the parts, which belong to one card alone."""
    folder = home / f".{name}.parts"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f".{name}.lock"):
        settings = folder / SETTINGS
        if not settings.is_file():
            folder.mkdir(exist_ok=True)
            settings.write_text(card.model_dump_json(indent=1), encoding="utf-8")
        elif FeatureCard.model_validate_json(settings.read_text(encoding="utf-8")) != card:
            raise DataError(
                f"{folder} holds parts made with another encoder, grid or tables: finish them as they were begun, "
                "remove the folder, or take another --name"
            )
    return folder


def _part(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.npz"


def _write_part(path: Path, arrays: Part) -> None:
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(path)


def _frames(dataset: Dataset) -> dict[int, list[tuple[int | str, str]]]:
    """Id and path of the frames of each image that has some, by code, in the order of time."""
    if not dataset.has("frames"):
        return {}
    table = dataset.table("frames")
    if "time" in table:
        table = table.sort_values("time", kind="stable")
    found: dict[int, list[tuple[int | str, str]]] = {}
    codes = dataset.items.codes(table["item"]).tolist()
    for code, frame, image in zip(codes, table["frame"].tolist(), table["image"], strict=True):
        found.setdefault(code, []).append((frame, image))
    return found


def _shots(dataset: Dataset, codes: range, of: Of, frames: dict[int, list[tuple[int | str, str]]]) -> list[Shot]:
    """The pictures of the images ``codes``: their frames, where frames are asked for and there are some."""
    shots = []
    # One column holds the ids of all frames, so a picture that is its own only frame is named as its neighbours are.
    lone: int | str = "0" if any(isinstance(listed[0][0], str) for listed in frames.values()) else 0
    for place, code in enumerate(codes):
        if of == "frames" and code in frames:
            for frame, relative in frames[code]:
                path = inside(dataset.root, relative)
                if path is None:
                    raise DataError(f"frames.parquet: {relative} leads out of the folder; replace the link by the file")
                shots.append(Shot(place, path, frame))
        elif (path := dataset.image_path(code)) is not None:
            shots.append(Shot(place, path, lone))
    return shots


def _encode(encoder: Encoder, shots: Sequence[Shot], batch: int, of: Of, images: int, speed: _Speed) -> _Rows:
    rows = _Rows(images)
    for some, pictures in _read_ahead(shots, batch):
        encoded = encoder.encode(pictures)
        for k, shot in enumerate(some):
            vectors = np.asarray(encoded.vectors[k], np.float32)
            if of == "frames":
                rows.add(shot.place, vectors.mean(0, keepdims=True), boxes=WHOLE_BOX, region=np.array([shot.frame]))
                continue
            columns: dict[str, NDArray[np.generic]] = {}
            if encoded.boxes is not None:
                columns |= {"boxes": encoded.boxes[k], "region": np.arange(len(vectors))}
            if encoded.labels is not None:
                columns["label"] = np.array(encoded.labels[k], dtype=str)
            if encoded.scores is not None:
                columns["score"] = encoded.scores[k]
            if encoded.attributes is not None:
                columns["attribute"] = np.array(encoded.attributes[k], dtype=str)
            rows.add(shot.place, vectors, **columns)
        speed.seen(len(some), some[-1].place)
    return rows


def _read_ahead(shots: Sequence[Shot], batch: int) -> Iterator[tuple[Sequence[Shot], list[Picture]]]:
    """Batches of pictures; the next one is read while one is encoded."""
    batches = [shots[start : start + batch] for start in range(0, len(shots), batch)]
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(_read, some) for some in batches[:1]]
        for number, some in enumerate(batches):
            pictures = waiting.pop().result()
            waiting = [pool.submit(_read, later) for later in batches[number + 1 : number + 2]]
            yield some, pictures


def _read(shots: Sequence[Shot]) -> list[Picture]:
    return [read_picture(shot.path) for shot in shots]


def _assemble(dataset: Dataset, name: str, card: FeatureCard, folder: Path) -> Features | None:
    """The features out of all parts, if they are there; the parts are then removed."""
    paths = [_part(folder, number) for number in range(-(-len(dataset.items) // PART))]
    with FileLock(dataset.root / FOLDER / f".{name}.lock"):
        if not folder.is_dir():
            return Features.open(dataset.root, name)
        if not all(path.is_file() for path in paths):
            return None
        lengths = np.concatenate([_load(path, "lengths") for path in paths])
        full = [path for path in paths if _load(path, "lengths").any()]
        width = _load(full[0], "vectors").shape[1]
        made = card.model_copy(update={"shape": (int(lengths.sum()), width), "missing": int((lengths == 0).sum())})
        regions = None if card.grid is not None else _regions(full)
        blocks = (_load(path, "vectors").astype(np.float16) for path in full)
        features = Features.write(dataset.root, name, made, blocks, lengths.astype(np.int64), regions)
        shutil.rmtree(folder)
    return features


def _load(path: Path, name: str) -> NDArray[np.generic]:
    with np.load(path, allow_pickle=False) as arrays:
        loaded: NDArray[np.generic] = arrays[name]
        return loaded


def _regions(paths: Sequence[Path]) -> pd.DataFrame:
    tables = []
    for path in paths:
        with np.load(path, allow_pickle=False) as arrays:
            table = pd.DataFrame(arrays["boxes"].astype(np.float32), columns=BOX)
            table.insert(0, "region", arrays["region"])
            for name in ("label", "score", "attribute"):
                if name in arrays:
                    table[name] = arrays[name]
            tables.append(table)
    return pd.concat(tables, ignore_index=True)
