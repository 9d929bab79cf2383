"""What a user is interested in, when she comes, and which words of an image that meets."""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.sequences import HOUR, MONDAY, WEEK_HOURS, Sequences, hour_of_week, week
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import EvidenceLevel, Explanation
from workbench.explain.timeline import TopicRiver, TopicWord, WeekGrid, WordMap
from workbench.features.topics import Topics
from workbench.features.words import tokens
from workbench.layers.interest import Interest
from workbench.models.anternn import AnteRNN

DECAY = 0.2
"""Decay of interest with every week for a model that has none of its own (Ante-RNN, Section 4.4)."""
SLIGHT = 0.05
"""Share of the strongest word from which on a word is marked."""


def topics_of(explainer: Explainer) -> Topics:
    """The topics a model reads; for one that reads none, those of its dataset.

    Raises:
        DataError: neither has any.
    """
    return explainer.model.topics or Topics.open(explainer.dataset.root).check(explainer.dataset)


def interests(explainer: Explainer, user: int) -> tuple[Tensor, Tensor]:
    """Times (likes,) of all likes of a user in time, and her topics of interest (likes, K) after each (Eq. 7).

    Raises:
        DataError: the dataset has no times or no topics.
    """
    topics, model = topics_of(explainer), explainer.model
    sequences = Sequences.of(explainer.dataset)
    start, stop = (int(edge) for edge in sequences.sets.offsets[user : user + 2])
    decay = model.config.topic_decay if isinstance(model, AnteRNN) else DECAY
    items, times = sequences.sets.values[start:stop], sequences.times[start:stop]
    interest = Interest(topics.item_topics, decay, topics.card.days)
    found = interest(items[None], times[None], torch.ones(1, len(items)))[0]
    return times, found


def topic_river(explainer: Explainer, user: int, *, moment: int | None = None, most: int = 6) -> TopicRiver:
    """A user's interest week by week (Ante-RNN, Figure 8), as it stands at the end of each week.

    In weeks without a like nothing changes: what fades, fades in all topics alike.

    Args:
        explainer: of any model; its topics, else those of its dataset, are shown.
        user: code.
        moment: how many likes of the user have happened, to mark the time of the last of them.
        most: how many topics are told apart, those with most interest over all weeks.

    Raises:
        DataError: the dataset has no times or no topics, or the user has no likes.
    """
    times, found = interests(explainer, user)
    if not len(times):
        raise DataError(f"user {explainer.dataset.users.id(user)} has liked nothing: choose another one")
    weeks = week(times)
    span = torch.arange(int(weeks[0]), int(weeks[-1]) + 1)
    last = torch.searchsorted(weeks, span, right=True) - 1
    shares = found[last]
    best = shares.sum(0).topk(min(most, shares.shape[1])).indices.tolist()
    names = topics_of(explainer).names
    marked = None if moment is None else int(times[moment - 1])
    return TopicRiver(
        user_label=explainer.dataset.user_label(user),
        weeks=tuple((int(number) * WEEK_HOURS - MONDAY) * HOUR for number in span),
        topics=tuple(best),
        names=tuple(names[topic] for topic in best),
        shares=tuple(tuple(row) for row in shares[:, best].tolist()),
        rest=tuple((shares.sum(1) - shares[:, best].sum(1)).clamp_min(0).tolist()),
        moment=marked,
    )


def visiting_hours(dataset: Dataset, user: int, until: int | None = None) -> WeekGrid:
    """How many likes of a user fall into each hour of the week (UTC).

    Args:
        dataset: with times of likes.
        user: code.
        until: how many of her likes count, the first ones; the hour of the last of them is marked.

    Raises:
        DataError: the dataset has no times.
    """
    sequences = Sequences.of(dataset)
    start, stop = (int(edge) for edge in sequences.sets.offsets[user : user + 2])
    hours = hour_of_week(sequences.times[start:stop][:until])
    counts = torch.bincount(hours, minlength=WEEK_HOURS)
    return WeekGrid(
        title=f"When {dataset.user_label(user)} likes",
        unit="likes",
        values=tuple(counts.double().tolist()),
        marked=(int(hours[-1]),) if until is not None and len(hours) else (),
    )


def attended_hours(explanation: Explanation) -> WeekGrid | None:
    """Attention of the likes by the hour of the week they happened in; None where likes are not weighed in time."""
    level = next((level for level in explanation.levels if level.name == "history"), None)
    weights = [] if level is None else [(e.time, e.attention) for e in level.elements]
    if not any(time is not None and weight is not None for time, weight in weights):
        return None
    totals = torch.zeros(WEEK_HOURS, dtype=torch.float64)
    for time, weight in weights:
        if time is not None and weight is not None:
            totals[int(hour_of_week(torch.tensor(time)))] += weight
    return WeekGrid(title="Where the model looks", unit="attention", values=tuple(totals.tolist()))


def topic_words(explainer: Explainer, level: EvidenceLevel | None, text: str) -> tuple[TopicWord, ...]:
    """Words of a text that belong to what a user is interested in (Ante-RNN, Section 4.10.1).

    A word w has the topic k with the largest ``eta_k p(w | k)``; its strength is that number, as a share of the largest
    in the text.

    Args:
        explainer: of a model that reads topics.
        level: the level of topics of an explanation, whose attention is eta.
        text: the words of which are marked.
    """
    if level is None:
        return ()
    topics = topics_of(explainer)
    eta = torch.zeros(len(topics))
    for element in level.elements:
        eta[int(element.id)] = element.attention or 0.0
    places = {word: number for number, word in enumerate(topics.words)}
    known = [token for token in tokens(text) if token.word in places]
    if not known or not eta.any():
        return ()
    met = eta.unsqueeze(1) * topics.topic_word[:, [places[token.word] for token in known]]
    strength, best = met.max(0)
    strength = strength / strength.max()
    return tuple(
        TopicWord(word=token.word, start=token.start, end=token.end, topic=int(topic), strength=float(much))
        for token, topic, much in zip(known, best, strength, strict=True)
        if much >= SLIGHT
    )


@torch.inference_mode()
def word_map(explainer: Explainer, item: int) -> WordMap:
    """How the regions of an image and the words of its text match, as a model aligns them (Ante-RNN, Eq. 1-3).

    Raises:
        DataError: the model aligns no regions with words, or the image has no regions or no known word.
    """
    model, data = explainer.model, explainer.dataset
    if not isinstance(model, AnteRNN) or model.texts is None or model.features is None:
        raise DataError(f"{model.name} aligns no regions with words: choose a run of anternn that reads both")
    content = model.content(torch.tensor([item], device=model.device))
    words, regions = model.content.word_sets(torch.tensor([item])), model.features.sets.row(item)
    if content.aligned is None or not len(words.values) or not len(regions):
        raise DataError(f"{data.item_label(item)} has no regions or no word the model knows: choose another image")
    n, m = len(words.values), len(regions)
    found = [model.texts.token(int(code))[1] for code in words.values]
    return WordMap(
        **explainer.pictured(item),
        text=model.texts.texts[item],
        boxes=tuple(explainer.names.element("region", int(code)).box or (0.0, 0.0, 1.0, 1.0) for code in regions),
        words=tuple(token.word for token in found),
        spans=tuple((token.start, token.end) for token in found),
        weights=tuple(tuple(row) for row in content.aligned.words[0, :m, :n].double().tolist()),
        relevance=tuple(content.aligned.relevance[0, :m].double().tolist()),
    )
