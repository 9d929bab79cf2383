"""ACF: attention over the images a user liked, and inside each of them over its regions or frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.components import component_scores, component_weights, pooled
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.regions import RegionTable
from workbench.layers.segments import gated_softmax, segment_max, segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import bpr_loss, normal_table, squared


class ACFConfig(ModelConfig):
    """Hyperparameters of ACF; sizes default to Section 5 of the paper.

    Attributes:
        dim: latent size D.
        hidden: width h of both attention networks.
        items: attention over the liked images, learned or their average (Table 2).
        inputs: what attention over the liked images sees beside the user and their content (Table 3): item is v_l,
            auxiliary p_l.
        components: attention over the components of an image, learned, their average, or none: then content is not
            read, and with average items the model is SVD++.
        features: the image features whose regions (or frames) are the components.
        exclude_target: leave the image that is scored out of the history, so that in training a like does not predict
            itself; False is the printed Eq. 6.
        project: bring components to D dimensions before the component attention (the released code: what is attended
            to is projected) or after it (Eq. 12).
        form: paper adds up the auxiliary vectors p_l of the liked images (Eq. 6); code adds up their attended content
            instead, and its item attention sees the user and that content alone.
    """

    learning_rate: float = 1e-3
    dim: int = 128
    hidden: int = 64
    regularisation: float = 1e-4
    items: Literal["learned", "average"] = "learned"
    inputs: tuple[Literal["item", "auxiliary"], ...] = ("item", "auxiliary")
    components: Literal["learned", "average", "none"] = "learned"
    features: str = "convnet"
    exclude_target: bool = True
    project: Literal["before", "after"] = "after"
    form: Literal["paper", "code"] = "paper"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.form == "paper" and self.items == "average" and self.components != "none":
            raise ValueError("with average items nothing reads the components: set components=none, or form=code")
        if self.form == "code" and self.components == "none":
            raise ValueError("form=code adds up content: set components=learned or average")
        if self.items == "learned" and self.components == "none" and not self.inputs:
            raise ValueError("attention over liked images sees nothing of them: set inputs=item, or components=learned")
        return self


@dataclass(frozen=True)
class _History:
    """What R users' histories came to.

    Attributes:
        sets: R sets of liked images.
        scores: (E,) attention scores of the E liked images; ``gate`` (E,) their gates.
        weights: (E,) attention alpha.
        table: (n, D) what liked images add to the user, and ``places`` R sets of its rows.
        context: (R, D) the weighted sum.
        components: (E, M) attention beta, None where content is not read.
    """

    sets: Ragged
    scores: Tensor
    gate: Tensor
    weights: Tensor
    table: Tensor
    places: Ragged
    context: Tensor
    components: Tensor | None

    def values(self, chosen: Tensor | None = None) -> Tensor:
        """(E, D) what each liked image adds, or (n, D) for the ``chosen`` (n,) of them."""
        rows = self.places.values if chosen is None else self.places.values[chosen]
        return self.table.index_select(0, rows)


class ACF(Recommender):
    """``score(i, j) = (u_i + sum_{l liked} alpha_il p_l) . v_j`` (Eq. 6).

    ``alpha`` is a softmax of ``w1 . relu(W1u u_i + W1v v_l + W1p p_l + W1x x_il + b1)`` (Eq. 8, 9), where
    ``x_il = sum_m beta_ilm x_lm`` (Eq. 12) and ``beta`` a softmax of ``w2 . relu(W2u u_i + W2x x_lm + b2)`` over the
    components of image l (Eq. 10, 11). The constants c1 and c2 cancel in the softmax and are left out. The same alpha
    explains every image recommended to a user; contributions ``alpha_il p_l . v_j`` differ by image and are exact.
    beta says how a liked image was read, never where in the recommended image its appeal lies.
    """

    name = "acf"
    family = "history and content"
    paper = Paper("Chen et al.", "Attentive Collaborative Filtering", "SIGIR", 2017)
    needs = ("likes", "items.image")
    evidence = (
        EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images the model ties it to"),
        EvidenceGroup(
            "regions", "regions of images liked", "region", "user", "likes", "of what they show", within="history"
        ),
    )
    Config = ACFConfig
    config: ACFConfig

    def __init__(self, config: ACFConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        d, h = config.dim, config.hidden
        self.u, self.v = normal_table(self.n_users, d), normal_table(self.n_items, d)
        self.history = RecordedSets(dataset.history)
        width = 0
        if config.components != "none":
            self.features = Features.open(dataset.root, config.features)
            self.regions = RegionTable.of(dataset, self.features)
            width = self.regions.width
            if config.form == "code" or config.project == "before":
                self.project = nn.Linear(width, d, bias=False)
            width = d if config.project == "before" else width
        if config.components == "learned":
            # The released code takes projected components into its network as they are.
            h2 = d if config.project == "before" else h
            self.component_query = nn.Linear(d, h2)
            self.component_key = nn.Identity() if config.project == "before" else nn.Linear(width, h2, bias=False)
            self.component_out = nn.Parameter(torch.randn(h2) * h2**-0.5)
        if config.form == "paper":
            self.p = normal_table(self.n_items, d)
        if config.items == "learned":
            self._attend_to_items(d if config.form == "code" else width)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)

    def _attend_to_items(self, width: int) -> None:
        """The network of Eq. 8, for content of ``width`` numbers."""
        d, h = self.config.dim, self.config.hidden
        self.item_query = nn.Linear(d, h)
        if self._sees("item"):
            self.item_v = nn.Linear(d, h, bias=False)
        if self._sees("auxiliary"):
            self.item_p = nn.Linear(d, h, bias=False)
        if self.config.components != "none":
            self.item_x = nn.Linear(width, h, bias=False)
        self.item_out = nn.Parameter(torch.randn(h) * h**-0.5)

    def _sees(self, name: Literal["item", "auxiliary"]) -> bool:
        """Whether attention over the liked images sees their v_l or p_l; that of the released code sees neither."""
        return self.config.form == "paper" and name in self.config.inputs

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """Regions only where content is read."""
        return self.evidence if self.config.components != "none" else self.evidence[:1]

    def _content(self, users: Tensor, sets: Ragged, gates: Gates) -> tuple[Tensor, Tensor]:
        """Component attention beta (E, M) and attended content (E, d) of the liked images of ``users`` (R,)."""
        # Rows of the same user differ in their gates alone: whatever does not depend on gates is computed once.
        pairs, which = torch.unique(users[sets.rows] * self.n_items + sets.values, return_inverse=True)
        images, element = torch.unique(pairs % self.n_items, return_inverse=True)
        # The same image next to each other, so that its block is read from the processor's cache.
        order = torch.argsort(element, stable=True)
        place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))[which]
        vectors, element = self.regions(images), element[order]
        if self.config.project == "before":
            vectors = self.project(vectors)
        gate = None if self.regions.regular else self.regions.present(images).float().index_select(0, element)
        scores = vectors.new_zeros(len(element), self.regions.most)
        if self.config.components == "learned":
            query = self.component_query(self.u(pairs[order] // self.n_items))
            scores = component_scores(self.component_key(vectors), query, self.component_out, element)
        if "regions" not in gates.elements and "regions" not in gates.aspects:
            weights = component_weights(scores, gate)
            return weights.index_select(0, place), pooled(weights, vectors, element).index_select(0, place)
        closed = gates.on("regions", self._region_sets(sets))
        assert closed is not None
        opened = self.regions.padded(sets.values, closed)
        weights = component_weights(scores[place], opened if gate is None else gate[place] * opened)
        return weights, pooled(weights, vectors, element[place])

    def _read_history(self, users: Tensor, gates: Gates, without: Tensor | None = None) -> _History:
        """Both attentions for ``users`` (R,), leaving the images ``without`` (R,) out."""
        config, sets = self.config, self.history(users)
        gate = gates.on("history", sets)
        if gate is None:
            gate = self.u.weight.new_ones(sets.values.shape)
        if without is not None:
            gate = gate * (sets.values != without.index_select(0, sets.rows))
        components = content = None
        if config.components != "none":
            components, content = self._content(users, sets, gates)
            if config.form == "code" and config.project == "after":
                content = self.project(content)
        if config.form == "paper":
            table, places = self.p.weight, sets
        else:
            assert content is not None
            table, places = content, Ragged(sets.offsets, torch.arange(len(content), device=content.device))
        scores = torch.zeros_like(gate)
        if config.items == "learned":
            hidden = self.item_query(self.u(users)).index_select(0, sets.rows)
            hidden = self._with_items(hidden, sets)
            if content is not None:
                hidden = hidden + self.item_x(content)
            scores = hidden.relu() @ self.item_out
        weights, _ = gated_softmax(scores, sets, gate)
        return _History(sets, scores, gate, weights, table, places, weighted_sum(table, places, weights), components)

    def _with_items(self, hidden: Tensor, sets: Ragged) -> Tensor:
        """``hidden`` (E, h) with what attention sees of the vectors of the liked images, each image read once."""
        if not (self._sees("item") or self._sees("auxiliary")):
            return hidden
        images, place = torch.unique(sets.values, return_inverse=True)
        told = [self.item_v(self.v(images))] if self._sees("item") else []
        told += [self.item_p(self.p(images))] if self._sees("auxiliary") else []
        return hidden + torch.stack(told).sum(0).index_select(0, place)

    def _without(self, side: _History, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """How each user's context changes as if the ``chosen`` (n,) liked image of hers had not been liked.

        With presence P, the largest gate, ``context' = P' / (P - alpha_j) (context - alpha_j p_j)``.

        Returns:
            the factor ``P' / (P - alpha_j)`` (n,) and ``alpha_j`` (n,).
        """
        # In double precision, because alpha_j can come close to P.
        weights, presence = gated_softmax(side.scores.double(), side.sets, side.gate.double())
        rows, gate = side.sets.rows, side.gate.double()
        is_top = gate >= presence[rows]
        alone = is_top & (segment_sum(is_top.double(), side.sets)[rows] < 2)
        second = segment_max(gate.masked_fill(is_top, 0), side.sets, 0.0)[rows]
        others = torch.where(alone, second, presence[rows])[chosen]
        alpha = weights[chosen]
        left = (presence[rows[chosen]] - alpha).clamp_min(1e-12)
        return torch.where(others > 0, others / left, torch.zeros_like(left)), alpha

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used (Eq. 5); a user's history is read once for all her positives."""
        unique, row = torch.unique(batch.users, return_inverse=True)
        side, u = self._read_history(unique, OPEN), self.u(unique)
        v, other = self.v(batch.positives), self.v(batch.negatives)
        # Tables of few users are gathered, then reduced to numbers at once: (B, D) is the largest block there is.
        parts = torch.stack([u, side.context], 1).index_select(0, row) @ v.unsqueeze(-1)
        own, context = parts.squeeze(-1).unbind(-1)
        if self.config.exclude_target:
            keys = side.sets.rows * self.n_items + side.sets.values
            chosen = torch.searchsorted(keys, row * self.n_items + batch.positives)
            scale, alpha = self._without(side, chosen)
            share = (side.values(chosen).unsqueeze(1) @ v.unsqueeze(-1)).flatten()
            context = (scale * (context.double() - alpha * share)).float()
        against = (other @ (u + side.context).index_select(0, row).unsqueeze(-1)).squeeze(-1)
        difference = (own + context).unsqueeze(-1) - against
        penalty = (
            torch.bincount(row).to(u.dtype) @ u.square().sum(1) + squared(v) + squared(other) / batch.negatives.shape[1]
        )
        if self.config.form == "paper":
            penalty = penalty + squared(self.p(batch.positives))
        loss: Tensor = bpr_loss(difference) + self.config.regularisation * penalty / len(row)
        return loss

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,); the scored image itself never counts as evidence if the target is excluded."""
        side = self._read_history(users, gates, items if self.config.exclude_target else None)
        scores: Tensor = ((self.u(users) + side.context) * self.v(items)).sum(-1)
        return scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): the user's vector does not depend on the image, unless she liked it."""
        side = self._read_history(users, gates)
        u, table = self.u(users), self.v.weight
        scores = (u + side.context) @ table.T
        if self.config.exclude_target and len(side.sets.values):
            rows, items = side.sets.rows, side.sets.values
            scale, alpha = (
                part.unsqueeze(1) for part in self._without(side, torch.arange(len(rows), device=rows.device))
            )
            left = scale * (side.context[rows].double() - alpha * side.values())
            scores[rows, items] = ((u[rows] + left.float()) * self.v(items)).sum(-1)
        return torch.as_tensor(scores)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention alpha of the liked images with their exact shares (Eq. 7), and beta inside each of them."""
        side = self._read_history(users, gates, items if self.config.exclude_target else None)
        v, rows = self.v(items), side.sets.rows
        share = side.weights * (side.values() * v.index_select(0, rows)).sum(-1)
        own = (self.u(users) * v).sum(-1)
        levels = [Level("history", side.sets, side.weights, share)]
        if side.components is not None:
            levels.append(self._region_level(side, v))
        return Reading(scores=own + segment_sum(share, side.sets), own=own, levels=tuple(levels))

    def _region_level(self, side: _History, v: Tensor) -> Level:
        """Beta of every region; where content itself is added up, also the region's exact share of the score."""
        liked, beta, share = side.sets.values, side.components, None
        assert beta is not None
        if self.config.form == "code":
            affinity = torch.zeros_like(beta)
            for place, (item, row) in enumerate(zip(liked, side.sets.rows, strict=True)):
                affinity[place] = self.project(self.regions(item.view(1))[0]) @ v[row]
            share = self.regions.flat(liked, side.weights.unsqueeze(1) * beta * affinity)
        counts = self.regions.sets(liked).lengths
        parent = torch.repeat_interleave(torch.arange(len(liked), device=liked.device), counts)
        return Level("regions", self._region_sets(side.sets), self.regions.flat(liked, beta), share, parent)

    def _region_sets(self, sets: Ragged) -> Ragged:
        """The regions of all images of each of R histories."""
        regions = self.regions.sets(sets.values)
        return Ragged(regions.offsets[sets.offsets], regions.values)

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user, or the regions of all of them."""
        sets: Ragged = self.history(users)
        return sets if group == "history" else self._region_sets(sets)

    def region_map(self, users: Tensor, items: Tensor) -> Level | None:
        """beta: how each user would read each image if it were in her history."""
        if self.config.components == "none":
            return None
        one = torch.arange(len(users) + 1, device=users.device)
        weights, _ = self._content(users, Ragged(one, items), OPEN)
        return Level("regions", self.regions.sets(items), self.regions.flat(items, weights), None)
