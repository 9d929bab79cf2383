"""What a user was interested in at a moment: the topics of her likes, the older the weaker."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from workbench.data.ragged import Ragged
from workbench.features.topics import slice_of

FLOOR = 1e-30
"""What is left at least of interest that faded, so that long silence does not become no interest."""
CELLS = 200_000
"""Likes, with their padding, that are walked along at a time."""


class Interest(nn.Module):
    """Eq. 7 of Ante-RNN: a mean of the topics of what was liked slice by slice, fading with age.

    For the slices s of the stream up to that of like t, ``S_t``:
    ``eta_t = p sum_s exp(-decay (S_t - s)) p_s xi_s / sum_s exp(-decay (S_t - s)) p_s``. ``xi_s`` is the mean of the
    topics of the likes of slice s so far, weighted with their gates, ``p_s`` the largest of these gates and p the
    largest of all so far (1 where nothing is gated). A gate of 0 is a like that was never recorded. A like whose text
    has no topics does not count.
    """

    rows: Tensor

    def __init__(self, theta: Tensor, decay: float, days: float = 7) -> None:
        """Take the topics of the images.

        Args:
            theta: (images, K) topics of every image's text, rows of sum 1 or 0.
            decay: lambda, what an age of one slice takes off the logarithm of the weight.
            days: length of a slice.
        """
        super().__init__()
        self.decay, self.days = decay, days
        known = (theta.sum(1, keepdim=True) > 0).to(theta.dtype)
        self.register_buffer("rows", torch.cat([theta, known], 1), persistent=False)

    def forward(self, items: Tensor, times: Tensor, gates: Tensor) -> Tensor:
        """Interest (B, L, K) after each like; rows add up to the largest gate of a text so far.

        One step for each position over all rows: the sums of a slice begin anew with it, so that nothing is lost
        by subtracting large sums from each other.

        Args:
            items: (B, L) codes, the earliest first; any code as padding.
            times: (B, L) seconds since 1970.
            gates: (B, L) in [0, 1], 0 for padding.
        """
        # Padding after the last like must not look like a step back in time.
        slices = slice_of(times, self.days).cummax(1).values
        gap = slices.diff(dim=1, prepend=slices[:, :1])
        fade, here = torch.exp(-self.decay * gap).to(gates.dtype).unsqueeze(-1), (gap == 0).unsqueeze(-1)
        # The last column counts: the gates of the likes in a sum over likes, the weights of slices in one over slices.
        likes = self.rows[items] * gates.unsqueeze(-1)
        total = past = now = likes.new_zeros(len(items), likes.shape[-1])
        gate, found = past[:, -1:], []
        for step, same, fades in zip(likes.unbind(1), here.unbind(1), fade.unbind(1), strict=True):
            left = torch.maximum(fades, FLOOR / total[:, -1:].clamp_min(FLOOR))
            past = torch.where(same, past, total * left)
            now = torch.addcmul(step, now, same)
            gate = torch.maximum(gate * same, step[:, -1:])
            some = now[:, -1:] > 0
            total = torch.addcmul(past, now, torch.where(some, gate / torch.where(some, now[:, -1:], 1.0), 1.0))
            found.append(total)
        total = torch.stack(found, 1) if found else likes
        weight, present = total[..., -1:], likes[..., -1:].cummax(1).values
        some = weight > 0
        return total[..., :-1] * torch.where(some, present / torch.where(some, weight, 1.0), 1.0)

    @torch.no_grad()
    def whole(self, sets: Ragged, times: Tensor) -> Tensor:
        """Interest (likes, K) after every like of every user, with nothing gated.

        Args:
            sets: users -> items, the earliest first.
            times: (likes,) seconds since 1970, in the order of ``sets``.
        """
        found = self.rows.new_zeros(len(times), self.rows.shape[1] - 1)
        order = sets.lengths.argsort(descending=True)
        start = 0
        while start < len(order) and (longest := int(sets.lengths[order[start]])):
            users = order[start : start + math.ceil(CELLS / longest)]
            start += len(users)
            place = torch.arange(longest, device=order.device).expand(len(users), -1)
            there = place < sets.lengths[users].unsqueeze(1)
            place = (sets.offsets[users].unsqueeze(1) + place).clamp_max(len(times) - 1)
            gates = there.to(found.dtype)
            found[place[there]] = self(sets.values[place], times[place], gates)[there]
        return found
