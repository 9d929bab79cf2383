"""The page of words and topics, and the moment: which runs know one, what follows it, and what is said without."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import READING
from tests.app.test_pages import at_page, opened, shown
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.schema import DatasetCard
from workbench.data.sequences import Sequences
from workbench.data.write import write_dataset
from workbench.explain.dates import day_text
from workbench.features.topics import Topics


def rows(app: AppTest) -> pd.DataFrame:
    """The table of topics."""
    return app.dataframe[0].value


def asked(app: AppTest, name: str) -> str:
    """A parameter of the address; where a widget wrote it, it is a list."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def html(app: AppTest) -> str:
    return "\n".join(str(part.proto.body) for part in app.get("html"))


@pytest.mark.usefixtures("home")
def test_everything_is_shown_for_a_run_that_reads_words() -> None:
    app = at_page(opened(dataset="cards"), "words")
    assert not app.exception and not app.error and not app.warning and not app.info
    assert app.selectbox("choose-run").value == "anternn"
    # The last images, the river, two weeks, the map, and what changes without it.
    assert len(app.get("plotly_chart")) == 6
    assert 'class="topic-words"' in html(app)
    assert list(rows(app)["topic"]) == [0, 1, 2, 3]
    assert rows(app)["at this moment"].sum() == pytest.approx(1, abs=1e-4)


def test_the_slider_says_the_day_and_changes_ranking_and_explanation(home: Path) -> None:
    app = at_page(opened(dataset="cards", run="anternn"), "words")
    data = Dataset.open(home / "cards")
    sequences, user = Sequences.of(data), data.users.parse(asked(app, "user"))
    start, stop = sequences.sets.offsets[user : user + 2].tolist()
    times = sequences.times[start:stop].tolist()
    slider = app.select_slider("choose-moment")
    assert slider.value == str(int(sequences.learned[user]))
    assert slider.options == [f"{place} · {day_text(time)}" for place, time in enumerate(times, 1)]
    assert "moment" not in app.query_params
    before, interest = shown(app), rows(app)["at this moment"].tolist()
    slider.set_value("3").run()
    assert not app.exception and not app.error and not app.warning
    assert asked(app, "moment") == "3"
    assert f"3 likes, the last one on {day_text(times[2])}" in shown(app)
    assert shown(app) != before and rows(app)["at this moment"].tolist() != interest
    explanation = api.explainer(home / "cards" / "runs" / "anternn")
    best = explanation.recommend(user, 1, moment=3)[0]
    assert data.item_label(data.items.code(best.item)) in shown(app)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("page", ["why", "words"])
@pytest.mark.parametrize("run", ["gru", "anternn"])
def test_a_link_leads_to_a_moment_and_another_user_leaves_it(run: str, page: str) -> None:
    app = at_page(opened(dataset="cards", run=run, moment="4"), page)
    assert not app.exception and not app.error and not app.warning
    assert app.select_slider("choose-moment").value == "4"
    app.selectbox("choose-user").select_index(5).run()
    assert not app.exception and not app.warning
    assert "moment" not in app.query_params
    assert app.select_slider("choose-moment").value != "4"


@pytest.mark.usefixtures("home")
def test_a_moment_that_never_was_is_said() -> None:
    app = at_page(opened(dataset="cards", run="gru", moment="999"), "words")
    assert not app.exception and not app.error
    assert "no moment 999" in app.warning[0].value
    assert "moment" not in app.query_params


@pytest.mark.usefixtures("home")
def test_a_run_without_moments_has_no_slider_and_leaves_the_moment() -> None:
    app = at_page(opened(dataset="cards", run="hasc", moment="4"), "why")
    assert not app.exception and not app.error and not app.warning
    assert not app.select_slider
    assert "moment" not in app.query_params


@pytest.mark.parametrize("run", ["gru", "anternn"])
def test_every_evidence_of_a_sequence_is_shown_on_the_first_page(home: Path, run: str) -> None:
    for level in api.explainer(home / "cards" / "runs" / run).groups:
        app = at_page(opened(dataset="cards", run=run, moment="6", aspect=level), "why")
        assert not app.exception and not app.error and not app.warning
        chooser = app.selectbox("pick-aspect") if run == "anternn" else app.button_group("switch-aspect")
        assert chooser.value == level
        # A model without weights and shares has nothing to say of what its score is made of.
        assert len(app.get("plotly_chart")) == (1 if run == "gru" else 2)
        assert ("no exact shares" in shown(app)) == (run == "gru")


