"""Forecasts and region maps of a popularity model on the toy world, and of a picture from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.cases import prepared
from tests.models.popularity_cases import posts_world
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.explain.popularity import OWN_PICTURE, forecast, forecast_picture, image_shares
from workbench.explain.regions import region_map
from workbench.features.encoders import Encoded
from workbench.layers.evidence import ASPECTS, Gates

SETTINGS = {"features": "even", "rare": 1, "longest": 6, "dim": 8}


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return posts_world(toy, tmp_path_factory.mktemp("world") / "posts")


@pytest.fixture(scope="module")
def explainer(world: Dataset) -> Explainer:
    return Explainer(prepared("uhan", world, 3, SETTINGS), world, "a-run")


def a_post(world: Dataset, words: int = 3) -> tuple[int, int]:
    """A test post with so many words and with regions."""
    users, items, _ = world.posts("test")
    pairs = zip(users.tolist(), items.tolist(), strict=True)
    return next((u, i) for u, i in pairs if len(world.texts[i].split()) >= words and i < len(world.items) - 1)


def test_a_forecast_tells_the_prediction_and_what_each_piece_changes(explainer: Explainer, world: Dataset) -> None:
    user, item = a_post(world)
    told = forecast(explainer, user, item)
    pair = torch.tensor([user]), torch.tensor([item])
    with torch.no_grad():
        score = float(explainer.model.score_pairs(*pair))
        assert told.score == told.explanation.score == pytest.approx(score, abs=1e-5)
        assert told.views == pytest.approx(max(2**score - 1, 0), rel=1e-4)
        for name in ("regions", "words"):
            level = told.explanation.level(name)
            assert sum(e.attention or 0 for e in level.elements) == pytest.approx(1, abs=1e-5)
            for k, element in enumerate(level.elements):
                gate = torch.ones(len(level.elements))
                gate[k] = 0
                changed = float(explainer.model.score_pairs(*pair, Gates({name: gate}))) - score
                assert element.removal == pytest.approx(changed, abs=1e-5) and element.rank_without is None
    text = told.explanation.text or ""
    words = told.explanation.level("words").elements
    assert [text[slice(*(e.span or (0, 0)))].lower() for e in words] == [e.label for e in words]
    assert [e.id for e in told.explanation.level(ASPECTS).elements] == ["regions", "words"]
    assert told.explanation.rank is None and told.explanation.task == "popularity"


def test_the_interval_covers_four_of_five_validation_posts(explainer: Explainer, world: Dataset) -> None:
    users, items, popularity = world.posts("validation")
    told = [forecast(explainer, u, i) for u, i in zip(users.tolist(), items.tolist(), strict=True)]
    half = explainer.usual_error
    close = [abs(f.score - p) <= half for f, p in zip(told, popularity.tolist(), strict=True)]
    assert 0.75 <= np.mean(close) <= 0.87
    assert all(f.high == pytest.approx(f.score + half) and f.low <= f.score <= f.high for f in told)
    assert all(f.low == pytest.approx(max(f.score - half, 0)) for f in told if f.score >= 0)
    assert [f.known for f in told] == pytest.approx(popularity.tolist())


def test_image_shares_are_the_attention_of_each_test_post(explainer: Explainer, world: Dataset) -> None:
    users, items, _ = world.posts("test")
    expected = []
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        levels = forecast(explainer, user, item).explanation
        if levels.level("regions").elements and levels.level("words").elements:
            expected.append(levels.level(ASPECTS).elements[0].attention)
    assert image_shares(explainer) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(DataError, match="weighs no images against captions"):
        image_shares(Explainer(prepared("hisave", world, 0, {}), world))


def test_a_map_shows_the_attention_and_the_score(explainer: Explainer, world: Dataset) -> None:
    user, item = a_post(world)
    seen = region_map(explainer, user, item)
    level = forecast(explainer, user, item).explanation.level("regions")
    assert [r.attention for r in seen.regions] == pytest.approx([e.attention for e in level.elements], abs=1e-6)
    assert seen.grid == (1, 4) and seen.regions[1].box == (0.25, 0, 0.5, 1) and seen.planted == ()
    with pytest.raises(DataError, match="does not look into images"):
        region_map(Explainer(prepared("bpr", world, 0, {}), world), user, item)
    with pytest.raises(DataError, match="has no regions"):
        region_map(Explainer(prepared("uhan", world, 3, SETTINGS | {"features": "uneven"}), world), user, 119)


def test_a_picture_from_outside_is_read_like_one_of_the_dataset(
    explainer: Explainer, world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, item = a_post(world)
    features = explainer.model.features
    assert features is not None
    rows = features.array()[features.sets.row(item).numpy()].astype(np.float32)

    class Same:
        def encode(self, images: list[object]) -> Encoded:
            return Encoded([rows])

    monkeypatch.setattr("workbench.explain.popularity.open_encoder", lambda *_: Same())
    inside = forecast(explainer, user, item)
    outside = forecast_picture(explainer, user, np.zeros((8, 8, 3), np.uint8), world.texts[item])
    assert outside.score == pytest.approx(inside.score, abs=1e-5) and outside.known is None
    for one, other in zip(inside.explanation.levels, outside.explanation.levels, strict=True):
        assert [e.removal for e in one.elements] == pytest.approx([e.removal for e in other.elements], abs=1e-5)
        assert [(e.id, e.box, e.span) for e in one.elements] == [(e.id, e.box, e.span) for e in other.elements]
    assert outside.explanation.item == OWN_PICTURE and outside.explanation.image is None
    assert outside.map is not None and outside.map.image is None and outside.map.item == OWN_PICTURE
    assert len(explainer.model.elements("regions", torch.tensor([0]), torch.tensor([item])).values) == 4


def test_ranking_models_forecast_nothing(world: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="predicts no popularity"):
        forecast(Explainer(prepared("bpr", world, 0, {}), world), 0, 0)
