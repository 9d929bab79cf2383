"""Explanations at a moment, a user's topics and hours, words and regions that match, and their marks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.cases import prepared
from tests.models.rewritten import add_features, add_topics, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.sequences import Sequences, hour_of_week
from workbench.data.write import write_dataset
from workbench.explain.explainer import Explainer
from workbench.explain.moment_marks import mark_hours, mark_liked, mark_recommended, mark_topics
from workbench.explain.naming import factor_label
from workbench.explain.shown import DEEP
from workbench.explain.topics import (
    attended_hours,
    interests,
    topic_river,
    topic_words,
    topics_of,
    visiting_hours,
    word_map,
)
from workbench.explain.verdict import judge
from workbench.features.topics import Topics
from workbench.layers.contextual import SLOTS
from workbench.layers.evidence import ASPECTS, Gates

SETTINGS: dict[str, Any] = {"dim": 8, "rare": 1, "window": 3, "words": "embedding", "identity": True, "tied": True}
CONTENT = SETTINGS | {"output": "content", "repeats": True}
THEMES = ("sea", "town")


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The toy world with regions, topics, and a planted cause of every like: its image's first noun."""
    users, items = toy.likes()
    rng = np.random.default_rng(0)
    texts = [toy.texts[item].split() for item in items.tolist()]
    own = rng.random(len(items)) < 0.5
    causes = pd.DataFrame(
        {
            "user": [toy.users.id(u) for u in users.tolist()],
            "item": [toy.items.id(i) for i in items.tolist()],
            "source": "like",
            "aspect": np.where(own, "own", "creator"),
            "label": [words[1] for words in texts],
            "words": [words[1] for words in texts],
            "topic": [THEMES[words[1] in ("harbour", "meadow", "winter")] for words in texts],
        }
    ).assign(x0=0.0, y0=0.0, x1=0.5, y1=0.5)
    regions = pd.DataFrame({"item": list(toy.items), "region": 0, "label": [t.split()[1] for t in toy.texts]})
    regions = regions.assign(x0=0.0, y0=0.0, x1=0.5, y1=0.5)
    folder = tmp_path_factory.mktemp("moments") / "toy"
    write_dataset(folder, toy.card, tables_of(toy) | {"causes": causes, "regions": regions})
    return add_topics(add_features(Dataset.open(folder), "convnet", (2, 2)))


@pytest.fixture(scope="module")
def explainer(world: Dataset) -> Explainer:
    return Explainer(prepared("anternn", world, 2, CONTENT), world, "a-run")


@pytest.mark.parametrize("name", ["gru", "sasrec", "recentknn", "anternn"])
def test_a_moment_explains_what_was_known_then(world: Dataset, name: str) -> None:
    explainer = Explainer(prepared(name, world, 2, SETTINGS if name == "anternn" else {}), world)
    sequences, user = Sequences.of(world), 4
    items, times = sequences.sets.row(user).tolist(), sequences.times[sequences.sets.offsets[user] :].tolist()
    for moment in (1, 3, len(items)):
        best = explainer.recommend(user, 3, moment=moment)
        scores = explainer.model.score_items(torch.tensor([user]), Gates(until=torch.tensor([moment])))[0].detach()
        seen = {*items[:moment], *world.uploads.row(user).tolist()}
        order = [i for i in scores.argsort(descending=True).tolist() if i not in seen]
        assert [r.score for r in best] == pytest.approx(scores[order[:3]].tolist(), rel=1e-4, abs=1e-5)
        assert not {world.items.code(r.item) for r in best} & seen
        explanation = explainer.explain(user, order[1], moment=moment)
        above = sum(float(scores[i]) > float(scores[order[1]]) for i in order)
        assert explanation.rank == 1 + above and explanation.moment == moment
        history = explanation.level("history").elements
        assert [e.id for e in history] == [world.items.id(i) for i in items[:moment]]
        assert [e.time for e in history] == times[:moment]
        for place, element in enumerate(history):
            gate = torch.ones(moment)
            gate[place] = 0
            closed = Gates({"history": gate}, until=torch.tensor([moment]))
            without = explainer.model.score_pairs(torch.tensor([user]), torch.tensor([order[1]]), closed)
            assert element.removal == pytest.approx(float(without - scores[order[1]]), rel=1e-3, abs=1e-4)


