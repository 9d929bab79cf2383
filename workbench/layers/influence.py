"""Attention along two graphs, whom users follow and what they like, for everybody at once and for changed worlds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.data.ragged import Ragged
from workbench.layers.attention import AdditiveScore
from workbench.layers.graph import RecordedGraph
from workbench.layers.graph_attention import GraphAttention, NodeAttention
from workbench.layers.reach import Changed, joined, neighbours, places, within
from workbench.layers.segments import gated_softmax_rows


@dataclass(frozen=True)
class Attention:
    """The weights of one layer.

    Attributes:
        social: over people followed and ``interest`` over liked images, those of all users laid end to end.
        graphs: (users, 2) of the two sums.
    """

    social: Tensor
    interest: Tensor
    graphs: Tensor


@dataclass(frozen=True)
class Everybody:
    """States of all users and images after layer 0 (their own vectors) to K, and the attention of each layer."""

    users: list[Tensor]
    items: list[Tensor]
    attention: list[Attention]

    @property
    def both(self) -> tuple[list[Tensor], list[Tensor]]:
        """The states of users, and of images."""
        return self.users, self.items


@dataclass(frozen=True)
class World:
    """R users, each in a world where what she follows and likes is gated.

    Attributes:
        states: (R, K + 1, D) of the users.
        items: for layer 0 to K, the images whose states differ.
        attention: of the R users, for each layer.
        friends: for each layer, states (E, D) of the people they follow before it; ``liked`` those of liked images.
    """

    states: Tensor
    items: list[Changed]
    attention: list[Attention]
    friends: list[Tensor]
    liked: list[Tensor]


class InfluenceLayer(nn.Module):
    """One layer of DiffNet++: attention within each graph and between the two.

    ``v_i' = v_i + sum_a eta_ia u_a`` over the users who like i, and ``u_a' = u_a + g_1 sum_b alpha_ab u_b + g_2 sum_i
    beta_ai v_i`` over the people a follows and the images she likes; alpha, beta, eta and g are softmax attentions.
    """

    def __init__(self, kind: NodeAttention, follows: int, likes: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.social = GraphAttention(kind, follows, dim, hidden)
        self.interest = GraphAttention(kind, likes, dim, hidden)
        self.audience = GraphAttention(kind, likes, dim, hidden)
        self.graphs = nn.ModuleList(AdditiveScore(dim, dim, hidden) for _ in range(2 if kind != "average" else 0))

    def mixed(self, own: Tensor, sums: tuple[Tensor, Tensor], presence: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """States (n, D) after the layer and weights (n, 2) of the two graphs."""
        present = torch.stack(presence, -1)
        scores = torch.zeros_like(present)
        if len(self.graphs):
            scores = torch.stack([net(own, part) for net, part in zip(self.graphs, sums, strict=True)], -1)
        weights = gated_softmax_rows(scores, present)
        return own + weights[:, :1] * sums[0] + weights[:, 1:] * sums[1], weights


class Influence(nn.Module):
    """The layers of DiffNet++ over recorded graphs.

    Args:
        follows: users -> the people they follow; ``likes`` users -> the images they like.
        likes: see above.
        items: number of images.
        dim: size D of a state; ``depth`` layers K; ``hidden`` width of the attention networks.
        depth: see above.
        hidden: see above.
        attention: of the nodes.
    """

    def __init__(
        self, follows: Ragged, likes: Ragged, items: int, dim: int, depth: int, hidden: int, attention: NodeAttention
    ) -> None:
        super().__init__()
        self.follows = RecordedGraph(follows, len(follows), "mean")
        self.likes = RecordedGraph(likes, items, "mean")
        self.audience = RecordedGraph(self.likes.transposed, len(likes), "mean")
        sizes = len(follows.values), len(likes.values)
        self.layers = nn.ModuleList(InfluenceLayer(attention, *sizes, dim, hidden) for _ in range(depth))

    def forward(
        self, users: Tensor, items: Tensor, follows: Tensor | None = None, likes: Tensor | None = None
    ) -> Everybody:
        """All states from the own vectors ``users`` (users, D) and ``items`` (items, D).

        Args:
            users: see above.
            items: see above.
            follows: gates of all follows; ``likes`` of all likes, by user.
            likes: see above.
        """
        return self._through(self.layers, users, items, follows, likes)

    def _through(
        self,
        layers: Iterable[nn.Module],
        users: Tensor,
        items: Tensor,
        follows: Tensor | None = None,
        likes: Tensor | None = None,
    ) -> Everybody:
        found = Everybody([users], [items], [])
        back = None if likes is None else likes.index_select(0, self.likes.turn)
        for layer in layers:
            assert isinstance(layer, InfluenceLayer)
            u, v = found.users[-1], found.items[-1]
            social, alpha, followed = layer.social(self.follows, u, u, follows)
            interest, beta, liked = layer.interest(self.likes, u, v, likes)
            after, graphs = layer.mixed(u, (social, interest), (followed, liked))
            found.users.append(after)
            found.items.append(v + layer.audience(self.audience, v, u, back)[0])
            found.attention.append(Attention(alpha, beta, graphs))
        return found

    def needed(self, users: Tensor, items: Tensor, of: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """All states, side by side, of the users (n,) and items (m,) ``of`` a batch: (n, (K + 1) D), (m, (K + 1) D).

        The last layer is propagated for these alone.
        """
        *before, last = self.layers
        assert isinstance(last, InfluenceLayer)
        everybody = self._through(before, users, items)
        u, v = (states[-1].index_select(0, codes) for states, codes in zip(everybody.both, of, strict=True))
        (social, a), (interest, b), (audience, c) = (
            graph.part(codes) for graph, codes in ((self.follows, of[0]), (self.likes, of[0]), (self.audience, of[1]))
        )
        followed = last.social(social, u, everybody.users[-1], None, a)
        liked = last.interest(interest, u, everybody.items[-1], None, b)
        brought = last.audience(audience, v, everybody.users[-1], None, c)
        after, _ = last.mixed(u, (followed[0], liked[0]), (followed[2], liked[2]))
        mine = [states.index_select(0, of[0]) for states in everybody.users]
        theirs = [states.index_select(0, of[1]) for states in everybody.items]
        return torch.cat([*mine, after], 1), torch.cat([*theirs, v + brought[0]], 1)

    def again(
        self,
        everybody: Everybody,
        users: Tensor,
        follows: Tensor | None = None,
        likes: Tensor | None = None,
        own: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> World:
        """``users`` (R,) in a world each; whoever and whatever changes with them is propagated again.

        Args:
            everybody: the states as recorded.
            users: codes.
            follows: gates (E,) of the people they follow; ``likes`` of the images they like.
            likes: see above.
            own: (R, D) vectors of the users in place of those as recorded.
            wanted: (R,) codes of the only image of each row whose last state matters; all matter if left out.
        """
        m, n = len(everybody.users[0]), len(everybody.items[0])
        rows = torch.arange(len(users), device=users.device)
        me, history = rows * m + users, self.likes.sets.select(users)
        recorded = history.rows * n + history.values
        u = Changed.nothing(everybody.users[0]) if own is None else Changed(me, own)
        v = Changed.nothing(everybody.items[0])
        world = World(users, [v], [], [], [])
        states = [u.at(me, everybody.users[0])]
        touched = recorded[:0] if likes is None else recorded if likes.requires_grad else recorded[likes != 1]
        for k, layer in enumerate(self.layers):
            assert isinstance(layer, InfluenceLayer)
            last, before = k + 1 == len(self.layers), (everybody.users[k], everybody.items[k])
            people = me
            if not last:
                heard = neighbours(u.keys, self.follows.transposed, m).values
                people = joined(me, u.keys, heard, neighbours(v.keys, self.audience.sets, m).values)
            images = joined(touched, v.keys, neighbours(u.keys, self.likes.sets, n).values)
            if last and wanted is not None:
                images = within(rows * n + wanted, images)
            mine, vectors = torch.isin(people, me), u.at(people, before[0])
            friends, social, alpha, followed = layer.social.again(
                self.follows, people, vectors, (u, before[0]), _of_mine(self.follows, people % m, mine, follows)
            )
            pictures, interest, beta, liked = layer.interest.again(
                self.likes, people, vectors, (v, before[1]), _of_mine(self.likes, people % m, mine, likes)
            )
            after, graphs = layer.mixed(vectors, (social, interest), (followed, liked))
            old = v.at(images, before[1])
            opened = self._of_audience(images, me, recorded, likes, old, n)
            gathered = layer.audience.again(self.audience, images, old, (u, before[0]), opened)[1]
            near, seen = mine[friends.rows], mine[pictures.rows]
            world.friends.append(u.at(friends.values[near], before[0]))
            world.liked.append(v.at(pictures.values[seen], before[1]))
            world.attention.append(Attention(alpha[near], beta[seen], graphs[mine]))
            u, v = Changed(people, after), Changed(images, old + gathered)
            states.append(after[mine])
            world.items.append(v)
        return World(torch.stack(states, 1), world.items, world.attention, world.friends, world.liked)

    def _of_audience(
        self, images: Tensor, me: Tensor, recorded: Tensor, likes: Tensor | None, like: Tensor, n: int
    ) -> Tensor:
        """Gates of the people who like ``images``: those of the users ``me``, 1 for all others."""
        m = len(self.follows.sets)
        around = neighbours(images, self.audience.sets, m)
        gates = like.new_ones(around.values.shape)
        if likes is None:
            return gates
        mine = torch.isin(around.values, me)
        place, _ = places(recorded, images.index_select(0, around.rows[mine]))
        return gates.masked_scatter(mine, likes.index_select(0, place))


def _of_mine(graph: RecordedGraph, nodes: Tensor, mine: Tensor, gates: Tensor | None) -> Tensor:
    """Gates of the neighbours of ``nodes`` (n,): ``gates`` for those of the nodes that are ``mine`` (n,), else 1."""
    sets = graph.sets.select(nodes)
    ones = graph.weights.new_ones(sets.values.shape)
    return ones if gates is None else ones.masked_scatter(mine[sets.rows], gates)
