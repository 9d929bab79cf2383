"""Leaving out regions of a picture by drawing on it, or by a click on each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Literal, get_args

import streamlit as st

from workbench.app import desk, edits, widgets
from workbench.app.desk import Desk
from workbench.explain import drawn
from workbench.explain.edits import Edit
from workbench.explain.explanation import Element
from workbench.explain.held import RemovalKind
from workbench.explain.record import Recorded, edit_of
from workbench.figures.mask import Pen, mask_plotly
from workbench.layers.evidence import EvidenceGroup

QUIET: Final = {"displayModeBar": False}
PENS: Final[dict[Pen, str]] = {"box": "a box", "line": "a line", "click": "clicks"}
TOLD: Final[dict[Pen, str]] = {
    "box": "Draw a box over what is to be left out.",
    "line": "Draw a line round what is to be left out.",
    "click": "Click what is to be left out.",
}
MODES: Final[dict[Pen, Literal["box", "lasso", "points"]]] = {"box": "box", "line": "lasso", "click": "points"}
KEY: Final = "mask"


def draw_on(open_desk: Desk, item: int, group: Recorded, made: Sequence[Edit], removal: str) -> None:
    """A picture whose regions can be left out: the image itself, or one of the liked images that hold them."""
    told = open_desk.explainer.groups[group.level.name]
    if not drawn.can_be_drawn_on(told):
        return
    data = open_desk.dataset
    owners = [str(data.items.id(item))]
    if told.within is not None:
        owners = list(dict.fromkeys(str(element.of) for element in group.level.elements))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        owner = owners[0]
        if len(owners) > 1:
            owner = widgets.pick("Draw on", owners, "on", name=lambda one: data.item_label(data.items.parse(one)))
        pen = widgets.switch("Draw with", get_args(Pen), "pen", name=PENS.__getitem__)
    code = data.items.parse(owner)
    regions = drawn.regions_of(open_desk.explainer, told, code)
    if not regions:
        st.caption(f"{widgets.text(data.item_label(code))} has no regions to draw on.")
        return
    changes = [edit_of(told, region, data.items.id(item)) for region in regions]
    places = {edit.place for edit in made if edit.gate == 0}
    gone = [region.id for region, edit in zip(regions, changes, strict=True) if edit.place in places]
    blur = removal == "blurred"
    with desk.sentences():
        pixels = drawn.picture(open_desk.explainer, code, regions, gone, blur=blur)
    # A new picture after each change, so that what was drawn on the last one is not there any more.
    key = f"{KEY}-{owner}-{pen}-{len(gone)}"
    told_out = f"{data.item_label(code)}, {len(gone)} of its {len(regions)} regions left out"
    st.plotly_chart(
        mask_plotly(pixels, regions, gone, pen=pen, seen=blur, theme=widgets.theme()), theme=None, key=key,
        width="content", alt=told_out, config=QUIET,
        on_select=partial(_take, key, told, regions, data.items.id(item)), selection_mode=MODES[pen],
    )  # fmt: skip
    st.caption(f"{TOLD[pen]} A region whose middle is inside goes; picked once more, it comes back.")


def _take(key: str, told: EvidenceGroup, regions: Sequence[Element], own: Any) -> None:
    """Leave out the regions that were picked, or bring them back."""
    picked = drawn.picked(regions, st.session_state[key].selection)
    if picked:
        edits.hold(drawn.muted(edits.held(), [edit_of(told, region, own) for region in picked]))


def chosen_removal(open_desk: Desk) -> RemovalKind:
    """What stands in the place of what is left out; only what this run can do is offered."""
    with desk.sentences():
        offered = edits.removals(open_desk.source)
    if len(offered) < 2:
        return offered[0]
    return widgets.switch("In the place of what is left out", offered, "removal", name=edits.REMOVAL_NAMES.__getitem__)
