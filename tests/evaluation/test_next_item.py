"""The next like at every held-out moment, against a plain loop over sorted tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.evaluation.dummy import Table
from tests.models.rewritten import rewrite, tables_of
from tests.models.sequence_cases import random_sequences, rows_in_time, write_sequences
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.evaluation import next_item
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.metrics import Ranks, metric
from workbench.evaluation.next_item import Moments, evaluate_next
from workbench.models.base import Recommender
from workbench.training.run import Run

NAMES = ("Recall@1", "Recall@5", "NDCG@5", "MRR", "AUC")
LONGEST = 20


class Clock(Table):
    """Scores (users, moments, images) given from outside."""

    name = "clock"

    def score_moments(self, users: Tensor, until: Tensor) -> Tensor:
        return self.scores[users, until]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """30 users with 1 to 14 likes: some with no like to learn from, some with one held-out like and nothing before."""
    lengths = [1 + user % 14 for user in range(30)]
    sequences = [random_sequences(1, 25, length, seed=user)[0] for user, length in enumerate(lengths)]
    return write_sequences(tmp_path_factory.mktemp("next") / "world", sequences, items=25)


def model_of(world: Dataset, kind: str) -> Recommender:
    generator = torch.Generator().manual_seed(4)
    if kind == "static":
        return Table(world, torch.randn(len(world.users), len(world.items), generator=generator))
    scores = torch.randn(len(world.users), LONGEST, len(world.items), generator=generator)
    return Clock(world, scores if kind == "timed" else (scores * 2).round())


def plain(model: Recommender, world: Dataset, split: str, new: bool) -> list[tuple[int, list[float], list[int], int]]:
    """For each held-out like with another before it: user, values of NAMES, best images first, candidates."""
    likes, found = world.table("likes"), []
    for user in range(len(world.users)):
        rows = rows_in_time(world, user)
        for place, row in enumerate(rows):
            if likes["split"][row] != split or place == 0:
                continue
            if isinstance(model, Clock):
                scores = model.scores[user, place].tolist()
            else:
                scores = model.score_items(torch.tensor([user]))[0].tolist()
            before = [world.items.code(likes["item"][r]) for r in rows[:place]]
            pool = [item for item in range(len(world.items)) if not (new and item in before)]
            own = scores[world.items.code(likes["item"][row])]
            ties = sum(scores[item] == own for item in pool)
            rank = sum(scores[item] > own for item in pool) + (ties + 1) / 2
            one = Ranks(torch.tensor([0, 1]), torch.tensor([rank]), torch.tensor([len(pool)]))
            best = sorted(pool, key=lambda item: -scores[item])
            found.append((user, [float(metric(name)(one)) for name in NAMES], best, len(pool)))
            if ties == 1:
                assert found[-1][1][:4] == pytest.approx(
                    [float(rank == 1), float(rank <= 5), (rank <= 5) / np.log2(rank + 1), 1 / rank], abs=1e-6
                )
    return found


@pytest.mark.parametrize("protocol", ["next", "next-new"])
@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("kind", ["timed", "tied", "static"])
@pytest.mark.parametrize("block", [None, 3])
def test_agrees_with_a_plain_loop(
    world: Dataset, monkeypatch: pytest.MonkeyPatch, protocol: str, split: str, kind: str, block: int | None
) -> None:
    """Whatever the blocks: with three moments in each, those of a user come in several."""
    if block is not None:
        monkeypatch.setattr(next_item, "BLOCK_BYTES", 4 * len(world.items) * block)
    model = model_of(world, kind)
    told: list[tuple[int, int]] = []
    found = evaluate_next(
        model,
        world,
        protocol,
        split=split,  # type: ignore[arg-type]
        ks=(3, 25),
        metrics=NAMES,
        progress=lambda *done: told.append(done),
    )
    wanted = plain(model, world, split, protocol == "next-new")
    assert found.user_codes.tolist() == [user for user, *_ in wanted]
    np.testing.assert_allclose(np.stack([found.per_user[n] for n in NAMES], 1), [v for _, v, *_ in wanted], atol=1e-6)
    assert (found.moments, found.users) == (len(wanted), len({user for user, *_ in wanted}))
    assert found.metrics["MRR"].mean == pytest.approx(np.mean([values[3] for _, values, *_ in wanted]))
    assert found.candidates == pytest.approx(np.mean([size for *_, size in wanted]))
    assert (found.protocol, found.split) == (protocol, split)
    for k in (3, 25):
        shown = {item for *_, best, _ in wanted for item in best[:k]}
        if kind != "tied":
            assert found.coverage[f"Coverage@{k}"] == pytest.approx(len(shown) / len(world.items))
    assert told[-1] == (len(wanted), len(wanted)) and len(told) == (1 if block is None else -(-len(wanted) // 3))


def test_what_a_moment_is(world: Dataset) -> None:
    """Of user 13, with 14 likes: 10 are learned from, the eleventh is validation, the last three are the test."""
    sequences = next_item.Sequences.of(world)
    for split, until in (("validation", [10]), ("test", [11, 12, 13])):
        moments = Moments.of(sequences, split)  # type: ignore[arg-type]
        mine = moments.users == 13
        assert moments.until[mine].tolist() == until
        assert moments.items[mine].tolist() == sequences.sets.row(13)[until].tolist()
        assert 0 not in moments.users


def test_groups_are_of_users_by_their_training_likes(world: Dataset) -> None:
    found = evaluate_next(model_of(world, "timed"), world, groups=3, metrics=["MRR"], ks=())
    counts = world.history.lengths[found.user_codes].numpy()
    assert len(found.groups) > 1 and sum(group.users for group in found.groups) == found.users < found.moments
    for group in found.groups:
        inside = (counts >= group.fewest) & (counts <= group.most)
        assert group.users == len(np.unique(found.user_codes[inside]))
        assert group.metrics["MRR"].mean == pytest.approx(found.per_user["MRR"][inside].mean())
    assert found.coverage == {}
    assert evaluate_next(model_of(world, "timed"), world, groups=0).groups == ()


def test_by_default_the_cut_offs_of_the_paper(world: Dataset) -> None:
    found = evaluate_next(model_of(world, "timed"), world)
    assert set(found.metrics) == {f"{name}@{k}" for name in ("Recall", "NDCG") for k in (5, 10, 15, 20, 25)}


def test_the_model_is_left_as_it_was(world: Dataset) -> None:
    model = model_of(world, "static").train()
    kept = model.scores.clone()  # type: ignore[operator]
    evaluate_next(model, world, "next-new")
    assert model.training and torch.equal(model.scores, kept)  # type: ignore[arg-type]
    assert not any(model.seen_training)  # type: ignore[arg-type]


def test_nothing_to_rank_is_one_sentence(world: Dataset, tmp_path: Path) -> None:
    short = write_sequences(tmp_path / "short", [[0], [1]], items=2)
    with pytest.raises(ValueError, match="dataset 'sequences' has no test like that follows another one: nothing can"):
        evaluate_next(model_of(short, "timed"), short)
    broken = model_of(world, "timed")
    broken.scores[:] = torch.nan  # type: ignore[operator]
    with pytest.raises(ValueError, match="learning_rate"):
        evaluate_next(broken, world)


def test_splits_that_are_not_in_time_are_refused(toy: Dataset, tmp_path: Path) -> None:
    tables = tables_of(toy)
    row = rows_in_time(toy, 4)[0]
    tables["likes"].loc[row, "split"] = "test"
    mixed = rewrite(toy, tables, tmp_path / "mixed")
    with pytest.raises(DataError, match=f"user {toy.users.id(4)} has a train like after a test one"):
        evaluate_next(model_of(mixed, "static"), mixed)


@pytest.fixture(scope="module")
def run(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    options = {"epochs": 3, "dim": 8, "batch": 100}
    return api.train("gru", toy.root, tmp_path_factory.mktemp("runs") / "gru", device="cpu", **options)


def test_blocks_change_nothing_for_a_model_that_walks_once(
    run: Run, toy: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, found = run.model(toy), []
    for block in (10_000, 7, 1):
        monkeypatch.setattr(next_item, "BLOCK_BYTES", 4 * len(toy.items) * block)
        found.append(evaluate_next(model, toy, "next-new", metrics=["MRR"]).per_user["MRR"])
    np.testing.assert_allclose(found[0], found[1])
    np.testing.assert_allclose(found[0], found[2])


def test_validation_and_api_ask_for_the_next_like(run: Run, toy: Dataset) -> None:
    model = run.model(toy)
    following = evaluate_next(model, toy, split="validation", metrics=["Recall@20", "NDCG@20", "MRR"])
    assert run.card.metrics == pytest.approx({name: value.mean for name, value in following.metrics.items()})
    assert api.evaluate(run).protocol == "next"
    assert api.evaluate(run).metrics == evaluate_next(model, toy).metrics
    assert api.evaluate(run, "next-new", split="validation").metrics == pytest.approx(
        evaluate_next(model, toy, "next-new", split="validation").metrics
    )
    assert api.evaluate(run, "full").metrics == evaluate(model, toy).metrics


def test_models_without_an_order_answer_too(run: Run, toy: Dataset) -> None:
    bpr = api.train("bpr", toy.root, run.path.with_name("bpr"), device="cpu", epochs=1)
    assert "NDCG@5" in bpr.card.metrics and api.evaluate(bpr).protocol == "full"
    assert api.evaluate(bpr, "next").metrics == evaluate_next(bpr.model(toy), toy).metrics
    recent = api.train("recentknn", toy.root, run.path.with_name("recentknn"), device="cpu")
    assert set(recent.card.metrics) == {"Recall@20", "NDCG@20", "MRR"}
    assert api.evaluate(recent).protocol == "next"
