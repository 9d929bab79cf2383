"""Hops along the people users follow: for everybody at once, and again where one user follows others than recorded."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.ragged import Ragged
from workbench.layers.graph import RecordedGraph
from workbench.layers.nodes import Activation, activate
from workbench.layers.reach import Changed, gated_max, gated_mean, joined, neighbours, within
from workbench.layers.segments import gated_softmax

Layer = Literal["dense", "mean"]
Pool = Literal["mean", "max"]
ROWS = 512
"""Rows in whose worlds states are propagated again at a time."""


class SocialDiffusion(nn.Module):
    """States h^0 to h^K of users, each hop pooling over the people a user follows (Wu et al., DiffNet, Section 3).

    ``mean``: ``h_a^{k+1} = 1 / |S_a| sum_{b in S_a} h_b^k``; ``dense``: ``h_a^{k+1} = s(W^{k+1} [Pool(h_b^k); h_a^k] +
    w^{k+1})``. The pool over nobody is 0.

    Args:
        follows: users -> the people they follow.
        dim: size D of a state.
        depth: hops K.
        layer: see above; ``pool`` and ``activation`` are those of dense layers.
        pool: see above.
        activation: see above.
    """

    def __init__(
        self, follows: Ragged, dim: int, depth: int, layer: Layer, pool: Pool = "mean", activation: Activation = "relu"
    ) -> None:
        super().__init__()
        self.depth, self.layer, self.pool, self.activation = depth, layer, pool, activation
        self.graph = RecordedGraph(follows, len(follows), "mean")
        self.layers = nn.ModuleList(nn.Linear(2 * dim, dim) for _ in range(depth if layer == "dense" else 0))
        for dense in self.layers:
            assert isinstance(dense, nn.Linear)
            nn.init.xavier_uniform_(dense.weight)

    def _hop(self, k: int, pooled: Tensor, own: Tensor) -> Tensor:
        """States after hop ``k`` from the ``pooled`` states of the people followed and the ``own`` before it."""
        if self.layer == "mean":
            return pooled
        return activate(self.activation, self.layers[k - 1](torch.cat([pooled, own], -1)))

    def forward(self, own: Tensor) -> list[Tensor]:
        """States (users, D) of everybody after hop 0, which is ``own`` (users, D), to K."""
        states, sets = [own], self.graph.sets
        for k in range(1, self.depth + 1):
            if self.pool == "max":
                pooled = functional.embedding_bag(
                    sets.values, states[-1], sets.offsets, mode="max", include_last_offset=True
                )
            else:
                pooled = self.graph(states[-1])
            states.append(self._hop(k, pooled, states[-1]))
        return states

    def again(
        self, everybody: list[Tensor], users: Tensor, gate: Tensor | None, own: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """States of ``users`` (R,), each in a world where the people she follows are gated.

        Args:
            everybody: the states as recorded.
            users: codes.
            gate: (E,) of the people the users follow; all ones if left out.
            own: (R, D) vectors of the users in place of their states after hop 0.

        Returns:
            states (R, K + 1, D), and the states (E, D) of the people followed before the last hop.
        """
        mine = self.graph.sets.select(users)
        if gate is None:
            gate = everybody[0].new_ones(mine.values.shape)
        states, friends = [], []
        for rows in torch.split(torch.arange(len(users), device=users.device), ROWS):
            part = gate[int(mine.offsets[rows[0]]) : int(mine.offsets[rows[-1] + 1])]
            found = self._again(everybody, users[rows], part, None if own is None else own[rows])
            states.append(found[0])
            friends.append(found[1])
        return torch.cat(states), torch.cat(friends)

    def _again(self, everybody: list[Tensor], users: Tensor, gate: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
        """The same for a few users.

        Others whose states change in a user's world, because they hear of her, are propagated again as far as they come
        back to her within the hops that are left; up to two hops nobody does, unless her own vector has changed.
        """
        n, depth, sets = len(everybody[0]), self.depth, self.graph.sets
        me = torch.arange(len(users), device=users.device) * n + users
        changed = Changed.nothing(everybody[0]) if own is None else Changed(me, own)
        near = [me]
        for _ in range(depth - 1 if own is not None else depth - 2):
            near.append(joined(near[-1], neighbours(near[-1], sets, n).values))
        states, friends = [changed.at(me, everybody[0])], everybody[0][:0]
        pool = gated_max if self.pool == "max" else gated_mean
        for k in range(1, depth + 1):
            keys = me
            if len(changed.keys) and k < depth:
                heard = neighbours(changed.keys, self.graph.transposed, n).values
                keys = joined(me, within(joined(heard, changed.keys), near[depth - k]))
            around = neighbours(keys, sets, n)
            gates = gate.new_ones(around.values.shape).masked_scatter(torch.isin(keys, me)[around.rows], gate)
            friends = changed.at(around.values, everybody[k - 1])
            changed = Changed(keys, self._hop(k, pool(friends, around, gates), changed.at(keys, everybody[k - 1])))
            states.append(changed.at(me, everybody[k]))
        return torch.stack(states, 1), friends

    def paths(self, users: Tensor, gate: Tensor | None) -> list[tuple[Ragged, Tensor]]:
        """Whom ``users`` (R,) reach in 1 to K steps, and the weight of all paths to each: (A^k) row by row.

        Args:
            users: codes.
            gate: (E,) of the people the users follow; all ones if left out.

        Returns:
            for each hop, R sets of codes and their weights (elements,), without those that weigh nothing.
        """
        n, sets, rows = len(self.graph.sets), self.graph.sets, len(users)
        me = torch.arange(rows, device=users.device) * n + users
        mine = sets.select(users)
        first, _ = gated_softmax(self.graph.weights.new_zeros(mine.values.shape), mine, gate)
        keys, weights, found = me, first.new_ones(rows), []
        for _ in range(self.depth):
            around = neighbours(keys, sets, n)
            step = self.graph.weights.new_ones(around.values.shape) / around.lengths[around.rows]
            back = torch.isin(keys, me)
            gated = Ragged(mine.offsets, torch.arange(len(first), device=users.device)).select(keys[back] // n).values
            step = step.masked_scatter(back[around.rows], first.index_select(0, gated))
            keys, place = torch.unique(around.values, return_inverse=True)
            weights = step.new_zeros(len(keys)).index_add(0, place, step * weights.index_select(0, around.rows))
            keys, weights = keys[weights > 0], weights[weights > 0]
            found.append((Ragged.from_lengths(torch.bincount(keys // n, minlength=rows), keys % n), weights))
        return found
