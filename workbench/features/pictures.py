"""Pictures as pixels, within the bound on their size."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from workbench.data.errors import DataError
from workbench.data.images import FORMATS, MAX_PIXELS


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(height, width, 3) RGB of a picture file.

    Raises:
        DataError: the file is missing, is no picture, or has more than ``MAX_PIXELS`` pixels.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of images above its own bound, which is higher than ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise DataError(f"Picture {path} has more than {MAX_PIXELS:,} pixels: make it smaller.")
                return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except FileNotFoundError:
        raise DataError(f"Picture {path} is missing: restore it or empty its cell in the table.") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as fault:
        raise DataError(f"Picture {path} cannot be decoded ({fault}): replace the file.") from None
