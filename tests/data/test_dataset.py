from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.worlds import LONELY, N_ITEMS, N_USERS, write_toy
from workbench.data.dataset import Dataset, DatasetCard, IdMap
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.data.write import write_dataset


def sets_by_id(dataset: Dataset, ragged: Ragged, to_items: bool) -> dict[int | str, list[int | str]]:
    ids = dataset.items if to_items else dataset.users
    return {
        dataset.users.id(user): [ids.id(code) for code in ragged.row(user).tolist()]
        for user in range(len(ragged))
        if ragged.row(user).numel()
    }


def sets_of_table(rows: pd.DataFrame, key: str, value: str) -> dict[int | str, list[int | str]]:
    """Grouped one row at a time: the plain reference for the tensors."""
    sets = defaultdict(set)
    for owner, member in zip(rows[key], rows[value], strict=True):
        sets[owner].add(member)
    return {owner: sorted(members) for owner, members in sets.items()}


def test_the_toy_has_the_promised_gaps(toy: Dataset) -> None:
    assert (len(toy.users), len(toy.items)) == (N_USERS, N_ITEMS)
    uploads, follows = toy.uploads.lengths, toy.follows.lengths
    assert torch.nonzero((uploads == 0) & (follows == 0)).flatten().tolist() == [LONELY]
    assert (uploads == 0).sum() > 1 and (follows == 0).sum() > 1
    assert torch.nonzero(toy.creator == -1).flatten().tolist() == [N_ITEMS - 1]
    assert toy.known.lengths.min() >= 5 and (toy.history.lengths == toy.known.lengths - 2).all()


def test_the_toy_is_the_same_for_the_same_seed(toy: Dataset, tmp_path: Path) -> None:
    assert Dataset.open(write_toy(tmp_path / "again")).fingerprint == toy.fingerprint
    assert Dataset.open(write_toy(tmp_path / "other", seed=1)).fingerprint != toy.fingerprint


def test_sets_agree_with_the_tables(toy: Dataset) -> None:
    likes, items = toy.table("likes"), toy.table("items")
    train = likes[likes["split"] == "train"]
    assert sets_by_id(toy, toy.history, to_items=True) == sets_of_table(train, "user", "item")
    assert sets_by_id(toy, toy.known, to_items=True) == sets_of_table(likes, "user", "item")
    assert sets_by_id(toy, toy.uploads, to_items=True) == sets_of_table(items.dropna(), "creator", "item")
    assert sets_by_id(toy, toy.follows, to_items=False) == sets_of_table(toy.table("follows"), "follower", "followee")


def test_an_image_is_as_old_as_it_says_or_else_as_its_first_post(tmp_path: Path) -> None:
    card = DatasetCard(name="times", licence="none", provenance="the test")
    items = pd.DataFrame({"item": [4, 2, 3, 1], "time": pd.array([40, None, None, None], dtype="Int64")})
    posts = pd.DataFrame({"item": [2, 2, 4, 3], "user": [1, 2, 1, 1], "time": [25, 20, 7, 30], "popularity": 1.0})
    write_dataset(tmp_path / "timed", card, {"items": items, "posts": posts})
    uploaded = Dataset.open(tmp_path / "timed").uploaded
    assert uploaded[0].isnan() and uploaded[1:].tolist() == [20, 30, 40]


def test_likes_are_ordered_by_user_then_by_row(toy: Dataset) -> None:
    table = toy.table("likes")
    for splits in [(), ("test",), ("train", "validation")]:
        wanted = table[table["split"].isin(splits)] if splits else table
        wanted = wanted.sort_values("user", kind="stable")
        users, items = toy.likes(*splits)
        assert users.dtype == items.dtype == torch.int64
        assert [toy.users.id(code) for code in users.tolist()] == wanted["user"].tolist()
        assert [toy.items.id(code) for code in items.tolist()] == wanted["item"].tolist()
    with pytest.raises(DataError, match="no split 'dev'; choose among train"):
        toy.likes("dev")


def test_labels_and_unknown_ids(toy: Dataset) -> None:
    assert toy.user_label(toy.users.code(1003)) == "Person 1"
    assert toy.item_label(toy.items.code(504)) == "image 504"
    assert toy.users.parse("1006") == toy.users.code(1006) == 2
    with pytest.raises(DataError, match="no user '5' in this dataset"):
        toy.users.code(5)
    with pytest.raises(DataError, match="ids of this dataset are whole numbers, not 'Mina'"):
        toy.users.parse("Mina")
    with pytest.raises(DataError, match="no table posts; it has users, items"):
        toy.table("posts")


def test_items_are_called_by_their_name_where_they_have_one(tmp_path: Path) -> None:
    tables = {
        "items": pd.DataFrame({"item": [5, 3, 4], "name": ["Heat (1995)", "", None]}),
        "likes": pd.DataFrame({"user": [1], "item": [5]}),
    }
    write_dataset(tmp_path / "named", DatasetCard(name="named"), tables)
    dataset = Dataset.open(tmp_path / "named")
    assert [dataset.item_label(code) for code in range(3)] == ["image 3", "image 4", "Heat (1995)"]
    tables["items"] = tables["items"].assign(name=[1, 2, 3])
    with pytest.raises(DataError, match=r"items\.parquet, column name: holds int64; write it as text"):
        write_dataset(tmp_path / "numbered", DatasetCard(name="numbered"), tables)


def test_ids_of_text_stay_text() -> None:
    ids = IdMap(pd.Series(["b10", "b9", "a", "b9"]), "item")
    assert list(ids) == ["a", "b10", "b9"] and isinstance(ids.id(0), str)
    assert ids.codes(pd.Series(["b9", "a"])).tolist() == [2, 0]
    assert ids.parse("b10") == 1
    assert not ids.numeric


