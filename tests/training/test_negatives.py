"""The batches of an epoch: every like once, negatives never liked in training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from workbench.data.dataset import Dataset
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.training.negatives import PairSampler

CPU = torch.device("cpu")


def test_an_epoch_has_every_training_like_once_and_no_liked_negative(toy: Dataset) -> None:
    sampler = PairSampler(toy, batch=50, negatives=7, device=CPU)
    batches = list(sampler.epoch(seed=1, epoch=1))
    assert len(batches) == sampler.steps
    assert all(len(batch.users) == 50 for batch in batches[:-1])
    drawn = sorted((int(u), int(i)) for b in batches for u, i in zip(b.users, b.positives, strict=True))
    assert drawn == sorted(zip(*(t.tolist() for t in toy.likes("train")), strict=True))
    liked = set(drawn)
    for batch in batches:
        assert batch.negatives.shape == (len(batch.users), 7)
        assert not any(
            (int(u), int(j)) in liked for u, row in zip(batch.users, batch.negatives, strict=True) for j in row
        )


def test_negatives_are_uniform_over_what_was_not_liked(toy: Dataset) -> None:
    sampler = PairSampler(toy, batch=1000, negatives=400, device=CPU)
    counts = torch.zeros(len(toy.items))
    (batch,) = sampler.epoch(0, 0)
    user = int(batch.users[0])
    counts.index_add_(
        0, batch.negatives[batch.users == user].flatten(), torch.ones(int((batch.users == user).sum()) * 400)
    )
    free = torch.ones(len(toy.items), dtype=torch.bool)
    free[toy.history.row(user)] = False
    assert (counts[~free] == 0).all()
    expected = float(counts.sum() / free.sum())
    chi = float(((counts[free] - expected) ** 2 / expected).sum())
    assert chi < float(free.sum()) + 5 * (2 * float(free.sum())) ** 0.5


def test_epochs_and_seeds_differ_and_repeat(toy: Dataset) -> None:
    sampler = PairSampler(toy, 50, 2, CPU)

    def order(seed: int, epoch: int) -> list[int]:
        return torch.cat([b.positives for b in sampler.epoch(seed, epoch)]).tolist()

    assert order(1, 1) == order(1, 1)
    assert order(1, 1) != order(1, 2) != order(2, 1)


def test_processes_share_every_batch(toy: Dataset) -> None:
    whole = list(PairSampler(toy, 64, 3, CPU).epoch(5, 2))
    halves = [list(PairSampler(toy, 64, 3, CPU, (rank, 2)).epoch(5, 2)) for rank in (0, 1)]
    assert len(halves[0]) == len(halves[1]) == len(whole)
    for one, left, right in zip(whole, *halves, strict=True):
        assert torch.equal(torch.cat([left.positives, right.positives]), one.positives)
        assert abs(len(left.users) - len(right.users)) <= 1


def world_of(folder: Path, likes: list[tuple[int, int]], items: int) -> Dataset:
    tables = {
        "items": pd.DataFrame({"item": range(items)}),
        "likes": pd.DataFrame(likes, columns=["user", "item"]).assign(split="train"),
    }
    write_dataset(folder, DatasetCard(name="small"), tables)
    return Dataset.open(folder)


def test_a_user_who_likes_everything_is_left_out(tmp_path: Path) -> None:
    dataset = world_of(tmp_path / "w", [(0, 0), (0, 1), (0, 2), (1, 2)], 3)
    (batch,) = PairSampler(dataset, 8, 4, CPU).epoch(0, 1)
    assert batch.users.tolist() == [1] and set(batch.negatives.flatten().tolist()) <= {0, 1}


def test_nothing_to_contrast_is_one_sentence(tmp_path: Path) -> None:
    dataset = world_of(tmp_path / "w", [(0, 0), (0, 1)], 2)
    with pytest.raises(ValueError, match="no user with both a training like and an image left"):
        PairSampler(dataset, 8, 4, CPU)
