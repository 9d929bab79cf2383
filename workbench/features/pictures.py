"""Pictures as pixels, within the bound on their size."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps

from workbench.data.errors import DataError
from workbench.data.images import FORMATS, MAX_PIXELS

BLUR = 10 / 224
"""Standard deviation of the blur as a share of width and height, as in Fong and Vedaldi 2017: 10 of 224 pixels."""


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
                ImageOps.exif_transpose(picture, in_place=True)
                return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    except FileNotFoundError:
        raise DataError(f"Picture {path} is missing: restore it or empty its cell in the table.") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as fault:
        raise DataError(f"Picture {path} cannot be decoded ({fault}): replace the file.") from None


def pixels_of(box: ArrayLike, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a picture (height, width) that a box x0, y0, x1, y1 of fractions touches, at least one."""
    height, width = shape[0], shape[1]
    x0, y0, x1, y1 = np.clip(np.asarray(box, np.float64), 0, 1) * (width, height, width, height)
    left, top = min(int(x0), width - 1), min(int(y0), height - 1)
    return slice(top, max(int(np.ceil(y1 - 1e-9)), top + 1)), slice(left, max(int(np.ceil(x1 - 1e-9)), left + 1))


def soft(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (height, width, 3) out of focus as a whole: colours stay, shapes go."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigmaX=BLUR * width, sigmaY=BLUR * height), np.uint8)


def blurred(
    picture: NDArray[np.uint8], out_of_focus: NDArray[np.uint8], boxes: NDArray[np.float32], gates: Sequence[float]
) -> NDArray[np.uint8]:
    """A picture (height, width, 3) that is out of focus in some boxes.

    Args:
        picture: RGB; ``out_of_focus`` what ``soft`` makes of it.
        out_of_focus: see above.
        boxes: (n, 4) x0, y0, x1, y1 as fractions of width and height.
        gates: (n,) 1 leaves a box as it is, 0 blurs it, between them both are mixed; the smallest counts where boxes
            overlap.
    """
    share = np.ones(picture.shape[:2], np.float32)
    for box, gate in zip(boxes, gates, strict=True):
        if gate < 1:
            place = pixels_of(box, picture.shape)
            np.minimum(share[place], np.float32(gate), out=share[place])
    mixed, between = picture.copy(), (share > 0) & (share < 1)
    cv2.copyTo(out_of_focus, (share == 0).view(np.uint8), mixed)
    if between.any():
        part = share[between][:, None]
        mixed[between] = np.rint(part * picture[between] + (1 - part) * out_of_focus[between])
    return mixed
