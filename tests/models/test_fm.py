from itertools import combinations

import pytest
import torch
from torch import Tensor

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.base import Recommender


class TestFM(ModelCase):
    name = "fm"

    @torch.no_grad()
    def test_ranks_as_all_pairs_of_features(self, model: Recommender, world: Dataset) -> None:
        """Rendle 2010, Eq. 1, with a loop over all pairs; the model leaves out what is the same for all images."""
        w = {name: tensor.double() for name, tensor in model.state_dict().items()}
        vectors = Features.open(world.root, "convnet").vectors(world).double()

        def pairs(values: list[float], factors: list[Tensor]) -> float:
            return sum(
                values[k] * values[m] * float(factors[k] @ factors[m]) for k, m in combinations(range(len(values)), 2)
            )

        for user in (0, 3, len(world.users) - 1):
            liked = vectors[world.history.row(user)].mean(0).tolist()
            of_user = [1.0, *liked], [w["users.weight"][user], *w["liked.weight"].T]
            for item in (1, 40, len(world.items) - 1):
                shown = vectors[item].tolist()
                of_image = [1.0, *shown], [w["items.weight"][item], *w["shown.weight"].T]
                linear = float(w["bias"][item] + w["weight.weight"][0] @ vectors[item])
                together = pairs(of_user[0] + of_image[0], of_user[1] + of_image[1])
                expected = linear + together - pairs(*of_user)
                score = model.score_pairs(torch.tensor([user]), torch.tensor([item]))
                assert score.item() == pytest.approx(expected, rel=1e-4, abs=1e-4)
