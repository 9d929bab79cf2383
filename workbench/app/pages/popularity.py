"""How popular will it be? A post of the dataset or a picture of one's own, its caption, and who posts it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from workbench.app import desk, loading, pictures, recommended, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu
from workbench.features.pictures import read_picture
from workbench.figures.balance import balance_plotly, balances_plotly
from workbench.figures.changes import changes_plotly
from workbench.figures.dial import dial_plotly, views_text
from workbench.figures.heat import forecast_heat_plotly
from workbench.figures.looks import By, Look, Pixels
from workbench.figures.parts import modalities
from workbench.figures.thumbnails import decoded
from workbench.figures.words import words_plotly

if TYPE_CHECKING:
    from workbench.explain.popularity import Forecast

Origin = Literal["post", "own"]
ORIGINS: Final[dict[Origin, str]] = {"post": "a post of the dataset", "own": "my own picture"}
BYS: Final[tuple[By, ...]] = ("attention", "removal")
TYPES: Final = ["png", "jpg", "jpeg", "webp"]
MEGABYTES: Final = 20
# Pixels of the longer side of a picture of one's own, and characters of a caption; a string here would be drawn.
SIDE: Final = 1600
LONGEST: Final = 1000
POSTS: Final = 10
QUIET: Final = {"displayModeBar": False}


@dataclass(frozen=True)
class Post:
    """What is to be predicted.

    Attributes:
        item: code of an image of the dataset; None for a picture of one's own.
        pixels: (height, width, 3) RGB where the picture or its caption is not the dataset's.
        digest: tells the picture from others; ``text`` its caption.
    """

    item: int | None
    pixels: Pixels | None
    digest: str
    text: str


def show() -> None:
    """Draw the page."""
    st.header("How popular will it be?")
    open_desk = desk.opened()
    origin = widgets.switch("Predict", tuple(ORIGINS), "origin", name=ORIGINS.__getitem__)
    if origin == "post":
        _posts(open_desk)
    grid = st.grid(3, min_column_width=240)
    with grid.cell():
        post = _own(open_desk) if origin == "own" else _recorded(open_desk)
    reading, below = grid.cell(column_span=2), st.container()
    with reading, desk.sentences():
        forecast = _forecast(open_desk, post)
    # The map is what people wait for, so it is drawn before what stands above it.
    with below, desk.sentences():
        _where(open_desk, post, forecast)
    with reading, desk.sentences():
        _reading(open_desk, post, forecast)
    with below, desk.sentences():
        _why(post, forecast)
        other = desk.second()
        if other is not None:
            recommended.side_by_side(open_desk, forecast.explanation, other, _forecast(other, post).explanation)


def _item(open_desk: Desk) -> int:
    """Code of the view's image, else of the latest post of the user."""
    wanted = state.view().item
    if wanted is not None:
        return open_desk.dataset.items.parse(wanted)
    mine = loading.posts(open_desk.source.data, open_desk.user)
    return mine[0] if mine else 0


def _posts(open_desk: Desk) -> None:
    """The latest posts of the user, each with a button."""
    data, theme, chosen = open_desk.dataset, widgets.theme(), _item(open_desk)
    mine = loading.posts(open_desk.source.data, open_desk.user)[:POSTS]
    if not mine:
        st.caption(f"{widgets.text(open_desk.user_label)} has not posted: what if she posted this picture?")
        return
    with st.container(horizontal=True, gap="xsmall"):
        for number, code in enumerate(mine, 1):
            name, path = str(data.items.id(code)), data.image_path(code)
            framed = code == chosen
            with st.container(width=recommended.TILE, gap="xsmall"):
                with desk.sentences():
                    tile = pictures.square(path, pictures.modified(path), name, theme, framed=framed)
                st.image(tile, width=recommended.TILE, alt=data.item_label(code))
                st.button(
                    f"**✓ {number}**" if framed else str(number),
                    key=f"post-{number}",
                    width="stretch",
                    help=f"{widgets.text(data.item_label(code))}",
                    on_click=state.change,
                    kwargs={"item": name},
                )


