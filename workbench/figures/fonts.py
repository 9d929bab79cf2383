"""Fonts inside a pdf: each is cut down to its letters once in a process, not once in every document."""

from __future__ import annotations

import io
import string
from collections.abc import Iterator, Set
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any, Final

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.backends import _backend_pdf_ps as backend
from matplotlib.font_manager import FontProperties, get_font

WRITTEN: Final = string.ascii_letters + string.digits + string.punctuation, "·−→…≈×–✓✗○"
"""What figures are written with, besides the letters of names: those of ASCII, and signs, which a pdf holds apart."""
_FINDING: Final = "_find_fonts_by_props"
_CUT = backend.get_glyphs_subset


class _Small(subset.Options):  # type: ignore[misc]
    """Where a glyph goes is for matplotlib to say: nothing reads the tables that tell it, and cutting takes long."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.drop_tables += ["GDEF", "GPOS", "GSUB", "kern"]


class _Ready(TTFont):  # type: ignore[misc]
    """A font whose file is there already, so that it need not be put together again for every document."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), recalcBBoxes=False, recalcTimestamp=False)
        self._content = content

    def save(self, file: IO[bytes], *_: Any, **__: Any) -> None:
        file.write(self._content)


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
def found_fonts() -> Iterator[None]:
    """As long as this is open, matplotlib looks for each font once, not three times for every word.

    Not safe among threads.
    """
    manager, known = font_manager.fontManager, dict[tuple[Any, ...], list[Any]]()
    usual = getattr(manager, _FINDING)

    def find(properties: FontProperties, *more: Any, **options: Any) -> list[Any]:
        if more or options:
            return list(usual(properties, *more, **options))
        # All but the size, which does not matter for where a font lies.
        told = properties.get_style(), properties.get_variant(), properties.get_weight(), properties.get_stretch()
        key = (*told, properties.get_file(), *properties.get_family())
        if key not in known:
            known[key] = list(usual(properties))
        return known[key]

    setattr(manager, _FINDING, find)
    try:
        yield
    finally:
        delattr(manager, _FINDING)


@contextmanager
def _embedded(fontfile: Any, glyphs: Set[Any]) -> Iterator[backend.SubsetResults]:
    """What ``matplotlib.backends._backend_pdf_ps.get_glyphs_subset`` gives.

    A font that writes one of the letters or signs of ``WRITTEN`` holds all of them, so that documents share it; what it
    holds depends on the document alone, never on those before.
    """
    wanted = frozenset(glyphs)
    for several in WRITTEN:
        plain = _plain(fontfile, several)
        wanted |= plain if wanted & plain else frozenset()
    content, places = _cut(fontfile, wanted)
    with _Ready(content) as font:
        yield backend.SubsetResults(font, places)


@lru_cache(maxsize=32)
def _plain(file: Any, letters: str) -> frozenset[int]:
    """Glyphs of ``letters``, as far as the font has them."""
    font = get_font(file)
    found = (font.get_char_index(ord(letter)) for letter in letters)
    return frozenset(glyph for glyph in found if glyph)


@lru_cache(maxsize=256)
def _cut(file: Any, glyphs: frozenset[int]) -> tuple[bytes, dict[int, int]]:
    """A font with these glyphs alone, and where each of them is in it."""
    with _CUT(file, set(glyphs)) as found:
        content: bytes = backend.font_as_file(found.font).getvalue()  # type: ignore[no-untyped-call]
        return content, dict(found.glyph_index_map)
