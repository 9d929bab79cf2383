"""Drawing the demo world: what a scene says is what the picture shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from workbench.data.postcards.captions import caption, title
from workbench.data.postcards.draw import reel, render, silhouette
from workbench.data.postcards.objects import DRAWINGS
from workbench.data.postcards.scene import (
    CATEGORIES,
    CLASSES,
    COLOURS,
    PATTERNS,
    SETTINGS,
    SIZES,
    Box,
    Scene,
    Thing,
    compose,
    overlap,
    place,
)
from workbench.data.postcards.settings import CATALOGUE, backdrop, hour

_TOLERANCE = 0.015


def _tight_box(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height


def _scenes(count: int, seed: int = 0) -> list[Scene]:
    generator = np.random.default_rng(seed)
    return [compose(generator, list(generator.choice(CLASSES, 1 + k % 3, replace=False))) for k in range(count)]


def test_the_world_is_wide_enough() -> None:
    assert set(DRAWINGS) == set(CLASSES) == set(CATEGORIES)
    assert len(CLASSES) >= 28
    assert len(SETTINGS) >= 8
    assert 6 <= len(set(CATEGORIES.values())) <= 8
    assert all(word.isalpha() and word.islower() for word in (*CLASSES, *COLOURS, *SETTINGS))


@pytest.mark.parametrize("label", CLASSES)
@pytest.mark.parametrize("centre", [0.3, 0.7])
def test_box_is_the_tight_box_of_the_silhouette(label: str, centre: float) -> None:
    scene = compose(np.random.default_rng(5), [label])
    x0, y0, x1, y1 = scene.things[0].box
    width = min(x1 - x0, 0.5)
    thing = replace(scene.things[0], box=(centre - width / 2, y0, centre + width / 2, y1))
    np.testing.assert_allclose(_tight_box(silhouette(thing) > 127), thing.box, atol=_TOLERANCE)


@pytest.mark.parametrize("label", [label for label in CLASSES if place(label, "meadow") == "air"])
def test_a_flying_thing_changes_the_picture_in_its_box_only(label: str) -> None:
    thing = Thing(label, "purple", "checked", "medium", (0.31, 0.12, 0.69, 0.52))
    scene = Scene("meadow", (thing,), 0)
    changed = np.abs(render(scene).astype(int) - backdrop("meadow", 0, 224)).max(axis=2) > 40
    np.testing.assert_allclose(_tight_box(changed), thing.box, atol=_TOLERANCE)


def test_same_scene_same_pixels_and_same_generator_same_scene() -> None:
    assert _scenes(6) == _scenes(6)
    for scene in _scenes(6):
        picture = render(scene)
        assert picture.shape == (224, 224, 3)
        assert picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, render(scene))


@pytest.mark.parametrize("setting", SETTINGS)
def test_backgrounds_differ_by_seed_and_keep_their_hour(setting: str) -> None:
    first, second = backdrop(setting, 3, 96), backdrop(setting, 9, 96)
    assert (first != second).any()
    assert {hour(setting, seed) for seed in range(12)} == set(CATALOGUE[setting].hours)


@pytest.mark.parametrize(("colour", "pattern"), [("blue", "plain"), *(("red", name) for name in PATTERNS[1:])])
@pytest.mark.parametrize("label", CLASSES)
def test_attributes_show(label: str, colour: str, pattern: str) -> None:
    plain = Thing(label, "red", "plain", "medium", (0.3, 0.3, 0.7, 0.7))
    other = replace(plain, colour=colour, pattern=pattern)
    first, second = (render(Scene("desert", (thing,), 0)).astype(int) for thing in (plain, other))
    inside = silhouette(plain) > 127
    share = (np.abs(first - second).max(axis=2) > 30)[inside].mean()
    assert share > 0.02


def test_size_sets_how_large_a_thing_is_drawn() -> None:
    generator = np.random.default_rng(2)
    areas: dict[str, list[float]] = {size: [] for size in SIZES}
    for _ in range(60):
        thing = compose(generator, ["car"]).things[0]
        areas[thing.size].append((thing.box[2] - thing.box[0]) * (thing.box[3] - thing.box[1]))
    assert max(areas["small"]) < min(areas["medium"])
    assert max(areas["medium"]) < min(areas["large"])


def test_compose_honours_labels_and_setting() -> None:
    generator = np.random.default_rng(1)
    for setting in SETTINGS:
        scene = compose(generator, ["cat", "plane"], setting)
        assert scene.setting == setting
        assert [thing.label for thing in scene.things] == ["cat", "plane"]
        assert not CATALOGUE[setting].avoid & {thing.colour for thing in scene.things}
    assert all(compose(generator, ["boat"]).setting in ("beach", "lake") for _ in range(10))


@pytest.mark.parametrize("labels", [["turtle"] * 3, ["plane"] * 3, ["castle", "house", "train"], ["bird", "star"]])
@pytest.mark.parametrize("setting", SETTINGS)
def test_boxes_stay_apart_and_inside(labels: list[str], setting: str) -> None:
    scene = compose(np.random.default_rng(0), labels, setting)
    assert all(overlap(a.box, b.box) <= 0.06 for a, b in combinations(scene.things, 2))
    for x0, y0, x1, y1 in (thing.box for thing in scene.things):
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1


@pytest.mark.parametrize(
    ("labels", "setting"), [(["dragon"], None), ([], None), (["cat"] * 4, None), (["cat"], "moon")]
)
def test_compose_names_what_it_cannot_draw(labels: list[str], setting: str | None) -> None:
    with pytest.raises(ValueError, match=r"one to three labels|Unknown setting 'moon'"):
        compose(np.random.default_rng(0), labels, setting)


def test_things_stand_float_or_fly_where_they_belong() -> None:
    for scene in _scenes(60, seed=4):
        where = CATALOGUE[scene.setting]
        for thing in scene.things:
            middle, low = (thing.box[1] + thing.box[3]) / 2, thing.box[3]
            if place(thing.label, scene.setting) == "air":
                assert middle <= where.air[1] + 0.02
            else:
                assert low >= (where.water or where.ground)[0] - 1e-9


def test_words_mention_what_is_there() -> None:
    generator = np.random.default_rng(3)
    for scene in _scenes(120, seed=6):
        text = caption(scene, generator)
        words = set(text.lower().strip(".").replace(",", "").split())
        assert {thing.label for thing in scene.things} <= words
        assert CATALOGUE[scene.setting].phrase in text.lower()
        assert any(thing.label in title(scene, generator).lower() for thing in scene.things)
        absent = set(COLOURS) - {thing.colour for thing in scene.things}
        assert not absent & words


@pytest.mark.parametrize("frames", [5, 6, 7, 8])
def test_reel_features_each_thing(frames: int) -> None:
    generator = np.random.default_rng(frames)
    for scene in _scenes(12, seed=frames):
        story = reel(scene, frames, generator)
        assert len(story) == frames
        assert story[0] == scene
        for thing in scene.things:
            boxes = [other.box for frame in story for other in frame.things if other.label == thing.label]
            assert max((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes) > 0.25
            assert len({x0 + x1 > 1 for x0, _, x1, _ in boxes}) == 1, "it turned round"
            assert all(0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 for x0, y0, x1, y1 in boxes)
        for frame in story:
            assert all(overlap(a.box, b.box) <= 0.06 for a, b in combinations(frame.things, 2))


def test_reel_needs_a_frame_for_each_thing() -> None:
    with pytest.raises(ValueError, match="at least 4 frames; got 3"):
        reel(_scenes(3)[2], 3, np.random.default_rng(0))
