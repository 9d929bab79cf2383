"""The pictures of the README, from the demo world: python -m benchmarks.pictures [--home FOLDER].

Writes docs/pictures/dashboard.png, the page "Why this image?" in a window 1280 pixels wide, and
docs/pictures/card.png, the exported card of the same explanation. Both show, of all users whose best image has a
supported explanation that does not rest on own taste, the one with the most elements that moved the score. Also
regions.png, popularity.png and words.png, those pages for their first user, and trust.png, the audit of hasc. Needs the
demo in FOLDER (default: the home of the workbench; `workbench app` makes it), Playwright, and chromium on the path.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from workbench import api, demo
from workbench.explain.explanation import Explanation
from workbench.figures.export import export_explanation
from workbench.views.view import View

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
WINDOW = (1280, 1040)
COLOURS = 256
MOVED = 0.05
"""Contribution from which on an element counts as having moved the score."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Choose the explanation, take both pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=demo.home())
    home = parser.parse_args().home
    explanation = richest(home / "demo" / "runs" / "hasc")
    view = View(page="why", dataset="demo", run="hasc", user=str(explanation.user))
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (card,) = export_explanation(explanation, home / "demo", Path(folder), ["png"])
        keep(card.read_bytes(), PICTURES / "card.png")
    with served(home) as address:
        keep(screenshot(f"{address}/{view}"), PICTURES / "dashboard.png")
        keep(screenshot(f"{address}/regions?dataset=demo&run=acf-released"), PICTURES / "regions.png")
        keep(screenshot(f"{address}/popularity?dataset=demo&run=uhan"), PICTURES / "popularity.png")
        keep(screenshot(f"{address}/words?dataset=demo&run=anternn"), PICTURES / "words.png")
        keep(screenshot(f"{address}/trust?dataset=demo&run=hasc"), PICTURES / "trust.png")


def richest(run: Path) -> Explanation:
    """The explanation to show: supported, not mostly own taste, and with the most elements that moved the score."""
    explainer = api.explainer(run)
    items = explainer.dataset.items
    best = [explainer.recommend(user, 1)[0].item for user in range(len(explainer.dataset.users))]
    found = [explainer.explain(user, items.code(item)) for user, item in enumerate(best)]
    told = [e for e in found if e.verdict.badge == "supported" and "own taste" not in e.sentence]
    return max(told, key=lambda e: (_moved(e), e.score))


def _moved(explanation: Explanation) -> int:
    elements = [element for level in explanation.levels for element in level.elements]
    return sum(abs(element.contribution or 0.0) >= MOVED for element in elements)


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The app over ``home``; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://localhost:{probe.getsockname()[1]}"
    options = ["--server.port", address.rpartition(":")[2], "--server.headless", "true"]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py"), *options]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"WORKBENCH_HOME": str(home)})
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def screenshot(url: str) -> bytes:
    """The page in light colours, once its figures are drawn."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]}, color_scheme="light")
        page.goto(url)
        page.wait_for_selector("[data-testid=stPlotlyChart] .main-svg", timeout=120_000)
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        page.wait_for_timeout(3000)
        taken = page.screenshot()
        browser.close()
    return taken


def keep(content: bytes, path: Path) -> None:
    """Write a picture with few colours, no wider than the window."""
    with Image.open(io.BytesIO(content)) as picture:
        picture.thumbnail((WINDOW[0], 2 * WINDOW[1]), Image.Resampling.LANCZOS)
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
