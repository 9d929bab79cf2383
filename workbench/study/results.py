"""What a study found: the majority of every case, how far raters agree, and the raw answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workbench.explain.explanation import Frozen
from workbench.study.design import Contender, Design
from workbench.study.questions import CHOICES, QUESTIONS, Choice
from workbench.study.store import Answer, Study, StudyError


class QuestionResult(Frozen):
    """What was found for one question.

    Attributes:
        question: its name; ``aspect`` what it measures; ``text`` what was asked.
        majority: of the judged cases, how many have a majority for the first run, a tie, and the second run.
        undecided: judged cases without a majority.
        answers: single answers of the judged cases, by choice.
        kappa: Fleiss' kappa of the raters, 1 full agreement, 0 as by chance; None where it is not defined.
        agreement: share of the pairs of raters of a case that answered alike; None with one rater a case.
        p_value: of a two-sided sign test between the two runs over the cases with a majority for one of them; None
            without any.
    """

    question: str
    aspect: str
    text: str
    majority: dict[Choice, int]
    undecided: int
    answers: dict[Choice, int]
    kappa: float | None
    agreement: float | None
    p_value: float | None

    @property
    def judged(self) -> int:
        """How many cases were judged."""
        return sum(self.majority.values()) + self.undecided

    def share(self, choice: Choice | Literal["undecided"]) -> float:
        """Part of the judged cases that have this majority, or none; 0 without judged cases."""
        number = self.undecided if choice == "undecided" else self.majority[choice]
        return number / self.judged if self.judged else 0.0


class Results(Frozen):
    """What a study found.

    Attributes:
        study: its name; ``seed`` and ``version`` as in its design.
        cases: how many there are; ``judged`` how many have all their raters, the others are left out.
        raters: how many people rate each case; ``people`` how many took part.
        left: share of the answers for one of the sides that chose the left one, which is the first run as often as
            the second; far from 0.5 raters chose by place.
    """

    schema_version: Literal[1] = 1
    study: str
    seed: int
    version: str
    dataset: str
    fingerprint: str
    first: Contender
    second: Contender
    cases: int
    judged: int
    raters: int
    people: int
    left: float | None
    questions: tuple[QuestionResult, ...]

    def rows(self) -> list[dict[str, object]]:
        """One row for each question."""
        return [
            {
                "question": one.question,
                "judged": one.judged,
                **{f"majority {self.named(choice)}": one.majority[choice] for choice in CHOICES},
                "no majority": one.undecided,
                **{f"answers {self.named(choice)}": one.answers[choice] for choice in CHOICES},
                "kappa": one.kappa,
                "agreement": one.agreement,
                "p_value": one.p_value,
            }
            for one in self.questions
        ]

    def named(self, choice: Choice) -> str:
        """What a choice is called: the run, or no difference."""
        return {"first": self.first.run, "tie": "no difference", "second": self.second.run}[choice]


class Answers(Frozen):
    """All raw answers, to take away.

    Attributes:
        design: of the study.
        users: the person of each case, by its number.
    """

    schema_version: Literal[1] = 1
    design: Design
    users: tuple[int | str, ...]
    answers: tuple[Answer, ...]

    def rows(self) -> list[dict[str, object]]:
        """One row for each answer."""
        runs = {"first": self.design.first.run, "tie": "no difference", "second": self.design.second.run}
        return [
            {
                "case": answer.number,
                "user": self.users[answer.number],
                "rater": answer.rater,
                "turn": answer.turn,
                "question": answer.question,
                "answer": runs[answer.choice],
                "left": runs["first" if answer.first == "left" else "second"],
            }
            for answer in self.answers
        ]


def results(study: Study) -> Results:
    """What a study found, over the cases that have all their raters.

    Raises:
        StudyError: answers are still taken, so that nobody rates knowing what others said.
    """
    if not (study.is_closed or study.is_complete()):
        done = sum(count >= study.design.raters for count in study.ratings())
        raise StudyError(
            f"The study '{study.design.name}' is still open ({done} of {study.count()} cases have their "
            f"{study.design.raters} raters): its results are shown when all have, or when it is closed"
        )
    return found(study.design, study.count(), study.answers())


def raw(study: Study) -> Answers:
    """All answers of a study that takes no more, or has all of them.

    Raises:
        StudyError: answers are still taken.
    """
    results(study)
    users = tuple(study.case(number).user for number in range(study.count()))
    return Answers(design=study.design, users=users, answers=tuple(study.answers()))


def origin(found: Results) -> str:
    """Where results come from, for the metadata of files."""
    return (
        f"study {found.study} (seed {found.seed}) of runs {found.first.run} and {found.second.run}, "
        f"dataset {found.dataset} {found.fingerprint}, workbench {found.version}"
    )


def found(design: Design, cases: int, answers: Sequence[Answer]) -> Results:
    """What some answers say."""
    by_case: dict[str, dict[int, list[Choice]]] = {question: {} for question in QUESTIONS}
    for answer in answers:
        by_case[answer.question].setdefault(answer.number, []).append(answer.choice)
    judged = {
        question: [choices for choices in of.values() if len(choices) == design.raters]
        for question, of in by_case.items()
    }
    sided = [answer for answer in answers if answer.choice != "tie"]
    at_left = sum((answer.choice == "first") == (answer.first == "left") for answer in sided)
    return Results(
        study=design.name,
        seed=design.seed,
        version=design.version,
        dataset=design.dataset,
        fingerprint=design.fingerprint,
        first=design.first,
        second=design.second,
        cases=cases,
        judged=min(map(len, judged.values())),
        raters=design.raters,
        people=len({answer.rater for answer in answers}),
        left=at_left / len(sided) if sided else None,
        questions=tuple(_question(name, judged[name]) for name in QUESTIONS),
    )


def majority(choices: Sequence[Choice]) -> Choice | None:
    """What more than half of the raters of a case say; None where no answer has that many.

    Of three raters two are enough, as in the paper.
    """
    choice, count = Counter(choices).most_common(1)[0]
    return choice if 2 * count > len(choices) else None


def fleiss_kappa(counts: ArrayLike) -> float | None:
    """Fleiss' kappa (1971): agreement of raters beyond chance.

    Args:
        counts: (cases, categories) how many raters chose each; the same number of raters, two or more, in every case.

    Returns:
        1 for full agreement, 0 for that of chance; None without cases or where all raters chose one category, so that
        chance would agree as well.

    Raises:
        ValueError: the number of raters differs, or is below 2.
    """
    table = np.asarray(counts, dtype=np.float64)
    if not table.size:
        return None
    each = table.sum(1)
    if (each != each[0]).any() or each[0] < 2:
        raise ValueError("Fleiss' kappa needs the same number of raters, two or more, in every case")
    chance = float(((table.sum(0) / table.sum()) ** 2).sum())
    return None if chance >= 1 else (pairwise_agreement(table) - chance) / (1 - chance)


def pairwise_agreement(counts: ArrayLike) -> float:
    """Share of the pairs of raters of a case that chose alike, averaged over cases.

    Args:
        counts: (cases, categories) as for ``fleiss_kappa``.
    """
    table = np.asarray(counts, dtype=np.float64)
    each = table.sum(1)
    return float(((table * (table - 1)).sum(1) / (each * (each - 1))).mean())


def _question(name: str, judged: Sequence[Sequence[Choice]]) -> QuestionResult:
    winners = Counter(majority(choices) for choices in judged)
    counts = [[list(choices).count(choice) for choice in CHOICES] for choices in judged]
    several = bool(judged) and len(judged[0]) > 1
    return QuestionResult(
        question=name,
        aspect=QUESTIONS[name].aspect,
        text=QUESTIONS[name].text,
        majority=_counted(winners),
        undecided=winners[None],
        answers=_counted(Counter(choice for choices in judged for choice in choices)),
        kappa=fleiss_kappa(counts) if several else None,
        agreement=pairwise_agreement(counts) if several else None,
        p_value=sign_test(winners["first"], winners["second"]),
    )


def sign_test(first: int, second: int) -> float | None:
    """Two-sided p-value of ``first`` wins against ``second`` if both were as likely; None without any win."""
    from scipy.stats import binomtest

    return float(binomtest(first, first + second).pvalue) if first + second else None


def _counted(counts: Mapping[Choice | None, int] | Mapping[Choice, int]) -> dict[Choice, int]:
    given: Iterable[tuple[Choice | None, int]] = counts.items()
    table = dict(given)
    return {choice: table.get(choice, 0) for choice in CHOICES}
