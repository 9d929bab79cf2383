"""Structure of every picture of one explanation: how many marks, which words, grey where flat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tests.figures.made import NASTY, make_explanation
from workbench.explain.explanation import EvidenceLevel, Explanation
from workbench.figures.aspects import aspects_figure, aspects_plotly
from workbench.figures.card import card_figure, card_plotly
from workbench.figures.ego import ego_figure, ego_plotly
from workbench.figures.elements import elements_figure, elements_plotly
from workbench.figures.strip import strip_figure, strip_plotly
from workbench.figures.style import COLUMN_WIDTH, FLAT_GREY, FULL_WIDTH, GROUP_COLOURS, ThemeName

Draw = Callable[[Explanation, Path | None, float, ThemeName], Figure]
DRAWINGS: dict[str, Draw] = {
    "aspects": lambda e, root, width, theme: aspects_figure(e, width=width, theme=theme),
    "elements": lambda e, root, width, theme: elements_figure(e.level("follows"), 1, root, width=width, theme=theme),
    "strip": lambda e, root, width, theme: strip_figure(e.level("uploads"), 1, root, width=width, theme=theme),
    "ego": lambda e, root, width, theme: ego_figure(e.level("follows"), 1, e.user_label, width=width, theme=theme),
    "card": lambda e, root, width, theme: card_figure(e, root, width=width, theme=theme),
}


def words_of(figure: Figure) -> list[str]:
    return [t.get_text().replace(r"\$", "$") for t in figure.findobj(Text) if isinstance(t, Text) and t.get_text()]


def bars_of(figure: Figure) -> list[Rectangle]:
    return [patch for axes in figure.axes for bars in axes.containers for patch in bars]


def heads_of(figure: Figure) -> list[tuple[float, str, str]]:
    """Position, face and edge of every lollipop head."""
    lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    return [
        (float(line.get_xdata()[0]), to_hex(line.get_markerfacecolor()), to_hex(line.get_markeredgecolor()).upper())
        for line in lines
    ]


def assert_words_fit(figure: Figure, width: float) -> None:
    """All words stay on the page and apart from each other."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, page = canvas.get_renderer(), figure.bbox
    assert figure.get_size_inches()[0] == pytest.approx(width)
    boxes: dict[str, Bbox] = {}
    for number, text in enumerate(figure.findobj(Text)):
        if not isinstance(text, Text) or not text.get_text().strip() or not text.get_visible():
            continue
        box = text.get_window_extent(renderer)
        assert box.x0 >= page.x0 - 2 and box.x1 <= page.x1 + 2, text.get_text()
        assert box.y0 >= page.y0 - 2 and box.y1 <= page.y1 + 2, text.get_text()
        # Line boxes are taller than their letters: a touch of neighbouring lines is no overlap.
        inner = box.padded(-2, -0.22 * text.get_fontsize() * figure.dpi / 72)
        clash = [words for words, other in boxes.items() if inner.overlaps(other)]
        assert not clash, (text.get_text(), clash)
        boxes[f"{number} {text.get_text()}"] = inner


def with_title(figure: Figure, title: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_xlabel().replace("\n", " ").startswith(title))


def screen_words(figure: go.Figure) -> str:
    titles = [axis.title.text or "" for axis in figure.select_xaxes()]
    return " | ".join([*(note.text for note in figure.layout.annotations), *titles])


def test_aspects_show_attention_and_contribution_apart() -> None:
    figure = aspects_figure(make_explanation())
    attention, contribution = with_title(figure, "attention"), with_title(figure, "contribution")
    assert attention.get_xlabel() == "attention (adds up to 1)"
    assert contribution.get_xlabel() == "contribution to the score"
    assert [bar.get_width() for bars in attention.containers for bar in bars] == [0.58, 0.3, 0.12]
    assert not contribution.containers and not [line for line in attention.lines if line.get_marker() == "o"]
    assert [x for x, _, _ in heads_of(figure)] == [0.69, 0.83, 0.42, -0.11]
    words = words_of(figure)
    assert {"own taste", "no weight", "rank 1 → 41", "+0.83", "−0.11"} <= set(words)


