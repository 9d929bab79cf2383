from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from tests.models.cases import ModelCase
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.models.base import PairBatch, Recommender
from workbench.models.ranking import bpr_loss
from workbench.models.trustsvd import TrustSVD, TrustSVDConfig


class TestTrustSVD(ModelCase):
    name = "trustsvd"
    config: ClassVar[dict[str, Any]] = {"unlinked": 2}

    @torch.no_grad()
    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """By a plain loop; the scored image itself is left out of the history."""
        assert isinstance(model, TrustSVD)
        w, e = model.state_dict(), model.config.exponent
        users, items = self.pairs(world)
        for user, item, score in zip(users.tolist(), items.tolist(), model.score_pairs(users, items), strict=True):
            vector = w["users.weight"][user].clone()
            liked = [j for j in world.history.row(user).tolist() if j != item or not model.config.exclude_target]
            for j in liked:
                vector += w["liked.weight"][j] / len(liked) ** e
            for v in (followed := world.follows.row(user).tolist()):
                vector += w["trusted.weight"][v] / len(followed) ** e
            expected = w["bias"][item] + w["items.weight"][item] @ vector
            assert score.item() == pytest.approx(expected.item(), abs=1e-4)

    @torch.no_grad()
    def test_penalty_is_weighted_by_counts(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, TrustSVD)
        w, config, history, follows = model.state_dict(), model.config, world.history, world.follows
        expected = 0.0
        for user in range(len(world.users)):
            likes, followed = len(history.row(user)), len(follows.row(user))
            followers = int((follows.values == user).sum())
            weight = config.regularisation / max(likes, 1) ** 0.5 + (config.trust / followed**0.5 if followed else 0)
            expected += weight * float(w["users.weight"][user].square().sum())
            expected += (
                config.regularisation / max(followers, 1) ** 0.5 * float(w["trusted.weight"][user].square().sum())
            )
        for item in range(len(world.items)):
            squares = w["items.weight"][item].square().sum() + w["liked.weight"][item].square().sum()
            likers = max(int((history.values == item).sum()), 1)
            expected += config.regularisation / likers**0.5 * float(squares + w["bias"][item] ** 2)
        assert float(model.penalty()) == pytest.approx(expected, rel=1e-4)

    @torch.no_grad()
    def test_vectors_have_to_tell_who_follows_whom(self, model: Recommender, world: Dataset) -> None:
        assert isinstance(model, TrustSVD)
        w, follows = model.state_dict(), world.follows
        generator = torch.Generator().manual_seed(9)
        strangers = torch.randint(len(world.users), (len(follows.values), 3), generator=generator)
        expected, left_out = 0.0, 0
        pairs = zip(follows.rows.tolist(), follows.values.tolist(), strict=True)
        for row, (user, followed) in enumerate(pairs):
            p = w["users.weight"][user]
            expected += float(w["trusted.weight"][followed] @ p - 1) ** 2
            for other in strangers[row].tolist():
                if other in follows.row(user).tolist():
                    left_out += 1
                else:
                    expected += float(w["trusted.weight"][other] @ p) ** 2 / 3
        found = model.link_error(torch.arange(len(follows.values)), strangers)
        assert left_out and float(found) == pytest.approx(expected, rel=1e-4)

    @torch.no_grad()
    def test_loss_adds_up(self, model: Recommender, world: Dataset) -> None:
        """Scores of pairs leave the scored image out, as training does with what is liked."""
        assert isinstance(model, TrustSVD)
        users, items = world.likes("train")
        negatives = torch.tensor([[i for i in range(120) if i not in world.history.row(int(u))][:2] for u in users])
        likes, links = len(users), len(model.links)
        torch.manual_seed(8)
        loss = float(model(PairBatch(users, items, negatives)))
        torch.manual_seed(8)
        places = torch.randint(links, (links,))
        error = model.link_error(places, torch.randint(len(world.users), (links, 2)))
        repeated = users.repeat_interleave(2)
        below = model.score_pairs(repeated, negatives.flatten()).view(-1, 2)
        expected = bpr_loss(model.score_pairs(users, items).unsqueeze(1) - below)
        expected = expected + (model.config.trust * error + model.penalty()) / 2 / likes
        assert loss == pytest.approx(float(expected), rel=1e-4)


class TestTrustSVDAsPrinted(TestTrustSVD):
    config: ClassVar[dict[str, Any]] = {
        "exclude_target": False, "exponent": 1.0, "trust": 0.4, "regularisation": 0.2, "unlinked": 2,
    }  # fmt: skip


def test_without_follows_it_is_refused(toy: Dataset, tmp_path: Path) -> None:
    tables = tables_of(toy)
    tables["follows"] = tables["follows"].iloc[:0]
    with pytest.raises(DataError, match="add the table, or train svdpp"):
        TrustSVD(TrustSVDConfig(), rewrite(toy, tables, tmp_path / "none"))
