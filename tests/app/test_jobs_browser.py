"""In a browser: a training watched and stopped, and a dataset of one's own uploaded, imported and trained on."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.app.visiting import Visit
from workbench.data.template import template_zip
from workbench.jobs import job as jobs

pytestmark = pytest.mark.browser


def until_ended(run: Path) -> None:
    limit = time.monotonic() + 60
    while jobs.is_running(run):
        assert time.monotonic() < limit, "it did not stop in time"
        time.sleep(0.1)


@pytest.mark.parametrize("visit", ["light"], indirect=True)
def test_own_data_is_uploaded_imported_trained_on_watched_and_stopped(
    visit: Visit,
    prepared: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "my-data.zip").write_bytes(template_zip())
    visit.open("data?dataset=toy")
    visit.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "my-data.zip")
    visit.page.get_by_text("Every table and image is sound.").wait_for(timeout=30_000)
    visit.settle()
    visit.keep("own-data")
    visit.button("Import")
    visit.page.get_by_text("is a dataset of this app now").wait_for(timeout=30_000)
    visit.assert_sound()

    data = prepared / "template"
    run = data / "runs" / "bpr"
    try:
        visit.open("train?dataset=template&model=bpr")
        field = visit.page.get_by_label("epochs", exact=True)
        field.fill("1000000")
        field.press("Tab")
        field = visit.page.get_by_label("patience", exact=True)
        field.fill("1000000")
        field.press("Tab")
        visit.page.get_by_role("button", name="Start training").click()
        visit.page.get_by_text("Epoch ").first.wait_for(timeout=60_000)
        visit.page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
        visit.keep("training")
        visit.page.reload()
        visit.page.get_by_text("Epoch ").first.wait_for(timeout=60_000)
        visit.page.get_by_role("button", name="Stop", exact=True).click()
        until_ended(run)
        visit.page.get_by_role("button", name="Resume").wait_for(timeout=60_000)
        visit.keep("training-stopped")
        visit.assert_sound()
        assert jobs.state_of(run) == "stopped"
    finally:
        if jobs.is_running(run):
            jobs.stop(run, at_once=True)
            until_ended(run)
        shutil.rmtree(data, ignore_errors=True)