def test_minus_is_told_by_position_head_and_sign() -> None:
    heads = heads_of(aspects_figure(make_explanation()))
    filled = [face.upper() == edge for _, face, edge in heads]
    assert filled == [True, True, True, False]


def test_aspects_take_their_hues() -> None:
    bars = bars_of(aspects_figure(make_explanation()))
    assert [to_hex(bar.get_facecolor()).upper() for bar in bars] == [
        GROUP_COLOURS[name] for name in ("follows", "uploads", "creator")
    ]


def test_a_flat_level_is_grey_and_says_so() -> None:
    figure = aspects_figure(make_explanation(flat=True))
    assert {to_hex(bar.get_facecolor()).upper() for bar in bars_of(figure)} == {FLAT_GREY}
    assert "no preference" in words_of(figure)
    assert "no preference" not in words_of(aspects_figure(make_explanation()))
    screen = aspects_plotly(make_explanation(flat=True))
    assert set(next(t for t in screen.data if t.name == "attention").marker.color[1:]) == {FLAT_GREY}
    assert "no preference" in screen_words(screen)


def test_one_evidence_group_is_its_own_aspect() -> None:
    explanation = make_explanation(3)
    history = explanation.level("uploads").model_copy(update={"name": "history"})
    figure = aspects_figure(explanation.model_copy(update={"levels": (history,)}))
    total = sum(e.contribution or 0.0 for e in history.elements)
    assert [x for x, _, _ in heads_of(figure)] == pytest.approx([0.69, total])
    assert "history" in words_of(figure)


def test_elements_say_what_is_left_out() -> None:
    level = make_explanation(14).level("follows")
    figure = elements_figure(level, 1, heading="People followed", top=5)
    assert len(bars_of(figure)) == 5 and len(heads_of(figure)) == 5
    assert len([c for c in figure.findobj(Circle) if isinstance(c, Circle)]) == 5
    assert with_title(figure, "attention").get_xlabel() == "attention (all 14 add up to 1)"
    assert "top 5 by contribution, … 9 more" in words_of(figure)
    by_attention = elements_figure(level, 1, top=1, by="attention")
    assert [bar.get_width() for bar in bars_of(by_attention)] == [max(e.attention or 0 for e in level.elements)]


def test_what_a_model_lacks_is_said_not_drawn() -> None:
    blind = make_explanation(4, attention=False).level("follows")
    figure = elements_figure(blind, 1)
    assert not bars_of(figure) and len(heads_of(figure)) == 4
    assert "the model does not weigh these" in words_of(figure)
    mixed = elements_figure(make_explanation(4, contribution=False).level("follows"), 1)
    assert len(bars_of(mixed)) == 4 and not heads_of(mixed)
    assert "the model has no exact shares" in words_of(mixed)
    assert not heads_of(aspects_figure(make_explanation(4, contribution=False)))
    strip = strip_figure(make_explanation(4, attention=False).level("uploads"), 1, None)
    assert not bars_of(strip) and "the model does not weigh these" in words_of(strip)


def test_strip_has_square_pictures_with_marks(root: Path) -> None:
    figure = strip_figure(make_explanation(14).level("uploads"), 1, root)
    pictures = [image for axes in figure.axes for image in axes.images]
    assert len(pictures) == len(bars_of(figure)) == len(heads_of(figure)) == 8
    for picture in pictures:
        left, right, bottom, top = picture.get_extent()
        assert right - left == pytest.approx(bottom - top)
    words = words_of(figure)
    assert "top 8 by contribution, … 6 more" in words
    assert "attention (all 14 add up to 1) · contribution to the score" in words


def test_strip_without_pictures_has_tiles_with_ids() -> None:
    level = make_explanation(3, pictures=False).level("uploads")
    figure = strip_figure(level, 1, None)
    assert not [image for axes in figure.axes for image in axes.images]
    assert {"400", "401", "402"} <= set(words_of(figure))


def test_strip_bars_share_one_scale() -> None:
    level = make_explanation(5).level("uploads")
    bars = bars_of(strip_figure(level, 1, None, by="attention"))
    weights = sorted((e.attention or 0.0 for e in level.elements), reverse=True)
    assert [bar.get_width() / bars[0].get_width() for bar in bars] == pytest.approx([w / weights[0] for w in weights])


