"""What every model that reads likes in the order of time must pass, beyond what every model must."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.models.cases import LATE, ModelCase, prepared
from tests.models.rewritten import rewrite, tables_of
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.evaluation.next_item import evaluate_next
from workbench.layers.evidence import ASPECTS, Gates
from workbench.models.base import Level, Recommender, SequenceBatch
from workbench.models.sequence import SequenceModel

HELD_OUT = 3
"""Last likes of every user that are the test in worlds written here; the one before them is validation."""
CLOSE: dict[str, float] = {"atol": 2e-5, "rtol": 1e-4}


def rows_in_time(dataset: Dataset, user: int) -> list[int]:
    """Rows of the table with the likes of a user (code), the earliest first, sorted one by one."""
    likes, id = dataset.table("likes"), dataset.users.id(user)
    return sorted((row for row in likes.index if likes["user"][row] == id), key=lambda row: (likes["time"][row], row))


def write_sequences(folder: Path, sequences: Sequence[Sequence[int]], items: int) -> Dataset:
    """A world of users who like the given items one after the other, an hour apart."""
    likes = pd.DataFrame(
        [(user, item, place) for user, liked in enumerate(sequences) for place, item in enumerate(liked)],
        columns=["user", "item", "time"],
    )
    left = likes.groupby("user")["time"].transform("size") - likes["time"]
    likes["split"] = np.select([left <= HELD_OUT, left == HELD_OUT + 1], ["test", "validation"], "train")
    likes["time"] = 1_700_000_000 + 3600 * likes["time"]
    words = [f"word{item}" for item in range(items)]
    tables = {"items": pd.DataFrame({"item": range(items), "text": words}), "likes": likes}
    write_dataset(folder, DatasetCard(name="sequences", seed=1), tables)
    return Dataset.open(folder)


def random_sequences(users: int, items: int, length: int, seed: int) -> list[list[int]]:
    """Items drawn uniformly, none twice by the same user: nothing can be learned from them."""
    rng = np.random.default_rng(seed)
    return [rng.choice(items, size=length, replace=False).tolist() for _ in range(users)]


def planted_sequences(users: int, items: int, length: int, seed: int) -> list[list[int]]:
    """Item k is always followed by k + 1, the last one by the first."""
    starts = np.random.default_rng(seed).integers(items, size=users)
    return [[int(start + place) % items for place in range(length)] for start in starts]


class MomentCase(ModelCase):
    """Tests of a model that is asked at any moment what comes next."""

    @classmethod
    def other(cls, model: Recommender, dataset: Dataset) -> Recommender:
        """A model with the same parameters on another dataset."""
        other = type(model)(model.config, dataset).eval()
        other.load_state_dict(model.state_dict())
        other.start_epoch(LATE)
        return other

    @classmethod
    def furnished(cls, dataset: Dataset) -> Dataset:
        """The dataset with whatever the model needs beside likes in time, such as features."""
        return dataset

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
        return cls.furnished(rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("world") / "toy"))

    def moments(self, world: Dataset, users: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Every moment of the ``users``, that before the first like included, in a mixed order."""
        pairs = [(user, until) for user in users for until in range(len(world.known.row(user)) + 1)]
        order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(2))
        people, until = torch.tensor(pairs)[order].T
        return people, until

    def check_moments(self, model: Recommender, world: Dataset) -> None:
        users, until = self.moments(world, [0, 7, len(world.users) - 1])
        together = model.score_moments(users, until)
        torch.testing.assert_close(together, model.score_items(users, Gates(until=until)), **CLOSE)
        alone = [model.score_moments(u[None], t[None]) for u, t in zip(users, until, strict=True)]
        torch.testing.assert_close(torch.cat(alone), together, **CLOSE)
        items = torch.randint(len(world.items), (len(users),), generator=torch.Generator().manual_seed(1))
        of_pairs = together[torch.arange(len(users)), items]
        torch.testing.assert_close(model.score_pairs(users, items, Gates(until=until)), of_pairs, **CLOSE)
        torch.testing.assert_close(model.read(users, items, Gates(until=until)).scores, of_pairs, **CLOSE)
        assert not torch.allclose(together[users == 7][0], together[users == 7][1], atol=1e-3)

    def test_scores_at_moments_are_those_with_the_likes_until_then(self, model: Recommender, world: Dataset) -> None:
        self.check_moments(model, world)

    def test_training_likes_are_the_moment_where_none_is_given(self, model: Recommender, world: Dataset) -> None:
        users = torch.arange(len(world.users))
        learned = Gates(until=world.history.lengths)
        torch.testing.assert_close(model.score_items(users), model.score_items(users, learned))

    def truncated(self, world: Dataset, user: int, until: int, folder: Path, longest: int | None = None) -> Dataset:
        """The world as if the user had liked nothing after her first ``until`` likes, all of them known in training."""
        tables, rows = tables_of(world), rows_in_time(world, user)
        kept = rows[:until] if longest is None else rows[max(0, until - longest) : until]
        tables["likes"].loc[kept, "split"] = "train"
        tables["likes"] = tables["likes"].drop(index=[row for row in rows if row not in kept])
        return self.furnished(rewrite(world, tables, folder))

    def test_a_moment_is_a_world_that_ends_there(self, model: Recommender, world: Dataset, tmp_path: Path) -> None:
        for user, until in ((3, 1), (3, 4), (11, len(world.known.row(11)) - 1), (20, len(world.known.row(20)))):
            other = self.other(model, self.truncated(world, user, until, tmp_path / f"{user}-{until}"))
            who, items = torch.full((9,), user), torch.arange(0, 90, 10)
            at = Gates(until=torch.full((9,), until))
            torch.testing.assert_close(model.score_items(who[:1], at_row(at)), other.score_items(who[:1]), **CLOSE)
            here, there = model.read(who, items, at).levels, other.read(who, items).levels
            for one, two in zip(here, there, strict=True):
                assert torch.equal(one.elements.values, two.elements.values)
                for part in ("attention", "contribution"):
                    if getattr(one, part) is not None:
                        torch.testing.assert_close(getattr(one, part), getattr(two, part), **CLOSE)

    def test_gates_are_those_of_the_likes_until_the_moment(
        self, model: Recommender, world: Dataset, tmp_path: Path
    ) -> None:
        """A like after training that is closed is a like that is not there."""
        user = next(user for user in range(40) if len(world.known.row(user)) > 9)
        rows, likes = rows_in_time(world, user), world.table("likes")
        until, gone = len(rows), len(rows) - 1
        tables = tables_of(world)
        tables["likes"] = tables["likes"].drop(index=rows[gone])
        tables["likes"].loc[rows[:gone], "split"] = "train"
        other = self.other(model, self.furnished(rewrite(world, tables, tmp_path / "without")))
        gate = torch.ones(until)
        gate[gone] = 0
        closed = Gates({"history": gate}, until=torch.tensor([until]))
        keep = torch.arange(len(world.items)) != world.items.code(likes["item"][rows[gone]])
        found, expected = model.score_items(torch.tensor([user]), closed), other.score_items(torch.tensor([user]))
        torch.testing.assert_close(found[:, keep], expected[:, keep], **CLOSE)
        opened = model.score_items(torch.tensor([user]), Gates(until=torch.tensor([until])))
        assert not torch.allclose(opened[:, keep], found[:, keep], atol=1e-3)

    def test_no_score_knows_what_comes_after_its_moment(
        self, model: Recommender, world: Dataset, tmp_path: Path
    ) -> None:
        """All likes from some moment on are replaced by other images: scores until then stay as they are."""
        for user, place in ((5, 2), (9, len(world.known.row(9)) - 1), (30, 1)):
            tables, rows = tables_of(world), rows_in_time(world, user)
            liked = set(tables["likes"]["item"][rows])
            others = [item for item in world.items if item not in liked]
            tables["likes"].loc[rows[place:], "item"] = others[10 : 10 + len(rows) - place]
            other = self.other(model, self.furnished(rewrite(world, tables, tmp_path / f"{user}")))
            until = torch.arange(len(rows) + 1)
            one, two = (m.score_moments(torch.full_like(until, user), until) for m in (model, other))
            torch.testing.assert_close(one[: place + 1], two[: place + 1], **CLOSE)
            assert not torch.allclose(one[place + 1 :], two[place + 1 :], atol=1e-3)


