"""The page for one's own data: checked, looked at, imported and opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened
from tests.worlds import write_toy
from workbench.data.dataset import Dataset
from workbench.data.template import template_zip, write_template


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one dataset, and beside it the template as a folder."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WORKBENCH_APP_DATA", raising=False)
    write_toy(tmp_path / "home" / "toy")
    write_template(tmp_path / "my-data")
    return tmp_path


def page(origin: str) -> AppTest:
    return at_page(opened(dataset="toy", origin=origin), "data")


def button(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


def test_a_folder_is_checked_looked_at_imported_and_opened(place: Path) -> None:
    app = page("folder")
    assert not app.exception
    app.text_input("folder").set_value(str(place / "my-data")).run()
    assert not app.exception and "is sound" in app.success[0].value
    app.selectbox("split").set_value("leave-one-out")
    app = button(app, "Import")
    assert not app.exception and not app.error
    assert any("template is a dataset of this app now" in one.value for one in app.success)
    data = Dataset.open(place / "home" / "template")
    assert len(data.users) == 16 and len(data.items) == 40
    assert set(data.table("likes")["split"]) == {"train", "validation", "test"}

    app = page("folder")
    app.text_input("folder").set_value(str(place / "my-data")).run()
    name = next(one for one in app.text_input if one.label == "Name of the dataset")
    assert name.value == "template-2"
    name.set_value("../out")
    app = button(app, "Import")
    assert "name of a dataset is made of" in app.error[0].value and not (place / "out").exists()


def test_faults_are_a_table_with_file_row_column_and_remedy(place: Path) -> None:
    likes = place / "my-data" / "likes.csv"
    likes.write_text(likes.read_text() + "stranger,999,1\n")
    (place / "my-data" / "images" / "000003.jpg").unlink()
    app = page("folder")
    app.text_input("folder").set_value(str(place / "my-data")).run()
    assert not app.exception and "to mend" in app.error[0].value
    found = app.dataframe[0].value
    wrong = found[found["file"] == "likes.csv"]
    assert {156} == set(wrong["row"]) and {"user", "item"} == set(wrong["column"])
    assert wrong["what is wrong, and the remedy"].str.contains("; ").all()
    image = found[found["file"] == "items.csv"]
    assert image["row"].tolist() == [3] and "is missing" in image["what is wrong, and the remedy"].iloc[0]
    assert not any(one.label == "Import" for one in app.button)


def test_a_folder_that_is_none_is_told_in_a_sentence(place: Path) -> None:
    app = page("folder")
    app.text_input("folder").set_value(str(place / "absent")).run()
    assert not app.exception and "There is no folder" in app.error[0].value


def test_an_uploaded_template_is_imported(place: Path) -> None:
    app = page("upload")
    assert not app.exception
    app.file_uploader("tables").upload("my-data.zip", template_zip(), "application/zip").run()
    assert not app.exception and "is sound" in app.success[0].value
    app = button(app, "Import")
    assert not app.exception and (place / "home" / "template" / "items.parquet").is_file()


def test_an_upload_that_is_no_zip_is_told_in_a_sentence(place: Path) -> None:
    app = page("upload")
    app.file_uploader("tables").upload("broken.zip", b"no zip", "application/zip").run()
    assert not app.exception and "broken.zip cannot be unpacked" in app.error[0].value.replace("\\", "")
    assert not (place / "home" / "broken").exists()
