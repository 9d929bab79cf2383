import math
from typing import Any, ClassVar

import pytest
import torch

from tests.models.rewritten import add_features, add_topics, rewrite, tables_of
from tests.models.sequence_cases import SequenceCase
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.features.topics import Topics
from workbench.models.base import Recommender, SequenceBatch
from workbench.models.mvrnn import MVRNN, MVRNNConfig


class MVRNNCase(SequenceCase):
    name = "mvrnn"

    @classmethod
    def furnished(cls, dataset: Dataset) -> Dataset:
        return add_topics(add_features(dataset, "convnet", (2, 2)))

    def besides(self, model: Recommender, batch: SequenceBatch) -> float:
        """The auto-encoder's error on the likes that are predicted, by the formula."""
        assert isinstance(model, MVRNN)
        if model.config.fusion != "reconstruction":
            return 0.0
        items = torch.cat([model.images(model.likes(user.view(1))).values[1:] for user in batch.users])
        fused = model.vectors()[items, model.config.dim :]
        total = 0.0
        for matrix, table in ((model.picture, model.pictures), (model.subject, model.subjects)):
            total += float(((table[items] - fused @ matrix.weight) ** 2).sum() / table.shape[1])
        return model.config.reconstruction / 2 * total / len(items)


class TestMVRNN(MVRNNCase):
    config: ClassVar[dict[str, Any]] = {"dim": 8, "loss": "softmax", "reconstruction": 0.5}


class TestSideBySide(MVRNNCase):
    config: ClassVar[dict[str, Any]] = {"dim": 8, "loss": "softmax", "fusion": "concatenation", "units": "two"}


class TestPairwise(MVRNNCase):
    """As published: one image is drawn for each like."""

    config: ClassVar[dict[str, Any]] = {"dim": 8, "fusion": "sum", "units": "two"}

    @staticmethod
    def lowest(candidates: int) -> float:
        """What telling a like from a drawn image by chance costs."""
        return math.log(2)

    @torch.no_grad()
    def test_loss_is_that_of_the_scores_at_every_training_moment(self, model: Recommender, world: Dataset) -> None:
        """Softplus of what a drawn image is ahead of the next like."""
        users, losses = torch.tensor([2, 3, 21, 33]), []
        torch.manual_seed(4)
        found = model(SequenceBatch(users))
        torch.manual_seed(4)
        liked = [model.images(model.likes(user.view(1))).values for user in users]  # type: ignore[operator]
        drawn = torch.randint(len(world.items), (sum(len(items) - 1 for items in liked),)).tolist()
        for user, items in zip(users, liked, strict=True):
            for place in range(1, len(items)):
                other = drawn.pop(0)
                scores = model.score_moments(user.view(1), torch.tensor([place]))[0]
                if other != items[place]:
                    losses.append(-(scores[items[place]] - scores[other]).sigmoid().log())
        assert float(found) == pytest.approx(float(torch.stack(losses).mean()), rel=1e-4)

    def test_sampled_loss_is_the_one_of_many_draws(self) -> None:  # type: ignore[override]
        pytest.skip("the pairwise loss draws one image for each like, whatever softmax says")


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("mvrnn") / "toy")


@torch.no_grad()
def test_an_image_is_its_own_vector_and_what_it_shows_and_says(world: Dataset) -> None:
    for fusion in ("reconstruction", "concatenation"):
        model = MVRNN(MVRNNConfig(dim=4, fusion=fusion), world).eval()  # type: ignore[arg-type]
        features = Features.open(world.root, "convnet")
        means = torch.stack([features.tensor()[features.sets.row(k)].float().mean(0) for k in range(119)])
        f = (means[7] - means.mean(0)) / (means - means.mean(0)).std(correction=0)
        theta = Topics.open(world.root).item_topics[:119]
        g = (theta[7] - theta.mean(0)) / (theta - theta.mean(0)).std(correction=0)
        picture, subject = model.picture.weight @ f, model.subject.weight @ g
        parts = [picture, subject] if fusion == "concatenation" else [picture + subject]
        vectors = model.vectors()
        torch.testing.assert_close(vectors[7], torch.cat([model.items.weight[7], *parts]), atol=1e-5, rtol=1e-4)
        # The last image has neither regions nor topics.
        assert vectors[119, :4].abs().sum() > 0 and not vectors[119, 4:].any()


def test_corruption_takes_whole_pictures_and_texts_away_in_training_alone(world: Dataset) -> None:
    model = MVRNN(MVRNNConfig(dim=4, corruption=0.3, loss="softmax", dropout=0), world)
    items = torch.arange(119).repeat(30, 1)
    for part in model._seen(items, corrupted=True):
        gone = (part == 0).all(-1)
        assert torch.equal(gone, (part == 0).any(-1))
        assert float(gone.float().mean()) == pytest.approx(0.3, abs=0.03)
    batch = SequenceBatch(torch.arange(40))
    assert not torch.equal(model(batch), model(batch))
    assert torch.equal(model.eval()(batch), model(batch))


def test_refuses_what_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="tied"):
        MVRNNConfig(tied=False)
    with pytest.raises(ValueError, match="softmax"):
        MVRNNConfig(repeats=True)
