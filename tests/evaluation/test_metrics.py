from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from ranx import Qrels, Run
from ranx import evaluate as ranx_evaluate
from sklearn.metrics import average_precision_score, roc_auc_score

from workbench.evaluation.metrics import METRICS, Ranks, coverage, metric

USERS, IMAGES = 30, 60
KS = (1, 5, 20)


def worlds(levels: int | None) -> tuple[NDArray[np.float64], NDArray[np.bool_], Ranks]:
    """Random scores, relevance and the ranks by plain counting; ``levels`` distinct scores, or no ties for None."""
    rng = np.random.default_rng(0)
    scores = rng.permuted(np.tile(np.arange(IMAGES) / IMAGES, (USERS, 1)), axis=1)
    if levels is not None:
        scores = rng.integers(levels, size=(USERS, IMAGES)) / levels
    relevant = rng.random((USERS, IMAGES)) < rng.choice([0.02, 0.1, 0.4], size=(USERS, 1))
    relevant[np.arange(USERS), rng.integers(IMAGES, size=USERS)] = True
    ranks, lengths = [], []
    for user in range(USERS):
        lengths.append(int(relevant[user].sum()))
        ranks += [
            (scores[user] > score).sum() + ((scores[user] == score).sum() + 1) / 2
            for score in scores[user, relevant[user]]
        ]
    offsets = torch.tensor([0, *np.cumsum(lengths)])
    return scores, relevant, Ranks(offsets, torch.tensor(ranks), torch.full((USERS,), IMAGES))


@pytest.mark.parametrize("k", KS)
def test_without_ties_agrees_with_ranx(k: int) -> None:
    scores, relevant, ranks = worlds(None)
    qrels = Qrels({f"u{u:02}": {f"i{i}": 1 for i in np.flatnonzero(relevant[u])} for u in range(USERS)})
    run = Run({f"u{u:02}": {f"i{i}": float(scores[u, i]) for i in range(IMAGES)} for u in range(USERS)})
    pairs = {"HR": "hit_rate", "NDCG": "ndcg", "Recall": "recall", "Precision": "precision", "MAP": "map", "MRR": "mrr"}
    theirs = ranx_evaluate(qrels, run, [f"{name}@{k}" for name in pairs.values()], return_mean=False)
    for ours, name in pairs.items():
        np.testing.assert_allclose(metric(f"{ours}@{k}")(ranks), theirs[f"{name}@{k}"], atol=1e-9, err_msg=ours)


@pytest.mark.parametrize("levels", [None, 5])
def test_area_agrees_with_sklearn_even_with_ties(levels: int | None) -> None:
    scores, relevant, ranks = worlds(levels)
    theirs = [roc_auc_score(relevant[u], scores[u]) for u in range(USERS)]
    np.testing.assert_allclose(metric("AUC")(ranks), theirs, atol=1e-9)


def test_average_precision_agrees_with_sklearn() -> None:
    scores, relevant, ranks = worlds(None)
    theirs = [average_precision_score(relevant[u], scores[u]) for u in range(USERS)]
    np.testing.assert_allclose(metric("MAP")(ranks), theirs, atol=1e-9)


def plain(name: str, ranks: list[float], candidates: int, k: int | None) -> float:
    """The definitions, one user and one image at a time."""
    limit = math.inf if k is None else k
    hits = [rank for rank in ranks if rank <= limit]
    if name == "HR":
        return float(bool(hits))
    if name == "Recall":
        return len(hits) / len(ranks)
    if name == "CappedRecall":
        return len(hits) / min(len(ranks), limit)
    if name == "Precision":
        return len(hits) / (candidates if k is None else k)
    if name == "MRR":
        return 1 / min(hits) if hits else 0.0
    if name == "NDCG":
        ideal = range(1, int(min(len(ranks), limit)) + 1)
        return sum(math.log(2) / math.log(r + 1) for r in hits) / sum(math.log(2) / math.log(r + 1) for r in ideal)
    places = [sum(r < rank for r in ranks) + (ranks.count(rank) + 1) / 2 for rank in hits]
    return sum(place / rank for place, rank in zip(places, hits, strict=True)) / len(ranks)


@pytest.mark.parametrize("k", [None, *KS])
@pytest.mark.parametrize("name", [name for name in METRICS if name != "AUC"])
def test_with_ties_agrees_with_the_plain_definition(name: str, k: int | None) -> None:
    _, _, ranks = worlds(5)
    groups = [ranks.values[ranks.offsets[u] : ranks.offsets[u + 1]].tolist() for u in range(USERS)]
    values = metric(name if k is None else f"{name}@{k}")(ranks)
    np.testing.assert_allclose(values, [plain(name, group, IMAGES, k) for group in groups], atol=1e-9)
    assert 0 <= values.min() <= values.max() <= 1 + 1e-12


def test_leave_one_out_is_the_printed_formula() -> None:
    ranks = Ranks(torch.tensor([0, 1, 2]), torch.tensor([3.0, 6.0]), torch.tensor([1001, 1001]))
    assert metric("NDCG@5")(ranks).tolist() == pytest.approx([math.log(2) / math.log(4), 0.0])
    assert metric("HR@5")(ranks).tolist() == [1.0, 0.0]


def test_degenerate_users_get_a_number() -> None:
    """The first user has nothing relevant, the second nothing else."""
    ranks = Ranks(torch.tensor([0, 0, 2]), torch.tensor([1.0, 2.0]), torch.tensor([5, 2]))
    values = {name: function(ranks).tolist() for name, function in METRICS.items()}
    assert values.pop("AUC") == [0.5, 0.5]
    assert all(value == pytest.approx([0.0, 1.0]) for value in values.values()), values


@pytest.mark.parametrize("name", ["hr@5", "HR@", "HR@0", "HR@-1", "HR@5.5", "AUC@5", "", "F1"])
def test_unknown_names_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z].*\.$"):
        metric(name)


def test_coverage_counts_each_image_once() -> None:
    assert coverage(torch.tensor([[0, 3], [3, -1]]), 8) == 0.25
