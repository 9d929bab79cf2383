"""The planted social life: whole, repeatable, and each main aspect visible in the likes it caused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from workbench.data.check import check_tables
from workbench.data.errors import DataError
from workbench.data.postcards.names import FIRST_NAMES, people
from workbench.data.postcards.pictures import Bags, Pictures, draw_rows, naming_words, ranks_within
from workbench.data.postcards.plant import START, plant
from workbench.data.postcards.scene import CATEGORIES
from workbench.data.postcards.society import ASPECTS, HOURS, WEEKS
from workbench.data.postcards.world import build_world

THEMES = {f"kind{kind}": f"theme{kind % 6}" for kind in range(24)}


def some_pictures(n: int = 600) -> Pictures:
    """Pictures without pixels: one to three labelled boxes, a colour each, a caption naming them."""
    generator = np.random.default_rng(3)
    counts = generator.integers(1, 4, n)
    item = np.repeat(np.arange(1, n + 1), counts)
    region = np.arange(len(item)) - np.repeat(np.cumsum(counts) - counts, counts)
    kind = (generator.integers(24, size=n)[item - 1] + 7 * region) % 24
    corner, side = generator.uniform(0, 0.5, (2, len(item))), np.where(region == 0, 0.45, 0.3)
    colour = np.array(["red", "blue", "green"])[generator.integers(3, size=len(item))]
    regions = pd.DataFrame({"item": item, "region": region, "x0": corner[0], "y0": corner[1]})
    regions = regions.assign(x1=corner[0] + side, y1=corner[1] + side, label=[f"kind{k}" for k in kind])
    phrases = pd.Series("a " + colour + " " + regions["label"])
    return Pictures(
        items=pd.DataFrame({"item": np.arange(1, n + 1), "text": phrases.groupby(item).agg(" and ".join).to_numpy()}),
        regions=regions,
        themes=THEMES,
        attributes=regions[["item", "region"]].assign(attribute="colour", value=colour),
    )


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return some_pictures()


@pytest.fixture(scope="module")
def planted(pictures: Pictures) -> dict[str, pd.DataFrame]:
    return plant(pictures, seed=7, n_users=160)


@pytest.fixture(scope="module")
def causes(planted: dict[str, pd.DataFrame]) -> pd.DataFrame:
    causes = planted["causes"]
    return causes[causes["source"] == "like"].reset_index(drop=True)


def test_names_are_many_short_and_distinct() -> None:
    ids, names = people(len(FIRST_NAMES) + 5, np.random.default_rng(0))
    assert len(FIRST_NAMES) >= 320 and max(map(len, FIRST_NAMES)) <= 7
    assert len(set(ids)) == len(set(names)) == len(ids)
    assert all(name.isascii() and name == name.lower() for name in ids)


def test_tables_pass_the_checks_of_a_dataset(planted: dict[str, pd.DataFrame]) -> None:
    assert check_tables(planted) == []


def test_same_seed_same_world_and_other_seed_another(pictures: Pictures, planted: dict[str, pd.DataFrame]) -> None:
    again, other = plant(pictures, seed=7, n_users=160), plant(pictures, seed=8, n_users=160)
    for name, frame in planted.items():
        pd.testing.assert_frame_equal(frame, again[name])
    assert not planted["likes"]["item"].equals(other["likes"]["item"])


def test_likes_are_new_foreign_later_than_the_picture_and_in_order(planted: dict[str, pd.DataFrame]) -> None:
    likes = planted["likes"].merge(planted["items"][["item", "creator", "time"]], on="item", suffixes=("", "_posted"))
    assert not planted["likes"].duplicated(["user", "item"]).any()
    assert (likes["user"] != likes["creator"]).all()
    assert (likes["time"] > likes["time_posted"]).all()
    assert likes["time"].between(START, START + WEEKS * HOURS * 3600).all()
    held_out = planted["likes"].groupby("user")["split"].agg(list)
    assert all(splits[-2:] == ["validation", "test"] and set(splits[:-2]) == {"train"} for splits in held_out)
    assert all(times.is_monotonic_increasing for _, times in planted["likes"].groupby("user")["time"])


def test_every_cause_is_a_fact_of_the_tables(planted: dict[str, pd.DataFrame], causes: pd.DataFrame) -> None:
    users, items = planted["users"].set_index("user"), planted["items"].set_index("item")
    assert causes[["id", "user", "item"]].equals(planted["likes"][["id", "user", "item"]])
    uploads = causes[causes["aspect"] == "uploads"]
    assert (items["creator"].loc[uploads["element"].astype(int)].to_numpy() == uploads["user"]).all()
    follows = causes[causes["aspect"] == "follows"]
    edges = planted["follows"].query("influence > 0")
    assert set(zip(follows["user"], follows["element"], strict=True)) <= set(
        zip(edges["follower"], edges["followee"], strict=True)
    )
    assert (users["favourite"].loc[follows["element"]].to_numpy() == follows["label"]).all()
    creator = causes[causes["aspect"] == "creator"]
    assert (items["creator"].loc[creator["item"]].to_numpy() == creator["element"]).all()
    assert all(c in users["admires"][u].split() for u, c in zip(creator["user"], creator["element"], strict=True))
    own = causes[causes["aspect"] == "own"]
    assert (own["label"].map(THEMES) == own["element"]).all() and (own["topic"] == own["element"]).all()
    assert causes.loc[causes["aspect"] == "noise", ["element", "label", "topic"]].isna().all(axis=None)


def test_causes_name_the_box_the_words_and_the_attribute(
    pictures: Pictures, planted: dict[str, pd.DataFrame], causes: pd.DataFrame
) -> None:
    seen = causes.dropna(subset=["region"])
    boxes = seen[["item", "region"]].merge(pictures.regions, on=["item", "region"], how="left")
    for column in ("label", "x0", "y0", "x1", "y1"):
        assert (boxes[column].to_numpy() == seen[column].to_numpy()).all()
    texts = planted["items"].set_index("item")["text"]
    assert all(words in texts[item] for words, item in zip(seen["words"], seen["item"], strict=True))
    insisted = seen.dropna(subset=["attribute"])
    assert 0.2 < len(insisted) / len(seen) < 0.5
    assert all(a.split("=")[1] == w.split()[0] for a, w in zip(insisted["attribute"], insisted["words"], strict=True))


def test_popularity_is_the_views_and_follows_its_cause(planted: dict[str, pd.DataFrame]) -> None:
    posts, causes = planted["posts"], planted["causes"].query("source == 'post'")
    np.testing.assert_allclose(posts["popularity"], np.log2(posts["views"] / 30 + 1))
    base = posts.groupby("user")["popularity"].transform("mean")
    correlation = np.corrcoef(posts["popularity"] - base, causes["effect"])[0, 1]
    assert correlation > 0.6
    assert posts["split"].value_counts(normalize=True).round(1).to_dict() == {
        "train": 0.7,
        "validation": 0.1,
        "test": 0.2,
    }


def test_main_aspects_are_balanced_and_possible(planted: dict[str, pd.DataFrame], causes: pd.DataFrame) -> None:
    users = planted["users"].set_index("user")
    assert users["planted_aspect"].value_counts().max() <= 1.5 * users["planted_aspect"].value_counts().min()
    np.testing.assert_allclose(users[[f"theta_{aspect}" for aspect in ASPECTS]].sum(axis=1), 1)
    counts = planted["items"]["creator"].value_counts()
    assert (counts.reindex(users.index[users["planted_aspect"] == "uploads"]) >= 3).all()
    joined = causes.merge(users["planted_aspect"], left_on="user", right_index=True)
    shares = joined.groupby("planted_aspect")["aspect"].value_counts(normalize=True).unstack(fill_value=0)
    assert np.diag(shares[list(ASPECTS)].reindex(ASPECTS).to_numpy(float)).min() > 0.5
    assert 0.02 < (causes["aspect"] == "noise").mean() < 0.1


def test_tastes_drift_over_the_weeks(planted: dict[str, pd.DataFrame], causes: pd.DataFrame) -> None:
    own = causes[causes["aspect"] == "own"].merge(planted["likes"][["id", "time"]], on="id")
    late = own["time"] >= START + WEEKS * HOURS * 3600 / 2
    first, second = (
        own[rows].groupby("user")["topic"].value_counts(normalize=True).unstack(fill_value=0) for rows in (~late, late)
    )
    both = first.index.intersection(second.index)
    # Halves made of every other like have the same mix of weeks: what differs between them is chance alone.
    odd = own.groupby("user").cumcount() % 2 == 1
    even_half, odd_half = (
        own[rows].groupby("user")["topic"].value_counts(normalize=True).unstack(fill_value=0) for rows in (~odd, odd)
    )
    common = even_half.index.intersection(odd_half.index)
    drift = (first.loc[both] - second.loc[both]).abs().sum(axis=1).mean()
    assert drift > (even_half.loc[common] - odd_half.loc[common]).abs().sum(axis=1).mean()


@pytest.mark.parametrize("weighted", [True, False], ids=["planted weights", "all elements alike"])
def test_the_main_aspect_predicts_likes_best(
    pictures: Pictures, planted: dict[str, pd.DataFrame], weighted: bool
) -> None:
    """What a model with these aspects must find: the signal of the planted one ranks a user's likes highest."""
    signals = aspect_signals(pictures, planted, THEMES, weighted)
    users, items = planted["users"], pd.Index(planted["items"]["item"])
    creators = planted["items"]["creator"].to_numpy()
    areas = np.zeros((len(users), len(ASPECTS)))
    for row, user in enumerate(users["user"]):
        liked = np.zeros(len(items), bool)
        liked[items.get_indexer(planted["likes"].loc[planted["likes"]["user"] == user, "item"])] = True
        others = ~liked & (creators != user)
        for column, aspect in enumerate(ASPECTS):
            above = signals[aspect][row][liked][:, None] - signals[aspect][row][others]
            areas[row, column] = ((above > 0) + 0.5 * (above == 0)).mean()
    planted_column = np.array([ASPECTS.index(aspect) for aspect in users["planted_aspect"]])
    for column in range(len(ASPECTS)):
        mean = areas[planted_column == column].mean(axis=0)
        assert mean.argmax() == column and mean[column] > np.delete(mean, column).max() + 0.08
    assert (areas.argmax(axis=1) == planted_column).mean() > (0.9 if weighted else 0.75)


