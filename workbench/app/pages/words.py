"""Which words and when? What a user liked in time, her topics, and the words and regions of a recommended image."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.app import desk, loading, recommended, runs, state, widgets
from workbench.app.desk import Desk
from workbench.app.export import export_menu, figure_menu
from workbench.data.errors import DataError
from workbench.explain.dates import clock_text, day_text
from workbench.explain.explanation import EvidenceLevel, Explanation
from workbench.explain.timeline import TopicWords
from workbench.explain.topics import attended_hours, topic_words, topics_of, visiting_hours
from workbench.figures.export import Numbers
from workbench.figures.recent import recent_figure, recent_plotly
from workbench.figures.river import river_figure, river_plotly
from workbench.figures.topicwords import topic_words_figure, topic_words_html
from workbench.figures.week import week_figure, week_plotly
from workbench.figures.wordmap import wordmap_figure, wordmap_plotly
from workbench.models.anternn import AnteRNN

if TYPE_CHECKING:
    from workbench.features.topics import Topics

QUIET: Final = {"displayModeBar": False}
# Likely words of a topic in the table, and characters of a name; a string here would be drawn on the page.
WORDS: Final = 8
LONGEST: Final = 60
MOST_RELEVANT: Final = "the most relevant"
FREE: Final = (
    "This run scores an image with a vector of its own (output=free, as the paper prints it): neither the words nor "
    "the regions of the recommended image enter its score. What is marked here meets the user's topics; it is no "
    "reason for the recommendation. Runs with output=content read them."
)


def show() -> None:
    """Draw the page."""
    st.header("Which words and when?")
    with desk.sentences():
        loading.sequences(desk.data())
    open_desk = desk.opened()
    times, learned = loading.moments(open_desk.source.data, open_desk.user)
    until = learned if open_desk.moment is None else open_desk.moment
    best, item = recommended.best(open_desk)
    explanation = recommended.explained(open_desk, item)
    _header(open_desk, explanation, times[:until])
    recommended.grid(open_desk, best, item)
    grid = st.grid(3, min_column_width=240)
    with grid.cell():
        recommended.image(open_desk, item, explanation)
    with grid.cell(column_span=2):
        recommended.words(explanation, "words")
        _text(open_desk, item, explanation)
    _notes(open_desk)
    with desk.sentences():
        _past(open_desk, explanation, until)
        _map(open_desk, item)
        _without(open_desk, explanation)
        _topics(open_desk, explanation)
    recommended.compared(open_desk, item, explanation)


def _header(open_desk: Desk, explanation: Explanation, times: Sequence[int]) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        facts = f"**{widgets.text(open_desk.user_label)}** · {widgets.count(times, 'like')}"
        if times:
            facts += f", the last one on {day_text(times[-1])}, {clock_text(times[-1])} UTC"
        st.markdown(facts)
        export_menu(explanation, open_desk.dataset.root, state.view().changed(item=str(explanation.item)))


def _notes(open_desk: Desk) -> None:
    """What the model does not read, and what has no effect on its score."""
    model, root = open_desk.explainer.model, open_desk.dataset.root
    if model.texts is None:
        does = f"{model.name} reads no words" if not isinstance(model, AnteRNN) else "This run reads no words"
        command = f"`{runs.commands(root, 'words')}`"
        st.info(
            f"{does}, so nothing of a text is marked or matched with regions. A run that does comes with: {command}",
            icon=":material/info:",
        )
    if isinstance(model, AnteRNN) and model.config.output == "free":
        st.info(FREE, icon=":material/info:")


def _chart(
    screen: Callable[..., go.Figure], draw: Callable[[], Figure], numbers: Numbers | Explanation, key: str, alt: str,
    open_desk: Desk, on_select: Callable[[], None] | None = None, *, is_wide: bool = True,
) -> None:  # fmt: skip
    """A figure on the screen, and under it the menu that takes it away."""
    with st.container(gap=None):
        with widgets.wide(key) if is_wide else st.container():
            st.plotly_chart(
                screen(theme=widgets.theme()), theme=None, key=key, alt=alt, config=QUIET,
                on_select=on_select or "ignore", selection_mode="points",
            )  # fmt: skip
        _take_away(draw, key, open_desk, numbers, screen)


def _take_away(
    draw: Callable[[], Figure], key: str, open_desk: Desk, numbers: Numbers | Explanation,
    screen: Callable[[], go.Figure] | None = None,
) -> None:  # fmt: skip
    figure_menu(draw, key, open_desk.origin, screen, numbers)


def _level(explanation: Explanation, name: str) -> EvidenceLevel | None:
    return next((level for level in explanation.levels if level.name == name), None)


def _text(open_desk: Desk, item: int, explanation: Explanation) -> None:
    """The text of the image; words are marked that belong to what the user is interested in."""
    text, level = open_desk.dataset.texts[item], _level(explanation, "topics")
    if not text.strip():
        st.caption("This image has no text.")
        return
    if level is None:
        st.markdown(f"“{widgets.text(text)}”")
        if open_desk.explainer.model.texts is not None:
            st.caption("This run reads no topics, so no word is marked.")
        return
    names = dict(enumerate(topics_of(open_desk.explainer).names))
    words = topic_words(open_desk.explainer, level, text)
    heading = "Words that meet the user's topics"
    st.caption(heading)
    st.html(topic_words_html(text, words, names, theme=widgets.theme()))
    draw = partial(topic_words_figure, text, words, names, heading=heading)
    _take_away(draw, "text", open_desk, TopicWords(text=text, words=tuple(words)))


def _past(open_desk: Desk, explanation: Explanation, until: int) -> None:
    """The last images, the topics by week and the hours of the week."""
    root = open_desk.dataset.root
    if _level(explanation, "history") is not None:
        screen, draw = (partial(function, explanation, root) for function in (recent_plotly, recent_figure))
        _chart(screen, draw, explanation, "recent", "What came before", open_desk)
    try:
        river = loading.river(open_desk.source, open_desk.user, until)
    except DataError as fault:
        st.info(f"No river of topics: {widgets.text(fault)}", icon=":material/info:")
    else:
        screen, draw = (partial(function, river) for function in (river_plotly, river_figure))
        _chart(screen, draw, river, "river", "Topics by week", open_desk)
    looks = attended_hours(explanation)
    grids = {"hours": visiting_hours(open_desk.dataset, open_desk.user, until)}
    grids |= {} if looks is None else {"looks": looks}
    beside = st.grid(2, min_column_width=400)
    for key, grid in grids.items():
        with beside.cell():
            screen, draw = (partial(function, grid) for function in (week_plotly, week_figure))
            _chart(screen, draw, grid, key, grid.title, open_desk, is_wide=False)
    if looks is None:
        st.caption("This run does not weigh likes, so there are no hours in which it looks.")


def _map(open_desk: Desk, item: int) -> None:
    """Regions by words; choosing a word outlines the regions that match it."""
    if open_desk.explainer.model.texts is None:
        return
    try:
        found = loading.word_map(open_desk.source, item)
    except DataError as fault:
        st.info(f"No map of regions and words: {widgets.text(fault)}", icon=":material/info:")
        return
    places = {f"{item}.{number}": number for number in range(len(found.words))}
    # A word may stand twice in a text, and a list needs different names.
    words = {place: f"{count}. {word}" for count, (place, word) in enumerate(zip(places, found.words, strict=True), 1)}
    with st.container(width=260):
        chosen = widgets.pick(
            "Regions that match the word", ["any", *places], "word", name=lambda place: words.get(place, MOST_RELEVANT)
        )
    root, word = open_desk.dataset.root, places.get(chosen)
    screen, draw = (partial(function, found, root, word=word) for function in (wordmap_plotly, wordmap_figure))
    _chart(screen, draw, found, "wordmap", "Regions and words", open_desk, partial(_take_word, item))


def _take_word(item: int) -> None:
    """Take the word whose cell was clicked."""
    points = st.session_state["wordmap"].selection.points
    words = [point["customdata"] for point in points if point.get("customdata") is not None]
    if words:
        state.change_option("word", f"{item}.{words[0]}")


def _without(open_desk: Desk, explanation: Explanation) -> None:
    """What changes without words, past items, topics or time factors."""
    single = {name: level for name in open_desk.explainer.groups if (level := _level(explanation, name)) is not None}
    levels = {name: level for name, level in single.items() if level.elements}
    if not levels:
        return
    st.subheader("What changes without it")
    recommended.elements(open_desk, explanation, levels, "Without", ("removal", "attention", "contribution"))


def _topics(open_desk: Desk, explanation: Explanation) -> None:
    """All topics with their words, and a box to name one."""
    try:
        topics = topics_of(open_desk.explainer)
    except DataError:
        return
    st.subheader("Topics")
    level = _level(explanation, "topics")
    mine = {} if level is None else {int(element.id): element.attention for element in level.elements}
    rows = [
        {
            "topic": topic,
            "name": name,
            "at this moment": mine.get(topic),
            "of all words": share,
            "likeliest words": ", ".join(word for word, _ in topics.top_words(topic, WORDS)),
        }
        for topic, (name, share) in enumerate(zip(topics.names, topics.shares.tolist(), strict=True))
    ]
    shown = [column for column in rows[0] if mine or column != "at this moment"]
    percent = {
        "at this moment": st.column_config.NumberColumn(format="percent", width="medium"),
        "of all words": st.column_config.NumberColumn(format="percent", width="small"),
    }
    st.dataframe(rows, hide_index=True, column_order=shown, column_config=percent, key="topics")
    if not os.access(topics.folder, os.W_OK):
        st.caption("The folder of this dataset cannot be written to, so its topics keep their names.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        numbers = [str(row["topic"]) for row in rows]
        chosen = int(
            widgets.pick("Name a topic", numbers, "topic", name=lambda number: f"#{number} {topics.names[int(number)]}")
        )
        key = f"name-{chosen}"
        st.text_input(
            "Its name",
            key=key,
            max_chars=LONGEST,
            placeholder=topics.names[chosen],
            help="Empty gives the topic its words back.",
            on_change=_rename,
            args=(topics, chosen, key),
        )


def _rename(topics: Topics, topic: int, key: str) -> None:
    try:
        topics.rename(topic, st.session_state[key])
    except (DataError, OSError) as fault:
        st.toast(widgets.text(fault), icon=":material/error:")


show()
