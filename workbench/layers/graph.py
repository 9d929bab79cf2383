"""Products with a recorded sparse graph, forward and backward, without a copy of the vectors for each edge."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from workbench.data.ragged import Ragged
from workbench.layers.segments import weighted_sum

Normalisation = Literal["none", "mean", "symmetric"]
BLOCK = {"cpu": 4096}
"""Edges whose two vectors are multiplied at a time; on the processor few enough to stay in its cache."""
LARGE = 1 << 18
"""The same on other devices."""


class RecordedGraph(nn.Module):
    """A sparse matrix (rows, columns) with one fixed weight for each edge, and its transpose, as buffers.

    Both directions are kept in compressed rows, so that a product and its gradient are one pass over the edges each,
    in a fixed order. Nothing of it is a parameter; it moves with the model and is never saved with its weights.

    Args:
        sets: for each row, the columns it is connected with, each at most once.
        columns: number of columns.
        normalise: the weight of an edge from r to c: 1 (none), 1 / |row r| (mean, so that a product averages), or
            1 / sqrt(|row r| |column c|) (symmetric; He et al., LightGCN, Eq. 3).

    Attributes:
        weights: (edges,) in the order of ``sets.values``.
        turn: (edges,) the place in ``sets.values`` of each edge of ``transposed``.
    """

    offsets: Tensor
    values: Tensor
    weights: Tensor
    back_offsets: Tensor
    back_values: Tensor
    turn: Tensor

    def __init__(self, sets: Ragged, columns: int, normalise: Normalisation = "mean") -> None:
        super().__init__()
        rows, values = sets.rows, sets.values
        turn = torch.argsort(values, stable=True)
        degree = torch.bincount(values, minlength=columns)
        weights = torch.ones(len(values))
        if normalise == "mean":
            weights = 1 / sets.lengths[rows].float()
        elif normalise == "symmetric":
            weights = 1 / (sets.lengths[rows] * degree[values]).float().sqrt()
        back = Ragged.from_lengths(degree, rows[turn])
        for name, buffer in (
            ("offsets", sets.offsets),
            ("values", values),
            ("weights", weights),
            ("back_offsets", back.offsets),
            ("back_values", back.values),
            ("turn", turn),
        ):
            self.register_buffer(name, buffer, persistent=False)

    @property
    def sets(self) -> Ragged:
        """Rows -> columns."""
        return Ragged(self.offsets, self.values)

    @property
    def transposed(self) -> Ragged:
        """Columns -> rows."""
        return Ragged(self.back_offsets, self.back_values)

    def part(self, rows: Tensor) -> tuple[RecordedGraph, Tensor]:
        """The graph of the ``rows`` (n,) alone, every edge with weight 1, and which edges (e,) these are."""
        edges = Ragged(self.offsets, torch.arange(len(self.values), device=rows.device)).select(rows)
        sets = Ragged(edges.offsets, self.values.index_select(0, edges.values))
        return RecordedGraph(sets, len(self.back_offsets) - 1, "none"), edges.values

    def forward(self, vectors: Tensor, weights: Tensor | None = None) -> Tensor:
        """See ``propagate``."""
        return propagate(self, vectors, weights)


def propagate(graph: RecordedGraph, vectors: Tensor, weights: Tensor | None = None, *, back: bool = False) -> Tensor:
    """The product (rows, d) of a graph with the ``vectors`` (columns, d): what each row receives from its neighbours.

    Args:
        graph: the matrix.
        vectors: one for each column.
        weights: (edges,) in the order of ``graph.sets.values`` in place of the recorded ones; may need a gradient.
        back: multiply with the transpose: ``vectors`` (rows, d) come in, (columns, d) go out.
    """
    used = graph.weights.to(vectors.dtype) if weights is None else weights
    return Product.apply(vectors, used, graph, back)  # type: ignore[no-untyped-call,no-any-return]


class Product(torch.autograd.Function):
    """``A x`` for vectors and edge weights that may need gradients: ``A^T g``, and ``g_r . x_c`` for an edge (r, c)."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, weights: Tensor, graph: RecordedGraph, back: bool) -> Tensor:
        """One pass over the edges by row."""
        ctx.graph, ctx.back = graph, back
        ctx.save_for_backward(vectors if ctx.needs_input_grad[1] else vectors[:0], weights)
        return _product(graph, vectors, weights, back)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        """One pass over the edges by column, and one more where the weights learn."""
        vectors, weights = ctx.saved_tensors
        slope, of_vectors, of_weights = slope.contiguous(), None, None
        if ctx.needs_input_grad[0]:
            of_vectors = _product(ctx.graph, slope, weights, not ctx.back)
        if ctx.needs_input_grad[1]:
            of_weights = edge_products(ctx.graph.sets, *((vectors, slope) if ctx.back else (slope, vectors)))
        return of_vectors, of_weights, None, None


def _product(graph: RecordedGraph, vectors: Tensor, weights: Tensor, back: bool) -> Tensor:
    if back:
        return weighted_sum(vectors, graph.transposed, weights.index_select(0, graph.turn))
    return weighted_sum(vectors, graph.sets, weights)


def edge_products(sets: Ragged, rows: Tensor, columns: Tensor) -> Tensor:
    """Scalar products (edges,) of ``rows`` (rows, d) and ``columns`` (columns, d) over the edges of ``sets``."""
    block = BLOCK.get(rows.device.type, LARGE)
    parts = [
        (rows.index_select(0, r) * columns.index_select(0, c)).sum(-1)
        for r, c in zip(torch.split(sets.rows, block), torch.split(sets.values, block), strict=True)
    ]
    return torch.cat(parts)


def edge_sums(graph: RecordedGraph, rows: Tensor, columns: Tensor) -> Tensor:
    """For each edge the sum (edges, d) of what its two ends have in ``rows`` (rows, d) and ``columns`` (columns, d)."""
    return EdgeSums.apply(rows, columns, graph)  # type: ignore[no-untyped-call,no-any-return]


class EdgeSums(torch.autograd.Function):
    """A gather from both ends, whose gradient is summed by row and by column in one pass over the edges each."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, columns: Tensor, graph: RecordedGraph) -> Tensor:
        """Both gathers."""
        ctx.graph = graph
        sets = graph.sets
        return rows.index_select(0, sets.rows).add_(columns.index_select(0, sets.values))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, None]:
        """Sums over the edges of a row, and over those of a column."""
        graph, slope = ctx.graph, slope.contiguous()
        ones = slope.new_ones(len(slope))
        by_row = Ragged(graph.offsets, torch.arange(len(slope), device=slope.device))
        by_column = Ragged(graph.back_offsets, graph.turn)
        return weighted_sum(slope, by_row, ones), weighted_sum(slope, by_column, ones), None
