from typing import ClassVar

import numpy as np
import pytest
import torch

from tests.models.sequence_cases import MomentCase, rows_in_time
from workbench.data.dataset import Dataset
from workbench.layers.evidence import Gates
from workbench.models.base import Recommender


def near_of(world: Dataset, item: int) -> dict[int, float]:
    """The 15 images nearest to one by cosine of who liked them in training, with shrinkage, by sets."""
    pairs = list(zip(*(part.tolist() for part in world.likes("train")), strict=True))
    people = [{user for user, liked in pairs if liked == j} for j in range(len(world.items))]
    cosine = {
        j: float(np.float32(len(people[item] & p) / (np.sqrt(len(people[item]) * len(p)) + 2)))
        for j, p in enumerate(people)
        if j != item
    }
    return {j: cosine[j] for j in sorted(cosine, key=lambda j: (-cosine[j], j))[:15]}


class TestRecentKNN(MomentCase):
    name = "recentknn"
    config: ClassVar = {"neighbours": 15, "shrink": 2.0, "recent": 3}

    @pytest.mark.parametrize("gated", [False, True])
    def test_equals_the_formula(self, model: Recommender, world: Dataset, gated: bool) -> None:
        """From the latest like back, each takes of the room for three what is left, until the moment of the pair."""
        generator = torch.Generator().manual_seed(3)
        likes, found = world.table("likes"), 0
        for user in range(0, 40, 2):
            rows = rows_in_time(world, user)
            for until, item in ((len(rows), 5 * user % 120), (len(rows) - 1, user), (2, 119 - user)):
                codes = world.items.codes(likes["item"][rows[:until]]).tolist()
                gate = torch.rand(until, generator=generator).mul(1.4).sub(0.2).clamp(0, 1)
                gate = gate if gated else torch.ones(until)
                near, room, shares = near_of(world, item), 3.0, []
                for like, g in zip(reversed(codes), reversed(gate.tolist()), strict=True):
                    shares.append(g * min(max(room, 0.0), 1.0) * near.get(like, 0.0))
                    room -= g
                at = Gates({"history": gate} if gated else {}, until=torch.tensor([until]))
                reading = model.read(torch.tensor([user]), torch.tensor([item]), at)
                assert float(reading.scores) == pytest.approx(sum(shares), abs=1e-6)
                (level,) = reading.levels
                assert level.elements.values.tolist() == codes and level.contribution is not None
                assert level.contribution.tolist() == pytest.approx(shares[::-1], abs=1e-6)
                found += sum(share > 0 for share in shares)
        assert found > 10

    def test_a_closed_like_lets_the_one_before_the_last_three_move_in(self, model: Recommender, world: Dataset) -> None:
        user = int(world.history.lengths.argmax())
        likes = model.elements("history", torch.tensor([user]), torch.tensor([0])).values
        alone = torch.eye(len(likes))
        one = [model.score_items(torch.tensor([user]), Gates({"history": row})) for row in alone]
        gate = torch.ones(len(likes))
        gate[-2] = 0
        found = model.score_items(torch.tensor([user]), Gates({"history": gate}))
        torch.testing.assert_close(found, one[-1] + one[-3] + one[-4])
        torch.testing.assert_close(model.score_items(torch.tensor([user])), one[-1] + one[-2] + one[-3])
