"""Words as vectors that know the words around them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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
        vectors: Tensor = self.embedding(codes)
        if self.gru is None or not codes.numel():
            return vectors
        written = codes != PADDING
        if gates is not None:
            return self._gated(self.gru, vectors, gates * written) * written.unsqueeze(-1)
        # An empty text is read as one padded place, whose state is then dropped.
        lengths = written.sum(1).clamp_min(1).cpu()
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=codes.shape[1])
        forward, backward = states.chunk(2, -1)
        mean: Tensor = (forward + backward) / 2 * written.unsqueeze(-1)
        return mean

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
