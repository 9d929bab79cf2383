from __future__ import annotations

from collections import Counter

import pytest
import torch

from tests.models.popularity_cases import posts_world
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.models.base import PostBatch
from workbench.training.posts import PostSampler

CPU = torch.device("cpu")
Post = tuple[int, int, float]


@pytest.fixture(scope="module")
def posts(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return posts_world(toy, tmp_path_factory.mktemp("posts") / "toy")


def listed(*batches: PostBatch) -> list[Post]:
    return [
        post
        for batch in batches
        for post in zip(batch.users.tolist(), batch.items.tolist(), batch.popularity.tolist(), strict=True)
    ]


def everything(posts: Dataset) -> list[Post]:
    return listed(PostBatch(*posts.posts("train")))


def test_an_epoch_is_every_post_once_in_an_order_of_its_own(posts: Dataset) -> None:
    sampler = PostSampler(posts, 16, None, CPU)
    first, second = (listed(*sampler.epoch(3, number)) for number in (1, 2))
    assert Counter(first) == Counter(second) == Counter(everything(posts))
    assert first != second
    assert sampler.steps == -(-len(first) // 16)
    assert {len(batch.users) for batch in list(sampler.epoch(3, 1))[:-1]} == {16}


def test_the_same_seed_gives_the_same_batches_and_another_one_others(posts: Dataset) -> None:
    sampler = PostSampler(posts, 16, 5, CPU)
    assert listed(*sampler.epoch(3, 4)) == listed(*PostSampler(posts, 16, 5, CPU).epoch(3, 4))
    assert listed(*sampler.epoch(3, 4)) != listed(*sampler.epoch(4, 4))


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_epochs_of_so_many_steps_go_on_where_the_last_one_ended(posts: Dataset, steps: int) -> None:
    """Within a pass no post comes twice, wherever the epochs end; what fills no batch waits for another pass."""
    n = len(everything(posts))
    size = n // 4 - 1
    sampler = PostSampler(posts, size, steps, CPU)
    batches = [batch for number in range(1, 13) for batch in sampler.epoch(0, number)]
    assert len(batches) == 12 * steps and all(len(batch.users) == size for batch in batches)
    for start in range(0, len(batches) - 3, 4):
        assert max(Counter(listed(*batches[start : start + 4])).values()) == 1
    passes = [listed(*batches[start : start + 4]) for start in range(0, len(batches), 4)]
    assert len({tuple(one) for one in passes}) == len(passes)


def test_an_epoch_does_not_depend_on_those_before_it(posts: Dataset) -> None:
    """Which is why a training that is resumed meets the batches it would have met."""
    one, other = PostSampler(posts, 16, 3, CPU), PostSampler(posts, 16, 3, CPU)
    for number in (1, 2, 3):
        list(one.epoch(5, number))
    assert listed(*one.epoch(5, 4)) == listed(*other.epoch(5, 4))


@pytest.mark.parametrize("steps", [None, 4])
def test_processes_share_every_batch(posts: Dataset, steps: int | None) -> None:
    whole = list(PostSampler(posts, 15, steps, CPU).epoch(1, 2))
    parts = [list(PostSampler(posts, 15, steps, CPU, (rank, 4)).epoch(1, 2)) for rank in range(4)]
    for step, batch in enumerate(whole):
        assert listed(*(part[step] for part in parts)) == listed(batch)


def test_no_process_is_left_without_a_post(posts: Dataset) -> None:
    n = len(everything(posts))
    size = next(size for size in range(10, n) if n % size == 3)
    for world in (1, 3, 4):
        parts = [list(PostSampler(posts, size, None, CPU, (rank, world)).epoch(1, 1)) for rank in range(world)]
        assert all(len(batch.users) for part in parts for batch in part)
        assert sum(len(batch.users) for part in parts for batch in part) == (n if world < 4 else n - 3)


def test_a_batch_larger_than_the_data_is_all_of_it(posts: Dataset) -> None:
    batches = list(PostSampler(posts, 10_000, 2, CPU).epoch(1, 1))
    assert [Counter(listed(batch)) for batch in batches] == [Counter(everything(posts))] * 2


def test_a_dataset_without_posts_is_one_sentence(toy: Dataset) -> None:
    with pytest.raises(DataError, match="no training posts to learn popularity from"):
        PostSampler(toy, 16, None, CPU)
