"""Recurrent layers whose steps have gates."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class _LSTM(nn.LSTM):
    """The library's LSTM, saying of which kind its parameters are."""

    weight_ih_l0: nn.Parameter
    weight_hh_l0: nn.Parameter
    bias_ih_l0: nn.Parameter
    bias_hh_l0: nn.Parameter


class GatedLSTM(nn.Module):
    """LSTM (UHAN, Eq. 2-6) over sequences padded at the end.

    A word with gate g moves the state by the share g: ``state = g * lstm(word, state) + (1 - g) * state``. At 0 the
    state passes by the word unchanged, exactly as if the word were not in the text.

    Args:
        width: of the word vectors.
        dim: of the states.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.lstm = _LSTM(width, dim, batch_first=True)
        nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
        for block in torch.split(self.lstm.weight_hh_l0.data, dim):
            nn.init.orthogonal_(block)
        for bias in (self.lstm.bias_ih_l0, self.lstm.bias_hh_l0):
            nn.init.zeros_(bias)
        # Forgetting little at first lets the beginning of a text reach its end (Jozefowicz et al. 2015).
        self.lstm.bias_ih_l0.data[dim : 2 * dim] = 1

    def forward(self, words: Tensor, gates: Tensor | None = None) -> Tensor:
        """States (n, L, dim) of ``words`` (n, L, width); states at padded places mean nothing.

        Args:
            words: vectors of the words, padding at the end.
            gates: (n, L) in [0, 1]; all ones if left out.
        """
        if gates is None:
            states: Tensor = self.lstm(words)[0]
            return states
        lstm = self.lstm
        inputs = words @ lstm.weight_ih_l0.T + (lstm.bias_ih_l0 + lstm.bias_hh_l0)
        hidden = cell = words.new_zeros(len(words), lstm.hidden_size)
        steps = []
        for step, gate in zip(inputs.unbind(1), gates.unsqueeze(-1).unbind(1), strict=True):
            admit, forget, update, emit = torch.addmm(step, hidden, lstm.weight_hh_l0.T).chunk(4, -1)
            moved = forget.sigmoid() * cell + admit.sigmoid() * update.tanh()
            hidden = gate * (emit.sigmoid() * moved.tanh()) + (1 - gate) * hidden
            cell = gate * moved + (1 - gate) * cell
            steps.append(hidden)
        return torch.stack(steps, 1)


class _GRU(nn.GRU):
    """The library's GRU, saying of which kind its parameters are."""

    weight_ih_l0: nn.Parameter
    weight_hh_l0: nn.Parameter
    bias_ih_l0: nn.Parameter
    bias_hh_l0: nn.Parameter


class GatedGRUs(nn.Module):
    """Several ``GatedGRU`` side by side, each over its part of the inputs, with its part of the states.

    Args:
        dim: of inputs and states.
        blocks: how many; they divide ``dim``.
    """

    def __init__(self, dim: int, blocks: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList([GatedGRU(dim // blocks, dim // blocks) for _ in range(blocks)])

    def forward(self, inputs: Tensor, gates: Tensor | None = None) -> Tensor:
        """States (n, L, dim) of ``inputs`` (n, L, dim), as of ``GatedGRU``."""
        parts = zip(self.parts, inputs.chunk(len(self.parts), -1), strict=True)
        return torch.cat([part(given, gates) for part, given in parts], -1)


class GatedGRU(nn.Module):
    """GRU (Ante-RNN, Eq. 21) over sequences padded at the end; a step with gate g moves the state by the share g.

    ``state = g * gru(input, state) + (1 - g) * state``, so at 0 the state passes by the step unchanged. The library's
    layer differs from Eq. 21 in three ways: its update gate multiplies the old state where the printed one multiplies
    the new, its reset gate comes after the matrix of the state, not before, and it has biases.

    Args:
        width: of the inputs.
        dim: of the states.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.gru = _GRU(width, dim, batch_first=True)

    def forward(self, inputs: Tensor, gates: Tensor | None = None) -> Tensor:
        """States (n, L, dim) of ``inputs`` (n, L, width); states at padded places mean nothing.

        Args:
            inputs: vectors of the steps, padding at the end.
            gates: (n, L) in [0, 1]; all ones if left out.
        """
        if gates is None:
            states: Tensor = self.gru(inputs)[0]
            return states
        gru = self.gru
        entering = inputs @ gru.weight_ih_l0.T + gru.bias_ih_l0
        state = inputs.new_zeros(len(inputs), gru.hidden_size)
        steps = []
        for step, gate in zip(entering.unbind(1), gates.unsqueeze(-1).unbind(1), strict=True):
            reset, update, new = step.chunk(3, -1)
            reset_state, update_state, new_state = torch.addmm(gru.bias_hh_l0, state, gru.weight_hh_l0.T).chunk(3, -1)
            kept = (update + update_state).sigmoid()
            moved = (new + (reset + reset_state).sigmoid() * new_state).tanh()
            state = state + gate * (1 - kept) * (moved - state)
            steps.append(state)
        return torch.stack(steps, 1)


def recurrence(dim: int, blocks: int) -> GatedGRU | GatedGRUs:
    """The network over inputs and states of ``dim`` numbers in so many ``blocks``."""
    return GatedGRU(dim, dim) if blocks == 1 else GatedGRUs(dim, blocks)
