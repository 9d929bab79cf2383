"""Walks through the app in a browser, as a person would; screenshots are kept under artifacts/."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.app.conftest import APP

pytestmark = pytest.mark.browser

ARTIFACTS = APP.parent / "artifacts"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENS = {"light": (1280, 900), "dark": (1280, 900), "tablet": (1024, 768)}
EXCEPTION = "[data-testid=stException]"


@dataclass
class Visit:
    """One browser window on the app, and what went wrong in it."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and the figures are drawn."""
        self.page.wait_for_selector("[data-testid=stSidebar], [data-testid=stProgress]", timeout=60_000)
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
        self.page.wait_for_timeout(500)

    def button(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.settle()

    def keep(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def assert_sound(self) -> None:
        assert self.page.locator(EXCEPTION).count() == 0, self.page.locator(EXCEPTION).inner_text()
        assert self.faults == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "no chromium on this machine: install it with 'apt-get install chromium'"
        (pytest.fail if os.environ.get("WORKBENCH_REQUIRE_BROWSER") == "1" else pytest.skip)(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, served as a person starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(APP),
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            command, cwd=APP.parent, env=environment | {"WORKBENCH_HOME": str(prepared)}, stdout=output, stderr=output
        )
        try:
            _wait(f"http://localhost:{port}/_stcore/health", server, log)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(150):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(params=SCREENS)
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    width, height = SCREENS[request.param]
    scheme: Literal["dark", "light"] = "dark" if request.param == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    visit = Visit(context.new_page(), address)
    visit.page.set_default_timeout(30_000)
    visit.page.on("pageerror", lambda error: visit.faults.append(str(error)))
    visit.page.on("console", lambda message: _note(visit.faults, message.type, message.text, message.location["url"]))
    yield visit
    context.close()


def _note(faults: list[str], kind: str, text: str, url: str) -> None:
    # On a deep link Streamlit first asks for its own addresses below the page's name, and is told 404.
    if kind == "error" and "/_stcore/" not in url:
        faults.append(f"{text} {url}")


def test_a_person_asks_why_and_looks_around(visit: Visit, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["visit"]
    page = visit.page
    visit.open("?dataset=cards")
    expect(page.get_by_role("heading", name="Explainability workbench")).to_be_visible()
    visit.keep(f"home-{name}")

    page.get_by_test_id("stSidebarNav").get_by_text("Why this image?").click()
    visit.settle()
    user = page.get_by_role("combobox", name="User")
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
    visit.page.get_by_test_id("stPopover").nth(1).click()
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
