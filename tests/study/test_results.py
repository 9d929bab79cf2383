"""Majorities, agreement and tests, by examples worked out by hand or published."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tests.study.conftest import Make, make_design
from workbench.figures.export import save
from workbench.study import results as room
from workbench.study.questions import CHOICES, QUESTIONS, Choice, Place
from workbench.study.results import fleiss_kappa, majority, pairwise_agreement, sign_test
from workbench.study.store import Answer, StudyError

# Fleiss (1971) as worked out in the literature: 10 subjects, 14 raters, 5 categories, kappa 0.210.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def answered(*cases: tuple[Choice, ...], left: bool = True) -> list[Answer]:
    """The same answers to every question."""
    side: Place = "left" if left else "right"
    return [
        Answer(number=number, rater=f"r{who}", question=question, choice=choice, first=side, turn=1)
        for number, choices in enumerate(cases)
        for who, choice in enumerate(choices)
        for question in QUESTIONS
    ]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (("first", "first", "second"), "first"),
        (("tie", "tie", "first"), "tie"),
        (("second", "second", "second"), "second"),
        (("first", "tie", "second"), None),
        (("first", "second"), None),
        (("first", "first", "second", "second"), None),
        (("tie",), "tie"),
    ],
)
def test_a_majority_is_more_than_half(choices: tuple[Choice, ...], expected: Choice | None) -> None:
    assert majority(choices) == expected


def test_a_study_by_hand() -> None:
    cases: list[tuple[Choice, ...]] = [
        ("first", "first", "second"),
        ("first", "first", "first"),
        ("tie", "second", "tie"),
        ("first", "tie", "second"),
        ("second", "second"),
    ]
    found = room.found(make_design(), 6, answered(*cases))
    assert (found.cases, found.judged, found.people) == (6, 4, 3)
    one = found.questions[0]
    assert one.majority == {"first": 2, "tie": 1, "second": 0} and one.undecided == 1 and one.judged == 4
    assert [one.share(choice) for choice in CHOICES] == [0.5, 0.25, 0.0] and one.share("undecided") == 0.25
    assert one.answers == {"first": 6, "tie": 3, "second": 3}
    # Pairs that agree: 1 of 3, 3 of 3, 1 of 3, 0 of 3; chance (6/12)^2 + (3/12)^2 + (3/12)^2 = 0.375.
    assert one.agreement == pytest.approx(5 / 12)
    assert one.kappa == pytest.approx((5 / 12 - 0.375) / 0.625)
    # Two wins against none: both heads or both tails.
    assert one.p_value == pytest.approx(0.5)
    # Of 11 answers for a side, of the unjudged case as well, 6 chose the first, which stood at the left.
    assert found.left == pytest.approx(6 / 11)
    assert room.found(make_design(), 6, answered(*cases, left=False)).left == pytest.approx(5 / 11)
    assert [question.question for question in found.questions] == list(QUESTIONS)


def test_without_answers_nothing_is_claimed() -> None:
    found = room.found(make_design(), 3, [])
    one = found.questions[0]
    assert found.judged == 0 and found.left is None
    assert (one.kappa, one.agreement, one.p_value, one.share("first")) == (None, None, None, 0.0)


def test_agreement_is_that_of_the_literature() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)
    assert pairwise_agreement(FLEISS) == pytest.approx(0.378, abs=5e-4)
    assert fleiss_kappa([[3, 0], [3, 0]]) is None and fleiss_kappa(np.empty((0, 3))) is None
    assert fleiss_kappa([[3, 0], [0, 3]]) == 1
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa([[3, 0], [1, 1]])
    with pytest.raises(ValueError, match="two or more"):
        fleiss_kappa([[1, 0], [0, 1]])


def test_of_two_raters_whose_answers_are_alike_in_number_it_is_cohens_kappa() -> None:
    # With equal margins chance is the same for both of them, so that the two definitions agree.
    one, other = [0, 0, 1, 1, 2, 2, 0, 1], [0, 1, 1, 0, 2, 2, 0, 1]
    counts = [[(a == c) + (b == c) for c in range(3)] for a, b in zip(one, other, strict=True)]
    assert sorted(one) == sorted(other)
    assert fleiss_kappa(counts) == pytest.approx(cohen_kappa_score(one, other))


def test_wins_are_tested_by_their_signs() -> None:
    assert sign_test(0, 0) is None
    assert sign_test(5, 5) == pytest.approx(1)
    assert sign_test(8, 1) == sign_test(1, 8) == pytest.approx(2 * (1 + 9) / 2**9)


def test_results_wait_for_the_last_answer_or_the_end(make: Make) -> None:
    study = make(2, raters=1)
    study.rate("Ann", 0, dict.fromkeys(QUESTIONS))
    with pytest.raises(StudyError, match="1 of 2 cases"):
        room.results(study)
    with pytest.raises(StudyError, match="still open"):
        room.raw(study)
    study.close()
    assert room.results(study).judged == 1
    other = make(1, raters=1, name="summer")
    other.rate("Ann", 0, dict.fromkeys(QUESTIONS))
    assert room.results(other).questions[0].majority["tie"] == 1


def test_raw_answers_are_taken_away(make: Make, tmp_path: Path) -> None:
    study = make(2, raters=2)
    for rater in ("Ann", "Bea"):
        for number in range(2):
            study.rate(rater, number, dict.fromkeys(QUESTIONS, "right"))
    answers = room.raw(study)
    paths = save(answers, tmp_path / "answers", ["json", "csv"])
    assert room.Answers.model_validate_json(paths[0].read_text(encoding="utf-8")) == answers
    rows = list(csv.DictReader(paths[1].open(encoding="utf-8")))
    assert len(rows) == 16 and {row["rater"] for row in rows} == {"ann", "bea"}
    runs = {study.design.first.run, study.design.second.run}
    assert all({row["answer"], row["left"]} == runs for row in rows)
    (table,) = save(room.results(study), tmp_path / "results", ["csv"])
    assert len(list(csv.DictReader(table.open(encoding="utf-8")))) == len(QUESTIONS)
