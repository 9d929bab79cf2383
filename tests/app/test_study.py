"""The page of studies: taking part without a hint of which run is which, results only after, and a new study."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from workbench import api
from workbench.app import studies, widgets
from workbench.explain.explanation import Explanation
from workbench.figures.style import ThemeName
from workbench.study.design import first_is_left
from workbench.study.make import Settings, make
from workbench.study.questions import QUESTIONS
from workbench.study.store import FOLDER, Study
from workbench.training.run import Run
from workbench.views.view import View


@pytest.fixture
def own(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, since studies are kept in it; its dataset is shared."""
    (tmp_path / "cards").symlink_to(home / "cards")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path


def made(own: Path, name: str = "spring", persons: int = 2, raters: int = 1, **settings: bool) -> Study:
    runs = [Run.open(own / "cards" / "runs" / name) for name in ("hasc", "gru")]
    first, second = ((run, api.explainer(run, own / "cards")) for run in runs)
    return make(own / FOLDER, Settings(name, persons, 3, raters, **settings), first, second)


def taking_part(name: str = "Ann", **query: str) -> AppTest:
    app = at_page(opened(study="spring", **query), "study")
    app.text_input("rater").set_value(name).run()
    return next(button for button in app.button if button.label == "Begin").click().run()


def answered(app: AppTest, label: str) -> AppTest:
    """One question answered."""
    return next(button for button in app.button if button.label == label).click().run()


def asked(app: AppTest) -> str:
    return next(str(element.value).removeprefix("#### ") for element in app.markdown if "#### " in str(element.value))


def test_without_a_study_one_can_be_made(own: Path) -> None:
    app = at_page(opened(), "study")
    assert not app.exception and "no study yet" in shown(app)
    assert app.text_input("new-name").value == "study-1"
    app.number_input("new-persons").set_value(2)
    app.number_input("new-raters").set_value(2)
    app.button("make").click().run(timeout=120)
    assert not app.exception and not app.error
    study = Study.open(own / FOLDER, "study-1")
    assert study.count() == 2 and study.design.raters == 2
    assert study.design.first.run != study.design.second.run
    assert "Begin" in [button.label for button in app.button]


def test_a_name_that_tells_is_refused_on_the_page(own: Path) -> None:
    app = at_page(opened(), "study")
    app.text_input("new-name").set_value("acf-or-not").run()
    app.button("make").click().run(timeout=120)
    assert not app.exception and "tells raters" in app.error[0].value
    assert not (own / FOLDER).exists()


def test_one_question_a_screen_and_the_answers_are_kept_by_run(own: Path) -> None:
    study = made(own)
    app = taking_part()
    assert not app.exception and not app.warning
    number, _ = study.next("ann") or (-1, 0)
    case = study.case(number)
    assert case.user_label in shown(app) and "Person 1 of 2" in shown(app)
    assert widgets.text(case.first.explanation.sentence) in shown(app)
    assert widgets.text(case.second.explanation.verdict.reason) in shown(app)
    for question, label in zip(QUESTIONS, ("Left", "Right", "No difference", "Left"), strict=True):
        assert asked(app) == QUESTIONS[question].text
        answered(app, label)
    assert not app.exception and "Person 2 of 2" in shown(app) and asked(app) == QUESTIONS["satisfaction"].text
    at_left = first_is_left(study.design, "ann", number)
    left, right = ("first", "second") if at_left else ("second", "first")
    assert [answer.choice for answer in study.answers()] == [left, right, "tie", left]


def test_sides_stand_where_the_answers_are_counted(own: Path) -> None:
    study = made(own)
    app = taking_part()
    number, _ = study.next("ann") or (-1, 0)
    case = study.case(number)
    sentences = [widgets.text(side.explanation.sentence) for side in (case.first, case.second)]
    places = [shown(app).index(sentence) for sentence in sentences]
    assert (places[0] < places[1]) == first_is_left(study.design, "ann", number)


