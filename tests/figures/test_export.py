from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import cv2
import pytest

from tests.figures.made import NASTY, make_explanation
from workbench.explain.explanation import Explanation
from workbench.figures.aspects import aspects_figure, aspects_plotly
from workbench.figures.export import FORMATS, export_explanation, save

SMALL_FORMATS = [name for name in FORMATS if name != "html"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, root: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("export")
    paths = export_explanation(make_explanation(6, name=NASTY), root, folder / "new", FORMATS)
    assert sorted(p.name for p in (folder / "new").iterdir()) == sorted(f"explanation.{name}" for name in FORMATS)
    return {path.suffix[1:]: path for path in paths}


def test_png_decodes(exported: dict[str, Path]) -> None:
    image = cv2.imread(str(exported["png"]))
    assert image is not None and image.shape[1] == 2070


def test_svg_is_well_formed_with_text_as_text(exported: dict[str, Path]) -> None:
    tree = ET.parse(exported["svg"])
    words = [node.text or "" for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert any("$x$" in word and "<script>" in word for word in words)
    assert not list(tree.iter("{http://www.w3.org/2000/svg}script"))
    assert "hasc-demo-7" in exported["svg"].read_text()


def test_pdf_has_embedded_fonts(exported: dict[str, Path]) -> None:
    content = exported["pdf"].read_bytes()
    assert content.startswith(b"%PDF") and b"/FontFile2" in content and b"/Type3" not in content


class Page(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.fetched = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.fetched += [value for name, value in attrs if name in {"src", "href"} and value]


def test_html_is_one_file_that_fetches_nothing(exported: dict[str, Path]) -> None:
    content = exported["html"].read_text()
    page = Page()
    page.feed(content)
    assert page.fetched == []
    assert content.count("plotly.js v") == 1 and "alert('x')</script>" not in content
    plain = Page()
    plain.feed(aspects_plotly(make_explanation()).to_html(full_html=False, include_plotlyjs=True))
    assert page.scripts == plain.scripts


def test_json_is_the_explanation(exported: dict[str, Path]) -> None:
    assert Explanation.model_validate_json(exported["json"].read_text()) == make_explanation(6, name=NASTY)


def test_csv_has_one_row_for_each_element(exported: dict[str, Path]) -> None:
    with exported["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    elements = [(level.name, e) for level in make_explanation(6).levels for e in level.elements]
    assert len(rows) == len(elements)
    for row, (level, element) in zip(rows, elements, strict=True):
        assert (row["level"], row["id"], row["label"]) == (level, str(element.id), element.label)
        assert float(row["attention"]) == element.attention and float(row["contribution"]) == element.contribution


def test_csv_has_a_column_for_each_method(tmp_path: Path) -> None:
    explanation = make_explanation(2)
    first = explanation.levels[0].elements[0].model_copy(update={"attributions": {"shapley": 0.25}})
    level = explanation.levels[0].model_copy(update={"elements": (first,)})
    [path] = save(explanation.model_copy(update={"levels": (level,)}), tmp_path / "a", ["csv"])
    with path.open(newline="") as file:
        assert [row["attribution shapley"] for row in csv.DictReader(file)] == ["0.25"]


def test_equal_explanations_give_equal_bytes(tmp_path: Path, root: Path) -> None:
    first, second = (
        export_explanation(make_explanation(3), root, tmp_path / name, [*SMALL_FORMATS, "html"]) for name in "ab"
    )
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_formats_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Unknown export format 'docx': choose from png, svg, pdf, html, json, csv"):
        export_explanation(make_explanation(1), None, tmp_path / "out", ["json", "docx"])
    with pytest.raises(ValueError, match="cannot be written as json"):
        save(aspects_figure(make_explanation(1)), tmp_path / "out" / "a", ["png", "json"])
    assert not (tmp_path / "out").exists()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [path] = save(make_explanation(1), tmp_path / "a", ["json"])
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(make_explanation(2), tmp_path / "a", ["json"])
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["a.json"]
