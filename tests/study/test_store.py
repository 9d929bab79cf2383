"""A study on disk: whole or not at all, blind, and safe under raters who write at the same time."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.study.conftest import RUNS, Make, make_case, make_design
from tests.study.raters import LEFT, rate_all
from workbench.study.design import first_is_left, order
from workbench.study.questions import QUESTIONS, Place
from workbench.study.store import FullError, Study, StudyError, names, rater_name


def test_a_study_is_read_back(make: Make) -> None:
    made = make(3)
    study = Study.open(made.path.parent, "spring")
    assert study.design == made.design == make_design()
    assert [study.case(number) for number in range(3)] == [make_case(number) for number in range(3)]
    assert study.count() == 3 and study.ratings() == [0, 0, 0]
    assert not study.is_closed and not study.is_complete() and names(made.path.parent) == ["spring"]


def test_a_study_is_never_overwritten(make: Make) -> None:
    study = make()
    study.rate("Ann", 0, LEFT)
    with pytest.raises(StudyError, match="already"):
        make()
    assert Study.open(study.path.parent, "spring").ratings() == [1, 0, 0, 0]


def test_what_holds_no_study_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite").touch()
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE a (b)").connection.close()
    (tmp_path / "text.sqlite").write_text("x" * 200)
    assert names(tmp_path) == []
    for name in ("empty", "other", "text", "absent", "../x"):
        with pytest.raises(StudyError, match="no study"):
            Study.open(tmp_path, name)


def test_a_damaged_study_is_told_in_one_sentence(make: Make) -> None:
    path = make().path
    with sqlite3.connect(path) as file:
        file.execute("UPDATE study SET design = '{}'")
    with pytest.raises(StudyError, match=r"spring\.sqlite cannot be read") as caught:
        Study.open(path.parent, "spring")
    assert "\n" not in str(caught.value)


def test_an_answer_is_kept_by_run_whatever_side_it_stood_on(make: Make) -> None:
    study = make(12)
    for number in range(12):
        study.rate("Ann", number, LEFT)
    sides = set()
    for answer in study.answers():
        at_left = first_is_left(study.design, "ann", answer.number)
        assert answer.choice == ("first" if at_left else "second")
        assert answer.first == ("left" if at_left else "right")
        sides.add(answer.first)
    assert sides == {"left", "right"}
    assert [answer.turn for answer in study.answers()][:: len(QUESTIONS)] == list(range(1, 13))


def test_a_rating_is_written_whole_or_not_at_all(make: Make) -> None:
    study = make()
    with pytest.raises(StudyError, match="Not every question"):
        study.rate("Ann", 0, dict(list(LEFT.items())[:3]))
    with pytest.raises(sqlite3.IntegrityError):
        study.rate("Ann", 0, _broken(study))
    assert study.answers() == []
    with pytest.raises(StudyError, match="no case 9"):
        study.rate("Ann", 9, LEFT)


def _broken(study: Study) -> dict[str, Place | None]:
    """From now on the last answer of a rating is refused by the file."""
    with sqlite3.connect(study.path) as file:
        file.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON answers WHEN NEW.question = 'transparency' "
            "BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    return LEFT


def test_nobody_rates_a_case_twice_and_a_full_or_closed_one_takes_no_more(make: Make) -> None:
    study = make(2)
    study.rate("Ann", 0, LEFT)
    with pytest.raises(StudyError, match="before"):
        study.rate("  ANN ", 0, LEFT)
    for rater in ("Bea", "Chen"):
        study.rate(rater, 0, LEFT)
    with pytest.raises(FullError):
        study.rate("Dora", 0, LEFT)
    assert study.next("Dora") == (1, 1) and study.next("ann") == (1, 2)
    study.close()
    assert study.is_closed
    with pytest.raises(StudyError, match="closed"):
        study.rate("Dora", 1, LEFT)
    assert study.ratings() == [3, 0]


def test_raters_get_their_own_order_and_keep_it(make: Make) -> None:
    study = make(20)
    orders = {rater: order(study.design, rater, 20) for rater in ("ann", "bea", "chen")}
    assert all(sorted(numbers) == list(range(20)) for numbers in orders.values())
    assert len({tuple(numbers) for numbers in orders.values()}) == 3
    assert orders["ann"] == order(make_design(), "ann", 20) != order(make_design(seed=4), "ann", 20)
    assert study.next("Ann") == (orders["ann"][0], 1)
    study.rate("Ann", orders["ann"][0], LEFT)
    assert study.next("ann") == (orders["ann"][1], 2)
    lefts = [first_is_left(study.design, rater, number) for rater in "abcdefghij" for number in range(20)]
    assert 70 < sum(lefts) < 130


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\x00b"])
def test_a_rater_needs_a_name(name: str) -> None:
    with pytest.raises(StudyError, match="name"):
        rater_name(name)
    assert rater_name("  Ann  Lee ") == "ann lee"


def test_raters_in_parallel_lose_nothing_and_count_three_a_case(make: Make) -> None:
    study = make(15)
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=rate_all, args=(study.path, f"rater {number}")) for number in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join(120)
    assert [person.exitcode for person in people] == [0] * 6
    assert study.ratings() == [3] * 15 and study.is_complete()
    answers = study.answers()
    assert len(answers) == 15 * 3 * len(QUESTIONS)
    assert set(Counter((answer.number, answer.rater) for answer in answers).values()) == {len(QUESTIONS)}
    turns: dict[str, set[int]] = {}
    for answer in answers:
        turns.setdefault(answer.rater, set()).add(answer.turn)
    assert all(sorted(mine) == list(range(1, len(mine) + 1)) for mine in turns.values())


def test_nothing_personal_but_the_chosen_name_is_kept(make: Make) -> None:
    study = make()
    study.rate("Ann", 0, LEFT)
    with sqlite3.connect(study.path) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        columns = [row[1] for row in file.execute("PRAGMA table_info(answers)")]
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert tables == {"study", "cases", "answers"}
    assert columns == ["number", "rater", "question", "choice", "first", "turn"]
    assert RUNS[0] not in "".join(str(study.case(number)) for number in range(4))
