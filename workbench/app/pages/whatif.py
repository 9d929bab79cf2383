"""What if? The evidence of a user as lists to switch off, and the ranking before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from workbench.app import desk, edits, recommended, state, widgets
from workbench.app.desk import Desk
from workbench.app.edits import Said
from workbench.app.export import figure_menu
from workbench.explain import preferences
from workbench.explain.edits import Edit
from workbench.explain.explanation import Element
from workbench.explain.record import edit_of
from workbench.figures.rows import Scale, excerpt, head_html, row_html
from workbench.figures.whatif import own_change, what_if_figure, what_if_plotly

if TYPE_CHECKING:
    from workbench.explain.record import Recorded
    from workbench.explain.whatif import WhatIf

QUIET: Final = {"displayModeBar": False}
# Elements shown at first and at most, and pixels of a switch. A string here would be drawn on the page.
SHOWN: Final = 8
ALL: Final = 60
SWITCH: Final = 84
REACHES: Final = {"one": "of the one image", "every": "of every image"}
SMALLEST: Final = "smallest"


def show() -> None:
    """Draw the page."""
    st.header("What if?")
    open_desk = desk.opened()
    _, item = recommended.best(open_desk)
    with desk.sentences():
        groups = edits.record(open_desk.source, open_desk.user, item, open_desk.moment)
        kept = preferences.load(open_desk.dataset.root).of(open_desk.dataset.users.id(open_desk.user))
    said = Said.of(open_desk, item, groups)
    applied = state.view().option("kept", widgets.OFF_ON[::-1]) == "on"
    wanted = (*(kept if applied else ()), *edits.held())
    made = _made(open_desk, wanted)
    with desk.sentences():
        found = edits.what_if(open_desk.source, open_desk.user, item, open_desk.moment, tuple(map(str, made)))
    _header(open_desk)
    _bar(open_desk, item, made, kept, found, said)
    beside = st.grid(2, min_column_width=420)
    # The ranking first, so that on a tablet it stands under the bar and the lists below it.
    with beside.cell():
        _ranking(open_desk, found, made, said)
        _smallest(open_desk, item, said)
    with beside.cell():
        _evidence(open_desk, item, groups, made)


def _header(open_desk: Desk) -> None:
    data, user = open_desk.dataset, open_desk.user
    st.markdown(
        f"**{widgets.text(open_desk.user_label)}** · {widgets.count(data.uploads.row(user), 'upload')} · "
        f"follows {len(data.follows.row(user)):,} · {widgets.count(data.history.row(user), 'like')}"
    )


def _made(open_desk: Desk, wanted: Sequence[Edit]) -> list[Edit]:
    """Those of the wanted edits that this run can make; of the others it is said why not."""
    for text in edits.unread():
        st.warning(f"The link names no edit with {widgets.text(text)}: it is left out.", icon=":material/link_off:")
    texts = tuple(dict.fromkeys(map(str, wanted)))
    with desk.sentences():
        fit, idle = edits.applicable(open_desk.source, open_desk.user, open_desk.moment, texts)
    # Of one group that the run does not read it is said once.
    for reason in dict.fromkeys(idle):
        st.info(f"Not applied: {widgets.text(reason)}", icon=":material/info:")
    return list(map(Edit.parse, fit))


def _bar(open_desk: Desk, item: int, made: Sequence[Edit], kept: Sequence[Edit], found: WhatIf, said: Said) -> None:
    """What is changed, with undo, reset, share and keep."""
    held = edits.held()
    with st.container(border=True, gap="small"):
        listed = " · ".join(widgets.text(said(edit)) for edit in made)
        st.markdown(f"**Without:** {listed}" if made else "Nothing is changed: switch something off below.")
        if made and found.explained is not None:
            st.caption(widgets.text(own_change(found.explained, open_desk.dataset.item_label(item))))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Undo", icon=":material/undo:", disabled=not held, key="undo", on_click=edits.hold, args=(held[:-1],)
            )
            st.button(
                "Reset", icon=":material/restart_alt:", disabled=not held, key="reset", on_click=edits.hold, args=([],)
            )
            with st.popover("Share", icon=":material/share:"):
                st.caption("The address of this page leads back here; this is the view, and the same as a command.")
                st.code(str(state.view().changed(item=str(open_desk.dataset.items.id(item)))), wrap_lines=True)
                if made:
                    st.code(edits.command(open_desk, made, item), language="bash", wrap_lines=True)
            st.button(
                "Keep for good", icon=":material/push_pin:", disabled=not held, key="keep", on_click=_keep,
                args=(open_desk, held),
                help="Never recommend because of these: kept beside the dataset for this user, for every run.",
            )  # fmt: skip
            if kept:
                _kept(open_desk, kept, said)


def _kept(open_desk: Desk, kept: Sequence[Edit], said: Said) -> None:
    """The switch of what is kept, and a list to forget it from."""
    widgets.toggle(f"apply what is kept ({len(kept)})", "kept", first="on")
    with st.popover("Kept", icon=":material/push_pin:"):
        for edit in kept:
            st.button(
                f"Forget {widgets.text(said(edit))}", key=f"forget-{edit}", icon=":material/delete:", type="tertiary",
                on_click=_forget, args=(open_desk, edit),
            )  # fmt: skip


def _keep(open_desk: Desk, held: Sequence[Edit]) -> None:
    data = open_desk.dataset
    try:
        preferences.keep(data.root, data.users.id(open_desk.user), held)
    except (ValueError, OSError) as fault:
        edits.said_in_toast(fault)
        return
    edits.hold([])
    state.change_option("kept", "on")


def _forget(open_desk: Desk, edit: Edit) -> None:
    data = open_desk.dataset
    try:
        preferences.forget(data.root, data.users.id(open_desk.user), [edit])
    except (ValueError, OSError) as fault:
        edits.said_in_toast(fault)


def _ranking(open_desk: Desk, found: WhatIf, made: Sequence[Edit], said: Said) -> None:
    """Both rankings, tied; a click on an image asks about it."""
    data = open_desk.dataset
    words = f"without {', '.join(said(edit) for edit in made)}" if made else None
    with desk.sentences():
        screen = what_if_plotly(found, data.root, said=words, theme=widgets.theme())
    st.plotly_chart(
        screen, theme=None, key="ranking", alt="The best images before and after", config=QUIET,
        on_select=_take_image, selection_mode="points",
    )  # fmt: skip
    figure_menu(
        partial(what_if_figure, found, data.root, said=words), "whatif",
        open_desk.origin,
        partial(what_if_plotly, found, data.root, said=words), found,
    )  # fmt: skip


def _take_image() -> None:
    points = st.session_state["ranking"].selection.points
    items = [str(point["customdata"]) for point in points if point.get("customdata") is not None]
    if items:
        state.change(item=items[0])


def _smallest(open_desk: Desk, item: int, said: Said) -> None:
    """The smallest set without which the image drops out, when it is asked for."""
    own, label = str(open_desk.dataset.items.id(item)), open_desk.dataset.item_label(item)
    asked = state.view().options.get(SMALLEST) == own
    if not asked:
        st.button(
            "Smallest change that drops it", icon=":material/search:", key="smallest",
            help=f"Search the fewest pieces without which {widgets.text(label)} leaves this list.",
            on_click=state.change_option, args=(SMALLEST, own),
        )  # fmt: skip
        return
    with desk.sentences():
        found, changes = edits.smallest(open_desk.source, open_desk.user, item, open_desk.moment)
    name = widgets.text(label)
    if found.rank > found.k:
        st.info(
            f"With everything recorded {name} has rank {found.rank:,}, so it is outside the first {found.k} already."
        )
        return
    if not found.found:
        st.info(
            f"Nothing recorded drops {name} out of the first {found.k}: without all that was tried it has rank "
            f"{found.rank_without:,}."
        )
        return
    pieces = ", ".join(widgets.text(said(edit)) for edit in changes)
    proof = "no smaller set of the strongest pieces does it" if found.smallest else "no member of it can stay"
    st.markdown(
        f"{name} drops from rank {found.rank:,} to {found.rank_without:,} without {pieces}. Ranked again to prove it; "
        f"{proof}."
    )
    st.button("Apply this change", icon=":material/playlist_add_check:", key="apply", on_click=edits.put, args=changes)


def _evidence(open_desk: Desk, item: int, groups: Sequence[Recorded], made: Sequence[Edit]) -> None:
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
        found = [e for e in elements if typed in _called(open_desk, item, e).casefold()]
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
                _pictured(open_desk, element), group.level, scale, open_desk.dataset.root,
                note=_note(open_desk, item, element), gone=gone, theme=widgets.theme(),
            )  # fmt: skip
        st.html(words)
        kept = _is_kept(made)
        st.toggle("without", key=key, on_change=_switch, args=(edit, key), width="content", disabled=kept)


def _pictured(open_desk: Desk, element: Element) -> Element:
    """The element with the picture of the image that it is a part of."""
    if element.box is None or element.image is not None or element.of is None:
        return element
    data = open_desk.dataset
    return element.model_copy(update={"image": data.image_relative(data.items.code(element.of))})


def _switch(edit: Edit, key: str) -> None:
    if st.session_state[key]:
        edits.put(edit)
    else:
        edits.take_back(edit)


show()
