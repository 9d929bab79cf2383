from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from workbench.explain.population import Population
from workbench.figures.population import population_figure, population_plotly
from workbench.figures.shares import MAX_DOTS, Shares
from workbench.figures.style import COLUMN_WIDTH

THREE = ("uploads", "follows", "creator")


def make_population(users: int = 40, aspects: tuple[str, ...] = THREE) -> Population:
    rng = np.random.default_rng(0)
    attention = rng.dirichlet(np.ones(len(aspects)), users)
    attention[3] = 0
    labels = tuple("Mina $x$ <b>" if i == 7 else f"user {i}" for i in range(users))
    likes = rng.integers(0, 90, users)
    return Population(tuple(range(users)), labels, aspects, attention, 2 * attention[::-1], likes, aspects)


def test_dots_lie_between_the_corners() -> None:
    population = make_population()
    figure = population_figure(population, 7)
    dots, ring = [c for axes in figure.axes for c in axes.collections if isinstance(c, PathCollection)]
    assert len(dots.get_offsets()) == 39
    assert np.allclose(ring.get_offsets()[0], dots.get_offsets()[-1])
    shares, points = np.delete(population.attention, [3, 7], axis=0), np.asarray(dots.get_offsets())[:-1]
    corners, _, rank, _ = np.linalg.lstsq(shares, points, rcond=None)
    assert rank == 3 and np.allclose(shares @ corners, points)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    assert np.allclose(sides, sides[0])


def test_screen_shows_the_same_shares_and_marks_the_user() -> None:
    population = make_population()
    figure = population_plotly(population, 7, measure="contribution")
    users, chosen = (t for t in figure.data if t.type == "scatterternary")
    expected = population.contribution[7] / population.contribution[7].sum()
    assert np.allclose([chosen.a[0], chosen.b[0], chosen.c[0]], expected)
    assert len(users.a) == 39 and users.customdata[-1] == "7"
    assert "<b>Mina &#36;x&#36; &lt;b&gt;" in chosen.text[0]
    assert len([t for t in figure.data if t.type == "bar"]) == 3


def test_without_three_aspects_there_are_histograms_alone() -> None:
    population = make_population(aspects=(*THREE, "history"))
    figure = population_plotly(population)
    assert {t.type for t in figure.data} == {"bar"}
    assert [sum(t.y) for t in figure.data] == pytest.approx([1, 1, 1, 1])
    paper = population_figure(population, width=COLUMN_WIDTH, theme="dark")
    assert paper.axes[-1].get_xlabel() == "share of attention (adds up to 1 for each user)"


def test_many_users_are_thinned_but_never_the_chosen_one() -> None:
    data = Shares.of(make_population(3 * MAX_DOTS), "attention", 5)
    assert len(data.dots) <= MAX_DOTS + 1 and data.dots[-1] == data.chosen == 4
    assert "1 without evidence left out" in data.note and "dots" in data.note


def test_a_user_without_evidence_is_not_marked() -> None:
    assert Shares.of(make_population(), "attention", 3).chosen is None
    population_figure(make_population(), 3)


def test_wrong_shapes_and_unknown_users_are_named() -> None:
    population = make_population()
    with pytest.raises(ValueError, match="nobody"):
        population_figure(population, "nobody")
    with pytest.raises(ValueError, match="3 aspects"):
        Population(
            population.users,
            population.labels,
            THREE,
            population.attention[:, :2],
            population.contribution,
            population.likes,
            THREE,
        )
