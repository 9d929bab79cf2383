"""What the nodes of a graph gather from their neighbours, weighted by attention."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from workbench.data.ragged import Ragged
from workbench.layers.attention import AdditiveScore
from workbench.layers.graph import RecordedGraph, edge_sums
from workbench.layers.reach import Changed, neighbours, places
from workbench.layers.segments import gated_softmax, weighted_sum

NodeAttention = Literal["embedding", "edge", "average"]


class GraphAttention(nn.Module):
    """What each node gathers from its neighbours in one graph, weighted by a softmax over them.

    The scores before the softmax are a two-layer network on both nodes' vectors (embedding), ``sigmoid(w s_e + c)`` of
    a number s_e that every edge e learns for itself (edge), or nothing, which averages (average).
    """

    def __init__(self, kind: NodeAttention, edges: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "embedding":
            self.net = AdditiveScore(dim, dim, hidden)
        elif kind == "edge":
            self.edges = nn.Parameter(torch.randn(edges))
            self.scale, self.shift = nn.Parameter(torch.ones(())), nn.Parameter(torch.zeros(()))

    def _of_edges(self, edges: Tensor) -> Tensor:
        return torch.sigmoid(self.scale * edges + self.shift)

    def forward(
        self,
        graph: RecordedGraph,
        own: Tensor,
        others: Tensor,
        gates: Tensor | None = None,
        edges: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What all rows of a graph gather.

        Args:
            graph: (rows, columns).
            own: (rows, D) vectors; ``others`` (columns, D) those of the neighbours.
            others: see above.
            gates: (edges,).
            edges: (edges,) which of all edges those of the graph are; they are all, in order, if left out.

        Returns:
            the sums (rows, D), the weights (edges,) and how far a row has neighbours at all (rows,).
        """
        sets = graph.sets
        if self.kind == "embedding":
            hidden = edge_sums(graph, self.net.query(own), self.net.key(others))
            scores = self.net.combine(hidden, torch.zeros_like(self.net.out))
        elif self.kind == "edge":
            scores = self._of_edges(self.edges if edges is None else self.edges.index_select(0, edges))
        else:
            scores = torch.zeros_like(graph.weights)
        weights, presence = gated_softmax(scores, sets, gates)
        return graph(others, weights), weights, presence

    def again(
        self, graph: RecordedGraph, keys: Tensor, own: Tensor, others: tuple[Changed, Tensor], gates: Tensor
    ) -> tuple[Ragged, Tensor, Tensor, Tensor]:
        """What nodes gather in changed worlds.

        Args:
            graph: (rows, columns).
            keys: (n,) of rows of the graph, in the world of a row each; ``own`` (n, D) their vectors there.
            own: see above.
            others: what is changed of the columns, and (columns, D) their vectors as recorded.
            gates: (e,) of the neighbours of ``keys``.

        Returns:
            keys of the neighbours (n sets), and sums (n, D), weights (e,) and presence (n,) as above.
        """
        changed, recorded = others
        around = neighbours(keys, graph.sets, len(recorded))
        codes = Ragged(around.offsets, around.values % len(recorded))
        if self.kind == "embedding":
            key = Changed(changed.keys, self.net.key(changed.values)).at(around.values, self.net.key(recorded))
            scores = self.net.combine(self.net.query(own).index_select(0, around.rows), key)
        elif self.kind == "edge":
            edges = Ragged(graph.offsets, torch.arange(len(graph.values), device=keys.device))
            scores = self._of_edges(self.edges[edges.select(keys % len(graph.sets)).values])
        else:
            scores = own.new_zeros(around.values.shape)
        weights, presence = gated_softmax(scores, around, gates)
        place, known = places(changed.keys, around.values)
        moved = changed.values.index_select(0, place[known]) - recorded.index_select(0, codes.values[known])
        sums = weighted_sum(recorded, codes, weights)
        sums = sums.index_add(0, around.rows[known], weights[known].unsqueeze(-1) * moved)
        return around, sums, weights, presence
