from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from workbench.views.collection import LONGEST_NOTE, MOST, Collection, CollectionError, Pin, Shelf
from workbench.views.view import View

VIEWS = [View(page="why", dataset="toy", run="hasc", user=str(n)) for n in range(4)]


def of(*numbers: int) -> Collection:
    return Collection(name="a", pins=tuple(Pin(view=str(VIEWS[n]), note=f"note {n}") for n in numbers))


def users(collection: Collection) -> list[str | None]:
    return [view.user for view in collection.views]


def test_pins_are_reordered_noted_and_taken_out() -> None:
    collection = of(0, 1, 2)
    assert users(collection.moved(0, 1)) == ["1", "0", "2"]
    assert users(collection.moved(2, -5)) == ["2", "0", "1"]
    assert users(collection.moved(1, 9)) == ["0", "2", "1"]
    assert users(collection.without(1)) == ["0", "2"]
    assert collection.noted(1, "x" * 3000).notes[1] == "x" * LONGEST_NOTE
    assert collection.moved(0, 2).notes == ["note 1", "note 2", "note 0"]


def test_a_view_is_pinned_once() -> None:
    collection = of(0)
    assert collection.pinned(VIEWS[0], "again") is collection
    assert users(collection.pinned(VIEWS[3])) == ["0", "3"]
    full = Collection(name="a", pins=tuple(Pin(view=f"why?user={n}") for n in range(MOST)))
    with pytest.raises(CollectionError, match="is full"):
        full.pinned(VIEWS[0])


def test_what_is_no_view_is_no_pin() -> None:
    with pytest.raises(ValueError, match="page"):
        Pin(view="admin?user=1")


def test_a_shelf_keeps_renames_and_forgets(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.names() == [] and shelf.read("mine").pins == ()
    shelf.change("mine", lambda one: one.pinned(VIEWS[1], "first"))
    assert Shelf(tmp_path).read("mine").notes == ["first"]
    shelf.change("other", lambda one: one)
    with pytest.raises(CollectionError, match="'other' already"):
        shelf.rename("mine", "other")
    shelf.rename("mine", "Übersicht 2")
    assert shelf.names() == ["other", "Übersicht 2"] and shelf.read("Übersicht 2").name == "Übersicht 2"
    shelf.delete("other")
    assert shelf.names() == ["Übersicht 2"]
    with pytest.raises(CollectionError, match="no collection 'mine'"):
        shelf.rename("mine", "more")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 61, " a", "a ", "a\nb", "-a"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectionError, match="cannot name a collection"):
        Shelf(tmp_path).change(name, lambda one: one)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.change("mine", lambda one: one)
    (tmp_path / "collections" / "mine.json").write_text('{"name": "mine", "pins": [{"view": "x?"}]}', encoding="utf-8")
    with pytest.raises(CollectionError, match=r"mine\.json cannot be read .*mend it, or delete it"):
        shelf.read("mine")


def pin_some(home: Path, start: int) -> None:
    for number in range(start, start + 15):
        view = View(page="why", dataset="toy", run="hasc", user=str(number))
        Shelf(home).change("mine", lambda one, view=view: one.pinned(view))  # type: ignore[misc]


def test_two_windows_lose_nothing_of_each_other(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(pin_some, [tmp_path] * 3, [0, 100, 200]))
    assert len(Shelf(tmp_path).read("mine").pins) == 45