def test_ego_line_width_is_attention_and_sign_is_written() -> None:
    level = make_explanation(14).level("follows")
    figure = ego_figure(level, 1, "Mina")
    assert len([c for c in figure.findobj(Circle) if isinstance(c, Circle)]) == 13
    shown = level.top(12)
    widths = [line.get_linewidth() for axes in figure.axes for line in axes.lines]
    order = sorted(range(12), key=lambda i: shown[i].attention or 0.0)
    assert sorted(range(12), key=lambda i: widths[i]) == order
    assert any(word.startswith("−") for word in words_of(figure))
    assert any("… 2 more" in word for word in words_of(figure))


def test_card_holds_everything_a_reader_needs(root: Path) -> None:
    words = " ".join(words_of(card_figure(make_explanation(), root)))
    for part in ("Why image 482 for Mina?", "rank 1 of 1,154", "✓ supported", "hasc-demo-7", "3f9a1c0b77de4521"):
        assert part in words
    assert "Mostly because people you follow" in words and "People followed" in words and "Uploads" in words


@pytest.mark.parametrize(
    ("badge", "sign"), [("supported", "✓"), ("partly", "≈"), ("not supported", "✗"), ("cannot be judged", "○")]
)
def test_badges_have_signs_on_paper_and_screen(badge: str, sign: str) -> None:
    explanation = make_explanation(1, badge=badge, pictures=False)
    assert f"{sign} {badge}" in words_of(card_figure(explanation))
    assert f"{sign} {badge}" in screen_words(card_plotly(explanation))


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("count", [0, 1, 14])
@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
def test_words_stay_on_the_page_and_apart(name: str, count: int, width: float, theme: ThemeName, root: Path) -> None:
    explanation = make_explanation(count, name="Maximiliane Wolkenstein-Trostburg zu Neuhaus " * 3)
    figure = DRAWINGS[name](explanation, root, width, theme)
    assert_words_fit(figure, width)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("count", [0, 1, 14])
def test_screen_has_the_same_marks(count: int, theme: ThemeName, root: Path) -> None:
    explanation = make_explanation(count)
    level = explanation.level("follows")
    screen = elements_plotly(level, 1, root, top=5, theme=theme)
    shown = min(count, 5)
    assert sum(len(t.x) for t in screen.data if t.name == "attention") == shown
    assert sum(len(t.x) for t in screen.data if t.name == "contribution") == shown
    if shown:
        assert f"attention ({'all 14 add up to 1' if count > 5 else 'adds up to 1'})" in screen_words(screen)
        ids = [str(e.id) for e in level.top(5)]
        assert list(next(t for t in screen.data if t.name == "attention").customdata) == ids
    strip = strip_plotly(explanation.level("uploads"), 1, root, theme=theme)
    assert len(strip.layout.images) == min(count, 8)
    assert {image.sizing for image in strip.layout.images} <= {"contain"}
    ego = ego_plotly(level, 1, "Mina", theme=theme)
    assert len([t for t in ego.data if t.name == "attention"]) == min(count, 12)


def test_data_text_never_becomes_markup() -> None:
    explanation = make_explanation(3, name=NASTY, pictures=False)
    level = EvidenceLevel(
        name="follows",
        kind="person",
        elements=tuple(e.model_copy(update={"label": NASTY}) for e in explanation.level("follows").elements),
    )
    for screen in (card_plotly(explanation), elements_plotly(level, 1), ego_plotly(level, 1, NASTY)):
        json = screen.to_json()
        for forbidden in ("script>", "$x$", "<b>bold"):
            assert forbidden not in json and forbidden.replace(">", "\\u003e") not in json
    assert any("$x$" in word for word in words_of(card_figure(explanation)))


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="light or dark"):
        aspects_figure(make_explanation(1), theme="sepia")  # type: ignore[arg-type]


def test_a_level_without_that_name_draws_in_the_hue_of_its_kind() -> None:
    level: EvidenceLevel = make_explanation(2).level("follows").model_copy(update={"name": "friends of friends"})
    bars = bars_of(elements_figure(level, 1))
    assert {to_hex(bar.get_facecolor()).upper() for bar in bars} <= {GROUP_COLOURS["follows"], FLAT_GREY}
