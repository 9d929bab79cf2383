"""Words as vectors that know the words around them."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

PADDING = 0


class _GRU(nn.GRU):
    """The library's GRU, saying of which kind its parameters are."""

    weight_ih_l0: nn.Parameter
    weight_hh_l0: nn.Parameter
    bias_ih_l0: nn.Parameter
    bias_hh_l0: nn.Parameter
    weight_ih_l0_reverse: nn.Parameter
    weight_hh_l0_reverse: nn.Parameter
    bias_ih_l0_reverse: nn.Parameter
    bias_hh_l0_reverse: nn.Parameter


class WordStates(nn.Module):
    """States of the words of texts (Ante-RNN, Section 3.1): the mean of a GRU's two directions, as in SCAN.

    A word with gate g moves the state by the share g in both directions, ``state = g * gru(word, state) + (1 - g) *
    state``: at 0 the state passes by it unchanged, exactly as if the word were not in the text.

    Args:
        words: codes of the vocabulary, 0 being the padding.
        dim: of the states.
        width: of the word vectors the GRU reads; ``dim`` if left out.
        kind: ``"gru"``, or ``"embedding"``: the vector of each word alone, whatever stands around it.
    """

    def __init__(
        self, words: int, dim: int, width: int | None = None, kind: Literal["gru", "embedding"] = "gru"
    ) -> None:
        super().__init__()
        width = dim if kind == "embedding" or width is None else width
        self.embedding = nn.Embedding(words, width, padding_idx=PADDING)
        self.gru = _GRU(width, dim, batch_first=True, bidirectional=True) if kind == "gru" else None

    def forward(self, codes: Tensor, gates: Tensor | None = None) -> Tensor:
        """States (n, N, dim) of the words ``codes`` (n, N) of texts, 0 at padded places.

        Args:
            codes: of the words, padded at the end with 0.
            gates: (n, N) in [0, 1]; all ones if left out.
        """
        if self.gru is None or not codes.numel():
            vectors: Tensor = self.embedding(codes)
            return vectors
        if gates is None:
            return self._open(self.gru, codes)
        written = codes != PADDING
        return self._gated(self.gru, self.embedding(codes), gates * written) * written.unsqueeze(-1)

    def _open(self, gru: _GRU, codes: Tensor) -> Tensor:
        """Both directions at once over all words that are there, each distinct word projected once."""
        length = (codes != PADDING).sum(1)
        ordered, order = length.sort(descending=True, stable=True)
        steps = torch.arange(codes.shape[1], device=codes.device)
        step, text = torch.nonzero(steps.unsqueeze(1) < ordered, as_tuple=True)
        counts = (steps.unsqueeze(1) < ordered).sum(1)
        # What one direction reads at a step is what the other reads as many steps before the end of the text.
        opposite = ordered[text] - 1 - step
        first = counts.cumsum(0) - counts
        places = order[text] * codes.shape[1] + torch.stack([step, opposite])
        distinct, words = torch.unique(codes.flatten()[places], return_inverse=True)
        weights, biases = zip(
            (gru.weight_ih_l0, gru.bias_ih_l0), (gru.weight_ih_l0_reverse, gru.bias_ih_l0_reverse), strict=True
        )
        vectors = self.embedding(distinct).expand(2, -1, -1)
        entering = torch.baddbmm(torch.stack(biases).unsqueeze(1), vectors, torch.stack(weights).transpose(1, 2))
        mean: Tensor = _BothWays.apply(  # type: ignore[no-untyped-call]
            entering,
            torch.stack([gru.weight_hh_l0, gru.weight_hh_l0_reverse]),
            torch.stack([gru.bias_hh_l0, gru.bias_hh_l0_reverse]).unsqueeze(1),
            words,
            places,
            first[opposite] + text,
            [count for count in counts.tolist() if count],
            codes.numel(),
        )
        return mean.view(*codes.shape, -1)

    @staticmethod
    def _gated(gru: _GRU, vectors: Tensor, gates: Tensor) -> Tensor:
        """Both directions at once, place by place; closed places leave the state as it is, so padding needs no care."""
        to_gates = torch.stack([gru.weight_ih_l0, gru.weight_ih_l0_reverse]).unsqueeze(1)
        bias = torch.stack([gru.bias_ih_l0, gru.bias_ih_l0_reverse])[:, None, None]
        inputs = torch.stack([vectors, vectors.flip(1)]) @ to_gates.transpose(-1, -2) + bias
        shares = torch.stack([gates, gates.flip(1)]).unsqueeze(-1)
        weight = torch.stack([gru.weight_hh_l0, gru.weight_hh_l0_reverse]).transpose(1, 2)
        offset = torch.stack([gru.bias_hh_l0, gru.bias_hh_l0_reverse]).unsqueeze(1)
        state = vectors.new_zeros(2, len(vectors), gru.hidden_size)
        steps = []
        for step, gate in zip(inputs.unbind(2), shares.unbind(2), strict=True):
            reset, keep, new = step.chunk(3, -1)
            from_reset, from_keep, from_new = torch.baddbmm(offset, state, weight).chunk(3, -1)
            keep = (keep + from_keep).sigmoid()
            moved = (new + (reset + from_reset).sigmoid() * from_new).tanh()
            state = state + gate * (1 - keep) * (moved - state)
            steps.append(state)
        forward, backward = torch.stack(steps, 2)
        mean: Tensor = (forward + backward.flip(1)) / 2
        return mean


