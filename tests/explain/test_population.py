from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from tests.figures.test_population import make_population
from workbench.explain.population import FIFTHS, Population
from workbench.layers.evidence import ASPECTS


def test_a_users_row_becomes_a_level_to_draw() -> None:
    attention, contribution = np.array([[0.2, 0.8], [1.0, 0.0]]), np.array([[0.1, 0.4], [0.3, 0.0]])
    population = Population(
        users=("ann", "bo"),
        labels=("Ann", "Bo"),
        aspects=("uploads", "follows"),
        attention=attention,
        contribution=contribution,
        likes=np.array([3, 5]),
        aspect_labels=("uploads", "people followed"),
    )
    level = population.level("ann")
    assert level.name == ASPECTS and [(e.id, e.label) for e in level.elements] == [
        ("uploads", "uploads"),
        ("follows", "people followed"),
    ]
    assert [(e.attention, e.contribution) for e in level.elements] == [(0.2, 0.1), (0.8, 0.4)]
    with pytest.raises(ValueError, match="'cy' is not in this population"):
        population.level("cy")


def test_fifths_hold_every_user_once_in_order_of_likes() -> None:
    population = make_population(43)
    parts = [population.fifth(name) for name in FIFTHS]
    assert sorted(user for part in parts for user in part.users) == list(range(43))
    for fewer, more in pairwise(parts):
        assert fewer.likes.max() <= more.likes.min()
    one = parts[1].users[3]
    assert np.array_equal(parts[1].attention[3], population.attention[population.position(one)])
    with pytest.raises(ValueError, match="no fifth of users 'rich'"):
        population.fifth("rich")


def test_the_numbers_of_a_population_are_a_table() -> None:
    population = make_population(5)
    rows = population.rows()
    assert len(rows) == 15 and rows[4]["attention"] == population.attention[1, 1]
    assert json.loads(population.model_dump_json())["users"] == rows
