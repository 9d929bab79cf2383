"""What if? The evidence of a user as lists to switch off, and the ranking before and after."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from workbench.app import desk, drawing, edits, recommended, state, switches, widgets
from workbench.app.desk import Desk
from workbench.app.edits import Said
from workbench.app.export import figure_menu
from workbench.explain import preferences
from workbench.explain.edits import Edit
from workbench.figures.whatif import own_change, what_if_figure, what_if_plotly
from workbench.figures.whatifbeside import both_figure, both_plotly

if TYPE_CHECKING:
    from workbench.explain.held import RemovalKind
    from workbench.explain.whatif import WhatIf

QUIET: Final = {"displayModeBar": False}
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
    _header(open_desk)
    removal = drawing.chosen_removal(open_desk)
    # A whole group blurred in every image takes a while: each picture is encoded again.
    waiting = st.spinner("Blurring pictures and reading them again") if removal == "blurred" else nullcontext()
    with desk.sentences(), waiting:
        texts = tuple(map(str, made))
        found = edits.what_if(open_desk.source, open_desk.user, item, open_desk.moment, texts, removal)
    _bar(open_desk, item, made, kept, found, said)
    beside = st.grid(2, min_column_width=380)
    # The ranking first, so that on a tablet it stands under the bar and the lists below it.
    with beside.cell():
        _ranking(open_desk, found, made, said)
        _smallest(open_desk, item, said, removal)
        _second(open_desk, item, made, removal, said)
    with beside.cell():
        switches.evidence(open_desk, item, groups, made, removal)


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
        listed = " · ".join(map(widgets.text, said.listed(made)))
        st.markdown(f"**Without:** {listed}" if made else "Nothing is changed: switch something off below.")
        if made and found.explained is not None:
            st.caption(widgets.text(own_change(found.explained, open_desk.dataset.item_label(item))))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Undo",
                icon=":material/undo:",
                disabled=not edits.can_undo(),
                key="undo",
                on_click=edits.undo,
            )
            st.button(
                "Reset", icon=":material/restart_alt:", disabled=not held, key="reset", on_click=edits.hold, args=([],)
            )
            with st.popover("Share", icon=":material/share:"):
                st.caption("The address of this page leads back here; this is the view, and the same as a command.")
                st.code(str(state.view().changed(item=str(open_desk.dataset.items.id(item)))), wrap_lines=True)
                if made:
                    st.code(edits.command(open_desk, made, item, found.removal), language="bash", wrap_lines=True)
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
    words = f"without {', '.join(said.listed(made))}" if made else None
    with desk.sentences():
        screen = what_if_plotly(found, data.root, said=words, theme=widgets.theme())
    st.plotly_chart(
        screen, theme=None, key="ranking", alt="The best images before and after", config=QUIET,
        on_select=partial(_take_image, "ranking"), selection_mode="points",
    )  # fmt: skip
    figure_menu(
        partial(what_if_figure, found, data.root, said=words), "whatif",
        open_desk.origin,
        partial(what_if_plotly, found, data.root, said=words), found,
    )  # fmt: skip


def _take_image(key: str) -> None:
    points = st.session_state[key].selection.points
    items = [str(point["customdata"]) for point in points if point.get("customdata") is not None]
    if items:
        state.change(item=items[0])


def _second(open_desk: Desk, item: int, made: Sequence[Edit], removal: RemovalKind, said: Said) -> None:
    """The second run or user asked the same, on the same ranks."""
    other = desk.second()
    if other is None:
        return
    st.subheader("Side by side")
    if not made:
        st.caption("Leave something out, and what becomes of the same images is shown for both.")
        return
    with desk.sentences():
        texts = tuple(map(str, made))
        fit, idle = edits.applicable(other.source, other.user, other.moment, texts)
        for reason in dict.fromkeys(idle):
            st.info(f"Not applied to the second: {widgets.text(reason)}", icon=":material/info:")
        kinds = edits.removals(other.source)
        theirs = removal if removal in kinds else kinds[0]
        if theirs != removal:
            name = widgets.text(other.explainer.run)
            st.caption(f"{name} cannot put {edits.REMOVAL_NAMES[removal]} there: what is left out is deleted.")
        ours = edits.Asked(open_desk.source, open_desk.user, open_desk.moment, texts, removal)
        found = edits.both(ours, edits.Asked(other.source, other.user, other.moment, tuple(fit), theirs), item)
        root, words = open_desk.dataset.root, f"without {', '.join(said.listed(made))}"
        screen = partial(both_plotly, found, root, said=words)
        st.plotly_chart(
            screen(theme=widgets.theme()), theme=None, key="both", alt="What becomes of the same images on both sides",
            config=QUIET, on_select=partial(_take_image, "both"), selection_mode="points",
        )  # fmt: skip
        origin = f"{open_desk.origin} and {other.origin}"
        figure_menu(partial(both_figure, found, root, said=words), "whatif-both", origin, screen, found)


def _smallest(open_desk: Desk, item: int, said: Said, removal: RemovalKind) -> None:
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
        found, changes = edits.smallest(open_desk.source, open_desk.user, item, open_desk.moment, removal)
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


show()