def aspect_signals(
    pictures: Pictures, tables: Mapping[str, pd.DataFrame], themes: Mapping[str, str], weighted: bool
) -> dict[str, NDArray[np.float64]]:
    """(users, pictures) affinity of every picture to each aspect of every user, read off the tables alone."""
    users, items = tables["users"].set_index("user"), tables["items"]
    area = (pictures.regions["x1"] - pictures.regions["x0"]) * (pictures.regions["y1"] - pictures.regions["y0"])
    things = pictures.regions.assign(area=area).sort_values("area", ascending=False, kind="stable")
    things = things.drop_duplicates(["item", "label"])
    things["weight"] = np.where(things.duplicated("item"), 0.5, 1.0)
    shows = things.pivot(index="item", columns="label", values="weight").reindex(items["item"]).fillna(0.0)
    main = things.drop_duplicates("item").set_index("item")["label"]
    signals = {aspect: np.zeros((len(users), len(items))) for aspect in ASPECTS}
    theme = pd.Series(themes).reindex(shows.columns)
    for row, (user, person) in enumerate(users.to_dict("index").items()):
        liking = 0.3 * theme.isin([person["own_theme"], person["second_theme"]])
        liking[[person["favourite"], person["second_favourite"]]] = 1.0
        signals["own"][row] = shows @ liking
        for item, salience in items.loc[items["creator"] == user, ["item", "salience"]].itertuples(index=False):
            signals["uploads"][row] += shows[main[item]].to_numpy() * (salience if weighted else 1.0)
        edges = tables["follows"][tables["follows"]["follower"] == user]
        for followee, influence in edges[["followee", "influence"]].itertuples(index=False):
            liked = users.at[followee, "favourite"]
            signals["follows"][row] += shows[liked].to_numpy() * (influence if weighted else 1.0)
        signals["creator"][row] = items["creator"].isin(person["admires"].split())
    return signals