def test_moments_that_cannot_be_are_refused(world: Dataset, explainer: Explainer) -> None:
    likes = len(world.known.row(4))
    for moment in (0, likes + 1):
        with pytest.raises(DataError, match=f"has {likes} likes: choose a moment from 1 to {likes}"):
            explainer.recommend(4, 3, moment=moment)
    with pytest.raises(DataError, match="bpr does not read likes in the order of time"):
        Explainer(prepared("bpr", world, 0, {}), world).explain(4, 7, moment=2)


def test_every_part_of_a_like_is_named(world: Dataset, explainer: Explainer) -> None:
    user, item = 4, 60
    explanation = explainer.explain(user, item)
    assert [level.name for level in explanation.levels] == [
        ASPECTS, "history", "factors", "words", "regions", "topics", "caption", "picture",
    ]  # fmt: skip
    history, text = explanation.level("history"), explanation.text
    looked = {e.id for e in history.top(DEEP, "attention")}
    for name in ("factors", "words", "regions"):
        level = explanation.level(name)
        assert level.within == "history" and {e.of for e in level.elements} <= looked
    for word in explanation.level("words").elements:
        said = world.texts[world.items.code(word.of or 0)]
        assert word.span and said[slice(*word.span)].lower() == word.label
    for word in explanation.level("caption").elements:
        assert word.span and text and text[slice(*word.span)].lower() == word.label
    topics = explanation.level("topics").elements
    assert [e.label for e in topics] == list(topics_of(explainer).names)
    assert sum(e.attention or 0 for e in topics) == pytest.approx(1, abs=1e-5)
    labels = [e.label for e in explanation.level("factors").elements]
    assert labels.count("what it is") == len({e.of for e in explanation.level("factors").elements}) == 3
    assert len(labels) == 9
    aspects = explanation.level(ASPECTS).elements
    assert [e.id for e in aspects] == ["history", "topics", "caption", "picture"]
    total = explanation.own + sum(e.contribution or 0 for e in aspects)
    assert total == pytest.approx(explanation.score, rel=1e-5, abs=1e-4)
    assert explanation.sentence and explanation.verdict.reason


def test_time_factors_are_named_as_seen_from_the_moment() -> None:
    assert factor_label(0) == "Mon 00:00" and factor_label(24 * 6 + 23) == "Sun 23:00"
    assert factor_label(SLOTS - 1).startswith("any hour")
    assert factor_label(SLOTS) == "within the hour" and factor_label(SLOTS + 3) == "3 h before"
    assert factor_label(SLOTS + 50) == "2 days before" and factor_label(2 * SLOTS - 1) == "over a week before"
    assert factor_label(2 * SLOTS) == "what it is"


def test_a_model_that_shows_nothing_cannot_be_judged_and_speaks_of_removal(world: Dataset) -> None:
    explanation = Explainer(prepared("gru", world, 1, {"dim": 8}), world).explain(4, 60)
    assert explanation.verdict.badge == "cannot be judged" and "weighs nothing" in explanation.verdict.reason
    needed = min(explanation.level("history").elements, key=lambda e: e.removal or 0.0)
    assert (needed.removal or 0) < 0 and f"{needed.label} ({needed.removal:+.2f} without)" in explanation.sentence
    assert judge(explanation.own, explanation.levels, own_label=explanation.own_label) == explanation.verdict


