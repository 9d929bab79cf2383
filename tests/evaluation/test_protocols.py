from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import chisquare

from workbench.data.ragged import Ragged
from workbench.evaluation.protocols import FULL, Candidates, Protocol, paper, protocol, sampled
from workbench.models.base import Recommender

IMAGES = 20
LIKED = Ragged.from_lengths(torch.tensor([3, 0, 18, 20]), torch.cat([
    torch.tensor([0, 7, 19]), torch.arange(18), torch.arange(20),
]))  # fmt: skip


def test_candidates_are_distinct_and_unrated() -> None:
    candidates = Candidates.draw(LIKED, IMAGES, draws=50, seed=1)
    for draw in range(50):
        for user, images in enumerate(candidates.of(torch.arange(4), 5, draw).tolist()):
            present = [image for image in images if image >= 0]
            assert len(set(present)) == len(present) == min(5, IMAGES - len(LIKED.row(user)))
            assert not set(present) & set(LIKED.row(user).tolist())


def seen_images(liked: Ragged, users: int, count: int, draws: int, seed: int) -> NDArray[np.bool_]:
    """(users, draws, images) whether an image is among the candidates."""
    candidates = Candidates.draw(liked, IMAGES, draws, seed)
    seen = np.zeros((users, draws, IMAGES), dtype=bool)
    for draw in range(draws):
        seen[np.arange(users)[:, None], draw, candidates.of(torch.arange(users), count, draw).numpy()] = True
    return seen


@pytest.mark.parametrize("count", [1, 5, 16])
def test_every_unrated_image_and_pair_is_equally_likely(count: int) -> None:
    draws = 5_000
    seen = seen_images(LIKED, 1, count, draws, seed=2)[0]
    unrated = np.setdiff1d(np.arange(IMAGES), LIKED.row(0).numpy())
    once = seen.sum(0)[unrated]
    assert once.sum() == draws * count
    assert chisquare(once).pvalue > 1e-3
    if count > 1:
        together = (seen.astype(float).T @ seen)[np.ix_(unrated, unrated)]
        expected = draws * count * (count - 1) / (17 * 16)
        off_diagonal = together[~np.eye(17, dtype=bool)]
        assert np.abs(off_diagonal - expected).max() < 6 * np.sqrt(expected)


def test_users_meet_the_same_image_no_more_often_than_by_chance() -> None:
    draws, count = 3_000, 5
    nobody = Ragged.from_lengths(torch.zeros(2, dtype=torch.int64), torch.empty(0, dtype=torch.int64))
    one, other = seen_images(nobody, 2, count, draws, seed=3)
    assert (one & other).sum() / draws == pytest.approx(count * count / IMAGES, rel=0.05)


def test_candidates_depend_on_the_seed_and_not_on_who_is_asked_together() -> None:
    candidates = Candidates.draw(LIKED, IMAGES, draws=2, seed=4)
    together = candidates.of(torch.arange(4), 6, 1)
    alone = torch.cat([candidates.of(torch.tensor([user]), 6, 1) for user in range(4)])
    assert torch.equal(together, alone)
    assert torch.equal(together, Candidates.draw(LIKED, IMAGES, 2, 4).of(torch.arange(4), 6, 1))
    assert not torch.equal(together, Candidates.draw(LIKED, IMAGES, 2, 5).of(torch.arange(4), 6, 1))
    assert not torch.equal(together, candidates.of(torch.arange(4), 6, 0))


def test_protocols_by_name() -> None:
    class WholeList(Recommender):
        paper_protocol = (None, 1)

    assert protocol("full", Recommender) == FULL
    assert protocol("sampled", Recommender) == sampled(100, 1)
    assert protocol("paper", Recommender) == paper(Recommender) == Protocol("paper", 1000, 10)
    assert protocol("paper", WholeList) == Protocol("paper")
    with pytest.raises(ValueError, match="choose full, sampled, paper, next or next-new"):
        protocol("all", Recommender)


@pytest.mark.parametrize(("candidates", "draws"), [(0, 1), (10, 0), (None, 2)])
def test_impossible_protocols_are_refused(candidates: int | None, draws: int) -> None:
    with pytest.raises(ValueError, match="Protocol 'mine'"):
        Protocol("mine", candidates, draws)
