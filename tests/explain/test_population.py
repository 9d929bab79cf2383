from __future__ import annotations

import numpy as np
import pytest

from workbench.explain.population import Population
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
