from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.figures.made import make_explanation
from workbench.explain.beside import WHOLE, beside, shared_levels
from workbench.explain.explanation import Element, EvidenceLevel, Explanation
from workbench.figures.beside import beside_figure, beside_plotly
from workbench.figures.export import save


def changed(explanation: Explanation, **changes: object) -> Explanation:
    return explanation.model_copy(update=changes)


def only(explanation: Explanation, name: str, *kept: int) -> Explanation:
    """The explanation with some elements of a level alone."""
    levels = tuple(
        level.model_copy(update={"elements": tuple(level.elements[i] for i in kept)}) if level.name == name else level
        for level in explanation.levels
    )
    return changed(explanation, levels=levels)


def test_one_run_keeps_the_units_of_its_score() -> None:
    first = make_explanation()
    second = changed(first, user="u2", user_label="Bea")
    found = beside(first, second)
    assert found.scale == "score" and found.second.name == "Bea"
    shares = {both.element.id: both.first.contribution for both in found.matched if both.first}
    assert shares["own"] == first.own
    assert sum(value or 0 for value in shares.values()) == pytest.approx(first.score, abs=1e-6)


def test_two_runs_are_told_in_parts_of_all_shares() -> None:
    first = make_explanation()
    tenfold = tuple(
        level.model_copy(
            update={"elements": tuple(
                e.model_copy(update={"contribution": None if e.contribution is None else 10 * e.contribution})
                for e in level.elements
            )}
        )
        for level in first.levels
    )  # fmt: skip
    second = changed(first, run="other", own=10 * first.own, levels=tenfold)
    for level in shared_levels(first, second):
        found = beside(first, second, level)
        assert found.scale == "share" and found.second.name == "other"
        for both in found.matched:
            assert both.first is not None and both.second is not None
            assert both.first.contribution == pytest.approx(both.second.contribution)
    whole = beside(first, second).matched
    assert sum(abs(both.first.contribution or 0) for both in whole if both.first) == pytest.approx(1)


def test_what_one_side_lacks_is_kept_and_said() -> None:
    first = only(make_explanation(), "follows", 0, 1)
    second = changed(only(make_explanation(), "follows", 1, 2), user="u2", user_label="Bea")
    found = beside(first, second, "follows")
    assert found.total == 3 and len(found.matched) == 3
    by_id = {both.element.id: (both.first is not None, both.second is not None) for both in found.matched}
    assert sorted(by_id.values()) == [(False, True), (True, False), (True, True)]
    assert len(found.rows()) == 6 and sum(row["attention"] is None for row in found.rows()) >= 2
    for width in (3.35, 6.9):
        texts = [text.get_text() for text in beside_figure(found, width=width).texts]
        assert texts.count("not there") == 2
    assert sum("not there" in (note.text or "") for note in beside_plotly(found).layout.annotations) == 2


def test_the_strongest_of_either_side_are_kept() -> None:
    elements = [
        [Element(kind="person", id=i, label=str(i), attention=w, contribution=w) for i, w in enumerate(weights)]
        for weights in ((0.7, 0.2, 0.1, 0.0), (0.0, 0.1, 0.2, 0.7))
    ]
    base = make_explanation()
    first, second = (
        changed(base, user=name, levels=(EvidenceLevel(name="follows", kind="person", elements=tuple(one)),))
        for name, one in zip(("a", "b"), elements, strict=True)
    )
    found = beside(first, second, "follows", top=1)
    assert {both.element.id for both in found.matched} == {0, 3} and found.total == 4
    assert all(both.first is not None and both.second is not None for both in found.matched)


def test_a_model_without_evidence_is_compared_by_its_own_taste() -> None:
    first = make_explanation()
    second = changed(first, run="bpr", levels=(), own=first.score)
    assert shared_levels(first, second) == [WHOLE]
    found = beside(first, second)
    assert [both.element.id for both in found.matched if both.second] == ["own"]


def test_other_data_and_unknown_levels_are_refused() -> None:
    first = make_explanation()
    with pytest.raises(ValueError, match="one dataset and one task"):
        beside(first, changed(first, fingerprint="other"))
    with pytest.raises(ValueError, match="share no level 'hops': choose one of whole"):
        beside(first, first, "hops")


def test_it_is_exported_in_every_format(tmp_path: Path) -> None:
    first = make_explanation()
    found = beside(first, changed(first, user="u2", user_label="Bea <b>$"), "follows")
    save(beside_figure(found, theme="dark"), tmp_path / "a", ["png", "svg", "pdf"])
    save(beside_plotly(found), tmp_path / "a", ["html"])
    save(found, tmp_path / "a", ["json", "csv"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 2 * len(found.matched) and {row["of"] for row in rows} == {found.first.name, found.second.name}
    assert (tmp_path / "a.png").stat().st_size > 5000
