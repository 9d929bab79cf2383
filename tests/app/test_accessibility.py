"""No page has a serious fault by axe-core's rules, and the main journey needs no mouse."""

from __future__ import annotations

from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.app.visiting import Visit
from workbench.app.main import ENTRIES

pytestmark = pytest.mark.browser

GRAVE: Final = {"serious", "critical"}
PALE: Final = "[data-testid=stSelectbox]:has(:disabled), [data-testid=stSlider]:has([disabled]), a[disabled]"
LEFT: Final[dict[str, tuple[str, str]]] = {
    "list": ("[data-testid=stSidebarNav]", "Streamlit puts the groups of its menu as <div> into one <ul>"),
    "listitem": ("[data-testid=stSidebarNav]", "and their pages as <li> into those"),
    "color-contrast": (
        f"{PALE}, [role=radio][aria-checked=true]",
        "what cannot be chosen may be pale (WCAG 1.4.3) but is unmarked; no dark primary colour suits text and button",
    ),
}
"""Rules that what Streamlit itself draws breaks and no page can mend: where, and why. Elsewhere they hold."""
RUNS: Final = {"regions": "uhan", "popularity": "uhan", "words": "anternn", "frames": "jifr"}
DARK: Final = ("home", "why", "words")
TABS: Final = 120


def is_left(page: Page, rule: str, node: dict[str, Any]) -> bool:
    """Whether a fault is one of Streamlit's own."""
    if rule not in LEFT:
        return False
    where, _ = LEFT[rule]
    found = page.locator(node["target"][0]).first
    return bool(found.evaluate("(node, where) => node.closest(where) !== null", where))


def faults(page: Page) -> dict[str, list[str]]:
    """The serious faults of a page, by rule."""
    found: dict[str, list[str]] = {}
    for one in Axe().run(page).response["violations"]:
        nodes = [node for node in one["nodes"] if not is_left(page, one["id"], node)]
        if one["impact"] in GRAVE and nodes:
            found[f"{one['id']}: {one['help']}"] = [node["html"][:300] for node in nodes]
    return found


def opened(visit: Visit, name: str) -> None:
    run = f"&run={RUNS[name]}" if name in RUNS else ""
    visit.open(f"{name if name != 'home' else ''}?dataset=cards{run}")


@pytest.mark.parametrize("visit", ["light"], indirect=True)
@pytest.mark.parametrize("name", ENTRIES)
def test_no_page_has_a_serious_fault(visit: Visit, name: str) -> None:
    opened(visit, name)
    assert faults(visit.page) == {}


@pytest.mark.parametrize("visit", ["dark"], indirect=True)
@pytest.mark.parametrize("name", DARK)
def test_no_page_has_a_serious_fault_in_the_dark(visit: Visit, name: str) -> None:
    opened(visit, name)
    assert faults(visit.page) == {}


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_a_fault_would_be_found(visit: Visit) -> None:
    opened(visit, "home")
    wrong = '<img src="a.png"><button></button>'
    visit.page.get_by_test_id("stMain").evaluate("(node, html) => node.insertAdjacentHTML('beforeend', html)", wrong)
    assert {one.split(":")[0] for one in faults(visit.page)} == {"image-alt", "button-name"}


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_another_image_is_explained_without_a_mouse(visit: Visit) -> None:
    visit.open("why?dataset=cards")
    page = visit.page
    expect(page.get_by_text("Rank 1 of")).to_be_visible()
    reached = []
    for _ in range(TABS):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel || ''").strip()
        )
        if reached[-1] == "2":
            break
    assert reached[-1] == "2", reached
    assert any("Who and what matters?" in name for name in reached)
    page.keyboard.press("Enter")
    visit.settle()
    expect(page.get_by_text("Rank 2 of")).to_be_visible()
    visit.assert_sound()
