"""Studies as the app shows them: the folder they are kept in, and what one rater has answered so far."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Final

import streamlit as st

from workbench import demo
from workbench.app import widgets
from workbench.explain.explanation import Explanation
from workbench.figures.style import ThemeName
from workbench.study.design import Case
from workbench.study.questions import QUESTIONS, Place
from workbench.study.store import FOLDER, FullError, Study, StudyError

_RATING: Final = "rating"


@dataclass
class Rating:
    """One rater at work, in one session.

    Attributes:
        study: name of the study; ``rater`` the name she chose.
        number: of the case before her; None when nothing is left.
        turn: the how-manieth case of hers it is, from 1.
        chosen: her answers on this case so far.
    """

    study: str
    rater: str
    number: int | None = None
    turn: int = 0
    chosen: dict[str, Place | None] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """Name of the question that is asked next."""
        return list(QUESTIONS)[len(self.chosen)]

    def go_on(self, study: Study) -> None:
        """Take the next case."""
        self.chosen = {}
        self.number, self.turn = study.next(self.rater) or (None, self.turn)


def folder() -> Path:
    """The folder that holds the studies."""
    return demo.home() / FOLDER


def rating(study: str) -> Rating | None:
    """The rating of a study in this session; None before a rater has said who she is."""
    found: Rating | None = st.session_state.get(_RATING)
    return found if found is not None and found.study == study else None


def at_work() -> bool:
    """Whether somebody rates in this session, who then sees the study alone."""
    return _RATING in st.session_state


def begin(study: Study, key: str) -> None:
    """Let a rater begin, or go on where she was, under the name typed into a field."""
    mine = Rating(study.design.name, st.session_state[key])
    try:
        mine.go_on(study)
    except StudyError as fault:
        st.toast(widgets.text(fault), icon=":material/error:")
    else:
        st.session_state[_RATING] = mine


def leave() -> None:
    """End the rating of this session; what was answered stays."""
    st.session_state.pop(_RATING, None)


def answer(study: Study, number: int, question: str, side: Place | None) -> None:
    """Take the side chosen for a question on a case, None for no difference; the last answer writes all of them.

    A second click on a button that is still on the screen answers nothing.
    """
    mine = rating(study.design.name)
    if mine is None or mine.number != number or mine.question != question:
        return
    mine.chosen[question] = side
    if len(mine.chosen) < len(QUESTIONS):
        return
    try:
        study.rate(mine.rater, mine.number, mine.chosen)
    except FullError as fault:
        st.toast(widgets.text(fault), icon=":material/group:")
    except StudyError as fault:
        st.toast(widgets.text(fault), icon=":material/error:")
    mine.go_on(study)


def take_back(study: Study) -> None:
    """Ask the question before once more."""
    mine = rating(study.design.name)
    if mine is not None and mine.chosen:
        mine.chosen.popitem()


def prepare(study: Study, root: Path, theme: ThemeName) -> None:
    """Draw the evidence of a rater's next case while she answers the questions on this one."""
    mine = rating(study.design.name)
    if mine is None or mine.number is None or mine.chosen:
        return
    following = study.next(mine.rater, mine.number)
    if following is not None:
        Thread(target=_draw, args=(study, following[0], root, theme), daemon=True).start()


def _draw(study: Study, number: int, root: Path, theme: ThemeName) -> None:
    # What cannot be read or drawn is told when the case is shown.
    with suppress(ValueError, OSError):
        ahead = case(study.path, study.path.stat().st_ctime_ns, number)
        for side in (ahead.first, ahead.second):
            evidence(side.explanation, root, theme)


@st.cache_data(max_entries=64, show_spinner=False)
def case(path: Path, modified: int, number: int) -> Case:
    """One case of a study; ``modified`` (ns) is part of the key, since another study may take the name."""
    return Study.open(path.parent, path.stem).case(number)


@st.cache_data(max_entries=128, show_spinner=False)
def evidence(told: Explanation, root: Path, theme: ThemeName) -> bytes:
    """The evidence of one side as a picture that tells no model, in the width of a column.

    Raises:
        ValueError: a file is no picture.
    """
    from workbench.figures.export import save
    from workbench.figures.study import blind_figure

    with tempfile.TemporaryDirectory() as place:
        (path,) = save(blind_figure(told, root, theme=theme), Path(place) / "evidence", ["png"], theme=theme)
        return path.read_bytes()
