"""What a held-out image is ranked against: every image, or candidates drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.models.base import Recommender


@dataclass(frozen=True)
class Protocol:
    """How an evaluation chooses the images to rank.

    Attributes:
        name: ``"full"``, ``"sampled"`` or ``"paper"``.
        candidates: number of images the user never liked, drawn at random and ranked together with the held-out ones.
            None: every image but those the user is known to like from earlier splits.
        draws: how many times the candidates are drawn; results are averaged.
    """

    name: str
    candidates: int | None = None
    draws: int = 1

    def __post_init__(self) -> None:
        if self.draws < 1 or (self.candidates is not None and self.candidates < 1):
            raise ValueError(f"Protocol {self.name!r} needs at least 1 candidate and 1 draw.")
        if self.candidates is None and self.draws > 1:
            raise ValueError(f"Protocol {self.name!r} ranks every image, so it cannot be drawn {self.draws} times.")


FULL = Protocol("full")


def sampled(candidates: int = 100, draws: int = 1) -> Protocol:
    """``candidates`` images without a like of the user beside the held-out ones, drawn ``draws`` times."""
    return Protocol("sampled", candidates, draws)


def paper(model: Recommender | type[Recommender]) -> Protocol:
    """The protocol of the model's own paper, from its class attribute ``paper_protocol`` = (candidates, draws).

    Without it: 1,000 unrated images, 10 draws, the protocol of HASC (section 4.1), also used for its baselines.
    """
    candidates, draws = getattr(model, "paper_protocol", (1000, 10))
    return Protocol("paper", candidates, draws)


def protocol(name: str, model: Recommender | type[Recommender]) -> Protocol:
    """The protocol a command names.

    Raises:
        ValueError: if there is no protocol of that name.
    """
    if name == "full":
        return FULL
    if name == "sampled":
        return sampled()
    if name == "paper":
        return paper(model)
    raise ValueError(f"There is no protocol {name!r}; choose full, sampled, paper, next or next-new.")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Random unrated images for every user, without replacement, the same for every model and block size.

    Each draw shuffles the images once. A user's candidates are the first images she never liked, read round the
    shuffled circle from a random start of her own: every set of that size is equally likely for her.

    Attributes:
        liked: users -> distinct images liked in any split.
        order: (draws, images) the images as shuffled.
        place: (draws, images) where each image stands in ``order``.
        start: (draws, users) where each user starts to read.
    """

    liked: Ragged
    order: Tensor
    place: Tensor
    start: Tensor

    @classmethod
    def draw(cls, liked: Ragged, n_items: int, draws: int, seed: int) -> Candidates:
        """Shuffle on the CPU with a generator of its own, so that every device sees the same candidates."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.stack([torch.randperm(n_items, generator=generator) for _ in range(draws)])
        start = torch.randint(n_items, (draws, len(liked)), generator=generator)
        device = liked.offsets.device
        return cls(liked, order.to(device), order.argsort(1).to(device), start.to(device))

    def of(self, users: Tensor, count: int, draw: int) -> Tensor:
        """(R, count) candidates of ``users`` (R,) in one draw; -1 where fewer than ``count`` images are unrated."""
        order, start = self.order[draw], self.start[draw, users]
        n_items = order.numel()
        liked = self.liked.select(users)
        rows = liked.rows
        steps = (self.place[draw, liked.values] - start[rows]) % n_items
        steps = (rows * n_items + steps).sort().values - rows * n_items
        # The n-th unrated image comes after a liked one exactly if at most n unrated images stand before the liked one.
        unrated_before = steps - (torch.arange(rows.numel(), device=rows.device) - liked.offsets[rows])
        skipped = torch.zeros(users.numel() * (count + 1), dtype=torch.int64, device=rows.device)
        skipped.index_add_(0, rows * (count + 1) + unrated_before.clamp(max=count), torch.ones_like(rows))
        skipped = skipped.view(-1, count + 1).cumsum(1)[:, :count]
        step = torch.arange(count, device=rows.device) + skipped
        return torch.where(step < n_items, order[(start[:, None] + step) % n_items], -1)