@pytest.mark.usefixtures("home")
def test_beside_a_run_without_moments_it_is_said_what_that_one_has_read() -> None:
    app = at_page(opened(dataset="cards", run="gru", compare="hasc", moment="4"), "why")
    assert not app.exception and not app.error
    assert "hasc: with all likes of the train split, not up to a moment" in shown(app).replace("\\", "")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("run", ["gru", "anternn"])
def test_a_page_of_aspects_refuses_a_model_of_sequences(run: str) -> None:
    app = at_page(opened(dataset="cards", run=run), "aspects")
    assert not app.exception
    assert "weighs no aspects" in app.error[0].value


@pytest.mark.usefixtures("home")
def test_a_run_without_words_shows_the_rest_and_the_command_that_adds_them() -> None:
    app = at_page(opened(dataset="cards", run="gru"), "words")
    assert not app.exception and not app.error
    assert "gru reads no words" in app.info[0].value and "workbench train anternn" in app.info[0].value
    assert "workbench topics" not in app.info[0].value
    assert len(app.get("plotly_chart")) == 4 and not app.main.get("html")
    assert "at this moment" not in app.dataframe[0].proto.column_order


@pytest.mark.usefixtures("home")
def test_a_dataset_without_topics_says_how_to_get_them() -> None:
    app = at_page(opened(dataset="toy", run="gru"), "words")
    assert not app.exception and not app.error and not app.dataframe
    said = "\n".join(str(info.value) for info in app.info).replace("\\", "")
    assert "No river of topics" in said and "workbench topics" in said and "workbench train anternn" in said


def test_a_dataset_without_times_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {
        "items": pd.DataFrame({"item": [1, 2, 3]}),
        "likes": pd.DataFrame({"user": [7, 7, 7], "item": [1, 2, 3]}),
    }
    write_dataset(tmp_path / "timeless", DatasetCard(name="timeless"), tables)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="timeless"), "words")
    assert not app.exception
    assert "add the column time to likes" in app.error[0].value.replace("\\", "")


def test_a_word_is_chosen_and_forgotten_with_its_image(home: Path) -> None:
    app = at_page(opened(dataset="cards", run="anternn"), "words")
    words = app.selectbox("pick-word")
    assert words.value == "any" and words.options[0] == "the most relevant"
    explainer = api.explainer(home / "cards" / "runs" / "anternn")
    best = explainer.recommend(explainer.dataset.users.parse(asked(app, "user")), 1)[0]
    chosen = f"{explainer.dataset.items.code(best.item)}.1"
    words.set_value(chosen).run()
    assert not app.exception and not app.error
    assert app.selectbox("pick-word").value == asked(app, "word") == chosen
    app.button("open-3").click().run()
    assert not app.exception and app.selectbox("pick-word").value == "any"


@pytest.mark.usefixtures("home")
def test_what_changes_without_each_kind_of_evidence_is_shown() -> None:
    app = at_page(opened(dataset="cards", run="anternn"), "words")
    kinds = app.selectbox("pick-aspect").options
    assert {"liked before", "why it weighs", "words of what you liked", "your topics", "its words"} <= set(kinds)
    for place in range(len(kinds)):
        app.selectbox("pick-aspect").select_index(place).run()
        assert not app.exception and not app.error
        assert len(app.get("plotly_chart")) == 6


def test_a_topic_is_named_and_given_its_words_back(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copytree(home / "cards", tmp_path / "cards")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    app = at_page(opened(dataset="cards", run="anternn", topic="2", aspect="topics"), "words")
    before = rows(app)["name"].tolist()
    app.text_input("name-2").input("storms $at$ sea").run()
    assert not app.exception and not app.error
    assert rows(app)["name"].tolist() == [*before[:2], "storms $at$ sea", before[3]]
    assert Topics.open(copy).names[2] == "storms $at$ sea"
    app.text_input("name-2").input("").run()
    assert rows(app)["name"].tolist() == before
    app.text_input("name-2").input("two\u2028lines").run()
    assert not app.exception and "one line" in app.toast[0].value
    assert rows(app)["name"].tolist() == before
    # What cannot be written cannot be renamed.
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))
    app.run()
    assert not app.text_input and "cannot be written" in shown(app)


def test_an_output_that_reads_no_words_says_that_they_do_not_count(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home / "cards", tmp_path / "cards", ignore=shutil.ignore_patterns("runs"))
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    folder = tmp_path / "cards"
    settings = READING | {"output": "free", "contextual": False, "topical": False}
    api.train("anternn", folder, folder / "runs" / "free", device="cpu", epochs=1, **settings)
    app = at_page(opened(dataset="cards"), "words")
    assert not app.exception and not app.error
    assert "enter its score" in app.info[0].value
    assert "does not weigh likes" in shown(app) and "reads no topics" in shown(app)
    assert not app.main.get("html")