def test_bags_draw_in_proportion_to_the_weights() -> None:
    bags = Bags.of(np.array([2, 0, 2, 0]), np.array([5, 6, 7, 8]), np.array([1.0, 3.0, 3.0, 0.0]), 4)
    generator = np.random.default_rng(0)
    drawn = bags.draw(np.full(20_000, 2), generator)
    assert set(drawn) == {5, 7} and abs((drawn == 7).mean() - 0.75) < 0.02
    assert set(bags.draw(np.zeros(1000, np.int64), generator)) == {6}
    assert (bags.draw(np.array([1, 3]), generator) == -1).all()
    shares = draw_rows(np.tile([0.2, 0.0, 0.8], (20_000, 1)), generator)
    assert abs((shares == 2).mean() - 0.8) < 0.02 and not (shares == 1).any()


def test_ranks_within_counts_earlier_rows_of_the_group() -> None:
    groups = np.random.default_rng(0).integers(5, size=50)
    assert ranks_within(groups).tolist() == [(groups[:place] == group).sum() for place, group in enumerate(groups)]


@pytest.mark.parametrize(
    ("text", "label", "values", "words"),
    [
        ("A small striped red boat and a blue cat.", "boat", {"small", "striped", "red"}, "small striped red boat"),
        ("A small striped red boat and a blue cat.", "cat", {"red"}, "cat"),
        ("Two dogs run in the snow", "dog", set(), "dogs"),
        ("Three women ride", "woman", set(), "women"),
        ("A hot air balloon at noon", "hot air balloon", set(), "hot air balloon"),
        ("Cattle on a meadow", "cat", set(), ""),
    ],
)
def test_naming_words(text: str, label: str, values: set[str], words: str) -> None:
    assert naming_words(text, label, values) == words


