"""A browser on the app, as the tests that walk through it take it: fixtures, found by their names."""

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
from playwright.sync_api import Browser, Page, sync_playwright

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
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