def at_row(gates: Gates) -> Gates:
    """The moment of the first row alone."""
    assert gates.until is not None
    return Gates(until=gates.until[:1])


class SequenceCase(MomentCase):
    """Tests of a model that learns to predict the next like by gradient.

    Attributes:
        learning: settings with which a plain order is learned.
    """

    learning: ClassVar[dict[str, Any]] = {"epochs": 40, "learning_rate": 0.01, "batch": 400, "dropout": 0.1}

    @staticmethod
    def lowest(candidates: int) -> float:
        """The smallest loss there can be, on average, where any of so many images comes next."""
        return math.log(candidates)

    def besides(self, model: Recommender, batch: SequenceBatch) -> float:
        """What the loss holds beside the cross-entropy of the next like."""
        return 0.0

    def test_scores_at_moments_beyond_what_is_read(self, world: Dataset, tmp_path: Path) -> None:
        """A model that reads few likes reads the latest of each moment, none from after it."""
        model = prepared(self.name, world, 3, {**self.config, "longest": 4})
        self.check_moments(model, world)
        user = int(world.known.lengths.argmax())
        for until in (3, 5, 9, int(world.known.lengths.max())):
            shorter = self.truncated(world, user, until, tmp_path / f"{until}", longest=4)
            expected = self.other(model, shorter).score_items(torch.tensor([user]))
            found = model.score_moments(torch.tensor([user] * 2), torch.tensor([until, 10]))[:1]
            torch.testing.assert_close(found, expected, **CLOSE)

    def test_contributions_add_up_and_attention_is_normalised(self, model: Recommender, world: Dataset) -> None:
        """What nothing was liked for is the own part; a model that is additive adds up to its score.

        The first level with contributions adds up to the score, every other one to its part of the first. Elements that
        are not looked at have parts that weigh nothing.
        """
        users, items = self.pairs(world)
        reading = model.read(users, items)
        closed = Gates({}, {group.name: torch.zeros(len(users)) for group in model.active_evidence})
        torch.testing.assert_close(model.score_pairs(users, items, closed), reading.own, **CLOSE)
        for level in reading.levels:
            rows, n = level.elements.rows, len(users)
            if level.parent is not None:
                rows, n = level.parent, int(level.parent.max()) + 1
            if level.attention is not None:
                assert (level.attention >= 0).all()
                filled = torch.bincount(rows, minlength=n) > 0
                weight = torch.zeros(n).index_add(0, rows, level.attention)
                expected = filled if level.parent is None else filled & (weight > 0)
                torch.testing.assert_close(weight, expected.float(), **CLOSE)
        additive = [level for level in reading.levels if level.contribution is not None]
        for first in additive[:1]:
            torch.testing.assert_close(reading.own + self.added(first, len(users)), reading.scores, **CLOSE)
            for level in additive[1:]:
                assert first.name == ASPECTS and first.contribution is not None
                of_it = first.elements.values == [group.name for group in model.evidence].index(level.name)
                torch.testing.assert_close(self.added(level, len(users)), first.contribution[of_it], **CLOSE)

    @staticmethod
    def added(level: Level, rows: int) -> Tensor:
        """What the elements of a level add to the score of each row together."""
        assert level.contribution is not None and level.parent is None
        return torch.zeros(rows).index_add(0, level.elements.rows, level.contribution)

    def test_gradients_reach_every_parameter(self, world: Dataset) -> None:
        model = self.make(world).train()
        for epoch in self.stages:
            model.start_epoch(epoch)
            model(SequenceBatch(torch.arange(len(world.users)))).backward()
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name

    def learned_from(self, model: Recommender, world: Dataset) -> tuple[SequenceBatch, list[Tensor], Tensor]:
        """Some users, and of each training like of theirs but the first the scores of every block, and the image."""
        users, until, liked = [], [], []
        for user in (2, 3, 21, 33):
            items = world.table("likes").loc[rows_in_time(world, user)].query("split == 'train'")["item"]
            for place in range(1, len(items)):
                users.append(user)
                until.append(place)
                liked.append(world.items.code(items.iloc[place]))
        moments = torch.tensor(users), torch.tensor(until)
        scores = [model.score_moments(*moments)] if model.apart == 1 else self.by_block(model, *moments)
        return SequenceBatch(torch.tensor([2, 3, 21, 33])), scores, torch.tensor(liked)

    @staticmethod
    def by_block(model: SequenceModel, users: Tensor, until: Tensor) -> list[Tensor]:
        """The scores that each block would give alone."""
        size, found = model.config.dim // model.apart, []
        for block in range(model.apart):
            alone = (torch.arange(model.config.dim) // size == block).float()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(model, "asking", lambda states, alone=alone: states * alone)
                found.append(model.score_moments(users, until))
        return found

    @torch.no_grad()
    def test_loss_is_that_of_the_scores_at_every_training_moment(self, model: Recommender, world: Dataset) -> None:
        """Cross-entropy of every training like but the first of a user, given the likes before it alone."""
        batch, scores, liked = self.learned_from(model, world)
        expected = torch.stack([functional.cross_entropy(of_block, liked) for of_block in scores]).mean()
        torch.testing.assert_close(model(batch) - self.besides(model, batch), expected, **CLOSE)

    @torch.no_grad()
    def test_sampled_loss_is_the_one_of_many_draws(self, world: Dataset) -> None:
        """The liked image against m drawn ones, all others m / n times each on average and itself never."""
        draws = 200_000
        model = self.make(world)
        # So that it matters whether the liked image is among those drawn, and what was liked before.
        model.get_parameter("bias")[self.learned_from(model, world)[2]] += 6
        if model.config.model_dump()["repeats"]:
            model.get_parameter("again").fill_(4)
        batch, scores, liked = self.learned_from(model, world)
        expected = sum(self.against(of_block, liked, draws / len(world.items)) for of_block in scores) / len(scores)
        sampled = type(model)(model.config.model_copy(update={"softmax": "sampled", "negatives": draws}), world).eval()
        sampled.load_state_dict(model.state_dict())
        torch.manual_seed(0)
        assert float(sampled(batch)) - self.besides(sampled, batch) == pytest.approx(expected, rel=0.002)

    @staticmethod
    def against(scores: Tensor, liked: Tensor, times: float) -> float:
        """Cross-entropy of the liked image against all others, each so many times."""
        own = scores.gather(1, liked.unsqueeze(1)).squeeze(1)
        others = scores.scatter(1, liked.unsqueeze(1), -torch.inf).logsumexp(1) + math.log(times)
        return float((torch.logaddexp(own, others) - own).mean())

    @pytest.mark.parametrize("softmax", ["full", "sampled"])
    def test_learns_a_plain_order(self, tmp_path: Path, softmax: str) -> None:
        """Only a model that predicts like t + 1 from likes 1 to t finds the item that always comes next."""
        world = self.furnished(write_sequences(tmp_path / "world", planted_sequences(150, 30, 9, seed=1), 30))
        run = self.learn(world, tmp_path / "run", softmax=softmax, negatives=20)
        assert run.card.history[-1].loss < 0.5 * run.card.history[0].loss
        found = evaluate_next(run.model(world), world, metrics=["Recall@1"])
        assert found.metrics["Recall@1"].mean > 0.9

    def test_learns_nothing_where_there_is_nothing_to_learn(self, tmp_path: Path) -> None:
        """On random sequences no better than chance: a state that had seen what it predicts would be right always."""
        items, length = 60, 10
        world, fresh = (
            self.furnished(write_sequences(tmp_path / f"{seed}", random_sequences(250, items, length, seed), items))
            for seed in (1, 2)
        )
        model = self.learn(world, tmp_path / "run").model(world)
        found = evaluate_next(model, world, metrics=["Recall@1"])
        assert found.metrics["Recall@1"].mean < highest_by_chance(1 / (items - length), found.moments)
        assert loss_on(self.other(model, fresh), fresh) > self.lowest(items - length)

    def learn(self, world: Dataset, out: Path, **options: Any) -> Any:
        settings = {**self.config, **self.learning, "evaluate_every": self.learning["epochs"], **options}
        return api.train(self.name, world.root, out, seed=3, device="cpu", **settings)


@torch.no_grad()
def loss_on(model: Recommender, dataset: Dataset) -> float:
    """The training loss of all users of the dataset the model was built on, nothing dropped out."""
    return float(model.eval()(SequenceBatch(torch.arange(len(dataset.users)))))


def highest_by_chance(probability: float, trials: int) -> float:
    """A share of hits that chance exceeds less than once in a million times."""
    return probability + 5 * math.sqrt(probability * (1 - probability) / trials)
