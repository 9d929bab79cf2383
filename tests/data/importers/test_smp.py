from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.data.check import check
from workbench.data.errors import DataError
from workbench.data.importers import IMPORTERS
from workbench.data.importers.smp import import_smp

N = 40
PHOTOS = "https://www.flickr.com/photos"


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Forty posts of four users in another order than their texts; post 3 is not ASCII, post 5 too short.

    Posts 0 to 9 have an image. Post 900 has a label but no text.
    """
    folder = tmp_path / "challenge"
    folder.mkdir()
    posts = [900, *np.random.default_rng(0).permutation(N).tolist()]
    write_lines(folder / "train_url.txt", [f"{PHOTOS}/user{post % 4}/{post}" for post in posts])
    write_lines(folder / "train_data.txt", [f"p{post} u{post % 4} {1000 + post} 9 1 5 6 7 8.5 3 2.5" for post in posts])
    write_lines(folder / "train_label.txt", [str(post / 8) for post in posts])
    write_lines(folder / "TimeZone.txt", [*(f"u{user} {'+-'[user % 2]}0{user}:00" for user in range(3)), ""])
    titles = {3: "Ein schöner Abend am langen See", 5: "Boat a"}
    texts = [
        {
            "title": titles.get(post, f"Boat {post}00 at sea"),
            "desc": "" if post == 5 else " in the wind\n",
            "img_url": "x",
        }
        for post in range(N)
    ]
    write_lines(
        folder / "data.json",
        [json.dumps(text | {"url": f"{PHOTOS}/user{post % 4}/{post}"}) for post, text in enumerate(texts)],
    )
    for post in range(10):
        image = folder / f"img/train/user{post % 4}/{post}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), np.full((8, 8, 3), post, np.uint8))
    return folder


def test_texts_posts_and_labels_are_joined_on_the_url(source: Path, tmp_path: Path) -> None:
    dataset = IMPORTERS["smp"].run(source, tmp_path / "out")
    assert check(dataset.root) == []
    wanted = [post for post in range(N) if post not in (3, 5)]
    posts, items = dataset.table("posts").set_index("item"), dataset.table("items").set_index("item")
    assert sorted(posts.index) == list(dataset.items) == wanted
    assert posts["popularity"].to_dict() == {post: post / 8 for post in wanted}
    assert posts["time"].to_dict() == items["time"].to_dict() == {post: 1000 + post for post in wanted}
    assert posts["user"].to_dict() == items["creator"].to_dict() == {post: f"user{post % 4}" for post in wanted}
    assert items.at[7, "text"] == "Boat 700 at sea #desc: in the wind"
    assert items["image"].dropna().index.tolist() == [post for post in wanted if post < 10]
    image = items.at[7, "image"]
    assert (dataset.root / image).read_bytes() == (source / image).read_bytes()
    assert set(posts.columns) == {"user", "time", "popularity", "split"}
    assert set(items.columns) == {"creator", "image", "text", "time"}
    users = dataset.table("users").set_index("user")["utc_offset"]
    assert users.dropna().to_dict() == {"user0": 0, "user1": -1, "user2": 2} and users.isna().sum() == 1


def test_the_first_posts_in_time_are_learned_from(source: Path, tmp_path: Path) -> None:
    posts = import_smp(source, tmp_path / "out").table("posts").sort_values("time")
    assert posts["split"].tolist()[:27] == ["train"] * 27
    assert posts["split"].value_counts().to_dict() == {"train": 27, "test": 7, "validation": 4}
    again = import_smp(source, tmp_path / "again").table("posts").sort_values("time")
    assert again["split"].tolist() == posts["split"].tolist()


def test_nothing_is_dropped_unless_asked(source: Path, tmp_path: Path) -> None:
    assert len(import_smp(source, tmp_path / "all", clean=False).items) == N
    with_image = import_smp(source, tmp_path / "images", text_only=False)
    assert list(with_image.items) == [0, 1, 2, 4, 6, 7, 8, 9]
    assert with_image.table("items")["image"].notna().all()


BROKEN = {
    "train_url.txt have 41, 41 and 1 lines": ("train_url.txt", f"{PHOTOS}/user1/1\n"),
    "train_data.txt, row 1: has 2 fields, not 11": ("train_data.txt", "p1 u1\n" * (N + 1)),
    "train_label.txt, row 2, column label: 'high' is not a number": ("train_label.txt", "1\n" + "high\n" * N),
    "train_label.txt, row 1, column label: '-1' is out of range": ("train_label.txt", "-1\n" * (N + 1)),
    "data.json, row 1: is no post (Invalid JSON": ("data.json", "{\n"),
    "data.json, row 2: is no post (url: Field required)": (
        "data.json",
        f'{{"url": "{PHOTOS}/user1/1", "title": "a"}}\n{{"title": "b"}}\n',
    ),
    "data.json, row 1, column url: 'https://example.org/nobody' is not in train_url.txt": (
        "data.json",
        '{"url": "https://example.org/nobody"}\n',
    ),
    "data.json, row 2, column url: 'https://www.flickr.com/photos/user1/1' repeats": (
        "data.json",
        f'{{"url": "{PHOTOS}/user1/1"}}\n' * 2,
    ),
    "train_url.txt, row 2, column url: 'https://www.flickr.com/photos/user1/1' repeats": (
        "train_url.txt",
        f"{PHOTOS}/user1/1\n" * (N + 1),
    ),
    "data.json, row 2, column image: 'img/train/user1/1.jpg' cannot be decoded": ("img/train/user1/1.jpg", "no image"),
    "data.json: is not UTF-8 in line 1": ("data.json", "caf\udce9\n"),
    "No post of": ("data.json", f'{{"url": "{PHOTOS}/user1/1", "title": "short"}}\n'),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_source_is_explained_and_nothing_is_written(source: Path, tmp_path: Path, sentence: str) -> None:
    file, text = BROKEN[sentence]
    (source / file).write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DataError) as caught:
        import_smp(source, tmp_path / "out")
    assert sentence in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["challenge"]


def test_urls_name_user_and_post(source: Path, tmp_path: Path) -> None:
    urls = ["nowhere", f"{PHOTOS}/ada/5/", f"{PHOTOS}/bob/5"]
    write_lines(source / "train_url.txt", urls)
    write_lines(source / "train_data.txt", ["p u 1 9 1 5 6 7 8 3 2"] * 3)
    write_lines(source / "train_label.txt", ["1"] * 3)
    write_lines(source / "data.json", [json.dumps({"url": url}) for url in urls])
    with pytest.raises(DataError) as caught:
        import_smp(source, tmp_path / "out", clean=False)
    assert [(fault.row, fault.message.split(";")[0]) for fault in caught.value.faults] == [
        (1, "'nowhere' names no user and post"),
        (3, f"'{PHOTOS}/bob/5' names the post of an earlier URL"),
    ]


def test_a_missing_file_is_named(source: Path, tmp_path: Path) -> None:
    (source / "TimeZone.txt").unlink()
    assert "utc_offset" not in import_smp(source, tmp_path / "out").table("users")
    (source / "train_label.txt").unlink()
    with pytest.raises(DataError, match=r"train_label\.txt: is missing in .*challenge; add it"):
        import_smp(source, tmp_path / "other")