def test_the_next_case_is_drawn_while_she_answers(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = made(own)
    number, _ = study.next("ann") or (-1, 0)
    following, turn = study.next("ann", number) or (-1, 0)
    assert following != number and turn == 2
    ahead = study.case(following)
    real, drawn = studies.evidence, []

    def evidence(told: Explanation, root: Path, theme: ThemeName) -> bytes:
        drawn.append(told.sentence)
        return real(told, root, theme)

    class Now(Thread):
        def start(self) -> None:
            self.run()

    monkeypatch.setattr(studies, "evidence", evidence)
    monkeypatch.setattr(studies, "Thread", Now)
    app = taking_part()
    assert not app.exception and len(drawn) == 4
    assert set(drawn[2:]) == {ahead.first.explanation.sentence, ahead.second.explanation.sentence}
    answered(app, "Left")
    assert len(drawn) == 6, "it is drawn once, when the case before it is opened"


def test_nothing_is_kept_of_a_case_before_its_last_answer(own: Path) -> None:
    study = made(own)
    app = taking_part()
    for _ in range(3):
        answered(app, "Left")
    assert study.answers() == []
    answered(app, "Question before")
    assert asked(app) == QUESTIONS["persuasiveness"].text
    answered(answered(app, "Right"), "Right")
    assert len(study.answers()) == 4


def test_a_second_click_answers_nothing(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = made(own)
    number, turn = study.next("ann") or (-1, 0)
    mine = studies.Rating("spring", "ann", number, turn)
    monkeypatch.setattr(studies, "rating", lambda _name: mine)
    for _ in range(2):
        studies.answer(study, number, "satisfaction", "left")
    studies.answer(study, number + 1, "effectiveness", "left")
    assert mine.chosen == {"satisfaction": "left"} and mine.question == "effectiveness"


def test_neither_page_nor_address_tells_the_runs_before_the_end(own: Path) -> None:
    study = made(own)
    app = taking_part(dataset="cards", run="hasc", compare="gru", user="3")
    told = {one.run for one in (study.design.first, study.design.second)}
    while any(button.label == "Left" for button in app.button):
        everything = " ".join([shown(app), *(str(block) for block in app.main), *map(str, app.sidebar)])
        assert not any(f" {name} " in everything or f"'{name}'" in everything for name in told)
        assert not app.sidebar.selectbox
        assert set(app.query_params) == {"study"} and not told & set(app.query_params["study"])
        answered(app, "Left")
    assert "nothing left" in shown(app)


def test_a_view_of_a_study_names_nothing() -> None:
    view = View(page="why", dataset="cards", run="hasc", user="3", options={"by": "removal"})
    assert view.changed(page="study") == View(page="study")
    assert View.parse("study?run=hasc&study=spring&step=rate&by=x").query() == {"step": "rate", "study": "spring"}
    assert str(View.parse("study?study=spring")) == "study?study=spring"


def test_results_come_when_all_have_answered(own: Path) -> None:
    made(own, persons=1, raters=2)
    app = taking_part()
    for _ in QUESTIONS:
        answered(app, "Left")
    answered(app, "Leave")
    app.button_group("switch-step").set_value("results").run()
    assert "still open" in app.info[0].value and not app.get("plotly_chart")
    assert not any("hasc" in str(element.value) for element in app.markdown)
    other = taking_part("Bea")
    for _ in QUESTIONS:
        answered(other, "Left")
    app.run()
    assert not app.exception and not app.info and len(app.get("plotly_chart")) == 1
    assert "**hasc** beside **gru**" in shown(app) and "2 people" in shown(app)
    assert len(app.dataframe[0].value) == len(QUESTIONS)


def test_a_study_can_be_closed_early(own: Path) -> None:
    study = made(own)
    app = at_page(opened(study="spring", step="results"), "study")
    next(button for button in app.button if button.label == "Close it for good").click().run()
    assert not app.exception and study.is_closed
    assert len(app.get("plotly_chart")) == 1
    assert "closed" in at_page(opened(study="spring"), "study").info[0].value


def test_verdicts_can_be_left_out(own: Path) -> None:
    study = made(own, verdicts=False)
    app = taking_part()
    case = study.case((study.next("ann") or (-1, 0))[0])
    assert widgets.text(case.first.explanation.verdict.reason) not in shown(app)


def test_a_rater_without_a_name_is_told(own: Path) -> None:
    made(own)
    app = taking_part(" ")
    assert not app.exception and "needs a name" in app.toast[0].value
