import math
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.models.base import PairBatch, Recommender
from workbench.models.bpr import BPR
from workbench.models.soreg import SoReg, SoRegConfig, similarities


def plain_similarity(world: Dataset, one: int, other: int, kind: str) -> float:
    """Of the rows of zeros and ones, number by number."""
    n = len(world.items)
    rows = [[float(item in set(world.history.row(user).tolist())) for item in range(n)] for user in (one, other)]
    if kind == "none":
        return 1.0
    if kind == "pearson":
        rows = [[value - sum(row) / n for value in row] for row in rows]
    sizes = [math.sqrt(sum(value * value for value in row)) for row in rows]
    product = sum(a * b for a, b in zip(*rows, strict=True)) / (sizes[0] * sizes[1])
    return (product + 1) / 2 if kind == "pearson" else product


class TestSoReg(ModelCase):
    name = "soreg"

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """Follower by follower; with everybody drawn once it is the whole regulariser."""
        assert isinstance(model, SoReg)
        config, p, expected = model.config, model.users.weight, 0.0
        for user in range(len(world.users)):
            followed = world.follows.row(user).tolist()
            weights = [plain_similarity(world, user, other, config.similarity) for other in followed]
            if config.form == "individual":
                pairs = zip(weights, followed, strict=True)
                expected += sum(w * float((p[user] - p[other]).square().sum()) for w, other in pairs)
            elif sum(weights) > 0:
                pulled = sum((w * p[other] for w, other in zip(weights, followed, strict=True)), torch.zeros(15))
                expected += float((p[user] - pulled / sum(weights)).square().sum())
        assert float(model.distance(torch.arange(len(world.users)))) == pytest.approx(expected, rel=1e-4)

    @torch.no_grad()
    def test_a_step_takes_its_part_of_the_followers(self, model: Recommender, world: Dataset) -> None:
        """Beside the loss of BPR; followers without likes count as others do."""
        assert isinstance(model, SoReg)
        users, items = world.likes("train")
        batch = PairBatch(users[:90], items[:90], torch.flip(items[:90], (0,)).unsqueeze(1))
        torch.manual_seed(4)
        added = model(batch) - BPR.forward(model, batch)
        torch.manual_seed(4)
        n = len(model.followers)
        chosen = model.followers[torch.randint(n, (round(n * 90 / len(users)),))]
        mean = sum(float(model.distance(user[None])) for user in chosen) / len(chosen)
        assert float(added) == pytest.approx(model.config.social / 2 * mean * n / len(users), rel=1e-3)

    def test_both_ends_of_a_follow_are_pulled(self, world: Dataset) -> None:
        model = self.make(world).double()
        assert isinstance(model, SoReg)
        weight = model.users.weight
        (slope,) = torch.autograd.grad(model.distance(model.followers[:1]), weight)
        moved = set(torch.nonzero(slope.abs().sum(1)).flatten().tolist())
        followed = world.follows.row(int(model.followers[0])).tolist()
        weighs = {f for f in followed if plain_similarity(world, int(model.followers[0]), f, model.config.similarity)}
        assert moved == ({int(model.followers[0])} | weighs if weighs else set())

    def test_reads_no_evidence_and_says_why(self, model: Recommender, world: Dataset, tmp_path: Path) -> None:
        """Without anybody followed the scores are the same."""
        tables = tables_of(world)
        tables["follows"] = tables["follows"].iloc[:1]
        other = type(model)(model.config, rewrite(world, tables, tmp_path / "alone")).eval()
        other.load_state_dict(model.state_dict())
        users = torch.arange(len(world.users))
        assert torch.equal(other.score_items(users), model.score_items(users))
        assert model.silent and not model.evidence
        with pytest.raises(ValueError, match="soreg reads no evidence"):
            model.elements("follows", users, users)


class TestSoRegAverage(TestSoReg):
    config: ClassVar[dict[str, Any]] = {"form": "average", "social": 0.3}


class TestSoRegPearson(TestSoReg):
    config: ClassVar[dict[str, Any]] = {"similarity": "pearson"}


class TestSoRegAlike(TestSoReg):
    config: ClassVar[dict[str, Any]] = {"similarity": "none"}


@pytest.mark.parametrize("kind", ["cosine", "pearson", "none"])
def test_similarities_lie_between_0_and_1(toy: Dataset, kind: Any) -> None:
    found = similarities(toy.history, toy.follows, len(toy.items), kind)
    pairs = zip(toy.follows.rows.tolist(), toy.follows.values.tolist(), found.tolist(), strict=True)
    for one, other, value in pairs:
        assert 0 <= value <= 1
        assert value == pytest.approx(plain_similarity(toy, one, other, kind), abs=1e-5)


def test_without_follows_it_is_refused(toy: Dataset, tmp_path: Path) -> None:
    tables = tables_of(toy)
    tables["follows"] = tables["follows"].iloc[:0]
    with pytest.raises(DataError, match="add the table, or train bpr"):
        SoReg(SoRegConfig(), rewrite(toy, tables, tmp_path / "none"))
