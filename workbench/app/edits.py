"""What the page What if? works with: the evidence and the rankings, kept, and the edits that the view holds."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import streamlit as st

from workbench.app import loading, state, widgets
from workbench.app.desk import Desk
from workbench.app.sources import Source
from workbench.data.errors import DataError
from workbench.explain.edits import Edit, parse_all, written
from workbench.explain.record import edit_of

if TYPE_CHECKING:
    from workbench.explain.counterfactual import Counterfactual
    from workbench.explain.held import RemovalKind
    from workbench.explain.record import Recorded
    from workbench.explain.reranked import Question
    from workbench.explain.whatif import Both, WhatIf

OPTION: Final = "without"
PAST: Final = "edits-before"
REMOVAL_NAMES: Final[dict[RemovalKind, str]] = {
    "deleted": "nothing",
    "zeroed": "its weight alone",
    "mean": "the mean of its set",
    "blurred": "a blur in the picture",
}
FEW: Final = 3
"""So many edits of one group and image are told one by one."""
FULL: Final = (
    "The address of this page has no room for more changes: keep what is out for good, undo something, or turn a whole "
    "group down instead of its pieces."
)


class _Readable:
    """Everything that can be read as edits."""

    def __contains__(self, text: object) -> bool:
        try:
            parse_all([str(text)])
        except DataError:
            return False
        return True


class _Anything:
    """Whatever a link holds."""

    def __contains__(self, text: object) -> bool:
        return True


class Said(NamedTuple):
    """How edits are called: labels of groups by name, and of elements by what an edit of them names."""

    groups: Mapping[str, str]
    elements: Mapping[tuple[str, str | None, str | None], str]

    @classmethod
    def of(cls, open_desk: Desk, item: int, groups: Sequence[Recorded]) -> Said:
        """The names of what a user's evidence, and that of an image (code), holds."""
        own, known = open_desk.dataset.items.id(item), open_desk.explainer.groups
        elements = {}
        for group in groups:
            told = known[group.level.name]
            for element in group.level.elements:
                # What an attribute or a word at a place is differs from image to image.
                if element.kind not in {"word", "attribute"}:
                    elements[edit_of(told, element).place] = element.label
                elements[edit_of(told, element, own).place] = element.label
        return cls({name: group.label for name, group in known.items()}, elements)

    def __call__(self, edit: Edit) -> str:
        """``Bea (people followed)``, ``creator down to 50%``, ``cat (its words) of 482``."""
        group = self.groups.get(edit.group, edit.group)
        name = group if edit.id is None else f"{self.elements.get(edit.place, edit.id)} ({group})"
        name = name if edit.item is None else f"{name} of {edit.item}"
        return name if edit.gate == 0 else f"{name} down to {edit.gate:.0%}"

    def listed(self, edits: Sequence[Edit]) -> list[str]:
        """The same of several; many neighbours of one image in one phrase: ``its regions: 12 pieces of 482``."""
        told: list[str] = []
        for (group, item, gate), some in groupby(edits, lambda edit: (edit.group, edit.item, edit.gate)):
            alike = list(some)
            if len(alike) <= FEW or item is None:
                told += [self(edit) for edit in alike]
                continue
            down = "" if gate == 0 else f" down to {gate:.0%}"
            told.append(f"{self.groups.get(group, group)}: {len(alike)} pieces of {item}{down}")
        return told


def held() -> list[Edit]:
    """The edits of the view, in the order they were made."""
    return parse_all(state.view().chosen(OPTION, _Readable()))


def unread() -> list[str]:
    """What the view holds in their place that cannot be read as edits."""
    return [text for text in state.view().chosen(OPTION, _Anything()) if text and text not in _Readable()]


def hold(edits: Sequence[Edit]) -> None:
    """Put edits in place of those of the view; where there is no room for them it is said and nothing is changed."""
    texts, before = written(edits), state.view().options.get(OPTION)
    if not state.fits(texts):
        st.toast(FULL, icon=":material/error:")
        return
    if texts:
        state.change_chosen(OPTION, texts)
    else:
        _show(None)
    st.session_state.setdefault(PAST, []).append((before, state.view().options.get(OPTION)))


def _show(option: str | None) -> None:
    """Put the edits of an option as it was in place of those of the view."""
    others = {name: text for name, text in state.view().options.items() if name != OPTION}
    state.change(options=others if option is None else others | {OPTION: option})


