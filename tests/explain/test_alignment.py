"""The pointing game of phrases, on small images where every answer can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.explain.alignment import PhraseMarks, centres_inside, controls, mark_phrases
from workbench.features.store import grid_boxes

GRID = grid_boxes(3, 3).astype(np.float64)
# A phrase of the upper left cell, one of two boxes (upper right and lower left), one of a sliver between the centres.
REGIONS = np.stack([GRID] * 3)
BOXES = np.array([[0, 0, 0.4, 0.4], [0.7, 0, 1, 0.3], [0, 0.7, 0.3, 1], [0.3, 0, 0.4, 1]])
OF = np.array([0, 1, 1, 2])
IMAGES = np.array([0, 0, 1])


def by(found: list[PhraseMarks]) -> dict[tuple[str, str], PhraseMarks]:
    return {(mark.method, mark.type): mark for mark in found}


def test_a_region_lies_where_its_centre_lies() -> None:
    inside = centres_inside(REGIONS, BOXES, OF)
    assert [np.flatnonzero(row).tolist() for row in inside] == [[0], [2, 6], []]


def test_hits_are_counted_by_type_and_ties_by_their_share() -> None:
    inside = centres_inside(REGIONS, BOXES, OF)
    scores = np.zeros((3, 9))
    scores[0, 0] = 1
    scores[1, [2, 5, 6, 8]] = 0.5
    scores[2, 4] = 9
    found = mark_phrases({"map": scores}, inside, ["people", "other", "other"], IMAGES)
    assert [(mark.type, mark.phrases, mark.images, mark.hits) for mark in found] == [
        ("all", 3, 2, 1.5),
        ("other", 2, 2, 0.5),
        ("people", 1, 1, 1.0),
    ]
    assert found[0].pointing == 0.5
    # Both phrases of image 0 together are half a phrase above their mean, the one of image 1 half below.
    assert found[0].error == pytest.approx(np.sqrt(2 * (0.5**2 + 0.5**2)) / 3)
    with pytest.raises(ValueError, match="no phrase"):
        mark_phrases({}, inside, [], IMAGES)


def test_controls_know_nothing_of_the_phrase() -> None:
    inside = centres_inside(REGIONS, BOXES, OF)
    inside[2, 4] = True
    found = by(mark_phrases(controls(REGIONS, inside), inside, ["a", "b", "c"], IMAGES))
    assert found["random", "all"].hits == pytest.approx(1 / 9 + 2 / 9 + 1 / 9)
    assert found["largest", "all"].hits == found["random", "all"].hits
    assert [found["centre", name].hits for name in "abc"] == [0, 0, 1]
    assert found["best possible", "all"].hits == 3


def test_regions_an_image_does_not_have_are_never_pointed_at() -> None:
    regions = np.stack([GRID, GRID])
    regions[0, 2:] = np.nan
    regions[1, :2] = [[0, 0, 1, 1], [0, 0, 0.1, 0.1]]
    inside = centres_inside(regions, np.array([[0, 0, 0.2, 0.2], [0.4, 0.4, 0.6, 0.6]]), np.array([0, 1]))
    found = by(mark_phrases(controls(regions, inside), inside, ["a", "b"], np.array([0, 1])))
    assert found["random", "a"].hits == 0.5
    assert found["largest", "b"].hits == 1
    nowhere = np.full((2, 9), np.nan)
    assert mark_phrases({"none": nowhere}, inside, ["a", "b"], np.array([0, 1]))[0].hits == 0
