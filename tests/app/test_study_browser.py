"""A whole study in a browser: made by command, rated by two people who are told nothing, read at the end."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.visiting import Visit
from workbench import api
from workbench.study.make import Settings, make
from workbench.study.questions import QUESTIONS
from workbench.study.results import results
from workbench.study.store import FOLDER, Study
from workbench.training.run import Run

pytestmark = pytest.mark.browser


def whole_study(home: Path, name: str) -> Study:
    """A study in the home the app is served from, which is taken away again afterwards."""
    runs = [Run.open(home / "cards" / "runs" / run) for run in ("hasc", "acf")]
    first, second = ((run, api.explainer(run, home / "cards")) for run in runs)
    return make(home / FOLDER, Settings(name, persons=2, images=5, raters=2), first, second)


def press(visit: Visit, name: str) -> None:
    """Press a button and wait for what comes; a rater has no menu to wait for."""
    button = visit.page.get_by_role("button", name=name, exact=True)
    # Those of the question before stay on the screen until the next one is drawn.
    expect(button).to_have_count(1)
    button.click()
    visit.page.wait_for_timeout(300)
    visit.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
    visit.page.wait_for_timeout(500)


def begin(visit: Visit, study: Study, rater: str) -> None:
    visit.open(f"study?study={study.design.name}")
    visit.page.get_by_role("textbox", name="Your name").fill(rater)
    visit.page.keyboard.press("Enter")
    visit.settle()
    press(visit, "Begin")


def assert_blind(visit: Visit, study: Study) -> None:
    """Neither what is written, nor what lies behind it, nor the address tells a run."""
    for one in (study.design.first, study.design.second):
        alone = re.compile(rf"(?<![A-Za-z0-9]){re.escape(one.run)}(?![A-Za-z0-9])", re.IGNORECASE)
        assert not alone.search(visit.page.content()), one.run
        assert not alone.search(visit.page.url)
    assert visit.page.get_by_test_id("stSidebarNav").count() == 0


@pytest.mark.parametrize("visit", ["light", "dark", "tablet"], indirect=True)
def test_two_people_rate_a_study_and_read_what_it_found(
    visit: Visit,
    prepared: Path,
    request: pytest.FixtureRequest,
) -> None:
    name, page = request.node.callspec.params["visit"], visit.page
    study = whole_study(prepared, f"journey-{name}")
    try:
        for rater in ("Ann", "Bea"):
            begin(visit, study, rater)
            for person in (1, 2):
                expect(page.get_by_text(f"Person {person} of 2")).to_be_visible()
                for place, question in enumerate(QUESTIONS.values()):
                    expect(page.get_by_role("heading", name=question.text)).to_be_visible()
                    assert_blind(visit, study)
                    if person == 1 and place == 0 and rater == "Ann":
                        visit.keep(f"study-rate-{name}")
                    press(visit, "No difference" if place == 3 else "Left")
            expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
            press(visit, "Leave")
        assert study.is_complete()
        page.get_by_role("radio", name="Results").click()
        visit.settle()
        expect(page.get_by_text("2 people took part")).to_be_visible()
        expect(page.get_by_test_id("stPlotlyChart")).to_contain_text("transparency")
        visit.keep(f"study-results-{name}")
        with page.expect_download() as download:
            page.get_by_role("button", name="All answers · csv").click()
        rows = download.value.path().read_text(encoding="utf-8").splitlines()
        assert len(rows) == 1 + 2 * 2 * len(QUESTIONS) and rows[0].startswith("case,user,rater")
        assert results(study).questions[3].answers["tie"] == 4
        visit.assert_sound()
    finally:
        shutil.rmtree(prepared / FOLDER)


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_a_study_is_made_on_the_page(visit: Visit, prepared: Path) -> None:
    try:
        visit.open("study")
        expect(visit.page.get_by_text("There is no study yet")).to_be_visible()
        visit.keep("study-new-light")
        visit.page.get_by_role("spinbutton", name="Persons").fill("2")
        visit.page.keyboard.press("Enter")
        visit.settle()
        press(visit, "Make the study")
        expect(visit.page.get_by_role("button", name="Begin")).to_be_visible(timeout=60_000)
        assert Study.open(prepared / FOLDER, "study-1").count() == 2
        visit.assert_sound()
    finally:
        shutil.rmtree(prepared / FOLDER, ignore_errors=True)
