"""The page of key frames: whose frames are ranked, what is said of them, and what is said where there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.app.test_pages import at_page, opened, shown
from workbench import api
from workbench.data.dataset import Dataset
from workbench.explain.frames import key_frames, liked_for_a_frame


def reels_of(data: Dataset) -> list[str]:
    return [str(item) for item in data.table("frames")["item"].unique()]


def test_two_users_are_shown_and_the_words_are_those_of_the_explanation(home: Path) -> None:
    app = at_page(opened(dataset="cards"), "frames")
    assert not app.exception and not app.error and not app.warning and not app.info
    assert app.selectbox("choose-run").value == "jifr" and len(app.get("plotly_chart")) == 1
    explainer = api.explainer(home / "cards" / "runs" / "jifr")
    data = explainer.dataset
    item = data.items.parse(app.selectbox("choose-item").value)
    user = data.users.parse(app.selectbox("choose-user").value)
    other = data.users.parse(app.multiselect("many-users").value[0])
    assert len(app.multiselect("many-users").value) == 1 and other != user
    words = shown(app).replace("\\", "")
    for code in (user, other):
        assert key_frames(explainer, code, item).sentence in words
    assert set(app.selectbox("choose-item").options) >= {data.item_label(item)} or liked_for_a_frame(data, user)
    assert len(app.selectbox("choose-item").options) == len(reels_of(data))


@pytest.mark.usefixtures("home")
def test_more_than_two_users_make_a_film_strip() -> None:
    app = at_page(opened(dataset="cards"), "frames")
    users = app.multiselect("many-users")
    app = users.set_value(users.options[:3]).run()
    assert not app.exception and len(app.get("plotly_chart")) == 2
    app = app.multiselect("many-users").set_value([]).run()
    assert not app.exception and len(app.get("plotly_chart")) == 1 and len(app.subheader) == 1


@pytest.mark.usefixtures("home")
def test_two_models_are_compared_on_the_same_reel() -> None:
    app = at_page(opened(dataset="cards", run="jifr", compare="jifr-na"), "frames")
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 2
    assert "jifr beside jifr\\-na" in shown(app)


def test_an_image_without_a_reel_gives_way_to_one_that_has(home: Path) -> None:
    data = Dataset.open(home / "cards")
    still = next(str(item) for item in data.items if str(item) not in reels_of(data))
    app = at_page(opened(dataset="cards", item=still), "frames")
    assert not app.exception
    assert [f"Image {still} has no reel" in info.value for info in app.info] == [True]
    assert app.selectbox("choose-item").value in reels_of(data)


@pytest.mark.usefixtures("home")
def test_a_dataset_without_frames_says_what_brings_them() -> None:
    app = at_page(opened(dataset="toy"), "frames")
    assert not app.exception
    assert ["table frames" in info.value and "workbench demo" in info.value for info in app.info] == [True]


def test_without_a_run_that_scores_frames_the_commands_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "cards"
    shutil.copytree(home / "cards", copy, ignore=shutil.ignore_patterns("jifr*", "convnet-frames"))
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="cards"), "frames")
    assert not app.exception
    words = app.info[0].value.replace("\\", "")
    assert "--encoder convnet --of frames" in words and "workbench train jifr" in words
