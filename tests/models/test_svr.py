from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR

from tests.models.popularity_cases import PopularityCase, codes_of, regions_of
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.models.svr import SVR, SVRConfig


class TestSVR(PopularityCase):
    name = "svr"
    config = PopularityCase.SHARED


class TestWithAuthors(PopularityCase):
    name = "svr"
    config = PopularityCase.SHARED | {"author": True}


class TestWithoutWords(PopularityCase):
    name = "svr"
    config = PopularityCase.SHARED | {"modalities": ("regions",)}


class TestWithoutRegions(PopularityCase):
    name = "svr"
    config = PopularityCase.SHARED | {"modalities": ("words",)}


@pytest.mark.parametrize("author", [False, True])
def test_agrees_with_a_pipeline_of_scikit_learn(posts: Dataset, author: bool) -> None:
    """The pipeline is told what an image without regions counts as: an average one without colours."""
    config = SVRConfig(**PopularityCase.SHARED, c=(0.3,), author=author)
    model = SVR(config, posts)
    model.fit(posts)
    users, items, popularity = posts.posts("train")
    assert 119 not in items.tolist() or not regions_of(model, posts, 119)
    known = [" ".join(str(code) for code in codes_of(model, posts, item)) for item in range(len(posts.items))]
    learned = [item for item in items.tolist() if item != 119]
    vectors = {i: torch.stack(regions_of(model, posts, i)).mean(0).numpy() for i in range(119)}
    colours = Features.open(posts.root, "descriptor").vectors(posts)[:, :192].numpy()
    words = TfidfVectorizer(token_pattern=r"\d+").fit([known[item] for item in items.tolist()])
    scale = StandardScaler().fit(np.stack([vectors[item] for item in learned]))

    def table(users: list[int], items: list[int]) -> np.ndarray:
        there = np.array([[float(item != 119)] for item in items])
        means = scale.transform(np.stack([vectors.get(item, scale.mean_) for item in items])) / np.sqrt(8)
        blocks = [words.transform([known[item] for item in items]).toarray(), means, colours[items] * there]
        return np.concatenate([*blocks, np.eye(len(posts.users))[users]] if author else blocks, 1)

    centre = float(popularity.double().mean())
    fitted = LinearSVR(C=0.3, epsilon=0.1, loss="squared_epsilon_insensitive", random_state=0, max_iter=100_000)
    fitted.fit(table(users.tolist(), items.tolist()), popularity.double().numpy() - centre)
    held_users, held_items, _ = posts.posts("test")
    wanted = fitted.predict(table(held_users.tolist(), held_items.tolist())) + centre
    np.testing.assert_allclose(model.score_pairs(held_users, held_items), wanted, atol=0.02)


def test_the_best_c_is_found_on_the_validation_posts(posts: Dataset) -> None:
    def error(*c: float) -> float:
        model = SVR(SVRConfig(**PopularityCase.SHARED, c=c), posts)
        model.fit(posts)
        users, items, truth = posts.posts("validation")
        return float((model.score_pairs(users, items) - truth).square().mean())

    single = [error(c) for c in (0.001, 0.1, 10.0)]
    assert error(0.001, 0.1, 10.0) == pytest.approx(min(single), rel=1e-5)
    assert max(single) > 1.01 * min(single)
