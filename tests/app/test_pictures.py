"""The pages that look into pictures: which runs they offer, what they compare, and pictures from outside."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.app.test_pages import at_page, opened, shown
from workbench.app.runs import fitting


def picture(side: int = 64) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("page", "runs"),
    [
        ("home", ["acf", "anternn", "gru", "hasc", "jifr", "jifr-na", "uhan"]),
        ("why", ["acf", "anternn", "gru", "hasc", "jifr", "jifr-na"]),
        ("aspects", ["acf", "anternn", "gru", "hasc", "jifr", "jifr-na"]),
        ("regions", ["acf", "uhan"]),
        ("words", ["anternn", "gru"]),
        ("frames", ["jifr", "jifr-na"]),
        ("popularity", ["uhan"]),
    ],
)
def test_a_page_offers_the_runs_it_can_show(home: Path, page: str, runs: list[str]) -> None:
    assert fitting(home / "cards", page) == runs  # type: ignore[arg-type]
    app = at_page(opened(dataset="cards"), page)
    assert not app.exception and not app.error
    assert app.selectbox("choose-run").options == runs


@pytest.mark.usefixtures("home")
def test_a_page_of_another_task_takes_its_own_run_without_a_warning() -> None:
    app = at_page(opened(dataset="cards", run="hasc"), "popularity")
    assert not app.exception and not app.warning and not app.error
    assert app.selectbox("choose-run").value == "uhan"
    assert at_page(app, "why").selectbox("choose-run").value == "hasc"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("page", "does"), [("regions", "looks into images"), ("popularity", "predicts popularity")])
def test_a_dataset_without_such_a_run_says_how_to_get_one(page: str, does: str) -> None:
    app = at_page(opened(dataset="toy"), page)
    assert not app.exception and len(app.header) == 1
    assert does in app.info[0].value and "workbench train uhan" in app.info[0].value.replace("\\", "")
    assert app.selectbox("no-run").disabled


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("run", ["acf", "uhan"])
@pytest.mark.parametrize("shape", ["users", "models", "images"])
def test_every_comparison_opens(run: str, shape: str) -> None:
    app = at_page(opened(dataset="cards", run=run, shape=shape, opacity="25 %", planted="off", cell="0,1"), "regions")
    assert not app.exception and not app.warning and not app.error
    assert len(app.get("plotly_chart")) == 2
    assert ("history" in shown(app)) == (run == "acf")
    assert app.select_slider[0].value == "25 %" and app.toggle[0].value is False


@pytest.mark.usefixtures("home")
def test_a_link_with_options_that_are_not_there_falls_back() -> None:
    app = at_page(opened(dataset="cards", users="nobody,,x", rows="%2F", cell="9,9", opacity="7", shape="x"), "regions")
    assert not app.exception and not app.error
    assert app.multiselect("many-users").value == []
    assert app.select_slider[0].value == "75 %"


@pytest.mark.usefixtures("home")
def test_further_users_are_chosen_and_kept_in_the_address() -> None:
    app = at_page(opened(dataset="cards", run="uhan", item="3"), "regions")
    others = app.multiselect("many-users")
    assert len(others.value) == 3
    others.set_value(others.value[:1]).run()
    assert not app.exception
    assert app.query_params["users"] == [others.value[0]] or app.query_params["users"] == others.value[0]
    app.multiselect("many-users").set_value([]).run()
    assert app.multiselect("many-users").value == [] and not app.exception


@pytest.mark.usefixtures("home")
def test_a_post_is_predicted_and_another_one_opened() -> None:
    app = at_page(opened(dataset="cards"), "popularity")
    assert not app.exception and not app.error and not app.warning
    assert app.button("post-1").label == "**✓ 1**"
    before = shown(app)
    assert "views a day" in before
    app.button("post-2").click().run()
    assert not app.exception and app.button("post-2").label == "**✓ 2**"
    assert "item" in app.query_params and shown(app) != before


@pytest.mark.usefixtures("home")
def test_another_caption_is_predicted_beside_the_written_one() -> None:
    app = at_page(opened(dataset="cards"), "popularity")
    assert "With its own caption" not in shown(app)
    app.text_area[0].set_value("A large red car.").run()
    assert not app.exception and not app.error
    assert "With its own caption" in shown(app)
    app.text_area[0].set_value("").run()
    assert not app.exception and not app.error


@pytest.mark.usefixtures("home")
def test_a_picture_of_ones_own_is_predicted_and_a_broken_one_refused() -> None:
    app = at_page(opened(dataset="cards", origin="own"), "popularity")
    assert not app.exception and "not kept" in app.info[0].value
    app.file_uploader[0].upload("mine.png", picture(), "image/png").run()
    assert not app.exception and not app.error
    assert "views a day" in shown(app) and not app.info
    app.text_area[0].set_value("<script>alert(1)</script> $x$").run()
    assert not app.exception and not app.error
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png").run()
    assert not app.exception
    assert "cannot be read as a picture" in app.error[0].value