def test_the_river_is_the_interest_at_the_end_of_each_week(world: Dataset, explainer: Explainer) -> None:
    user = 4
    times, found = interests(explainer, user)
    river = topic_river(explainer, user, moment=2, most=3)
    assert river.moment == int(times[1]) and len(river.topics) == 3
    assert all(datetime.fromtimestamp(week, UTC).strftime("%a %H:%M") == "Mon 00:00" for week in river.weeks)
    assert np.diff(river.weeks).tolist() == [7 * 86400] * (len(river.weeks) - 1)
    for number, start in enumerate(river.weeks):
        last = max(place for place, time in enumerate(times.tolist()) if time < start + 7 * 86400)
        assert list(river.shares[number]) == pytest.approx(found[last][list(river.topics)].tolist(), abs=1e-6)
        assert sum(river.shares[number]) + river.rest[number] == pytest.approx(float(found[last].sum()), abs=1e-5)
    every = found.new_zeros(found.shape[1])
    for start in river.weeks:
        every += found[max(place for place, time in enumerate(times.tolist()) if time < start + 7 * 86400)]
    assert set(river.topics) == set(every.topk(3).indices.tolist())


def test_hours_are_counted_and_attention_is_laid_on_them(world: Dataset, explainer: Explainer) -> None:
    times, _ = interests(explainer, 4)
    grid = visiting_hours(world, 4)
    for hour, count in enumerate(grid.values):
        stamps = [datetime.fromtimestamp(time, UTC) for time in times.tolist()]
        assert count == sum(stamp.weekday() * 24 + stamp.hour == hour for stamp in stamps)
    assert visiting_hours(world, 4, until=2).marked == (int(hour_of_week(times[1])),)
    explanation = explainer.explain(4, 60)
    looked = attended_hours(explanation)
    assert looked is not None and sum(looked.values) == pytest.approx(1, abs=1e-5)
    strongest = explanation.level("history").top(1, "attention")[0]
    assert looked.values[int(hour_of_week(torch.tensor(strongest.time)))] >= (strongest.attention or 0) - 1e-6
    assert attended_hours(Explainer(prepared("gru", world, 1, {}), world).explain(4, 60)) is None


def test_words_take_the_topic_that_meets_the_users_interest(world: Dataset) -> None:
    explainer = Explainer(prepared("anternn", world, 2, CONTENT), world)
    level = explainer.explain(4, 60).level("topics")
    eta = {int(e.id): e.attention or 0.0 for e in level.elements}
    found = topic_words(explainer, level, "Word1 and word3, nothing else: word1")
    assert [(w.word, w.topic) for w in found if w.word != "word3"] == [("word1", 1), ("word1", 1)]
    strongest = max(eta[1], eta[3])
    assert {w.word: w.strength for w in found} == {
        word: pytest.approx(eta[topic] / strongest, abs=1e-5)
        for word, topic in (("word1", 1), ("word3", 3))
        if eta[topic] >= 0.05 * strongest
    }
    assert found[0].start == 0 and found[-1].end == len("Word1 and word3, nothing else: word1")
    assert topic_words(explainer, None, "word1") == () and topic_words(explainer, level, "no such words") == ()


def test_word_maps_are_the_alignment_of_the_model(world: Dataset, explainer: Explainer) -> None:
    seen = word_map(explainer, 7)
    content = explainer.model.content(torch.tensor([7]))  # type: ignore[operator]
    assert np.allclose(seen.weights, content.aligned.words[0, : len(seen.boxes), : len(seen.words)].detach())
    assert [sum(row) for row in seen.weights] == pytest.approx([1] * 4, abs=1e-5)
    assert [seen.text[a:b].lower() for a, b in seen.spans] == list(seen.words)
    assert all(-1 <= value <= 1 for value in seen.relevance)
    with pytest.raises(DataError, match="no regions or no word"):
        word_map(explainer, len(world.items) - 1)
    with pytest.raises(DataError, match="aligns no regions with words"):
        word_map(Explainer(prepared("gru", world, 1, {}), world), 7)


