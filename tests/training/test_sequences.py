"""The batches of models of sequences: every user who has an order to learn, once an epoch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.models.sequence_cases import random_sequences, rows_in_time, write_sequences
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.sequences import Sequences
from workbench.layers.recorded import RecordedSequences
from workbench.training.sequences import SequenceSampler

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """90 users with 0, 1, 2, ... 39 likes to learn from, and some with many more."""
    lengths = [4 + (7 * user) % 40 for user in range(85)] + [104, 154, 204, 254, 304]
    sequences = [random_sequences(1, 400, length, seed=user)[0] for user, length in enumerate(lengths)]
    return write_sequences(tmp_path_factory.mktemp("uneven") / "world", sequences, items=400)


def batches(dataset: Dataset, batch: int = 200, epoch: int = 1, seed: int = 5, shard: tuple[int, int] = (0, 1)) -> list:
    return [part.users.tolist() for part in SequenceSampler(dataset, batch, CPU, shard).epoch(seed, epoch)]


def test_an_epoch_has_everybody_with_two_training_likes_once(uneven: Dataset) -> None:
    lengths = uneven.history.lengths
    expected = [user for user in range(len(lengths)) if lengths[user] >= 2]
    assert 0 in lengths and 1 in lengths and len(expected) < len(lengths)
    for epoch in (1, 2, 3):
        assert sorted(user for part in batches(uneven, epoch=epoch) for user in part) == expected


def test_what_is_learned_from_are_the_training_likes_alone(uneven: Dataset) -> None:
    recorded = RecordedSequences(Sequences.of(uneven))
    for part in batches(uneven)[:5]:
        places = recorded(torch.tensor(part))
        for row, user in enumerate(part):
            table = uneven.table("likes").loc[rows_in_time(uneven, user)].query("split == 'train'")
            assert recorded.likes.values[places.row(row)].tolist() == uneven.items.codes(table["item"]).tolist()
            assert recorded.times[places.row(row)].tolist() == table["time"].tolist()


def test_users_with_many_likes_are_read_from_their_latest(uneven: Dataset) -> None:
    recorded = RecordedSequences(Sequences.of(uneven))
    users, until = torch.tensor([89, 3, 0]), torch.tensor([250, 4, 0])
    places = recorded(users, until, longest=6)
    first = recorded.likes.offsets[users]
    assert [places.row(k).tolist() for k in range(3)] == [
        list(range(int(first[0]) + 244, int(first[0]) + 250)),
        list(range(int(first[1]), int(first[1]) + 4)),
        [],
    ]


def test_batches_hold_about_as_many_likes_as_asked_for_and_little_padding(uneven: Dataset) -> None:
    lengths = uneven.history.lengths
    found, padded, likes = batches(uneven), 0, 0
    for part in found:
        block = len(part) * int(lengths[part].max())
        assert block <= 200 or len(part) == 1
        padded, likes = padded + block, likes + int(lengths[part].sum())
    assert likes > 0.6 * padded
    assert len({tuple(sorted(part)) for part in found} & {tuple(sorted(p)) for p in batches(uneven, epoch=2)}) < 8


def test_steps_are_the_batches_of_the_epoch(uneven: Dataset) -> None:
    sampler = SequenceSampler(uneven, 200, CPU)
    before = sampler.steps
    for epoch in range(1, 6):
        count = len(list(sampler.epoch(0, epoch)))
        assert sampler.steps == count and abs(count - before) <= 3


def test_epochs_and_seeds_differ_and_repeat(uneven: Dataset) -> None:
    assert batches(uneven) == batches(uneven)
    assert batches(uneven) != batches(uneven, epoch=2) != batches(uneven, seed=6)


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("batch", [1, 200, 10_000])
def test_processes_share_every_batch(uneven: Dataset, world: int, batch: int) -> None:
    """All take the same number of steps, nobody has an empty one, and together they learn from everybody once."""
    parts = [batches(uneven, batch, shard=(rank, world)) for rank in range(world)]
    assert len({len(part) for part in parts}) == 1
    assert all(users for part in parts for users in part)
    together = sorted(user for part in parts for users in part for user in users)
    assert together == torch.nonzero(uneven.history.lengths >= 2).flatten().tolist()
    for shares in zip(*parts, strict=True):
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_single_process_shares_nothing_out(toy: Dataset) -> None:
    whole = batches(toy, 64, shard=(0, 1))
    assert len(whole) > 3 and sum(map(len, whole)) == 40


def test_nothing_to_learn_an_order_from_is_one_sentence(tmp_path: Path) -> None:
    world = write_sequences(tmp_path / "w", [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [0, 2, 4, 6, 1, 3]], items=8)
    assert batches(world) == [[2]]
    with pytest.raises(
        ValueError, match=r"dataset 'sequences' has too few users with two training likes .* order from"
    ):
        SequenceSampler(world, 100, CPU, (0, 2))


def test_two_processes_train_to_the_quality_of_one(toy: Dataset, tmp_path: Path) -> None:
    options = {"epochs": 12, "batch": 100, "learning_rate": 0.01, "dim": 16, "patience": 99}
    curves = []
    for devices in (1, 2):
        run = api.train("gru", toy.root, tmp_path / f"run{devices}", seed=2, device="cpu", devices=devices, **options)
        curves.append([epoch.loss for epoch in run.card.history])
    assert len(curves[0]) == len(curves[1]) == 12
    assert curves[0][-1] < 0.9 * curves[0][0]
    assert curves[1][-1] == pytest.approx(curves[0][-1], rel=0.15)
