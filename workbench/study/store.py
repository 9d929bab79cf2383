"""A study on disk: one SQLite file with its design, its cases and every answer, safe under many raters at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from workbench.explain.explanation import Frozen
from workbench.study.design import Case, Design, first_is_left, order
from workbench.study.questions import CHOICES, QUESTIONS, Choice, Place

FOLDER: Final = "studies"
"""Folder at home that holds the studies."""
SUFFIX: Final = ".sqlite"
PATIENCE: Final = 30.0
"""Seconds a rater waits while others are being written down."""
LONGEST: Final = 40
"""Characters of a rater's name."""
_MARK: Final = 0x57425354
"""SQLite's application id of these files."""
_TABLES: Final = (
    "CREATE TABLE study (design TEXT NOT NULL, closed INTEGER NOT NULL)",
    "CREATE TABLE cases (number INTEGER PRIMARY KEY, content TEXT NOT NULL)",
    f"""CREATE TABLE answers (
        number INTEGER NOT NULL REFERENCES cases, rater TEXT NOT NULL, question TEXT NOT NULL,
        choice TEXT NOT NULL CHECK (choice IN {CHOICES}), first TEXT NOT NULL CHECK (first IN ('left', 'right')),
        turn INTEGER NOT NULL, PRIMARY KEY (number, rater, question)) WITHOUT ROWID""",
)


class StudyError(ValueError):
    """A study that cannot be used, in one sentence with the remedy."""


class FullError(StudyError):
    """A case that enough others have rated in the meantime."""


class Answer(Frozen):
    """One answer.

    Attributes:
        number: of the case; ``rater`` the name she chose, in small letters; ``question`` its name.
        choice: by run; ``first`` where the first run stood.
        turn: the how-manieth case of this rater it was, from 1.
    """

    number: int
    rater: str
    question: str
    choice: Choice
    first: Place
    turn: int


