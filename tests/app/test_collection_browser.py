"""Two answers pinned in a browser, put in another order, and taken away as a zip and as a report."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.visiting import Visit
from workbench.views.bundle import MANIFEST
from workbench.views.collection import Shelf

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_pinned_views_are_put_in_order_and_taken_away(visit: Visit, prepared: Path) -> None:
    page = visit.page
    try:
        for address_of, note in (("why?dataset=cards&run=hasc", "the first"), ("aspects?dataset=cards&run=hasc", "")):
            visit.open(address_of)
            page.get_by_test_id("stSidebar").get_by_role("button", name="Pin").click()
            page.get_by_role("textbox", name="Note").fill(note)
            page.get_by_role("button", name="Pin this view").click()
            visit.settle()
        visit.open("collection")
        expect(page.get_by_role("textbox", name="Note")).to_have_count(2)
        page.get_by_role("button", name="Down", exact=False).first.click()
        visit.settle()
        assert Shelf(prepared).read("pinned").notes == ["", "the first"]
        visit.keep("collection-light")
        with page.expect_download(timeout=60_000) as download:
            page.get_by_role("button", name="Zip of every picture").click()
        with zipfile.ZipFile(download.value.path()) as archive:
            views = json.loads(archive.read(MANIFEST))["views"]
            assert [view["note"] for view in views] == ["", "the first"]
            assert archive.read("02-why/explanation.pdf")[:4] == b"%PDF"
        with page.expect_download(timeout=60_000) as report:
            page.get_by_role("button", name="Report to read").click()
        text = report.value.path().read_text(encoding="utf-8")
        assert "the first" in text and "http" not in text.replace("http-equiv", "")
        visit.assert_sound()
    finally:
        shutil.rmtree(prepared / "collections", ignore_errors=True)
