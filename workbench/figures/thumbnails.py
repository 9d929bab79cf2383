"""Pictures of a dataset as small squares: centre-cropped, never stretched, read with a bound."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from workbench.data.errors import DataError
from workbench.data.images import FORMATS, MAX_PIXELS, inside


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
    try:
        return _read(path, size, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise DataError(f"Picture {path} is missing: restore it or clear its 'image' in the items table.") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"Picture {path} cannot be read ({error}): replace the file.") from error


def thumbnail_uri(path: Path, size: int) -> str:
    """The same crop as a ``data:`` address, so that a page needs no other file."""
    buffer = io.BytesIO()
    Image.fromarray(thumbnail(path, size)).save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@lru_cache(maxsize=1024)
def _read(path: Path, size: int, modified: int) -> NDArray[np.uint8]:
    """``modified`` (ns) is part of the key, so that a changed file is read again."""
    with Image.open(path, formats=FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise DataError(
                f"Picture {path} has {picture.width * picture.height / 1e6:.0f} million pixels, more than "
                f"{MAX_PIXELS / 1e6:.0f} million: make it smaller."
            )
        # JPEG can decode at a fraction of its size; twice the target keeps the crop sharp.
        picture.draft("RGB", (2 * size, 2 * size))
        square = ImageOps.fit(ImageOps.exif_transpose(picture).convert("RGB"), (size, size), Image.Resampling.LANCZOS)
    pixels = np.array(square, dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels
