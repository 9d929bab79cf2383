"""A social life on top of any pictures, with its causes written down. Formulas in docs/postcards.md."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.data.postcards.likes import CREATOR, FOLLOWS, NOISE, OWN, UPLOADS, Likes, draw_likes
from workbench.data.postcards.names import people
from workbench.data.postcards.pictures import Codes, Gallery, Pictures, hang
from workbench.data.postcards.posts import Posts, draw_posts
from workbench.data.postcards.society import ASPECTS, HOURS, WEEKS, Society, gather
from workbench.data.schema import BOX
from workbench.data.splits import leave_one_out, split_posts

START = 1_704_067_200
"""Monday 2024-01-01, midnight UTC: likes begin, pictures have been posted in the ``WEEKS`` before."""
FEWEST_USERS = 12

Names = NDArray[np.object_]


def plant(
    pictures: Pictures, seed: int, n_users: int, fewest_likes: int = 35, most_likes: int = 60
) -> dict[str, pd.DataFrame]:
    """Plant users, uploads, follows, likes and posts on pictures, and the cause of every like and post.

    Args:
        pictures: any pictures with boxes, labels and captions.
        seed: the same seed gives the same tables.
        n_users: how many users, at least ``FEWEST_USERS``.
        fewest_likes: fewest visits of a user.
        most_likes: most visits of a user; a visit that finds nothing new to like leaves no like.

    Returns:
        Every table of a dataset by name: users, items, likes, follows, posts, regions, causes, and attributes and
        frames where the pictures have them. Truth about people stands in further columns of users, follows and items.

    Raises:
        DataError: too few users, likes, pictures or themes.
    """
    if n_users < FEWEST_USERS or not 3 <= fewest_likes <= most_likes:
        raise DataError(
            f"Planting needs at least {FEWEST_USERS} users with 3 likes or more each; "
            f"{n_users} users with {fewest_likes} to {most_likes} likes were asked for."
        )
    if len(pictures.items) < 3 * n_users // 2 or len(pictures.items) < most_likes:
        raise DataError(
            f"{len(pictures.items)} pictures are too few for {n_users} users with up to {most_likes} likes; "
            "ask for at most two users to three pictures, and for fewer likes than pictures."
        )
    # One stream of random numbers per step, so that a change to one step leaves the draws of the others alone.
    streams = np.random.default_rng(seed).spawn(5)
    gallery = hang(pictures, streams[0])
    society = gather(gallery, n_users, (fewest_likes + most_likes) // 2, streams[1])
    likes = draw_likes(gallery, society, fewest_likes, most_likes, streams[2])
    posts = draw_posts(gallery, society, streams[3])
    ids, names = people(n_users, streams[4])
    user_ids = np.array(ids, object)
    posted = START - streams[4].integers(1, WEEKS * HOURS * 3600, len(gallery.ids))
    tables = {
        "users": _users(gallery, society, user_ids, names),
        "items": _items(pictures.items, society, user_ids, posted),
        "likes": _likes(gallery, likes, user_ids, seed),
        "follows": _follows(society, user_ids),
        "posts": _posts(gallery, society, posts, user_ids, posted, streams[4]),
        "regions": pictures.regions,
        "causes": pd.concat(
            [
                _like_causes(pictures, gallery, likes, user_ids),
                _post_causes(pictures, gallery, society, posts, user_ids),
            ],
            ignore_index=True,
        ),
    }
    further = {"attributes": pictures.attributes, "frames": pictures.frames}
    return tables | {name: table for name, table in further.items() if table is not None}


def _users(gallery: Gallery, society: Society, user_ids: Names, names: list[str]) -> pd.DataFrame:
    themes, labels = np.array(gallery.themes, object), np.array(gallery.labels, object)
    own = np.argsort(-society.taste.mean(axis=1), axis=1, kind="stable")[:, : society.favourite.shape[1]]
    admired = pd.DataFrame(
        {"user": society.admires.owners, "creator": user_ids[society.admires.values], "weight": society.admires.weights}
    ).sort_values(["user", "weight"], ascending=[True, False])
    admires = admired.groupby("user")["creator"].agg(" ".join).reindex(range(len(user_ids)), fill_value="")
    table = {
        "user": user_ids,
        "name": names,
        "community": society.community,
        "planted_aspect": np.array(ASPECTS, object)[society.aspect],
        **{f"theta_{aspect}": society.theta[:, code] for code, aspect in enumerate(ASPECTS)},
        "own_theme": themes[own[:, 0]],
        "second_theme": themes[own[:, 1]],
        "favourite": labels[society.favourite[:, 0]],
        "second_favourite": labels[society.favourite[:, 1]],
        "admires": admires.to_numpy(),
    }
    if gallery.values:
        table["liked_attribute"] = np.array(gallery.values, object)[society.liked_value]
    return pd.DataFrame(table)


def _items(items: pd.DataFrame, society: Society, user_ids: Names, posted: Codes) -> pd.DataFrame:
    salience = np.empty(len(items))
    salience[society.uploads.values] = society.uploads.weights
    return items.assign(creator=user_ids[society.creator], time=posted, salience=salience)


def _follows(society: Society, user_ids: Names) -> pd.DataFrame:
    follows = society.follows
    return pd.DataFrame(
        {
            "follower": user_ids[follows.owners],
            "followee": user_ids[follows.values],
            "influence": follows.weights,
        }
    )


def _likes(gallery: Gallery, likes: Likes, user_ids: Names, seed: int) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "id": np.arange(len(likes.user)),
            "user": user_ids[likes.user],
            "item": gallery.ids[likes.picture],
            "time": START + likes.seconds,
        }
    )
    return table.assign(split=leave_one_out(table, seed))


def _posts(
    gallery: Gallery,
    society: Society,
    posts: Posts,
    user_ids: Names,
    posted: Codes,
    generator: np.random.Generator,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": np.arange(len(gallery.ids)),
            "item": gallery.ids,
            "user": user_ids[society.creator],
            "time": posted,
            "popularity": posts.popularity,
            "split": split_posts(posted, generator),
            "views": posts.views,
        }
    )


def _like_causes(pictures: Pictures, gallery: Gallery, likes: Likes, user_ids: Names) -> pd.DataFrame:
    themes, values = np.array(gallery.themes, object), np.array((*gallery.values, None), object)
    ids = np.array([str(item) for item in gallery.ids], object)
    element = np.full(len(likes.user), None, object)
    topic = np.full(len(likes.user), None, object)
    for aspect, known in ((OWN, themes), (UPLOADS, ids), (FOLLOWS, user_ids), (CREATOR, user_ids)):
        rows = likes.aspect == aspect
        element[rows] = known[likes.element[rows]]
    topic[likes.aspect == OWN] = element[likes.aspect == OWN]
    kinds = np.full(NOISE + 1, None, object)
    kinds[[OWN, UPLOADS, FOLLOWS, CREATOR]] = ["topic", "image", "person", "person"]
    causes = pd.DataFrame(
        {
            "id": np.arange(len(likes.user)),
            "source": "like",
            "user": user_ids[likes.user],
            "item": gallery.ids[likes.picture],
            "aspect": np.array([*ASPECTS, "noise"], object)[likes.aspect],
            "element_kind": kinds[likes.aspect],
            "element": element,
        }
    )
    causes = causes.assign(**_thing_columns(pictures, gallery, likes.thing), topic=topic, hour=likes.hour)
    if gallery.values:
        causes["attribute"] = values[likes.value]
    if pictures.frames is not None:
        causes["frame"] = _key_frames(pictures.frames, causes)
    return causes.astype({"hour": "Int64"})


def _post_causes(pictures: Pictures, gallery: Gallery, society: Society, posts: Posts, user_ids: Names) -> pd.DataFrame:
    thing = _thing_columns(pictures, gallery, posts.thing)
    known = posts.thing >= 0
    return pd.DataFrame(
        {
            "id": np.arange(len(gallery.ids)),
            "source": "post",
            "user": user_ids[society.creator],
            "item": gallery.ids,
            "aspect": np.where(known, "regions", "noise"),
            "element_kind": np.array([None, "region"], object)[known.astype(int)],
            "element": [None if region is None else str(region) for region in thing["region"]],
            **thing,
            "effect": posts.effect,
        }
    )


def _thing_columns(pictures: Pictures, gallery: Gallery, thing: Codes) -> dict[str, NDArray[np.generic] | Names]:
    """Region id, label, box and naming words of the things (n,); empty where the code is -1."""
    known = thing >= 0
    row = gallery.row[thing]
    boxes = pictures.regions[BOX].to_numpy(np.float64)[row]
    boxes[~known] = np.nan
    region = pictures.regions["region"].to_numpy(object)[row]
    label = np.array(gallery.labels, object)[gallery.label[thing]]
    words = gallery.words[thing]
    region[~known] = label[~known] = words[~known] = None
    return {
        "region": pd.Series(region).convert_dtypes().array,
        "label": label,
        "words": words,
        **dict(zip(BOX, boxes.T, strict=True)),
    }


def _key_frames(frames: pd.DataFrame, causes: pd.DataFrame) -> pd.Series:
    """The frame that shows the thing of the cause largest, in each cause's reel; missing where there is none."""
    featured = frames.dropna(subset=["label"]).sort_values("prominence", ascending=False, kind="stable")
    featured = featured.drop_duplicates(["item", "label"])[["item", "label", "frame"]]
    found = causes[["item", "label"]].merge(featured, on=["item", "label"], how="left")
    return found["frame"].convert_dtypes()
