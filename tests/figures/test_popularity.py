"""Pictures of a forecast: the dial, the balance, the words, what one piece changes, and all of it exported."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from tests.figures.made import CAPTION, NASTY, make_balance, make_forecast, make_words
from tests.figures.test_pictures import assert_words_fit, bars_of, screen_words, words_of
from workbench.explain.explanation import Element
from workbench.explain.popularity import Forecast
from workbench.figures.balance import balance_figure, balance_plotly, balances_figure, balances_plotly
from workbench.figures.card import card_figure, card_plotly
from workbench.figures.changes import changes_figure, changes_plotly
from workbench.figures.dial import dial_figure, dial_plotly, views_text
from workbench.figures.export import FORMATS, export_explanation
from workbench.figures.heat import forecast_heat_plotly
from workbench.figures.looks import Look
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, ThemeName, theme_named
from workbench.figures.words import UNKNOWN, Words, pieces, words_figure, words_plotly


def luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("text", [CAPTION, "", "word", "  two   words ", NASTY, "a-b_c 漢字 naïve"])
def test_a_caption_is_cut_without_losing_a_letter(text: str) -> None:
    found = pieces(text, make_words(text).elements)
    assert "".join(piece.text for piece in found) == "".join(text.split())
    joined = "".join(" " * piece.apart + piece.text for piece in found).strip()
    assert joined == " ".join(text.split())


def test_words_without_a_place_of_their_own_are_refused() -> None:
    words = make_words().elements
    with pytest.raises(ValueError, match="no place of its own"):
        pieces(CAPTION, (words[0], words[0]))
    with pytest.raises(ValueError, match="no place of its own"):
        pieces("short", (Element(kind="word", id=1, label="x", span=(3, 30)),))


def test_read_words_stand_on_their_weight_and_others_are_plain() -> None:
    figure = words_figure(CAPTION, make_words(weights=[0.7, 0.1, 0.1, 0.05, 0.05]))
    boxes = [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 5
    strengths = [luminance(box.get_facecolor()) for box in boxes]
    assert strengths[0] == min(strengths) and strengths[3] == max(strengths)
    words = words_of(figure)
    assert {"small", "0.70", "+0.30", "−0.10"} <= set(words) and "red" in words
    assert any("not read by the model" in word for word in words)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("weight", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_letters_can_be_read_on_every_background(theme: ThemeName, weight: float) -> None:
    level = make_words("one other", weights=[weight])
    level = level.model_copy(
        update={"elements": (*level.elements, level.elements[0].model_copy(update={"attention": 1 - weight}))}
    )
    background, ink = Words("", "", level)._colours(level.elements[0], theme_named(theme))
    light, dark = sorted((luminance(to_rgb(background)), luminance(to_rgb(ink))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_screen_tells_every_word_on_hover() -> None:
    screen = words_plotly(CAPTION, make_words())
    hovers = [note.hovertext for note in screen.layout.annotations if note.hovertext]
    assert sum("attention" in hover for hover in hovers) == len(make_words().elements)
    assert UNKNOWN in hovers


def test_a_balance_is_one_bar_with_numbers() -> None:
    figure = balance_figure(make_balance(0.8))
    widths = [bar.get_width() for bar in bars_of(figure)]
    assert widths[0] / sum(widths) == pytest.approx(0.8)
    assert {"image 0.80", "text 0.20", "score −0.90", "score +0.20"} <= set(words_of(figure))
    assert "text 0.00" in words_of(balance_figure(make_balance(1.0)))
    assert "no preference" in words_of(balance_figure(make_balance(0.5)))
    assert "text 0.00" in screen_words(balance_plotly(make_balance(1.0)))


def test_a_balance_over_posts_counts_each_once() -> None:
    shares = np.array([0.0, 0.1, 0.1, 0.9, 1.0])
    figure = balances_figure(shares, chosen=0.9)
    assert sum(bar.get_height() for bar in bars_of(figure)) == pytest.approx(1)
    assert "this post 0.90" in words_of(figure) and any("5 posts · mean 0.42" in word for word in words_of(figure))
    bars = next(trace for trace in balances_plotly(shares).data if trace.name == "posts")
    assert sum(bars.y) == pytest.approx(1)
    for wrong in ([], [1.2], [math.nan]):
        with pytest.raises(ValueError, match="at least one post"):
            balances_figure(wrong)


def test_views_are_said_as_people_read_them() -> None:
    assert [views_text(score) for score in (-3.0, 0.0, 1.0, 4.0, 7.3, 10.0, 17.0)] == [
        "0.0", "0.0", "1.0", "15", "157", "1,020", "131,000",
    ]  # fmt: skip


def test_the_dial_shows_prediction_interval_and_record() -> None:
    forecast = make_forecast()
    words = " ".join(words_of(dial_figure(forecast)))
    assert "about 158 views a day (80 % interval: 48 to 511) · recorded: 83" in words
    marks = next(trace for trace in dial_plotly(forecast).data if trace.name == "dial")
    assert list(marks.x) == [5.6, 9.0, 7.31, 6.4]
    unknown = make_forecast(known=None)
    assert "recorded" not in " ".join(words_of(dial_figure(unknown)))
    far = forecast.model_copy(update={"high": 24.0, "low": -1.0})
    ends = [axes.get_xlim() for axes in dial_figure(far).axes]
    assert any(low <= -1 and high > 24 for low, high in ends)


def test_what_one_piece_changes_is_ordered_by_size_either_way() -> None:
    explanation = make_forecast().explanation
    words = words_of(changes_figure(explanation, top=3))
    names = [element.label for level in explanation.levels for element in level.elements]
    shown = [word for word in words if word in names]
    assert shown[:2] == ["image", "text"] and len(shown) == 5
    assert "158 → 84 views a day (−0.90)" in words
    assert any(f"… {len(names) - 5} more" in word for word in words)
    ticks = next(trace for trace in changes_plotly(explanation, top=3).data if trace.name == "removal")
    assert ticks.x[0] == pytest.approx(7.31 - 0.9) and len(ticks.x) == 5
    sizes = [abs(x - 7.31) for x in ticks.x[2:]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
def test_words_stay_on_the_page(width: float, theme: ThemeName) -> None:
    text = "Antidisestablishmentarianism " * 3 + CAPTION * 2
    forecast = make_forecast(text=text)
    figures: list[Figure] = [
        words_figure(text, make_words(text), width=width, theme=theme),
        words_figure("", make_words(""), width=width, theme=theme),
        balance_figure(make_balance(0.09), width=width, theme=theme),
        balances_figure([0.2, 0.4], chosen=0.01, width=width, theme=theme),
        dial_figure(forecast, width=width, theme=theme),
        changes_figure(forecast.explanation, width=width, theme=theme),
    ]
    for figure in figures:
        assert_words_fit(figure, width)


def test_the_card_of_a_forecast_holds_dial_balance_map_and_words(root: Path) -> None:
    words = " ".join(words_of(card_figure(make_forecast(), root)))
    for part in (
        "How popular is image 482 by Mina?",
        "80 % interval",
        "image 0.80",
        "strongest of 49 regions",
        "small",
    ):
        assert part in words
    assert "rank" not in words and "own taste" not in words
    alone = " ".join(words_of(card_figure(make_forecast().explanation, root)))
    assert "80 % interval" not in alone and "image 0.80" in alone


def test_the_picture_of_a_forecast_is_coloured_by_attention_or_removal(root: Path) -> None:
    pixels = np.zeros((60, 40, 3), np.uint8)
    for by in ("attention", "removal"):
        screen = forecast_heat_plotly(make_forecast(own=True), root, pixels=pixels, look=Look(by=by))  # type: ignore[arg-type]
        assert "boat" in screen_words(screen)
    blind = make_forecast().explanation.model_copy(update={"levels": (make_balance(), make_words())})
    with pytest.raises(ValueError, match="reads no regions"):
        forecast_heat_plotly(make_forecast().model_copy(update={"explanation": blind}))


def test_a_forecast_is_exported_in_every_format(tmp_path: Path, root: Path) -> None:
    forecast = make_forecast(own=True, text=NASTY)
    picture = np.full((90, 60, 3), 90, np.uint8)
    paths = export_explanation(forecast, root, tmp_path, FORMATS, picture=picture)
    assert [path.name for path in paths] == [f"forecast.{name}" for name in FORMATS]
    by_name = {path.suffix[1:]: path for path in paths}
    assert Forecast.model_validate_json(by_name["json"].read_text()) == forecast
    with by_name["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["level"] for row in rows[:3]] == ["aspects", "aspects", "regions"] and rows[0]["rank_without"] == ""
    assert "<script>alert" not in by_name["html"].read_text()
    assert "script>" not in card_plotly(forecast, root, picture=picture).to_json()
