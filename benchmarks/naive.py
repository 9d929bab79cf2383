"""What the workbench is measured against: the bare arithmetic, and HASC written down as its equations stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from implicit.cpu.topk import topk
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged


def bpr_step(users: int, items: int, dim: int, batch: int) -> Callable[[], None]:
    """Gathers, products and gradients of one BPR batch: no sampling, no optimiser, no regulariser."""
    p, q = (nn.Parameter(0.01 * torch.randn(rows, dim)) for rows in (users, items))
    rows = torch.randint(users, (batch,))
    liked, other = torch.randint(items, (2, batch))

    def step() -> None:
        p.grad = q.grad = None
        score = (p[rows] * (q[liked] - q[other])).sum(1)
        functional.softplus(-score).mean().backward()

    return step


class NaiveHASC(nn.Module):
    """HASC as printed (Eq. 3, 9, 12): every step attends over every upload and every followed person of everybody."""

    def __init__(self, dataset: Dataset, dim: int, hidden: int) -> None:
        super().__init__()
        users, items = len(dataset.users), len(dataset.items)
        self.p, self.q, self.w, self.x = (nn.Embedding(rows, dim) for rows in (users, users, items, items))
        self.upload_net, self.social_net = _network(4 * dim, hidden), _network(4 * dim, hidden)
        self.aspect_net = _network(3 * dim, hidden)
        self.uploads, self.follows, self.creator = dataset.uploads, dataset.follows, dataset.creator.clamp_min(0)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Scores (B, n) of ``users`` (B,) for ``items`` (B, n)."""
        own = torch.cat([self.p.weight, self.q.weight], 1)
        images = torch.cat([self.w.weight, self.x.weight], 1)
        uploads = _attend(self.upload_net, self.uploads, own, images, self.x.weight)
        social = _attend(self.social_net, self.follows, own, own, self.q.weight)
        creator = self.q(self.creator[items])
        contexts = torch.stack(
            [uploads[users, None].expand_as(creator), social[users, None].expand_as(creator), creator], 2
        )
        query = own[users, None, None].expand(*contexts.shape[:3], -1)
        gamma = self.aspect_net(torch.cat([query, contexts], -1)).softmax(2)
        return ((self.p(users).unsqueeze(1) + (gamma * contexts).sum(2)) * self.w(items)).sum(-1)


def _network(width: int, hidden: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, hidden), nn.ELU(), nn.Linear(hidden, 1, bias=False))


def _attend(net: nn.Module, sets: Ragged, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention over all elements of all sets, (rows, d)."""
    rows = sets.rows
    weights = net(torch.cat([queries[rows], keys[sets.values]], 1)).exp()
    totals = weights.new_zeros(len(sets), 1).index_add(0, rows, weights)
    found = values.new_zeros(len(sets), values.shape[1]).index_add(0, rows, weights * values[sets.values])
    return found / totals.clamp_min(1e-12)


def hasc_step(dataset: Dataset, dim: int, hidden: int, batch: int) -> Callable[[], None]:
    """One training step of the naive HASC with Adam and one negative."""
    model = NaiveHASC(dataset, dim, hidden)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    users = torch.randint(len(dataset.users), (batch,))
    items = torch.randint(len(dataset.items), (batch, 2))

    def step() -> None:
        optimizer.zero_grad()
        score = model(users, items)
        functional.softplus(score[:, 1] - score[:, 0]).mean().backward()
        optimizer.step()

    return step


def ranking(
    users: NDArray[np.float32], items: NDArray[np.float32], known: Ragged, k: int
) -> tuple[str, Callable[[], object]]:
    """The best ``k`` unknown images of every user by product, as `implicit` finds them, and what to call it."""
    ones = np.ones(known.values.numel(), np.float32)
    liked = csr_matrix((ones, known.values.numpy(), known.offsets.numpy()), shape=(len(users), len(items)))

    def compiled() -> None:
        # It has threads of its own, and those of OpenBLAS below them would get in their way.
        with threadpool_limits(1, "blas"):
            topk(items, users, k, filter_query_items=liked)

    return "implicit", compiled
