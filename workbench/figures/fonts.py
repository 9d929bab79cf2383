"""Fonts inside a pdf: each is cut down to its letters once in a process, not once in every document."""

from __future__ import annotations

import io
import string
from collections.abc import Iterator, Set
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.backends import _backend_pdf_ps as backend
from matplotlib.font_manager import get_font

_CUT = backend.get_glyphs_subset


class _Small(subset.Options):  # type: ignore[misc]
    """Where a glyph goes is for matplotlib to say: nothing reads the tables that tell it, and cutting takes long."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.drop_tables += ["GDEF", "GPOS", "GSUB", "kern"]


@contextmanager
def small_fonts() -> Iterator[None]:
    """As long as this is open, matplotlib embeds fonts that were cut down before. Not safe among threads."""
    options = subset.Options
    subset.Options, backend.get_glyphs_subset = _Small, _embedded
    try:
        yield
    finally:
        subset.Options, backend.get_glyphs_subset = options, _CUT


@contextmanager
def _embedded(fontfile: Any, glyphs: Set[Any]) -> Iterator[backend.SubsetResults]:
    """What ``matplotlib.backends._backend_pdf_ps.get_glyphs_subset`` gives.

    A font that writes letters holds all of ASCII, so that documents share it; what it holds depends on the document
    alone, never on those before.
    """
    wanted, plain = frozenset(glyphs), _plain(fontfile)
    content, places = _cut(fontfile, wanted | plain if wanted & plain else wanted)
    with TTFont(io.BytesIO(content), recalcBBoxes=False, recalcTimestamp=False) as font:
        yield backend.SubsetResults(font, places)


@lru_cache(maxsize=32)
def _plain(file: Any) -> frozenset[int]:
    """Glyphs of the letters, digits and signs of ASCII."""
    font = get_font(file)
    found = (font.get_char_index(ord(letter)) for letter in string.ascii_letters + string.digits + string.punctuation)
    return frozenset(glyph for glyph in found if glyph)


@lru_cache(maxsize=256)
def _cut(file: Any, glyphs: frozenset[int]) -> tuple[bytes, dict[int, int]]:
    """A font with these glyphs alone, and where each of them is in it."""
    with _CUT(file, set(glyphs)) as found:
        content: bytes = backend.font_as_file(found.font).getvalue()  # type: ignore[no-untyped-call]
        return content, dict(found.glyph_index_map)
