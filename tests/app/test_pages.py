from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from threading import Event

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import APP, MODELS
from tests.worlds import write_toy
from workbench import api, demo
from workbench.app import sources, widgets
from workbench.app.export import archive
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.explain.explanation import Explanation
from workbench.figures.export import FORMATS
from workbench.models import registry
from workbench.views.view import PAGES, View


def opened(**query: str) -> AppTest:
    """The app on its first page, opened by a link."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def at_page(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"workbench/app/pages/{page}.py").run()


def shown(app: AppTest) -> str:
    """Every sentence on the page."""
    kinds = (app.header, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for elements in kinds for element in elements)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("page", ["home", "why", "aspects"])
@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_for_every_model(model: str, page: str) -> None:
    app = at_page(opened(dataset="toy", run=model), page)
    assert not app.exception
    assert not app.warning
    assert len(app.header) == 1
    assert len(app.error) == (page == "aspects" and model != "hasc")
    assert app.selectbox("choose-run").value == model


@pytest.mark.usefixtures("home")
def test_a_link_selects_user_image_and_options() -> None:
    app = at_page(opened(dataset="toy", run="hasc", user="1003", item="502", aspect="follows", by="removal"), "why")
    assert app.selectbox("choose-user").value == "1003"
    assert "Person 1" in shown(app) and "image 502" in shown(app)
    assert app.button_group("switch-aspect").value == "follows"
    assert app.button_group("switch-by").value == "removal"
    assert not app.warning


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"dataset": "absent"}, "no dataset absent"),
        ({"dataset": "toy", "run": "absent"}, "no run absent"),
        ({"dataset": "toy", "user": "77"}, "no user 77"),
        ({"dataset": "../toy"}, "cannot be read"),
        ({"dataset": "toy", "user": "<b>x</b>"}, r"no user \<b\>x"),
    ],
)
def test_a_link_to_nowhere_is_said_and_the_app_opens(query: dict[str, str], sentence: str) -> None:
    app = opened(**query)
    assert not app.exception
    assert [sentence in warning.value for warning in app.warning] == [True]


@pytest.mark.usefixtures("home")
def test_an_unknown_image_gives_way_to_the_best() -> None:
    app = at_page(opened(dataset="toy", run="bpr", item="501"), "why")
    assert not app.exception
    assert "501" in app.warning[0].value
    assert app.button("open-1").label == "**✓ 1**"


@pytest.mark.usefixtures("home")
def test_a_model_without_evidence_says_why_it_has_none() -> None:
    app = at_page(opened(dataset="toy", run="bpr"), "why")
    assert not app.exception
    assert widgets.text(registry()["bpr"].silent) in app.info[0].value


@pytest.mark.usefixtures("home")
def test_another_image_and_another_user_are_opened() -> None:
    app = at_page(opened(dataset="cards", run="hasc"), "why")
    before = shown(app)
    app.button("open-3").click().run()
    assert app.button("open-3").label == "**✓ 3**" and app.button("open-1").label == "1"
    assert "Rank 3 of" in shown(app) and shown(app) != before
    users = app.selectbox("choose-user")
    users.select_index(5).run()
    assert not app.exception
    assert app.button("open-1").label == "**✓ 1**"
    assert "Rank 1 of" in shown(app)


@pytest.mark.usefixtures("home")
def test_any_image_is_reached_and_the_way_back_leads_to_the_former_view() -> None:
    app = at_page(opened(dataset="cards", run="hasc"), "why")
    before = app.query_params["user"]
    images = app.selectbox("choose-item")
    last = images.options[-1]
    images.set_value(last.removeprefix("image ")).run()
    assert not app.exception and not app.warning
    assert last in shown(app) and "item" in app.query_params
    del app.query_params["item"]
    app.run()
    assert "Rank 1 of" in shown(app) and app.query_params["user"] == before
    assert app.selectbox("choose-item").value == "—"


@pytest.mark.usefixtures("home")
def test_a_second_run_stands_beside_the_first() -> None:
    app = at_page(opened(dataset="toy", run="hasc", compare="svdpp"), "why")
    assert not app.exception
    assert [heading.value for heading in app.subheader] == ["Side by side"]
    assert shown(app).count("Rank ") == 4 and "parts of all shares" in str(app.get("plotly_chart")[-1].proto)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("page", "dataset", "run", "other"),
    [
        ("why", "toy", "hasc", "svdpp"),
        ("aspects", "toy", "hasc", "hasc"),
        ("words", "cards", "anternn", "gru"),
        ("popularity", "cards", "uhan", "uhan"),
    ],
)
def test_a_second_user_and_a_second_run_stand_beside_the_first_on_every_page(
    page: str, dataset: str, run: str, other: str
) -> None:
    app = at_page(opened(dataset=dataset, run=run), page)
    before = len(app.get("plotly_chart"))
    app.selectbox("choose-against").select_index(2).run()
    assert not app.exception and not app.error and not app.warning
    assert len(app.get("plotly_chart")) > before
    if other != run:
        app.selectbox("choose-compare").set_value(other).run()
        assert not app.exception and not app.error and not app.warning
        assert app.query_params["compare"] in (other, [other]) and "against" in app.query_params


@pytest.mark.usefixtures("home")
def test_nobody_is_compared_with_herself() -> None:
    app = at_page(opened(dataset="toy", run="hasc", user="1003", against="1003"), "why")
    assert not app.exception and "against" not in app.query_params
    assert "1003" not in app.selectbox("choose-against").options


@pytest.mark.usefixtures("home")
def test_a_fifth_of_the_users_is_shown_alone() -> None:
    app = at_page(opened(dataset="toy", run="hasc"), "aspects")
    app.selectbox("pick-who").set_value("fewest likes").run()
    assert not app.exception and not app.error and app.query_params["who"] in ("fewest likes", ["fewest likes"])


@pytest.mark.usefixtures("home")
def test_a_user_without_social_evidence_is_explained() -> None:
    app = at_page(opened(dataset="toy", run="hasc", user="1117"), "why")
    assert not app.exception and not app.error
    assert "0 uploads · follows 0" in shown(app)


def test_a_broken_run_and_a_broken_dataset_are_sentences(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "toy"
    shutil.copytree(home / "toy", copy)
    (copy / "runs" / "svdpp" / "weights.safetensors").write_bytes(b"not weights")
    (copy / "runs" / "bpr" / "card.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    for run in ("svdpp", "bpr"):
        app = at_page(opened(run=run), "why")
        assert not app.exception
        assert len(app.error) == 1 and "train the run again" in app.error[0].value
    assert len(opened(run="hasc").error) == 1
    (copy / "likes.parquet").write_bytes(b"not a table")
    app = at_page(opened(run="hasc"), "why")
    assert not app.exception
    assert "likes" in app.error[0].value
    assert app.selectbox("no-user").disabled


def test_a_dataset_without_runs_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_toy(tmp_path / "bare")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv(sources.DATA, str(tmp_path / "bare"))
    app = opened()
    assert not app.exception
    assert app.selectbox("no-run").disabled and "workbench train" in shown(app)
    assert "No run of this dataset ranks images" in shown(at_page(app, "why"))


def test_the_command_line_names_data_and_runs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setenv(sources.DATA, str(home / "toy"))
    shutil.copytree(home / "toy" / "runs" / "bpr", tmp_path / "elsewhere" / "mine")
    monkeypatch.setenv(sources.RUNS, str(tmp_path / "elsewhere"))
    app = at_page(opened(), "why")
    assert not app.exception
    assert app.selectbox("choose-run").options == ["mine"]


def test_an_empty_home_builds_the_demo_and_opens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, go_on = Event(), Event()

    def ensure(folder: Path, report: demo.Report) -> None:
        report("drawing postcards", 0.25)
        told.set()
        assert go_on.wait(60)
        write_toy(folder)

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(demo, "ensure", ensure)
    monkeypatch.setattr(demo, "is_ready", lambda folder: (folder / "dataset.json").is_file())
    app = opened()
    assert told.wait(60)
    app.run()
    assert app.header[0].value == "Welcome"
    assert app.get("progress")[0].proto.value == 25 and "Drawing postcards" in app.get("progress")[0].proto.text
    go_on.set()
    for _ in range(100):
        if app.run().header[0].value != "Welcome":
            break
    assert not app.exception
    assert "The dataset toy" in shown(app)


def test_a_demo_that_cannot_be_built_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ensure(folder: Path, report: demo.Report) -> None:
        raise OSError(f"{folder} is full")

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(demo, "ensure", ensure)
    app = opened()
    for _ in range(100):
        if app.run().error:
            break
    assert "is full" in app.error[0].value
    assert [button.label for button in app.button] == ["Try again"]


def test_what_is_exported_is_what_is_shown(home: Path) -> None:
    explanation = api.explainer(home / "toy" / "runs" / "hasc").explain(1, 1)
    view = View(page="why", dataset="toy", run="hasc", user="1003", item="502")
    with zipfile.ZipFile(io.BytesIO(archive(explanation, home / "toy", FORMATS, view))) as bundle:
        assert sorted(bundle.namelist()) == sorted([*(f"explanation.{name}" for name in FORMATS), "view.txt"])
        assert View.parse(bundle.read("view.txt").decode().strip()) == view
        assert Explanation.model_validate_json(bundle.read("explanation.json")) == explanation


def test_a_changed_run_is_read_again(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(home / "toy" / "runs" / "bpr", copy)
    before = sources.stamp_run(copy)
    assert sources.stamp_run(copy) == before
    (copy / "card.json").write_text((copy / "card.json").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert sources.stamp_run(copy) != before


@pytest.mark.parametrize("page", PAGES)
def test_pictures_without_people_open_and_say_what_to_do(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {
        "items": pd.DataFrame({"item": [1, 2]}),
        "regions": pd.DataFrame({"item": [1], "region": [0], "x0": [0.0], "y0": [0.0], "x1": [0.5], "y1": [1.0]}),
    }
    write_dataset(tmp_path / "pictures", DatasetCard(name="pictures"), tables)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="pictures"), page)
    assert not app.exception
