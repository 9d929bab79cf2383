"""Hand-made explanations of moments, topics and words that figures are drawn with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.figures.made import CAPTION, make_explanation
from workbench.explain.explanation import Element, EvidenceLevel, Explanation
from workbench.explain.timeline import TopicRiver, TopicWord, WeekGrid, WordMap
from workbench.features.store import grid_boxes
from workbench.features.words import tokens

NOON = 1_709_640_300
"""Tuesday, 5 March 2024, 12:05 UTC."""


MONDAY = 1_704_067_200
"""1 January 2024, midnight UTC, in seconds since 1970."""


FACTORS = ("what it is", "Tue 14:00", "3 h before")


TOPICS = ("storm, sea", "boats, lake", "cats", "food, table, bread", "city at night", "snow, mountain", "old cars")


def make_recent(count: int = 12, *, window: int = 6, flat: bool = False, label: str = "") -> Explanation:
    """A history of ``count`` images, of which the last ``window`` have weights; each weight of three factors."""
    rng = np.random.default_rng(4)
    inside = min(window, count)
    weights = np.full(inside, 1 / max(inside, 1)) if flat else rng.dirichlet(np.full(inside, 0.8)) if inside else []
    images = tuple(
        Element(
            kind="image",
            id=500 + number,
            label=label or f"image {500 + number}",
            image=f"images/{number % 6}.png",
            attention=float(weights[number - count + inside]) if number >= count - inside else 0.0,
            rank_without=1 + number % 5,
            time=NOON - (count - number) * 100_000,
        )
        for number in range(count)
    )
    factors = tuple(
        Element(kind="hour", id=f"{image.id} {place}", label=label or name, attention=float(share), of=image.id)
        for image in images[-8:]
        if image.attention
        for place, (name, share) in enumerate(zip(FACTORS, rng.dirichlet((2, 2, 2)), strict=True))
    )
    levels = (
        EvidenceLevel(name="history", kind="image", label="liked before", elements=images),
        EvidenceLevel(name="factors", kind="hour", label="made of", within="history", elements=factors),
    )
    return make_explanation(0).model_copy(update={"model": "anternn", "levels": levels})


def make_river(weeks: int = 30, topics: int = 5, *, name: str = "", marked: bool = True) -> TopicRiver:
    """Topics that come and go, smoothly."""
    rng = np.random.default_rng(5)
    steps = rng.normal(0, 0.35, (weeks, topics + 1)).cumsum(axis=0) + np.linspace(1, 0, topics + 1)
    shares = np.exp(steps) / np.exp(steps).sum(axis=1, keepdims=True) if weeks else steps
    order = np.argsort(-shares[:, :topics].mean(axis=0)) if weeks else np.arange(topics)
    starts = tuple(MONDAY + 604_800 * week for week in range(weeks))
    return TopicRiver(
        user_label=name or "Mina",
        weeks=starts,
        topics=tuple(7 * number + 5 for number in range(topics)),
        names=tuple(name or TOPICS[number % len(TOPICS)] for number in range(topics)),
        shares=tuple(tuple(float(row[i]) for i in order) for row in shares),
        rest=tuple(float(row[-1]) for row in shares),
        moment=starts[2 * weeks // 3] + 310_000 if weeks and marked else None,
    )


def make_week(
    title: str = "All users", unit: str = "likes", *, scale: float = 9, marked: Sequence[int] = (38,)
) -> WeekGrid:
    """Evenings and the weekend are busier."""
    hours = np.arange(168)
    rate = scale * np.exp(-(((hours % 24 - 19) / 4) ** 2)) * (1 + (hours >= 120)) / 2
    counts = np.random.default_rng(6).poisson(rate).astype(float)
    values = counts if unit == "likes" else counts / counts.sum()
    return WeekGrid(title=title, unit=unit, values=tuple(float(v) for v in values), marked=tuple(marked))


def make_wordmap(grid: int = 7, words: Sequence[str] | None = None, *, text: str | None = None) -> WordMap:
    """A grid of regions by the words of a caption; some regions match none of them."""
    rng = np.random.default_rng(7)
    known = ["small", "red", "boat", "lake", "noon"] if words is None else list(words)
    regions = grid**2
    weights = rng.dirichlet(np.full(len(known), 0.35), regions) if known else np.zeros((regions, 0))
    written = " ".join(known) if text is None else text
    starts = np.cumsum([0, *(len(word) + 1 for word in known)])
    return WordMap(
        item=482,
        item_label="image 482",
        image="images/0.png",
        text=written,
        boxes=tuple(tuple(float(edge) for edge in box) for box in grid_boxes(grid, grid)),
        words=tuple(known),
        spans=tuple((int(start), int(start) + len(word)) for start, word in zip(starts, known, strict=False)),
        weights=tuple(tuple(float(weight) for weight in row) for row in weights),
        relevance=tuple(float(value) for value in rng.uniform(-0.4, 0.8, regions)),
    )


def make_topic_words(text: str = CAPTION, topics: Sequence[int] = (12, 3)) -> tuple[TopicWord, ...]:
    """Every second word of a text speaks of a topic."""
    read = tokens(text)[::2]
    return tuple(
        TopicWord(
            word=word.word, start=word.start, end=word.end, topic=topics[i % len(topics)], strength=1 / (1 + i % 4)
        )
        for i, word in enumerate(read)
    )