def test_ids_of_numbers_keep_every_digit() -> None:
    long = 2**60 + 1
    ids = IdMap(pd.Series(pd.array([long, 4, None], "Int64")), "user")
    assert [ids.id(code) for code in range(len(ids))] == [4, long]
    assert ids.codes(np.array([long, 4, 4])).tolist() == [1, 0, 0]


@pytest.fixture
def unlisted(tmp_path: Path) -> Dataset:
    """Users without a table of their own, likes without a split, follows with a repetition, items out of order."""
    tables = {
        "items": pd.DataFrame(
            {"item": ["y", "x", "z"], "creator": ["eve", None, "ada"], "image": ["pictures/y.png", None, ""]}
        ),
        "likes": pd.DataFrame({"user": ["bob"] * 3 + ["cleo"], "item": ["y", "x", "z", "x"]}),
        "follows": pd.DataFrame({"follower": ["dan", "dan", "bob"], "followee": ["bob", "bob", "dan"]}),
        "posts": pd.DataFrame({"item": ["x"], "user": ["fay"], "time": [0], "popularity": [1.5]}),
    }
    write_dataset(tmp_path / "unlisted", DatasetCard(name="unlisted", seed=5), tables, {"pictures/y.png": b"drawn"})
    return Dataset.open(tmp_path / "unlisted")


def test_without_a_table_users_are_all_who_are_named(unlisted: Dataset) -> None:
    assert list(unlisted.users) == ["ada", "bob", "cleo", "dan", "eve", "fay"]
    assert unlisted.user_label(1) == "bob"
    assert [unlisted.users.id(code) if code >= 0 else None for code in unlisted.creator.tolist()] == [
        None,
        "eve",
        "ada",
    ]
    assert unlisted.follows.lengths.tolist() == [0, 1, 0, 1, 0, 0]


def test_without_a_split_one_like_each_is_held_out_by_the_seed(unlisted: Dataset) -> None:
    bob, cleo = unlisted.users.code("bob"), unlisted.users.code("cleo")
    assert unlisted.likes("train")[0].tolist() == [bob, cleo]
    assert unlisted.likes("validation")[0].tolist() == unlisted.likes("test")[0].tolist() == [bob]
    again = Dataset.open(unlisted.root)
    assert again.likes("test")[1].tolist() == unlisted.likes("test")[1].tolist()


def test_images_are_found_inside_the_folder_only(unlisted: Dataset, tmp_path: Path) -> None:
    code = unlisted.items.code("y")
    assert unlisted.image_relative(code) == "pictures/y.png"
    path = unlisted.image_path(code)
    assert path is not None and path.read_bytes() == b"drawn"
    assert unlisted.image_path(unlisted.items.code("x")) is unlisted.image_path(unlisted.items.code("z")) is None
    path.unlink()
    path.symlink_to(tmp_path)
    with pytest.raises(DataError, match="leads out of the folder"):
        unlisted.image_path(code)


def test_posts_alone_make_a_dataset(tmp_path: Path) -> None:
    tables = {
        "items": pd.DataFrame({"item": [1, 2]}),
        "posts": pd.DataFrame({"item": [1, 2], "user": [9, 4], "time": [0, 1], "popularity": [3.0, 0.0]}),
    }
    write_dataset(tmp_path / "posts", DatasetCard(name="posts"), tables)
    dataset = Dataset.open(tmp_path / "posts")
    assert list(dataset.users) == [4, 9] and dataset.user_label(1) == "user 9"
    assert not dataset.has("likes")
    assert all(codes.numel() == 0 and codes.dtype == torch.int64 for codes in dataset.likes("train"))
    assert all(
        len(sets) == 2 and sets.values.numel() == 0 for sets in (dataset.history, dataset.follows, dataset.uploads)
    )


def test_pictures_alone_make_a_dataset_of_nobody(tmp_path: Path) -> None:
    box = {"x0": [0.1], "y0": [0.1], "x1": [0.5], "y1": [0.5]}
    tables = {"items": pd.DataFrame({"item": [1, 2]}), "regions": pd.DataFrame({"item": [2], "region": [0], **box})}
    write_dataset(tmp_path / "pictures", DatasetCard(name="pictures"), tables)
    dataset = Dataset.open(tmp_path / "pictures")
    assert (len(dataset.users), len(dataset.items)) == (0, 2)
    assert all(len(sets) == 0 for sets in (dataset.history, dataset.follows, dataset.uploads))
    with pytest.raises(DataError, match="no user '7' in this dataset"):
        dataset.users.code(7)


def test_the_fingerprint_changes_with_any_cell_and_with_the_card(unlisted: Dataset, tmp_path: Path) -> None:
    tables = {name: unlisted.table(name) for name in ("items", "likes", "follows", "posts")}
    changed = {**tables, "posts": tables["posts"].assign(popularity=[1.25])}
    extra = {**tables, "items": tables["items"].assign(tags=pd.Series([["a"], [], ["b"]], dtype=object))}
    cards = [unlisted.card, unlisted.card, unlisted.card, unlisted.card.model_copy(update={"seed": 6})]
    prints = set()
    for number, (card, content) in enumerate(zip(cards, [tables, changed, extra, tables], strict=True)):
        write_dataset(tmp_path / str(number), card, content)
        prints.add(Dataset.open(tmp_path / str(number)).fingerprint)
    assert unlisted.fingerprint in prints and len(prints) == 4


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no dataset folder at .*absent; check the path"):
        Dataset.open(tmp_path / "absent")
