"""What pictures of a user's time are drawn from: her topics by week, her hours of the week, words beside regions."""

from __future__ import annotations

from workbench.explain.explanation import Frozen, Id


class TopicRiver(Frozen):
    """What a user was interested in, week by week (Ante-RNN, Eq. 7 and Figure 8).

    Attributes:
        user_label: whose interest it is.
        weeks: (W,) Mondays at midnight, seconds since 1970 (UTC), every week from her first like on.
        topics: (K,) numbers of the topics shown, the largest first; ``names`` (K,) what they are called.
        shares: W rows of K shares; with ``rest`` (W,), the share of all other topics, they add up to 1.
        moment: a moment to mark, seconds since 1970, or None.
    """

    user_label: str
    weeks: tuple[int, ...]
    topics: tuple[int, ...]
    names: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    rest: tuple[float, ...]
    moment: int | None = None


class WeekGrid(Frozen):
    """A number for each hour of the week.

    Attributes:
        title: whose hours, in a few words.
        unit: what the numbers are, e.g. "likes" or "attention".
        values: (168,) from Monday, midnight to 1 a.m. (UTC), on.
        marked: hours to outline, e.g. that of the explained moment.
    """

    title: str
    unit: str
    values: tuple[float, ...]
    marked: tuple[int, ...] = ()


class WordMap(Frozen):
    """How the regions of an image and the words of its text match (Ante-RNN, Eq. 1-3).

    Attributes:
        item: id of the image; ``item_label`` and ``image`` (path relative to the dataset folder) name and show it.
        text: its caption.
        boxes: (M,) x0, y0, x1, y1 of the regions, fractions of width and height.
        words: (N,) the words the model knows, in order; ``spans`` (N,) where they stand in the text.
        weights: M rows of N; a row, the words one region matches, adds up to 1.
        relevance: (M,) cosine of each region with the words it matches, -1 to 1.
    """

    item: Id
    item_label: str
    image: str | None
    text: str
    boxes: tuple[tuple[float, float, float, float], ...]
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    weights: tuple[tuple[float, ...], ...]
    relevance: tuple[float, ...]


class TopicWord(Frozen):
    """A word of a text that carries a topic.

    Attributes:
        word: as it is read; ``text[start:end]`` is where it stands.
        topic: number of its topic.
        strength: how surely the word speaks of it, 0 to 1.
    """

    word: str
    start: int
    end: int
    topic: int
    strength: float