class Study:
    """A study that was opened.

    Attributes:
        path: its file.
        design: what it is about.
    """

    def __init__(self, path: Path, design: Design) -> None:
        self.path, self.design = path, design

    @classmethod
    def new(cls, folder: Path, design: Design, cases: Sequence[Case]) -> Study:
        """Write a new study into a folder, whole or not at all.

        Raises:
            StudyError: there is one of this name.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{design.name}{SUFFIX}"
        with _connected(path) as file:
            file.execute("BEGIN EXCLUSIVE")
            if file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                file.execute("ROLLBACK")
                raise StudyError(f"There is a study '{design.name}' already: choose another name")
            for table in _TABLES:
                file.execute(table)
            file.execute(f"PRAGMA application_id = {_MARK}")
            file.execute("INSERT INTO study VALUES (?, 0)", [design.model_dump_json()])
            file.executemany("INSERT INTO cases VALUES (?, ?)", [(c.number, c.model_dump_json()) for c in cases])
            file.execute("COMMIT")
            file.execute("PRAGMA journal_mode = WAL")
        return cls(path, design)

    @classmethod
    def open(cls, folder: Path, name: str) -> Study:
        """Open a study by its name.

        Raises:
            StudyError: there is none, or its file cannot be read.
        """
        path = folder / f"{name}{SUFFIX}"
        if name not in names(folder):
            known = ", ".join(names(folder)) or "none yet"
            raise StudyError(f"There is no study '{name}' (there are: {known}): make one with 'workbench study new'")
        try:
            with _connected(path) as file:
                (text,) = file.execute("SELECT design FROM study").fetchone()
            return cls(path, Design.model_validate_json(text))
        except (sqlite3.Error, ValidationError, TypeError) as fault:
            reason = str(fault).splitlines()[0]
            raise StudyError(f"{path} cannot be read ({reason}): restore it from a copy or remove it") from None

    @property
    def is_closed(self) -> bool:
        """Whether no more answers are taken."""
        with _connected(self.path) as file:
            return bool(file.execute("SELECT closed FROM study").fetchone()[0])

    def close(self) -> None:
        """Take no more answers."""
        with _connected(self.path) as file:
            file.execute("UPDATE study SET closed = 1")

    def count(self) -> int:
        """How many cases there are."""
        with _connected(self.path) as file:
            return int(file.execute("SELECT count(*) FROM cases").fetchone()[0])

    def case(self, number: int) -> Case:
        """One case.

        Raises:
            StudyError: there is no such number.
        """
        with _connected(self.path) as file:
            row = file.execute("SELECT content FROM cases WHERE number = ?", [number]).fetchone()
        if row is None:
            raise StudyError(f"The study '{self.design.name}' has no case {number}: ask for the next one")
        return Case.model_validate_json(row[0])

    def ratings(self) -> list[int]:
        """How many people rated each case."""
        with _connected(self.path) as file:
            found = file.execute(
                "SELECT number, (SELECT count(DISTINCT rater) FROM answers WHERE number = cases.number) FROM cases "
                "ORDER BY number"
            ).fetchall()
        return [count for _, count in found]

    def is_complete(self) -> bool:
        """Whether every case has its raters."""
        return all(count >= self.design.raters for count in self.ratings())

    def next(self, rater: str, besides: int | None = None) -> tuple[int, int] | None:
        """Number of a rater's next case and which turn of hers it is, from 1; None where nothing is left for her.

        Args:
            rater: the name she chose.
            besides: number of the case before her, to learn which one follows.
        """
        rater = rater_name(rater)
        counts = self.ratings()
        with _connected(self.path) as file:
            done = {row[0] for row in file.execute("SELECT DISTINCT number FROM answers WHERE rater = ?", [rater])}
        done |= set() if besides is None else {besides}
        for number in order(self.design, rater, len(counts)):
            if number not in done and counts[number] < self.design.raters:
                return number, len(done) + 1
        return None

    def rate(self, rater: str, number: int, chosen: Mapping[str, Place | None]) -> None:
        """Write down one rater's answers on one case, all of them or none.

        Args:
            rater: the name she chose.
            number: of the case.
            chosen: the side she chose for every question, None for no difference.

        Raises:
            FullError: enough others have rated the case in the meantime.
            StudyError: the study is closed, she rated the case before, or answers are missing.
        """
        rater = rater_name(rater)
        if set(chosen) != set(QUESTIONS):
            raise StudyError("Not every question has its answer: answer all of them")
        first: Place = "left" if first_is_left(self.design, rater, number) else "right"
        with _connected(self.path) as file:
            file.execute("BEGIN IMMEDIATE")
            try:
                turn = self._turn(file, rater, number)
                rows = [(number, rater, q, _choice(side, first), first, turn) for q, side in chosen.items()]
                file.executemany("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", rows)
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    def _turn(self, file: sqlite3.Connection, rater: str, number: int) -> int:
        """Which turn a rating is; refuses one that may not be written."""
        if file.execute("SELECT closed FROM study").fetchone()[0]:
            raise StudyError("This study is closed and takes no more answers.")
        if file.execute("SELECT 1 FROM cases WHERE number = ?", [number]).fetchone() is None:
            raise StudyError(f"The study '{self.design.name}' has no case {number}: ask for the next one")
        raters = {row[0] for row in file.execute("SELECT DISTINCT rater FROM answers WHERE number = ?", [number])}
        if rater in raters:
            raise StudyError(f"{rater} has rated this case before: go on to the next one")
        if len(raters) >= self.design.raters:
            raise FullError("Enough others have rated this case in the meantime; here is the next one.")
        return 1 + int(
            file.execute("SELECT count(DISTINCT number) FROM answers WHERE rater = ?", [rater]).fetchone()[0]
        )

    def answers(self) -> list[Answer]:
        """Every answer, by case, rater and question."""
        places = {question: place for place, question in enumerate(QUESTIONS)}
        with _connected(self.path) as file:
            rows = file.execute("SELECT number, rater, question, choice, first, turn FROM answers").fetchall()
        names = ("number", "rater", "question", "choice", "first", "turn")
        found = [Answer(**dict(zip(names, row, strict=True))) for row in rows]
        return sorted(found, key=lambda a: (a.number, a.rater, places[a.question]))


def names(folder: Path) -> list[str]:
    """The studies in a folder, by name; files that hold none are passed over."""
    return [path.stem for path in sorted(folder.glob(f"*{SUFFIX}")) if _is_study(path)]


def rater_name(name: str) -> str:
    """A rater's name as it is kept: in small letters, so that nobody counts twice by writing it another way.

    Raises:
        StudyError: it is empty, too long or cannot be printed.
    """
    short = " ".join(name.split()).casefold()
    if not short or len(short) > LONGEST or not short.isprintable():
        raise StudyError(f"A rater needs a name of 1 to {LONGEST} letters; any word you remember will do.")
    return short


def _choice(side: Place | None, first: Place) -> Choice:
    if side is None:
        return "tie"
    return "first" if side == first else "second"


def _is_study(path: Path) -> bool:
    """Whether SQLite's header says that a file holds a study; an unfinished one is still empty."""
    with path.open("rb") as file:
        head = file.read(72)
    return head.startswith(b"SQLite format 3\0") and head[68:72] == _MARK.to_bytes(4, "big")


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of its own, since raters' sessions are threads and processes; transactions begin where they say."""
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection
    finally:
        connection.close()
