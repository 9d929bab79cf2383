"""DiffNet++: influence along the people followed and interest along the images liked, both weighed by attention."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import ASPECTS, OPEN, EvidenceGroup, Gates
from workbench.layers.graph_attention import NodeAttention
from workbench.layers.influence import Everybody, Influence, World
from workbench.layers.nodes import Activation, FusedNodes, NodeFusion
from workbench.layers.reach import neighbours
from workbench.layers.segments import gated_softmax, segment_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading
from workbench.models.diffusion import Hop
from workbench.models.kept import KeepingModel
from workbench.models.ranking import bpr_loss, squared

EDGES = 1 << 19
"""Edges that are read again at a time while worlds are changed; deeper models are read in smaller parts."""


class DiffNetPPConfig(ModelConfig):
    """Hyperparameters of DiffNet++.

    Attributes:
        dim: latent size D.
        depth: layers K.
        attention: of the nodes: a network on both embeddings (paper), a number that every edge learns for itself
            (released code), or none, which averages within and between the graphs.
        hidden: width of the attention networks.
        features: name of the image features that are fused in; None for free embeddings alone.
        fusion: concat with a matrix (paper) or add (released code).
        activation: g of the fusion.
        item_bias: add b_i, which the paper does not have.
        std: spread of the random start of the embeddings.
    """

    learning_rate: float = 5e-3
    dim: int = 64
    depth: int = Field(2, ge=1)
    attention: NodeAttention = "embedding"
    hidden: int = 8
    features: str | None = None
    fusion: NodeFusion = "concat"
    activation: Activation = "relu"
    regularisation: float = 0.03
    item_bias: bool = True
    std: float = 0.1


class DiffNetPP(KeepingModel[Everybody]):
    """``score(a, i) = b_i + [u_a^0 .. u_a^K] . [v_i^0 .. v_i^K]`` over the states of layer 0 to K.

    ``v_i^{k+1} = v_i^k + sum_a eta_ia u_a^k`` over the users who like i, ``u_a^{k+1} = u_a^k + g_a1 sum_b alpha_ab
    u_b^k + g_a2 sum_i beta_ai v_i^k`` over the people a follows and the images she likes in training. alpha, beta, eta
    are softmax attentions of a two-layer network on the two embeddings, g one between both graphs on the user and what
    each graph brings; every layer has its own. The equations are a reconstruction from the abstract and accounts of the
    paper.

    Given its attention the score adds up exactly over own taste, people followed and images liked. A like counts on
    both sides: where it was never recorded, the image's state and all that depends on it change, too.
    """

    name = "diffnetpp"
    family = "social context"
    paper = Paper(
        "Wu et al.", "DiffNet++: A Neural Influence and Interest Diffusion Network for Social Recommendation", "TKDE",
        2020,
    )  # fmt: skip
    needs = ("likes", "follows")
    evidence = (
        EvidenceGroup(
            "follows", "people followed", "person", "user", "follows", "people you follow like this kind of image"
        ),
        EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images of this kind"),
    )
    Config = DiffNetPPConfig
    config: DiffNetPPConfig

    def __init__(self, config: DiffNetPPConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.nodes = FusedNodes(dataset, config.dim, config.features, config.fusion, config.activation, config.std)
        self.bias = nn.Parameter(torch.zeros(self.n_items), requires_grad=config.item_bias)
        self.influence = Influence(
            dataset.follows, dataset.history, self.n_items, config.dim, config.depth, config.hidden, config.attention
        )

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The people each user follows, or the images she liked."""
        graph = self.influence.follows if group == "follows" else self.influence.likes
        return graph.sets.select(users)

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the free embeddings used."""
        users, row = torch.unique(batch.users, return_inverse=True)
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        images, place = torch.unique(items, return_inverse=True)
        own, vectors = self.nodes()
        u, v = self.influence.needed(own, vectors, (users, images))
        near = v.index_select(0, place.flatten()).view(*items.shape, -1)
        score = (u.index_select(0, row).unsqueeze(1) * near).sum(-1) + self.bias[items]
        d = self.config.dim
        p, q = u[:, :d], near[..., :d]
        if self.nodes.featured:
            p, q = self.nodes.users(users), self.nodes.items(items)
        free = (p.square().sum(-1) * torch.bincount(row)).sum() + squared(q) / batch.negatives.shape[1]
        return bpr_loss(score[:, :1] - score[:, 1:]) + self.config.regularisation * free / len(score)

    def tables(self) -> Everybody:
        """The states of everybody as recorded."""
        return self.influence(*self.nodes())  # type: ignore[no-any-return]

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        everybody = self.kept()
        parts = [
            ((world.states * self._of_item(everybody, world, items[rows])).sum(-1)).sum(-1)
            for rows, world in self._worlds(everybody, users, gates, items)
        ]
        return torch.cat(parts) + self.bias[items]

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one product, mended where the state of an image is another in the world of a user."""
        everybody = self.kept()
        table, parts = torch.cat(everybody.items, 1), []
        for rows, world in self._worlds(everybody, users, gates):
            scores = torch.addmm(self.bias, world.states.flatten(1), table.T)
            for k, (items, recorded) in enumerate(zip(world.items, everybody.items, strict=True)):
                if len(items.keys):
                    moved = items.values - recorded.index_select(0, items.keys % self.n_items)
                    change = (world.states[items.keys // self.n_items, k] * moved).sum(-1)
                    scores = scores.flatten().index_add(0, items.keys, change).view(len(rows), -1)
            parts.append(scores)
        return torch.cat(parts)

    def _of_item(self, everybody: Everybody, world: World, items: Tensor) -> Tensor:
        """States (R, K + 1, D) of ``items`` (R,) in R worlds."""
        keys = torch.arange(len(items), device=items.device) * self.n_items + items
        return torch.stack([c.at(keys, table) for c, table in zip(world.items, everybody.items, strict=True)], 1)

    def _worlds(
        self, everybody: Everybody, users: Tensor, gates: Gates, items: Tensor | None = None
    ) -> Iterator[tuple[Tensor, World]]:
        """The worlds of ``users`` (R,) in parts: which rows, and their world.

        Args:
            everybody: the states as recorded.
            users: codes.
            gates: of what they follow and like.
            items: (R,) codes of the only image scored in each row; all are if left out.
        """
        followed, liked = (self.elements(group, users, users) for group in ("follows", "history"))
        of_follows, of_likes = gates.on("follows", followed), gates.on("history", liked)
        for rows in self._parts(users, liked, of_likes):
            a, b = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
            mine = liked.select(rows)
            likes = None if of_likes is None else of_likes[int(liked.offsets[a]) : int(liked.offsets[b])]
            follows = None if of_follows is None else of_follows[int(followed.offsets[a]) : int(followed.offsets[b])]
            own = None
            if likes is not None and self.nodes.featured:
                own = self._first(users[rows], mine, likes)
            wanted = None if items is None else items[rows]
            yield rows, self.influence.again(everybody, users[rows], follows, likes, own, wanted)

    def _parts(self, users: Tensor, liked: Ragged, gates: Tensor | None) -> list[Tensor]:
        """Consecutive rows that are read together: about ``EDGES`` edges round the images they like."""
        rows = torch.arange(len(users), device=users.device)
        if not len(users):
            return [rows]
        audience = self.influence.audience.sets.lengths.index_select(0, liked.values)
        cost = segment_sum(audience, liked) * (1 if gates is not None else 0) + liked.lengths
        cost = cost + self.influence.follows.sets.lengths.index_select(0, users)
        part = cost.cumsum(0) // max(EDGES >> 4 * max(self.config.depth - 2, 0), 1)
        return list(torch.split(rows, torch.unique_consecutive(part, return_counts=True)[1].tolist()))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention within and between the graphs, averaged over the layers, with exact shares given that attention.

        A person followed, or an image liked, adds to the state of a layer and stays in those after it: her share is
        what all layers take from her, times the states of the image in the layers that still hold it.
        """
        everybody = self.kept()
        parts = [
            self._read(everybody, world, users[rows], items[rows])
            for rows, world in self._worlds(everybody, users, gates, items)
        ]
        own, social, friends, interest, liked, graphs = (torch.cat(part) for part in zip(*parts, strict=True))
        followed, history = (self.elements(group.name, users, items) for group in self.evidence)
        totals = torch.stack([segment_sum(friends, followed), segment_sum(liked, history)], 1)
        places = torch.arange(2, device=users.device).repeat(len(users))
        aspects = Ragged(torch.arange(0, 2 * len(users) + 1, 2, device=users.device), places)
        own = own + self.bias[items]
        levels = (
            Level(ASPECTS, aspects, graphs.flatten(), totals.flatten()),
            Level("follows", followed, social, friends),
            Level("history", history, interest, liked),
        )
        return Reading(own + totals.sum(1), own, levels)

    def _read(self, everybody: Everybody, world: World, users: Tensor, items: Tensor) -> tuple[Tensor, ...]:
        """Own part (R,), attention and shares of people (E,) and images (E,), attention (R, 2) of the graphs."""
        followed, history = (self.elements(group.name, users, items) for group in self.evidence)
        later = _later(self._of_item(everybody, world, items))
        own = (world.states[:, 0] * later[:, 0]).sum(-1)
        friends, liked = (own.new_zeros(sets.values.shape) for sets in (followed, history))
        for k, layer in enumerate(world.attention):
            left = later[:, k + 1]
            share = layer.social * layer.graphs[:, 0].index_select(0, followed.rows)
            friends = friends + share * (world.friends[k] * left.index_select(0, followed.rows)).sum(-1)
            share = layer.interest * layer.graphs[:, 1].index_select(0, history.rows)
            liked = liked + share * (world.liked[k] * left.index_select(0, history.rows)).sum(-1)
        social, interest, graphs = (
            torch.stack([getattr(layer, name) for layer in world.attention]).mean(0)
            for name in ("social", "interest", "graphs")
        )
        return own, social, friends, interest, liked, graphs

    def hop_states(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """(R, K + 1, D) the states of ``users`` (R,) after layer 0 (their own vectors) to K."""
        everybody = self.kept()
        return torch.cat([world.states for _, world in self._worlds(everybody, users, gates)])

    def diffusion(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> tuple[Hop, ...]:
        """Hops 1 to K along the people followed alone, whatever layers they happen in.

        A share is the product of attention alpha and g along the paths to a person, brought to 1 in a row; a
        contribution is what her own vector adds to the score over these paths, exact given the attention. What comes
        over liked images is in no hop.
        """
        if gates is OPEN:
            return self._paths(self.kept(), users, items)
        rows = [self._paths(world, users[[r]], items[[r]]) for r, world in enumerate(self._whole_worlds(users, gates))]
        hops = []
        for parts in zip(*rows, strict=True):
            people = Ragged.from_lengths(
                torch.cat([part.people.lengths for part in parts]), torch.cat([part.people.values for part in parts])
            )
            shares, added = [part.share for part in parts], [part.contribution for part in parts]
            hops.append(Hop(people, torch.cat(shares), torch.cat([part for part in added if part is not None])))
        return tuple(hops)

    def _whole_worlds(self, users: Tensor, gates: Gates) -> Iterator[Everybody]:
        """Everybody in the world of each of ``users`` (R,), one after the other."""
        follows, likes = self.influence.follows, self.influence.likes
        followed, liked = (self.elements(group.name, users, users) for group in self.evidence)
        of_follows, of_likes = gates.on("follows", followed), gates.on("history", liked)
        for row, user in enumerate(users):
            own, items = self.nodes()
            open_follows, open_likes = torch.ones_like(follows.weights), torch.ones_like(likes.weights)
            if of_follows is not None:
                mine = slice(int(follows.offsets[user]), int(follows.offsets[user + 1]))
                open_follows[mine] = of_follows[int(followed.offsets[row]) : int(followed.offsets[row + 1])]
            if of_likes is not None:
                gate = of_likes[int(liked.offsets[row]) : int(liked.offsets[row + 1])]
                open_likes[int(likes.offsets[user]) : int(likes.offsets[user + 1])] = gate
                if self.nodes.featured:
                    one = torch.tensor([row], device=users.device)
                    own = own.index_copy(0, users[one], self._first(users[one], liked.select(one), gate))
            yield self.influence(own, items, open_follows, open_likes)

    def _first(self, users: Tensor, liked: Ragged, gate: Tensor) -> Tensor:
        """Own vectors (R, D) of users whose ``liked`` images (R sets) are gated (E,)."""
        return self.nodes.changed(users, liked, gated_softmax(torch.zeros_like(gate), liked, gate)[0])

    def _paths(self, everybody: Everybody, users: Tensor, items: Tensor) -> tuple[Hop, ...]:
        """Hops of R pairs.

        ``weights[:, m]`` is how an own vector enters the state of layer m; layers are undone from the last to the
        first, each time by a step along a person followed or by none.
        """
        graph, m, depth = self.influence.follows, self.n_users, self.config.depth
        edges = Ragged(graph.offsets, torch.arange(len(graph.values), device=users.device))
        me = torch.arange(len(users), device=users.device) * m + users
        reached = [(me, self.bias.new_ones(len(me), depth + 1))]
        reached += [(me[:0], self.bias.new_zeros(0, depth + 1)) for _ in range(depth)]
        for layer in range(depth, 0, -1):
            attention = everybody.attention[layer - 1]
            above = (torch.arange(depth + 1, device=users.device) >= layer).to(self.bias.dtype)
            for step in range(depth - 1, -1, -1):
                keys, weights = reached[step]
                around = neighbours(keys, graph.sets, m)
                along = attention.social[edges.select(keys % m).values]
                along = along * attention.graphs[:, 0].index_select(0, (keys % m)[around.rows])
                more = (weights * above).index_select(0, around.rows) * along.unsqueeze(-1)
                known, known_weights = reached[step + 1]
                found, place = torch.unique(torch.cat([known, around.values]), return_inverse=True)
                total = more.new_zeros(len(found), depth + 1).index_add(0, place, torch.cat([known_weights, more]))
                reached[step + 1] = found, total
        v = torch.stack([states.index_select(0, items) for states in everybody.items], 1)
        return tuple(self._of_hop(everybody, len(users), v, *found) for found in reached[1:])

    def _of_hop(self, everybody: Everybody, rows: int, v: Tensor, keys: Tensor, weights: Tensor) -> Hop:
        """One hop of ``rows`` pairs, without people whose paths weigh nothing."""
        keys, weights = keys[weights[:, -1] > 0], weights[weights[:, -1] > 0]
        people = Ragged.from_lengths(torch.bincount(keys // self.n_users, minlength=rows), keys % self.n_users)
        own = everybody.users[0].index_select(0, people.values)
        added = ((weights.unsqueeze(-1) * v.index_select(0, people.rows)).sum(1) * own).sum(-1)
        total = segment_sum(weights[:, -1], people).index_select(0, people.rows)
        return Hop(people, weights[:, -1] / total, added)


def _later(states: Tensor) -> Tensor:
    """For each layer the sum (R, K + 1, D) of its state and those after it."""
    return states.flip(1).cumsum(1).flip(1)
