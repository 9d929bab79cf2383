from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.features.conftest import write_drawn
from tests.models.cases import prepared
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.attributes import attribute_map, attribute_profile, attribute_profiles, attribute_view
from workbench.explain.explainer import Explainer
from workbench.features.encoders import encoder_named
from workbench.features.extraction import extract
from workbench.features.pictures import pixels_of, read_picture
from workbench.features.store import ARRAY, FOLDER, Features
from workbench.models.saers import SAERS


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explainer]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    data = Dataset.open(write_drawn(tmp_path_factory.mktemp("attributes") / "drawn"))
    extract(data, encoder_named("attributes", data))
    yield Explainer(prepared("saers", data, 3, {"dim": 5}), data, "run")
    torch.set_num_threads(threads)


def test_a_view_says_what_the_explanation_says_and_how_it_is_liked(explainer: Explainer) -> None:
    model = explainer.model
    assert isinstance(model, SAERS)
    explanation, views = explainer.explain(1, 6), attribute_view(explainer, 1, 6)
    elements = explanation.level("attributes").elements
    assert [view.attribute for view in views] == ["colour", "thing"] == [element.id for element in elements]
    for view, element in zip(views, elements, strict=True):
        assert element.kind == "attribute" and element.label == f"{view.attribute}: {view.value}"
        assert (element.box, element.confidence) == (view.box, view.confidence)
        assert (view.attention, view.contribution) == (element.attention, element.contribution)
        assert (view.removal, view.rank_without) == (element.removal, element.rank_without)
        assert view.contribution == pytest.approx(view.attention * np.log(view.liking / (1 - view.liking)), abs=1e-4)
    total = explanation.own + sum(view.contribution for view in views)
    assert total == pytest.approx(explanation.score, abs=1e-4)
    assert sum(view.attention for view in views) == pytest.approx(1, abs=1e-5)


def test_a_blurred_attribute_costs_what_its_picture_blurred_by_hand_does(explainer: Explainer, tmp_path: Path) -> None:
    data, user, item = explainer.dataset, 1, 6
    told = explainer.explain(user, item, removal="blurred")
    elements = told.level("attributes").elements
    features, path = Features.open(data.root, "attributes"), data.image_path(item)
    assert path is not None and len(elements) == 2
    picture, rows = read_picture(path), features.sets.row(item).tolist()
    for place, element in enumerate(elements):
        out = cv2.GaussianBlur(picture, (0, 0), sigmaX=10 / 224 * picture.shape[1], sigmaY=10 / 224 * picture.shape[0])
        inside, new = pixels_of(features.boxes[rows[place]], picture.shape), picture.copy()
        new[inside] = out[inside]
        shutil.copytree(data.root, tmp_path / str(place))
        array = tmp_path / str(place) / FOLDER / "attributes" / ARRAY
        vectors = np.load(array)
        vectors[rows] = encoder_named("attributes", data).encode([new]).vectors[0]
        np.save(array, vectors)
        model = SAERS(explainer.model.config, Dataset.open(tmp_path / str(place)))  # type: ignore[arg-type]
        model.load_state_dict(explainer.model.state_dict())
        score = float(model.eval().score_pairs(torch.tensor([user]), torch.tensor([item]))[0].detach())
        assert element.removal == pytest.approx(score - told.score, abs=2e-4, rel=1e-2)
        assert abs(score - told.score) > 1e-3


def test_a_profile_is_the_mean_over_the_images_that_show_a_value(explainer: Explainer) -> None:
    profile, count = attribute_profile(explainer, 0), len(explainer.dataset.items)
    views = [view for item in range(count) if item != 7 for view in attribute_view(explainer, 0, item)]
    assert {(row.attribute, row.value) for row in profile.rows} == {(view.attribute, view.value) for view in views}
    for row in profile.rows:
        mine = [view for view in views if (view.attribute, view.value) == (row.attribute, row.value)]
        assert row.images == len(mine)
        for name in ("liking", "attention", "contribution"):
            assert getattr(row, name) == pytest.approx(np.mean([getattr(view, name) for view in mine]), abs=1e-5)
    order = [(row.attribute, -row.liking) for row in profile.rows]
    assert order == sorted(order)
    first = profile.rows[0]
    assert profile.row(first.attribute, first.value) == first and profile.user == 0
    with pytest.raises(KeyError, match="no image shows colour: gold"):
        profile.row("colour", "gold")


def test_profiles_of_several_are_those_of_each(explainer: Explainer) -> None:
    both = attribute_profiles(explainer, [1, 0])
    for user, found in zip((1, 0), both, strict=True):
        alone = attribute_profile(explainer, user)
        assert found.user == user and [r.value for r in found.rows] == [r.value for r in alone.rows]
        numbers = [[r.liking, r.attention, r.contribution] for r in found.rows]
        np.testing.assert_allclose(numbers, [[r.liking, r.attention, r.contribution] for r in alone.rows], atol=1e-5)


def test_maps_belong_to_the_value_asked_for(explainer: Explainer) -> None:
    (view,) = [one for one in attribute_view(explainer, 0, 5) if one.attribute == "thing"]
    own = attribute_map(explainer, 5, "thing")
    np.testing.assert_array_equal(own, attribute_map(explainer, 5, "thing", view.value))
    other = next(value for value in ("boat", "cat", "flower") if value != view.value)
    assert own.ndim == 2 and not np.allclose(own, attribute_map(explainer, 5, "thing", other))
    with pytest.raises(DataError, match="image 7 has no picture"):
        attribute_map(explainer, 7, "thing")
    with pytest.raises(DataError, match="knows no attribute 'mood'"):
        attribute_map(explainer, 5, "mood")


def test_other_models_read_no_attributes(toy: Dataset, explainer: Explainer, tmp_path: Path) -> None:
    other = Explainer(prepared("bpr", toy, 3, {}), toy)
    for ask in (
        lambda: attribute_view(other, 0, 0),
        lambda: attribute_profile(other, 0),
        lambda: attribute_map(other, 0, "x"),
    ):
        with pytest.raises(DataError, match="bpr reads no attributes: choose a run of the model saers"):
            ask()


def test_an_image_without_a_picture_shows_nothing_and_is_own_taste(explainer: Explainer) -> None:
    assert attribute_view(explainer, 0, 7) == ()
    explanation = explainer.explain(0, 7)
    assert explanation.score == pytest.approx(explanation.own, abs=1e-6)
