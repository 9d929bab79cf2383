"""Sequences of likes side by side, as a model of sequences walks along them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Steps:
    """R sequences of at most L likes, the earliest first, padded at the end.

    Attributes:
        items: (R, L) codes; ``nothing`` where there is no like.
        times: (R, L) seconds since 1970.
        present: (R, L) whether there is a like.
        gates: (R, L) presence of each like, 0 where there is none; None where all likes are present.
        place: (R, L) which of the R sequences' likes laid end to end each is, counted before any was left out.
        recorded: (R, L) place of each like in the record.
        nothing: the code for no like.
    """

    items: Tensor
    times: Tensor
    present: Tensor
    gates: Tensor | None
    place: Tensor
    recorded: Tensor
    nothing: int

    @classmethod
    def of(cls, likes: Ragged, items: Tensor, times: Tensor, nothing: int, gates: Tensor | None = None) -> Steps:
        """Sequences of R sets of likes.

        Args:
            likes: R sets of places.
            items: codes by place; ``times`` seconds by place.
            times: see above.
            nothing: the code for no like.
            gates: (likes,) of the likes laid end to end.
        """
        lengths = likes.lengths
        longest = max(1, int(lengths.max()) if len(likes) else 0)
        present = torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)
        place = torch.zeros_like(present, dtype=torch.int64)
        place[present] = torch.arange(len(likes.values), device=lengths.device)
        codes, when, recorded = torch.full_like(place, nothing), torch.zeros_like(place), torch.zeros_like(place)
        codes[present], when[present], recorded[present] = items[likes.values], times[likes.values], likes.values
        shown = None
        if gates is not None:
            shown = gates.new_zeros(place.shape).masked_scatter(present, gates)
        return cls(codes, when, present, shown, place, recorded, nothing)

    @property
    def lengths(self) -> Tensor:
        """(R,) likes in each sequence."""
        return self.present.sum(1)

    def packed(self) -> Steps:
        """The same sequences without the likes whose gate is 0: those count as not recorded.

        Where gates must be learned from (a gradient is asked for), nothing is left out.
        """
        if self.gates is None or self.gates.requires_grad:
            return self
        kept = self.gates > 0
        order = torch.argsort(kept.logical_not().byte(), dim=1, stable=True)[:, : int(kept.sum(1).max()) or 1]
        present = kept.gather(1, order)
        gates = self.gates.gather(1, order)
        whole = bool((gates[present] == 1).all())
        items = self.items.gather(1, order).masked_fill(~present, self.nothing)
        times = self.times.gather(1, order).masked_fill(~present, 0)
        shown = None if whole else gates
        place, recorded = (part.gather(1, order) for part in (self.place, self.recorded))
        return Steps(items, times, present, shown, place, recorded, self.nothing)

    def select(self, rows: Tensor) -> Steps:
        """The sequences ``rows`` (n,)."""
        items, times, present = (part.index_select(0, rows) for part in (self.items, self.times, self.present))
        place, recorded = (part.index_select(0, rows) for part in (self.place, self.recorded))
        gates = None if self.gates is None else self.gates.index_select(0, rows)
        return Steps(items, times, present, gates, place, recorded, self.nothing)

    @property
    def opened(self) -> Tensor:
        """(R, L) presence of each like, 0 where there is none."""
        return self.present.float() if self.gates is None else self.gates

    @property
    def final(self) -> Tensor:
        """(R, L) how far each like is the last one: 1 for the last, 0 for all others.

        With gates between 0 and 1 the last like is it with its gate g, the one before it with (1 - g), and so on.
        """
        if self.gates is None:
            places = torch.arange(self.present.shape[1], device=self.present.device)
            return (places == self.lengths.unsqueeze(1) - 1).float()
        later = (1 - self.gates).flip(1).cumprod(1).flip(1)
        return self.gates * torch.cat([later[:, 1:], torch.ones_like(later[:, :1])], 1)

    def last(self, states: Tensor) -> Tensor:
        """States (R, D) after the last like, of ``states`` (R, L, D) after each; 0 where nothing was liked."""
        return (self.final.to(states.dtype).unsqueeze(1) @ states).squeeze(1)