def _recorded(open_desk: Desk) -> Post:
    """A post of the dataset; with another caption it is a picture like any other."""
    data, item = open_desk.dataset, _item(open_desk)
    path, written = data.image_path(item), data.texts[item]
    with desk.sentences():
        picture = pictures.whole(path, pictures.modified(path), str(data.items.id(item)), widgets.theme())
    st.image(picture, width="stretch", alt=data.item_label(item))
    st.caption(widgets.text(data.item_label(item)))
    text = st.text_area("Caption", written, max_chars=max(LONGEST, len(written)), key=f"caption-{item}", height=100)
    if text == written or path is None:
        return Post(item, None, "", written)
    with desk.sentences():
        return Post(item, read_picture(path), f"{path} {pictures.modified(path)}", text)


def _own(open_desk: Desk) -> Post:
    """A picture that is read into memory, looked at and forgotten."""
    file = st.file_uploader("Your picture", TYPES, max_upload_size=MEGABYTES, key="own-picture")
    text = st.text_area("Caption", max_chars=LONGEST, key="own-caption", height=100, placeholder="what it says")
    if file is None:
        st.info("Choose a picture. It is not kept: closing the page forgets it.", icon=":material/add_photo_alternate:")
        st.stop()
    content = file.getvalue()
    with desk.sentences():
        pixels = decoded(content, file.name, SIDE)
    st.image(pixels, width="stretch", alt="your picture")
    return Post(None, pixels, hashlib.sha256(content).hexdigest(), text)


def _forecast(open_desk: Desk, post: Post) -> Forecast:
    if post.pixels is None:
        assert post.item is not None
        return loading.forecast(open_desk.source, open_desk.user, post.item)
    return loading.forecast_picture(open_desk.source, open_desk.user, post.digest, post.pixels, post.text)


def _reading(open_desk: Desk, post: Post, forecast: Forecast) -> None:
    """The prediction on its dial, in words, with its verdict."""
    explanation, theme = forecast.explanation, widgets.theme()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"If **{widgets.text(open_desk.user_label)}** posts it")
        export_menu(forecast, open_desk.dataset.root, state.view(), post.pixels)
    st.plotly_chart(dial_plotly(forecast, theme=theme), theme=None, key="dial", alt=explanation.sentence, config=QUIET)
    if post.item is not None and post.pixels is not None:
        before = loading.forecast(open_desk.source, open_desk.user, post.item)
        st.caption(f"With its own caption: about {views_text(before.score)} views a day.")
    st.markdown(f"#### {widgets.text(explanation.sentence)}")
    widgets.verdict(explanation.verdict, key="verdict-popularity")
    level = modalities(explanation)
    if level is not None:
        st.plotly_chart(
            balance_plotly(level, theme=theme), theme=None, key="balance", alt="Image or text?", config=QUIET
        )
        shares = loading.image_shares(open_desk.source)
        here = next(element.attention for element in level.elements if element.id == "regions")
        figure = balances_plotly(shares, chosen=here, heading="The same over all test posts", theme=theme)
        st.plotly_chart(figure, theme=None, key="balances", alt="Image or text, over all test posts", config=QUIET)


def _where(open_desk: Desk, post: Post, forecast: Forecast) -> None:
    """Where in the picture."""
    regions = next((level for level in forecast.explanation.levels if level.kind == "region" and level.elements), None)
    if regions is None:
        return
    weighed = [by for by in BYS if all(getattr(element, by) is not None for element in regions.elements)]
    by = widgets.switch("Picture coloured by", weighed, "by") if weighed else None
    if by is not None:
        figure = forecast_heat_plotly(
            forecast, open_desk.dataset.root, pixels=post.pixels, look=Look(by=by), theme=widgets.theme()
        )
        with widgets.wide("heat"):
            st.plotly_chart(figure, theme=None, key="heat", alt="Where in the picture", config=QUIET)


def _why(post: Post, forecast: Forecast) -> None:
    """Which words, and what one piece changes."""
    explanation, theme = forecast.explanation, widgets.theme()
    words = next((level for level in explanation.levels if level.kind == "word" and level.elements), None)
    if words is not None and explanation.text is not None:
        figure = words_plotly(explanation.text, words, theme=theme)
        with widgets.wide("words"):
            st.plotly_chart(figure, theme=None, key="words", alt=explanation.text, config=QUIET)
    elif words is None and post.text:
        st.caption("The model knows none of the words of this caption.")
    with widgets.wide("changes"):
        st.plotly_chart(
            changes_plotly(explanation, theme=theme), theme=None, key="changes", alt="Without one piece", config=QUIET
        )


show()
