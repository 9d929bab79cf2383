"""What pages about one recommended image share: the best images, the chosen one, its reading and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from workbench.app import desk, loading, pictures, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import figure_menu
from workbench.data.dataset import Dataset
from workbench.explain.beside import WHOLE, beside, shared_levels
from workbench.explain.explainer import Recommendation
from workbench.explain.explanation import By, EvidenceLevel, Explanation
from workbench.figures.aspects import aspects_plotly
from workbench.figures.attributes import is_boxed, level_plotly
from workbench.figures.beside import beside_figure, beside_plotly
from workbench.figures.ego import ego_plotly
from workbench.figures.elements import elements_plotly
from workbench.figures.nested import nested_plotly
from workbench.figures.strip import strip_plotly
from workbench.figures.style import ThemeName
from workbench.figures.text import signed_text
from workbench.layers.evidence import ASPECTS

TILE: Final = 76
"""Pixels of a thumbnail on the screen, made for ten in a row."""
SHOWN, ALL = 8, 60
"""Elements shown at first, and at most."""
FEW: Final = 5
"""Up to this many levels have a button each."""
QUIET: Final = {"displayModeBar": False}
ORDERS: Final[tuple[By, ...]] = ("contribution", "attention", "removal")


def best(open_desk: Desk) -> tuple[list[Recommendation], int]:
    """The best images for the user at the moment, and the code of the view's image, else of the first of them."""
    with desk.sentences():
        found = loading.recommend(open_desk.source, open_desk.user, open_desk.moment)
    items, wanted = open_desk.dataset.items, state.view().item
    return found, items.code(found[0].item) if wanted is None else items.parse(wanted)


def explained(open_desk: Desk, item: int) -> Explanation:
    """The explanation of an image (code) for the user at the moment; a fault ends the page."""
    with desk.sentences():
        return loading.explain(open_desk.source, open_desk.user, item, open_desk.moment)


def grid(open_desk: Desk, found: list[Recommendation], item: int) -> None:
    """The best images with a button under each; the chosen one is framed and its button marked."""
    data, theme = open_desk.dataset, widgets.theme()
    with st.container(horizontal=True, gap="xsmall"):
        for recommendation in found:
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


def image(open_desk: Desk, item: int, explanation: Explanation) -> None:
    """The whole image with its name and its creator."""
    data = open_desk.dataset
    path = data.image_path(item)
    with desk.sentences():
        picture = pictures.whole(path, pictures.modified(path), str(explanation.item), widgets.theme())
    st.image(picture, width="stretch", alt=explanation.item_label)
    maker = int(data.creator[item])
    by = "" if maker < 0 else f" by {widgets.text(data.user_label(maker))}"
    st.caption(f"{widgets.text(explanation.item_label)}{by}")


def words(explanation: Explanation, key: str) -> None:
    """The explanation in words and its verdict."""
    with st.container(gap="xsmall"):
        score = signed_text(explanation.score).removeprefix("+")
        place = "" if explanation.rank is None else f"Rank {explanation.rank:,} of {explanation.candidates:,} · "
        st.caption(f"{place}score {score}")
        st.markdown(f"#### {widgets.text(explanation.sentence)}")
        widgets.verdict(explanation.verdict, key=f"verdict-{key}")


def aspects(explanation: Explanation, key: str) -> None:
    """What the score is made of, where the model weighs that or has exact shares; a click opens an aspect."""
    first = explanation.levels[0] if explanation.levels else None
    if first is not None and first.name != ASPECTS and all(e.contribution is None for e in first.elements):
        st.caption("This model has no exact shares of its score: what counts is what changes without each piece.")
        return
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


