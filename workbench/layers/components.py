"""Attention over the components of the elements of a set: which part of each liked image a user looks at."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from workbench.layers.segments import gated_softmax_rows

CACHED = 1 << 18
"""Numbers of a block that is worked on at a time, so that it stays in the processor's cache: 1 MB."""
STEEP = 80.0
"""Up to here a number and its opposite have exponentials in single precision."""


def component_scores(
    key: Tensor,
    query: Tensor,
    out: Tensor,
    element: Tensor,
    bend: Literal["relu", "tanh"] = "relu",
) -> Tensor:
    """Scores ``w . relu(key + query)`` of every component of every element (ACF, Eq. 10; with tanh Ante-RNN, Eq. 9).

    Written by hand in blocks because (elements, M, h) would not fit into memory at the sizes of the paper, and is
    read and written a dozen times where the parts are composed from tensor operations.

    Args:
        key: (n, M, h) projected components of the distinct images, bias included.
        query: (elements, h) projected user of each element.
        out: (h,) the vector w.
        element: (elements,) which of the n images each element is; fastest in ascending order.
        bend: the function between the two layers.

    Returns:
        (elements, M).
    """
    scores: Tensor = _Scores.apply(key, query, out, element, bend)  # type: ignore[no-untyped-call]
    return scores


def pooled(weights: Tensor, vectors: Tensor, element: Tensor) -> Tensor:
    """Weighted sums (elements, d) of ``vectors`` (n, M, d) with ``weights`` (elements, M) (ACF, Eq. 12).

    Args:
        weights: of the components of each element.
        vectors: components of the distinct images.
        element: (elements,) which of the n images each element is.
    """
    sums: Tensor = _Pooled.apply(weights, vectors, element)  # type: ignore[no-untyped-call]
    return sums


def component_weights(scores: Tensor, gates: Tensor | None) -> Tensor:
    """Softmax (elements, M) over the components that ``gates`` (elements, M) leave present (ACF, Eq. 11).

    Without gates, every one of the M components is there.
    """
    return scores.softmax(-1) if gates is None else gated_softmax_rows(scores, gates)


def _blocks(elements: int, size: int) -> list[slice]:
    step = max(1, CACHED // max(size, 1))
    return [slice(start, min(start + step, elements)) for start in range(0, elements, step)]


class _Scores(Function):
    @staticmethod
    def forward(ctx: Any, key: Tensor, query: Tensor, out: Tensor, element: Tensor, bend: str) -> Tensor:
        if bend == "tanh":
            # tanh(a + b) = 1 - 2 / (1 + exp(2a) exp(2b)): where that cannot overflow, far fewer exponentials.
            steepest = 2 * (_largest(key) + _largest(query))
            bend = "factors" if steepest < STEEP else bend
        if bend == "factors":
            key, query = (2 * key).exp_(), (2 * query).exp_()
        ctx.save_for_backward(key, query, out, element)
        ctx.bend = bend
        scores = key.new_empty(len(element), key.shape[1])
        for block in _blocks(len(element), key.shape[1] * key.shape[2]):
            hidden = _hidden(key, query, element, block, bend)
            if bend == "factors":
                hidden.mul_(-2).add_(1)
            torch.matmul(hidden, out, out=scores[block])
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        (slope,) = gradients
        key, query, out, element = ctx.saved_tensors
        to_key, to_query, to_out = torch.zeros_like(key), torch.empty_like(query), torch.zeros_like(out)
        for block in _blocks(len(element), key.shape[1] * key.shape[2]):
            hidden = _hidden(key, query, element, block, ctx.bend)
            g = slope[block].reshape(-1, 1)
            if ctx.bend == "factors":
                # 1 - tanh^2 is 4 (h - h^2).
                to_out += g.sum() - 2 * (g.T @ hidden.flatten(0, 1)).squeeze(0)
                hidden.addcmul_(hidden, hidden, value=-1)
                g = 4 * g
            else:
                to_out += (g.T @ hidden.flatten(0, 1)).squeeze(0)
                if ctx.bend == "relu":
                    # The slope of relu is 1 where a hidden unit is on, which is the sign of what it puts out.
                    hidden.sign_()
                else:
                    hidden.square_().neg_().add_(1)
            hidden.mul_((g @ out.unsqueeze(0)).view_as(hidden))
            torch.sum(hidden, 1, out=to_query[block])
            to_key.index_add_(0, element[block], hidden)
        return to_key, to_query, to_out, None, None


def _largest(values: Tensor) -> float:
    """The largest size of any value."""
    return float(torch.stack(values.aminmax()).abs().amax()) if values.numel() else 0.0


def _hidden(key: Tensor, query: Tensor, element: Tensor, block: slice, bend: str) -> Tensor:
    """(block, M, h) what the hidden layer puts out; of ``factors`` the h whose tanh is 1 - 2h."""
    entering = key.index_select(0, element[block])
    if bend == "factors":
        return entering.mul_(query[block].unsqueeze(1)).add_(1).reciprocal_()
    entering.add_(query[block].unsqueeze(1))
    return entering.relu_() if bend == "relu" else entering.tanh_()


class _Pooled(Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, vectors: Tensor, element: Tensor) -> Tensor:
        ctx.save_for_backward(weights, vectors, element)
        sums = vectors.new_empty(len(element), vectors.shape[2])
        for block in _blocks(len(element), vectors.shape[1] * vectors.shape[2]):
            parts = vectors.index_select(0, element[block])
            torch.bmm(weights[block].unsqueeze(1), parts, out=sums[block].unsqueeze(1))
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None]:
        (slope,) = gradients
        weights, vectors, element = ctx.saved_tensors
        to_weights = torch.empty_like(weights)
        to_vectors = torch.zeros_like(vectors) if ctx.needs_input_grad[1] else None
        for block in _blocks(len(element), vectors.shape[1] * vectors.shape[2]):
            parts, g = vectors.index_select(0, element[block]), slope[block]
            torch.bmm(parts, g.unsqueeze(-1), out=to_weights[block].unsqueeze(-1))
            if to_vectors is not None:
                to_vectors.index_add_(0, element[block], weights[block].unsqueeze(-1) * g.unsqueeze(1))
        return to_weights, to_vectors, None
