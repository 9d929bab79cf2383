"""Datasets, explainers and explanations, opened once and shared by all sessions.

Everything is kept under the path of its folder and a stamp of the files in it, so that a changed file is read again.
torch is imported by the first function that needs it, not by the app.
"""

from __future__ import annotations

import gc
from itertools import islice
from typing import TYPE_CHECKING

import streamlit as st

from workbench.app.sources import Source, Stamped

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.data.sequences import Sequences
    from workbench.explain.explainer import Explainer, Recommendation
    from workbench.explain.explanation import Explanation
    from workbench.explain.popularity import Forecast
    from workbench.explain.population import Population
    from workbench.explain.regions import RegionMap
    from workbench.explain.timeline import TopicRiver, WordMap
    from workbench.figures.looks import Pixels
    from workbench.training.run import Run

BEST = 10
"""How many recommended images are shown."""
HELD = 16_000_000
"""Scores of each model held between one image of a user and the next: 64 MB."""


@st.cache_resource(max_entries=4, show_spinner="Opening the dataset")
def dataset(data: Stamped) -> Dataset:
    """A dataset.

    Raises:
        DataError: it is broken.
    """
    from workbench.data.dataset import Dataset

    return Dataset.open(data.path)


@st.cache_resource(max_entries=4, show_spinner=False)
def user_names(data: Stamped) -> dict[str, str]:
    """What every user is called, by id as text; names come with the id, since two people may share one."""
    opened = dataset(data)
    names = {}
    for code, user in enumerate(map(str, opened.users)):
        label = opened.user_label(code)
        names[user] = label if user.casefold() in label.casefold().split() else f"{label} · {user}"
    return names


@st.cache_resource(max_entries=4, show_spinner=False)
def item_names(data: Stamped) -> dict[str, str]:
    """What every image is called, by id as text."""
    opened = dataset(data)
    return {str(item): opened.item_label(code) for code, item in enumerate(opened.items)}


@st.cache_resource(max_entries=4, show_spinner=False)
def first_user(data: Stamped) -> str:
    """The first user with every kind of record, else the first of all."""
    opened = dataset(data)
    records = (opened.history, opened.uploads, opened.follows)
    complete = (code for code in range(len(opened.users)) if all(len(record.row(code)) for record in records))
    return str(opened.users.id(next(complete, 0)))


@st.cache_resource(max_entries=4, show_spinner=False)
def sequences(data: Stamped) -> Sequences:
    """The likes of every user in the order of time.

    Raises:
        DataError: likes have no times, or splits are not in their order.
    """
    from workbench.data.sequences import Sequences

    return Sequences.of(dataset(data))


@st.cache_data(max_entries=512, show_spinner=False)
def moments(data: Stamped, user: int) -> tuple[list[int], int]:
    """When each like of a user (code) happened, in seconds since 1970, and how many of them are in the train split.

    Raises:
        DataError: likes have no times, or splits are not in their order.
    """
    found = sequences(data)
    start, stop = found.sets.offsets[user : user + 2].tolist()
    return found.times[start:stop].tolist(), int(found.learned[user])


@st.cache_data(max_entries=64, show_spinner=False)
def run(stamped: Stamped) -> Run:
    """A run's card.

    Raises:
        RunError: it cannot be read.
    """
    from workbench.training.run import Run

    return Run.open(stamped.path)


