from tests.models.cases import ModelCase
from workbench.data.dataset import Dataset
from workbench.explain.explainer import Explainer
from workbench.models.base import Recommender


class TestPopularity(ModelCase):
    name = "popularity"

    def test_equals_the_count(self, model: Recommender, world: Dataset) -> None:
        liked = world.likes("train")[1].tolist()
        users, items = self.pairs(world)
        assert model.score_pairs(users, items).tolist() == [liked.count(item) for item in items.tolist()]
        assert len(set(liked)) > 5

    def test_the_explanation_says_that_it_knows_nobody(self, model: Recommender, world: Dataset) -> None:
        explainer = Explainer(model, world)
        best = world.items.code(explainer.recommend(0)[0].item)
        told = explainer.explain(0, best)
        assert told.sentence.startswith("Only because of how many people like it (+")
        assert told.sentence.endswith(model.silent)
        assert not told.levels and told.verdict.badge == "cannot be judged"
