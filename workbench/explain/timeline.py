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

    def rows(self) -> list[dict[str, object]]:
        """One row for each week and topic; topics that are not shown are added up without a number."""
        topics = [*zip(self.topics, self.names, strict=True), (None, "all others")]
        return [
            {"week": monday, "topic": topic, "name": name, "share": share}
            for monday, shares, rest in zip(self.weeks, self.shares, self.rest, strict=True)
            for (topic, name), share in zip(topics, (*shares, rest), strict=True)
        ]


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

    def rows(self) -> list[dict[str, object]]:
        """One row for each hour of the week, Monday being 1."""
        return [
            {"weekday": hour // 24 + 1, "hour": hour % 24, self.unit: value, "marked": hour in self.marked}
            for hour, value in enumerate(self.values)
        ]


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

    def rows(self) -> list[dict[str, object]]:
        """One row for each region and word."""
        return [
            {
                "item": self.item, "region": region, "x0": box[0], "y0": box[1], "x1": box[2], "y1": box[3],
                "relevance": self.relevance[region], "place": place, "word": word, "weight": weight,
            }
            for region, (box, weights) in enumerate(zip(self.boxes, self.weights, strict=True))
            for place, (word, weight) in enumerate(zip(self.words, weights, strict=True))
        ]  # fmt: skip


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


class TopicWords(Frozen):
    """The words of a text that carry topics."""

    text: str
    words: tuple[TopicWord, ...]

    def rows(self) -> list[dict[str, object]]:
        """One row for each word."""
        return [word.model_dump() for word in self.words]
