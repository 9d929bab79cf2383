"""What the page What if? works with: the evidence and the rankings, kept, and the edits that the view holds."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import streamlit as st

from workbench.app import loading, state, widgets
from workbench.app.desk import Desk
from workbench.app.loading import Source
from workbench.data.errors import DataError
from workbench.explain.edits import Edit
from workbench.explain.record import edit_of

if TYPE_CHECKING:
    from workbench.explain.counterfactual import Counterfactual
    from workbench.explain.record import Recorded
    from workbench.explain.whatif import WhatIf

OPTION: Final = "without"
FULL: Final = (
    "The address of this page has no room for more changes: keep what is out for good, undo something, or turn a whole "
    "group down instead of its pieces."
)


class _Readable:
    """Everything that can be read as an edit."""

    def __contains__(self, text: object) -> bool:
        try:
            Edit.parse(str(text))
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


def held() -> list[Edit]:
    """The edits of the view, in the order they were made."""
    return [Edit.parse(text) for text in state.view().chosen(OPTION, _Readable())]


def unread() -> list[str]:
    """What the view holds in their place that cannot be read as edits."""
    return [text for text in state.view().chosen(OPTION, _Anything()) if text and text not in _Readable()]


def hold(edits: Sequence[Edit]) -> None:
    """Put edits in place of those of the view; where there is no room for them it is said and nothing is changed."""
    texts = list(map(str, edits))
    if not state.fits(texts):
        st.toast(FULL, icon=":material/error:")
        return
    if texts:
        state.change_chosen(OPTION, texts)
    else:
        state.change(options={name: text for name, text in state.view().options.items() if name != OPTION})


def put(*edits: Edit) -> None:
    """Add edits to the view, in place of those of the same elements; what is as recorded is no edit."""
    places = {edit.place for edit in edits}
    others = [edit for edit in held() if edit.place not in places]
    hold([*others, *(edit for edit in edits if edit.gate < 1)])


def take_back(edit: Edit) -> None:
    """Take an edit out of the view."""
    hold([other for other in held() if other.place != edit.place])


def command(open_desk: Desk, edits: Sequence[Edit], item: int) -> str:
    """The command that gives the same ranking."""
    data = open_desk.dataset
    words = ["workbench", "whatif", open_desk.source.run.path, "--user", str(data.users.id(open_desk.user))]
    words += [part for edit in edits for part in ("--drop", str(edit))]
    words += ["--item", str(data.items.id(item))]
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
def what_if(source: Source, user: int, item: int, moment: int | None, edits: tuple[str, ...]) -> WhatIf:
    """The ranking for a user with and without edits, and what becomes of an image (codes).

    Raises:
        DataError: the model ranks nothing, or the user has no such element or moment.
    """
    from workbench.explain.whatif import what_if as ask

    return ask(loading.explainer(source), user, list(map(Edit.parse, edits)), loading.BEST, moment, item)


@st.cache_data(max_entries=512, show_spinner=False)
def applicable(source: Source, user: int, moment: int | None, edits: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Those of some edits that can be made for a user (code), and why the others cannot."""
    from workbench.explain.edits import applicable as check

    fit, idle = check(loading.explainer(source), user, list(map(Edit.parse, edits)), moment)
    return list(map(str, fit)), idle


@st.cache_data(max_entries=128, show_spinner="Searching the smallest change")
def smallest(source: Source, user: int, item: int, moment: int | None) -> tuple[Counterfactual, tuple[Edit, ...]]:
    """The smallest set without which an image (code) is none of the best for a user, as edits.

    Raises:
        DataError: the model or the user has no such moment.
    """
    from workbench.explain.whatif import smallest_change

    return smallest_change(loading.explainer(source), user, item, loading.BEST, moment)
