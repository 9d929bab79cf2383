"""Whether image files can be decoded, within a bound on their pixels."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
MAX_PIXELS = 50_000_000
"""Images with more pixels are refused before they are decoded."""


def inside(root: Path, relative: str) -> Path | None:
    """The file ``relative`` names under ``root``, or None where it leads out of it (also through a link)."""
    path = (root / relative).resolve()
    return path if path.is_relative_to(root.resolve()) else None


def image_faults(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """What is wrong with the images at ``paths`` under ``root``, as the end of a sentence; sound ones are left out."""
    paths = list(paths)
    with ThreadPoolExecutor() as pool:
        reasons = pool.map(lambda path: _image_fault(root, path), paths)
        return {path: reason for path, reason in zip(paths, reasons, strict=True) if reason}


def _image_fault(root: Path, relative: str) -> str | None:
    path = inside(root, relative)
    if path is None:
        return "leads out of the folder; replace the link by the file."
    if not path.is_file():
        return "is missing; add the file or empty the cell."
    try:
        with warnings.catch_warnings():
            # Pillow warns of images above its own bound, which is higher than ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    return f"has {width} x {height} pixels, more than {MAX_PIXELS:,}; make it smaller."
                # JPEG decodes at an eighth of its size: enough to read all of the file, and fast.
                image.draft("RGB", (max(width // 8, 1), max(height // 8, 1)))
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"cannot be decoded ({error}); replace the file."
    return None
