"""The page of what if: what is switched off is left out, shared, undone, kept, and said."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from workbench import api
from workbench.app import widgets
from workbench.data.dataset import Dataset
from workbench.explain import preferences
from workbench.explain.edits import Edit
from workbench.explain.whatif import what_if
from workbench.models import registry


def switches(app: AppTest) -> list[str]:
    """Edits of the switches on the page."""
    return [str(one.key).removeprefix("without-") for one in app.toggle if str(one.key).startswith("without-")]


def held(*edits: str) -> str:
    return ",".join(quote(edit, safe="") for edit in edits)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("dataset", "run", "group"),
    [
        ("toy", "hasc", "uploads"),
        ("cards", "acf", "history"),
        ("toy", "gru", "history"),
        ("cards", "anternn", "history"),
    ],
)
def test_switching_an_element_off_ranks_again_and_undo_takes_it_back(dataset: str, run: str, group: str) -> None:
    app = at_page(opened(dataset=dataset, run=run), "whatif")
    assert not app.exception and not app.error and not app.warning and not app.info
    assert "Nothing is changed" in shown(app) and app.button("undo").disabled
    edit = switches(app)[0]
    assert edit.startswith(f"{group}:")
    app = app.toggle(f"without-{edit}").set_value(True).run()
    assert not app.exception and app.query_params["without"] == held(edit)
    assert "**Without:**" in shown(app) and app.toggle(f"without-{edit}").value
    app = app.button("undo").click().run()
    assert "Nothing is changed" in shown(app) and not app.toggle(f"without-{edit}").value
    assert "without" not in app.query_params


def test_a_link_shows_the_ranking_of_the_command(home: Path) -> None:
    explainer = api.explainer(home / "toy" / "runs" / "hasc")
    data = explainer.dataset
    user = int((data.follows.lengths > 1).nonzero()[0])
    friend, name = data.users.id(int(data.follows.row(user)[0])), str(data.users.id(user))
    app = at_page(
        opened(dataset="toy", run="hasc", user=name, without=held(f"follows:{friend}", "uploads=0.5")), "whatif"
    )
    assert not app.exception and not app.warning
    edits = [Edit(group="follows", id=str(friend)), Edit(group="uploads", gate=0.5)]
    found = what_if(explainer, user, edits)
    words = shlex.split(next(code.value for code in app.code if "--drop" in code.value))
    assert [words[n + 1] for n, word in enumerate(words) if word == "--drop"] == list(found.edits)
    assert words[words.index("--user") + 1] == name and words[2].endswith("hasc")
    assert "down to 50%" in shown(app).replace("\\", "")
    assert app.slider("gate-uploads").value == 0.5 and app.slider("gate-follows").value == 1.0
    app = app.slider("gate-uploads").set_value(1.0).run()
    assert app.query_params["without"] == held(f"follows:{friend}")
    app = app.slider("gate-creator").set_value(0.25).run()
    assert app.query_params["without"] == held(f"follows:{friend}", "creator=0.25")
    app = app.button("reset").click().run()
    assert "Nothing is changed" in shown(app)


@pytest.mark.usefixtures("home")
def test_what_belongs_to_an_image_goes_there_or_everywhere() -> None:
    app = at_page(opened(dataset="cards", run="anternn", aspect="caption"), "whatif")
    one = switches(app)
    assert one and all("@" in edit for edit in one)
    app = app.button_group("switch-reach").set_value("every").run()
    assert not app.exception and not app.error
    everywhere = switches(app)
    assert everywhere and not any("@" in edit for edit in everywhere)
    app = app.toggle(f"without-{everywhere[0]}").set_value(True).run()
    assert not app.exception and "**Without:**" in shown(app)


@pytest.mark.usefixtures("home")
def test_a_place_in_every_text_is_not_called_by_one_of_its_words() -> None:
    app = at_page(opened(dataset="cards", run="anternn", without=held("words:3", "history=0.5")), "whatif")
    assert not app.exception and "**Without:** 3 (words of what you liked)" in shown(app).replace("\\", "")
    app = at_page(opened(dataset="cards", run="anternn", aspect="words"), "whatif")
    edit = Edit.parse(switches(app)[0])
    app = app.toggle(f"without-{edit}").set_value(True).run()
    assert f"(words of what you liked) of {edit.item}" in shown(app).replace("\\", "")
    assert f"{edit.id} (words" not in shown(app).replace("\\", "")


@pytest.mark.usefixtures("home")
def test_long_lists_are_searched_and_bounded() -> None:
    app = at_page(opened(dataset="cards", run="acf", aspect="regions", reach="one"), "whatif")
    assert not app.exception and len(switches(app)) == 8 and "the strongest first" in shown(app)
    app = app.toggle("toggle-all").set_value(True).run()
    assert len(switches(app)) <= 60
    app = app.text_input("find-regions").set_value("region 7").run()
    assert switches(app) and all(edit.startswith("regions:6@") for edit in switches(app))
    assert app.text_input("find-regions").set_value("no such thing").run() and not app.exception


@pytest.mark.usefixtures("home")
def test_a_moment_counts() -> None:
    app = at_page(opened(dataset="toy", run="gru", moment="3"), "whatif")
    assert not app.exception and not app.error
    assert 1 <= len(switches(app)) <= 3
    edit = switches(app)[0]
    app = app.toggle(f"without-{edit}").set_value(True).run()
    assert "--moment 3" in next(code.value for code in app.code if "--drop" in code.value)


@pytest.mark.usefixtures("home")
def test_a_model_without_evidence_says_why() -> None:
    app = at_page(opened(dataset="toy", run="bpr"), "whatif")
    assert not app.exception and not app.error
    assert widgets.text(registry()["bpr"].silent) in app.info[0].value and not switches(app)


@pytest.mark.usefixtures("home")
def test_bad_links_are_said_and_the_rest_counts() -> None:
    app = at_page(opened(dataset="toy", run="hasc", without=held("topics:3", "=x", "creator")), "whatif")
    assert not app.exception and not app.error
    assert "reads no group" in app.info[0].value and "=x" in app.warning[0].value.replace("\\", "")
    assert "**Without:** creator" in shown(app)


@pytest.mark.usefixtures("home")
def test_more_than_an_address_holds_is_refused_in_words() -> None:
    app = at_page(opened(dataset="cards", run="hasc", aspect="follows"), "whatif")
    app.query_params["without"] = held("uploads:" + "~".join(f"{'x' * 59}{number}" for number in range(3)))
    app = app.run()
    before = app.query_params["without"]
    app = app.toggle(f"without-{switches(app)[0]}").set_value(True).run()
    assert not app.exception and app.query_params["without"] == before
    assert "no room" in app.toast[0].value


def test_the_smallest_change_is_found_and_applied(home: Path) -> None:
    explainer = api.explainer(home / "toy" / "runs" / "svdpp")
    app = at_page(opened(dataset="toy", run="svdpp"), "whatif")
    app = app.button("smallest").click().run()
    assert not app.exception and not app.error
    said = shown(app).replace("\\", "") + "".join(str(one.value) for one in app.info)
    if "drops from rank 1" in said:
        app = app.button("apply").click().run()
        user = explainer.dataset.users.parse(app.selectbox("choose-user").value)
        best = explainer.recommend(user, 1)[0].item
        assert f"image {best}: rank 1 → " in shown(app).replace("\\", "")
    else:
        assert "Nothing recorded drops" in said.replace("\\", "")


def test_what_is_kept_is_applied_switched_off_and_forgotten(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home / "toy", tmp_path / "toy")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="toy", run="hasc"), "whatif")
    app = app.toggle(f"without-{switches(app)[0]}").set_value(True).run()
    edit = switches(app)[0]
    app = app.button("keep").click().run()
    assert not app.exception and "**Without:**" in shown(app) and "without" not in app.query_params
    user = app.selectbox("choose-user").value
    root = Dataset.open(tmp_path / "toy").root
    assert preferences.load(root).of(user) == (Edit.parse(edit),)
    assert app.toggle(f"without-{edit}").value and app.toggle(f"without-{edit}").disabled
    app = app.toggle("toggle-kept").set_value(False).run()
    assert "Nothing is changed" in shown(app)
    app = app.toggle("toggle-kept").set_value(True).run()
    # A run that reads no such group says so, and applies nothing.
    other = at_page(opened(dataset="toy", run="gru", user=user), "whatif")
    assert not other.exception and "reads no group" in other.info[0].value
    app = app.button(f"forget-{edit}").click().run()
    assert "Nothing is changed" in shown(app) and preferences.load(root).users == {}
    (root / preferences.FILE).write_text("{", encoding="utf-8")
    app = app.run()
    assert not app.exception and "preferences.json cannot be read" in app.error[0].value.replace("\\", "")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("dataset", "run"), [("toy", "hasc"), ("cards", "acf")])
def test_the_page_why_links_here(dataset: str, run: str) -> None:
    app = at_page(opened(dataset=dataset, run=run), "why")
    assert not app.exception and not app.error
    links = [link.proto for link in app.get("page_link")]
    assert links and all("without=" in link.query_string for link in links)


@pytest.mark.usefixtures("home")
def test_what_stands_in_its_place_is_chosen_and_told_in_the_command() -> None:
    app = at_page(opened(dataset="cards", run="acf", aspect="regions"), "whatif")
    offered = app.button_group("switch-removal")
    assert not app.exception and "a blur in the picture" in offered.options
    app = app.toggle(f"without-{switches(app)[0]}").set_value(True).run()
    app = app.button_group("switch-removal").set_value("blurred").run()
    assert not app.exception and not app.error and app.query_params["removal"] == "blurred"
    assert "--removal blurred" in next(code.value for code in app.code if "--drop" in code.value)
    assert "**Without:**" in shown(app)
    # Without pictures there is no blur to choose.
    toy = at_page(opened(dataset="toy", run="gru", removal="blurred"), "whatif")
    assert not toy.exception and not toy.error and not [one for one in toy.button_group if one.key == "switch-removal"]


@pytest.mark.usefixtures("home")
def test_a_second_run_stands_beside_the_first() -> None:
    app = at_page(opened(dataset="toy", run="svdpp", compare="gru"), "whatif")
    assert not app.exception and "Leave something out" in shown(app)
    edit = switches(app)[0]
    app = app.toggle(f"without-{edit}").set_value(True).run()
    assert not app.exception and not app.error and not app.info
    assert "Leave something out" not in shown(app) and len(app.get("plotly_chart")) == 2
    # What the second run does not read is said, and nothing is applied there.
    app = at_page(opened(dataset="toy", run="svdpp", compare="hasc", without=held(edit)), "whatif")
    assert not app.exception and "Not applied to the second" in app.info[0].value


@pytest.mark.usefixtures("home")
def test_pieces_of_one_picture_are_said_and_undone_together() -> None:
    app = at_page(opened(dataset="cards", run="acf", aspect="regions"), "whatif")
    owner = Edit.parse(switches(app)[0]).item
    without = held(f"regions:0~1~2~3@{owner}")
    app = at_page(opened(dataset="cards", run="acf", aspect="regions", without=without), "whatif")
    assert not app.exception and f"regions of images liked: 4 pieces of {owner}" in shown(app).replace("\\", "")
    app = app.toggle("toggle-all").set_value(True).run()
    other = next(edit for edit in switches(app) if not app.toggle(f"without-{edit}").value)
    app = app.toggle(f"without-{other}").set_value(True).run()
    app = app.button("undo").click().run()
    assert app.query_params["without"] == without
    app = app.button("undo").click().run()
    assert app.query_params["without"] == held(f"regions:0~1~2@{owner}")
