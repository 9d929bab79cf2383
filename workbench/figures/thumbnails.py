"""Pictures of a dataset as squares, whole or in part: never stretched, read with a bound."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from workbench.data.errors import DataError
from workbench.data.images import FORMATS, MAX_PIXELS, inside

OUTLINE: Final = 160
"""Pixels of a side of what is laid over a square picture."""


def picture_path(root: Path | None, image: str | None) -> Path | None:
    """Where the picture of an element lies, or None when the dataset has none.

    Raises:
        DataError: the path leads out of the dataset folder.
    """
    if root is None or image is None:
        return None
    path = inside(root, image)
    if path is None:
        raise DataError(f"Image path '{image}' leads out of {root}: give it relative to the dataset folder.")
    return path


def thumbnail(path: Path, size: int) -> NDArray[np.uint8]:
    """(size, size, 3) RGB centre crop of a picture.

    Raises:
        DataError: the file is missing, is no picture, or has more than ``MAX_PIXELS`` pixels.
    """
    return _opened(path, size, whole=False)


def picture(path: Path, side: int) -> NDArray[np.uint8]:
    """(height, width, 3) RGB of a whole picture, its longer side at most ``side`` pixels.

    Raises:
        DataError: as ``thumbnail``.
    """
    return _opened(path, side, whole=True)


def decoded(data: bytes, name: str, side: int) -> NDArray[np.uint8]:
    """(height, width, 3) RGB of a picture from outside, its longer side at most ``side`` pixels; nothing is kept.

    Args:
        data: content of a file.
        name: what a person calls it.
        side: pixels.

    Raises:
        DataError: it is no picture, or has more than ``MAX_PIXELS`` pixels.
    """
    try:
        return _read(io.BytesIO(data), name, side, lambda picture: _shrunk(picture, side))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"'{name}' cannot be read as a picture: choose a JPEG, PNG or WebP file.") from error


def cut(pixels: NDArray[np.uint8], box: Sequence[float]) -> NDArray[np.uint8]:
    """The part of a picture in a box of fractions of width and height, at least one pixel."""
    height, width = pixels.shape[:2]
    left, top = min(int(box[0] * width), width - 1), min(int(box[1] * height), height - 1)
    return pixels[top : max(round(box[3] * height), top + 1), left : max(round(box[2] * width), left + 1)]


def shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture (height, width, 3) with its longer side at most ``side`` pixels."""
    return np.array(_shrunk(Image.fromarray(pixels), side), dtype=np.uint8) if max(pixels.shape) > side else pixels


def uri(pixels: NDArray[np.uint8]) -> str:
    """Pixels as a ``data:`` address, so that a page needs no other file; a fourth channel is how opaque they are."""
    buffer, form = io.BytesIO(), "JPEG" if pixels.shape[2] == 3 else "PNG"
    Image.fromarray(pixels).save(buffer, form, quality=88)
    return f"data:image/{form.lower()};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@lru_cache(maxsize=16)
def outline(colour: str, inset: int, width: int, gap: int) -> NDArray[np.uint8]:
    """A square (``OUTLINE``, ``OUTLINE``, 4) to lay over a picture: see-through but for a line along its edge.

    Args:
        colour: of the line.
        inset: pixels between the edge and the line; ``width`` of the line.
        gap: pixels of its dashes, and between them; 0 for a line without.
    """
    picture = Image.new("RGBA", (OUTLINE, OUTLINE))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((inset, inset, OUTLINE - 1 - inset, OUTLINE - 1 - inset), outline=colour, width=width)
    for start in range(inset + width + gap // 2, OUTLINE - inset - width, 2 * gap) if gap else ():
        draw.rectangle((start, 0, start + gap, OUTLINE), fill=(0, 0, 0, 0))
        draw.rectangle((0, start, OUTLINE, start + gap), fill=(0, 0, 0, 0))
    pixels = np.array(picture, dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels


def _opened(path: Path, size: int, *, whole: bool) -> NDArray[np.uint8]:
    try:
        return (_whole if whole else _square)(path, size, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise DataError(f"Picture {path} is missing: restore it or clear its 'image' in the items table.") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"Picture {path} cannot be read ({error}): replace the file.") from error


@lru_cache(maxsize=1024)
def _square(path: Path, size: int, modified: int) -> NDArray[np.uint8]:
    """``modified`` (ns) is part of the key, so that a changed file is read again."""
    # JPEG can decode at a fraction of its size; twice the target keeps the crop sharp.
    return _read(path, path, 2 * size, lambda picture: ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS))


@lru_cache(maxsize=64)
def _whole(path: Path, side: int, modified: int) -> NDArray[np.uint8]:
    return _read(path, path, side, lambda picture: _shrunk(picture, side))


def _shrunk(picture: Image.Image, side: int) -> Image.Image:
    fits = max(picture.size) <= side
    return picture if fits else ImageOps.contain(picture, (side, side), Image.Resampling.LANCZOS)


def _read(
    source: Path | io.BytesIO, name: object, enough: int, shape: Callable[[Image.Image], Image.Image]
) -> NDArray[np.uint8]:
    """A picture decoded with at least ``enough`` pixels where it has them, upright, in its new shape."""
    with warnings.catch_warnings():
        # Pillow warns of images above its own bound, which is higher than ours.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(source, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise DataError(
                    f"Picture {name} has {picture.width * picture.height / 1e6:.0f} million pixels, more than "
                    f"{MAX_PIXELS / 1e6:.0f} million: make it smaller."
                )
            picture.draft("RGB", (enough, enough))
            shaped = shape(ImageOps.exif_transpose(picture).convert("RGB"))
    pixels = np.array(shaped, dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels
