import pytest
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.base import Recommender


class TestCBF(ModelCase):
    name = "cbf"

    def test_equals_the_formula(self, model: Recommender, world: Dataset) -> None:
        """Standardised means of regions, averaged over the likes with a picture; the last image has none."""
        vectors = Features.open(world.root, "convnet").vectors(world).double().numpy()[:-1]
        images = StandardScaler().fit_transform(vectors)
        users, items = self.pairs(world)
        for user, item, score in zip(users.tolist(), items.tolist(), model.score_pairs(users, items), strict=True):
            liked = [j for j in world.history.row(user).tolist() if j < len(images)]
            shown = item < len(images)
            expected = cosine_similarity([images[liked].mean(0)], [images[item]])[0, 0] if shown else 0.0
            assert score.item() == pytest.approx(expected, abs=1e-5)
