"""A recurrent layer whose words have gates."""

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