@st.cache_resource(max_entries=4, show_spinner="Opening the model")
def explainer(source: Source) -> Explainer:
    """The explainer of a run.

    Raises:
        RunError: the run is broken, or was trained on other data.
    """
    from workbench.data.errors import DataError
    from workbench.explain.explainer import Explainer
    from workbench.explain.kept import Kept
    from workbench.figures.text import shorten
    from workbench.training.run import RunError

    opened = run(source.run)
    data = dataset(source.data)
    _settle()
    try:
        return Explainer.open(opened, data, kept=Kept(HELD))
    except (DataError, RunError):
        raise
    # Damaged parameters or settings fail in as many ways as there are libraries below.
    except Exception as error:
        reason = shorten(error, 200) or type(error).__name__
        raise RunError(f"{opened.path} cannot be opened ({reason}): train the run again") from error


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Take the libraries, all imported by now, out of what is searched for garbage after each run of a page."""
    gc.collect()
    gc.freeze()


@st.cache_data(max_entries=512, show_spinner="Ranking the images")
def recommend(source: Source, user: int, moment: int | None = None) -> list[Recommendation]:
    """The ten best images for a user code at a moment, a number of likes.

    Raises:
        DataError: no image is new to her, or the model or the user has no such moment.
    """
    return explainer(source).recommend(user, BEST, moment)


@st.cache_data(max_entries=512, show_spinner="Explaining")
def explain(source: Source, user: int, item: int, moment: int | None = None) -> Explanation:
    """The explanation of an image for a user, both given as codes, at a moment, a number of likes.

    Raises:
        DataError: the model or the user has no such moment.
    """
    return explainer(source).explain(user, item, moment)


@st.cache_data(max_entries=256, show_spinner="Following the topics")
def river(source: Source, user: int, moment: int) -> TopicRiver:
    """The topics of a user (code) week by week, the moment of so many likes marked.

    Raises:
        DataError: the dataset has no topics, or the user has no likes.
    """
    from workbench.explain.topics import topic_river

    return topic_river(explainer(source), user, moment=moment or None)


@st.cache_data(max_entries=256, show_spinner="Matching regions and words")
def word_map(source: Source, item: int) -> WordMap:
    """How the regions of an image (code) and the words of its text match.

    Raises:
        DataError: the model aligns no regions with words, or the image has none of either.
    """
    from workbench.explain.topics import word_map as match

    return match(explainer(source), item)


@st.cache_data(max_entries=512, show_spinner="Looking into the picture")
def region_map(source: Source, user: int, item: int) -> RegionMap:
    """Where the model looks in an image for a user, both given as codes.

    Raises:
        DataError: it does not look into images, or has no regions of this one.
    """
    from workbench.explain.regions import region_map as look

    return look(explainer(source), user, item)


@st.cache_data(max_entries=256, show_spinner="Predicting")
def forecast(source: Source, user: int, item: int) -> Forecast:
    """The popularity of an image if a user posted it, both given as codes.

    Raises:
        DataError: the model predicts no popularity.
    """
    from workbench.explain.popularity import forecast as predict

    return predict(explainer(source), user, item)


@st.cache_data(max_entries=16, show_spinner="Predicting", scope="session")
def forecast_picture(source: Source, user: int, digest: str, _pixels: Pixels, text: str) -> Forecast:
    """The popularity of a picture from outside; kept for the session of the person who brought it alone.

    Args:
        source: the run.
        user: code of who would post it.
        digest: tells the picture from others.
        _pixels: (height, width, 3) RGB.
        text: its caption.

    Raises:
        DataError: the model predicts no popularity, or the encoder of its features cannot be opened.
    """
    from workbench.explain.popularity import forecast_picture as predict

    return predict(explainer(source), user, _pixels, text)


@st.cache_data(max_entries=16, show_spinner=False)
def image_shares(source: Source) -> list[float]:
    """The weight of the image beside the caption in every test post.

    Raises:
        DataError: the model does not weigh them.
    """
    from workbench.explain.popularity import image_shares as weigh

    shares: list[float] = weigh(explainer(source)).tolist()
    return shares


@st.cache_data(max_entries=512, show_spinner=False)
def company(data: Stamped, user: int, item: int, count: int) -> list[int]:
    """Codes of ``count`` users to compare a user with (all codes): those who like the image, then any others."""
    opened = dataset(data)
    users, items = opened.likes()
    likers = users[items == item].tolist()
    others = (other for other in dict.fromkeys([*likers, *range(len(opened.users))]) if other != user)
    return list(islice(others, count))


@st.cache_data(max_entries=512, show_spinner=False)
def pictures_of(data: Stamped, user: int, task: str) -> list[int]:
    """Codes of the images that say most of a user (code): what she posted, or for a ranking what she likes.

    Where causes are planted in images, those come first; a user without any image gets the first of all.
    """
    opened = dataset(data)
    mine = posts(data, user) if task == "popularity" else opened.history.row(user).tolist()
    marked: set[int | str] = set()
    if opened.has("causes") and "x0" in opened.table("causes"):
        causes = opened.table("causes").dropna(subset=["x0"])
        marked = set(causes[causes["user"] == opened.users.id(user)]["item"])
    return sorted(mine, key=lambda item: opened.items.id(item) not in marked) or [0]


@st.cache_data(max_entries=512, show_spinner=False)
def posts(data: Stamped, user: int) -> list[int]:
    """Codes of the images a user (code) has posted, the latest first; none without such a table."""
    from workbench.views.opened import posts as posted

    return posted(dataset(data), user)


@st.cache_data(max_entries=8, show_spinner="Reading what every user's model looks at")
def population(source: Source) -> Population:
    """Aspect importance of every user.

    Raises:
        DataError: the model weighs no aspects against each other.
    """
    return explainer(source).population()
