"""Why this image? One user, her ten best images, and the explanation of the chosen one."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from workbench.app import desk, recommended, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu
from workbench.explain.explanation import EvidenceLevel, Explanation
from workbench.explain.record import edit_of
from workbench.figures.levels import strongest_by
from workbench.layers.evidence import ASPECTS


def show() -> None:
    """Draw the page."""
    open_desk = desk.opened()
    best, item = recommended.best(open_desk)
    explanation = recommended.explained(open_desk, item)
    _header(open_desk, explanation)
    recommended.grid(open_desk, best, item)
    # Three equal columns, the words across two of them; on a tablet two, so that the words go below the image.
    grid = st.grid(3, min_column_width=240)
    with grid.cell():
        recommended.image(open_desk, item, explanation)
    with grid.cell(column_span=2):
        recommended.words(explanation, "aspects")
        recommended.aspects(explanation, "aspects")
    with desk.sentences():
        _elements(open_desk, explanation)
    recommended.compared(open_desk, item, explanation)


def _header(open_desk: Desk, explanation: Explanation) -> None:
    data, user = open_desk.dataset, open_desk.user
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        with st.container(width="content", gap=None):
            st.header("Why this image?")
            facts = (
                f"**{widgets.text(open_desk.user_label)}** · {widgets.count(data.uploads.row(user), 'upload')} · "
                f"follows {len(data.follows.row(user)):,} · {widgets.count(data.history.row(user), 'like')}"
            )
            st.markdown(facts)
        export_menu(explanation, data.root, state.view().changed(item=str(explanation.item)))


def _elements(open_desk: Desk, explanation: Explanation) -> None:
    """The elements of one aspect with their marks."""
    levels = {level.name: level for level in explanation.levels if level.name != ASPECTS}
    if not levels:
        silent = open_desk.explainer.model.silent
        st.info(f"{explanation.model} has no evidence to take apart. {widgets.text(silent)}")
        return
    recommended.elements(open_desk, explanation, levels, "Evidence")
    _without(open_desk, explanation, levels)


def _without(open_desk: Desk, explanation: Explanation, levels: dict[str, EvidenceLevel]) -> None:
    """Links to the page What if?, with one of the strongest elements left out."""
    view = state.view()
    name = view.option("aspect", list(levels))
    level, group = levels[name], open_desk.explainer.groups[name]
    query = view.changed(item=str(explanation.item), options={}).query()
    with st.popover("without this", icon=":material/alt_route:", type="tertiary"):
        st.caption("Rank all images again as if it had never been recorded:")
        for element in level.top(recommended.SHOWN, strongest_by(level)):
            edit = str(edit_of(group, element, explanation.item))
            st.page_link(
                "workbench/app/pages/whatif.py", label=f"without {widgets.text(element.label)}",
                query_params={**query, "aspect": name, "without": quote(edit, safe="")},
            )  # fmt: skip


show()