def test_too_little_to_plant_on_is_refused(pictures: Pictures) -> None:
    with pytest.raises(DataError, match="at least 12 users"):
        plant(pictures, seed=1, n_users=3)
    with pytest.raises(DataError, match="too few for 5000 users"):
        plant(pictures, seed=1, n_users=5000)
    poor = Pictures(pictures.items, pictures.regions.assign(label="thing"))
    with pytest.raises(DataError, match="at least 4 themes"):
        plant(poor, seed=1, n_users=20)


def test_the_tiny_world_opens_and_repeats(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    world = build_world(tmp_path / "one", "tiny", progress=lambda phrase, share: told.append((phrase, share)))
    again = build_world(tmp_path / "two", "tiny")
    assert world.fingerprint == again.fingerprint
    assert (len(world.users), len(world.items)) == (40, 120)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == 1.0
    for image in [*world.table("items")["image"], *world.table("frames")["image"]]:
        assert (tmp_path / "one" / image).read_bytes() == (tmp_path / "two" / image).read_bytes()
    key = world.table("causes").dropna(subset=["frame"]).merge(world.table("frames"), on=["item", "frame"])
    assert len(key) > 10 and (key["label_x"] == key["label_y"]).all()
    with pytest.raises(DataError, match="not empty"):
        build_world(tmp_path / "one", "tiny")


def test_a_new_life_on_the_pictures_of_a_dataset(tmp_path: Path) -> None:
    world = build_world(tmp_path / "world", "tiny")
    tables = plant(Pictures.of(world, CATEGORIES), seed=1, n_users=30, fewest_likes=10, most_likes=20)
    assert check_tables(tables) == []
    assert set(tables["causes"].dropna(subset=["topic"])["topic"]) <= set(CATEGORIES.values())
    assert tables["causes"]["frame"].notna().any() and tables["causes"]["attribute"].notna().any()
