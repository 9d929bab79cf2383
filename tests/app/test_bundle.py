"""What is taken away: every page's pictures, the manifest, the report; the same view gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from workbench import cli
from workbench.app.main import ENTRIES
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.whatif import Both, WhatIf
from workbench.views.bundle import MANIFEST, bundle, views_of
from workbench.views.collection import Shelf
from workbench.views.opened import Opener, ViewError
from workbench.views.pictures import PAGES, shown
from workbench.views.report import ReportError, report
from workbench.views.view import DRAWN, View


@pytest.fixture(scope="module")
def home(prepared: Path) -> Path:
    return prepared


@pytest.fixture(scope="module")
def opener(home: Path) -> Opener:
    return Opener({"toy": home / "toy", "cards": home / "cards"})


@pytest.fixture(scope="module")
def user(home: Path) -> str:
    data = Dataset.open(home / "cards")
    busy = next(code for code in range(len(data.users)) if len(data.history.row(code)) and len(data.follows.row(code)))
    return str(data.users.id(busy))


def why(user: str, **more: str) -> View:
    return View(page="why", dataset="cards", run="hasc", user=user, **more)


def opened(opener: Opener, view: View) -> dict[str, tuple[str, ...]]:
    one = opener.open(view)
    found = shown(one, opener.second(one))
    assert found.title and found.sentence
    return {picture.name: tuple(sorted(type(picture.numbers).__name__)) for picture in found.pictures}


def test_every_page_that_is_pinned_has_pictures_and_a_place_in_the_menu() -> None:
    assert set(PAGES) == set(DRAWN) <= set(ENTRIES)


@pytest.mark.parametrize(
    ("page", "run", "names"),
    [
        ("why", "hasc", {"explanation"}),
        ("why", "acf", {"explanation", "history"}),
        ("aspects", "hasc", {"population"}),
        ("regions", "acf", {"regions"}),
        ("words", "anternn", {"explanation", "recent", "river", "topic-words", "hours", "word-map"}),
        ("words", "gru", {"explanation", "river", "hours"}),
        ("popularity", "uhan", {"explanation", "changes"}),
        ("frames", "jifr", {"frames", "film"}),
    ],
)
def test_a_view_is_drawn_as_its_page(opener: Opener, user: str, page: str, run: str, names: set[str]) -> None:
    item = None
    if page in ("frames", "popularity"):
        data = opener.open(why(user)).dataset
        item = str(data.table("frames" if page == "frames" else "posts")["item"].iloc[0])
    view = View(page=page, dataset="cards", run=run, user=user, item=item)  # type: ignore[arg-type]
    one = opener.open(view)
    found = shown(one)
    assert names <= {picture.name for picture in found.pictures}
    for picture in found.pictures:
        assert picture.draw(width=3.35, theme="dark").get_size_inches()[0] == pytest.approx(3.35)
        assert picture.screen is None or picture.screen(theme="light").data is not None


def test_a_second_run_and_edits_are_drawn(opener: Opener, user: str) -> None:
    assert "side-by-side" in opened(opener, why(user, compare="acf"))
    view = View(page="whatif", dataset="cards", run="hasc", user=user, options={"without": "creator"})
    assert set(opened(opener, view)) == {"what-if"}
    told = shown(opener.open(view)).pictures[0].numbers
    assert isinstance(told, WhatIf) and told.removal == "deleted"
    zeroed = view.changed(options=view.options | {"removal": "zeroed"}, compare="acf")
    one = opener.open(zeroed)
    pictures = {picture.name: picture for picture in shown(one, opener.second(one)).pictures}
    assert set(pictures) == {"what-if", "what-if-both"}
    alone, two = pictures["what-if"].numbers, pictures["what-if-both"].numbers
    assert isinstance(alone, WhatIf) and isinstance(two, Both) and alone.removal == "zeroed"
    # acf reads no creators: nothing is applied there, and nothing moves.
    assert two.first == alone and two.second.edits == () and not two.second.moved
    assert pictures["what-if-both"].draw(width=3.35, theme="dark").get_size_inches()[0] == pytest.approx(3.35)


def test_what_cannot_be_opened_is_a_sentence(opener: Opener, user: str) -> None:
    for view, words in (
        (View(page="why", run="hasc", user=user), "names no dataset"),
        (View(page="why", dataset="other", run="hasc", user=user), "'other', which is not here: there is toy, cards"),
        (View(page="why", dataset="cards", run="none", user=user), "the run 'none', which is not there: choose one of"),
        (View(page="why", dataset="cards", run="hasc"), "names no user"),
        (View(page="home", dataset="cards", run="hasc", user=user), "no pictures of its own"),
        (View(page="whatif", dataset="cards", run="hasc", user=user), "changes nothing"),
    ):
        with pytest.raises(ViewError, match=re.escape(words)):
            opened(opener, view)
    with pytest.raises(DataError, match="no finished audit: make one with 'workbench audit"):
        opened(opener, View(page="trust", dataset="cards", run="hasc", user=user))


def test_a_zip_says_of_every_file_where_it_comes_from(opener: Opener, user: str) -> None:
    views = [why(user), View(page="aspects", dataset="cards", run="hasc", user=user)]
    content = bundle(views, opener, ["png", "svg", "csv", "html"], notes=["look", ""], width="column")
    assert (
        bundle(views, opener, ["png", "svg", "csv", "html"], notes=["look", ""], width="column", workers=2) == content
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        files = [file for view in manifest["views"] for file in view["files"]]
        assert {file["path"] for file in files} | {MANIFEST} == set(archive.namelist())
        for file in files:
            found = archive.read(file["path"])
            assert (len(found), hashlib.sha256(found).hexdigest()) == (file["bytes"], file["sha256"])
        svg = archive.read("01-why/explanation.svg").decode()
    assert "<text" in svg and 'width="241' in svg  # 3.35 inches in points, words kept as words
    first = manifest["views"][0]
    data = opener.open(views[0]).dataset
    assert (first["run"], first["model"], first["seed"], first["note"]) == ("hasc", "hasc", 0, "look")
    assert first["fingerprint"] == data.fingerprint and View.parse(first["view"]) == views[0]
    assert "--width column" in first["command"] and str(views[0]) in first["command"].replace("'", "")


def test_nothing_and_unknown_formats_are_refused(opener: Opener, user: str) -> None:
    with pytest.raises(ValueError, match="nothing to export"):
        bundle([], opener)
    with pytest.raises(ValueError, match="'gif'"):
        bundle([why(user)], opener, ["gif"])
    with pytest.raises(ReportError, match="nothing to report"):
        report([], opener)
    with pytest.raises(ReportError, match="do not fit into 9,000 bytes"):
        report([why(user)], opener, largest=9000)


class Addresses(HTMLParser):
    """Everything a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}]


