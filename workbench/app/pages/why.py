"""Why this image? One user, her ten best images, and the explanation of the chosen one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from workbench.app import desk, loading, pictures, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu
from workbench.data.dataset import Dataset
from workbench.explain.explainer import Recommendation
from workbench.explain.explanation import EvidenceLevel, Explanation
from workbench.figures.aspects import aspects_plotly
from workbench.figures.ego import ego_plotly
from workbench.figures.elements import elements_plotly
from workbench.figures.levels import By
from workbench.figures.nested import nested_plotly
from workbench.figures.strip import strip_plotly
from workbench.figures.style import ThemeName
from workbench.figures.text import signed_text
from workbench.layers.evidence import ASPECTS

# Pixels of a thumbnail on the screen, made for ten in a row; a string here would be drawn on the page.
TILE = 78
# Elements shown at first, and at most.
SHOWN, ALL = 8, 60
QUIET = {"displayModeBar": False}
ORDERS: tuple[By, ...] = ("contribution", "attention", "removal")


def show() -> None:
    """Draw the page."""
    open_desk = desk.opened()
    with desk.sentences():
        best = loading.recommend(open_desk.source, open_desk.user)
    item = _item(open_desk, best)
    with desk.sentences():
        explanation = loading.explain(open_desk.source, open_desk.user, item)
    _header(open_desk, explanation)
    _grid(open_desk, best, item)
    # Three equal columns, the words across two of them; on a tablet two, so that the words go below the image.
    grid = st.grid(3, min_column_width=240)
    with grid.cell():
        _image(open_desk, item, explanation)
    with grid.cell(column_span=2):
        _reading(explanation, "aspects")
    with desk.sentences():
        _elements(open_desk, explanation)
    if state.view().compare:
        _comparison(item)


def _item(open_desk: Desk, best: list[Recommendation]) -> int:
    """Code of the view's image, else of the best one."""
    items, wanted = open_desk.dataset.items, state.view().item
    return items.code(best[0].item) if wanted is None else items.parse(wanted)


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


def _grid(open_desk: Desk, best: list[Recommendation], item: int) -> None:
    """The best images with a button under each; the chosen one is framed and its button marked."""
    data, theme = open_desk.dataset, widgets.theme()
    with st.container(horizontal=True, gap="xsmall"):
        for recommendation in best:
            code = data.items.code(recommendation.item)
            chosen = code == item
            label = data.item_label(code)
            with st.container(width=TILE, gap="xsmall"):
                st.image(_tile(data, code, theme, framed=chosen), width=TILE, alt=label)
                st.button(
                    f"**✓ {recommendation.rank}**" if chosen else str(recommendation.rank),
                    key=f"open-{recommendation.rank}",
                    width="stretch",
                    help=f"{widgets.text(label)}, rank {recommendation.rank}",
                    on_click=state.change,
                    kwargs={"item": str(recommendation.item)},
                )


def _tile(data: Dataset, item: int, theme: ThemeName, *, framed: bool) -> bytes:
    """The thumbnail of an image; where its file is broken a neutral tile, and the fault above the page."""
    name, path = str(data.items.id(item)), data.image_path(item)
    try:
        return pictures.square(path, pictures.modified(path), name, theme, framed=framed)
    except ValueError as fault:
        st.toast(widgets.text(fault), icon=":material/broken_image:")
        return pictures.square(None, 0, name, theme, framed=framed)


def _image(open_desk: Desk, item: int, explanation: Explanation) -> None:
    data = open_desk.dataset
    path = data.image_path(item)
    with desk.sentences():
        picture = pictures.whole(path, pictures.modified(path), str(explanation.item), widgets.theme())
    st.image(picture, width="stretch", alt=explanation.item_label)
    maker = int(data.creator[item])
    by = "" if maker < 0 else f" by {widgets.text(data.user_label(maker))}"
    st.caption(f"{widgets.text(explanation.item_label)}{by}")


def _reading(explanation: Explanation, key: str) -> None:
    """The explanation in words, its verdict, and what the score is made of; a click opens an aspect."""
    with st.container(gap="xsmall"):
        score = signed_text(explanation.score).removeprefix("+")
        st.caption(f"Rank {explanation.rank:,} of {explanation.candidates:,} · score {score}")
        st.markdown(f"#### {widgets.text(explanation.sentence)}")
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            widgets.verdict_badge(explanation.verdict, key=f"verdict-{key}")
            st.markdown(widgets.text(explanation.verdict.reason))
    st.plotly_chart(
        aspects_plotly(explanation, theme=widgets.theme()),
        theme=None,
        key=key,
        alt=explanation.sentence,
        config=QUIET,
        on_select=partial(_open_aspect, key),
        selection_mode="points",
    )


def _open_aspect(key: str) -> None:
    """Take the aspect whose mark was clicked."""
    points = st.session_state[key].selection.points
    names = [str(point["customdata"]) for point in points if point.get("customdata")]
    if names and names[0] != "own":
        state.change_option("aspect", names[0])


def _levels(explanation: Explanation) -> dict[str, EvidenceLevel]:
    return {level.name: level for level in explanation.levels if level.name != ASPECTS}


def _elements(open_desk: Desk, explanation: Explanation) -> None:
    """The elements of one aspect with their marks."""
    levels = _levels(explanation)
    if not levels:
        st.info(f"{explanation.model} reads no evidence: its score is one number for this user and this image.")
        return
    groups = open_desk.explainer.groups
    root, theme = open_desk.dataset.root, widgets.theme()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = widgets.switch("Evidence", list(levels), "aspect", name=lambda n: groups[n].label)
        level, heading = levels[name], groups[name].label.capitalize()
        # Parts of other elements are drawn over them, the strongest of those first.
        whole = None if level.within is None else levels[level.within]
        order = widgets.switch("Ordered by", ORDERS, "by") if whole is None else ORDERS[0]
        drawn = ("list", "network") if level.kind == "person" and len(level.elements) > 2 else ()
        drawing = widgets.switch("Drawn as", drawn, "drawn") if drawn else "list"
        many = whole is None and drawing == "list" and len(level.elements) > SHOWN
        every = many and widgets.toggle(f"all {len(level.elements)}", "all")
    top = ALL if every else SHOWN
    if whole is not None:
        figure = nested_plotly(level, whole, root, theme=theme)
    elif drawing == "network":
        centre = explanation.user_label
        figure = ego_plotly(level, explanation.rank, centre, heading=heading, by=order, theme=theme)
    else:
        draw = strip_plotly if level.kind == "image" else elements_plotly
        figure = draw(level, explanation.rank, root, heading=heading, top=top, by=order, theme=theme)
    st.plotly_chart(figure, theme=None, key="elements", alt=heading, config=QUIET)


def _comparison(item: int) -> None:
    """The same image for the same user by a second model."""
    view = state.view()
    st.subheader(f"The same image by {widgets.text(view.compare)}")
    other = desk.opened(view.compare)
    with desk.sentences():
        explanation = loading.explain(other.source, other.user, item)
    _reading(explanation, "aspects-compare")


show()