def elements(
    open_desk: Desk,
    explanation: Explanation,
    levels: dict[str, EvidenceLevel],
    label: str,
    orders: Sequence[By] = ORDERS,
) -> None:
    """The elements of one of the levels with their marks.

    Args:
        open_desk: the desk.
        explanation: what is explained.
        levels: to choose from, by name.
        label: of the choice.
        orders: the numbers that may order them, the first of those they have does at first.
    """
    groups = open_desk.explainer.groups
    root, theme = open_desk.dataset.root, widgets.theme()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose = widgets.switch if len(levels) <= FEW else widgets.pick
        name = choose(label, list(levels), "aspect", name=lambda n: groups[n].label)
        level, heading = levels[name], groups[name].label.capitalize()
        # Regions of other images are drawn over them, the strongest of those first.
        over = level.kind == "region" and level.within is not None
        known = _known(level, orders)
        order = known[0] if over else widgets.switch("Ordered by", known, "by")
        drawn = ("list", "network") if level.kind == "person" and len(level.elements) > 2 else ()
        drawing = widgets.switch("Drawn as", drawn, "drawn") if drawn else "list"
        many = not over and drawing == "list" and len(level.elements) > SHOWN
        every = many and widgets.toggle(f"all {len(level.elements)}", "all")
    top = ALL if every else SHOWN
    if over:
        figure = nested_plotly(level, explanation.level(str(level.within)), root, theme=theme)
    elif drawing == "network":
        centre = explanation.user_label
        figure = ego_plotly(level, explanation.rank, centre, heading=heading, by=order, theme=theme)
    elif is_boxed(level):
        figure = level_plotly(explanation, level, root, heading=heading, top=top, by=order, theme=theme)
    elif level.kind == "image":
        figure = strip_plotly(level, explanation.rank, root, heading=heading, top=top, by=order, theme=theme)
    else:
        level = _told_apart(level, explanation)
        figure = elements_plotly(level, explanation.rank, root, heading=heading, top=top, by=order, theme=theme)
    with widgets.wide("elements"):
        st.plotly_chart(figure, theme=None, key="elements", alt=heading, config=QUIET)


def compared(open_desk: Desk, item: int, explanation: Explanation) -> None:
    """The same image by the second run, for the second user, or both, on the same axes; nothing where there is none."""
    other = desk.second()
    if other is not None:
        side_by_side(open_desk, explanation, other, explained(other, item))


def side_by_side(
    open_desk: Desk, explanation: Explanation, other: Desk, second: Explanation, *, told: bool = True
) -> None:
    """Two explanations: one of their levels on the same axes, and if ``told`` their words beside each other."""
    levels = shared_levels(explanation, second)
    labels = {level.name: level.label or level.name for level in explanation.levels} | {WHOLE: "the whole score"}
    with desk.sentences():
        found = beside(explanation, second, state.view().option("beside", levels), top=SHOWN)
    st.subheader("Side by side")
    if open_desk.moment is not None and other.moment is None:
        st.caption(f"{widgets.text(found.second.name)}: with all likes of the train split, not up to a moment.")
    cells = st.grid(2, min_column_width=300)
    for side, one, key in ((found.first, explanation, "first"), (found.second, second, "second")) if told else ():
        with cells.cell():
            st.markdown(f"**{widgets.text(side.name)}**")
            words(one, f"beside-{key}")
    choose = widgets.switch if len(levels) <= FEW else widgets.pick
    choose("Side by side by", levels, "beside", name=labels.__getitem__)
    root, data = open_desk.dataset.root, open_desk.dataset
    screen = partial(beside_plotly, found, root)
    with st.container(gap=None):
        with widgets.wide("beside"):
            st.plotly_chart(
                screen(theme=widgets.theme()), theme=None, key="beside", alt=f"{found.label} of both", config=QUIET
            )
        runs = " and ".join(dict.fromkeys((found.first.run, found.second.run)))
        origin = f"run {runs}, dataset {data.name} {data.fingerprint}"
        figure_menu(partial(beside_figure, found, root), "side-by-side", origin, screen, found)


def _known(level: EvidenceLevel, orders: Sequence[By]) -> Sequence[By]:
    """Those of ``orders`` that elements of a level have, all of them where it has no elements."""
    known = [by for by in orders if any(getattr(element, by) is not None for element in level.elements)]
    return known or orders


def _told_apart(level: EvidenceLevel, explanation: Explanation) -> EvidenceLevel:
    """The level with the names of what its elements are parts of beside their own."""
    if level.within is None:
        return level
    names = {element.id: element.label for element in explanation.level(level.within).elements}
    named = (e.model_copy(update={"label": f"{e.label} · {names[e.of]}"}) for e in level.elements if e.of is not None)
    return level.model_copy(update={"elements": tuple(named)})
