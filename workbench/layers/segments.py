"""Arithmetic over ragged sets: softmax and sums per segment, without padding and without a loop over segments."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from workbench.data.ragged import Ragged

STEEPEST = 60.0
"""How far a score may lie above all that are present: what is closed weighs nothing, but its slope must not be cut."""


def segment_sum(values: Tensor, sets: Ragged) -> Tensor:
    """Sum of ``values`` (elements, ...) within each set, (rows, ...); 0 for an empty set."""
    return values.new_zeros(len(sets), *values.shape[1:]).index_add_(0, sets.rows, values)


def segment_max(values: Tensor, sets: Ragged, empty: float) -> Tensor:
    """Largest of ``values`` (elements,) within each set, (rows,); ``empty`` for an empty set."""
    start = values.new_full((len(sets),), empty)
    return start.scatter_reduce(0, sets.rows, values, "amax", include_self=True)


def gated_softmax(scores: Tensor, sets: Ragged, gates: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Softmax of ``scores`` within each set, over what its gates leave present.

    With g the gates and p = max g of a set, ``weight_e = p * g_e exp(s_e) / sum_k g_k exp(s_k)``. At 0 and 1 this is
    the softmax over the elements that remain, an empty set weighs nothing, and between it is continuous, so that
    gradients and paths from "nothing recorded" to "all recorded" exist.

    Args:
        scores: (elements,) attention scores.
        sets: the sets the elements belong to.
        gates: (elements,) in [0, 1]; all ones if left out.

    Returns:
        weights (elements,) adding up to the presence of their set, and presence (rows,), the largest gate of each set.
    """
    rows, tiny = sets.rows, torch.finfo(scores.dtype).tiny
    shown = scores.detach() if gates is None else scores.detach().masked_fill(gates <= 0, -torch.inf)
    top = segment_max(shown, sets, -torch.inf)
    top = top.masked_fill(top.isinf(), 0)
    shares = (scores - top.index_select(0, rows)).clamp(max=STEEPEST).exp()
    if gates is None:
        presence = (sets.lengths > 0).to(scores.dtype)
    else:
        shares = shares * gates
        presence = segment_max(gates, sets, 0.0)
    totals = segment_sum(shares, sets).clamp_min(tiny)
    return shares * (presence / totals).index_select(0, rows), presence


def gated_softmax_rows(scores: Tensor, gates: Tensor) -> Tensor:
    """The same softmax along the last axis of dense ``scores`` and ``gates`` (..., n)."""
    top = scores.detach().masked_fill(gates <= 0, -torch.inf).amax(-1, keepdim=True)
    shares = (scores - top.masked_fill(top.isinf(), 0)).clamp(max=STEEPEST).exp() * gates
    totals = shares.sum(-1, keepdim=True).clamp_min(torch.finfo(scores.dtype).tiny)
    return shares * (gates.amax(-1, keepdim=True) / totals)


def weighted_sum(table: Tensor, sets: Ragged, weights: Tensor) -> Tensor:
    """Sum of the rows of ``table`` (codes, d) named by each set, weighted: (rows, d).

    The rows are read where they lie: no (elements, d) copy is made.
    """
    return functional.embedding_bag(
        sets.values, table, sets.offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
    )
