"""The page of influence: which runs it shows, what a click changes, and what is said where nobody reaches a user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from tests.worlds import write_toy
from workbench import api
from workbench.app.export import _figure
from workbench.explain.diffusion import Ego, ego

RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "bpr": ("bpr", {}),
    "dense": ("diffnet", {"dim": 8, "layer": "dense"}),
    "diffnet": ("diffnet", {"dim": 8}),
    "diffnetpp": ("diffnetpp", {"dim": 8, "hidden": 4}),
    "still": ("diffnet", {"dim": 8, "depth": 0}),
}
CARRYING = ("dense", "diffnet", "diffnetpp")


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("carried")
    write_toy(home / "toy")
    for run, (model, settings) in RUNS.items():
        api.train(model, home / "toy", home / "toy" / "runs" / run, device="cpu", epochs=1, **settings)
    return home


@pytest.fixture(autouse=True)
def at_home(carried: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(carried))
    return carried


def page(**query: str) -> AppTest:
    return at_page(opened(dataset="toy", **query), "diffusion")


@pytest.mark.parametrize("run", CARRYING)
def test_the_page_shows_rings_table_and_drift(run: str, at_home: Path) -> None:
    app = page(run=run, user="1003", item="502")
    assert not app.exception and not app.error and not app.warning and not app.info
    assert app.selectbox("choose-run").value == run
    assert len(app.get("plotly_chart")) == 2
    explainer = api.explainer(at_home / "toy" / "runs" / run)
    found = ego(explainer, 1, 1)
    table = app.dataframe[0].value
    assert list(table["person"]) == [person.label for ring in found.rings for person in ring.people]
    assert ("contribution" in app.dataframe[0].proto.column_order) == (run != "dense")
    words = shown(app).replace("\\", "")
    assert found.sentence in words and f"follows {found.people}" in words
    assert found.verdict.reason in words


def test_only_runs_that_carry_influence_are_offered() -> None:
    app = page(run="bpr")
    assert not app.exception and not app.warning
    assert set(app.selectbox("choose-run").options) == {*CARRYING, "still"}


def test_a_second_run_stands_beside_the_first() -> None:
    app = page(run="diffnet", compare="diffnetpp", user="1003")
    assert not app.exception and not app.error
    first, second, *rest = [heading.value for heading in app.subheader]
    assert first.endswith("· diffnet") and second.endswith("· diffnetpp")
    assert rest == ["Side by side", "Everybody told apart"]
    assert len(app.get("plotly_chart")) == 4


def test_a_second_user_stands_beside_the_first() -> None:
    app = page(run="diffnet", user="1003", against="1000")
    assert not app.exception and not app.error
    assert len({heading.value for heading in app.subheader[:2]}) == 2


def test_fewer_people_are_told_apart_on_the_screen() -> None:
    app = page(run="diffnet", user="1003", top="6")
    assert app.select_slider("slide-top").value == "6"
    app.select_slider("slide-top").set_value("12").run()
    assert not app.exception and app.query_params["top"] in ("12", ["12"])


def test_a_click_makes_a_person_the_centre() -> None:
    def script() -> None:
        from types import SimpleNamespace

        import streamlit as st

        from workbench.app import influence, state

        state.begin("diffusion")
        for clicked in ([], [{"customdata": ""}], [{"customdata": "1006"}]):
            st.session_state["rings-1"] = SimpleNamespace(selection=SimpleNamespace(points=clicked))
            influence.take_person("rings-1")
            st.text(str(state.view().user))

    app = AppTest.from_function(script)
    app.query_params["user"] = "1003"
    assert [text.value for text in app.run().text] == ["1003", "1003", "1006"]


def test_who_follows_nobody_and_a_run_without_hops_are_said() -> None:
    app = page(run="diffnet", user="1117")
    assert not app.exception and not app.error
    assert "follows nobody" in app.info[0].value and not app.dataframe
    assert not app.get("plotly_chart")
    app = page(run="still", user="1003")
    assert not app.exception and not app.error
    assert "depth\\=0" in app.info[0].value


def test_figures_are_taken_away_with_their_numbers(at_home: Path) -> None:
    app = page(run="diffnet", user="1003")
    names = {"png", "svg", "pdf", "html", "json", "csv"}
    for stem in ("rings", "drift"):
        keys = {button.key for button in app.download_button if (button.key or "").startswith(f"download-{stem}.")}
        assert keys == {f"download-{stem}.{name}" for name in names}
    found = ego(api.explainer(at_home / "toy" / "runs" / "diffnet"), 1, 1)
    assert Ego.model_validate_json(_figure(lambda: found, "rings", "json", "")) == found