class _BothWays(Function):
    """Mean of the states of a GRU's two directions, written by hand.

    Composed from tensor operations, every step leaves a dozen tensors behind, and the library's packed sequences take
    a slope as large as all words from each of their steps. Texts come the longest first, so those that are still read
    at a step are the first ones; words are in the order of the steps.
    """

    @staticmethod
    def forward(
        ctx: Any,
        entering: Tensor,
        weight: Tensor,
        bias: Tensor,
        words: Tensor,
        places: Tensor,
        meeting: Tensor,
        counts: list[int],
        size: int,
    ) -> Tensor:
        """States (size, D), 0 where there is no word.

        Args:
            ctx: what the way back needs.
            entering: (2, V, 3D) the distinct words as each direction projects them.
            weight: (2, 3D, D) of the states; ``bias`` (2, 1, 3D).
            bias: see above.
            words: (2, T) which of the V words each direction reads, step by step.
            places: (2, T) where in the result.
            meeting: (T,) which of the words the second direction reads is the one that the first reads.
            counts: texts that are read at each step.
            size: of the result.
        """
        dim = weight.shape[2]
        gates = torch.stack([table.index_select(0, code) for table, code in zip(entering, words, strict=True)])
        states, inner = gates.new_empty(2, len(meeting), dim), gates.new_empty(2, len(meeting), dim)
        across = weight.transpose(1, 2)
        before = gates.new_zeros(2, counts[0] if counts else 0, dim)
        for start, count in zip(accumulate(counts, initial=0), counts, strict=False):
            now, before = slice(start, start + count), before[:, :count]
            from_state, gate = torch.baddbmm(bias, before, across), gates[:, now]
            gate[..., : 2 * dim].add_(from_state[..., : 2 * dim]).sigmoid_()
            inner[:, now] = from_state[..., 2 * dim :]
            moved = gate[..., 2 * dim :].addcmul_(gate[..., :dim], inner[:, now]).tanh_()
            before = torch.lerp(moved, before, gate[..., dim : 2 * dim], out=states[:, now])
        ctx.save_for_backward(entering, weight, words, places, gates, inner, states)
        ctx.counts = counts
        mean = states[1].index_select(0, meeting).add_(states[0]).div_(2)
        return gates.new_zeros(size, dim).index_copy_(0, places[0], mean)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (slope,) = gradients
        entering, weight, words, places, gates, inner, states = ctx.saved_tensors
        counts, dim = ctx.counts, weight.shape[2]
        starts = list(accumulate(counts, initial=0))
        reset, keep, moved = gates.split(dim, -1)
        before = torch.zeros_like(states)
        for start, count, last in zip(starts[1:], counts[1:], starts, strict=False):
            before[:, start : start + count] = states[:, last : last + count]
        # What a slope of a state is multiplied with on its way to what the gates were made of.
        to_moved = (1 - keep) * (1 - moved.square())
        ways = torch.stack(
            [to_moved * inner * reset * (1 - reset), (before - moved) * keep * (1 - keep), to_moved * reset], 2
        )
        to_states = torch.stack([slope.index_select(0, place) for place in places]).div_(2)
        after: Tensor | None = None
        for start, count in zip(reversed(starts[:-1]), reversed(counts), strict=True):
            now = slice(start, start + count)
            to_state, way = to_states[:, now], ways[:, now]
            if after is not None:
                to_state[:, : after.shape[1]] += after
            way.mul_(to_state.unsqueeze(2))
            after = torch.baddbmm(to_state * keep[:, now], way.flatten(2), weight)
        to_gates = ways.flatten(2)
        to_weight, to_bias = torch.bmm(to_gates.transpose(1, 2), before), to_gates.sum(1, keepdim=True)
        to_gates[..., 2 * dim :] = to_moved.mul_(to_states)
        to_entering = torch.stack(
            [
                torch.zeros_like(table).index_add_(0, code, part)
                for table, code, part in zip(entering, words, to_gates, strict=True)
            ]
        )
        return to_entering, to_weight, to_bias, None, None, None, None, None
