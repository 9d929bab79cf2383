"""Marks of maps and words against planted causes, by plain loops and by the explanations of single pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.cases import prepared
from tests.models.popularity_cases import posts_world
from tests.models.rewritten import add_features, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.write import write_dataset
from workbench.explain.explainer import Explainer
from workbench.explain.pointing import mark_regions, mark_words, region_removals
from workbench.explain.pointing_game import Marks
from workbench.explain.regions import region_map
from workbench.features.store import FeatureCard, Features, grid_boxes

CELLS = grid_boxes(2, 2)


def with_causes(world: Dataset, causes: pd.DataFrame, folder: Path) -> Dataset:
    tables = tables_of(world) | ({"posts": world.table("posts").copy()} if world.has("posts") else {})
    write_dataset(folder, world.card, tables | {"causes": causes})
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def liked(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Explainer, pd.DataFrame]:
    """ACF on a world where the cause of each training like is one cell of a 2 x 2 grid, drawn at random."""
    rng = np.random.default_rng(0)
    users, items = toy.likes("train")
    chosen = rng.integers(4, size=len(users))
    causes = pd.DataFrame(
        {
            "user": [toy.users.id(u) for u in users.tolist()],
            "item": [toy.items.id(i) for i in items.tolist()],
            "source": "like",
            "aspect": "own",
            "label": "cat",
            "cell": chosen,
        }
    ).assign(**dict(zip(("x0", "y0", "x1", "y1"), CELLS[chosen].T.astype(float), strict=True)))
    causes = causes[items.numpy() != len(toy.items) - 1].reset_index(drop=True)
    data = add_features(with_causes(toy, causes, tmp_path_factory.mktemp("liked") / "toy"), "convnet", (2, 2))
    return Explainer(prepared("acf", data, 2, {"dim": 8, "hidden": 6}), data), causes


def by_method(marks: list[Marks]) -> dict[str, Marks]:
    return {mark.method: mark for mark in marks}


def test_attention_and_controls_equal_plain_loops(liked: tuple[Explainer, pd.DataFrame]) -> None:
    explainer, causes = liked
    data, hits, energy = explainer.dataset, [], []
    for cause in causes.itertuples():
        seen = region_map(explainer, data.users.code(cause.user), data.items.code(cause.item))
        weights = [region.attention or 0.0 for region in seen.regions]
        hits.append(int(np.argmax(weights)) == cause.cell)
        energy.append(weights[cause.cell])
        assert seen.planted[0].box == tuple(CELLS[cause.cell])
    marks = by_method(mark_regions(explainer, most=10))
    assert marks["attention"].pairs == len(causes)
    assert marks["attention"].pointing == pytest.approx(np.mean(hits), abs=1e-9)
    assert marks["attention"].energy == pytest.approx(np.mean(energy), abs=1e-5)
    assert marks["uniform"].pointing == pytest.approx(0.25) and marks["uniform"].energy == pytest.approx(0.25)
    # All four cells touch the middle, so the centre control is the uniform one here.
    assert marks["centre"].pointing == pytest.approx(0.25)
    assert marks["random"].pointing == pytest.approx(0.25, abs=4 * marks["random"].error)
    assert marks["removal"].pairs == marks["attention, the same 10"].pairs == 10


def test_a_map_that_points_at_the_cause_is_marked_right(
    liked: tuple[Explainer, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer, causes = liked
    truth = torch.zeros(len(causes), 4)
    truth[torch.arange(len(causes)), torch.tensor(causes["cell"].tolist())] = 1
    original = explainer.model.region_map

    def perfect(users: torch.Tensor, items: torch.Tensor) -> object:
        level = original(users, items)
        assert level is not None
        return type(level)(level.name, level.elements, truth.flatten(), None)

    monkeypatch.setattr(explainer.model, "region_map", perfect)
    mark = by_method(mark_regions(explainer, most=5))["attention"]
    assert mark.pointing == 1 and mark.energy == 1 and mark.error == 0


def test_removal_in_a_history_is_the_change_of_the_users_best_images(liked: tuple[Explainer, pd.DataFrame]) -> None:
    explainer, _ = liked
    data, model = explainer.dataset, explainer.model
    assert model.features is not None
    user = 4
    item = int(data.history.row(user)[0])
    found = region_removals(explainer, torch.tensor([user]), torch.tensor([item]), model.features.sets)
    best = [data.items.code(r.item) for r in explainer.recommend(user)]
    for k in range(len(found)):
        changes = []
        for image in best:
            explanation = explainer.explain(user, image)
            part = [e for e in explanation.level("regions").elements if e.of == data.items.id(item) and e.id == k]
            if part:
                changes.append(abs(part[0].removal or 0.0))
        if len(changes) == len(best):
            assert found[k] == pytest.approx(np.mean(changes), abs=1e-5)
    assert len(found) == 4 and found.max() > 0


@pytest.fixture(scope="module")
def posted(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Explainer, pd.DataFrame]:
    """UHAN on a world where the first word and the second region of every post are its cause."""
    world = posts_world(toy, tmp_path_factory.mktemp("posts") / "posts")
    posts = world.table("posts")
    texts = dict(zip(world.items, world.texts, strict=True))
    causes = pd.DataFrame({"user": posts["user"], "item": posts["item"], "source": "post", "aspect": "regions"})
    causes = causes.assign(x0=0.25, y0=0.0, x1=0.5, y1=1.0, words=[texts[i].split(" ")[0] for i in posts["item"]])
    data = with_causes(world, causes, tmp_path_factory.mktemp("posted") / "toy")
    array = np.random.default_rng(0).normal(size=(4 * len(data.items), 8)).astype(np.float16)
    card = FeatureCard(
        encoder="x", version="1", preprocessing="", shape=array.shape, fingerprint=data.fingerprint, grid=(1, 4)
    )
    Features.write(data.root, "even", card, array, np.full(len(data.items), 4))
    settings = {"features": "even", "rare": 1, "longest": 6, "dim": 8}
    return Explainer(prepared("uhan", data, 3, settings), data), causes


def test_posts_are_marked_by_attention_and_by_the_removal_explanations_show(
    posted: tuple[Explainer, pd.DataFrame],
) -> None:
    explainer, _ = posted
    data = explainer.dataset
    users, items, _ = data.posts("test")
    hits: dict[str, list[float]] = {"attention": [], "removal": [], "word": []}
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        explanation = explainer.explain(user, item)
        regions, words = explanation.level("regions").elements, explanation.level("words").elements
        hits["attention"].append(np.argmax([e.attention or 0 for e in regions]) == 1)
        hits["removal"].append(np.argmax([abs(e.removal or 0) for e in regions]) == 1)
        if words:
            weights = np.array([e.attention or 0 for e in words])
            hits["word"].append(words[int(weights.argmax())].label == words[0].label)
    regions_marks, words_marks = by_method(mark_regions(explainer)), by_method(mark_words(explainer))
    assert regions_marks["attention"].pointing == pytest.approx(np.mean(hits["attention"]))
    assert regions_marks["removal"].pointing == pytest.approx(np.mean(hits["removal"]))
    assert words_marks["attention"].pairs == len(hits["word"])
    assert words_marks["attention"].pointing == pytest.approx(np.mean(hits["word"]))


def test_without_planted_causes_there_is_nothing_to_mark(toy: Dataset) -> None:
    with pytest.raises(DataError, match="no planted causes"):
        mark_regions(Explainer(prepared("bpr", toy, 0, {}), toy))
