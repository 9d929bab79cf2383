"""Pinning a view from any page, and the page of what is pinned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_pages import at_page, opened
from workbench.views.collection import Shelf
from workbench.views.view import View


@pytest.fixture(autouse=True)
def empty(home: Path) -> Iterator[None]:
    yield
    shutil.rmtree(home / "collections", ignore_errors=True)


def fill(home: Path, *pages: str) -> None:
    for number, page in enumerate(pages):
        view = View(page=page, dataset="toy", run="hasc", user="1003")  # type: ignore[arg-type]
        Shelf(home).change("mine", lambda one, view=view, n=number: one.pinned(view, f"note {n}"))  # type: ignore[misc]


def test_nothing_pinned_says_how_to_begin(home: Path) -> None:
    app = at_page(opened(dataset="toy", run="hasc"), "collection")
    assert not app.exception and "Nothing is pinned yet" in app.info[0].value


@pytest.mark.parametrize("page", ["why", "aspects", "whatif"])
def test_a_page_is_pinned_with_a_note(home: Path, page: str) -> None:
    app = at_page(opened(dataset="toy", run="hasc", user="1003"), page)
    app.text_area("pin-note").set_value("look here")
    app.button("pin-now").click().run()
    assert not app.exception and not app.error
    (pin,) = Shelf(home).read("pinned").pins
    assert pin.note == "look here" and pin.opened.page == page and pin.opened.user == "1003"
    app.button("pin-now").click().run()
    assert len(Shelf(home).read("pinned").pins) == 1


def test_pins_are_shown_moved_noted_and_removed(home: Path) -> None:
    fill(home, "why", "aspects")
    app = at_page(opened(dataset="toy", run="hasc"), "collection")
    assert not app.exception and not app.error
    first = "mine-" + Shelf(home).read("mine").pins[0].view
    assert app.button(f"up-{first}").disabled
    app.button(f"down-{first}").click().run()
    assert [pin.note for pin in Shelf(home).read("mine").pins] == ["note 1", "note 0"]
    app.text_area(f"note-{first}").set_value("another").run()
    assert Shelf(home).read("mine").notes == ["note 1", "another"]
    app.button(f"remove-{first}").click().run()
    assert not app.exception and Shelf(home).read("mine").notes == ["note 1"]


def test_a_pin_whose_run_is_gone_is_a_sentence(home: Path) -> None:
    fill(home, "why")
    view = View(page="why", dataset="toy", run="gone", user="1003")
    Shelf(home).change("mine", lambda one: one.pinned(view))
    app = at_page(opened(dataset="toy", run="hasc"), "collection")
    assert not app.exception and len(app.error) == 1 and "gone" in app.error[0].value


def test_a_collection_is_renamed_and_deleted(home: Path) -> None:
    fill(home, "why")
    app = at_page(opened(dataset="toy", run="hasc"), "collection")
    app.text_input("rename-mine").set_value("yours").run()
    app.button("rename").click().run()
    assert not app.exception and Shelf(home).names() == ["yours"]
    app.checkbox("sure-yours").check().run()
    app.button("delete").click().run()
    assert not app.exception and Shelf(home).names() == []
