"""Attention over a user's latest likes, which knows what they are, at what hour they happened and how long ago."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.sequences import HOUR, WEEK_HOURS, hour_of_week
from workbench.layers.segments import gated_softmax_rows
from workbench.layers.steps import Steps

SLOTS = WEEK_HOURS + 1
"""Values of a time factor: one for each hour, the last for everything older than a week."""
FACTORS = ("hour", "interval")
"""The time factors of a like."""


def slots(times: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
    """Slots of the hour of the week T_w and of the hours since dt of likes at ``times``, as seen from ``now``."""
    intervals = torch.div(now - times, HOUR, rounding_mode="floor").clamp(0, WEEK_HOURS)
    return torch.where(intervals < WEEK_HOURS, hour_of_week(times), WEEK_HOURS), intervals


def _flat(at: Tensor) -> Tensor:
    """Places ``at`` (R, L, K) in R sequences of L, laid end to end."""
    first = torch.arange(len(at), device=at.device) * at.shape[1]
    return first.view(-1, 1, 1) + at


def found_at(values: Tensor, at: Tensor) -> Tensor:
    """(R, L, K, ...) of ``values`` (R, L, ...) those at the places ``at`` (R, L, K)."""
    return values.flatten(0, 1).index_select(0, _flat(at).flatten()).view(*at.shape, *values.shape[2:])


@dataclass(frozen=True)
class Window:
    """What each step looks back at, K likes at most.

    Attributes:
        vectors: (R, L, D) weighted sum of the likes in the window (Eq. 20).
        at: (R, L, K) the step of each like in the window, the latest first.
        gates: (R, L, K) presence of each in the window, 0 where there is none.
        weights: (R, L, K) attention (Eq. 19).
        hours: (R, L, K) slot of the hour of the week; ``intervals`` (R, L, K) of the hours since.
    """

    vectors: Tensor
    at: Tensor
    gates: Tensor
    weights: Tensor
    hours: Tensor
    intervals: Tensor


class ContextualAttention(nn.Module):
    """``r_t = sum_k a_k i_k`` over the last likes, ``a = softmax(G([g([T_w; dt]); i_k]))`` (Ante-RNN, Eq. 16-20).

    T_w is the hour of the week of a like and dt the hours since, as seen from step t; likes older than a week share the
    last slot of both. G is a network of one hidden layer with tanh. Each of the ``parts`` of a like that it reads has a
    gate; where all are closed every like in the window weighs the same (Eq. 15).

    A like with gate 0 is passed over and an older one takes its place: the presence of a like in the window is
    ``clamp(window - sum of the gates of later likes, 0, 1)`` times its own gate.

    Args:
        dim: D of the likes.
        window: likes in the window, w_c; the latest one included.
        factors: which time factors are read, of ``FACTORS``.
        transform: g of Eq. 16, linear (Eq. 17) or sigmoid (Eq. 18).
        hidden: width of G.

    Attributes:
        parts: what G reads of a like: what it is, then the time factors.
    """

    def __init__(
        self,
        dim: int,
        window: int,
        *,
        factors: tuple[str, ...] = FACTORS,
        transform: Literal["linear", "sigmoid"] = "linear",
        hidden: int = 64,
    ) -> None:
        super().__init__()
        self.window, self.factors, self.parts = window, factors, ("what", *factors)
        self.what = nn.Linear(dim, hidden)
        self.out = nn.Parameter(torch.randn(hidden) * hidden**-0.5)
        self.offset: nn.Parameter | None = None
        if factors:
            self.times = nn.ParameterDict({name: torch.randn(SLOTS, dim) * dim**-0.5 for name in factors})
            self.when = nn.Linear(dim, hidden, bias=False)
            if transform == "sigmoid":
                self.offset = nn.Parameter(torch.zeros(dim))

    def _lags(self, steps: Steps) -> int:
        """How far back any window reaches."""
        if steps.gates is None:
            return min(self.window, steps.items.shape[1])
        before = steps.gates.detach().cumsum(1)
        # The furthest like of the window of step t is the last one whose later likes still leave room.
        reach = torch.searchsorted(before, before - self.window, right=True)
        back = torch.arange(before.shape[1], device=before.device) - reach + 1
        return int(back.clamp(1, before.shape[1]).max())

    def forward(self, likes: Tensor, steps: Steps, part_gates: Tensor | None = None) -> Window:
        """Read the window of every step.

        Args:
            likes: (R, L, D) vectors i of the likes.
            steps: when they happened and which are present.
            part_gates: (R, L, parts) of what is read of each like, as ``parts``.
        """
        rows, length = steps.items.shape
        step = torch.arange(length, device=likes.device)
        back = step.unsqueeze(1) - torch.arange(self._lags(steps), device=likes.device)
        at = back.clamp_min(0).expand(rows, -1, -1)
        room = self._room(steps, at) * (back >= 0)
        gates = room if steps.gates is None else found_at(steps.gates, at) * room
        hours, intervals = slots(found_at(steps.times, at), steps.times.unsqueeze(-1))
        # Only what lies in a window is looked at: sequences differ in length, and windows in how far they reach.
        seen = torch.nonzero(((room > 0) & steps.present.unsqueeze(-1)).flatten()).squeeze(1)
        like = _flat(at).flatten()[seen]
        opened = None if part_gates is None else part_gates.flatten(0, 1).index_select(0, like)
        what = self.what(likes).flatten(0, 1).index_select(0, like)
        found = self.logits(what, hours.flatten()[seen], intervals.flatten()[seen], opened)
        logits = found.new_zeros(at.numel()).index_copy(0, seen, found).view(at.shape)
        weights = gated_softmax_rows(logits, gates)
        vectors = functional.embedding_bag(
            _flat(at).flatten(0, 1), likes.flatten(0, 1), mode="sum", per_sample_weights=weights.flatten(0, 1)
        )
        return Window(vectors.view_as(likes), at, gates, weights, hours, intervals)

    def _room(self, steps: Steps, at: Tensor) -> Tensor:
        """(R, L, K) how much of each of the likes ``at`` the window of each step has room for."""
        if steps.gates is None:
            return torch.ones(at.shape, device=at.device)
        total = steps.gates.cumsum(1)
        later = total.unsqueeze(-1) - found_at(total, at)
        room = (self.window - later).clamp(0, 1)
        # What lies behind a full window is looked at only where the batch reaches so far: no slope may come from it.
        return torch.where(room > 0, room, 0)

    def logits(self, what: Tensor, hours: Tensor, intervals: Tensor, opened: Tensor | None) -> Tensor:
        """G (...) of likes; a part whose gate is 0 is left out of what G reads.

        Args:
            what: (..., hidden) the likes as G's first layer projects them.
            hours: (...) slots of the hour of the week; ``intervals`` of the hours since.
            intervals: see above.
            opened: (..., parts) gates.
        """
        hidden = what
        if opened is not None:
            hidden = self.what.bias + opened[..., :1] * (what - self.what.bias)
        if self.factors:
            hidden = hidden + self._when(hours, intervals, opened)
        scores: Tensor = hidden.tanh() @ self.out
        return scores

    def _when(self, hours: Tensor, intervals: Tensor, opened: Tensor | None) -> Tensor:
        """(..., hidden) what G makes of the time factors."""
        if self.offset is None and opened is None:
            table, place = self._table(hours, intervals)
            return table.index_select(0, place.flatten()).view(*place.shape, table.shape[1])
        at = {"hour": hours, "interval": intervals}
        if self.offset is None:
            # Projected once for each slot, then looked up.
            parts = [self.when(self.times[name])[at[name]] for name in self.factors]
        else:
            parts = [self.times[name][at[name]] for name in self.factors]
        if opened is not None:
            parts = [opened[..., place, None] * part for place, part in enumerate(parts, 1)]
        total = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        return total if self.offset is None else torch.as_tensor(self.when((total + self.offset).sigmoid()))

    def _table(self, hours: Tensor, intervals: Tensor) -> tuple[Tensor, Tensor]:
        """(n, hidden) what G makes of the n distinct pairs of slots, and (...) which of them each is."""
        pair = hours * SLOTS + intervals
        found = torch.zeros(SLOTS**2, dtype=torch.int64, device=pair.device).index_fill(0, pair.flatten(), 1)
        hour, interval = torch.nonzero(found.view(SLOTS, SLOTS), as_tuple=True)
        at = {"hour": hour, "interval": interval}
        parts = [self.when(self.times[name]).index_select(0, at[name]) for name in self.factors]
        place = (found.cumsum(0) - 1).index_select(0, pair.flatten()).view_as(pair)
        return parts[0] if len(parts) == 1 else parts[0] + parts[1], place
