from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.evaluation.dummy import Table
from workbench.data.dataset import Dataset
from workbench.evaluation.evaluate import evaluate, top_k
from workbench.evaluation.metrics import Ranks, metric
from workbench.evaluation.protocols import FULL, Candidates, Protocol, sampled

NAMES = ("HR@5", "NDCG@5", "Recall@10", "MAP", "MRR", "AUC")


@pytest.fixture(scope="module", params=["distinct", "tied", "constant"])
def model(toy: Dataset, request: pytest.FixtureRequest) -> Table:
    generator = torch.Generator().manual_seed(0)
    shape = (len(toy.users), len(toy.items))
    if request.param == "distinct":
        return Table(toy, torch.randn(shape, generator=generator))
    if request.param == "tied":
        return Table(toy, torch.randint(6, shape, generator=generator).float())
    return Table(toy, torch.zeros(1, shape[1]))


def scores_of(model: Table, user: int) -> list[float]:
    return model.score_items(torch.tensor([user]))[0].tolist()


def plain(model: Table, user: int, relevant: Sequence[int], candidates: Sequence[int]) -> list[float]:
    """Values of NAMES for one user, by counting over a Python list."""
    scores = scores_of(model, user)
    ranks = [
        sum(scores[c] > scores[r] for c in candidates) + (sum(scores[c] == scores[r] for c in candidates) + 1) / 2
        for r in relevant
    ]
    one = Ranks(torch.tensor([0, len(ranks)]), torch.tensor(ranks), torch.tensor([len(candidates)]))
    return [float(metric(name)(one)) for name in NAMES]


def per_split(toy: Dataset, *splits: str) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(len(toy.users))]
    for user, item in zip(*(column.tolist() for column in toy.likes(*splits)), strict=True):
        sets[user].add(item)
    return sets


@pytest.mark.parametrize(("split", "earlier"), [("test", ("train", "validation")), ("validation", ("train",))])
def test_full_ranking_agrees_with_a_plain_loop(
    toy: Dataset, model: Table, split: str, earlier: tuple[str, ...]
) -> None:
    relevant, known = per_split(toy, split), per_split(toy, *earlier)
    users = [user for user in range(len(toy.users)) if relevant[user]]
    wanted = [
        plain(model, user, sorted(relevant[user]), [i for i in range(len(toy.items)) if i not in known[user]])
        for user in users
    ]
    found = evaluate(model, toy, FULL, split=split, metrics=NAMES)  # type: ignore[arg-type]
    assert found.user_codes.tolist() == users and found.users == len(users)
    np.testing.assert_allclose(np.stack([found.per_user[name] for name in NAMES], 1), wanted, atol=1e-9)
    assert found.candidates == pytest.approx(np.mean([len(toy.items) - len(known[user]) for user in users]))


@pytest.mark.parametrize("count", [7, 110])
def test_sampled_ranking_agrees_with_a_plain_loop(toy: Dataset, model: Table, count: int) -> None:
    """With 110 candidates some users have fewer unrated images than asked for."""
    relevant = per_split(toy, "test")
    drawn = Candidates.draw(toy.known, len(toy.items), 3, seed=5)
    wanted, sizes = [], []
    for user in (user for user in range(len(toy.users)) if relevant[user]):
        own = sorted(relevant[user])
        pools = [[*own, *drawn.of(torch.tensor([user]), count, draw)[0].tolist()] for draw in range(3)]
        pools = [[image for image in pool if image >= 0] for pool in pools]
        wanted.append(np.mean([plain(model, user, own, pool) for pool in pools], axis=0))
        sizes.append(len(pools[0]))
    found = evaluate(model, toy, sampled(count, 3), metrics=NAMES, seed=5)
    np.testing.assert_allclose(np.stack([found.per_user[name] for name in NAMES], 1), wanted, atol=1e-9)
    assert found.candidates == pytest.approx(np.mean(sizes)) and found.draws == 3


