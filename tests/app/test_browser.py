"""Walks through the app in a browser, as a person would; screenshots are kept under artifacts/."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.visiting import Visit

pytestmark = pytest.mark.browser


def test_a_person_asks_why_and_looks_around(visit: Visit, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["visit"]
    page = visit.page
    visit.open("?dataset=cards")
    expect(page.get_by_role("heading", name="Explainability workbench")).to_be_visible()
    visit.keep(f"home-{name}")

    page.get_by_test_id("stSidebarNav").get_by_text("Why this image?").click()
    visit.settle()
    user = page.get_by_role("combobox", name="User", exact=True)
    user.click()
    user.fill("a")
    page.get_by_role("option").nth(2).click()
    visit.settle()
    visit.button("✓ 1")
    assert page.get_by_role("heading", level=4).inner_text().endswith(".")
    expect(page.get_by_text("What the score is made of")).to_be_visible()
    visit.keep(f"why-{name}")
    expect(page.get_by_text("Rank 1 of")).to_be_visible()

    visit.button("2")
    expect(page.get_by_text("Rank 2 of")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("radio", name="people followed").click()
    visit.settle()
    assert "aspect=follows" in page.url and "item=" in page.url
    visit.keep(f"people-{name}")

    link = page.url
    user.click()
    user.fill("b")
    page.get_by_role("option").first.click()
    visit.settle()
    expect(page.get_by_text("Rank 1 of")).to_be_visible()
    assert page.url != link

    page.get_by_test_id("stSidebarNav").get_by_text("Who and what matters?").click()
    visit.settle()
    expect(page.get_by_text("Users by share of each aspect")).to_be_visible()
    visit.keep(f"aspects-{name}")

    page.goto(link)
    visit.settle()
    expect(page.get_by_text("Rank 2 of")).to_be_visible()
    assert page.url == link
    visit.assert_sound()


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_the_first_page_is_found_by_its_name_too(visit: Visit) -> None:
    visit.open("home?dataset=toy&run=svdpp")
    expect(visit.page.get_by_role("heading", name="Explainability workbench")).to_be_visible()
    expect(visit.page.get_by_text("Page not found")).to_have_count(0)
    expect(visit.page.get_by_test_id("stSidebarNav").get_by_role("link", name="Home")).to_have_count(1)
    assert visit.page.url.startswith(f"{visit.address}/?dataset=toy&run=svdpp")
    visit.assert_sound()


@pytest.mark.parametrize("visit", ["tablet"], indirect=True)
def test_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    for path in (
        "?dataset=cards",
        "why?dataset=cards",
        "why?dataset=toy&run=svdpp&compare=hasc",
        "aspects?dataset=cards",
        "regions?dataset=cards&run=uhan&shape=images",
        "words?dataset=cards&run=anternn",
        "popularity?dataset=cards",
    ):
        visit.open(path)
        main = visit.page.get_by_test_id("stMain")
        assert main.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    visit.assert_sound()


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_an_explanation_is_taken_away(visit: Visit) -> None:
    visit.open("why?dataset=cards")
    visit.page.get_by_test_id("stPopover").get_by_text("Export").click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="zip").click()
    path = download.value.path()
    assert path.read_bytes()[:2] == b"PK"
    assert download.value.suggested_filename.startswith("why-hasc-")
    visit.assert_sound()


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_the_verdict_opens_its_numbers_and_its_rule(visit: Visit) -> None:
    visit.open("why?dataset=cards")
    visit.page.get_by_test_id("stMain").get_by_test_id("stPopover").nth(1).click()
    expect(visit.page.get_by_text("How this is decided")).to_be_visible()
    visit.keep("verdict-light")
    visit.assert_sound()


def test_a_cell_is_enlarged_by_a_click(visit: Visit, request: pytest.FixtureRequest) -> None:
    visit.open("regions?dataset=cards&run=uhan")
    charts = visit.page.get_by_test_id("stPlotlyChart")
    expect(charts).to_have_count(2)
    before = charts.nth(1).inner_text()
    # The picture of the row stands first, then its cells.
    box = charts.first.locator("image").nth(2).bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.settle()
    assert "cell=0%2C" in visit.page.url
    assert charts.nth(1).inner_text() != before
    visit.page.get_by_test_id("stMain").get_by_role("radio", name="one user, several images").click()
    visit.settle()
    assert "shape=images" in visit.page.url
    visit.keep(f"regions-{request.node.callspec.params['visit']}")
    visit.assert_sound()


def test_the_moment_is_moved_and_a_word_found_in_the_picture(visit: Visit, request: pytest.FixtureRequest) -> None:
    name, page = request.node.callspec.params["visit"], visit.page
    visit.open("words?dataset=cards")
    expect(page.get_by_role("heading", name="Which words and when?")).to_be_visible()
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts).to_have_count(6)
    visit.keep(f"words-{name}")
    before = charts.first.inner_text()
    page.get_by_role("slider").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    visit.settle()
    assert "moment=" in page.url
    expect(charts.first).not_to_have_text(before, use_inner_text=True)
    cell = charts.nth(4).locator(".scatterlayer .points path").first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.settle()
    assert "word=" in page.url
    expect(charts.nth(4)).to_contain_text("the regions that match")
    visit.keep(f"words-map-{name}")
    visit.assert_sound()


def test_a_picture_of_ones_own_gets_its_popularity_and_its_map(
    visit: Visit, request: pytest.FixtureRequest, prepared: Path
) -> None:
    visit.open("popularity?dataset=cards")
    visit.keep(f"popularity-{request.node.callspec.params['visit']}")
    visit.page.get_by_test_id("stMain").get_by_role("radio", name="my own picture").click()
    visit.settle()
    picture = next((prepared / "cards" / "images").glob("*.jpg"))
    visit.page.locator("input[type=file]").set_input_files(picture)
    visit.settle()
    visit.page.get_by_role("textbox", name="Caption").fill("A large red car by the lake.")
    visit.page.get_by_role("textbox", name="Caption").press("Control+Enter")
    visit.settle()
    charts = visit.page.get_by_test_id("stPlotlyChart")
    expect(charts.first).to_contain_text("views a day")
    expect(visit.page.get_by_text("Where in the picture", exact=True)).to_be_visible()
    visit.keep(f"own-{request.node.callspec.params['visit']}")
    visit.page.get_by_test_id("stPopover").get_by_text("Export").click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="zip").click()
    assert download.value.path().read_bytes()[:2] == b"PK"
    visit.assert_sound()
