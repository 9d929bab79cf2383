"""Small worlds for tests, built from a seeded generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from workbench.data.schema import DatasetCard
from workbench.data.splits import leave_one_out
from workbench.data.write import write_dataset

N_USERS, N_ITEMS, N_TOPICS = 40, 120, 6
LONELY = N_USERS - 1
"""Position of the one user with neither uploads nor follows."""

WORDS = ("harbour", "market", "meadow", "kitchen", "tower", "winter")


def write_toy(folder: Path, seed: int = 0) -> Path:
    """Write a social world with tastes: 40 users and 120 items of 6 topics.

    User ids are 1000, 1003, ... and item ids 500, 502, ..., so that an id is never mistaken for a code. Users 0-31
    have uploads, 0-25 and 32-38 follow somebody, user 39 does neither; the last item has no creator. Everybody has
    at least five likes with times, mostly of the own two topics and of what the followed people uploaded; the last
    like is the test, the one before it validation.
    """
    rng = np.random.default_rng(seed)
    user_ids = 1000 + 3 * np.arange(N_USERS)
    item_ids = 500 + 2 * np.arange(N_ITEMS)
    topics = rng.integers(N_TOPICS, size=N_ITEMS)
    tastes = np.stack([rng.choice(N_TOPICS, size=2, replace=False) for _ in range(N_USERS)])
    creators = np.concatenate([np.arange(32), rng.integers(32, size=N_ITEMS - 33)])
    follows = {
        user: rng.choice(np.delete(np.arange(N_USERS), user), size=rng.integers(1, 7), replace=False)
        for user in (*range(26), *range(32, LONELY))
    }
    likes = []
    for user in range(N_USERS):
        wanted = np.where(np.isin(topics, tastes[user]), 8.0, 1.0)
        wanted[:-1] += 6.0 * np.isin(creators, follows.get(user, []))
        liked = rng.choice(N_ITEMS, size=rng.integers(5, 16), replace=False, p=wanted / wanted.sum())
        times = 1_700_000_000 + np.sort(rng.integers(0, 10_000_000, size=len(liked)))
        likes.append(pd.DataFrame({"user": user_ids[user], "item": item_ids[liked], "time": times}))
    likes_table = pd.concat(likes, ignore_index=True).sample(frac=1, random_state=seed, ignore_index=True)
    likes_table["split"] = leave_one_out(likes_table, seed)
    texts = [f"a {WORDS[topic]} with {WORDS[rng.integers(N_TOPICS)]} light" for topic in topics]
    tables = {
        "users": pd.DataFrame({"user": user_ids, "name": [f"Person {position}" for position in range(N_USERS)]}),
        "items": pd.DataFrame(
            {
                "item": item_ids,
                "creator": pd.array([*user_ids[creators].tolist(), None], dtype="Int64"),
                "text": texts,
                "time": 1_690_000_000 + rng.integers(0, 9_000_000, size=N_ITEMS),
            }
        ),
        "likes": likes_table,
        "follows": pd.DataFrame(
            [(user_ids[user], user_ids[other]) for user, others in follows.items() for other in others],
            columns=["follower", "followee"],
        ),
    }
    card = DatasetCard(name="toy", licence="none", provenance="built by the tests", seed=seed)
    write_dataset(folder, card, tables)
    return folder
