"""Topics: planted ones are found, nothing held out is read, what a person wrote is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.features.topics import Topics, fit_topics, slice_of
from workbench.features.topics.fitting import _sample

PLANTED, WORDS, IMAGES, USERS, LIKES = 5, 20, 300, 60, 12
WEEK = 604_800
Change = Callable[[dict[str, pd.DataFrame]], None]


def planted() -> np.ndarray:
    """(images,) the topic of each image."""
    return np.random.default_rng(0).integers(PLANTED, size=IMAGES)


def world(folder: Path, change: Change = lambda tables: None) -> Dataset:
    """Texts of eight words of one of five topics, likes over twenty weeks; images from 250 on are test likes alone."""
    rng = np.random.default_rng(1)
    texts = [
        "the and of " + " ".join(f"t{topic}w{word}" for word in rng.integers(WORDS, size=8)) for topic in planted()
    ]
    likes = []
    for user in range(USERS):
        times = np.sort(rng.integers(0, 20 * WEEK, size=LIKES + 1)) + 1_700_000_000
        items = [*rng.choice(250, size=LIKES, replace=False), rng.integers(250, IMAGES)]
        splits = ["train"] * LIKES + ["test"]
        likes.append(pd.DataFrame({"user": user, "item": items, "time": times, "split": splits}))
    tables = {"items": pd.DataFrame({"item": range(IMAGES), "text": texts}), "likes": pd.concat(likes)}
    change(tables)
    write_dataset(folder, DatasetCard(name="planted"), tables)
    return Dataset.open(folder)


def learn(dataset: Dataset, **options: int) -> Topics:
    return fit_topics(dataset, **{"topics": PLANTED, "least": 60, "sweeps": 30, **options})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return world(tmp_path_factory.mktemp("planted") / "world")


@pytest.fixture(scope="module")
def topics(dataset: Dataset) -> Topics:
    return learn(dataset)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_topics_are_found_slice_by_slice(dataset: Dataset, seed: int) -> None:
    topics = learn(dataset, name="seeded", seed=seed, sweeps=100)
    assert topics.card.slices > 5 and topics.card.documents == USERS * LIKES
    assert normalized_mutual_info_score(planted(), topics.item_topics.argmax(1).numpy()) > 0.9
    for topic in range(PLANTED):
        assert len({word[:2] for word, _ in topics.top_words(topic, 8)}) == 1


def test_is_made_of_distributions(topics: Topics) -> None:
    for table in (topics.topic_word, topics.item_topics, topics.shares[None]):
        torch.testing.assert_close(table.sum(1), torch.ones(len(table)))
    assert topics.topic_word.shape == (PLANTED, len(topics.words)) == (PLANTED, topics.card.shape[1])
    assert not {"the", "and", "of"} & set(topics.words)


def test_common_and_rare_words_are_left_out(tmp_path: Path) -> None:
    def change(tables: dict[str, pd.DataFrame]) -> None:
        texts = tables["items"]["text"]
        tables["items"]["text"] = [f"{text} everywhere" + " seldom" * (i < 4) for i, text in enumerate(texts)]

    words = set(learn(world(tmp_path / "world", change)).words)
    assert len(words) == PLANTED * WORDS
    assert not {"everywhere", "seldom"} & words


def test_the_sampler_obeys_counts_of_earlier_slices() -> None:
    """One word whose topic is decided by the prior alone: of the exact posterior, with a word no document has."""
    prior = np.array([[30.01, 0.01], [10.01, 500.01], [0.01, 0.01]])
    runs = sum(_sample([["a"]], ("a", "b"), prior, 0.1, 2, seed) for seed in range(1500))
    expected = prior[:, 0] / prior.sum(1)
    np.testing.assert_allclose(runs[:, 0] / 1500, expected / expected.sum(), atol=0.04)
    assert not runs[:, 1].any()


def test_counts_fade(dataset: Dataset) -> None:
    """With no memory left the words of a topic are those of the last slice."""
    faded = learn(dataset, decay=1e-9).topic_word
    whole = learn(dataset).topic_word
    assert (faded > 1e-3).sum() < (whole > 1e-3).sum()


def test_theta_is_the_fixed_point_of_its_formula(topics: Topics, dataset: Dataset) -> None:
    texts = [*dataset.texts[:3], "Nothing known HERE"]
    found = topics.theta(texts)
    torch.testing.assert_close(found[:3], topics.item_topics[:3])
    assert not found[3].any()
    codes = {word: code for code, word in enumerate(topics.words)}
    for text, theta in zip(texts[:3], found, strict=False):
        expected = torch.full((PLANTED,), topics.card.alpha)
        for word in text.split():
            if word in codes:
                share = theta * topics.topic_word[:, codes[word]]
                expected += share / share.sum()
        torch.testing.assert_close(theta, expected / expected.sum(), atol=1e-3, rtol=0)


def test_topics_of_a_word(topics: Topics) -> None:
    word, _ = topics.top_words(2, 1)[0]
    found = topics.topics_of_word(word.upper())
    assert found.argmax() == 2 and found.sum().item() == pytest.approx(1)
    assert not topics.topics_of_word("zzz").any()


def test_same_seed_same_topics_in_any_order_of_rows(topics: Topics, tmp_path: Path) -> None:
    def shuffle(tables: dict[str, pd.DataFrame]) -> None:
        tables["likes"] = tables["likes"].sample(frac=1, random_state=3)

    again = learn(world(tmp_path / "again", shuffle))
    assert torch.equal(again.topic_word, topics.topic_word) and torch.equal(again.item_topics, topics.item_topics)


def test_texts_of_test_images_are_never_learned_from(topics: Topics, tmp_path: Path) -> None:
    def rewrite(tables: dict[str, pd.DataFrame]) -> None:
        items = tables["items"]
        items.loc[items["item"] >= 250, "text"] = "t0w1 t0w2 unheard unheard"

    other = learn(world(tmp_path / "other", rewrite))
    assert other.words == topics.words and torch.equal(other.topic_word, topics.topic_word)
    assert torch.equal(other.item_topics[:250], topics.item_topics[:250])
    assert not torch.equal(other.item_topics[250:], topics.item_topics[250:])


@pytest.mark.parametrize("kind", ["untimed", "posts"])
def test_without_times_or_likes_there_is_one_slice(tmp_path: Path, kind: str) -> None:
    def change(tables: dict[str, pd.DataFrame]) -> None:
        likes = tables["likes"]
        if kind == "posts":
            posts = tables.pop("likes").groupby("item").head(1)
            tables["posts"] = posts.assign(popularity=1.0)
        else:
            tables["likes"] = likes.drop(columns="time")

    topics = learn(world(tmp_path / kind, change))
    assert topics.card.slices == 1
    assert normalized_mutual_info_score(planted(), topics.item_topics.argmax(1).numpy()) > 0.8


def test_names_of_a_person_survive_and_go(dataset: Dataset) -> None:
    topics = learn(dataset, name="named")
    words = topics.names
    assert words[1] == ", ".join(word for word, _ in topics.top_words(1, 4))
    topics.rename(1, "  storms at sea ")
    assert Topics.open(dataset.root, "named").names == (words[0], "storms at sea", *words[2:])
    topics.rename(1, "")
    assert Topics.open(dataset.root, "named").names == words
    for topic, name in ((PLANTED, "x"), (0, "x" * 61), (0, "two\nlines")):
        with pytest.raises(DataError, match=r"topic"):
            topics.rename(topic, name)


def test_what_is_missing_broken_or_old_is_refused_with_the_command(tmp_path: Path) -> None:
    dataset = world(tmp_path / "world")
    with pytest.raises(DataError, match="workbench topics .*world'"):
        Topics.open(dataset.root)
    topics = learn(dataset)
    assert topics.check(dataset) is topics

    def drop(tables: dict[str, pd.DataFrame]) -> None:
        tables["likes"] = tables["likes"][1:]

    with pytest.raises(DataError, match="workbench topics .* --topics 5"):
        topics.check(world(tmp_path / "smaller", drop))
    (topics.folder / "words.json").write_text("{")
    with pytest.raises(DataError, match="make the topics again"):
        Topics.open(dataset.root)


def test_options_out_of_range_and_worlds_without_words_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    for option, value in (("topics", 1), ("decay", 1.5), ("days", 0), ("sweeps", 0), ("common", 0)):
        with pytest.raises(DataError, match=option):
            fit_topics(dataset, **{option: value})
    with pytest.raises(DataError, match="name"):
        fit_topics(dataset, name="../up")
    silent = world(tmp_path / "silent", lambda tables: tables.update(items=tables["items"].drop(columns="text")))
    with pytest.raises(DataError, match="text"):
        learn(silent)


def test_a_failure_leaves_the_topics_that_were_there(dataset: Dataset) -> None:
    topics = learn(dataset, name="kept")

    def stop(share: float, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_topics(dataset, topics=3, name="kept", report=stop)
    assert len(Topics.open(dataset.root, "kept")) == len(topics)
    assert json.loads((topics.folder / "card.json").read_text())["topics"] == PLANTED


def test_slices_begin_on_mondays_or_are_counted_from_1970() -> None:
    monday = 1_700_438_400
    assert slice_of(torch.tensor([monday - 1, monday, monday + WEEK - 1])).diff().tolist() == [1, 0]
    assert slice_of(torch.tensor([-1, 0, 43_199, 43_200]), 0.5).tolist() == [-1, 0, 0, 1]
