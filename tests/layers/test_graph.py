"""Sparse products against dense matrices."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.graph import Normalisation, RecordedGraph, edge_products, edge_sums, propagate

SIZES = [3, 0, 1, 5, 0, 2, 0]


def graph(normalise: Normalisation = "mean") -> RecordedGraph:
    """Seven rows, three of them empty, and nine columns, some of them in no row."""
    generator = torch.Generator().manual_seed(0)
    values = [torch.randperm(7, generator=generator)[:n] for n in SIZES]
    return RecordedGraph(Ragged.from_lengths(torch.tensor(SIZES), torch.cat(values)), 9, normalise)


def dense(sets: Ragged, weights: Tensor) -> Tensor:
    matrix = torch.zeros(len(sets), 9, dtype=weights.dtype)
    matrix[sets.rows, sets.values] = weights
    return matrix


def test_normalisations_are_their_definitions() -> None:
    ones = dense(graph().sets, torch.ones(sum(SIZES)))
    by_row, by_column = ones.sum(1, keepdim=True).clamp_min(1), ones.sum(0, keepdim=True).clamp_min(1)
    for normalise, expected in (
        ("none", ones),
        ("mean", ones / by_row),
        ("symmetric", ones / (by_row * by_column).sqrt()),
    ):
        made = graph(normalise)
        torch.testing.assert_close(dense(made.sets, made.weights), expected)
        assert not made.state_dict() and not list(made.parameters())


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_product_and_gradients_are_those_of_the_dense_matrix(back: bool, own: bool) -> None:
    made, generator = graph("symmetric"), torch.Generator().manual_seed(1)
    vectors = torch.randn(7 if back else 9, 4, generator=generator, requires_grad=True)
    weights = torch.rand(sum(SIZES), generator=generator, requires_grad=True) if own else None
    matrix = dense(made.sets, made.weights if weights is None else weights)
    expected = (matrix.T if back else matrix) @ vectors
    found = propagate(made, vectors, weights, back=back)
    torch.testing.assert_close(found, expected)
    slope = torch.randn(expected.shape, generator=generator)
    leaves = (vectors,) if weights is None else (vectors, weights)
    for one, other in zip(
        torch.autograd.grad(found, leaves, slope), torch.autograd.grad(expected, leaves, slope), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_gradients_in_double_precision() -> None:
    made = graph().double()
    vectors = torch.randn(9, 2, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(sum(SIZES), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: propagate(made, x, w), (vectors, weights))


def test_an_empty_graph_sends_nothing() -> None:
    none = torch.empty(0, dtype=torch.int64)
    made = RecordedGraph(Ragged.from_pairs(none, none, 3), 9)
    assert made(torch.randn(9, 4)).equal(torch.zeros(3, 4))
    assert propagate(made, torch.randn(3, 4), back=True).equal(torch.zeros(9, 4))


def test_edge_products_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    made, rows, columns = graph(), torch.randn(7, 4), torch.randn(9, 4)
    expected = (rows @ columns.T)[made.sets.rows, made.sets.values]
    torch.testing.assert_close(edge_products(made.sets, rows, columns), expected)
    monkeypatch.setattr("workbench.layers.graph.BLOCK", {"cpu": 2})
    torch.testing.assert_close(edge_products(made.sets, rows, columns), expected)


def test_edge_sums_and_their_gradients() -> None:
    made = graph()
    rows = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    columns = torch.randn(9, 2, dtype=torch.float64, requires_grad=True)
    expected = rows[made.sets.rows] + columns[made.sets.values]
    torch.testing.assert_close(edge_sums(made, rows, columns), expected)
    assert torch.autograd.gradcheck(lambda r, c: edge_sums(made, r, c), (rows, columns))


def test_a_part_has_the_edges_of_its_rows() -> None:
    made, rows = graph(), torch.tensor([3, 1, 0])
    part, edges = made.part(rows)
    torch.testing.assert_close(dense(part.sets, part.weights), dense(made.sets, torch.ones(sum(SIZES)))[rows])
    assert made.sets.values[edges].equal(part.sets.values)
    assert made.sets.rows[edges].tolist() == rows[part.sets.rows].tolist()
