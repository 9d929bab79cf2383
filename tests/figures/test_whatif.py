"""Pictures of what if: who is tied to which place, what is said of it, that it fits, and rows to switch off."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tests.figures.made import NASTY, follows, uploads
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from workbench.explain.explainer import Recommendation
from workbench.explain.explanation import Element, EvidenceLevel
from workbench.explain.whatif import Moved, WhatIf
from workbench.figures.export import save
from workbench.figures.rows import Scale, excerpt, head_html, row_html
from workbench.figures.style import COLUMN_WIDTH, FLAT_GREY, FULL_WIDTH, NEGATIVE, POSITIVE, ThemeName
from workbench.figures.text import FAINT
from workbench.figures.whatif import what_if_figure, what_if_plotly


def found(
    before: str, after: str, far: int = 31, *, name: str = "image", edits: tuple[str, ...] = ("follows:bea",)
) -> WhatIf:
    """Images called by letters; what is in one list alone has rank ``far`` in the other."""
    places = [{letter: rank for rank, letter in enumerate(letters, 1)} for letters in (before, after)]
    moved = [
        Moved(item=letter, rank_before=old, rank_after=new, score_change=0.1 * (old - new))
        for letter in dict.fromkeys(after + before)
        for old, new in [(places[0].get(letter, far), places[1].get(letter, far))]
        if old != new
    ]
    lists = [
        tuple(Recommendation(item=letter, rank=rank, score=9.0 - rank) for letter, rank in ranked.items())
        for ranked in places
    ]
    return WhatIf(
        model="hasc", run="hasc", dataset="toy", fingerprint="0", user="u1", user_label="Mina", edits=edits,
        before=lists[0], after=lists[1], moved=tuple(moved),
        explained=Moved(
            item=before[0], rank_before=1, rank_after=places[1].get(before[0], far), score_change=-0.63
        ),
        pictured=tuple(
            Element(kind="image", id=letter, label=f"{name} {letter}", image=f"images/{number % 6}.png")
            for number, letter in enumerate(dict.fromkeys(before + after))
        ),
    )  # fmt: skip


def lines_of(figure: Figure, colour: str) -> list[Line2D]:
    return [line for axes in figure.axes for line in axes.lines if to_hex(line.get_color()).upper() == colour.upper()]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [COLUMN_WIDTH, FULL_WIDTH])
def test_every_image_is_tied_to_its_new_place(root: Path, theme: ThemeName, width: float) -> None:
    one = found("abcdefghij", "bcadefghik")
    figure = what_if_figure(one, root, width=width, theme=theme)
    up, down = lines_of(figure, POSITIVE), lines_of(figure, NEGATIVE)
    # b, c and k go up; a and j go down, which dashes tell, too.
    assert len(up) == 3 and len(down) == 2
    assert {line.get_linestyle() for line in down} == {"--"} and {line.get_linestyle() for line in up} == {"-"}
    words = words_of(figure)
    assert {"▲ from 2", "▲ from 3", "▼ from 1", "▲ from 31", "▼ to 31"} <= set(words)
    assert words.count("image a") == 2 and words.count("image j") == words.count("image k") == 1
    assert_words_fit(figure, width)
    assert "framed: image a: rank 1 → 3, score −0.63" in " ".join(words)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_screen_shows_the_same_and_a_click_names_the_image(root: Path, theme: ThemeName) -> None:
    screen = what_if_plotly(found("abc", "bda", name=NASTY), root, theme=theme)
    ties = [trace for trace in screen.data if trace.name == "tie"]
    assert len(ties) == 4 and len(screen.layout.images) == 6
    clicked = {trace.name: list(trace.customdata) for trace in screen.data if trace.name in {"before", "after"}}
    assert clicked == {"before": ["b", "a", "c"], "after": ["b", "d", "a"]}
    assert "▲ from 31" in screen_words(screen) and "<script" not in screen_words(screen)


def test_nothing_changed_is_said_and_every_line_is_level(root: Path) -> None:
    same = found("abc", "abc", edits=())
    figure = what_if_figure(same, root)
    assert "nothing is changed" in words_of(figure) and "stays at rank 1" in " ".join(words_of(figure))
    assert not lines_of(figure, POSITIVE) and not lines_of(figure, NEGATIVE)
    assert all(trace.y[0] == trace.y[1] for trace in what_if_plotly(same, root).data if trace.name == "tie")


def test_without_pictures_tiles_carry_ids() -> None:
    figure = what_if_figure(found("abc", "bca"), None)
    assert {"a", "b", "c"} <= set(words_of(figure))


def test_everything_can_be_taken_away(root: Path, tmp_path: Path) -> None:
    one = found("abc", "bda")
    paths = save(what_if_figure(one, root), tmp_path / "whatif", ["png", "svg", "pdf"])
    paths += save(what_if_plotly(one, root), tmp_path / "whatif", ["html"])
    paths += save(one, tmp_path / "whatif", ["json", "csv"])
    assert all(path.stat().st_size > 200 for path in paths)
    assert WhatIf.model_validate_json(paths[-2].read_text(encoding="utf-8")) == one
    rows = paths[-1].read_text(encoding="utf-8").splitlines()
    assert rows[0] == "model,run,user,without,item,rank before,rank after,explained" and len(rows) == 5
    assert rows[2] == "hasc,hasc,u1,follows:bea,d,31,2,False"


@pytest.mark.parametrize("level", [uploads(4), follows(5)], ids=["image", "person"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_rows_show_icon_name_and_both_marks(root: Path, level: EvidenceLevel, theme: ThemeName) -> None:
    scale = Scale.of(level.elements)
    for element in level.elements:
        row = row_html(element, level, scale, root, note="by Bea", theme=theme)
        assert element.label in row and "· by Bea" in row
        assert ("<img" in row) == (element.kind == "image")
        assert row.count('title="attention"') == row.count('title="contribution"') == 1
    gone = row_html(level.elements[0], level, scale, None, gone=True)
    assert f"<s>{level.elements[0].label}</s>" in gone and "<img" not in gone


def test_the_head_says_what_the_marks_are_and_what_is_flat() -> None:
    weighed = follows(5)
    assert "no preference" not in head_html(weighed, Scale.of(weighed.elements))
    flat = follows(5, flat=True)
    assert "attention<br>no preference" in head_html(flat, Scale.of(flat.elements))
    assert FLAT_GREY in row_html(flat.elements[0], flat, Scale.of(flat.elements), None)
    bare = EvidenceLevel(name="words", kind="word", elements=(Element(kind="word", id=0, label="cat"),))
    assert head_html(bare, Scale.of(bare.elements)) == ""


def test_shares_that_rounding_leaves_nothing_of_do_not_look_large() -> None:
    faint = Element(kind="person", id=1, label="Bea", contribution=1e-7)
    assert Scale.of([faint]).contribution == FAINT


def test_a_word_stands_in_its_text() -> None:
    text = "a small red tree stands next to the old house by the lake"
    assert excerpt(text, (12, 16)) == "a small red tree stands next to…"
    assert excerpt(text, (36, 39)).startswith("…") and "old" in excerpt(text, (36, 39))


def test_data_in_a_row_stays_text(root: Path) -> None:
    element = Element(kind="word", id=3, label=NASTY)
    level = EvidenceLevel(name="caption", kind="word", elements=(element,))
    row = row_html(element, level, Scale.of([element]), root, note=NASTY)
    assert "<script" not in row and "<b>" not in row and 'title="' not in row
