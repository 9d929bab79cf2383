"""Fonts in a pdf: cut down once, the same whatever was written before."""

from __future__ import annotations

import io
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.backends import _backend_pdf_ps as backend
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from workbench.figures import fonts
from workbench.figures.export import save


def written(folder: Path, words: str) -> bytes:
    figure = Figure(figsize=(3, 1))
    figure.text(0.1, 0.5, words)
    (path,) = save(figure, folder / "words", ["pdf"])
    return path.read_bytes()


def test_a_document_is_the_same_whatever_was_written_before(tmp_path: Path) -> None:
    fonts._cut.cache_clear()
    first = written(tmp_path, "rank 1 → 4")
    written(tmp_path, "Esra Yıldız × ≈")
    assert written(tmp_path, "rank 1 → 4") == first
    assert subset.Options is not fonts._Small and backend.get_glyphs_subset is fonts._CUT


def test_a_font_is_cut_once_for_documents_with_other_letters(tmp_path: Path) -> None:
    fonts._cut.cache_clear()
    written(tmp_path, "rank")
    written(tmp_path, "Bea")
    assert fonts._cut.cache_info().misses == 1 and fonts._cut.cache_info().hits == 1


def test_a_cut_font_has_its_letters_with_their_shapes() -> None:
    file = findfont("DejaVu Sans")
    whole, wanted = TTFont(file), {get_font(file).get_char_index(ord(letter)) for letter in "Bé→"}
    with fonts.small_fonts(), backend.get_glyphs_subset(file, wanted) as found:
        cut = TTFont(io.BytesIO(backend.font_as_file(found.font).getvalue()))
        for glyph in wanted:
            mine, theirs = cut.getGlyphName(found.glyph_index_map[glyph]), whole.getGlyphName(glyph)
            assert cut["hmtx"][mine] == whole["hmtx"][theirs]
            assert cut["glyf"][mine].numberOfContours == whole["glyf"][theirs].numberOfContours
    assert "GSUB" not in cut and "GSUB" in whole
