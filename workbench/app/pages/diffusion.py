"""How far does influence travel? The people who reach a user, ring by ring, and where the hops move her."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from workbench.app import desk, influence, recommended, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu, figure_menu
from workbench.explain.diffusion import Ego
from workbench.explain.explanation import Explanation
from workbench.figures.drift import drift_figure, drift_plotly
from workbench.figures.reached import removal_words
from workbench.figures.rings import SCREEN_SIZE, rings_figure, rings_plotly

QUIET: Final = {"displayModeBar": False}
# People of a ring told apart on the screen, and pixels of the rings where two runs stand side by side. A string here
# would be drawn on the page.
COUNTS: Final = {str(count): count for count in (6, 12, 24, 48)}
BESIDE: Final = 430


def show() -> None:
    """Draw the page."""
    st.header("How far does influence travel?")
    open_desk = desk.opened()
    best, item = recommended.best(open_desk)
    explanation = recommended.explained(open_desk, item)
    with desk.sentences():
        reached = influence.ego(open_desk.source, open_desk.user, item)
    _header(open_desk, explanation, reached)
    recommended.grid(open_desk, best, item)
    explanation = explanation.model_copy(update={"sentence": reached.sentence})
    other = desk.second()
    if other is not None:
        _side_by_side(open_desk, other, item, explanation, reached)
    else:
        grid = st.grid(3, min_column_width=240)
        with grid.cell():
            recommended.image(open_desk, item, explanation)
            recommended.words(explanation, "diffusion")
            top = _count()
        with grid.cell(column_span=2):
            _rings(open_desk, reached, "rings", top, SCREEN_SIZE)
    if reached.people:
        _table(reached)
        _drift(open_desk, item)
    else:
        _alone(open_desk, reached)


def _header(open_desk: Desk, explanation: Explanation, reached: Ego) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        facts = [f"**{widgets.text(open_desk.user_label)}** follows {reached.people:,}"]
        facts += [f"{ring.total:,} reach her in {ring.hop} hops" for ring in reached.rings[1:] if ring.total]
        st.markdown(" · ".join(facts))
        export_menu(explanation, open_desk.dataset.root, state.view().changed(item=str(explanation.item)))


def _count() -> int:
    return COUNTS[widgets.slide("People told apart in a ring", tuple(COUNTS), "top", "24")]


def _side_by_side(open_desk: Desk, other: Desk, item: int, explanation: Explanation, reached: Ego) -> None:
    """The same image by a second run, for a second user, or both."""
    second = recommended.explained(other, item)
    with desk.sentences():
        rings = influence.ego(other.source, other.user, item)
    with st.container(width=360):
        top = _count()
    beside = st.grid(2, min_column_width=400)
    for one, reading, found, key in (
        (open_desk, explanation, reached, "rings"),
        (other, second.model_copy(update={"sentence": rings.sentence}), rings, "rings-compare"),
    ):
        with beside.cell():
            st.subheader(f"{widgets.text(one.user_label)} · {widgets.text(one.explainer.run)}")
            recommended.words(reading, key)
            _rings(one, found, key, top, BESIDE)
    recommended.side_by_side(open_desk, explanation, other, second, told=False)


def _rings(open_desk: Desk, reached: Ego, key: str, top: int, size: int) -> None:
    """The rings; a click on a person makes her the centre."""
    if not reached.people:
        return
    theme = widgets.theme()
    # Another user's rings are another chart, in which nobody has been clicked yet.
    chart = f"{key}-{open_desk.user}"
    screen = partial(rings_plotly, reached, top=top, size=size)
    with st.container(gap=None):
        st.plotly_chart(
            screen(theme=theme), theme=None, key=chart, alt=reached.sentence, config=QUIET,
            on_select=partial(influence.take_person, chart), selection_mode="points",
        )  # fmt: skip
        st.caption("A click on a person makes her the centre.")
        figure_menu(partial(rings_figure, reached, top=top), key, open_desk.origin, screen, reached)


def _table(reached: Ego) -> None:
    """Everybody told apart, with the numbers behind the rings."""
    st.subheader("Everybody told apart")
    rows = [
        {
            "hop": ring.hop,
            "person": person.label,
            "id": str(person.id),
            "share": person.share,
            "contribution": person.contribution,
            "mostly through": person.through_label or "",
            "without": removal_words(person, reached.rank),
            "score without": person.removal,
        }
        for ring in reached.rings
        for person in ring.people
    ]
    exact = all(ring.contribution is not None for ring in reached.rings)
    number = partial(st.column_config.NumberColumn, width="small")
    st.dataframe(
        rows,
        hide_index=True,
        key="people",
        column_order=[name for name in rows[0] if exact or name != "contribution"],
        column_config={
            "hop": number(),
            "share": number(format="%.3f", help="weight of her own vector in the user's state at that hop"),
            "contribution": number(format="%+.3f", help="exact share of the score"),
            "without": st.column_config.TextColumn(help="what happens if the user does not follow her", width="small"),
            "score without": number("change", format="%+.3f", help="of the score, if the user does not follow her"),
        },
    )
    st.caption(
        "Without a followed person the user does not follow her, and all that comes over her is gone. The contribution "
        "of a person is what her own vector adds at that hop, over whomever it comes."
    )


def _drift(open_desk: Desk, item: int) -> None:
    """Where the hops move the user; a click on a dot makes that user the centre."""
    root, chart = open_desk.dataset.root, f"drift-{open_desk.user}"
    with desk.sentences():
        found = influence.drift(open_desk.source, open_desk.user, item)
        screen = partial(drift_plotly, found, root)
        with st.container(gap=None):
            st.plotly_chart(
                screen(theme=widgets.theme()), theme=None, key=chart, alt="Where the hops move the user", config=QUIET,
                on_select=partial(influence.take_person, chart), selection_mode="points",
            )  # fmt: skip
            figure_menu(partial(drift_figure, found, root), "drift", open_desk.origin, screen, found)


def _alone(open_desk: Desk, reached: Ego) -> None:
    """What is missing where nobody reaches the user."""
    said = f"{open_desk.user_label} follows nobody, so there are no rings: choose another user."
    if not reached.rings:
        said = f"{reached.run} was trained with depth=0, so there are no rings: choose a run with hops."
    st.info(widgets.text(said), icon=":material/info:")


show()
