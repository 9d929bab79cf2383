"""Nodes of a graph that a change of one row reaches, for many rows at once, each in a world of its own.

A node x in the world of row r is one number, the key ``r * nodes + x``; sets of them are sorted tensors of keys.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.segments import gated_softmax, segment_max, segment_sum


@dataclass(frozen=True)
class Changed:
    """Vectors of nodes that differ from what all rows share.

    Attributes:
        keys: (n,) sorted.
        values: (n, d).
    """

    keys: Tensor
    values: Tensor

    @classmethod
    def nothing(cls, like: Tensor) -> Changed:
        """No change, of vectors like ``like`` (nodes, d)."""
        return cls(torch.empty(0, dtype=torch.int64, device=like.device), like[:0])

    def at(self, keys: Tensor, shared: Tensor) -> Tensor:
        """Vectors (m, d) of the nodes ``keys`` (m,), where ``shared`` (nodes, d) are those nothing has changed."""
        found = shared.index_select(0, keys % len(shared))
        if not len(self.keys):
            return found
        place, known = places(self.keys, keys)
        return torch.where(known.unsqueeze(-1), self.values.index_select(0, place), found)


def places(keys: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Where the ``wanted`` (m,) keys stand among the sorted ``keys`` (n,), and (m,) whether they are among them."""
    if not len(keys):
        return torch.zeros_like(wanted), torch.zeros_like(wanted, dtype=torch.bool)
    place = torch.searchsorted(keys, wanted).clamp_max(len(keys) - 1)
    return place, keys.index_select(0, place) == wanted


def neighbours(keys: Tensor, sets: Ragged, nodes: int) -> Ragged:
    """For each of ``keys`` (m,), the keys in the same row of what ``sets`` connect its node with.

    Args:
        keys: of nodes that are rows of ``sets``.
        sets: the graph.
        nodes: how many nodes there are on the other side.
    """
    found = sets.select(keys % len(sets))
    return Ragged(found.offsets, (keys // len(sets)).index_select(0, found.rows) * nodes + found.values)


def joined(*keys: Tensor) -> Tensor:
    """The union of sets of keys, sorted."""
    union: Tensor = torch.unique(torch.cat(keys))
    return union


def within(keys: Tensor, others: Tensor) -> Tensor:
    """Those of ``keys`` (m,) that are among the sorted ``others``."""
    return keys[places(others, keys)[1]]


def gated_mean(values: Tensor, sets: Ragged, gates: Tensor | None = None) -> Tensor:
    """Mean (rows, d) of ``values`` (elements, d) over what the gates of each set leave present; 0 over nothing."""
    weights, _ = gated_softmax(values.new_zeros(len(values)), sets, gates)
    return segment_sum(weights.unsqueeze(-1) * values, sets)


def gated_max(values: Tensor, sets: Ragged, gates: Tensor | None = None) -> Tensor:
    """Largest number (rows, d) in each place of ``values`` (elements, d), over what is present; 0 over nothing.

    With p = max g of a set it is ``p max_e (v_e + ln(g_e / p))``, which is the maximum over what is left at 0 and 1 and
    continuous between, as the softmax of the same gates is.
    """
    rows, presence = sets.rows, None
    if gates is not None:
        tiny = torch.finfo(values.dtype).tiny
        presence = segment_max(gates, sets, 0.0)
        share = gates.clamp_min(tiny).log() - presence.clamp_min(tiny).log().index_select(0, rows)
        values = (values + share.unsqueeze(-1)).masked_fill((gates <= 0).unsqueeze(-1), -torch.inf)
    start = values.new_full((len(sets), values.shape[1]), -torch.inf)
    top = start.scatter_reduce(0, rows.unsqueeze(-1).expand_as(values), values, "amax", include_self=True)
    top = torch.where(top.isinf(), torch.zeros_like(top), top)
    return top if presence is None else presence.unsqueeze(-1) * top