def test_a_report_fetches_nothing_and_escapes_what_people_wrote(opener: Opener, user: str) -> None:
    views = [why(user), View(page="regions", dataset="cards", run="acf", user=user)]
    page = report(views, opener, title="A <b>", notes=["<script>alert(1)</script>", ""])
    parser = Addresses()
    parser.feed(page)
    assert parser.found and all(address.startswith(("data:image/png", "#view-")) for address in parser.found)
    assert "<script" not in page and "A &lt;b&gt;" in page and "&lt;script&gt;" in page
    assert len(page.encode()) < 6_000_000
    explanation = opener.open(views[0]).explain()
    assert explanation.verdict.badge in page


def test_a_list_of_views_is_read_line_by_line() -> None:
    text = "# mine\n\nwhy?dataset=toy&run=hasc&user=1\naspects?dataset=toy&run=hasc&user=1\n"
    assert [view.page for view in views_of(text)] == ["why", "aspects"]
    with pytest.raises(ValueError, match="Line 2 is no view"):
        list(views_of("why?user=1\nadmin?user=2"))


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    yield home
    for path in (home / "collections").glob("*.json"):
        path.unlink()


def test_the_command_exports_views_and_collections(
    at_home: Path, tmp_path: Path, user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "out" / "a.zip", tmp_path / "a.html"
    assert cli.run(["export", str(why(user)), "--out", str(out), "--format", "csv"]) == 0
    with zipfile.ZipFile(out) as archive:
        assert "01-why/explanation.csv" in archive.namelist()
    Shelf(at_home).change("mine", lambda one: one.pinned(why(user), "a note"))
    assert cli.run(["export", "--collection", "mine", "--out", str(page)]) == 0
    assert "a note" in page.read_text(encoding="utf-8")
    capsys.readouterr()
    assert cli.run(["export", "--collection", "yours", "--out", str(page)]) == 2
    assert "choose one of mine" in " ".join(capsys.readouterr().err.split())
    (at_home / "collections" / "mine.json").unlink()
    assert cli.run(["export", "--collection", "pinned", "--out", str(page)]) == 2
    assert "pin a view in the app first" in " ".join(capsys.readouterr().err.split())