def test_marks_of_past_likes_equal_plain_loops(world: Dataset, explainer: Explainer) -> None:
    causes = world.table("causes")
    named = {(u, i): w for u, i, w in zip(causes["user"], causes["item"], causes["words"], strict=True)}
    hits, total = [], 0
    for user in range(len(world.users)):
        levels = {lv.name: lv for lv in explainer.model.read(torch.tensor([user]), torch.tensor([0])).levels}
        assert levels["words"].attention is not None
        for place, item in enumerate(levels["history"].elements.values.tolist()):
            mine = levels["words"].parent == place
            codes, weights = levels["words"].elements.values[mine].tolist(), levels["words"].attention[mine]
            words = [explainer.model.texts.token(code)[1].word for code in codes]  # type: ignore[union-attr]
            top = [word for word, weight in zip(words, weights, strict=True) if weight >= weights.max()]
            wanted = named[world.users.id(user), world.items.id(item)]
            hits.append(np.mean([word == wanted for word in top]))
            total += 1
    marks = {mark.method: mark for mark in mark_liked(explainer, "words")}
    assert marks["attention"].pairs == total == len(world.likes("train")[0])
    assert marks["attention"].pointing == pytest.approx(np.mean(hits))
    assert {"random", "uniform"} < set(marks)
    regions = {mark.method: mark for mark in mark_liked(explainer, "regions")}
    assert regions["uniform"].pointing == pytest.approx(0.25) and regions["attention"].pairs <= total


def test_marks_of_the_image_liked_next_use_its_moment(world: Dataset, explainer: Explainer) -> None:
    sequences, hits = Sequences.of(world), []
    for user, item in zip(*(part.tolist() for part in world.likes("test")), strict=True):
        until = sequences.sets.row(user).tolist().index(item)
        level = explainer.explain(user, item, moment=until).level("caption")
        wanted = world.texts[item].split()[1]
        values = [max(e.contribution or 0, 0) for e in level.elements]
        top = [e.label == wanted for e, value in zip(level.elements, values, strict=True) if value >= max(values)]
        hits.append(np.mean(top))
    mark = mark_recommended(explainer)[0]
    assert mark.pairs == len(hits) and mark.pointing == pytest.approx(np.mean(hits))


def test_hours_and_topics_are_marked(world: Dataset, explainer: Explainer) -> None:
    hours = mark_hours(explainer)
    assert 0 <= hours.auc <= 1 and 0 < hours.caused < hours.likes <= 3 * len(world.users)
    assert sum(hours.factors.values()) == pytest.approx(1, abs=1e-5)
    topics = mark_topics(explainer)
    assert 0 < topics.moments <= len(world.users) and topics.commonest >= 0.5 and 0 <= topics.found <= 1
    blind = Explainer(prepared("anternn", world, 2, SETTINGS | {"interval": False, "time_of_week": False}), world)
    with pytest.raises(DataError, match="reads no factors"):
        mark_hours(blind)
    with pytest.raises(DataError, match="reads no caption"):
        mark_recommended(blind)


def test_the_theme_of_the_strongest_topic_is_what_is_marked(toy: Dataset, world: Dataset, tmp_path: Path) -> None:
    """With topics that are the themes themselves, and users who like one theme alone, everything is found."""
    tables = tables_of(toy) | {"regions": world.table("regions"), "causes": world.table("causes").assign(aspect="own")}
    sea = [t.split()[1] in ("harbour", "meadow", "winter") for t in toy.texts]
    themes = dict(zip(toy.items, sea, strict=True))
    likes = tables["likes"]
    kept = [themes[item] == (user % 2 == 0) for user, item in zip(likes["user"], likes["item"], strict=True)]
    tables["likes"] = likes[kept].assign(split=likes["split"])
    write_dataset(tmp_path / "toy", toy.card, tables)
    data = Dataset.open(tmp_path / "toy")
    add_topics(add_features(data, "convnet", (2, 2)))
    kept_topics = Topics.open(data.root)
    theta = torch.tensor([[1.0, 0.0, 0, 0] if is_sea else [0.0, 1.0, 0, 0] for is_sea in sea])
    Topics.write(
        data.root, "topics", kept_topics.card, kept_topics.words, kept_topics.topic_word, kept_topics.shares, theta
    )
    found = mark_topics(Explainer(prepared("gru", data, 1, {}), data))
    assert found.found == 1 and found.topics == 1 and found.commonest < 1
