"""Which attributes? What a recommended image shows, what that counts for one user or two, and where it is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.app import desk, loading, recommended, runs, state, traits, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu, figure_menu
from workbench.explain.activation import values_of
from workbench.explain.attribute_reading import AttributeReadings, AttributeTastes, liked_value
from workbench.explain.explanation import Explanation
from workbench.figures.activation import activation_figure, activation_plotly
from workbench.figures.attributes import attributes_figure, attributes_plotly, boxes_plotly, rows_plotly
from workbench.figures.export import Numbers
from workbench.figures.looks import Look
from workbench.figures.tastes import TOP, tastes_figure, tastes_plotly
from workbench.figures.traits import Order, people

if TYPE_CHECKING:
    from workbench.explain.attribute_reading import AttributeReading

QUIET: Final = {"displayModeBar": False}
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
# Values of an attribute shown at most; a string here would be drawn on the page.
ALL: Final = 200
OPACITIES: Final = {"0 %": 0.0, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "100 %": 1.0}
LIKING: Final = (
    "A liking says how much the user takes to what the image shows of the attribute, 0 to 1. It is no attention (all "
    "attributes of an image share that) and no contribution (which is attention times what the attribute is worth)."
)


def show() -> None:
    """Draw the page."""
    st.header("Which attributes?")
    _explain_absence()
    open_desk = desk.opened()
    best, item = recommended.best(open_desk)
    explanation = recommended.explained(open_desk, item)
    with desk.sentences():
        mine = traits.reading(open_desk.source, open_desk.user, item)
    _header(open_desk, explanation, mine)
    recommended.grid(open_desk, best, item)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = widgets.switch("Ordered by", ORDERS, "by")
        planted = widgets.toggle("planted causes", "planted", first="on")
    other = _other(open_desk)
    with desk.sentences():
        readings = [mine] if other is None else [mine, traits.reading(open_desk.source, other, item)]
        readings = readings if planted else [reading.without_truth() for reading in readings]
        _attributes(open_desk, item, explanation, readings, by)
        _tastes(open_desk, other, planted)
        _map(open_desk, item, mine, by, planted)
    if state.view().compare:
        recommended.compared(open_desk, item, explanation)


def _explain_absence() -> None:
    """Say what the dataset lacks where no network could learn attributes from it."""
    stamped = desk.data()
    folder = Path(stamped.path)
    with desk.sentences():
        if runs.fitting(folder, "attributes") or traits.are_known(stamped):
            return
    remedy = "add the table attributes (item, attribute, value) to it, or labels to its regions"
    st.info(f"{widgets.text(folder.name)} labels no attributes of images: {remedy}.", icon=":material/info:")
    st.stop()


def _header(open_desk: Desk, explanation: Explanation, mine: AttributeReading) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        facts = (
            f"**{widgets.text(open_desk.user_label)}** · {widgets.count(mine.attributes, 'attribute')} in this image"
        )
        st.markdown(facts)
        export_menu(explanation, open_desk.dataset.root, state.view().changed(item=str(explanation.item)))


def _other(open_desk: Desk) -> int | None:
    """Code of the user to compare with, None for nobody."""
    against = state.view().against
    return None if against is None else open_desk.dataset.users.parse(against)


def _attributes(
    open_desk: Desk, item: int, explanation: Explanation, readings: Sequence[AttributeReading], by: Order
) -> None:
    """The picture with its boxes, the sentence and verdict, and every attribute with its marks."""
    root, theme = open_desk.dataset.root, widgets.theme()
    picture = boxes_plotly(readings, root, by=by, theme=theme)
    rows = rows_plotly(readings, root, by=by, theme=theme)
    if len(readings) > 1:
        beside = st.grid(2, min_column_width=300)
        other = open_desk.dataset.users.parse(str(readings[1].user))
        with desk.sentences():
            second = loading.explain(open_desk.source, other, item)
        for key, one in (("attributes", explanation), ("attributes-compare", second)):
            with beside.cell():
                st.markdown(f"**{widgets.text(one.user_label)}**")
                recommended.words(one, key)
        _chart(picture, "boxes", "The image with its attributes' boxes for both")
        _chart(rows, "rows", "Attributes for both")
        _take_away(open_desk, readings, by)
        return
    grid = st.grid(3, min_column_width=240)
    with grid.cell():
        _chart(picture, "boxes", explanation.item_label)
        maker = int(open_desk.dataset.creator[item])
        by_whom = "" if maker < 0 else f" by {widgets.text(open_desk.dataset.user_label(maker))}"
        st.caption(f"{widgets.text(explanation.item_label)}{by_whom}")
    with grid.cell(column_span=2):
        recommended.words(explanation, "attributes")
        _chart(rows, "rows", explanation.sentence)
        _take_away(open_desk, readings, by)


def _take_away(open_desk: Desk, readings: Sequence[AttributeReading], by: Order) -> None:
    root = open_desk.dataset.root
    _menu(
        open_desk,
        "attributes",
        partial(attributes_figure, readings, root, by=by),
        partial(attributes_plotly, readings, root, by=by),
        AttributeReadings(readings=tuple(readings)),
    )


def _chart(figure: go.Figure, key: str, alt: str) -> None:
    """A figure on which a click chooses an attribute."""
    st.plotly_chart(
        figure, theme=None, key=key, alt=alt, config=QUIET, on_select=partial(_take, key), selection_mode="points"
    )


def _take(key: str) -> None:
    """Take the attribute whose mark was clicked."""
    points = st.session_state[key].selection.points
    names = [str(point["customdata"]) for point in points if point.get("customdata")]
    if names:
        state.change_option("attribute", names[0])


def _menu(
    open_desk: Desk, key: str, draw: Callable[[], Figure], screen: Callable[[], go.Figure], numbers: Numbers
) -> None:
    figure_menu(draw, key, open_desk.origin, screen, numbers)


def _tastes(open_desk: Desk, other: int | None, planted: bool) -> None:
    """What the user, or both, take to in the whole catalogue."""
    st.subheader("Likings in all images")
    st.caption(LIKING)
    top = ALL if widgets.toggle("all values", "all") else TOP
    users = (open_desk.user,) if other is None else (open_desk.user, other)
    found = traits.profiles(open_desk.source, users)
    liked = liked_value(open_desk.dataset, open_desk.user) if planted else None
    _chart(tastes_plotly(found, top=top, planted=liked, theme=widgets.theme()), "tastes", "Likings by attribute")
    _menu(
        open_desk,
        "tastes",
        partial(tastes_figure, found, top=top, planted=liked),
        partial(tastes_plotly, found, top=top, planted=liked),
        AttributeTastes(run=open_desk.explainer.run, profiles=found),
    )


def _map(open_desk: Desk, item: int, mine: AttributeReading, by: Order, planted: bool) -> None:
    """Where the network sees an attribute, and where it would look for another value of it."""
    st.subheader("Where it is seen")
    names = [str(trait.element.id) for trait in people([mine], by)[0].traits]
    if not names:
        st.caption("This image shows no attribute.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        attribute = widgets.pick("Attribute", names, "attribute")
        read, *others = values_of(open_desk.explainer, item, attribute)
        other = widgets.pick(f"Beside “{read}”", others, "value") if others else None
        with st.container(width=220):
            opacity = OPACITIES[widgets.slide("Opacity of the heat", tuple(OPACITIES), "opacity", "75 %")]
    found = traits.activations(open_desk.source, open_desk.user, item, attribute, other)
    root, look = open_desk.dataset.root, Look(opacity=opacity, outlined=1, planted=planted)
    figure = activation_plotly(found, root, look=look, theme=widgets.theme())
    st.plotly_chart(figure, theme=None, key="map", alt=f"Where {attribute} is looked for", config=QUIET)
    st.caption(
        "Where the map of a value that is not there is the same, the network has found the thing, not its attribute."
    )
    draw, screen = (
        partial(activation_figure, found, root, look=look),
        partial(activation_plotly, found, root, look=look),
    )
    _menu(open_desk, "map", draw, screen, found)


show()