def several_held_out(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the train split the held-out one, so that users have many relevant images."""
    likes = type(toy).likes
    swap = {"test": "train", "train": "test", "validation": "validation"}
    monkeypatch.setattr(type(toy), "likes", lambda self, *splits: likes(self, *(swap[s] for s in splits)))


@pytest.mark.parametrize("protocol", [FULL, sampled(20, 2)])
def test_many_held_out_images_per_user(
    toy: Dataset, model: Table, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = toy.known
    several_held_out(toy, monkeypatch)
    relevant, earlier = per_split(toy, "test"), per_split(toy, "train", "validation")
    drawn = Candidates.draw(known, len(toy.items), protocol.draws, seed=0)
    wanted = []
    for user in (user for user in range(len(toy.users)) if relevant[user]):
        own = sorted(relevant[user])
        pools = [[image for image in range(len(toy.items)) if image not in earlier[user]]]
        if protocol.candidates:
            pools = [[*own, *drawn.of(torch.tensor([user]), protocol.candidates, d)[0].tolist()] for d in range(2)]
        wanted.append(np.mean([plain(model, user, own, pool) for pool in pools], axis=0))
    assert max(len(own) for own in relevant) > 5
    for block in (None, 7):
        found = evaluate(model, toy, protocol, metrics=NAMES, block=block)
        np.testing.assert_allclose(np.stack([found.per_user[name] for name in NAMES], 1), wanted, atol=1e-9)


@pytest.mark.parametrize("protocol", [FULL, sampled(30, 2)])
def test_block_size_changes_nothing(toy: Dataset, model: Table, protocol: Protocol) -> None:
    whole = evaluate(model, toy, protocol)
    for block in (1, 7, 39):
        parts = evaluate(model, toy, protocol, block=block)
        assert parts.model_dump(exclude={"seconds"}) == whole.model_dump(exclude={"seconds"})


def test_means_errors_groups_and_coverage_follow_from_the_users(toy: Dataset, model: Table) -> None:
    found = evaluate(model, toy, ks=(5, 10), groups=4)
    likes = toy.history.lengths[found.user_codes].numpy()
    for name, values in found.per_user.items():
        assert found.metrics[name].mean == pytest.approx(values.mean())
        assert found.metrics[name].sd == pytest.approx(values.std(ddof=1) / np.sqrt(len(values)))
    assert 2 <= len(found.groups) <= 4
    assert sum(group.users for group in found.groups) == found.users
    edges = [edge for group in found.groups for edge in (group.fewest, group.most)]
    assert edges == sorted(edges) and all(
        a.most < b.fewest for a, b in zip(found.groups, found.groups[1:], strict=False)
    )
    for group in found.groups:
        inside = (likes >= group.fewest) & (likes <= group.most)
        assert group.users == inside.sum()
        assert group.metrics["NDCG@5"].mean == pytest.approx(found.per_user["NDCG@5"][inside].mean())
    known = torch.zeros(len(toy.users), len(toy.items), dtype=torch.bool)
    known[toy.likes("train", "validation")] = True
    scores = model.score_items(torch.arange(len(toy.users))).masked_fill(known, -torch.inf)
    lists = scores[found.user_codes].topk(10, 1).indices
    assert found.coverage["Coverage@10"] == len(torch.unique(lists)) / len(toy.items)


def test_perfect_and_worst_models(toy: Dataset) -> None:
    liked = torch.zeros(len(toy.users), len(toy.items))
    liked[toy.likes("test")] = 1.0
    assert {e.mean for n, e in evaluate(Table(toy, liked), toy).metrics.items() if "Precision" not in n} == {1.0}
    worst = evaluate(Table(toy, -liked), toy, metrics=["HR@20", "AUC"])
    assert [estimate.mean for estimate in worst.metrics.values()] == [0.0, 0.0]


def test_the_export_is_json_without_the_users(toy: Dataset, model: Table) -> None:
    found = evaluate(model, toy, sampled(20))
    again = json.loads(found.model_dump_json())
    assert again["protocol"] == "sampled" and set(again["metrics"]["HR@5"]) == {"mean", "sd"}
    assert "per_user" not in again and "user_codes" not in again
    assert type(found).model_validate(again).metrics == found.metrics


def test_the_model_is_left_as_it_was(toy: Dataset) -> None:
    table = Table(toy, torch.zeros(1, len(toy.items)))
    steps: list[tuple[int, int]] = []
    evaluate(table, toy, block=15, progress=lambda done, total: steps.append((done, total)))
    assert table.training and not any(table.seen_training)
    assert not table.scores.any()
    assert steps == [(15, 40), (30, 40), (40, 40)]


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_scores_that_are_not_finite_are_refused(toy: Dataset, bad: float) -> None:
    scores = torch.zeros(len(toy.users), len(toy.items))
    scores[-1, 3] = bad
    with pytest.raises(ValueError, match=r"table gives scores that are NaN or infinite; .*\."):
        evaluate(Table(toy, scores), toy)


def test_scores_of_a_wrong_shape_are_refused(toy: Dataset) -> None:
    with pytest.raises(ValueError, match="must give"):
        evaluate(Table(toy, torch.zeros(len(toy.users), 3)), toy)


def test_a_split_without_likes_is_refused(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    none = torch.empty(0, dtype=torch.int64)
    monkeypatch.setattr(type(toy), "likes", lambda self, *splits: (none, none))
    with pytest.raises(ValueError, match="no likes in its test split"):
        evaluate(Table(toy, torch.zeros(1, len(toy.items))), toy)


def test_unknown_metrics_are_refused_before_scoring(toy: Dataset) -> None:
    table = Table(toy, torch.zeros(1, len(toy.items)))
    with pytest.raises(ValueError, match="no metric 'F1'"):
        evaluate(table, toy, metrics=["F1"])
    assert not table.seen_training


def best_by_sorting(scores: Tensor, hidden: set[int], k: int) -> list[int]:
    order = sorted((i for i in range(scores.numel()) if i not in hidden), key=lambda i: -float(scores[i]))
    return (order + [-1] * k)[:k]


@pytest.mark.parametrize("block", [None, 3])
def test_top_k_agrees_with_sorting(toy: Dataset, block: int | None) -> None:
    scores = torch.randn(len(toy.users), len(toy.items), generator=torch.Generator().manual_seed(1))
    users = torch.tensor([5, 0, 5, 39, 12, 20, 33])
    items, values = top_k(Table(toy, scores), users, 110, exclude=toy.known, block=block)
    for row, user in enumerate(users.tolist()):
        wanted = best_by_sorting(scores[user], set(toy.known.row(user).tolist()), 110)
        assert items[row].tolist() == wanted
        found = items[row] >= 0
        assert torch.equal(values[row, found], scores[user, items[row, found]])
        assert (values[row, ~found] == -torch.inf).all()
    everything, _ = top_k(Table(toy, scores), users, 500, block=block)
    assert everything.shape == (7, len(toy.items)) and (everything.sort(1).values == torch.arange(120)).all()
    assert top_k(Table(toy, scores), users[:0], 5)[0].shape == (0, 5)
