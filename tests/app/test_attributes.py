"""The page of attributes: what it shows of one user and of two, what a link chooses, what it says without."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from tests.app.test_words import asked
from workbench import api
from workbench.app import runs
from workbench.data.dataset import Dataset
from workbench.data.postcards.world import build_world
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.explain.attribute_reading import attribute_reading, liked_value
from workbench.features.attributes import learning
from workbench.features.encoders import encoder_named
from workbench.features.extraction import extract


@pytest.fixture(scope="module")
def dressed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a world whose attributes a network has had a short look at; treat it as read-only."""
    home = tmp_path_factory.mktemp("dressed")
    folder = home / "cards"
    build_world(folder, "tiny", 7)
    world = Dataset.open(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "FEWEST", 2)
        patch.setattr(learning, "MOST", 2)
        extract(world, encoder_named("attributes", world), "attributes")
    for name, settings in (("saers", {"dim": 8, "hidden": 8, "include_id": False}), ("bpr", {})):
        api.train(name, folder, folder / "runs" / name, device="cpu", epochs=3, **settings)
    return home


@pytest.fixture(autouse=True)
def home(dressed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(dressed))
    return dressed


def liked(home: Path) -> tuple[str, str, str]:
    """A user, an image she likes for an attribute, and that attribute as labels write it."""
    causes = pd.read_parquet(home / "cards" / "causes.parquet")
    first = causes[(causes["source"] == "like") & causes["attribute"].notna()].iloc[0]
    return str(first["user"]), str(first["item"]), str(first["attribute"]).replace("=", ": ")


def test_picture_list_tastes_and_map_are_shown() -> None:
    app = at_page(opened(dataset="cards"), "attributes")
    assert not app.exception and not app.error and not app.warning and not app.info
    assert app.selectbox("choose-run").options == ["saers"]
    assert len(app.get("plotly_chart")) == 4
    assert "Rank 1 of" in shown(app) and "no attention" in shown(app)
    assert len(app.get("popover")) == 6


def test_a_second_user_stands_beside_the_first() -> None:
    app = at_page(opened(dataset="cards"), "attributes")
    before = shown(app).count("Rank ")
    chooser = app.selectbox("choose-against")
    assert asked(app, "user") not in chooser.options
    chooser.select_index(3).run()
    assert not app.exception and not app.error
    assert "against" in app.query_params and shown(app).count("Rank ") == before + 1
    assert len(app.get("plotly_chart")) == 4


def test_a_link_leads_to_order_users_attribute_value_and_opacity(home: Path) -> None:
    user, item, _ = liked(home)
    other = next(str(one) for one in Dataset.open(home / "cards").users if str(one) != user)
    query = {"by": "liking", "against": other, "attribute": "pattern", "opacity": "25 %", "planted": "off", "all": "on"}
    app = at_page(opened(dataset="cards", user=user, item=item, **query), "attributes")
    assert not app.exception and not app.error and not app.warning
    assert app.button_group("switch-by").value == "liking"
    assert app.selectbox("pick-attribute").value == "pattern"
    assert app.select_slider("slide-opacity").value == "25 %"
    assert app.toggle("toggle-planted").value is False and app.toggle("toggle-all").value is True
    values = app.selectbox("pick-value")
    assert len(values.options) == 3
    values.select_index(2).run()
    assert not app.exception and asked(app, "value") == values.options[2]


def test_another_attribute_and_another_image_leave_values_that_are_not_theirs() -> None:
    app = at_page(opened(dataset="cards", attribute="pattern", value="nothing"), "attributes")
    assert not app.exception and not app.error
    app.selectbox("pick-attribute").set_value("colour").run()
    assert not app.exception and not app.error and asked(app, "attribute") == "colour"
    app.button("open-2").click().run()
    assert not app.exception and not app.error and "Rank 2 of" in shown(app)


def test_what_was_planted_is_known_of_a_like_alone(home: Path) -> None:
    user, item, planted = liked(home)
    explainer = api.explainer(home / "cards" / "runs" / "saers")
    data = explainer.dataset
    codes = data.users.parse(user), data.items.parse(item)
    reading = attribute_reading(explainer, *codes)
    assert reading.causes == (planted,) and len(reading.boxes) == 1
    assert liked_value(data, codes[0]) == planted
    assert reading.score == pytest.approx(reading.own + sum(view.contribution for view in reading.attributes), abs=1e-4)
    new = data.items.code(explainer.recommend(codes[0], 1)[0].item)
    causes = data.table("causes")
    known = ((causes["user"] == reading.user) & (causes["item"] == data.items.id(new))).any()
    assert bool(attribute_reading(explainer, codes[0], new).boxes) <= known


def test_the_first_page_draws_attributes_over_their_picture() -> None:
    app = at_page(opened(dataset="cards", run="saers"), "why")
    assert not app.exception and not app.error and not app.warning
    assert app.button_group("switch-aspect").value == "attributes"
    for order in app.button_group("switch-by").options:
        app.button_group("switch-by").set_value(str(order)).run()
        assert not app.exception and len(app.get("plotly_chart")) == 2


def test_without_a_run_the_commands_that_make_one_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(home / "cards", tmp_path / "cards", ignore=shutil.ignore_patterns("saers"))
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="cards"), "attributes")
    assert not app.exception and not app.error
    said = app.info[0].value.replace("\\", "")
    assert "weighs attributes of images" in said and "workbench train saers" in said
    assert "--encoder attributes" not in said
    shutil.rmtree(copy / "features" / "attributes")
    said = runs.commands(copy, "attributes")
    assert said.startswith(f"workbench features {copy} --encoder attributes && workbench train saers")


def test_a_dataset_without_attributes_says_what_to_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {
        "items": pd.DataFrame({"item": [1, 2, 3]}),
        "likes": pd.DataFrame({"user": [7, 7, 7], "item": [1, 2, 3]}),
    }
    write_dataset(tmp_path / "plain", DatasetCard(name="plain"), tables)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="plain"), "attributes")
    assert not app.exception and not app.error
    assert "add the table attributes" in app.info[0].value.replace("\\", "")


def test_features_of_another_network_leave_the_rest_of_the_page(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(home / "cards", tmp_path / "cards")
    card = copy / "features" / "attributes" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"version": "of old"}), encoding="utf-8")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app: AppTest = at_page(opened(dataset="cards"), "attributes")
    assert not app.exception
    assert len(app.get("plotly_chart")) == 3 and "make it again" in app.error[0].value
