"""The chart of a study: every share is drawn, told apart without colour, and words stay on the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from matplotlib.patches import Rectangle

from tests.figures.made import make_explanation
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from tests.study.conftest import make_design
from workbench.figures.export import FORMATS, PAPER_FORMATS, save
from workbench.figures.page import PAPER_MARGIN
from workbench.figures.study import blind_figure, study_figure, study_plotly
from workbench.figures.style import COLUMN_WIDTH, FULL_WIDTH, ThemeName
from workbench.study.questions import QUESTIONS, Choice
from workbench.study.results import Results, found
from workbench.study.store import Answer

CASES: tuple[tuple[Choice, ...], ...] = (
    *((("first", "first", "second"),) * 11),
    *((("second", "second", "tie"),) * 6),
    *((("tie", "tie", "tie"),) * 2),
    ("first", "tie", "second"),
)


def make_results(cases: Sequence[tuple[Choice, ...]] = CASES, **changes: object) -> Results:
    answers = [
        Answer(number=n, rater=f"r{who}", question=question, choice=choice, first="left", turn=1)
        for n, choices in enumerate(cases)
        for who, choice in enumerate(choices)
        for question in QUESTIONS
    ]
    return found(make_design(**changes), max(len(cases), 1), answers)  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
@pytest.mark.parametrize("cases", [CASES, CASES[:1], ()], ids=len)
def test_words_stay_on_the_page_and_apart(cases: Sequence[tuple[Choice, ...]], width: float, theme: ThemeName) -> None:
    assert_words_fit(study_figure(make_results(cases), width=width, theme=theme), width)


def test_every_share_is_drawn_and_told_apart_without_colour() -> None:
    figure = study_figure(make_results())
    patches = [
        p for p in figure.findobj(Rectangle) if isinstance(p, Rectangle) and p.get_height() == pytest.approx(0.19)
    ]
    inner = FULL_WIDTH - 2 * PAPER_MARGIN
    assert [patch.get_width() / inner for patch in patches] == pytest.approx([0.55, 0.1, 0.3, 0.05] * 4)
    assert [bool(patch.get_hatch()) for patch in patches] == [False, False, True, False] * 4
    words = words_of(figure)
    assert {"55%", "30%", "hasc-large", "svdpp-small", "no difference", "no majority"} <= set(words)
    assert "20 of 20 cases judged, 3 raters a case" in words
    screen = study_plotly(make_results())
    assert [list(trace.x) for trace in screen.data] == [[share] * 4 for share in (0.55, 0.1, 0.3, 0.05)]
    for trace, base in zip(screen.data, (0, 0.55, 0.65, 0.95), strict=True):
        assert list(trace.base) == pytest.approx([base] * 4)
    assert screen.data[2].marker.pattern.shape == "/" and screen.data[0].marker.pattern.shape is None


def test_without_a_judged_case_it_says_so() -> None:
    assert "no case has been judged" in words_of(study_figure(make_results(())))
    assert "no case has been judged" in screen_words(study_plotly(make_results(())))


def test_it_is_taken_away_in_every_format(tmp_path: Path) -> None:
    results = make_results()
    paths = [
        *save(study_figure(results), tmp_path / "study", PAPER_FORMATS),
        *save(study_plotly(results), tmp_path / "study", ["html"]),
        *save(results, tmp_path / "study", ["json", "csv"]),
    ]
    assert {path.suffix.removeprefix(".") for path in paths} == set(FORMATS)
    assert json.loads(paths[4].read_text())["questions"][0]["majority"] == {"first": 11, "tie": 2, "second": 6}
    rows = list(csv.DictReader(paths[5].open(encoding="utf-8")))
    assert rows[3]["question"] == "transparency" and rows[3]["majority hasc-large"] == "11"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_blind_explanation_shows_its_evidence_and_no_model(theme: ThemeName, tmp_path: Path) -> None:
    told = make_explanation().model_copy(update={"model": "secret-model", "run": "secret-run"})
    figure = blind_figure(told, theme=theme)
    assert_words_fit(figure, COLUMN_WIDTH)
    assert "What the score is made of" in words_of(figure)
    (path,) = save(figure, tmp_path / "blind", ["svg"])
    assert "secret" not in path.read_text(encoding="utf-8")
