"""Sequences read both ways, and once more with gates of attention that know what stands on the other side (IARN)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.layers.components import component_scores


@dataclass(frozen=True, eq=False)
class Read:
    """n sequences of at most L steps, read without knowledge of the other side.

    Attributes:
        entering: (n, L, H) what each step brings into the gated recurrence, ``B x_t + b``.
        keys: (n, L, H) the part of the attention that each step's state decides.
        summary: (n, 2H) the last states of both directions, g.
        gates: (n, L) presence of the steps, 0 where there is none.
    """

    entering: Tensor
    keys: Tensor
    summary: Tensor
    gates: Tensor

    def __getitem__(self, rows: slice) -> Read:
        """Some of the sequences."""
        return Read(self.entering[rows], self.keys[rows], self.summary[rows], self.gates[rows])


class BothWays(nn.Module):
    """A recurrent network in both directions, whose steps have gates.

    ``state = state + g (tanh(U x_t + W state + b) - state)``: at 0 the state passes by the step unchanged, so that
    padding, at whichever end, is the same as nothing.

    Args:
        width: of the inputs.
        dim: of the states, H.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, 2 * dim)
        self.carry = nn.Parameter(torch.empty(2, dim, dim))
        for weight in self.carry.data:
            nn.init.orthogonal_(weight)

    def forward(self, inputs: Tensor, gates: Tensor) -> tuple[Tensor, Tensor]:
        """States (n, L, 2H) of ``inputs`` (n, L, width), and the last ones of both directions (n, 2H)."""
        ahead, back = self.enter(inputs).chunk(2, -1)
        entering = torch.stack([ahead, back.flip(1)])
        admitted = torch.stack([gates, gates.flip(1)]).unsqueeze(-1)
        state = entering.new_zeros(2, len(inputs), entering.shape[-1])
        states = []
        for step, gate in zip(entering.unbind(2), admitted.unbind(2), strict=True):
            state = torch.lerp(state, torch.baddbmm(step, state, self.carry).tanh(), gate)
            states.append(state)
        ahead, back = torch.stack(states, 2)
        return torch.cat([ahead, back.flip(1)], -1), torch.cat([*state], -1)


class Reader(nn.Module):
    """One side of IARN (Pei et al. 2017): states, attention that knows the other side, gated recurrence.

    Args:
        dim: of inputs and states, H.
        steepness: factor inside the sigmoid of the attention.
        other: factor of the other side's summary.
    """

    def __init__(self, dim: int, steepness: float, other: float) -> None:
        super().__init__()
        self.steepness, self.other = steepness, other
        self.states = BothWays(dim, dim)
        # The matrix over [s_t; g] as its two blocks: that of the states is needed once for all opposite sequences.
        self.key, self.query = nn.Linear(2 * dim, dim, bias=False), nn.Linear(2 * dim, dim, bias=False)
        self.out = nn.Parameter(torch.randn(dim) * dim**-0.5)
        self.enter, self.carry = nn.Linear(dim, dim), nn.Linear(dim, dim, bias=False)
        nn.init.orthogonal_(self.carry.weight)
        self.last = nn.Sequential(nn.Linear(dim, dim), nn.PReLU())

    def forward(self, inputs: Tensor, gates: Tensor) -> Read:
        """Sequences of ``inputs`` (n, L, H) with ``gates`` (n, L), as far as they do not depend on the other side."""
        states, summary = self.states(inputs, gates)
        return Read(self.enter(inputs), self.key(states), summary, gates)

    def attend(self, read: Read, other: Tensor, place: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What P sequences come to next to their opposite ones.

        Args:
            read: n sequences of this side.
            other: (P, 2H) summaries of the opposite sequences.
            place: (P,) which of the n each is; if left out, they are the n themselves, or all the same one.

        Returns:
            vectors (P, H), and the attention (P, L), 0 where nothing is.
        """
        pairs = len(other)
        which = place
        if which is None:
            which = torch.arange(pairs, device=other.device).clamp_max(len(read.gates) - 1)
        scores = component_scores(read.keys, self.query(self.other * other), self.out, which, "tanh")
        attention = (self.steepness * scores).sigmoid() * read.gates.index_select(0, which)
        state = other.new_zeros(pairs, read.entering.shape[-1])
        for step, gate in zip(read.entering.unbind(1), attention.unsqueeze(-1).unbind(1), strict=True):
            entering = step if place is None else step.index_select(0, place)
            moved = torch.addmm(entering, state, self.carry.weight.T).relu_()
            state = torch.lerp(state, moved, gate)
        return self.last(state), attention
