"""Regions by words: what is shown and what is left out, outlines by word, negative relevance."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.figures.made import NASTY
from tests.figures.made_time import make_wordmap
from tests.figures.test_pictures import assert_words_fit, bars_of, screen_words, words_of
from workbench.figures.export import save
from workbench.figures.match import OUTLINED, Match
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, GROUP_COLOURS, NEGATIVE, ThemeName
from workbench.figures.wordmap import wordmap_figure, wordmap_plotly

MANY = tuple(f"word{number}" for number in range(50))
PIXELS = np.full((60, 80, 3), 120, np.uint8)


def match(words: tuple[str, ...] | None = None, word: int | None = None, grid: int = 7, most: int = 8) -> Match:
    return Match(make_wordmap(grid, words), PIXELS, word, most)


def outlines(figure: Figure) -> list[Rectangle]:
    patches = [p for axes in figure.axes for p in axes.patches if isinstance(p, Rectangle)]
    hue = GROUP_COLOURS["regions"]
    return [p for p in patches if to_hex(p.get_edgecolor()).upper() == hue and p.get_linewidth() > 0.55]


def test_the_most_relevant_regions_and_their_words_are_shown() -> None:
    one = match(MANY, word=20)
    shown = one.shown(12)
    relevance = one.map.relevance
    assert [relevance[i] for i in shown.regions] == sorted(relevance, reverse=True)[:8]
    assert len(shown.words) == 12 and shown.words == sorted(shown.words) and 20 in shown.words
    peaks = one.weights[shown.regions].max(axis=0)
    assert all(peaks[word] > 1 / 50 for word in shown.words if word != 20)
    assert min(peaks[w] for w in shown.words if w != 20) >= max(peaks[w] for w in range(50) if w not in shown.words)


def test_what_is_left_out_is_said() -> None:
    words = " ".join(words_of(wordmap_figure(make_wordmap(7, MANY), word=20)))
    assert "8 of 49 regions · 17 of 50 words" in words
    assert "left out: 41 less relevant regions and 33 weaker words" in words
    assert "8 of 49 regions" in screen_words(wordmap_plotly(make_wordmap(7, MANY)))
    assert "left out" not in " ".join(words_of(wordmap_figure(make_wordmap(2, ("boat",)))))
    assert "1 less relevant region" in " ".join(words_of(wordmap_figure(make_wordmap(3))))


def test_the_strongest_regions_of_a_word_are_outlined(root: Path) -> None:
    one = match(word=2)
    weights = one.weights[:, 2]
    assert [number for number, _, _ in one.outlined] == np.argsort(-weights)[:OUTLINED].tolist()
    assert one.outlined[0][1] == 1 and one.outlined[-1][1] < 1
    figure = wordmap_figure(make_wordmap(), root, word=2)
    # The crops beside the matrix are framed in the same hue, more thinly.
    assert len(outlines(figure)) == OUTLINED
    assert "match “boat” most" in " ".join(words_of(figure)).replace("\n", " ")
    relevant = match().outlined
    assert [number for number, _, _ in relevant] == np.argsort(-np.array(make_wordmap().relevance))[:4].tolist()
    assert "most relevant regions" in screen_words(wordmap_plotly(make_wordmap(), root)).replace("<br>", " ")


def test_weights_are_printed_from_the_even_share_on(root: Path) -> None:
    map_ = make_wordmap(2)
    words = words_of(wordmap_figure(map_, root))
    words_shown = Match(map_, PIXELS, None, 8).shown(9).words
    weights = [row[word] for row in map_.weights for word in words_shown]
    for weight in weights:
        assert (f"{weight:.2f}" in words) == any(w >= 0.2 and f"{w:.2f}" == f"{weight:.2f}" for w in weights)
    traces = {trace.name: trace for trace in wordmap_plotly(map_, root).data}
    assert sorted(np.ravel(traces["match"].z)) == pytest.approx(sorted(weights))
    assert list(traces["cells"].customdata) == words_shown * 4
    assert all(map_.words[word] in text for word, text in zip(words_shown * 4, traces["cells"].hovertext, strict=True))


def test_negative_relevance_is_told_by_sign_side_and_hatch(root: Path) -> None:
    map_ = make_wordmap(2)
    below = [value for value in map_.relevance if value < 0]
    assert len(below) == 1
    figure = wordmap_figure(map_, root)
    assert f"{below[0]:.2f}".replace("-", "−") in words_of(figure)
    bars = [bar for bar in bars_of(figure) if bar.get_width() < 0]
    assert len(bars) == 1 and bars[0].get_hatch() and to_hex(bars[0].get_edgecolor()).upper() == NEGATIVE
    trace = next(trace for trace in wordmap_plotly(map_, root).data if trace.name == "relevance")
    assert [value < 0 for value in trace.x] == [bool(shape) for shape in trace.marker.pattern.shape]


def test_maps_without_words_or_regions(root: Path) -> None:
    silent = make_wordmap(2, ())
    assert "the model reads no word of this text" in words_of(wordmap_figure(silent, root))
    assert "the model reads no word" in screen_words(wordmap_plotly(silent, root))
    blind = make_wordmap(2).model_copy(update={"boxes": (), "weights": (), "relevance": ()})
    for word in (None, 1):
        assert "the image has no regions" in words_of(wordmap_figure(blind, root, word=word))
        assert "no region to outline" in screen_words(wordmap_plotly(blind, root, word=word))
    one = make_wordmap(1, ("boat",))
    assert "1.00" in words_of(wordmap_figure(one)) and "boat" in screen_words(wordmap_plotly(one, word=0))


def test_numbers_that_do_not_fit_are_refused() -> None:
    map_ = make_wordmap()
    with pytest.raises(ValueError, match="no word 5: choose from 0 to 4"):
        wordmap_figure(map_, word=5)
    with pytest.raises(ValueError, match="49 regions need"):
        wordmap_figure(map_.model_copy(update={"relevance": (0.1,)}))
    with pytest.raises(ValueError, match="each of the 5 words"):
        wordmap_figure(map_.model_copy(update={"weights": ((1.0,),) * 49}))


@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
@pytest.mark.parametrize("words", [("boat",), MANY, ("extraordinarily", NASTY) * 4])
def test_words_stay_on_the_page_and_apart(words: tuple[str, ...], width: float, theme: ThemeName, root: Path) -> None:
    figure = wordmap_figure(make_wordmap(7, words), root, word=0, width=width, theme=theme)
    assert_words_fit(figure, width)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_exported_without_becoming_markup(theme: ThemeName, tmp_path: Path, root: Path) -> None:
    map_ = make_wordmap(7, ("boat", NASTY), text=NASTY).model_copy(update={"item_label": NASTY})
    paper = save(wordmap_figure(map_, root, word=1, theme=theme), tmp_path / "a", ["png", "svg", "pdf"], theme=theme)
    assert all(path.stat().st_size > 1000 for path in paper)
    assert not list(ET.parse(paper[1]).iter("{http://www.w3.org/2000/svg}script"))
    screen = wordmap_plotly(map_, root, word=1, theme=theme)
    json = screen.to_json()
    for forbidden in ("script>", "$x$", "<b>bold"):
        assert forbidden not in json and forbidden.replace(">", "\\u003e").replace("<", "\\u003c") not in json
    [page] = save(screen, tmp_path / "a", ["html"], theme=theme)
    assert "<script>alert" not in page.read_text()