def undo() -> None:
    """Take back the last change of the edits; of a link that was followed here, its last edit."""
    past = st.session_state.setdefault(PAST, [])
    if past and past[-1][1] == state.view().options.get(OPTION):
        _show(past.pop()[0])
        return
    past.clear()
    hold(held()[:-1])
    past.clear()


def put(*edits: Edit) -> None:
    """Add edits to the view, in place of those of the same elements; what is as recorded is no edit."""
    places = {edit.place for edit in edits}
    others = [edit for edit in held() if edit.place not in places]
    hold([*others, *(edit for edit in edits if edit.gate < 1)])


def can_undo() -> bool:
    """Whether there is anything to undo."""
    past = st.session_state.get(PAST, [])
    return bool(held() or (past and past[-1][1] == state.view().options.get(OPTION)))


def take_back(edit: Edit) -> None:
    """Take an edit out of the view."""
    hold([other for other in held() if other.place != edit.place])


def command(open_desk: Desk, edits: Sequence[Edit], item: int, removal: str = "deleted") -> str:
    """The command that gives the same ranking."""
    data = open_desk.dataset
    words = ["workbench", "whatif", open_desk.source.run.path, "--user", str(data.users.id(open_desk.user))]
    words += [part for text in written(edits) for part in ("--drop", text)]
    words += ["--item", str(data.items.id(item))]
    words += [] if removal == "deleted" else ["--removal", removal]
    words += [] if open_desk.moment is None else ["--moment", str(open_desk.moment)]
    return shlex.join([*words, "--data", str(data.root)])


def said_in_toast(fault: Exception) -> None:
    """Show a fault without ending the page."""
    st.toast(widgets.text(fault), icon=":material/error:")


@st.cache_data(max_entries=128, show_spinner="Reading the evidence")
def record(source: Source, user: int, item: int, moment: int | None) -> tuple[Recorded, ...]:
    """The evidence of a user and an image (codes) at a moment, a number of likes.

    Raises:
        DataError: the model or the user has no such moment.
    """
    from workbench.explain.record import record as read

    return read(loading.explainer(source), user, item, moment)


@st.cache_data(max_entries=512, show_spinner=False)
def what_if(
    source: Source, user: int, item: int, moment: int | None, edits: tuple[str, ...], removal: RemovalKind = "deleted"
) -> WhatIf:
    """The ranking for a user with and without edits, and what becomes of an image (codes).

    Raises:
        DataError: the model ranks nothing, the user has no such element or moment, or nothing can be removed like this.
    """
    from workbench.explain.whatif import what_if as ask

    return ask(loading.explainer(source), user, parse_all(edits), loading.BEST, moment, item, removal)


class Asked(NamedTuple):
    """One of two questions that are told together."""

    source: Source
    user: int
    moment: int | None
    edits: tuple[str, ...]
    removal: RemovalKind


@st.cache_data(max_entries=128, show_spinner=False)
def both(first: Asked, second: Asked, item: int) -> Both:
    """What becomes of the same images on both sides.

    Raises:
        DataError: as ``what_if``.
    """
    from workbench.explain.reranked import Question
    from workbench.explain.whatif import both as ask

    def question(one: Asked) -> Question:
        return Question(loading.explainer(one.source), one.user, parse_all(one.edits), one.moment, one.removal)

    return ask(question(first), question(second), loading.BEST, item)


@st.cache_data(max_entries=64, show_spinner=False)
def removals(source: Source) -> tuple[RemovalKind, ...]:
    """What may stand in the place of what is left out, for a run."""
    from workbench.explain.reranked import possible_removals

    return possible_removals(loading.explainer(source))


@st.cache_data(max_entries=512, show_spinner=False)
def applicable(source: Source, user: int, moment: int | None, edits: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Those of some edits that can be made for a user (code), and why the others cannot."""
    from workbench.explain.edits import applicable as check

    fit, idle = check(loading.explainer(source), user, parse_all(edits), moment)
    return list(map(str, fit)), idle


@st.cache_data(max_entries=128, show_spinner="Searching the smallest change")
def smallest(
    source: Source, user: int, item: int, moment: int | None, removal: RemovalKind = "deleted"
) -> tuple[Counterfactual, tuple[Edit, ...]]:
    """The smallest set without which an image (code) is none of the best for a user, as edits.

    Raises:
        DataError: the model or the user has no such moment, or nothing can be removed like this.
    """
    from workbench.explain.whatif import smallest_change

    return smallest_change(loading.explainer(source), user, item, loading.BEST, moment, removal)
