"""What is recorded of a user, group by group: a slider for each group, and a switch for each piece of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import streamlit as st

from workbench.app import desk, drawing, edits, recommended, widgets
from workbench.app.desk import Desk
from workbench.explain.edits import Edit
from workbench.explain.explanation import Element
from workbench.explain.record import edit_of
from workbench.figures.rows import Scale, excerpt, head_html, row_html

if TYPE_CHECKING:
    from workbench.explain.record import Recorded

SHOWN: Final = 8
ALL: Final = 60
"""Elements shown at first and at most."""
SWITCH: Final = 84
"""Pixels of a switch."""
REACHES: Final = {"one": "of the one image", "every": "of every image"}


def evidence(open_desk: Desk, item: int, groups: Sequence[Recorded], made: Sequence[Edit], removal: str) -> None:
    """The evidence by group: how much of each counts, and the elements of one of them."""
    shown = {group.level.name: group for group in groups if group.total}
    if not shown:
        silent = open_desk.explainer.model.silent or "The model reads nothing recorded of this user."
        st.info(f"There is nothing to leave out. {widgets.text(silent)}", icon=":material/info:")
        return
    st.subheader("How much of each group counts")
    st.caption("0: as if never recorded · 1: as recorded")
    sliders = st.grid(2, min_column_width=180)
    for group in shown.values():
        with sliders.cell():
            _gate(group, made)
    st.subheader("Without this")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose = widgets.switch if len(shown) <= recommended.FEW else widgets.pick
        name = choose("Evidence", list(shown), "aspect", name=lambda n: shown[n].level.label or n)
        group = shown[name]
        told = open_desk.explainer.groups[name]
        apart = told.side == "item" or told.within is not None
        reach = widgets.switch("Reach", list(REACHES), "reach", name=REACHES.__getitem__) if apart else "every"
    own = open_desk.dataset.items.id(item) if reach == "one" else None
    if own is not None:
        drawing.draw_on(open_desk, item, group, made, removal)
    rows = _rows(open_desk, item, group)
    scale = Scale.of(rows)
    changed = {edit.place: edit for edit in made}
    head = head_html(group.level, scale, theme=widgets.theme())
    if head:
        with st.container(horizontal=True, wrap=False):
            st.html(head)
            # As wide as the switches of the rows, so that the words stand above their marks.
            st.space(SWITCH)
    # An image liked twice is left out by one switch.
    pairs = {edit.place: (element, edit) for element in reversed(rows) for edit in [edit_of(told, element, own)]}
    for element, edit in reversed(pairs.values()):
        _row(open_desk, item, group, scale, element, edit, changed)


def _gate(group: Recorded, made: Sequence[Edit]) -> None:
    """A slider that turns a whole group down."""
    name = group.level.name
    key = f"gate-{name}"
    whole = Edit(group=name)
    st.session_state[key] = min([edit.gate for edit in made if edit.place == whole.place], default=1.0)
    kept = _is_kept(next((edit for edit in made if edit.place == whole.place), None))
    label = group.level.label or name
    st.slider(label, 0.0, 1.0, step=0.05, key=key, on_change=_turn, args=(whole, key), disabled=kept)


def _is_kept(made: Edit | None) -> bool:
    """Whether an edit that is made is a kept one: the bar switches those off."""
    return made is not None and made.place not in {edit.place for edit in edits.held()}


def _turn(whole: Edit, key: str) -> None:
    edits.put(whole.model_copy(update={"gate": st.session_state[key]}))


def _rows(open_desk: Desk, item: int, group: Recorded) -> list[Element]:
    """The elements that are shown: the strongest, or those that hold the typed words."""
    elements = group.level.elements
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = ""
        if len(elements) > SHOWN:
            typed = st.text_input(
                "Find", key=f"find-{group.level.name}", placeholder="part of a name or an id"
            ).casefold()
        # Thousands of regions take a second to name, and nobody asked for a name.
        found = [e for e in elements if typed in _called(open_desk, item, e).casefold()] if typed else list(elements)
        every = len(found) > SHOWN and widgets.toggle(f"show all {len(found):,}", "all")
    top = found[: ALL if every else SHOWN]
    if len(top) < group.total:
        order = "" if typed else ", the strongest first"
        left = f" The search looks through the strongest {len(elements):,}." if len(elements) < group.total else ""
        st.caption(f"{len(top):,} of {group.total:,}{order}.{left}")
    return top


def _called(open_desk: Desk, item: int, element: Element) -> str:
    return f"{element.label} {element.id} {_note(open_desk, item, element)}"


def _note(open_desk: Desk, item: int, element: Element) -> str:
    """What an element is part of, for a word what stands around it, or who made it."""
    data = open_desk.dataset
    if element.span is not None:
        text = data.texts[item if element.of is None else data.items.code(element.of)]
        return excerpt(text, element.span)
    if element.of is not None:
        return f"in {data.item_label(data.items.code(element.of))}"
    if element.kind == "image":
        maker = int(data.creator[data.items.code(element.id)])
        return "" if maker < 0 else f"by {data.user_label(maker)}"
    return ""


def _row(
    open_desk: Desk,
    item: int,
    group: Recorded,
    scale: Scale,
    element: Element,
    edit: Edit,
    changed: Mapping[tuple[str, str | None, str | None], Edit],
) -> None:
    """An element, and the switch that leaves it out."""
    made = changed.get(edit.place)
    gone = made is not None and made.gate == 0
    key = f"without-{edit}"
    st.session_state[key] = gone
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        with desk.sentences():
            words = row_html(
                _pictured(open_desk, item, element), group.level, scale, open_desk.dataset.root,
                note=_note(open_desk, item, element), gone=gone, theme=widgets.theme(),
            )  # fmt: skip
        st.html(words)
        kept = _is_kept(made)
        st.toggle("without", key=key, on_change=_switch, args=(edit, key), width="content", disabled=kept)


def _pictured(open_desk: Desk, item: int, element: Element) -> Element:
    """The element with the picture of the image (code) that it is a part of."""
    if element.box is None or element.image is not None:
        return element
    data = open_desk.dataset
    owner = item if element.of is None else data.items.code(element.of)
    return element.model_copy(update={"image": data.image_relative(owner)})


def _switch(edit: Edit, key: str) -> None:
    if st.session_state[key]:
        edits.put(edit)
    else:
        edits.take_back(edit)
