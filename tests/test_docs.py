"""The documentation builds, and every link and anchor of it holds."""

from __future__ import annotations

import importlib.util
import logging
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from workbench.models import registry

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BROKEN = """# Broken

[no page](nothing.md), [no heading](evidence.md#nothing), [none of the repository](../nothing.md).

[One that holds](../README.md#models).
"""


def warnings_of(caplog: pytest.LogCaptureFixture, site: Path, **options: Any) -> list[str]:
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site), **options)
    with caplog.at_level(logging.WARNING, "mkdocs"):
        build(config)
    return [record.getMessage() for record in caplog.records]


def test_all_links_hold_and_broken_ones_are_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    (tmp_path / "docs" / "broken.md").write_text(BROKEN, encoding="utf-8")
    # Without the reference, which takes long to make, and to whose headings no page links.
    found = warnings_of(caplog, tmp_path / "site", docs_dir=str(tmp_path / "docs"), plugins=[])
    assert all("'broken.md'" in one for one in found), found
    assert sorted(link for one in found for link in re.findall(r"link '([^']+)'", one)) == [
        "../nothing.md",
        "evidence.md#nothing",
        "nothing.md",
    ]
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'href="models/hasc.html"' in home and 'src="pictures/dashboard.png"' in home
    assert 'href="index.html#models"' in (tmp_path / "site" / "broken.html").read_text(encoding="utf-8")


def test_nothing_is_fetched_from_elsewhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    docs = tmp_path / "docs"
    for name in ("assets", "models"):
        shutil.copytree(DOCS / name, docs / name)
    warnings_of(caplog, tmp_path / "site", docs_dir=str(docs), hooks=[], plugins=["search"])
    page = (tmp_path / "site" / "models" / "hasc.html").read_text(encoding="utf-8")
    assert re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', page) == []


@pytest.mark.parametrize("path", sorted((DOCS / "reference").glob("*.md")), ids=lambda path: path.stem)
def test_the_reference_names_modules_that_are_there(path: Path) -> None:
    names = re.findall(r"^::: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert names and all(importlib.util.find_spec(name) for name in names)


@pytest.mark.parametrize("path", sorted((DOCS / "models").glob("*.md")), ids=lambda path: path.stem)
def test_every_page_of_a_model_says_what_it_must(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for part in ("**Idea.**", "\n    ", "Evidence", "explanation means"):
        assert part in text, f"{path.name} lacks {part!r}"


def test_every_model_has_a_page() -> None:
    assert set(registry()) <= {path.stem for path in (DOCS / "models").glob("*.md")}


def test_the_gallery_shows_what_its_command_draws() -> None:
    path = DOCS / "gallery" / "draw.py"
    spec = importlib.util.spec_from_file_location("gallery", path)
    assert spec is not None and spec.loader is not None
    gallery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery)
    shown = re.findall(r"!\[[^]]+\]\(([\w-]+)\.png\)", (path.parent / "index.md").read_text(encoding="utf-8"))
    assert list(gallery.DRAWN) == shown
    assert {picture.stem for picture in path.parent.glob("*.png")} == set(shown)
    assert sum(picture.stat().st_size for picture in path.parent.glob("*.png")) < 3_000_000


@pytest.mark.slow
def test_the_whole_site_builds_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert warnings_of(caplog, tmp_path) == []
    page = (tmp_path / "reference" / "api.html").read_text(encoding="utf-8")
    assert 'id="workbench.api.train"' in page and "TrainingError" in page
    assert "<code>workbench train</code>" in (tmp_path / "commands.html").read_text(encoding="utf-8")
